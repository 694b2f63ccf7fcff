/* The access tables as bytes: counts and lengths as uint32, little-endian. */
#include "policy/access.h"

static void put_u32(cu_buf *out, size_t n)
{
    uint32_t v = (uint32_t)n;
    cu_buf_put(out, &v, sizeof v);
}

static void put_word(cu_buf *out, cu_bytes b)
{
    put_u32(out, b.n);
    cu_buf_add(out, b);
}

static void put_words(cu_buf *out, const cu_words *w)
{
    put_u32(out, w->n);
    for (size_t i = 0; i < w->n; i++)
        put_word(out, w->v[i]);
}

static void put_repo(cu_buf *out, const cu_access_repo *r)
{
    put_word(out, r->name);
    put_word(out, r->tenant);
    cu_buf_byte(out, r->class);
    put_words(out, &r->directories);
    put_u32(out, r->paths_n);
    for (size_t i = 0; i < r->paths_n; i++) {
        put_word(out, r->paths[i].glob);
        cu_buf_byte(out, r->paths[i].class);
    }
}

static void put_rule(cu_buf *out, const cu_access_rule *r)
{
    put_word(out, r->id);
    put_words(out, &r->who);
    cu_buf_byte(out, r->classes);
    put_words(out, &r->vendors);
    put_words(out, &r->plans);
    put_words(out, &r->repositories);
    cu_buf_byte(out, r->act);
}

void cu_access_encode(const cu_access *x, cu_buf *out)
{
    put_u32(out, x->groups_n);
    for (size_t i = 0; i < x->groups_n; i++) {
        put_word(out, x->groups[i].name);
        put_words(out, &x->groups[i].members);
    }
    put_u32(out, x->repos_n);
    for (size_t i = 0; i < x->repos_n; i++)
        put_repo(out, &x->repos[i]);
    put_u32(out, x->rules_n);
    for (size_t i = 0; i < x->rules_n; i++)
        put_rule(out, &x->rules[i]);
}

/* Reads forward; once anything is short, everything after is empty and bad is set. */
typedef struct {
    cu_bytes rest;
    cu_arena *a;
    bool bad;
} reader;

static cu_bytes take(reader *r, size_t n)
{
    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return CU_NONE;
    }
    cu_bytes out = cu_slice(r->rest, 0, n);
    r->rest = cu_slice(r->rest, n, r->rest.n);
    return out;
}

static uint32_t take_u32(reader *r)
{
    uint32_t v = 0;
    cu_bytes b = take(r, sizeof v);
    if (b.n)
        memcpy(&v, b.p, sizeof v);
    return v;
}

/* A byte below `limit`. */
static uint8_t take_u8(reader *r, unsigned limit)
{
    cu_bytes b = take(r, 1);
    r->bad |= b.n && b.p[0] >= limit;
    return b.n && !r->bad ? b.p[0] : 0;
}

static cu_bytes take_word(reader *r)
{
    uint32_t n = take_u32(r);
    r->bad |= n > CU_ACCESS_MAX_PATTERN;
    return take(r, n);
}

static void *take_array(reader *r, size_t max, size_t item, size_t *n)
{
    uint32_t count = take_u32(r);
    r->bad |= count > max || count > r->rest.n;
    *n = r->bad ? 0 : count;
    void *v = cu_arena_alloc(r->a, (*n + 1) * item);
    r->bad |= !v;
    *n = r->bad ? 0 : *n;
    return v;
}

static void take_words(reader *r, cu_words *w)
{
    w->v = take_array(r, CU_ACCESS_MAX_LIST, sizeof *w->v, &w->n);
    for (size_t i = 0; i < w->n; i++)
        w->v[i] = take_word(r);
}

static void take_repo(reader *r, cu_access_repo *to)
{
    to->name = take_word(r);
    to->tenant = take_word(r);
    to->class = take_u8(r, CU_DATA_CLASSES);
    take_words(r, &to->directories);
    to->paths = take_array(r, CU_ACCESS_MAX_LIST, sizeof *to->paths, &to->paths_n);
    for (size_t i = 0; i < to->paths_n; i++) {
        to->paths[i].glob = take_word(r);
        to->paths[i].class = take_u8(r, CU_DATA_CLASSES);
    }
}

static void take_rule(reader *r, cu_access_rule *to)
{
    to->id = take_word(r);
    take_words(r, &to->who);
    for (size_t i = 0; i < to->who.n; i++)
        r->bad |= to->who.v[i].n == 0 || !memchr(to->who.v[i].p, ':', to->who.v[i].n);
    to->classes = take_u8(r, 1u << CU_DATA_CLASSES);
    take_words(r, &to->vendors);
    take_words(r, &to->plans);
    take_words(r, &to->repositories);
    to->act = take_u8(r, CU_ACCESS_ACTS);
}

cu_err cu_access_decode(cu_bytes section, cu_arena *a, cu_access *out)
{
    reader r = {section, a, false};
    *out = (cu_access){0};
    out->groups = take_array(&r, CU_ACCESS_MAX_GROUPS, sizeof *out->groups, &out->groups_n);
    for (size_t i = 0; i < out->groups_n && !r.bad; i++) {
        out->groups[i].name = take_word(&r);
        take_words(&r, &out->groups[i].members);
    }
    out->repos = take_array(&r, CU_ACCESS_MAX_REPOS, sizeof *out->repos, &out->repos_n);
    for (size_t i = 0; i < out->repos_n && !r.bad; i++)
        take_repo(&r, &out->repos[i]);
    out->rules = take_array(&r, CU_ACCESS_MAX_RULES, sizeof *out->rules, &out->rules_n);
    for (size_t i = 0; i < out->rules_n && !r.bad; i++)
        take_rule(&r, &out->rules[i]);
    return r.bad || r.rest.n ? CU_CORRUPT : CU_OK;
}
