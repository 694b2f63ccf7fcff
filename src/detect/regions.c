/* Where something was found that rules ask for, the matching library is run; nowhere else. */
#include <stdlib.h>
#include "engine.h"
#include "sweep.h"

#define JOIN 3u /* blocks between two regions that are not worth a second call */

cu_err cu_regions_begin(cu_scratch *s, size_t n)
{
    size_t words = n / CU_BLOCK / 64 + 1;
    for (int i = 0; i < CU_HOT_COUNT; i++) {
        if (words > s->hot_words) {
            uint64_t *hot = realloc(s->hot[i], words * sizeof *hot);
            if (!hot)
                return CU_NOMEM;
            s->hot[i] = hot;
        }
        memset(s->hot[i], 0, words * sizeof *s->hot[i]);
    }
    if (words > s->hot_words)
        s->hot_words = words;
    return CU_OK;
}

/* The next marked block at or after b; `blocks` when there is none. */
static size_t next_hot(const uint64_t *hot, size_t b, size_t blocks)
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
        size_t next = next_hot(hot, b, blocks);
        if (next >= blocks || next - b > JOIN)
            return b;
        b = next;
    }
}

cu_err cu_regions_scan(cu_scratch *s, int db, size_t n, cu_region_fn scan, void *arg)
{
    const uint64_t *hot = s->hot[db];
    size_t blocks = (n + CU_BLOCK - 1) / CU_BLOCK;
    for (size_t b = next_hot(hot, 0, blocks); b < blocks; b = next_hot(hot, b, blocks)) {
        size_t end = end_of_region(hot, b, blocks);
        CU_TRY(scan(arg, b * CU_BLOCK, end * CU_BLOCK < n ? end * CU_BLOCK : n));
        b = end;
    }
    return CU_OK;
}
