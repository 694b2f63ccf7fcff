#include "paths.h"
#include <stdio.h>
#include "change_diff.h"
#include "erase.h"
#include "findings.h"
#include "gate.h"
#include "incident_desk.h"
#include "policy_desk.h"
#include "privacy_desk.h"
#include "probe_desk.h"
#include "provenance.h"
#include "report_desk.h"
#include "reviews.h"
#include "service_desk.h"
#include "timeline_desk.h"
#include "trust.h"
#include "vendor_desk.h"
#include "watch.h"
#include "accounts.h"
#include "limited.h"
#include "node.h"

#define STAFF (ROLE_OWNER | ROLE_COMPLIANCE | ROLE_SECURITY | ROLE_DEVELOPER | ROLE_APPROVER)
#define READERS (STAFF | ROLE_AUDITOR)
#define EXAMINERS (READERS & ~ROLE_DEVELOPER)
#define PUBLIC (READERS | ROLE_NOBODY)
#define KEEPERS (ROLE_OWNER | ROLE_SECURITY)       /* of keys */
#define COMPLIERS (ROLE_OWNER | ROLE_COMPLIANCE)
#define FIRST (READERS | ROLE_VISITOR)
#define SOCKET 0u                                  /* nobody but the socket */

typedef struct {
    const char *method, *path;      /* {name} stands for one part of the path */
    unsigned (*answer)(call *c);
    unsigned roles;
    limit_kind limit;               /* WHOLE unless it says so: who is limited is refused */
} operation;

static unsigned healthy(call *c)
{
    return 204;
}

/* One line an operation. To add one: a line here, its path in docs/openapi.yaml with the same roles as x-roles. */
static const operation table[] = {
    /* nginx lets this one out on the metrics address only */
    {"GET", "/metrics", answer_metrics, PUBLIC, FREE},
    /* the trust page: nothing while none is published */
    {"GET", "/trust", answer_trust, PUBLIC, FREE},
    {"GET", "/trust/leaf", answer_trust_leaf, PUBLIC, FREE},
    {"GET", "/trust/proof", answer_trust_proof, PUBLIC, FREE},
    {"GET", "/trust/vkey", answer_trust_vkey, PUBLIC, FREE},
    {"GET", "/trust/checkpoint", answer_trust_checkpoint, PUBLIC, FREE},
    {"GET", "/trust/report", answer_trust_report, PUBLIC, FREE},
    {"POST", "/trust/agreement", take_agreement, PUBLIC, FREE},
    {"GET", "/api/v1/healthz", healthy, PUBLIC, FREE},
    {"HEAD", "/api/v1/healthz", healthy, PUBLIC, FREE},
    {"GET", "/api/v1/criteria", answer_criteria, FIRST, OF_A_MOMENT},
    {"GET", "/api/v1/controls", answer_controls, FIRST, OF_A_MOMENT},
    {"GET", "/api/v1/checklist", answer_checklist, FIRST},
    {"POST", "/api/v1/try", answer_try, PUBLIC, FREE},
    {"POST", "/api/v1/session", begin_session, PUBLIC, FREE},
    {"GET", "/api/v1/session", answer_session, READERS, FREE},
    {"DELETE", "/api/v1/session", end_session, READERS, FREE},
    {"POST", "/api/v1/signin-tokens", answer_signin, SOCKET},
    {"GET", "/api/v1/oidc", answer_oidc, PUBLIC, FREE},
    {"GET", "/api/v1/oidc/start", begin_oidc, PUBLIC, FREE},
    {"GET", "/api/v1/oidc/callback", finish_oidc, PUBLIC, FREE},
    {"POST", "/api/v1/invitations", answer_invitation, PUBLIC, FREE},
    {"POST", "/api/v1/invitations/accept", accept_invitation, PUBLIC, FREE},
    {"GET", "/api/v1/account", answer_account, READERS, FREE},
    {"POST", "/api/v1/account/password", change_password, READERS, FREE},
    {"POST", "/api/v1/account/codes", offer_codes, READERS, FREE},
    {"POST", "/api/v1/account/codes/confirm", confirm_codes, READERS, FREE},
    {"DELETE", "/api/v1/account/sessions/{id}", end_own_session, READERS, FREE},
    {"GET", "/api/v1/people", answer_people, COMPLIERS | ROLE_SECURITY},
    {"POST", "/api/v1/people", add_person, ROLE_OWNER},
    {"PATCH", "/api/v1/people/{id}", change_person, ROLE_OWNER},
    {"POST", "/api/v1/people/{id}/invitation", invite_person, ROLE_OWNER},
    {"GET", "/api/v1/people/{id}/sessions", answer_person_sessions, ROLE_OWNER | ROLE_SECURITY},
    {"DELETE", "/api/v1/people/{id}/sessions", end_person_sessions, ROLE_OWNER | ROLE_SECURITY},
    {"POST", "/api/v1/checklist/answers", answer_checklist_answers, COMPLIERS | ROLE_SECURITY},
    {"POST", "/api/v1/scope", answer_scope, COMPLIERS},
    {"POST", "/api/v1/nil-returns", answer_nil_returns, COMPLIERS | ROLE_SECURITY},
    {"GET", "/api/v1/registers", answer_registers, READERS, FREE},
    {"GET", "/api/v1/records", answer_records, READERS, LIMITED},
    {"POST", "/api/v1/records", take_record_step, READERS, LIMITED}, /* each step has its own roles in catalog/events.yaml */
    {"GET", "/api/v1/records/{register}/{id}", answer_record, READERS, LIMITED},
    {"GET", "/api/v1/vendors", answer_vendors, READERS, WHOLE_NOW},
    {"GET", "/api/v1/vendors/{name}", answer_vendor, READERS, WHOLE_NOW},
    {"GET", "/api/v1/incidents", answer_incidents, READERS, WHOLE_NOW},
    {"GET", "/api/v1/incidents/{id}", answer_incident, READERS, WHOLE_NOW},
    {"GET", "/api/v1/service-levels", answer_service_levels, READERS, WHOLE_NOW},
    {"POST", "/api/v1/service-levels/samples", sample_service_levels, COMPLIERS | ROLE_SECURITY},
    {"GET", "/api/v1/privacy", answer_privacy, EXAMINERS},
    {"GET", "/api/v1/held", answer_held, COMPLIERS | ROLE_SECURITY},
    {"GET", "/api/v1/disclosures", answer_disclosures, EXAMINERS, LIMITED},
    {"GET", "/api/v1/policies", answer_policies, READERS, WHOLE_NOW},
    {"GET", "/api/v1/policies/{id}", answer_policy, READERS, WHOLE_NOW},
    {"GET", "/api/v1/changes/{commit}", answer_change, READERS, WHOLE_NOW},
    {"POST", "/api/v1/changes/{commit}/reports", take_report, COMPLIERS | ROLE_SECURITY | ROLE_DEVELOPER},
    {"GET", "/api/v1/changes/{commit}/diff", answer_change_diff, STAFF},
    {"POST", "/api/v1/changes/{commit}/diff", take_change_diff, COMPLIERS | ROLE_SECURITY | ROLE_DEVELOPER},
    {"POST", "/api/v1/changes/{commit}/diff/values", open_change_diff, KEEPERS},
    {"POST", "/api/v1/hooks/{kind}", take_hook, PUBLIC, FREE},
    {"POST", "/api/v1/provenance", answer_provenance, STAFF, OF_TENANTS},
    {"POST", "/api/v1/gate", answer_gate, STAFF},
    {"GET", "/api/v1/gate-key", answer_gate_key, READERS, FREE},
    {"GET", "/api/v1/gaps", answer_gaps, READERS, OF_A_MOMENT},
    {"POST", "/api/v1/gaps", record_gaps, COMPLIERS | ROLE_SECURITY},
    {"GET", "/api/v1/timeline", answer_timeline, READERS, WHOLE_NOW},
    {"GET", "/api/v1/heat-map", answer_heat_map, READERS, LIMITED},
    {"GET", "/api/v1/risk-suggestions", answer_risk_suggestions, EXAMINERS},
    {"GET", "/api/v1/calendar", answer_calendar, READERS, WHOLE_NOW},
    {"GET", "/api/v1/access-reviews/{id}", answer_access_review, EXAMINERS, LIMITED},
    {"GET", "/api/v1/status", answer_status, READERS, LIMITED},
    {"GET", "/api/v1/exchanges", answer_exchanges, READERS, LIMITED},
    {"GET", "/api/v1/exchanges/{id}", answer_exchange, READERS, LIMITED},
    {"GET", "/api/v1/exchange-values", answer_exchange_values, READERS, LIMITED},
    {"GET", "/api/v1/verdicts/{id}", answer_explain, READERS, LIMITED},
    {"POST", "/api/v1/verdicts/{id}/replay", answer_replay, READERS, LIMITED},
    {"GET", "/api/v1/routes", answer_routes, READERS},
    {"GET", "/api/v1/classes", answer_classes, READERS},
    {"GET", "/api/v1/bundles", answer_bundles, READERS},
    {"GET", "/api/v1/witness", answer_witness, READERS, FREE},
    {"GET", "/api/v1/populations", answer_populations, EXAMINERS, LIMITED},
    {"POST", "/api/v1/populations", freeze_population, EXAMINERS, LIMITED},
    {"GET", "/api/v1/populations/{id}", answer_population, EXAMINERS, LIMITED},
    {"GET", "/api/v1/populations/{id}/listing", answer_listing, EXAMINERS, LIMITED},
    {"POST", "/api/v1/populations/{id}/check", check_population, EXAMINERS, LIMITED},
    {"GET", "/api/v1/samples", answer_samples, EXAMINERS, LIMITED},
    {"POST", "/api/v1/samples", draw_sample, EXAMINERS, LIMITED},
    {"GET", "/api/v1/samples/{id}", answer_sample, EXAMINERS, LIMITED},
    {"GET", "/api/v1/samples/{id}/items", answer_sample_items, EXAMINERS, LIMITED},
    {"GET", "/api/v1/exports", answer_exports, EXAMINERS, LIMITED},
    {"POST", "/api/v1/exports", make_bundle, COMPLIERS, LIMITED},
    {"GET", "/api/v1/exports/{id}", answer_export, EXAMINERS, LIMITED},
    {"GET", "/api/v1/exports/{id}/bundle", answer_bundle_file, EXAMINERS, LIMITED},
    {"GET", "/api/v1/questionnaires", answer_questionnaires, EXAMINERS},
    {"POST", "/api/v1/questionnaires", import_questionnaire, COMPLIERS | ROLE_SECURITY},
    {"GET", "/api/v1/questionnaires/{id}", answer_questionnaire, EXAMINERS},
    {"POST", "/api/v1/questionnaires/{id}/answers", approve_question, COMPLIERS | ROLE_APPROVER},
    {"POST", "/api/v1/questionnaires/{id}/exports", export_questionnaire, COMPLIERS | ROLE_SECURITY | ROLE_APPROVER},
    {"GET", "/api/v1/probes", answer_probes, READERS, WHOLE_NOW},
    {"GET", "/api/v1/reports", answer_reports, EXAMINERS},
    {"POST", "/api/v1/reports", make_report, COMPLIERS | ROLE_SECURITY},
    {"POST", "/api/v1/probes", seal_probe, SOCKET},
    {"GET", "/api/v1/probe-runs", answer_probe_runs, EXAMINERS, FREE},
    {"POST", "/api/v1/probe-runs", ask_probe_run, EXAMINERS, FREE}, /* an auditor runs a probe with a value of her own */
    {"GET", "/api/v1/probe-runs/{id}", answer_probe_run, EXAMINERS, FREE},
    {"POST", "/api/v1/probe-runs/next", next_probe_run, SOCKET},
    {"POST", "/api/v1/probe-list", take_probe_list, SOCKET},
    {"POST", "/api/v1/probe-keys", answer_probe_key, SOCKET},
    {"GET", "/api/v1/logs", answer_status, READERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/checkpoint", answer_log_checkpoint, READERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/vkey", answer_log_vkey, READERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/proof", answer_log_proof, EXAMINERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/types", answer_entry_types, EXAMINERS, OF_TENANTS},
    {"GET", "/api/v1/logs/{log}/entries", answer_entries, EXAMINERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/entries/{index}", answer_log_entry, EXAMINERS, LIMITED},
    {"GET", "/api/v1/logs/{log}/entries/{index}/neighbours", answer_neighbours, EXAMINERS},
    {"GET", "/api/v1/keys", answer_keys, EXAMINERS, OF_A_MOMENT},
    {"POST", "/api/v1/keys", issue_key, KEEPERS, LIMITED},
    {"DELETE", "/api/v1/keys/{id}", revoke_key, KEEPERS, LIMITED},
    {"PATCH", "/api/v1/keys/{id}", limit_key, KEEPERS, LIMITED},
    {"POST", "/api/v1/keys/{id}/rotate", rotate_key, KEEPERS, LIMITED},
    {"GET", "/api/v1/scans", answer_scans, READERS, LIMITED},
    {"POST", "/api/v1/scans", take_scan, SOCKET},
    {"GET", "/api/v1/scans/{id}", answer_scan, READERS, LIMITED},
    {"GET", "/api/v1/scan-key", answer_scan_key, SOCKET},
    {"GET", "/api/v1/repositories", answer_repositories, READERS},
    {"GET", "/api/v1/readings", answer_readings, READERS, LIMITED},
    {"POST", "/api/v1/readings", ask_reading, STAFF, LIMITED},
    {"POST", "/api/v1/readings/{id}/decision", decide_reading, STAFF, LIMITED},
    {"POST", "/api/v1/readings/{id}/content", read_bodies, STAFF, LIMITED},
    {"POST", "/api/v1/erasures", answer_erase, SOCKET},
    {"POST", "/api/v1/log-key/rotate", answer_log_key, SOCKET},
    {"POST", "/api/v1/backups", answer_backup, SOCKET},
    {"POST", "/api/v1/restores", answer_restore, SOCKET},
    {"GET", "/api/v1/usage", answer_usage, EXAMINERS},
    {"POST", "/api/v1/usage", take_usage, COMPLIERS},
    {"GET", "/api/v1/rules", answer_rule_list, READERS},
    {"GET", "/api/v1/rules/{id}", answer_rule, READERS},
    {"POST", "/api/v1/rules/reload", answer_rules, SOCKET},
    {"POST", "/api/v1/node-checks", answer_node_check, COMPLIERS | ROLE_SECURITY},
    {"POST", "/api/v1/reconcile", answer_reconcile, SOCKET},
};
#define OPERATIONS (sizeof table / sizeof *table)

static const struct {
    unsigned role;
    const char *name;
} names[] = {{ROLE_OWNER, "owner"}, {ROLE_COMPLIANCE, "compliance"}, {ROLE_SECURITY, "security"}, {ROLE_DEVELOPER, "developer"},
             {ROLE_APPROVER, "approver"}, {ROLE_AUDITOR, "auditor"}, {ROLE_SOCKET, "operator"}, {ROLE_NOBODY, "nobody"}};

const char *role_name(unsigned role)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].role == role)
            return names[i].name;
    return "";
}

unsigned role_of(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].role;
    return 0;
}

/* The path against a pattern, part by part; what stands for a {name} goes into args. */
static bool fits(const char *pattern, const char *path, char args[3][PATH_ARG])
{
    size_t n = 0;
    args[0][0] = args[1][0] = args[2][0] = 0;
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/"), got = strcspn(++path, "/");
        if (*pattern == '{') {
            if (got == 0 || got >= PATH_ARG || n == 3)
                return false;
            memcpy(args[n], path, got);
            args[n++][got] = 0;
        } else if (want != got || memcmp(pattern, path, got) != 0) {
            return false;
        }
        pattern += want;
        path += got;
    }
    return *pattern == 0 && *path == 0;
}

/* By path and method; *known: there is the path, with other methods perhaps. */
static const operation *find(call *c, bool *known)
{
    *known = false;
    for (size_t i = 0; i < OPERATIONS; i++) {
        if (!fits(table[i].path, c->path, c->args))
            continue;
        *known = true;
        if (strcmp(table[i].method, c->method) == 0)
            return &table[i];
    }
    return NULL;
}

/* An open console asks for these by itself: they keep no session alive. */
static bool by_itself(const call *c)
{
    return strcmp(c->method, "GET") == 0 && (strcmp(c->path, "/api/v1/status") == 0 || strcmp(c->path, "/api/v1/session") == 0);
}

/* On the socket a session may be named too: then its person acts, with her rights and no others. */
static void who_asks(call *c)
{
    session s;
    c->role = ROLE_NOBODY;
    c->actor = "";
    if (c->admin && !c->token) {
        c->role = ROLE_SOCKET;
        c->actor = "operator";
        return;
    }
    if (!session_find(c->a, c->token, !by_itself(c), &s))
        return;
    if (strcmp(s.person, "operator") == 0) { /* the one-time link */
        c->role = ROLE_OWNER;
        c->actor = "operator";
    } else if (account_get(c->a, s.person, &c->who) && account_good(&c->who)) {
        c->role = role_of(c->who.role);
        c->actor = c->who.person;
    }
}

/* Who runs the programme looks at what a seat shows: with the seat's limits and rights, reading only. */
static unsigned take_seat(call *c)
{
    cu_store_account seat;
    const char *person = c->query(c->query_arg, "preview");
    if (!person || !*person)
        return 0;
    if (!(c->role & (COMPLIERS | ROLE_SOCKET)))
        return problem(c, 403, "Not allowed", "A seat is previewed by an owner or by compliance.");
    if (strcmp(c->method, "GET") != 0)
        return problem(c, 405, "Not possible", "A preview only reads.");
    if (!account_get(c->a, person, &seat) || strcmp(seat.role, "auditor") != 0)
        return problem(c, 404, "Not found", "There is no auditor's seat of this id.");
    snprintf(c->caller, sizeof c->caller, "%.*s", CU_PSEUDONYM_LEN - 1, c->actor); /* which may stand in who */
    c->actor = c->caller;
    c->who = seat;
    c->role = ROLE_AUDITOR;
    c->preview = true;
    return 0;
}

static bool open_to_nobody(call *c, const operation *o)
{
    return o && (o->roles & ROLE_NOBODY || (o->roles & ROLE_VISITOR && !accounts_any(c->a)));
}

unsigned answer(call *c)
{
    bool known;
    const operation *o = find(c, &known);
    who_asks(c);
    if (c->role == ROLE_NOBODY && !open_to_nobody(c, o))
        return problem(c, 401, "Signed out", "Sign in, open the link that custos serve printed, or make one with: custos signin");
    unsigned refused = c->role == ROLE_NOBODY ? 0 : take_seat(c);
    if (refused)
        return refused;
    if (!o && known)
        return problem(c, 405, "Not possible", "This path does not take %.10s.", c->method);
    if (!o)
        return problem(c, 404, "Not found", "There is no such path.");
    if (c->role != ROLE_SOCKET && o->roles == SOCKET)
        return problem(c, 403, "Not from here", "This is for the command line on the machine itself, which asks RUN/admin.sock.");
    if (c->role != ROLE_SOCKET && c->role != ROLE_NOBODY && !(o->roles & c->role))
        return problem(c, 403, "Not allowed", "The role %s may not do this.", role_name(c->role));
    if (limited(c)) {
        unsigned status = limit_query(c, o->limit);
        if (status)
            return status;
    }
    if (strcmp(c->method, "GET") == 0)
        record_wait(c->a);
    unsigned status = o->answer(c);
    if (c->role == ROLE_AUDITOR && status < 300 && !by_itself(c) && strncmp(o->path, "/api/v1", strlen("/api/v1")) == 0)
        view_note(c, o->path + strlen("/api/v1"));
    return status;
}
