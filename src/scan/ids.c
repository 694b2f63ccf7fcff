#include "ids.h"
#include <stdlib.h>
#include "base/digest.h"

#define BLOCK 4096u /* entries */
#define SMALL 1024u

void cu_ids_init(cu_ids *s, size_t entry)
{
    *s = (cu_ids){.entry = entry};
    cu_random(&s->seed, sizeof s->seed);
}

void cu_ids_free(cu_ids *s)
{
    for (size_t i = 0; i < s->blocks_n; i++)
        free(s->blocks[i]);
    free(s->blocks);
    free(s->slots);
    *s = (cu_ids){.entry = s->entry, .seed = s->seed};
}

void cu_ids_clear(cu_ids *s)
{
    if (s->cap > SMALL) {
        cu_ids_free(s);
        return;
    }
    if (s->cap)
        memset(s->slots, 0, s->cap * sizeof *s->slots);
    s->n = 0;
}

void *cu_ids_at(const cu_ids *s, uint32_t index)
{
    return s->blocks[index / BLOCK] + (index % BLOCK) * s->entry;
}

/* The slot that holds the id, or the free one where it belongs. */
static size_t slot_of(const cu_ids *s, const uint8_t *id)
{
    uint64_t h;
    memcpy(&h, id, sizeof h);
    h = (h ^ s->seed) * (s->seed | 1);
    h ^= h >> 32;
    for (size_t i = h & (s->cap - 1);; i = (i + 1) & (s->cap - 1))
        if (!s->slots[i] || memcmp(cu_ids_at(s, s->slots[i] - 1), id, CU_OBJECT_ID) == 0)
            return i;
}

uint32_t cu_ids_find(const cu_ids *s, const uint8_t *id)
{
    return s->cap ? s->slots[slot_of(s, id)] - 1 : CU_IDS_NONE; /* a free slot gives NONE */
}

static cu_err widen(cu_ids *s)
{
    size_t cap = s->cap ? 2 * s->cap : SMALL;
    uint32_t *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return CU_NOMEM;
    free(s->slots);
    s->slots = slots;
    s->cap = cap;
    for (uint32_t i = 0; i < s->n; i++)
        s->slots[slot_of(s, cu_ids_at(s, i))] = i + 1;
    return CU_OK;
}

cu_err cu_ids_add(cu_ids *s, const uint8_t *id, uint32_t *index, bool *added)
{
    if (s->n + 1 >= s->cap - s->cap / 4)
        CU_TRY(widen(s));
    size_t slot = slot_of(s, id);
    *added = !s->slots[slot];
    if (!*added) {
        *index = s->slots[slot] - 1;
        return CU_OK;
    }
    if (s->n == CU_IDS_NONE - 1)
        return CU_TOO_BIG;
    if (s->n / BLOCK == s->blocks_n) {
        uint8_t **blocks = realloc(s->blocks, (s->blocks_n + 1) * sizeof *blocks);
        if (!blocks)
            return CU_NOMEM;
        s->blocks = blocks;
        if (!(blocks[s->blocks_n] = malloc(BLOCK * s->entry)))
            return CU_NOMEM;
        s->blocks_n++;
    }
    uint8_t *e = cu_ids_at(s, s->n);
    memset(e, 0, s->entry);
    memcpy(e, id, CU_OBJECT_ID);
    *index = s->n++;
    s->slots[slot] = *index + 1;
    return CU_OK;
}
