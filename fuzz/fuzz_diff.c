/* The parser of unified diffs on any bytes, in one piece and cut in two: the same pieces come out, and
 * every run leads back to the bytes of the input. */
#include <stdlib.h>
#include "base/buf.h"
#include "diff.h"

typedef struct {
    cu_bytes input;
    cu_buf out;
} taken;

static cu_err take(void *arg, const cu_diff_piece *p)
{
    taken *t = arg;
    CU_ASSERT(p->path[0] && p->runs_n);
    for (size_t i = 0; i < p->runs_n; i++) {
        const cu_diff_run *r = &p->runs[i];
        size_t end = i + 1 < p->runs_n ? p->runs[i + 1].text : p->text.n;
        CU_ASSERT(r->text <= end && r->raw <= t->input.n);
        cu_buf_fmt(&t->out, "%llu %llu %d ", (unsigned long long)r->line, (unsigned long long)r->raw,
                   r->added);
        if (end > r->text) /* the first byte of a run, or the wall behind an empty last line */
            CU_ASSERT(r->raw == t->input.n || t->input.p[r->raw] == p->text.p[r->text] ||
                      p->text.p[r->text] == 0);
    }
    cu_buf_str(&t->out, p->path);
    cu_buf_add(&t->out, p->text);
    return cu_buf_err(&t->out);
}

static cu_err run(cu_bytes input, size_t cut, taken *t)
{
    cu_diff *d;
    cu_fault f = {0};
    t->input = input;
    t->out = CU_BUF((size_t)64 << 20);
    if (cu_diff_new(take, t, &d) != CU_OK)
        abort();
    cu_err e = cu_diff_feed(d, cu_slice(input, 0, cut), &f);
    if (e == CU_OK)
        e = cu_diff_feed(d, cu_slice(input, cut, input.n), &f);
    if (e == CU_OK)
        e = cu_diff_end(d, &f);
    CU_ASSERT(e == CU_OK || f.text[0]);
    cu_diff_free(d);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    taken a = {0}, b = {0};
    cu_bytes input = cu_bytes_of(data, n);
    cu_err x = run(input, n, &a), y = run(input, n ? data[0] % n : 0, &b);
    CU_ASSERT(x == y && cu_eq(cu_buf_view(&a.out), cu_buf_view(&b.out)));
    cu_buf_free(&a.out);
    cu_buf_free(&b.out);
    return 0;
}
