/* Surrogates in the raw inside of a JSON string become their values again. */
#ifndef CUSTOS_REDACT_PUT_BACK_H
#define CUSTOS_REDACT_PUT_BACK_H

#include "redact/redact.h"

/* Appends raw with the surrogates of m replaced, escaped for a JSON string; twice when the string
 * is itself a piece of JSON text. Returns how many were replaced. keep (NULL: the text is complete)
 * receives, instead of out, what stands at the end of raw and could grow into a surrogate. */
size_t cu_put_back(const cu_issued_map *m, cu_bytes raw, bool twice, cu_buf *out, cu_buf *keep);

#endif
