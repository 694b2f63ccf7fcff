/* Private to comply/: when and where the entries of one kind were, in two to four bytes each. What came lately lies
 * plain in a tail; behind it, blocks of sorted moments, each the difference to the one before. */
#ifndef CUSTOS_COMPLY_MOMENTS_H
#define CUSTOS_COMPLY_MOMENTS_H

#include <stdbool.h>
#include "base/error.h"

#define MOMENT_INDEX_BITS 48u
#define MOMENTS_MAX ((size_t)1 << 28)

struct moment {
    uint64_t ms, place;       /* place: number of the log, and below it the index in that log */
};
struct moment_block;
struct moments {              /* all zero: none */
    struct moment_block *blocks; /* sorted, and so is what is in them */
    size_t blocks_n, blocks_cap, packed;
    struct moment *tail;      /* may be earlier than what is packed */
    size_t tail_n, tail_cap;
    bool unsorted;            /* the tail */
};

/* Any order; of equal times the greater place is the later. CU_NOMEM, CU_TOO_BIG: nothing was added or lost. */
cu_err moments_add(struct moments *m, uint64_t ms, uint64_t place) CU_MUST;
void moments_free(struct moments *m);
int moment_order(const void *a, const void *b); /* for qsort() */

/* How many are not later than at; of them the first and the last, when there are any. */
size_t moments_until(struct moments *m, uint64_t at, struct moment *first, struct moment *last);

/* Calls for each two neighbours not later than at that are more than limit apart, in order; the last one's neighbour
 * is at. What ends before from may be left out. */
typedef void (*moments_gap)(void *arg, uint64_t from_ms, uint64_t to_ms);
void moments_gaps(struct moments *m, uint64_t at, uint64_t limit, uint64_t from, moments_gap gap, void *arg);

#endif
