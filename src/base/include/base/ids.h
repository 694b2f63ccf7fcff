/* Identifiers that sort by time. */
#ifndef CUSTOS_BASE_IDS_H
#define CUSTOS_BASE_IDS_H

#include <stdint.h>

#define CU_ID_LEN 27 /* with the NUL */
/* ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, Crockford base32. */
void cu_id_new(char out[CU_ID_LEN]);
void cu_id_at(uint64_t ns, char out[CU_ID_LEN]);

#endif
