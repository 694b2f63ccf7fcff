/* custos incident …: incidents with their clocks, opening one, and whose data went where. */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

static const char *field_of(const json_t *v, const char *key)
{
    return cu_desk_text(json_object_get(v, "fields"), key);
}

static unsigned put_clocks(const json_t *v)
{
    json_t *x;
    size_t i;
    unsigned overdue = 0;
    json_array_foreach(json_object_get(v, "clocks"), i, x) {
        const char *state = cu_desk_text(x, "state");
        overdue += strcmp(state, "overdue") == 0;
        printf("  %-12s %-9s due %.16s%s%.16s\n", cu_desk_text(x, "clock"), state, cu_desk_text(x, "due"), *cu_desk_text(x, "done") ? ", done " : "", cu_desk_text(x, "done"));
    }
    return overdue;
}

static unsigned put_incident(const json_t *v)
{
    printf("%s %s: %s (%s, %s)%s%s%s%s\n", cu_desk_text(v, "id"), cu_desk_text(v, "state"), field_of(v, "title"), field_of(v, "kind"), field_of(v, "severity"),
           *field_of(v, "tenant") ? ", tenant " : "", field_of(v, "tenant"), *field_of(v, "vendor") ? ", vendor " : "", field_of(v, "vendor"));
    return put_clocks(v);
}

static int list(const cu_run *r)
{
    json_t *all = NULL, *x, *k;
    size_t i, j;
    unsigned overdue = 0;
    int rc = cu_desk_answer(r, "GET", "/api/v1/incidents", CU_NONE, &all);
    json_array_foreach(json_object_get(all, "items"), i, x) {
        if (!r->json)
            (void)put_incident(x);
        json_array_foreach(json_object_get(x, "clocks"), j, k)
            overdue += strcmp(cu_desk_text(k, "state"), "overdue") == 0;
    }
    json_decref(all);
    return rc ? rc : overdue ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static int show(const cu_run *r)
{
    char path[120];
    json_t *v = NULL, *x;
    size_t i;
    if (r->args_n != 1 || strlen(r->args[0]) > 40 || strspn(r->args[0], "INC-0123456789") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "the id of one incident is needed, such as INC-1");
    snprintf(path, sizeof path, "/api/v1/incidents/%s", r->args[0]);
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &v);
    if (rc == 0 && !r->json) {
        (void)put_incident(v);
        json_array_foreach(json_object_get(json_object_get(v, "runbook"), "steps"), i, x)
            printf("  [%c] %-8s %-8s %s\n", json_is_object(json_object_get(x, "done")) ? 'x' : ' ', cu_desk_text(x, "id"), cu_desk_text(x, "phase"), cu_desk_text(x, "do"));
        json_array_foreach(json_object_get(v, "steps"), i, x)
            printf("  %.19s %s by %s\n", cu_desk_text(x, "at"), cu_desk_text(x, "type"), cu_desk_text(x, "by"));
    }
    json_decref(v);
    return rc;
}

static int open_one(const cu_run *r)
{
    static const char *const options[] = {"kind", "severity", "detected", "tenant", "vendor"};
    json_t *fields = json_object(), *record = NULL;
    if (r->args_n != 1 || !cu_run_option(r, "kind") || !cu_run_option(r, "severity")) {
        json_decref(fields);
        return cu_run_fail(r, CU_CONFIG, "a title, --kind and --severity are needed");
    }
    json_object_set_new(fields, "title", json_string(r->args[0]));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (cu_run_option(r, options[i]))
            json_object_set_new(fields, options[i], json_string(cu_run_option(r, options[i])));
    json_t *body = json_pack("{s:s,s:o}", "type", "incident.opened", "fields", fields);
    char *text = json_dumps(body, JSON_COMPACT);
    int rc = text ? cu_desk_answer(r, "POST", "/api/v1/records", cu_str(text), &record) : cu_run_fail(r, CU_NOMEM, "%s", cu_err_text(CU_NOMEM));
    if (rc == 0 && !r->json)
        printf("%s is open. Next: custos register step incident.acknowledged incident=%s owner=NAME\n", cu_desk_text(record, "id"), cu_desk_text(record, "id"));
    free(text);
    json_decref(body);
    json_decref(record);
    return rc;
}

/* --- whose data went where --- */

static void put_line(const json_t *x)
{
    const char *kind;
    json_t *n;
    printf("%-12s %-20s %-14s %-12s %8lld  %s", cu_desk_text(x, "tenant"), cu_desk_text(x, "user"), cu_desk_text(x, "vendor"), *cu_desk_text(x, "class") ? cu_desk_text(x, "class") : "-",
           (long long)json_integer_value(json_object_get(x, "exchanges")), json_object_size(json_object_get(x, "kinds")) ? "" : "-");
    json_object_foreach(json_object_get(x, "kinds"), kind, n)
        printf("%s %lld  ", kind, (long long)json_integer_value(n));
    putchar('\n');
}

static int disclosures(const cu_run *r)
{
    static const char *const options[] = {"from", "to", "tenant", "vendor", "user"};
    cu_buf path CU_CLEAN_BUF = CU_BUF(4096);
    json_t *all = NULL, *x;
    size_t i;
    bool csv = strcmp(r->format, "csv") == 0;
    cu_buf_str(&path, "/api/v1/disclosures");
    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
        if (cu_run_option(r, options[k]))
            cu_desk_query(&path, options[k], cu_run_option(r, options[k]));
    if (csv)
        cu_desk_query(&path, "format", "csv");
    if (cu_buf_err(&path) != CU_OK)
        return cu_run_fail(r, CU_TOO_BIG, "the conditions are too long");
    int rc = csv ? cu_desk_print(r, cu_buf_cstr(&path)) : cu_desk_answer(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc == 0 && !csv && !r->json) {
        json_array_foreach(json_object_get(all, "items"), i, x)
            put_line(x);
        printf("%lld exchanges left%s\n", (long long)json_integer_value(json_object_get(all, "exchanges")),
               json_is_true(json_object_get(all, "cut_short")) ? "; the list is cut short, narrow it" : "");
    }
    json_decref(all);
    return rc;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_incident_list = {
    .name = "incident list", .group = "prepare", .operands = "", .run = list, .formats = "text|json",
    .summary = "incidents with their clocks; exit status 1 while one is overdue",
    .details = "An incident opens by itself when a leak between tenants is suspected, evidence is missing, or a vendor's notice is recorded. Limits and runbooks stand in catalog/runbooks.yaml.",
    .options = {CONFIG},
};
const cu_verb cu_verb_incident_show = {
    .name = "incident show", .group = "prepare", .operands = "ID", .run = show, .formats = "text|json",
    .summary = "one incident with clocks, runbook and what was done",
    .options = {CONFIG},
};
const cu_verb cu_verb_incident_open = {
    .name = "incident open", .group = "prepare", .operands = "TITLE", .run = open_one, .formats = "text|json",
    .summary = "opens an incident",
    .details = "What follows is taken with custos register step: incident.acknowledged, incident.step_done, incident.contained, breach.assessed, notice.sent, incident.postmortem, incident.closed.",
    .options = {CONFIG, {"kind", "KIND", "credential_left, tenant_leak, vendor_breach, evidence_missing, outage or other"},
                {"severity", "SEVERITY", "critical, high, medium or low"}, {"detected", "TIME", "when it was noticed, in UTC; now otherwise"},
                {"tenant", "NAME", "whose data is concerned"}, {"vendor", "NAME", "which vendor is concerned"}},
};
const cu_verb cu_verb_incident_disclosures = {
    .name = "incident disclosures", .group = "prepare", .operands = "", .run = disclosures, .formats = "text|json|csv",
    .summary = "whose data went where: exchanges that left, by tenant, person, vendor and class, with what was found",
    .details = "Counted from the log. What was found was replaced before it left, unless a rule let it pass. In CSV no cell is a formula.",
    .options = {CONFIG, {"from", "TIME", "exchanges from then on, in UTC"}, {"to", "TIME", "exchanges before then"}, {"tenant", "NAME", "of this tenant"},
                {"vendor", "NAME", "to this vendor"}, {"user", "NAME", "of this person or service"}},
};
