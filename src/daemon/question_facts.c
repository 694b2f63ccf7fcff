/* What answers to questionnaires stand on: facts from the projections, and from bodies of sealed entries of the organisation's log. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "question_desk.h"

#define BODIES_MAX 2000u /* of one type, newest first; more than that is said to be too many */
#define LISTED_MAX 400u  /* bytes of a list */

typedef struct {
    app *a;
    const cu_bank *bank;
    cu_arena *arena;
    cu_log *org;
    char from[CU_TIME_LEN];
    bool alive;          /* a gateway was heard of in the window */
} asking;

static void unknown(cu_fact *x, const char *why)
{
    x->known = false;
    snprintf(x->why, sizeof x->why, "%s", why);
}

/* --- counts and times --- */

static cu_err count_entries(asking *k, const cu_fact_rule *r, bool ever, cu_fact *x)
{
    for (size_t i = 0; i < r->types_n; i++) {
        cu_store_fact one;
        char type[80];
        uint64_t ms;
        snprintf(type, sizeof type, "%.*s", r->types[i].n < 79 ? (int)r->types[i].n : 79, (const char *)r->types[i].p);
        CU_TRY(cu_store_fact_events(k->a->store, type, ever ? "" : k->from, &one));
        x->number += one.count;
        if (one.count && cu_status_time(cu_str(one.last), &ms) && ms >= x->last_ms) {
            x->last_ms = ms;
            x->index = one.index;
            memcpy(x->log, one.log, sizeof x->log);
        }
    }
    return CU_OK;
}

static void judge_count(const asking *k, const cu_fact_rule *r, cu_fact *x)
{
    x->known = x->number > 0 || (r->zero && k->alive);
    if (!x->known)
        unknown(x, r->zero ? "no gateway was heard of in this time" : "there is no such entry, and that alone proves nothing");
}

/* --- values of exchanges --- */

typedef struct {
    cu_buf *text;
    uint64_t n, total;
} gathered;

static void gather(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    gathered *g = arg;
    g->n++;
    g->total += count;
    if (g->text->n + strlen(value) + 8 < LISTED_MAX)
        cu_buf_fmt(g->text, "%s%s", g->n > 1 ? ", " : "", value);
    else if (g->text->p[g->text->n - 1] != '.')
        cu_buf_str(g->text, " and more.");
}

static cu_err ask_values(asking *k, const cu_fact_rule *r, cu_fact *x)
{
    static const struct {
        const char *member;
        cu_store_fact_of of;
    } members[] = {{"user", CU_FACT_OF_USER}, {"vendor", CU_FACT_OF_VENDOR}, {"model", CU_FACT_OF_MODEL}, {"client", CU_FACT_OF_CLIENT}};
    cu_buf text CU_CLEAN_BUF = CU_BUF(LISTED_MAX * 2);
    gathered g = {.text = &text};
    cu_store_fact_of of = CU_FACT_OF_FINDING;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (cu_eq_str(r->member, members[i].member))
            of = members[i].of;
    CU_TRY(count_entries(k, r, false, x));
    uint64_t entries = x->number;
    CU_TRY(cu_store_fact_values(k->a->store, of, k->from, gather, &g));
    CU_TRY(cu_buf_err(&text));
    x->number = r->compute == CU_FACT_FOUND ? g.total : g.n;
    if (r->compute == CU_FACT_VALUES)
        x->text = cu_arena_dup(k->arena, cu_buf_view(&text));
    x->known = entries > 0 || (r->zero && k->alive);
    if (!x->known || (r->compute == CU_FACT_VALUES && !g.n))
        unknown(x, "no exchange was sealed in this time");
    return CU_OK;
}

/* --- bodies --- */

typedef struct {
    asking *k;
    const cu_fact_rule *r;
    cu_fact *x;
    json_t *seen;      /* of a list: values, each once */
    json_t *decided;   /* values of the member of which a newer entry was read: that one counts */
    uint64_t n, matched;
    cu_err err;
} reading_bodies;

static const char *text_of(const json_t *o, cu_bytes name, char room[32])
{
    char key[72];
    snprintf(key, sizeof key, "%.*s", name.n < sizeof key ? (int)name.n : 0, (const char *)name.p);
    const json_t *v = json_object_get(o, key);
    if (json_is_string(v))
        return json_string_value(v);
    if (!json_is_integer(v))
        return NULL;
    snprintf(room, 32, "%lld", (long long)json_integer_value(v));
    return room;
}

static void take_body(reading_bodies *b, const json_t *body, const cu_store_entry *e)
{
    char room[32], other[32];
    const char *where = b->r->where_member.n ? text_of(body, b->r->where_member, other) : NULL;
    const char *value = b->r->member.n ? text_of(body, b->r->member, room) : "";
    bool fits = !b->r->where_member.n || (where && (cu_eq_str(b->r->where_value, "*") || cu_eq_str(b->r->where_value, where)));
    if (b->r->compute == CU_FACT_LIST && value && *value) {
        fits &= !json_object_get(b->decided, value);
        json_object_set_new(b->decided, value, json_true());
        if (fits)
            json_object_set_new(b->seen, value, json_true());
    }
    if (!fits || !value)
        return;
    if (b->matched++ == 0) {
        snprintf(b->x->log, sizeof b->x->log, "%s", e->log);
        b->x->index = e->index;
        (void)!cu_status_time(cu_str(e->ts), &b->x->last_ms);
        if (b->r->compute == CU_FACT_NEWEST)
            b->x->text = cu_arena_dup(b->k->arena, cu_str(value));
    }
}

static void read_one(void *arg, const cu_store_entry *e)
{
    reading_bodies *b = arg;
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX * 4);
    cu_fault f = {0};
    cu_leaf l;
    b->n++;
    if (b->err != CU_OK || (b->r->compute == CU_FACT_NEWEST && b->n > 1))
        return;
    b->err = cu_log_entry(b->k->org, e->index, &leaf, &f);
    if (b->err == CU_OK)
        b->err = cu_leaf_parse(cu_buf_view(&leaf), &l);
    if (b->err != CU_OK)
        return;
    json_t *body = json_loadb((const char *)l.body.p, l.body.n, 0, NULL);
    if (body)
        take_body(b, body, e);
    json_decref(body);
}

static cu_err list_text(reading_bodies *b)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(LISTED_MAX * 2);
    gathered g = {.text = &text};
    const char *key;
    json_t *v;
    json_object_foreach(b->seen, key, v)
        gather(&g, key, "", 1, "");
    CU_TRY(cu_buf_err(&text));
    b->x->number = g.n;
    b->x->text = cu_arena_dup(b->k->arena, cu_buf_view(&text));
    return CU_OK;
}

static cu_err ask_bodies(asking *k, const cu_fact_rule *r, cu_fact *x)
{
    char type[80];
    uint64_t total = 0;
    bool ever = r->compute != CU_FACT_COUNT;
    snprintf(type, sizeof type, "%.*s", r->types[0].n < 79 ? (int)r->types[0].n : 79, (const char *)r->types[0].p);
    const cu_store_entry_filter w = {.log = CU_TENANT_ORG, .type = type, .from = ever ? NULL : k->from};
    reading_bodies b = {.k = k, .r = r, .x = x, .seen = json_object(), .decided = json_object()};
    cu_err e = k->org ? cu_store_entries(k->a->store, &w, 0, r->compute == CU_FACT_NEWEST ? 1 : BODIES_MAX, read_one, &b, &total) : CU_OK;
    if (e == CU_OK)
        e = b.err;
    x->number = b.matched;
    if (e == CU_OK && r->compute == CU_FACT_LIST)
        e = list_text(&b);
    json_decref(b.seen);
    json_decref(b.decided);
    x->known = x->number > 0;
    if (!ever)
        judge_count(k, r, x);
    else if (!x->known)
        unknown(x, "there is no such entry yet");
    if (total > BODIES_MAX && r->compute != CU_FACT_NEWEST)
        unknown(x, "there are too many such entries to read each");
    return e;
}

static cu_err ask_fact(asking *k, const cu_fact_rule *r, cu_fact *x)
{
    *x = (cu_fact){0};
    if (!r->written) {
        unknown(x, "nothing in this version records it");
        return CU_OK;
    }
    if (r->compute == CU_FACT_LAST) {
        CU_TRY(count_entries(k, r, true, x));
        x->known = x->last_ms > 0;
        x->number = x->last_ms;
        if (!x->known)
            unknown(x, "it has not happened yet");
        return CU_OK;
    }
    if (r->compute == CU_FACT_COUNT && !r->where_member.n) {
        CU_TRY(count_entries(k, r, false, x));
        judge_count(k, r, x);
        return CU_OK;
    }
    return r->compute == CU_FACT_DISTINCT || r->compute == CU_FACT_VALUES || r->compute == CU_FACT_FOUND ? ask_values(k, r, x) : ask_bodies(k, r, x);
}

static cu_err ask_facts(asking *k, cu_fact *facts, cu_fault *f)
{
    char dir[4400];
    cu_store_fact beats;
    snprintf(dir, sizeof dir, "%.4200s/%s", k->a->config->log_dir, CU_TENANT_ORG);
    CU_TRY(cu_store_fact_events(k->a->store, "writer.heartbeat", k->from, &beats));
    k->alive = beats.count > 0;
    cu_err e = cu_log_open(dir, &k->org, f);
    if (e == CU_NOT_FOUND)
        e = CU_OK; /* nothing is sealed yet, and then there are no entries either */
    for (size_t i = 0; i < k->bank->facts_n && e == CU_OK; i++)
        e = ask_fact(k, &k->bank->facts[i], &facts[i]);
    cu_log_close(k->org);
    return e;
}

cu_err question_ground(app *a, const cu_bank *bank, cu_arena *arena, cu_draft_ground *out, cu_fault *f)
{
    uint64_t now = cu_now_ns(), from = now - (uint64_t)bank->window_days * 86400 * 1000000000;
    asking k = {.a = a, .bank = bank, .arena = arena};
    cu_fact *facts = cu_arena_alloc(arena, (bank->facts_n + 1) * sizeof *facts);
    cu_control_status *controls = cu_arena_alloc(arena, (a->catalogue->controls_n + 1) * sizeof *controls);
    if (!facts || !controls)
        return CU_NOMEM;
    cu_time_text(from, k.from);
    CU_TRY(ask_facts(&k, facts, f));
    states_controls(a, now / 1000000, controls);
    *out = (cu_draft_ground){.bank = bank, .catalogue = a->catalogue, .controls = controls, .facts = facts, .at_ms = now / 1000000, .from_ms = from / 1000000};
    return CU_OK;
}
