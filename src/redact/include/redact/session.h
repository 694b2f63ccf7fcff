/* The session map: for APIs where the provider keeps the conversation (previous_response_id) and the
 * client sends only what is new. What was replaced before has to come back as well. Values are kept in
 * memory that the workers share, sealed under a key of their tenant, found by a keyed hash of the
 * provider's id; bounded: the oldest go first. Nothing is written to disk. */
#ifndef CUSTOS_REDACT_SESSION_H
#define CUSTOS_REDACT_SESSION_H

#include "redact/redact.h"

#define CU_SESSION_BYTES ((size_t)16 << 10) /* of one session, sealed; older values are left out beyond */
#define CU_SESSION_ID_MAX 256u

typedef struct cu_sessions cu_sessions;

/* Formats size bytes at region (zeroed by the caller, shared between processes) once. */
cu_sessions *cu_sessions_init(void *region, size_t size);
/* Keeps the values of an exchange under the id of its answer. */
cu_err cu_session_keep(cu_sessions *s, const cu_surrogate_key *k, cu_bytes id, const cu_issued_map *issued) CU_MUST;
/* Adds what was kept under an id to the values that may come back. CU_NOT_FOUND: nothing is kept. */
cu_err cu_session_recall(cu_sessions *s, const cu_surrogate_key *k, cu_bytes id, cu_issued_map *issued, cu_arena *a) CU_MUST;

#endif
