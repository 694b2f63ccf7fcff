/* The values that were replaced in one exchange, found by their surrogate. */
#ifndef CUSTOS_REDACT_ISSUED_H
#define CUSTOS_REDACT_ISSUED_H

#include "redact/redact.h"

/* The surrogate for value, made on first sight; NULL when out of memory or beyond CU_MAX_ISSUED
 * (*err says which). value, as it stands in its text, is copied into the arena when it is new; plain is
 * what it is without the escapes of that text. */
cu_issued *cu_issue(cu_issued_map *m, const cu_surrogate_key *k, cu_type t, cu_bytes value, cu_bytes plain,
                    cu_arena *a, cu_err *err);

#endif
