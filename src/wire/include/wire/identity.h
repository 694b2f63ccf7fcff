/* Members of a request by which a provider tells users, sessions and caches apart. */
#ifndef CUSTOS_WIRE_IDENTITY_H
#define CUSTOS_WIRE_IDENTITY_H

#include "wire/json.h"

/* The next string at or after *from that is one; *from is moved behind it. NULL when there is none.
 * All rows are for all APIs: a compatible server may read any of them. */
const cu_json_string *cu_identity_next(cu_bytes body, const cu_json_strings *s, size_t *from);

#endif
