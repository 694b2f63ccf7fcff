/* The image of compiled rules (docs/formats/rules-image.md): the rules without their examples, the
 * library's serialised database, and the known answers. Read only where the program's own files or
 * files of the same user lie; still every bound is checked, and a digest finds damage. */
#include <stdlib.h>
#include "engine.h"

/* Goes up when what is stored changes, or how it is found out: groups.c, needles.c, token.h. */
#define MAGIC "CURULE08"
#define HEAD (8u + sizeof(cu_sha256))
#define MAX_RULES 4000u

static void put_u32(cu_buf *b, uint32_t v)
{
    cu_buf_put(b, &v, sizeof v);
}

static void put_text(cu_buf *b, const char *s)
{
    put_u32(b, s ? (uint32_t)strlen(s) : UINT32_MAX);
    if (s)
        cu_buf_str(b, s);
}

static void put_list(cu_buf *b, const char **v, size_t n)
{
    put_u32(b, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        put_text(b, v[i]);
}

static void put_rule(cu_buf *b, const cu_compiled *c)
{
    const cu_rule *r = c->rule;
    const char *const texts[] = {r->id, r->title, r->pattern, r->finder, r->value, r->validator, r->source, r->file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(b, texts[i]);
    put_list(b, r->anchors, r->anchors_n);
    put_list(b, r->words, r->words_n);
    const uint32_t numbers[] = {r->type, r->reach, r->by_context, r->severity, r->action, r->confidence, r->line, c->width, c->group};
    cu_buf_put(b, numbers, sizeof numbers);
}

static cu_err put_database(cu_buf *b, const hs_database_t *db)
{
    char *bytes = NULL;
    size_t n = 0;
    if (db && hs_serialize_database(db, &bytes, &n) != HS_SUCCESS)
        return CU_NOMEM;
    put_u32(b, (uint32_t)n);
    if (n)
        cu_buf_put(b, bytes, n);
    free(bytes);
    return CU_OK;
}

static void put_literals(cu_buf *b, const cu_engine *e)
{
    put_u32(b, (uint32_t)e->targets_n);
    for (size_t i = 0; i < e->targets_n; i++) {
        const cu_target *t = &e->targets[i];
        const uint32_t numbers[] = {t->anchor, t->before, t->after, t->rule};
        cu_buf_put(b, numbers, sizeof numbers);
    }
    for (int set = 0; set < CU_LITERALS_COUNT; set++) {
        put_u32(b, (uint32_t)e->literals[set].n);
        for (size_t i = 0; i < e->literals[set].n; i++) {
            const cu_literal *x = &e->literals[set].v[i];
            const uint8_t numbers[] = {x->length, x->word_end, x->group, x->window};
            put_u32(b, x->meaning);
            cu_buf_put(b, numbers, sizeof numbers);
            cu_buf_put(b, x->text, x->length);
        }
    }
}

cu_err cu_image_encode(const cu_engine *e, cu_buf *out)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF((size_t)256 << 20);
    cu_sha256 digest;
    put_text(&body, hs_version());
    cu_buf_put(&body, &e->digest, sizeof e->digest);
    put_u32(&body, (uint32_t)e->n);
    for (size_t i = 0; i < e->n; i++)
        put_rule(&body, &e->rules[i]);
    put_literals(&body, e);
    cu_buf_put(&body, &e->known.matches, 8);
    cu_buf_put(&body, &e->known.sum, 8);
    put_u32(&body, (uint32_t)e->known.text.n);
    cu_buf_add(&body, e->known.text);
    for (int i = 0; i < CU_DB_COUNT; i++)
        CU_TRY(put_database(&body, e->db[i]));
    CU_TRY(cu_buf_err(&body));
    cu_sha256_of(cu_buf_view(&body), &digest);
    cu_buf_str(out, MAGIC);
    cu_buf_put(out, &digest, sizeof digest);
    cu_buf_add(out, cu_buf_view(&body));
    return cu_buf_err(out);
}

/* Reads forward; once anything is short, everything after is empty and bad is set. */
typedef struct {
    cu_bytes rest;
    cu_arena *arena;
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

static void take_into(reader *r, void *to, size_t n)
{
    cu_bytes b = take(r, n);
    if (b.n == n && n)
        memcpy(to, b.p, n);
}

static uint32_t take_u32(reader *r)
{
    uint32_t v = 0;
    take_into(r, &v, sizeof v);
    return v;
}

static const char *take_text(reader *r)
{
    uint32_t n = take_u32(r);
    if (r->bad || n == UINT32_MAX)
        return NULL;
    cu_bytes b = take(r, n);
    const char *s = r->bad || memchr(b.p, 0, b.n) ? NULL : cu_arena_str(r->arena, b);
    r->bad |= !s;
    return s;
}

static void take_list(reader *r, const char ***v, size_t *n)
{
    uint32_t count = take_u32(r);
    *n = 0;
    if (count > CU_RULE_MAX_ANCHORS || !(*v = cu_arena_alloc(r->arena, (count + 1) * sizeof **v)))
        r->bad = true;
    while (!r->bad && *n < count) {
        (*v)[*n] = take_text(r);
        r->bad |= !(*v)[*n] || strlen((*v)[*n]) > 255;
        ++*n;
    }
}

/* What was found out about a rule when it was compiled. */
typedef struct {
    uint32_t width, group;
} derived;

static void take_rule(reader *in, cu_rule *r, derived *d)
{
    const char **texts[] = {&r->id, &r->title, &r->pattern, &r->finder, &r->value, &r->validator, &r->source, &r->file};
    uint32_t numbers[9] = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = take_text(in);
    take_list(in, &r->anchors, &r->anchors_n);
    take_list(in, &r->words, &r->words_n);
    take_into(in, numbers, sizeof numbers);
    r->type = (cu_type)numbers[0];
    r->reach = numbers[1];
    r->by_context = numbers[2] != 0;
    r->severity = (cu_severity)numbers[3];
    r->action = (cu_rule_action)numbers[4];
    r->confidence = numbers[5];
    r->line = numbers[6];
    *d = (derived){numbers[7], numbers[8]};
    in->bad |= !r->id || !r->title || !r->source || !r->file || numbers[0] >= CU_TYPE_COUNT ||
               r->reach > CU_RULE_MAX_REACH || numbers[3] > CU_SEVERITY_CRITICAL || numbers[4] > CU_RULE_BLOCK ||
               r->confidence > 100 || d->width > CU_WINDOW || d->group > CU_GROUP_REST ||
               (r->pattern != NULL) + (r->finder != NULL) + (r->value != NULL) != 1;
}

static bool take_rules(reader *r, cu_rules *rules, derived **d)
{
    uint32_t n = take_u32(r);
    if (r->bad || n > MAX_RULES)
        return false;
    rules->v = cu_arena_alloc(r->arena, (n + 1) * sizeof *rules->v);
    *d = cu_arena_alloc(r->arena, (n + 1) * sizeof **d);
    if (!rules->v || !*d)
        return false;
    for (rules->n = 0; rules->n < n && !r->bad; rules->n++)
        take_rule(r, &rules->v[rules->n], &(*d)[rules->n]);
    return !r->bad;
}

static cu_err take_targets(reader *r, cu_engine *e)
{
    for (uint32_t n = take_u32(r), i = 0; i < n && !r->bad; i++) {
        uint32_t v[4] = {0};
        take_into(r, v, sizeof v);
        if ((v[0] != CU_NO_ANCHOR && v[0] >= e->anchors_n) || v[1] > CU_WINDOW || v[2] > CU_WINDOW + 1 || v[3] >= e->n)
            return CU_CORRUPT;
        CU_TRY(cu_engine_target(e, &(cu_target){v[0], v[1], v[2], (uint16_t)v[3]}));
    }
    return r->bad ? CU_CORRUPT : CU_OK;
}

static cu_err take_literals(reader *r, cu_engine *e)
{
    for (int set = 0; set < CU_LITERALS_COUNT; set++) {
        cu_literals *l = &e->literals[set];
        for (uint32_t n = take_u32(r), i = 0; i < n && !r->bad; i++) {
            uint32_t meaning = take_u32(r);
            uint8_t v[4] = {0};
            take_into(r, v, sizeof v);
            if (meaning >= e->targets_n)
                return CU_CORRUPT;
            CU_TRY(cu_literals_add(l, take(r, v[0]), v[1] != 0, meaning));
            l->v[l->n - 1].group = v[2];
            l->v[l->n - 1].window = v[3];
        }
        CU_TRY(cu_literals_ready(l));
    }
    return r->bad ? CU_CORRUPT : CU_OK;
}

static cu_err take_engine(reader *r, cu_engine *e, cu_fault *f)
{
    take_into(r, &e->known.matches, 8);
    take_into(r, &e->known.sum, 8);
    e->known.text = take(r, take_u32(r));
    cu_bytes db[CU_DB_COUNT];
    for (int i = 0; i < CU_DB_COUNT; i++)
        db[i] = take(r, take_u32(r));
    if (r->bad || r->rest.n)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    e->known.text = cu_arena_dup(r->arena, e->known.text);
    for (int i = 0; i < CU_DB_COUNT; i++)
        if (db[i].n && hs_deserialize_database((const char *)db[i].p, db[i].n, &e->db[i]) != HS_SUCCESS)
            return cu_fail(f, CU_UNSUPPORTED, "the image of the rules was made for another CPU or library");
    return CU_OK;
}

static cu_err decode(cu_bytes body, cu_arena *a, cu_engine **out, cu_fault *f)
{
    reader r = {body, a, false};
    cu_rules rules = {0};
    cu_sha256 digest = {{0}};
    derived *d = NULL;
    const char *version = take_text(&r);
    if (!version || strcmp(version, hs_version()) != 0)
        return cu_fail(f, CU_UNSUPPORTED, "the image of the rules was made for another library");
    take_into(&r, &digest, sizeof digest);
    if (!take_rules(&r, &rules, &d))
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    CU_TRY(cu_engine_tables(&rules, out, f));
    for (size_t i = 0; i < rules.n; i++) {
        (*out)->rules[i].width = d[i].width;
        (*out)->rules[i].group = (uint8_t)d[i].group;
    }
    if (take_targets(&r, *out) != CU_OK || take_literals(&r, *out) != CU_OK)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    (*out)->digest = digest;
    return take_engine(&r, *out, f);
}

cu_err cu_image_decode(cu_bytes file, cu_engine **out, cu_fault *f)
{
    cu_sha256 digest;
    cu_arena a;
    if (file.n < HEAD || memcmp(file.p, MAGIC, 8) != 0)
        return cu_fail(f, CU_UNSUPPORTED, "not an image of rules of this version");
    cu_bytes body = cu_slice(file, HEAD, file.n);
    cu_sha256_of(body, &digest);
    if (memcmp(digest.b, file.p + 8, sizeof digest) != 0)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    CU_TRY(cu_check_library(f));
    cu_arena_init(&a, (size_t)256 << 20);
    *out = NULL;
    cu_err err = decode(body, &a, out, f);
    if (*out)
        (*out)->arena = a;
    else
        cu_arena_free(&a);
    if (err != CU_OK) {
        cu_engine_free(*out);
        *out = NULL;
    }
    return err;
}
