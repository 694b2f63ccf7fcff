/* What a model wrote, judged again: the answer as it was given now, the rules and the record of that time. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "catalog/rules.h"
#include "inspect/turn.h"
#include "limited.h"

typedef struct {
    char tenant[64], at[CU_TIME_LEN];
    json_t *request, *answer;
} found;

typedef struct {
    call *c;
    cu_arena *arena;
    cu_bundle bundle;
    cu_tools tools;
    cu_guard *guard;
    cu_inspector *inspector;
    cu_code *code; /* NULL: the entry is of before there were rules for code */
    cu_marks marks;
    const uint8_t *key; /* of the tenant's commitments */
} replay;

static void take(void *arg, const cu_store_exchange *x)
{
    found *f = arg;
    snprintf(f->tenant, sizeof f->tenant, "%s", x->tenant);
    snprintf(f->at, sizeof f->at, "%s", x->at);
    f->request = x->request ? json_loads(x->request, 0, NULL) : NULL;
    f->answer = x->answer ? json_loads(x->answer, 0, NULL) : NULL;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool is_digest(const cu_command_pack *p, const char *hex)
{
    char own[2 * CU_SHA256_LEN + 1];
    cu_hex(own, p->digest.b, CU_SHA256_LEN);
    return strcmp(own, hex) == 0;
}

/* The pack of that tier with that digest: shipped, or in the bundle of the time. */
static cu_err pack_of(replay *p, const char *tier, const char *digest, cu_command_pack *out, cu_fault *f)
{
    char dir[4200];
    if (strcmp(tier, cu_tier_name(CU_TIER_DEFAULT)) == 0) {
        snprintf(dir, sizeof dir, "%s/rules/commands", cu_catalog_dir());
        CU_TRY(cu_command_pack_load(dir, p->arena, out, f));
        return is_digest(out, digest) ? CU_OK : cu_fail(f, CU_STATE, "the shipped rules have changed since: it was judged by pack %.16s", digest);
    }
    for (size_t i = 0; i < p->bundle.guard.n; i++) {
        const cu_guard_entry *e = &p->bundle.guard.v[i];
        if (!e->files_n || strcmp(cu_tier_name((cu_tier)e->tier), tier) != 0)
            continue;
        CU_TRY(cu_command_pack_read("the bundle", e->files, e->files_n, p->arena, out, f));
        if (is_digest(out, digest))
            return CU_OK;
    }
    return cu_fail(f, CU_CORRUPT, "the bundle of that time has no pack %.16s of tier %s", digest, tier);
}

/* Rules for code are the shipped ones: another version's cannot be had any more. */
static cu_err open_code(replay *p, const char *digest, cu_fault *f)
{
    char own[2 * CU_SHA256_LEN + 1];
    if (!*digest)
        return CU_OK;
    CU_TRY(cu_code_open(cu_catalog_dir(), &p->code, f));
    cu_hex(own, cu_code_digest(p->code)->b, CU_SHA256_LEN);
    return strcmp(own, digest) == 0 ? CU_OK : cu_fail(f, CU_NOT_FOUND, "the rules for code have changed since: %.16s was in force, %.16s is now", digest, own);
}

static cu_err open_rules(replay *p, const json_t *guard, cu_fault *f)
{
    cu_command_pack *packs = cu_arena_alloc(p->arena, CU_TIERS * sizeof *packs);
    const cu_command_pack *given[CU_TIERS] = {NULL};
    char path[4200];
    size_t i;
    json_t *v;
    if (!packs)
        return CU_NOMEM;
    json_array_foreach(json_object_get(guard, "packs"), i, v)
        for (unsigned t = 0; t < CU_TIERS; t++)
            if (strcmp(text_of(v, "tier"), cu_tier_name((cu_tier)t)) == 0) {
                CU_TRY(pack_of(p, text_of(v, "tier"), text_of(v, "digest"), &packs[t], f));
                given[t] = &packs[t];
            }
    snprintf(path, sizeof path, "%s/tools.yaml", cu_catalog_dir());
    CU_TRY(cu_tools_load(path, p->arena, &p->tools, f));
    CU_TRY(cu_guard_of(given, &p->guard));
    CU_TRY(cu_inspector_new(p->guard, &p->inspector));
    cu_inspector_limit(p->inspector, CU_JUDGE_MAX_TEXT, CU_JUDGE_MAX_TURNS);
    return open_code(p, text_of(guard, "code_pack"), f);
}

/* A JSON object is an answer as a whole, a list one that came in elements, anything else a stream. */
static cu_err judge(replay *p, cu_api spoken, const char *id)
{
    cu_bytes body = p->c->body, out;
    cu_buf room CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    size_t at = 0;
    while (at < body.n && body.p[at] <= ' ')
        at++;
    uint8_t first = at < body.n ? body.p[at] : 0;
    const cu_turn_with w = {.judge = {p->inspector, &p->tools, {.commands = CU_MODE_ANNOTATE, .code = CU_MODE_ANNOTATE}, p->code}, .api = spoken, .array = first == '[', .id = id};
    cu_turn *t;
    CU_TRY(cu_turn_new(&w, &t));
    cu_err e = first == '{' ? cu_turn_json(t, body, &room, &out) : cu_turn_feed(t, body, &room);
    if (e == CU_OK && first != '{')
        e = cu_turn_end(t, &room);
    p->marks = *cu_turn_marks(t);
    cu_turn_free(t);
    return e;
}

/* The recorded verdict comes out again, in every member, and what followed is what its mode asks for. */
static bool same(const replay *p, const json_t *v, const cu_mark *m)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 keyed;
    unsigned mode = CU_MODES;
    for (unsigned k = 0; k < CU_MODES; k++)
        mode = strcmp(text_of(v, "mode"), cu_mode_name(k)) == 0 ? k : mode;
    cu_hmac_sha256(cu_bytes_of(p->key, 32), cu_bytes_of(m->digest.b, CU_SHA256_LEN), &keyed);
    cu_hex(hex, keyed.b, CU_SHA256_LEN);
    return mode < CU_MODES && strcmp(text_of(v, "artefact"), hex) == 0 && strcmp(text_of(v, "rule"), m->rule) == 0 &&
           strcmp(text_of(v, "decision"), cu_verdict_name(m->decision)) == 0 && strcmp(text_of(v, "kind"), cu_artefact_kind_name(m->kind)) == 0 &&
           strcmp(text_of(v, "tier"), cu_tier_name((cu_tier)m->tier)) == 0 && json_integer_value(json_object_get(v, "call")) == m->call &&
           json_integer_value(json_object_get(v, "start")) == m->start && json_integer_value(json_object_get(v, "end")) == m->end &&
           strcmp(text_of(v, "action"), cu_call_action_name(cu_judge_action(m->decision, mode))) == 0;
}

static json_t *compare(const replay *p, const json_t *guard, const char *id)
{
    json_t *verdicts = json_array(), *v;
    const json_t *recorded = json_object_get(guard, "verdicts");
    bool all = json_integer_value(json_object_get(guard, "left_out")) == 0;
    bool agrees = json_integer_value(json_object_get(guard, "calls")) == p->marks.calls && (!all || json_array_size(recorded) == p->marks.n);
    size_t i;
    json_array_foreach(recorded, i, v) {
        bool again = false;
        for (size_t k = 0; k < p->marks.n && !again; k++)
            again = same(p, v, &p->marks.v[k]);
        json_t *one = json_deep_copy(v);
        json_object_set_new(one, "agrees", json_boolean(again));
        json_array_append_new(verdicts, one);
        agrees &= again;
    }
    return json_pack("{s:s,s:b,s:I,s:I,s:O?,s:o}", "exchange", id, "agrees", agrees, "calls", (json_int_t)p->marks.calls, "fired", (json_int_t)p->marks.n,
                     "packs", json_object_get(guard, "packs"), "verdicts", verdicts);
}

static cu_err work(replay *p, const found *x, const char *id, json_t **out, cu_fault *f)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    const json_t *guard = json_object_get(x->answer, "guard");
    CU_TRY(archive_open(p->c->a, text_of(x->request, "bundle"), &file, p->arena, &p->bundle, f));
    for (size_t i = 0; i < p->bundle.tenants_n; i++)
        if (cu_eq_str(p->bundle.tenants[i].name, x->tenant))
            p->key = p->bundle.tenants[i].commit_key;
    cu_api spoken = cu_api_by_name(cu_str(text_of(x->request, "api")));
    if (!p->key || spoken == CU_API_COUNT)
        return cu_fail(f, CU_CORRUPT, "the bundle of that time does not know this tenant");
    CU_TRY(open_rules(p, guard, f));
    CU_TRY(judge(p, spoken, id));
    *out = compare(p, guard, id);
    return *out ? CU_OK : CU_NOMEM;
}

static unsigned replay_found(call *c, const found *x, const char *id)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_fault f = {0};
    json_t *out = NULL;
    replay p = {.c = c, .arena = &arena};
    cu_arena_init(&arena, CU_BUNDLE_MAX);
    if (!json_object_get(x->answer, "guard"))
        return problem(c, 409, "Nothing to judge again", "The answer of this exchange held no call of a tool, or has not ended yet.");
    cu_err e = work(&p, x, id, &out, &f);
    cu_inspector_free(p.inspector);
    cu_guard_free(p.guard);
    cu_code_close(p.code);
    if (e != CU_OK)
        return problem(c, 409, "It cannot be judged again", "%s", f.code ? f.text : cu_err_text(e));
    return answer_json(c, out);
}

unsigned answer_replay(call *c)
{
    const char *id = c->args[0];
    found x = {0};
    unsigned status;
    if (cu_store_exchanges(c->a->store, id, NULL, 0, 1, take, &x) != CU_OK || !x.request || !limit_tenant(c, x.tenant) || !limit_time(c, x.at))
        status = problem(c, 404, "Unknown exchange", "No exchange of this id is sealed yet.");
    else
        status = replay_found(c, &x, id);
    json_decref(x.request);
    json_decref(x.answer);
    return status;
}
