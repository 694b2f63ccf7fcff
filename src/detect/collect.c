/* Findings come in from several passes; here they are kept, ordered and freed of overlaps. */
#include "engine.h"
#include <stdlib.h>

void cu_findings_free(cu_findings *f)
{
    free(f->v);
    *f = (cu_findings){NULL, 0, 0};
}

bool cu_starts_token(cu_bytes t, size_t i)
{
    if (i == 0 || !(cu_alnum(t.p[i - 1]) || t.p[i - 1] == '_'))
        return true;
    uint8_t c = t.p[i - 1];
    return i >= 2 && t.p[i - 2] == '\\' && (c == 'n' || c == 'r' || c == 't');
}

cu_err cu_found(const cu_engine *e, cu_findings *out, uint16_t rule, size_t start, size_t end)
{
    if (rule == CU_NO_RULE)
        return CU_OK;
    if (out->n == CU_DETECT_MAX_FINDINGS)
        return CU_TOO_BIG;
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 64;
        cu_finding *v = realloc(out->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        out->v = v;
        out->cap = cap;
    }
    const cu_compiled *c = &e->rules[rule];
    out->v[out->n++] = (cu_finding){(uint32_t)start, (uint32_t)end, rule, c->type, c->confidence,
                                    c->by_context ? CU_FINDING_BY_CONTEXT : 0};
    return CU_OK;
}

static int rank(const cu_finding *f)
{
    cu_class c = cu_type_class((cu_type)f->type);
    return c == CU_CLASS_SECRET ? 2 : c == CU_CLASS_PII;
}

/* Which of two that overlap stays: secrets before personal data before the rest (a web address must
 * not hide the mail address inside it), then the longer, then the surer. */
static bool stronger(const cu_finding *a, const cu_finding *b)
{
    if (rank(a) != rank(b))
        return rank(a) > rank(b);
    if (a->end - a->start != b->end - b->start)
        return a->end - a->start > b->end - b->start;
    return a->confidence > b->confidence;
}

static int by_start(const void *x, const void *y)
{
    const cu_finding *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

void cu_settle(cu_findings *out)
{
    size_t kept = 0;
    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, by_start);
    for (size_t i = 0; i < out->n; i++) {
        cu_finding f = out->v[i];
        bool stays = true;
        while (kept && out->v[kept - 1].end > f.start) {
            if (!stronger(&f, &out->v[kept - 1])) {
                stays = false;
                break;
            }
            kept--;
        }
        if (stays)
            out->v[kept++] = f;
    }
    out->n = kept;
}
