/* Where something was found that rules ask for, the matching library is run; nowhere else. */
#include <stdlib.h>
#include "engine.h"
#include "sweep.h"

#define JOIN 3u /* blocks between two regions that are not worth a second call */

static cu_err room_for(uint64_t **marks, size_t words, size_t have)
{
    if (words > have) {
        uint64_t *more = realloc(*marks, words * sizeof *more);
        if (!more)
            return CU_NOMEM;
        *marks = more;
    }
    memset(*marks, 0, words * sizeof **marks);
    return CU_OK;
}

cu_err cu_regions_begin(cu_scratch *s, size_t n)
{
    size_t words = n / CU_BLOCK / 64 + 1, have = s->escapes[s->depth].words;
    for (int i = 0; i < CU_HOT_COUNT; i++)
        CU_TRY(room_for(&s->hot[i], words, s->hot_words));
    CU_TRY(room_for(&s->escapes[s->depth].percent, words, have));
    CU_TRY(room_for(&s->escapes[s->depth].reference, words, have));
    s->escapes[s->depth].quoted = false;
    if (words > have)
        s->escapes[s->depth].words = words;
    if (words > s->hot_words)
        s->hot_words = words;
    return CU_OK;
}

size_t cu_next_marked(const uint64_t *hot, size_t b, size_t blocks)
{
    while (b < blocks) {
        uint64_t bits = hot[b / 64] >> (b % 64);
        if (bits)
            return b + (size_t)__builtin_ctzll(bits);
        b = (b / 64 + 1) * 64;
    }
    return blocks;
}

static size_t end_of_region(const uint64_t *hot, size_t b, size_t blocks)
{
    for (;;) {
        while (b < blocks && hot[b / 64] >> (b % 64) & 1)
            b++;
        size_t next = cu_next_marked(hot, b, blocks);
        if (next >= blocks || next - b > JOIN)
            return b;
        b = next;
    }
}

cu_err cu_regions_scan(cu_scratch *s, int db, size_t n, cu_region_fn scan, void *arg)
{
    const uint64_t *hot = s->hot[db];
    size_t blocks = (n + CU_BLOCK - 1) / CU_BLOCK;
    for (size_t b = cu_next_marked(hot, 0, blocks); b < blocks; b = cu_next_marked(hot, b, blocks)) {
        size_t end = end_of_region(hot, b, blocks);
        CU_TRY(scan(arg, b * CU_BLOCK, end * CU_BLOCK < n ? end * CU_BLOCK : n));
        b = end;
    }
    return CU_OK;
}
