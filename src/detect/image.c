/* The image of compiled rules (docs/formats/rules-image.md): the rules without their examples, the
 * library's databases, and the known answers. It is mapped, and texts and databases are used where they
 * stand, so that a start touches little of it. Read only where the program's own files or files of the
 * same user lie; still every bound is checked, and a checksum finds damage. */
#include <stdlib.h>
#include "engine.h"

/* Goes up when what is stored changes, or how it is found out: groups.c, needles.c, token.h. */
#define MAGIC "CURULE12"
#define MAX_RULES 4000u
#define LINE CU_BLOCK /* bytes: where the library wants a database to begin */
#define DB_HEAD 128u  /* bytes, in which the library looks for a database's size */

/* Finds damage, and is 20 times as fast as a hash that withstands malice, which could as well change the
 * program. Eight lanes of 64 bits; each step can be undone, so that no single change is lost. */
static void checksum(cu_bytes b, uint8_t out[CU_IMAGE_SUM])
{
    uint64_t lane[CU_IMAGE_SUM / 8];
    size_t at = 0;
    for (unsigned k = 0; k < CU_IMAGE_SUM / 8; k++)
        lane[k] = 0x9e3779b97f4a7c15ULL * (k + 1) ^ b.n;
    while (at < b.n) {
        uint64_t v[CU_IMAGE_SUM / 8] = {0};
        size_t n = b.n - at < sizeof v ? b.n - at : sizeof v;
        memcpy(v, b.p + at, n);
        for (unsigned k = 0; k < CU_IMAGE_SUM / 8; k++) {
            uint64_t x = lane[k] ^ v[k];
            lane[k] = (x << 29 | x >> 35) * 0xbf58476d1ce4e5b9ULL;
        }
        at += n;
    }
    memcpy(out, lane, CU_IMAGE_SUM);
}

void cu_image_seal(cu_buf *image)
{
    checksum(cu_slice(cu_buf_view(image), CU_IMAGE_HEAD, image->n), image->p + 8);
}

static void put_u32(cu_buf *b, uint32_t v)
{
    cu_buf_put(b, &v, sizeof v);
}

static void put_text(cu_buf *b, const char *s)
{
    put_u32(b, s ? (uint32_t)strlen(s) : UINT32_MAX);
    if (s)
        cu_buf_put(b, s, strlen(s) + 1);
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

/* What a database was compiled for, beside the library's version. */
static cu_err put_processor(cu_buf *b)
{
    hs_platform_info_t here;
    if (hs_populate_platform(&here) != HS_SUCCESS)
        return CU_ENGINE;
    cu_buf_put(b, &here.cpu_features, sizeof here.cpu_features);
    return CU_OK;
}

/* As the library keeps it in memory at the begin of a line: it points nowhere, and is only read, so it
 * serves at the begin of any other. `b` is the image from its first byte on. */
static cu_err put_database(cu_buf *b, const hs_database_t *db)
{
    static const uint8_t zeros[LINE] = {0};
    char *bytes = NULL;
    size_t n = 0, size = 0;
    if (!db) {
        put_u32(b, 0);
        return CU_OK;
    }
    if (hs_serialize_database(db, &bytes, &n) != HS_SUCCESS)
        return CU_NOMEM;
    uint8_t *at = hs_serialized_database_size(bytes, n, &size) == HS_SUCCESS ? aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE) : NULL;
    cu_err err = CU_NOMEM;
    if (at) {
        memset(at, 0, size);
        err = hs_deserialize_database_at(bytes, n, (hs_database_t *)(void *)at) == HS_SUCCESS ? CU_OK : CU_ENGINE;
    }
    if (err == CU_OK) {
        put_u32(b, (uint32_t)size);
        cu_buf_put(b, zeros, (LINE - b->n % LINE) % LINE);
        cu_buf_put(b, at, size);
    }
    free(at);
    free(bytes);
    return err;
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
            const uint8_t numbers[] = {x->length, x->word_begin, x->word_end, x->group, x->window, x->window_n};
            put_u32(b, x->meaning);
            cu_buf_put(b, numbers, sizeof numbers);
            cu_buf_put(b, x->text, x->length);
        }
    }
}

cu_err cu_image_encode(const cu_engine *e, cu_buf *out)
{
    static const uint8_t no_sum[CU_IMAGE_SUM] = {0};
    cu_buf_reset(out);
    cu_buf_str(out, MAGIC);
    cu_buf_put(out, no_sum, sizeof no_sum);
    put_text(out, hs_version());
    CU_TRY(put_processor(out));
    cu_buf_put(out, &e->digest, sizeof e->digest);
    put_u32(out, (uint32_t)e->n);
    for (size_t i = 0; i < e->n; i++)
        put_rule(out, &e->rules[i]);
    put_literals(out, e);
    cu_buf_put(out, &e->known.matches, 8);
    cu_buf_put(out, &e->known.sum, 8);
    put_u32(out, (uint32_t)e->known.text.n);
    cu_buf_add(out, e->known.text);
    for (int i = 0; i < CU_DB_COUNT; i++)
        CU_TRY(put_database(out, e->db[i]));
    CU_TRY(cu_buf_err(out));
    cu_image_seal(out);
    return CU_OK;
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
    cu_bytes b = take(r, (size_t)n + 1);
    if (!r->bad && memchr(b.p, 0, b.n) == b.p + n)
        return (const char *)b.p;
    r->bad = true;
    return NULL;
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
        if ((v[0] != CU_NO_ANCHOR && v[0] >= e->anchors_n) || v[1] > CU_WINDOW || v[2] > CU_WINDOW + 1 ||
            (v[3] >= e->n && (v[3] != CU_NO_RULE || v[0] != CU_NO_ANCHOR)))
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
            uint8_t v[6] = {0};
            take_into(r, v, sizeof v);
            if (meaning >= e->targets_n)
                return CU_CORRUPT;
            CU_TRY(cu_literals_add(l, take(r, v[0]), v[1] != 0, v[2] != 0, meaning));
            l->v[l->n - 1].group = v[3];
            l->v[l->n - 1].window = v[4];
            l->v[l->n - 1].window_n = v[5];
        }
        CU_TRY(cu_literals_ready(l));
    }
    return r->bad ? CU_CORRUPT : CU_OK;
}

static cu_err take_database(reader *r, cu_bytes file, hs_database_t **db)
{
    uint32_t n = take_u32(r);
    size_t size = 0;
    if (r->bad || n == 0)
        return r->bad ? CU_CORRUPT : CU_OK;
    take(r, (LINE - (size_t)(r->rest.p - file.p) % LINE) % LINE);
    cu_bytes b = take(r, n);
    if (r->bad || n < DB_HEAD)
        return CU_CORRUPT;
    *db = (hs_database_t *)(uintptr_t)b.p; /* only read: the library's functions that scan take it as const */
    return hs_database_size(*db, &size) == HS_SUCCESS && size == n ? CU_OK : CU_CORRUPT;
}

static cu_err take_engine(reader *r, cu_bytes file, cu_engine *e, cu_fault *f)
{
    cu_err err = CU_OK;
    take_into(r, &e->known.matches, 8);
    take_into(r, &e->known.sum, 8);
    e->known.text = take(r, take_u32(r));
    for (int i = 0; i < CU_DB_COUNT && err == CU_OK; i++)
        err = take_database(r, file, &e->db[i]);
    if (err != CU_OK || r->bad || r->rest.n)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    return CU_OK;
}

static cu_err check_made_here(reader *r, cu_fault *f)
{
    const char *version = take_text(r);
    hs_platform_info_t here;
    unsigned long long features = 0;
    take_into(r, &features, sizeof features);
    if (!version || strcmp(version, hs_version()) != 0)
        return cu_fail(f, CU_UNSUPPORTED, "the image of the rules was made for another library");
    if (hs_populate_platform(&here) != HS_SUCCESS || here.cpu_features != features)
        return cu_fail(f, CU_UNSUPPORTED, "the image of the rules was made for another CPU");
    return CU_OK;
}

static cu_err decode(cu_bytes file, cu_arena *a, cu_engine **out, cu_fault *f)
{
    reader r = {cu_slice(file, CU_IMAGE_HEAD, file.n), a, false};
    cu_rules rules = {0};
    cu_sha256 digest = {{0}};
    derived *d = NULL;
    CU_TRY(check_made_here(&r, f));
    take_into(&r, &digest, sizeof digest);
    if (!take_rules(&r, &rules, &d))
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    CU_TRY(cu_engine_tables(&rules, out, f));
    (*out)->in_place = true;
    for (size_t i = 0; i < rules.n; i++) {
        (*out)->rules[i].width = d[i].width;
        (*out)->rules[i].group = (uint8_t)d[i].group;
    }
    if (take_targets(&r, *out) != CU_OK || take_literals(&r, *out) != CU_OK)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    (*out)->digest = digest;
    return take_engine(&r, file, *out, f);
}

cu_err cu_image_decode(cu_bytes file, cu_engine **out, cu_fault *f)
{
    uint8_t sum[CU_IMAGE_SUM];
    cu_arena a;
    *out = NULL;
    CU_ASSERT((uintptr_t)file.p % LINE == 0);
    if (file.n < CU_IMAGE_HEAD || memcmp(file.p, MAGIC, 8) != 0)
        return cu_fail(f, CU_UNSUPPORTED, "not an image of rules of this version");
    checksum(cu_slice(file, CU_IMAGE_HEAD, file.n), sum);
    if (memcmp(sum, file.p + 8, sizeof sum) != 0)
        return cu_fail(f, CU_CORRUPT, "the image of the rules is damaged");
    CU_TRY(cu_check_library(f));
    cu_arena_init(&a, (size_t)256 << 20);
    cu_err err = decode(file, &a, out, f);
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
