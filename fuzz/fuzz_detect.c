/* All rules of the catalogue on any bytes: findings in order, apart from each other, inside the text; and
 * the same ones when the text stands between separators, beside itself or beside another. */
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "detect/detect.h"

static cu_engine *engine;
static cu_scratch *scratch;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    cu_fault f = {0};
    (void)argc;
    (void)argv;
    if (cu_engine_open(CATALOG, NULL, CACHE, &engine, &f) != CU_OK || cu_scratch_new(engine, &scratch) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        abort();
    }
    return 0;
}

static void detect(cu_bytes text, cu_findings *out)
{
    cu_err e = cu_detect(engine, scratch, text, out);
    CU_ASSERT(e == CU_OK);
    for (size_t i = 0; i < out->n; i++) {
        const cu_finding *f = &out->v[i];
        CU_ASSERT(f->start < f->end && f->end <= text.n && f->rule < cu_engine_rules(engine)->n);
        CU_ASSERT(f->type < CU_TYPE_COUNT && f->confidence <= 100);
        CU_ASSERT(i == 0 || out->v[i - 1].end <= f->start);
        CU_ASSERT(!memchr(text.p + f->start, CU_DETECT_SEPARATOR, f->end - f->start));
    }
}

/* The findings of `part`, moved by `at`, are those of `whole` from *k on. */
static void same(const cu_findings *part, const cu_findings *whole, size_t at, size_t *k)
{
    for (size_t i = 0; i < part->n; i++, ++*k) {
        const cu_finding *a = &part->v[i], *b = &whole->v[*k];
        CU_ASSERT(*k < whole->n);
        CU_ASSERT(a->start + at == b->start && a->end + at == b->end && a->rule == b->rule);
        CU_ASSERT(a->type == b->type && a->confidence == b->confidence && a->flags == b->flags);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_findings alone, beside, again;
    const cu_bytes other = CU_LIT("password = \"\0+1 415 555 2671\0Dear Mr. \0key: ");
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    size_t k = 0;
    /* memory of exactly this size, so that a read beyond it is seen */
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        abort();
    if (n)
        memcpy(exact, data, n);
    detect(cu_bytes_of(exact, n), &alone);
    free(exact);
    detect(other, &beside);
    cu_buf_add(&text, other);
    cu_buf_byte(&text, CU_DETECT_SEPARATOR);
    size_t first = text.n;
    cu_buf_put(&text, data, n);
    cu_buf_byte(&text, CU_DETECT_SEPARATOR);
    size_t second = text.n;
    cu_buf_put(&text, data, n);
    cu_buf_byte(&text, CU_DETECT_SEPARATOR);
    detect(cu_buf_view(&text), &again);
    same(&beside, &again, 0, &k);
    same(&alone, &again, first, &k);
    same(&alone, &again, second, &k);
    CU_ASSERT(k == again.n);
    return 0;
}
