/* custos control …: the catalogue of controls, as it is shipped or as it stands in a folder. */
#include <stdio.h>
#include "catalog/rules.h"
#include "comply/catalogue.h"
#include "verb.h"

static const cu_catalogue *load(const cu_run *r, cu_arena *a, int *rc)
{
    cu_fault f = {0};
    cu_events *events;
    cu_catalogue *c = NULL;
    const char *dir = cu_run_option(r, "catalog") ? cu_run_option(r, "catalog") : cu_catalog_dir();
    cu_arena_init(a, (size_t)64 << 20);
    *rc = CU_EXIT_FAILED;
    if (!dir) {
        (void)cu_run_fail(r, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
        return NULL;
    }
    cu_err e = cu_events_load(dir, a, &events, &f);
    if (e == CU_OK)
        e = cu_catalogue_load(dir, events, a, &c, &f);
    if (e != CU_OK)
        (void)cu_run_fault(r, e, &f);
    return e == CU_OK ? c : NULL;
}

static void put_words(cu_buf *b, const char *key, const cu_bytes *v, size_t n)
{
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        cu_buf_json_string(b, v[i]);
    }
    cu_buf_byte(b, ']');
}

static void put_source(cu_buf *b, const cu_source *s)
{
    cu_buf_byte(b, '{');
    put_words(b, "events", s->events, s->events_n);
    if (s->member.n) {
        cu_buf_json_key(b, "where");
        cu_buf_byte(b, '{');
        cu_buf_json_string(b, s->member);
        cu_buf_byte(b, ':');
        cu_buf_json_string(b, s->value);
        cu_buf_byte(b, '}');
    }
    cu_buf_json_kv_u64(b, "within_hours", s->within_ns / 3600000000000ull);
    cu_buf_json_kv_bool(b, "feed", s->feed);
    cu_buf_json_kv_bool(b, "or_nil", s->or_nil);
    cu_buf_json_kv_bool(b, "planned", s->planned == s->events_n);
    cu_buf_byte(b, '}');
}

static void put_test(cu_buf *b, const cu_control *k)
{
    cu_buf_json_key(b, "test");
    cu_buf_byte(b, '{');
    put_words(b, "probes", k->probes, k->probes_n);
    cu_buf_json_key(b, "sources");
    for (size_t i = 0; i < k->sources_n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        put_source(b, &k->sources[i]);
    }
    cu_buf_str(b, k->sources_n ? "]" : "[]");
    cu_buf_json_key(b, "broken_by");
    for (size_t i = 0; i < k->breakers_n; i++) {
        cu_buf_str(b, i ? ",{" : "[{");
        put_words(b, "events", k->breakers[i].events, k->breakers[i].events_n);
        put_words(b, "until", k->breakers[i].until, k->breakers[i].until_n);
        cu_buf_byte(b, '}');
    }
    cu_buf_str(b, k->breakers_n ? "]}" : "[]}");
}

static void put_control(cu_buf *b, const cu_control *k)
{
    cu_bytes criteria[CU_LINKS_MAX];
    for (size_t i = 0; i < k->criteria_n; i++)
        criteria[i] = k->criteria[i]->id;
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", k->id);
    cu_buf_json_kv(b, "title", k->title);
    cu_buf_json_kv(b, "description", k->description);
    cu_buf_json_kv(b, "type", k->type);
    cu_buf_json_kv(b, "automation", k->automation);
    cu_buf_json_kv(b, "frequency", k->frequency);
    cu_buf_json_kv_u64(b, "fresh_hours", k->fresh_ns / 3600000000000ull);
    cu_buf_json_kv(b, "owner_role", k->owner_role);
    put_words(b, "criteria", criteria, k->criteria_n);
    cu_buf_json_kv(b, "external_feed", k->feed_from);
    cu_buf_json_kv(b, "auditor_test", k->auditor_test);
    cu_mappings_json(k, b);
    put_test(b, k);
    cu_buf_byte(b, '}');
}

static void join(cu_buf *b, const cu_bytes *v, size_t n, const char *between)
{
    for (size_t i = 0; i < n; i++)
        cu_buf_fmt(b, "%s%.*s", i ? between : "", CU_FMT(v[i]));
}

static void limit(cu_buf *b, uint64_t ns)
{
    uint64_t h = ns / 3600000000000ull;
    cu_buf_fmt(b, h > 48 && h % 24 == 0 ? "%llu days" : "%llu hours", (unsigned long long)(h > 48 && h % 24 == 0 ? h / 24 : h));
}

static void text_test(cu_buf *b, const cu_control *k)
{
    for (size_t i = 0; i < k->sources_n; i++) {
        const cu_source *s = &k->sources[i];
        cu_buf_str(b, "  entry      ");
        join(b, s->events, s->events_n, " or ");
        if (s->member.n)
            cu_buf_fmt(b, " with %.*s = %.*s", CU_FMT(s->member), CU_FMT(s->value));
        cu_buf_str(b, ", not older than ");
        limit(b, s->within_ns);
        cu_buf_fmt(b, "%s%s%s\n", s->or_nil ? ", or a nil return" : "", s->feed ? "; from outside" : "", s->planned == s->events_n ? "; nobody writes it yet" : "");
    }
    for (size_t i = 0; i < k->probes_n; i++)
        cu_buf_fmt(b, "  probe      %.*s%s\n", CU_FMT(k->probes[i]), i ? " counts as well" : "");
    for (size_t i = 0; i < k->breakers_n; i++) {
        cu_buf_str(b, "  broken by  ");
        join(b, k->breakers[i].events, k->breakers[i].events_n, " or ");
        cu_buf_str(b, k->breakers[i].until_n ? " until " : k->probes_n ? " until the probe holds" : "");
        join(b, k->breakers[i].until, k->breakers[i].until_n, " or ");
        cu_buf_byte(b, '\n');
    }
}

static void text_control(cu_buf *b, const cu_control *k)
{
    cu_buf_fmt(b, "%.*s  %.*s\n%.*s\n", CU_FMT(k->id), CU_FMT(k->title), CU_FMT(k->description));
    cu_buf_fmt(b, "  %.*s, %.*s, %.*s; owner: %.*s\n  serves    ", CU_FMT(k->type), CU_FMT(k->automation), CU_FMT(k->frequency), CU_FMT(k->owner_role));
    for (size_t i = 0; i < k->criteria_n; i++)
        cu_buf_fmt(b, " %.*s", CU_FMT(k->criteria[i]->id));
    cu_buf_byte(b, '\n');
    text_test(b, k);
    if (k->feed_from.n)
        cu_buf_fmt(b, "  needs      %.*s (%.*s)\n", CU_FMT(k->feed_from), CU_FMT(k->feed_covers));
    cu_buf_fmt(b, "  auditor    %.*s\n", CU_FMT(k->auditor_test));
    for (size_t i = 0; i < k->mappings_n; i++) {
        cu_buf_fmt(b, "  maps to    %.*s:", CU_FMT(k->mappings[i].title));
        for (size_t j = 0; j < k->mappings[i].ids_n; j++)
            cu_buf_fmt(b, " %.*s", CU_FMT(k->mappings[i].ids[j]));
        cu_buf_byte(b, '\n');
    }
}

static int print(const cu_run *r, cu_buf *out)
{
    cu_err e = cu_buf_err(out);
    if (e != CU_OK)
        return cu_run_fail(r, e, "%s", cu_err_text(e));
    fwrite(out->p, 1, out->n, stdout);
    return CU_EXIT_FINE;
}

static int list(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    int rc;
    const cu_catalogue *c = load(r, &a, &rc);
    if (!c)
        return rc;
    if (r->json)
        cu_buf_str(&out, "{\"items\":[");
    for (size_t i = 0; i < c->controls_n; i++) {
        const cu_control *k = &c->controls[i];
        if (r->json && i)
            cu_buf_byte(&out, ',');
        if (r->json)
            put_control(&out, k);
        else
            cu_buf_fmt(&out, "%-7.*s %-8.*s %-10.*s %.*s\n", CU_FMT(k->id), CU_FMT(k->automation), CU_FMT(k->frequency), CU_FMT(k->title));
    }
    if (r->json)
        cu_buf_str(&out, "]}\n");
    else
        cu_buf_fmt(&out, "%zu controls serve %zu criteria.\n", c->controls_n, c->criteria_n);
    return print(r, &out);
}

static int show(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
    int rc;
    const cu_catalogue *c = load(r, &a, &rc);
    const cu_control *k = c && r->args_n == 1 ? cu_control_find(c, cu_str(r->args[0])) : NULL;
    if (!c)
        return rc;
    if (!k)
        return cu_run_fail(r, CU_NOT_FOUND, "one id of a control is expected, such as IAM-01; custos control list shows all");
    if (r->json)
        put_control(&out, k);
    else
        text_control(&out, k);
    if (r->json)
        cu_buf_byte(&out, '\n');
    return print(r, &out);
}

const cu_verb cu_verb_control_list = {
    .name = "control list", .group = "prepare", .operands = "", .summary = "list the controls, and check the catalogue",
    .details = "Reads controls.yaml, criteria.yaml and events.yaml. A criterion that is none or that no control serves, a type of entry that is "
               "neither written nor planned, an id given twice and an unknown frequency are refused with file and line.",
    .formats = "text|json", .options = {{"catalog", "DIR", "another folder than the one shipped"}}, .run = list,
};
const cu_verb cu_verb_control_show = {
    .name = "control show", .group = "prepare", .operands = "ID", .summary = "one control: what it says, how it is tested, what it needs",
    .formats = "text|json", .options = {{"catalog", "DIR", "another folder than the one shipped"}}, .run = show,
};
