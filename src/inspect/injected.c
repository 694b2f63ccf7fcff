#include "inspect/injected.h"
#include <fcntl.h>
#include <hs.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"

#define RULES_ARENA ((size_t)16 << 20)
#define IMAGE_MAGIC "CUINJE01"
#define IMAGE_HEAD (8u + 2u * CU_SHA256_LEN)
#define IMAGE_MAX ((size_t)64 << 20)

struct cu_injected {
    cu_arena arena;
    cu_injected_rules rules;
    cu_sha256 digest; /* of what the library is told */
    hs_database_t *db;
    bool from_image;
};

struct cu_injected_scratch {
    hs_scratch_t *hs;
};

/* --- compiling --- */

/* The others are read byte by byte: there . and a class such as [^>] are one state, not one for each length of a character. */
static bool in_characters(const char *pattern)
{
    for (const char *p = pattern; *p; p++)
        if ((unsigned char)*p >= 0x80 || (p[0] == '\\' && p[1] == 'x' && p[2] == '{'))
            return true;
    return false;
}

/* What the library is told: a database fits when it was made of the same. */
typedef struct {
    const char **text;
    unsigned *flags, *ids;
    cu_sha256 digest;
} expressions;

static cu_err gather(cu_injected *j, expressions *x)
{
    size_t n = j->rules.n;
    cu_sha256_state h;
    x->text = cu_arena_alloc(&j->arena, n * sizeof *x->text);
    x->flags = cu_arena_alloc(&j->arena, n * sizeof *x->flags);
    x->ids = cu_arena_alloc(&j->arena, n * sizeof *x->ids);
    if (!x->text || !x->flags || !x->ids)
        return CU_NOMEM;
    cu_sha256_begin(&h);
    for (size_t i = 0; i < n; i++) {
        const char *p = x->text[i] = j->rules.v[i].pattern;
        x->flags[i] = HS_FLAG_SINGLEMATCH | (in_characters(p) ? HS_FLAG_UTF8 : 0) | (j->rules.v[i].exact ? 0 : HS_FLAG_CASELESS);
        x->ids[i] = (unsigned)i;
        cu_sha256_add(&h, cu_bytes_of(&x->flags[i], sizeof x->flags[i]));
        cu_sha256_add(&h, cu_bytes_of(p, strlen(p) + 1));
    }
    cu_sha256_end(&h, &x->digest);
    return CU_OK;
}

static cu_err compile(cu_injected *j, const expressions *x, cu_fault *f)
{
    hs_compile_error_t *bad = NULL;
    if (hs_compile_multi(x->text, x->flags, x->ids, (unsigned)j->rules.n, HS_MODE_BLOCK, NULL, &j->db, &bad) == HS_SUCCESS)
        return CU_OK;
    const cu_injected_rule *r = &j->rules.v[bad && bad->expression >= 0 ? bad->expression : 0];
    cu_err e = cu_fail(f, CU_CONFIG, "%s:%u: %s: %s", r->file, r->line, r->id, bad ? bad->message : "cannot be compiled");
    hs_free_compile_error(bad);
    return e;
}

/* --- the image: magic, SHA-256 of what follows, digest of the expressions, and what the library writes --- */

/* False: there is none, or it is of other rules, another version of the library or another processor. */
static bool from_image(cu_injected *j, const char *path, const cu_sha256 *digest)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(IMAGE_MAX);
    cu_sha256 sum;
    if (!path || !*path || cu_file_read(AT_FDCWD, path, &b) != CU_OK || b.n <= IMAGE_HEAD || memcmp(b.p, IMAGE_MAGIC, 8) != 0)
        return false;
    cu_bytes body = cu_slice(cu_buf_view(&b), 8 + CU_SHA256_LEN, b.n), db = cu_slice(cu_buf_view(&b), IMAGE_HEAD, b.n);
    cu_sha256_of(body, &sum);
    return memcmp(b.p + 8, sum.b, sizeof sum.b) == 0 && memcmp(body.p, digest->b, sizeof digest->b) == 0 &&
           hs_deserialize_database((const char *)db.p, db.n, &j->db) == HS_SUCCESS;
}

cu_err cu_injected_write_image(const cu_injected *j, const char *path)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(IMAGE_MAX), b CU_CLEAN_BUF = CU_BUF(IMAGE_MAX);
    cu_sha256 sum;
    char *db = NULL;
    size_t n = 0;
    if (hs_serialize_database(j->db, &db, &n) != HS_SUCCESS)
        return CU_NOMEM;
    cu_buf_put(&body, j->digest.b, sizeof j->digest.b);
    cu_buf_put(&body, db, n);
    free(db);
    cu_sha256_of(cu_buf_view(&body), &sum);
    cu_buf_str(&b, IMAGE_MAGIC);
    cu_buf_put(&b, sum.b, sizeof sum.b);
    cu_buf_add(&b, cu_buf_view(&body));
    CU_TRY(cu_buf_err(&body));
    CU_TRY(cu_buf_err(&b));
    return cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644);
}

static cu_err load(const char *catalog_dir, const char *image, cu_injected *j, cu_fault *f)
{
    char dir[PATH_MAX];
    expressions x;
    if ((size_t)snprintf(dir, sizeof dir, "%s/rules/injected", catalog_dir) >= sizeof dir)
        return cu_fail(f, CU_TOO_BIG, "%s: the path is too long", catalog_dir);
    CU_TRY(cu_injected_rules_load(dir, &j->arena, &j->rules, f));
    CU_TRY(gather(j, &x));
    j->digest = x.digest;
    j->from_image = from_image(j, image, &x.digest);
    return j->from_image ? CU_OK : compile(j, &x, f);
}

cu_err cu_injected_open(const char *catalog_dir, const char *image, cu_injected **out, cu_fault *f)
{
    cu_injected *j = calloc(1, sizeof *j);
    *out = NULL;
    if (!j)
        return CU_NOMEM;
    cu_arena_init(&j->arena, RULES_ARENA);
    cu_err e = load(catalog_dir, image, j, f);
    if (e == CU_OK)
        *out = j;
    else
        cu_injected_free(j);
    return e;
}

bool cu_injected_from_image(const cu_injected *j)
{
    return j->from_image;
}

void cu_injected_free(cu_injected *j)
{
    if (!j)
        return;
    hs_free_database(j->db);
    cu_arena_free(&j->arena);
    free(j);
}

const cu_injected_rules *cu_injected_rules_of(const cu_injected *j)
{
    return &j->rules;
}

cu_err cu_injected_scratch_new(const cu_injected *j, cu_injected_scratch **out)
{
    *out = calloc(1, sizeof **out);
    if (*out && hs_alloc_scratch(j->db, &(*out)->hs) == HS_SUCCESS)
        return CU_OK;
    cu_injected_scratch_free(*out);
    *out = NULL;
    return CU_NOMEM;
}

void cu_injected_scratch_free(cu_injected_scratch *s)
{
    if (!s)
        return;
    hs_free_scratch(s->hs);
    free(s);
}

/* --- finding --- */

typedef struct {
    uint32_t *hits;
    size_t n;
} found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    found *o = arg;
    o->hits[id]++;
    o->n++;
    return 0;
}

cu_err cu_injected_find(const cu_injected *j, cu_injected_scratch *s, cu_bytes text, uint32_t *hits, size_t *n)
{
    found o = {.hits = hits};
    *n = 0;
    if (text.n > UINT_MAX)
        return CU_TOO_BIG;
    if (text.n && hs_scan(j->db, (const char *)text.p, (unsigned)text.n, 0, s->hs, on_match, &o) != HS_SUCCESS)
        return CU_INTERNAL;
    *n = o.n;
    return CU_OK;
}

/* --- proving --- */

typedef struct {
    const cu_injected *j;
    cu_injected_scratch *s;
    uint32_t *hits;
    cu_injected_tell tell;
    void *arg;
    size_t wrong;
} proof;

static cu_err prove_one(proof *p, size_t rule, cu_bytes text, bool must)
{
    size_t n;
    memset(p->hits, 0, p->j->rules.n * sizeof *p->hits);
    CU_TRY(cu_injected_find(p->j, p->s, text, p->hits, &n));
    /* an example is found by its rule; a counter-example by none */
    if (must ? p->hits[rule] != 0 : n == 0)
        return CU_OK;
    p->wrong++;
    p->tell(p->arg, &p->j->rules.v[rule], text, must ? "does not find its example" : "or another one finds something in its counter-example");
    return CU_OK;
}

cu_err cu_injected_prove(const cu_injected *j, cu_injected_tell tell, void *arg, size_t *wrong)
{
    proof p = {.j = j, .tell = tell, .arg = arg, .hits = calloc(j->rules.n, sizeof *p.hits)};
    cu_err e = p.hits ? cu_injected_scratch_new(j, &p.s) : CU_NOMEM;
    for (size_t i = 0; i < j->rules.n && e == CU_OK; i++) {
        const cu_injected_rule *r = &j->rules.v[i];
        for (size_t k = 0; k < r->examples.n && e == CU_OK; k++)
            e = prove_one(&p, i, r->examples.v[k], true);
        for (size_t k = 0; k < r->counter_examples.n && e == CU_OK; k++)
            e = prove_one(&p, i, r->counter_examples.v[k], false);
    }
    cu_injected_scratch_free(p.s);
    free(p.hits);
    *wrong = p.wrong;
    return e;
}
