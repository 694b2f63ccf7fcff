/* custos control coverage: of each control, who writes what its test asks for, and whether its probes exist. */
#include <stdio.h>
#include "catalog/rules.h"
#include "comply/catalogue.h"
#include "probe.h"

typedef struct {
    size_t written, own, probes, probes_there; /* sources that are written; of own, feeds left out */
} coverage;

static const probe_case *case_of(cu_bytes name)
{
    for (size_t i = 0; i < probe_cases_n; i++)
        if (cu_eq_str(name, probe_cases[i].name))
            return &probe_cases[i];
    return NULL;
}

/* Where the run of a probe is the evidence, the probe has to be there. */
static bool is_written(const cu_source *s)
{
    return s->planned < s->events_n && (!cu_eq(s->member, CU_LIT("probe")) || case_of(s->value));
}

static coverage cover(const cu_control *k)
{
    coverage c = {.probes = k->probes_n};
    for (size_t i = 0; i < k->sources_n; i++) {
        c.own += !k->sources[i].feed;
        c.written += !k->sources[i].feed && is_written(&k->sources[i]);
    }
    for (size_t i = 0; i < k->probes_n; i++)
        c.probes_there += case_of(k->probes[i]) != NULL;
    return c;
}

/* Evidence that the product makes itself: an automatic control of which every source, feeds left out, is written. */
static bool covers(const cu_control *k)
{
    coverage c = cover(k);
    return cu_eq_str(k->automation, "auto") && c.written == c.own && (c.own || c.probes_there || k->sources_n);
}

static size_t criteria_covered(const cu_catalogue *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->criteria_n; i++) {
        bool any = false;
        for (size_t j = 0; j < c->criteria[i].controls_n; j++)
            any |= covers(c->criteria[i].controls[j]);
        n += any;
    }
    return n;
}

static void put_sources(cu_buf *b, const cu_events *events, const cu_control *k, bool json)
{
    for (size_t i = 0; i < k->sources_n; i++) {
        const cu_source *s = &k->sources[i];
        if (json)
            cu_buf_fmt(b, "%s{\"feed\":%s,\"written\":%s,\"events\":[", i ? "," : "", s->feed ? "true" : "false", is_written(s) ? "true" : "false");
        else
            cu_buf_fmt(b, "    %s", is_written(s) ? "entry  " : "MISSING");
        for (size_t e = 0; e < s->events_n; e++) {
            const cu_event *v = cu_event_find(events, s->events[e]);
            if (json)
                cu_buf_fmt(b, "%s{\"type\":\"%.*s\",\"by\":\"%.*s\"}", e ? "," : "", CU_FMT(s->events[e]), CU_FMT(v ? v->by : CU_LIT("nobody")));
            else
                cu_buf_fmt(b, "%s %.*s (%.*s)", e ? "," : "", CU_FMT(s->events[e]), CU_FMT(v ? v->by : CU_LIT("nobody")));
        }
        if (json)
            cu_buf_str(b, "]}");
        else
            cu_buf_fmt(b, "%s\n", s->feed ? "; from outside" : "");
    }
}

static void put_probes(cu_buf *b, const cu_control *k, bool json)
{
    for (size_t i = 0; i < k->probes_n; i++) {
        const probe_case *p = case_of(k->probes[i]);
        if (json)
            cu_buf_fmt(b, "%s{\"name\":\"%.*s\",\"there\":%s}", i ? "," : "", CU_FMT(k->probes[i]), p ? "true" : "false");
        else
            cu_buf_fmt(b, "    %s %.*s\n", p ? "probe  " : "MISSING probe", CU_FMT(k->probes[i]));
    }
}

static void put_one(cu_buf *b, const cu_events *events, const cu_control *k, bool json)
{
    if (json)
        cu_buf_fmt(b, "{\"id\":\"%.*s\",\"automation\":\"%.*s\",\"criteria\":[", CU_FMT(k->id), CU_FMT(k->automation));
    else
        cu_buf_fmt(b, "%.*s %.*s:", CU_FMT(k->id), CU_FMT(k->automation));
    for (size_t i = 0; i < k->criteria_n; i++)
        cu_buf_fmt(b, json ? "%s\"%.*s\"" : "%s %.*s", json && i ? "," : "", CU_FMT(k->criteria[i]->id));
    cu_buf_str(b, json ? "],\"sources\":[" : "\n");
    put_sources(b, events, k, json);
    cu_buf_str(b, json ? "],\"probes\":[" : "");
    put_probes(b, k, json);
    cu_buf_str(b, json ? "]}" : "");
}

static size_t named_probes(const cu_catalogue *c, size_t *there)
{
    cu_bytes seen[CU_CONTROLS_MAX];
    size_t n = 0;
    *there = 0;
    for (size_t i = 0; i < c->controls_n; i++)
        for (size_t j = 0; j < c->controls[i].probes_n; j++) {
            size_t k = 0;
            while (k < n && !cu_eq(seen[k], c->controls[i].probes[j]))
                k++;
            if (k < n || n == CU_CONTROLS_MAX)
                continue;
            seen[n++] = c->controls[i].probes[j];
            *there += case_of(seen[n - 1]) != NULL;
        }
    return n;
}

static void put_sums(cu_buf *b, const cu_catalogue *c, bool json)
{
    size_t whole = 0, there, named = named_probes(c, &there);
    for (size_t i = 0; i < c->controls_n; i++) {
        coverage v = cover(&c->controls[i]);
        whole += v.written == v.own;
    }
    if (json)
        cu_buf_fmt(b, "],\"controls\":%zu,\"controls_written\":%zu,\"criteria\":%zu,\"criteria_automatic\":%zu,\"probes\":%zu,\"probes_there\":%zu}\n", c->controls_n, whole,
                   c->criteria_n, criteria_covered(c), named, there);
    else
        cu_buf_fmt(b, "%zu of %zu controls: every entry that their test asks for, feeds from outside left out, is written by something.\n"
                      "%zu of %zu criteria have an automatic control of that kind.\n%zu of %zu probes that controls name exist.\n",
                   whole, c->controls_n, criteria_covered(c), c->criteria_n, there, named);
}

static int coverage_of(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_events *events;
    cu_catalogue *c;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    const char *dir = cu_run_option(r, "catalog") ? cu_run_option(r, "catalog") : cu_catalog_dir();
    cu_arena_init(&a, (size_t)64 << 20);
    if (!dir)
        return cu_run_fail(r, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    cu_err e = cu_events_load(dir, &a, &events, &f);
    if (e == CU_OK)
        e = cu_catalogue_load(dir, events, &a, &c, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (r->json)
        cu_buf_str(&out, "{\"items\":[");
    for (size_t i = 0; i < c->controls_n; i++) {
        if (r->json && i)
            cu_buf_byte(&out, ',');
        put_one(&out, events, &c->controls[i], r->json);
    }
    put_sums(&out, c, r->json);
    if ((e = cu_buf_err(&out)) != CU_OK)
        return cu_run_fail(r, e, "%s", cu_err_text(e));
    fwrite(out.p, 1, out.n, stdout);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_control_coverage = {
    .name = "control coverage", .group = "prepare", .operands = "", .run = coverage_of, .formats = "text|json",
    .summary = "which entries the tests of controls ask for, who writes them, and which probes exist",
    .details = "Of the catalogue alone: it says what can be shown, not what is (custos audit status does).",
    .options = {{"catalog", "DIR", "another folder than the one shipped"}},
};
