/* Identifiers: those that sort by time, and those that other formats ask for. */
#ifndef CUSTOS_BASE_IDS_H
#define CUSTOS_BASE_IDS_H

#include <stdint.h>

#define CU_ID_LEN 27 /* with the NUL */
/* ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, Crockford base32. */
void cu_id_new(char out[CU_ID_LEN]);
void cu_id_at(uint64_t ns, char out[CU_ID_LEN]);

#define CU_UUID_LEN 37 /* with the NUL */
void cu_uuid_new(char out[CU_UUID_LEN]); /* RFC 9562, version 4; it does not sort by time */

#endif
