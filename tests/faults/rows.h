/* The rows of the matrix. Each injects, checks, and says how many faults were injected and how many found
 * something wrong. A fault that was asked for and did not happen is something wrong. */
#ifndef CUSTOS_FAULTS_ROWS_H
#define CUSTOS_FAULTS_ROWS_H

#include "world.h"

typedef struct {
    const char *name;
    uint64_t injected, failed;
    const char *not_run; /* why */
} row;

typedef struct {
    bool whole;          /* all of it; else a slice for every build */
    unsigned scale;      /* seeds of the whole */
} how_much;

void row_wrong(row *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A fresh world with what `seed` writes in it; nothing is injected. What was acknowledged stays in *inject. */
void fresh(world *w, const char *name, uint32_t seed);

void row_calls(row *r, const how_much *h);      /* 1 */
void row_real_sync(row *r, const how_much *h);  /* 2 */
void row_powercut(row *r, const how_much *h);   /* 3 */
void row_powercut_after(row *r, const how_much *h);
void row_space(row *r, const how_much *h);      /* 4 */
void row_bits(row *r, const how_much *h);       /* 5 */
void row_tiles(row *r, const how_much *h);      /* 6 */
void row_rollback(row *r, const how_much *h);   /* 7 */
void row_two(row *r, const how_much *h);        /* 8 */
void row_clock(row *r, const how_much *h);      /* 9 */
void row_segments(row *r, const how_much *h);   /* 10 */
void row_slow(row *r, const how_much *h);       /* 14 */

#endif
