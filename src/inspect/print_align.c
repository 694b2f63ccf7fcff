/* Lines of a file held against the lines of an answer, in order: a line that is only alike counts where lines that
 * are the same stand beside it. */
#include <stdlib.h>
#include "inspect/print.h"

#define STRONG 5u   /* words of a line that stands for itself */
#define RUN 3u      /* or so many lines that follow each other */
#define ALIKE_RUN 5u   /* lines that follow each other without a gap in both, and are the same or alike: names were changed */
#define ALIKE_WORDS 25u /* and so many words in them */
#define ENOUGH 24u  /* words in lines that are the same, before an answer counts at all */
#define FEW 8u      /* or so many, */
#define MANY 32u    /* and so many of lines that are alike in long runs */
#define NEAR 4u     /* lines of the file to the next one that counts */
#define NEAR_OUT 8u /* and of the answer */
#define ROUNDS 4u   /* moved blocks */
#define CEILING 12u /* words of a line that count */

enum { LEFT = 1, UP, BOTH };
enum { NO, COUNTS, IN_RUN };

typedef struct {
    const cu_print *file, *wrote;
    size_t n, m;
    uint8_t *way;       /* n by m */
    uint32_t *row;      /* two of m + 1 */
    uint32_t *with;     /* of each line of the file: 1 + line of the answer, 0: none */
    uint8_t *how, *counts;
} aligning;

static uint32_t capped(uint32_t w)
{
    return w < CEILING ? w : CEILING;
}

static uint32_t score(const cu_print *f, const cu_print *w)
{
    if (!f->weight)
        return 0;
    return f->exact == w->exact ? 2 * capped(f->weight) + 1 : f->shape == w->shape && f->weight > 2 ? 1 + (f->weight > 3) : 0;
}

static void fill(aligning *a, const uint8_t *of)
{
    uint32_t *before = a->row, *now = a->row + a->m + 1;
    memset(before, 0, (a->m + 1) * sizeof *before);
    now[0] = 0;
    for (size_t i = 0; i < a->n; i++) {
        for (size_t j = 0; j < a->m; j++) {
            uint32_t s = of[i] ? 0 : score(&a->file[i], &a->wrote[j]), both = s ? before[j] + s : 0;
            uint32_t best = before[j + 1] >= now[j] ? before[j + 1] : now[j];
            a->way[i * a->m + j] = both > best ? BOTH : before[j + 1] >= now[j] ? UP : LEFT;
            now[j + 1] = both > best ? both : best;
        }
        uint32_t *t = before;
        before = now;
        now = t;
        now[0] = 0;
    }
}

static void walk_back(aligning *a)
{
    size_t i = a->n, j = a->m;
    memset(a->with, 0, a->n * sizeof *a->with);
    memset(a->how, 0, a->n);
    while (i && j) {
        uint8_t way = a->way[(i - 1) * a->m + j - 1];
        if (way == BOTH) {
            a->with[i - 1] = (uint32_t)j;
            a->how[i - 1] = a->file[i - 1].exact == a->wrote[j - 1].exact ? CU_PRINT_SAME : CU_PRINT_ALIKE;
            i--;
            j--;
        } else if (way == UP) {
            i--;
        } else {
            j--;
        }
    }
}

/* Lines that count by themselves. */
static void anchors(aligning *a)
{
    size_t run = 0;
    memset(a->counts, 0, a->n);
    for (size_t i = 0; i < a->n; i++) {
        bool same = a->how[i] == CU_PRINT_SAME, follows = same && run && a->with[i] <= a->with[i - 1] + 2;
        run = !same ? 0 : follows ? run + 1 : 1;
        a->counts[i] |= same && a->file[i].weight >= STRONG;
        for (size_t k = 0; run >= RUN && k < RUN; k++)
            a->counts[i - k] = 1;
    }
}

/* Lines of which names were changed, where so many of different shapes follow each other in both that it is no
 * chance: rows of a table are alike everywhere. */
static void long_runs(aligning *a)
{
    size_t from = 0, last = a->n, lines = 0;
    uint32_t words = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (!a->file[i].weight)
            continue;
        bool follows = a->how[i] && last < a->n && a->with[i] == a->with[last] + 1;
        if (!follows) {
            from = i;
            lines = words = 0;
        }
        bool other = a->how[i] && !(follows && a->file[last].shape == a->file[i].shape);
        last = a->how[i] ? i : a->n;
        lines += other;
        words += other ? capped(a->file[i].weight) : 0;
        for (; lines >= ALIKE_RUN && words >= ALIKE_WORDS && from <= i; from++)
            a->counts[from] = a->how[from] ? IN_RUN : 0;
    }
}

/* Lines beside one that counts, on either side, as far as it reaches. */
static void spread(aligning *a)
{
    for (unsigned side = 0; side < 2; side++) {
        size_t last = a->n, gap = 0;
        for (size_t k = 0; k < a->n; k++) {
            size_t i = side ? a->n - 1 - k : k;
            gap += a->file[i].weight != 0;
            if (a->how[i] && !a->counts[i] && last < a->n && gap <= NEAR) {
                uint32_t x = a->with[i], y = a->with[last];
                a->counts[i] = (x > y ? x - y : y - x) <= NEAR_OUT;
            }
            if (a->counts[i]) {
                last = i;
                gap = 0;
            }
        }
    }
}

/* Whether what was found is enough to name the answer; a small change is when all of it is the same. */
static bool enough(const aligning *a, const uint8_t *of)
{
    uint32_t words = 0, all = 0, alike = 0, shape = UINT32_MAX;
    for (size_t i = 0; i < a->n; i++) {
        alike += a->counts[i] == IN_RUN && a->how[i] == CU_PRINT_ALIKE && a->file[i].shape != shape ? capped(a->file[i].weight) : 0;
        shape = a->file[i].shape;
        words += a->counts[i] && a->how[i] == CU_PRINT_SAME ? capped(a->file[i].weight) : 0;
        all += of[i] ? 0 : capped(a->file[i].weight);
    }
    return words >= ENOUGH || (words >= ENOUGH / 2 && words == all) || (words >= FEW && alike >= MANY);
}

static cu_err room(aligning *a)
{
    a->way = malloc(a->n * a->m);
    a->row = malloc(2 * (a->m + 1) * sizeof *a->row);
    a->with = malloc(a->n * sizeof *a->with);
    a->how = malloc(a->n);
    a->counts = malloc(a->n);
    return a->way && a->row && a->with && a->how && a->counts ? CU_OK : CU_NOMEM;
}

static size_t take(aligning *a, uint8_t *of)
{
    size_t taken = 0;
    for (unsigned r = 0; r < ROUNDS; r++) {
        fill(a, of);
        walk_back(a);
        anchors(a);
        long_runs(a);
        spread(a);
        if (!enough(a, of))
            break;
        for (size_t i = 0; i < a->n; i++)
            if (a->counts[i]) {
                of[i] = a->how[i];
                taken++;
            }
    }
    return taken;
}

cu_err cu_prints_align(const cu_print *file, size_t n, const cu_print *wrote, size_t m, uint8_t *of, size_t *n_out)
{
    cu_err e = CU_OK;
    *n_out = 0;
    for (size_t from = 0; e == CU_OK && m && from < n; from += CU_PRINTS_ALIGN) {
        size_t k = n - from < CU_PRINTS_ALIGN ? n - from : CU_PRINTS_ALIGN;
        aligning a = {.file = file + from, .wrote = wrote, .n = k, .m = m};
        e = room(&a);
        if (e == CU_OK)
            *n_out += take(&a, of + from);
        free(a.way);
        free(a.row);
        free(a.with);
        free(a.how);
        free(a.counts);
    }
    return e;
}
