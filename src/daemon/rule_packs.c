/* The rules, for people: what each of them asks for and why, its examples, and where it fired. Rules for
 * commands and code are read from the catalogue's files; those for data are the ones in force. Firings stand
 * in the entries of answers; an entry of data names kinds and no rules, so of those nothing is known. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "catalog/code_rules.h"
#include "catalog/commands.h"

#define PACK_ARENA (48u << 20)
#define LOOKED_AT 500u  /* newest answers of each tenant that are looked through */
#define SHOWN_FIRINGS 20u
#define FIRED_MAX 2000u

typedef struct {
    char rule[80], last[CU_TIME_LEN];
    uint64_t count;
} fired;

typedef struct {
    call *c;
    cu_arena arena;
    cu_command_pack commands;
    cu_code_pack code;
    fired *fired;
    size_t fired_n;
    uint64_t looked;     /* answers */
    const char *only;    /* rule whose firings are listed; NULL: none */
    json_t *firings;
    json_t *places;      /* of one tenant, while its log is read */
} view;

static json_t *text_of(const char *t)
{
    return t ? json_string(t) : json_null();
}

static json_t *words(const cu_word_list *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(list, json_stringn((const char *)l->v[i].p, l->v[i].n));
    return list;
}

/* --- where they fired --- */

static fired *slot(view *v, const char *rule)
{
    for (size_t i = 0; i < v->fired_n; i++)
        if (strcmp(v->fired[i].rule, rule) == 0)
            return &v->fired[i];
    if (v->fired_n == FIRED_MAX)
        return NULL;
    fired *f = &v->fired[v->fired_n++];
    snprintf(f->rule, sizeof f->rule, "%s", rule);
    return f;
}

static void take_verdict(view *v, const json_t *verdict, const char *log, json_int_t index, const char *at)
{
    const char *rule = json_string_value(json_object_get(verdict, "rule"));
    fired *f = rule ? slot(v, rule) : NULL;
    if (!f)
        return;
    f->count++;
    if (strcmp(at, f->last) > 0)
        snprintf(f->last, sizeof f->last, "%s", at);
    if (v->only && strcmp(v->only, rule) == 0 && json_array_size(v->firings) < SHOWN_FIRINGS)
        json_array_append_new(v->firings, json_pack("{s:s,s:I,s:s,s:O,s:O}", "log", log, "index", index, "at", at, "decision", json_object_get(verdict, "decision"),
                                                    "action", json_object_get(verdict, "action")));
}

static void keep_place(void *arg, const cu_store_entry *x)
{
    json_array_append_new(arg, json_pack("{s:I,s:s}", "index", (json_int_t)x->index, "at", x->ts));
}

static void read_places(view *v, const char *folder, const char *log)
{
    char dir[4300];
    cu_log *l;
    cu_fault f;
    json_t *place, *verdict;
    size_t i, k;
    snprintf(dir, sizeof dir, "%s/%s", v->c->a->config->log_dir, folder);
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return;
    json_array_foreach(v->places, i, place) {
        cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
        json_int_t index = json_integer_value(json_object_get(place, "index"));
        if (cu_log_entry(l, (uint64_t)index, &leaf, &f) != CU_OK)
            continue;
        v->looked++;
        json_t *e = json_loadb((const char *)leaf.p, leaf.n, 0, NULL);
        const json_t *verdicts = json_object_get(json_object_get(json_object_get(e, "body"), "guard"), "verdicts");
        json_array_foreach(verdicts, k, verdict)
            take_verdict(v, verdict, log, index, json_string_value(json_object_get(place, "at")));
        json_decref(e);
    }
    cu_log_close(l);
}

static cu_err read_firings(view *v)
{
    static const char *const types[] = {"exchange.response", "exchange.aborted"};
    const cu_config *c = v->c->a->config;
    for (size_t t = 0; t < c->tenants_n; t++)
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            char folder[300], log[300];
            uint64_t total;
            snprintf(folder, sizeof folder, "t/%s", c->tenants[t].name);
            snprintf(log, sizeof log, "t:%s", c->tenants[t].name);
            const cu_store_entry_filter w = {.log = folder, .type = types[k]};
            v->places = json_array();
            cu_err e = cu_store_entries(v->c->a->store, &w, 0, LOOKED_AT, keep_place, v->places, &total);
            if (e == CU_OK)
                read_places(v, folder, log);
            json_decref(v->places);
            CU_TRY(e);
        }
    return CU_OK;
}

static json_t *fired_json(view *v, const char *rule)
{
    for (size_t i = 0; i < v->fired_n; i++)
        if (strcmp(v->fired[i].rule, rule) == 0)
            return json_pack("{s:I,s:s}", "count", (json_int_t)v->fired[i].count, "last", v->fired[i].last);
    return json_pack("{s:I,s:n}", "count", (json_int_t)0, "last");
}

/* --- the three kinds --- */

static json_t *command_json(view *v, const cu_command_rule *r, bool whole)
{
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:[s],s:[],s:o}", "id", r->id, "kind", "command", "title", r->title, "decision", r->decision == CU_COMMAND_BLOCK ? "block" : "hold",
                          "message", r->message, "fix", r->instead, "languages", "shell", "cwe", "fired", fired_json(v, r->id));
    if (whole)
        json_object_update_new(o, json_pack("{s:o,s:o}", "match", words(&r->match), "not_match", words(&r->not_match)));
    return o;
}

static json_t *code_json(view *v, const cu_code_part *p, const cu_code_rule *r, bool whole)
{
    json_t *cwe = json_array(), *languages = json_array();
    for (size_t i = 0; i < r->cwe_n; i++)
        json_array_append_new(cwe, json_integer((json_int_t)r->cwe[i]));
    for (unsigned l = 0; l < CU_CODE_LANG_COUNT; l++)
        if (p->langs >> l & 1)
            json_array_append_new(languages, json_string(cu_code_lang_name((cu_code_lang)l)));
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "id", r->id, "kind", "code", "title", r->title, "decision", r->block ? "block" : "note", "severity",
                          cu_severity_name((cu_severity)r->severity), "message", r->message, "fix", r->fix, "languages", languages, "cwe", cwe, "fired", fired_json(v, r->id));
    if (whole)
        json_object_update_new(o, json_pack("{s:o,s:o,s:o}", "match", words(&r->match), "not_match", words(&r->not_match), "anchors", words(&r->anchors)));
    return o;
}

static json_t *data_json(const cu_rule *r)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:[],s:[],s:n,s:o}", "id", r->id, "kind", "data", "title", r->title, "severity", cu_severity_name(r->severity), "message",
                     cu_type_text(r->type), "languages", "cwe", "fired", "source", text_of(r->source));
}

static unsigned open_view(call *c, view *v)
{
    const char *catalog = cu_catalog_dir();
    char dir[PATH_MAX];
    cu_fault f = {0};
    *v = (view){.c = c};
    cu_arena_init(&v->arena, PACK_ARENA);
    if (!catalog)
        return problem(c, 503, "No catalogue", "The catalogue is not beside the program.");
    v->fired = cu_arena_alloc(&v->arena, FIRED_MAX * sizeof *v->fired);
    cu_err e = v->fired ? CU_OK : CU_NOMEM;
    if (e == CU_OK && (size_t)snprintf(dir, sizeof dir, "%s/rules/commands", catalog) < sizeof dir)
        e = cu_command_pack_load(dir, &v->arena, &v->commands, &f);
    if (e == CU_OK && (size_t)snprintf(dir, sizeof dir, "%s/rules/code", catalog) < sizeof dir)
        e = cu_code_pack_load(dir, &v->arena, &v->code, &f);
    return e == CU_OK ? 0 : problem(c, 503, "The rules cannot be read", "%s", f.code ? f.text : cu_err_text(e));
}

static void add_kind(view *v, const char *kind, json_t *items)
{
    if (strcmp(kind, "command") == 0)
        for (size_t i = 0; i < v->commands.rules_n; i++)
            json_array_append_new(items, command_json(v, &v->commands.rules[i], false));
    else if (strcmp(kind, "code") == 0)
        for (size_t p = 0; p < v->code.parts_n; p++)
            for (size_t i = 0; i < v->code.parts[p].rules_n; i++)
                json_array_append_new(items, code_json(v, &v->code.parts[p], &v->code.parts[p].rules[i], false));
    else {
        struct rules *r = rules_hold(v->c->a);
        const cu_rules *all = cu_engine_rules(rules_engine(r));
        for (size_t i = 0; i < all->n; i++)
            json_array_append_new(items, data_json(&all->v[i]));
        rules_release(v->c->a, r);
    }
}

static json_t *digest_json(const uint8_t *d)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hex(hex, d, CU_SHA256_LEN);
    return json_string(hex);
}

/* One page of a kind: its items from `cursor` on. */
static json_t *page_of(json_t *items, unsigned long from, unsigned long limit, json_t **next)
{
    json_t *page = json_array();
    for (size_t i = from; i < json_array_size(items) && i < from + limit; i++)
        json_array_append(page, json_array_get(items, i));
    *next = from + limit < json_array_size(items) ? json_sprintf("%lu", from + limit) : json_null();
    return page;
}

unsigned answer_rule_list(call *c)
{
    const char *kind = c->query(c->query_arg, "kind"), *cursor = c->query(c->query_arg, "cursor"), *limit = c->query(c->query_arg, "limit");
    unsigned long from = cursor && strlen(cursor) < 7 ? strtoul(cursor, NULL, 10) : 0, n = limit && strlen(limit) < 5 ? strtoul(limit, NULL, 10) : 500;
    view v;
    json_t *next;
    kind = kind ? kind : "code";
    if ((strcmp(kind, "code") != 0 && strcmp(kind, "command") != 0 && strcmp(kind, "data") != 0) || n < 1 || n > 1000)
        return problem(c, 400, "Malformed", "kind is code, command or data; limit a number from 1 to 1000, cursor the next_cursor of an answer.");
    unsigned status = open_view(c, &v);
    cu_err e = status || strcmp(kind, "data") == 0 ? CU_OK : read_firings(&v);
    if (!status && e != CU_OK)
        status = problem(c, 500, "The log could not be read", "%s", cu_err_text(e));
    if (!status) {
        json_t *items = json_array();
        add_kind(&v, kind, items);
        json_t *page = page_of(items, from, n, &next), *packs = json_pack("{s:o,s:o}", "commands", digest_json(v.commands.digest.b), "code", digest_json(v.code.digest.b));
        status = answer_json(c, json_pack("{s:s,s:o,s:I,s:o,s:I,s:o}", "kind", kind, "packs", packs, "answers", (json_int_t)v.looked, "items", page, "total",
                                          (json_int_t)json_array_size(items), "next_cursor", next));
        json_decref(items);
    }
    cu_arena_free(&v.arena);
    return status;
}

static json_t *find(view *v, const char *id)
{
    for (size_t i = 0; i < v->commands.rules_n; i++)
        if (strcmp(v->commands.rules[i].id, id) == 0)
            return command_json(v, &v->commands.rules[i], true);
    for (size_t p = 0; p < v->code.parts_n; p++)
        for (size_t i = 0; i < v->code.parts[p].rules_n; i++)
            if (strcmp(v->code.parts[p].rules[i].id, id) == 0)
                return code_json(v, &v->code.parts[p], &v->code.parts[p].rules[i], true);
    struct rules *r = rules_hold(v->c->a);
    const cu_rules *all = cu_engine_rules(rules_engine(r));
    json_t *o = NULL;
    for (size_t i = 0; i < all->n && !o; i++)
        if (strcmp(all->v[i].id, id) == 0)
            o = data_json(&all->v[i]);
    rules_release(v->c->a, r);
    return o;
}

unsigned answer_rule(call *c)
{
    view v;
    unsigned status = open_view(c, &v);
    if (!status) {
        v.only = c->args[0];
        v.firings = json_array();
        cu_err e = read_firings(&v);
        json_t *o = e == CU_OK ? find(&v, v.only) : NULL;
        if (e != CU_OK)
            status = problem(c, 500, "The log could not be read", "%s", cu_err_text(e));
        else if (!o)
            status = problem(c, 404, "No such rule", "No rule has this id.");
        else {
            json_object_set(o, "firings", v.firings);
            json_object_set_new(o, "answers", json_integer((json_int_t)v.looked));
            status = answer_json(c, o);
        }
        json_decref(v.firings);
    }
    cu_arena_free(&v.arena);
    return status;
}
