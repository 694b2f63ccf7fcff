/* A compact set of object ids, each with a few bytes of one's own: 20 + extra bytes an entry, and 4
 * to 8 of index. */
#ifndef CUSTOS_SCAN_IDS_H
#define CUSTOS_SCAN_IDS_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_OBJECT_ID 20u
#define CU_IDS_NONE UINT32_MAX

typedef struct {
    size_t entry;       /* bytes of an entry; the id stands first */
    uint8_t **blocks;
    size_t blocks_n;
    uint32_t *slots;    /* index + 1; 0: free */
    size_t cap;         /* of slots, a power of two */
    uint32_t n;
    uint64_t seed;      /* ids can be chosen by somebody hostile */
} cu_ids;

void cu_ids_init(cu_ids *s, size_t entry);
void cu_ids_free(cu_ids *s);
void cu_ids_clear(cu_ids *s);
uint32_t cu_ids_find(const cu_ids *s, const uint8_t *id);
/* *added: it was not there; the rest of its entry is zero then. */
cu_err cu_ids_add(cu_ids *s, const uint8_t *id, uint32_t *index, bool *added) CU_MUST;
void *cu_ids_at(const cu_ids *s, uint32_t index);

#endif
