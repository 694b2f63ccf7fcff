#include "policy_facts.h"
#include <stdio.h>
#include "catalog/types.h"

#define VALUE_MAX 2000u

typedef void (*say_fn)(app *a, cu_buf *b);

static void names(cu_buf *b, size_t n, const char *(*name)(const app *a, size_t i), const app *a, const char *none)
{
    for (size_t i = 0; i < n && b->n < 1500; i++)
        cu_buf_fmt(b, "%s%s", i ? ", " : "", name(a, i));
    if (!n)
        cu_buf_str(b, none);
}

static const char *tenant(const app *a, size_t i)
{
    return a->config->tenants[i].name;
}

static const char *vendor(const app *a, size_t i)
{
    return a->config->vendors[i].name;
}

static void say_tenants(app *a, cu_buf *b)
{
    names(b, a->config->tenants_n, tenant, a, "none");
}

static void say_vendors(app *a, cu_buf *b)
{
    names(b, a->config->vendors_n, vendor, a, "none; the built-in provider answers");
}

static void say_unassessed(app *a, cu_buf *b)
{
    cu_buf_str(b, a->config->allow_unassessed ? "used all the same, which every request records" : "refused");
}

static void say_actions(app *a, cu_buf *b)
{
    unsigned n[3] = {0};
    for (size_t i = 0; i < CU_TYPE_COUNT && a->config->tenants_n; i++)
        n[a->config->tenants[0].act[i] < 3 ? a->config->tenants[0].act[i] : 1]++;
    cu_buf_fmt(b, "%u kinds are replaced before the request leaves, %u stop it, %u pass", n[1], n[2], n[0]);
    if (a->config->tenants_n > 1)
        cu_buf_fmt(b, " (tenant %s; others may differ)", a->config->tenants[0].name);
}

static void say_rule_count(app *a, cu_buf *b)
{
    struct rules *r = rules_hold(a);
    cu_buf_fmt(b, "%zu", cu_engine_rules(rules_engine(r))->n);
    rules_release(a, r);
}

static void say_lockout(app *a, cu_buf *b)
{
    const cu_config_callers *c = &a->config->callers;
    if (c->lockout_failures)
        cu_buf_fmt(b, "After %llu wrong keys an address is shut out for %llu seconds.", (unsigned long long)c->lockout_failures, (unsigned long long)c->lockout_seconds);
    else
        cu_buf_str(b, "Wrong keys do not shut an address out.");
}

static void say_repositories(app *a, cu_buf *b)
{
    size_t n[CU_DATA_CLASSES] = {0};
    for (size_t i = 0; i < a->config->access.repos_n; i++)
        n[a->config->access.repos[i].class < CU_DATA_CLASSES ? a->config->access.repos[i].class : CU_DATA_RESTRICTED]++;
    cu_buf_fmt(b, "%zu patterns of repositories are described", a->config->access.repos_n);
    for (unsigned i = 0; i < CU_DATA_CLASSES && a->config->access.repos_n; i++)
        cu_buf_fmt(b, "%s%zu %s", i ? ", " : ": ", n[i], cu_data_class_name(i));
    cu_buf_byte(b, '.');
}

static void say_access_rules(app *a, cu_buf *b)
{
    const cu_access *x = &a->config->access;
    size_t acts[CU_ACCESS_ACTS] = {0};
    for (size_t i = 0; i < x->rules_n; i++)
        acts[x->rules[i].act < CU_ACCESS_ACTS ? x->rules[i].act : CU_ACCESS_REFUSE]++;
    if (x->rules_n)
        cu_buf_fmt(b, "%zu rules say who may send which class to whom: %zu allow, %zu cut files out, %zu refuse. The first that fits decides, and each request names it.", x->rules_n,
                   acts[0], acts[1], acts[2]);
    else
        cu_buf_str(b, "No rule narrows who may send which class to whom.");
}

static void say_limits(app *a, cu_buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->config->tenants_n; i++) {
        const cu_config_limits *l = &a->config->tenants[i].limits;
        n += l->requests_per_minute || l->tokens_per_minute || l->tokens_per_day || l->spend_per_day || l->concurrent;
    }
    cu_buf_fmt(b, "Limits on requests, tokens and spend hold for %zu of %zu tenants, and for single keys where they are set.", n, a->config->tenants_n);
}

static void say_certificates(app *a, cu_buf *b)
{
    size_t asked = 0, required = 0;
    for (size_t i = 0; i < a->config->listen_n; i++) {
        asked += a->config->listen[i].client_ca != NULL;
        required += a->config->listen[i].client_required;
    }
    cu_buf_str(b, required ? "Callers come with a certificate; without a good one there is no connection." : asked ? "Callers may come with a certificate instead of a key." : "Certificates of callers are not asked for.");
}

static void say_listen(app *a, cu_buf *b)
{
    size_t tls = 0;
    for (size_t i = 0; i < a->config->listen_n; i++)
        tls += a->config->listen[i].tls_cert != NULL;
    cu_buf_fmt(b, "The gateway listens on %zu addresses, %zu of them with TLS 1.2 or newer; without TLS only this machine itself is heard.", a->config->listen_n, tls);
}

static void span(cu_buf *b, uint64_t seconds)
{
    if (seconds % 3600 == 0)
        cu_buf_fmt(b, "%llu hours", (unsigned long long)(seconds / 3600));
    else
        cu_buf_fmt(b, "%llu minutes", (unsigned long long)(seconds / 60));
}

static void say_idle(app *a, cu_buf *b)
{
    span(b, a->config->signin.idle_s);
}

static void say_end(app *a, cu_buf *b)
{
    span(b, a->config->signin.session_s);
}

static void say_master(app *a, cu_buf *b)
{
    const char *m = a->config->master_key;
    cu_buf_str(b, !m ? "a file in the keystore" : strncmp(m, "pkcs11:", 7) == 0 ? "a hardware token" : strncmp(m, "credential:", 11) == 0 ? "the system's credential store" : "a file outside of the keystore");
}

static void say_retention(app *a, cu_buf *b)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < a->events->n; i++) {
        uint64_t d = a->events->v[i].retention_days;
        least = d && d < least ? d : least;
        most = d > most ? d : most;
    }
    cu_buf_fmt(b, "Entries are needed for %llu to %llu days by their kind, and proofs as long as the log; nothing is cut out of it.", (unsigned long long)least, (unsigned long long)most);
}

static void say_max_body(app *a, cu_buf *b)
{
    cu_buf_fmt(b, "%u", a->config->max_body_mib);
}

static void say_probes(app *a, cu_buf *b)
{
    cu_buf_str(b, a->config->probes.schedule ? "Probes attack this system on schedule, through the same paths as anybody else, and what they came to is an entry."
                                             : "Probes attack this system when somebody starts them; the schedule is switched off.");
}

static void say_witnesses(app *a, cu_buf *b)
{
    const cu_config_attest *t = &a->config->attest;
    cu_buf_str(b, t->policy && t->tsa_url ? "Witnesses outside of this system co-sign the log, and an authority stamps the time of its heads: a rewritten log would not fit."
                  : t->policy  ? "Witnesses outside of this system co-sign the log: a rewritten one would not fit."
                  : t->tsa_url ? "An authority outside of this system stamps the time of the log's heads."
                               : "Nobody outside of this system attests the log yet.");
}

static void say_upstreams(app *a, cu_buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->config->vendors_n; i++)
        n += a->config->vendors[i].upstreams_n > 1;
    cu_buf_fmt(b, "%zu vendors are approved or asked for, %zu of them with more than one place that answers; a request goes on elsewhere only before it was sent.", a->config->vendors_n, n);
}

static void say_isolation(app *a, cu_buf *b)
{
    const cu_isolation *x = &a->config->isolation;
    cu_buf_fmt(b, "Names by which a provider tells callers apart are %s; answers are %s for code of other tenants.", x->pseudonyms ? "replaced by the tenant's own" : "passed on as they are",
               x->leak_detector ? "searched" : "not searched");
}

static const struct {
    const char *name, *setting;
    say_fn say;
} facts[POLICY_FACTS] = {
    {"tenants", "custos.yaml: tenants", say_tenants},
    {"vendors", "custos.yaml: vendors", say_vendors},
    {"unassessed", "custos.yaml: allow_unassessed", say_unassessed},
    {"actions", "custos.yaml: tenants, types", say_actions},
    {"rule_count", "rules in force", say_rule_count},
    {"lockout", "custos.yaml: lockout", say_lockout},
    {"repositories", "custos.yaml: repositories", say_repositories},
    {"access_rules", "custos.yaml: access", say_access_rules},
    {"limits", "custos.yaml: tenants, limits", say_limits},
    {"client_certificates", "custos.yaml: listen", say_certificates},
    {"listen", "custos.yaml: listen", say_listen},
    {"session_idle", "custos.yaml: signin", say_idle},
    {"session_end", "custos.yaml: signin", say_end},
    {"master_key", "custos.yaml: master_key", say_master},
    {"retention", "catalog/events.yaml", say_retention},
    {"max_body", "custos.yaml: max_body_mib", say_max_body},
    {"probes", "custos.yaml: probes", say_probes},
    {"witnesses", "custos.yaml: witness, timestamps", say_witnesses},
    {"upstreams", "custos.yaml: vendors, upstreams", say_upstreams},
    {"isolation", "custos.yaml: isolation", say_isolation},
};

bool policy_fact_known(cu_bytes name)
{
    for (size_t i = 0; i < POLICY_FACTS; i++)
        if (cu_eq_str(name, facts[i].name))
            return true;
    return false;
}

cu_err policy_facts(app *a, cu_arena *arena, cu_policy_fact out[POLICY_FACTS])
{
    for (size_t i = 0; i < POLICY_FACTS; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(VALUE_MAX);
        facts[i].say(a, &b);
        CU_TRY(cu_buf_err(&b));
        out[i] = (cu_policy_fact){facts[i].name, cu_arena_str(arena, cu_buf_view(&b)), facts[i].setting};
        if (!out[i].value)
            return CU_NOMEM;
    }
    return CU_OK;
}
