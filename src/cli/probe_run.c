/* custos probe: runs attacks through the live path, prints and seals what came of them. */
#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/digest.h"
#include "probe_lab.h"

static const char *const verdict_names[] = {"failed", "broken", "held"};

typedef struct {
    unsigned counts[3];
    json_t *results;       /* as the daemon takes them */
} tally;

static const char *outcome_name(const unsigned counts[3])
{
    return verdict_names[counts[PROBE_BROKEN] ? PROBE_BROKEN : counts[PROBE_FAILED] ? PROBE_FAILED : PROBE_HELD];
}

static void take(const cu_run *r, const probe *p, const probe_attack *a, probe_verdict v, tally *o)
{
    o->counts[v]++;
    json_array_append_new(o->results, json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", a->id, "tried", a->tried, "saw", p->saw, "verdict", verdict_names[v],
                                                "exchange", p->exchange));
    if (!r->json)
        printf("%-6s  %-28s %s\n        %-28s %s\n", verdict_names[v], a->id, a->tried, "", p->saw);
}

/* Every attack of a probe that cannot begin is one that could not be tried, with the reason. */
static void attack(probe *p, const cu_run *r, const probe_case *c, tally *o)
{
    char why[sizeof p->saw];
    p->saw[0] = 0;
    bool ready = !c->setup || c->setup(p);
    snprintf(why, sizeof why, "%s", p->saw);
    for (size_t i = 0; i < *c->n; i++) {
        p->exchange[0] = p->saw[0] = 0;
        p->with = c->v[i].with;
        probe_verdict v = ready ? c->v[i].run(p) : probe_say(p, PROBE_FAILED, "%s", why);
        take(r, p, &c->v[i], v, o);
    }
    if (c->end)
        c->end(p);
}

static json_t *controls_of(const probe_case *c)
{
    json_t *ids = json_array();
    for (size_t i = 0; c->controls[i]; i++)
        json_array_append_new(ids, json_string(c->controls[i]));
    return ids;
}

static int seal(const cu_run *r, const probe *p, const probe_case *c, const tally *o, bool scheduled)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    long status = 0;
    long long before = probe_status(p, "isolation", "probes");
    json_t *all = json_pack("{s:s,s:o,s:O,s:b,s:b,s:s}", "probe", c->name, "controls", controls_of(c), "results", o->results, "own_value",
                            c->takes_value && p->planted, "elsewhere", p->foreign, "started", scheduled ? "schedule" : "hand");
    if (cu_run_option(r, "request"))
        json_object_set_new(all, "request", json_string(cu_run_option(r, "request")));
    char *text = json_dumps(all, JSON_COMPACT);
    cu_err e = text ? cu_admin_call(p->run_dir, "POST", "/api/v1/probes", cu_str(text), &status, &out, &f) : CU_NOMEM;
    free(text);
    json_decref(all);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 201)
        return cu_admin_problem(r, status, &out);
    for (int i = 0; i < 100 && probe_status(p, "isolation", "probes") <= before; i++)
        usleep(50000);
    return 0;
}

static json_t *report(const cu_run *r, const probe_case *c, const tally *o)
{
    if (!r->json)
        printf("\n%s: %zu attacks: %u held, %u got through, %u could not be tried. Sealed as probe.completed in the log org.\n\n", c->name, *c->n,
               o->counts[PROBE_HELD], o->counts[PROBE_BROKEN], o->counts[PROBE_FAILED]);
    return json_pack("{s:s,s:o,s:s,s:i,s:i,s:i,s:i,s:O}", "probe", c->name, "controls", controls_of(c), "outcome", outcome_name(o->counts), "attacks", (int)*c->n,
                     "held", (int)o->counts[PROBE_HELD], "broken", (int)o->counts[PROBE_BROKEN], "failed", (int)o->counts[PROBE_FAILED], "results", o->results);
}

/* Exit status as of the verb; the report, when there is one, is added to reports. */
static int run_one(const cu_run *r, probe *p, const probe_case *c, bool scheduled, json_t *reports)
{
    tally o = {.results = json_array()};
    attack(p, r, c, &o);
    int rc = seal(r, p, c, &o, scheduled);
    json_t *said = rc ? NULL : report(r, c, &o);
    if (said)
        json_array_append_new(reports, said);
    json_decref(o.results);
    return rc ? rc : o.counts[PROBE_BROKEN] ? CU_EXIT_FOUND : o.counts[PROBE_FAILED] ? CU_EXIT_FAILED : CU_EXIT_FINE;
}

static bool begin(probe *p)
{
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return probe_find_sink(p) && probe_new_key(p, "probe-a", 3600, 0, p->key_a, p->id_a) && probe_new_key(p, "probe-b", 3600, 0, p->key_b, p->id_b);
}

static void end(probe *p)
{
    probe_drop_key(p, p->id_a);
    probe_drop_key(p, p->id_b);
    probe_lab_end(p);
    json_decref(p->seen);
    cu_wipe(p, sizeof *p);
}

static const probe_case *find(const char *name)
{
    for (size_t i = 0; i < probe_cases_n; i++)
        if (strcmp(probe_cases[i].name, name) == 0)
            return &probe_cases[i];
    return NULL;
}

/* What was broken outweighs what could not be tried. */
static int worse(int a, int b)
{
    return a == CU_EXIT_FOUND || b == CU_EXIT_FOUND ? CU_EXIT_FOUND : a ? a : b;
}

static void print_reports(const cu_run *r, const json_t *reports, bool all)
{
    json_t *o = all ? json_pack("{s:O}", "probes", reports) : json_incref(json_array_get(reports, 0));
    if (r->json && o) {
        json_dumpf(o, stdout, JSON_COMPACT);
        printf("\n");
    }
    json_decref(o);
}

#define VALUE_ROOM 300u

/* Other processes can read what a command line says, and nobody what stands on standard input. */
static const char *value_from_input(char out[VALUE_ROOM])
{
    size_t n = fread(out, 1, VALUE_ROOM - 1, stdin);
    while (n && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        n--;
    out[n] = 0;
    return out;
}

static int run(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    char given[VALUE_ROOM];
    const char *gateway = cu_run_option(r, "gateway"), *value = cu_run_option(r, "value");
    if (value && strcmp(value, "-") == 0)
        value = value_from_input(given);
    bool all = r->args_n == 1 && strcmp(r->args[0], "all") == 0;
    const probe_case *one = r->args_n == 1 ? find(r->args[0]) : NULL;
    if (!all && !one)
        return cu_run_fail(r, CU_CONFIG, "name one probe, or all; `custos probe list` lists them");
    if (value && !all && !one->takes_value)
        return cu_run_fail(r, CU_CONFIG, "%s plants no value", one->name);
    if (value && (strlen(value) < 4 || strlen(value) > 256))
        return cu_run_fail(r, CU_CONFIG, "--value has 4 to 256 bytes");
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    probe p = {.config = &c, .run_dir = run_dir, .url = gateway ? gateway : c.listen[0].url, .planted = value, .foreign = gateway != NULL};
    json_t *reports = json_array();
    if (!begin(&p))
        rc = cu_run_fail(r, CU_STATE, "Custos does not run here; start it with custos serve, with the same --config");
    for (size_t i = 0; p.key_b[0] && i < probe_cases_n; i++)
        if (all || one == &probe_cases[i])
            rc = worse(rc, run_one(r, &p, &probe_cases[i], cu_run_option(r, "scheduled") != NULL, reports));
    print_reports(r, reports, all && p.key_b[0]);
    json_decref(reports);
    end(&p);
    return rc;
}

/* --- the list --- */

/* The newest run of each probe, from the log org; by name. */
json_t *probe_last_runs(const char *run_dir)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    json_t *last = json_object(), *item;
    size_t i;
    long status;
    if (cu_admin_call(run_dir, "GET", "/api/v1/logs/org/entries?type=probe.completed&bodies=yes&limit=1000", CU_NONE, &status, &out, NULL) != CU_OK || status != 200)
        return last;
    json_t *all = json_loadb((const char *)out.p, out.n, 0, NULL);
    json_array_foreach(json_object_get(all, "items"), i, item) {
        const json_t *body = json_object_get(item, "body");
        const char *name = json_string_value(json_object_get(body, "probe"));
        if (name && !json_object_get(last, name))
            json_object_set(last, name, item);
    }
    json_decref(all);
    return last;
}

json_t *probe_listing(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < probe_cases_n; i++) {
        const probe_case *c = &probe_cases[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:i,s:s,s:b}", "name", c->name, "attacks", c->attacks, "controls", controls_of(c), "every_seconds", (int)c->every,
                                              "needs", c->needs, "takes_value", c->takes_value));
    }
    return list;
}

static void print_case(const cu_run *r, const probe_case *c, const json_t *last, json_t *list)
{
    const json_t *body = json_object_get(last, "body");
    const char *at = json_string_value(json_object_get(last, "at")), *outcome = json_string_value(json_object_get(body, "outcome"));
    json_t *controls = controls_of(c);
    if (r->json) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:O,s:i,s:i,s:s,s:b,s:s?,s:s?}", "name", c->name, "attacks", c->attacks, "controls", controls,
                                              "attempts", (int)*c->n, "every_seconds", (int)c->every, "needs", c->needs, "takes_value", c->takes_value,
                                              "last_run", at, "last_outcome", outcome));
    } else {
        printf("%-30s %-7s %3zu attacks  ", c->name, c->every == PROBE_HOURLY ? "hourly" : "daily", *c->n);
        for (size_t i = 0; c->controls[i]; i++)
            printf("%s%s", i ? ", " : "", c->controls[i]);
        printf("\n    %s\n    %s %s%s%s\n", c->attacks, outcome ? outcome : "no data:", at ? at : "not run yet", *c->needs ? "; needs " : "", c->needs);
    }
    json_decref(controls);
}

static int run_list(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    json_t *last = probe_last_runs(run_dir), *list = json_array();
    for (size_t i = 0; i < probe_cases_n; i++)
        print_case(r, &probe_cases[i], json_object_get(last, probe_cases[i].name), list);
    if (r->json) {
        json_t *o = json_pack("{s:O}", "items", list);
        json_dumpf(o, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(o);
    }
    json_decref(list);
    json_decref(last);
    return CU_EXIT_FINE;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_probe_list = {
    .name = "probe list", .group = "guard", .operands = "", .run = run_list, .formats = "text|json",
    .summary = "list the probes: what each attacks, for which controls, and how its last run ended",
    .details = "A probe that did not run yet is listed as no data.",
    .options = {CONFIG},
};

const cu_verb cu_verb_probe = {
    .name = "probe", .group = "guard", .operands = "NAME|all", .run = run, .formats = "text|json",
    .summary = "test controls by attacking the running gateway, and seal what happened",
    .details = "Tenants that exist for this only (probe-a, probe-b, probe-c) get keys for the time of the run; requests go through the gateway to "
               "the built-in sink, never to a provider, and count as nobody's traffic. The result is sealed as probe.completed in the log org, with "
               "the controls it tests and its outcome: held, broken (an attack got through) or failed (one could not be tried; that is no data, and "
               "never good news). Exit 1 when an attack got through, 2 when one could not be tried. `custos probe isolation` sends one tenant "
               "against another.",
    .options = {CONFIG, {"value", "TEXT", "plant this text instead of invented values; - reads it from standard input (custos probe list says which probes take one)"},
                {"gateway", "URL", "attack this address instead of the first listen address, for example what stands in front of it"},
                {"scheduled", NULL, "say in the record that the schedule began it"},
                {"request", "ID", "say in the record who asked for it over the API"}},
};
