/* Findings come in from several passes; here they are kept, ordered and freed of overlaps. */
#include "engine.h"
#include "judge.h"
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
    const cu_rule *r = e->rules[rule].rule;
    out->v[out->n++] = (cu_finding){(uint32_t)start, (uint32_t)end, rule, (uint8_t)r->type,
                                    (uint8_t)r->confidence, r->by_context ? CU_FINDING_BY_CONTEXT : 0};
    return CU_OK;
}

static int rank(const cu_finding *f)
{
    cu_class c = cu_type_class((cu_type)f->type);
    return c == CU_CLASS_SECRET ? 2 : c == CU_CLASS_PII;
}

/* A value that was typed, where nothing but words around it speak for it: a name to which it is assigned
 * says as much. */
static bool made_up_beside(const cu_finding *f)
{
    return f->flags & CU_FINDING_SEQUENCE && f->flags & CU_FINDING_BY_CONTEXT;
}

/* Which of two that overlap stays: secrets before personal data before the rest (a web address must
 * not hide the mail address inside it), then the longer, then the surer. */
static bool stronger(const cu_finding *a, const cu_finding *b)
{
    bool pa = a->flags & CU_FINDING_PLACEHOLDER, pb = b->flags & CU_FINDING_PLACEHOLDER;
    if (pa != pb)
        return pb;
    if (rank(a) != rank(b))
        return rank(a) > rank(b);
    bool na = a->flags & CU_FINDING_NAMED, nb = b->flags & CU_FINDING_NAMED;
    if (na != nb && !made_up_beside(na ? b : a)) /* a rule that knows the form before one that only knows the name */
        return nb;
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

cu_err cu_found_secret(const cu_engine *e, cu_findings *out, uint16_t rule, cu_bytes text, size_t start,
                       size_t end)
{
    const cu_compiled *c = &e->rules[rule];
    bool secret = cu_type_class(c->rule->type) == CU_CLASS_SECRET;
    CU_TRY(cu_found(e, out, rule, start, end));
    cu_finding *f = &out->v[out->n - 1];
    f->flags |= c->validate ? CU_FINDING_CHECKED : 0;
    if (!secret || end - start > 400)
        return CU_OK;
    if (cu_is_sequence(cu_slice(text, start, end))) {
        f->flags |= CU_FINDING_SEQUENCE;
        f->confidence = c->rule->by_context ? f->confidence * 3 / 4 : f->confidence / 2 + 5;
    }
    cu_bytes v = cu_slice(text, start, end);
    if (c->rule->by_context ? !cu_is_placeholder(v) && !cu_is_nothing(v) : !cu_is_documented(v))
        return CU_OK;
    if (c->rule->by_context) {
        out->n--; /* a placeholder has no form that could still say something */
        return CU_OK;
    }
    f->flags |= CU_FINDING_PLACEHOLDER;
    f->confidence = f->confidence / 4 > CU_DETECT_FLOOR ? f->confidence / 4 : CU_DETECT_FLOOR;
    return CU_OK;
}

#define CLUSTER 64u /* findings that overlap one another; more are cut from left to right */

typedef struct {
    cu_findings *out;
    size_t first;  /* of out->v: where this cluster's pieces begin; sorted by start */
} settling;

static cu_err add_piece(settling *s, const cu_finding *f, uint32_t start, uint32_t end)
{
    cu_findings *o = s->out;
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 64;
        cu_finding *v = realloc(o->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        o->v = v;
        o->cap = cap;
    }
    size_t at = o->n++;
    for (; at > s->first && o->v[at - 1].start > start; at--)
        o->v[at] = o->v[at - 1];
    o->v[at] = *f;
    o->v[at].start = start;
    o->v[at].end = end;
    if (start != f->start || end != f->end)
        o->v[at].flags |= CU_FINDING_REMAINDER;
    return CU_OK;
}

/* What stronger ones leave of f. */
static cu_err place(settling *s, const cu_finding *f)
{
    uint32_t from = f->start;
    for (size_t i = s->first; i < s->out->n && from < f->end; i++) {
        const cu_finding taken = s->out->v[i];
        if (taken.end <= from)
            continue;
        if (taken.start >= f->end)
            break;
        if (taken.start > from) {
            CU_TRY(add_piece(s, f, from, taken.start));
            i++;
        }
        from = taken.end;
    }
    return from < f->end ? add_piece(s, f, from, f->end) : CU_OK;
}

static int by_strength(const void *x, const void *y)
{
    const cu_finding *a = x, *b = y;
    if (stronger(a, b))
        return -1;
    return stronger(b, a) ? 1 : by_start(x, y);
}

static cu_err settle_cluster(cu_finding *in, size_t n, cu_findings *out)
{
    settling s = {out, out->n};
    if (n <= CLUSTER) {
        qsort(in, n, sizeof *in, by_strength);
        for (size_t i = 0; i < n; i++)
            CU_TRY(place(&s, &in[i]));
        return CU_OK;
    }
    uint32_t done = in[0].start;
    for (size_t i = 0; i < n; i++) {
        if (in[i].end <= done)
            continue;
        s.first = out->n; /* pieces come in order: nothing to move */
        CU_TRY(add_piece(&s, &in[i], in[i].start > done ? in[i].start : done, in[i].end));
        done = in[i].end;
    }
    return CU_OK;
}

static bool overlaps(const cu_findings *f)
{
    for (size_t i = 1; i < f->n; i++)
        if (f->v[i].start < f->v[i - 1].end)
            return true;
    return false;
}

cu_err cu_settle(cu_findings *out)
{
    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, by_start);
    if (!overlaps(out))
        return CU_OK;
    cu_findings settled = {0};
    cu_err e = CU_OK;
    for (size_t i = 0, next; i < out->n && e == CU_OK; i = next) {
        uint32_t end = out->v[i].end;
        for (next = i + 1; next < out->n && out->v[next].start < end; next++)
            if (out->v[next].end > end)
                end = out->v[next].end;
        e = settle_cluster(out->v + i, next - i, &settled);
    }
    free(out->v);
    *out = settled;
    return e;
}

void cu_finding_reasons(const cu_finding *f, cu_buf *out)
{
    static const struct { uint32_t flag; const char *text; } reasons[] = {
        {CU_FINDING_CHECKED, "its checksum or inner structure holds"},
        {CU_FINDING_NAMED, "the name before it says what it is"},
        {CU_FINDING_BY_CONTEXT, "words near it fit"},
        {CU_FINDING_QUOTED, "a quoted text"},
        {CU_FINDING_RANDOM, "its characters look random"},
        {CU_FINDING_DECODED, "it stands there encoded, in base64, hexadecimal or with escapes"},
        {CU_FINDING_CREDIT, "it stands in a line that says who wrote this"},
        {CU_FINDING_TEST, "it stands in the source of a test"},
        {CU_FINDING_ROLE, "nobody's own mailbox: of an office, a list or a machine"},
        {CU_FINDING_SEQUENCE, "it holds consecutive characters, as made-up values do"},
        {CU_FINDING_PLACEHOLDER, "it looks like a placeholder or a documented example"},
    };
    size_t before = out->n;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (!(f->flags & reasons[i].flag) || (reasons[i].flag == CU_FINDING_BY_CONTEXT &&
                                              f->flags & CU_FINDING_NAMED))
            continue;
        cu_buf_str(out, out->n > before ? ", " : "");
        cu_buf_str(out, reasons[i].text);
    }
    if (out->n == before)
        cu_buf_str(out, "it has the published form");
}
