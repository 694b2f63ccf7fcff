/* Surrogates in the raw inside of a JSON string become their values again. */
#ifndef CUSTOS_REDACT_PUT_BACK_H
#define CUSTOS_REDACT_PUT_BACK_H

#include "place.h"
#include "redact/redact.h"

/* Appends raw with the surrogates of m replaced, each escaped for the place where it stands; at is moved
 * along. Returns how many were replaced. keep (NULL: the text is complete) receives, instead of out,
 * what stands at the end of raw and could grow into a surrogate. */
size_t cu_put_back(const cu_issued_map *m, cu_bytes raw, cu_place *at, cu_buf *out, cu_buf *keep);

#endif
