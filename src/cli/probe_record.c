/* What the record says of itself: counted against what writers counted, probes against their schedule, vendors against
 * traffic, texts against settings, accounts of disclosures against what was sent. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "probe_talk.h"

#define SEEN_MS 90000u /* the daemon looks once a minute */

/* --- gov-counter-reconcile --- */

static probe_verdict counted(probe *p)
{
    json_t *out = NULL;
    probe_answer a;
    bool ok = probe_ask(p, p->key_a, "count me", &a) && a.status == 200;
    probe_answer_free(&a);
    if (!ok)
        return probe_say(p, PROBE_FAILED, "status %ld", a.status);
    long status = probe_api(p, NULL, "POST", "/api/v1/reconcile", "{}", &out);
    const json_t *missing = json_object_get(out, "missing");
    size_t n = json_array_size(missing);
    json_int_t entries = json_integer_value(json_object_get(out, "entries"));
    bool said = json_is_array(missing) && entries > 0;
    json_decref(out);
    return status == 0 || status >= 500 ? probe_say(p, PROBE_FAILED, "the daemon could not count (%ld)", status)
           : !said                      ? probe_say(p, PROBE_BROKEN, "nothing is counted")
           : n                          ? probe_say(p, PROBE_BROKEN, "%zu counts of writers are not in the log", n)
                                        : probe_say(p, PROBE_HELD, "%lld entries: all that writers counted is there", (long long)entries);
}

const probe_attack probe_counters_attacks[] = {{"counters", "what each writer counted, held against the log", counted, NULL}};
const size_t probe_counters_n = 1;

/* --- rsk-probe-meta --- */

#define LATE_S 3600 /* a run waits for those before it */

/* Seconds since a time of the log; -1: none. */
static long long age_of(const char *text)
{
    struct tm tm = {0};
    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? (long long)time(NULL) - (long long)timegm(&tm) : -1;
}

static probe_verdict on_time(probe *p)
{
    json_t *runs = probe_last_runs(p->run_dir);
    const char *late = NULL, *never = NULL;
    unsigned late_n = 0, never_n = 0;
    for (size_t i = 0; i < probe_cases_n; i++) {
        long long age = age_of(json_string_value(json_object_get(json_object_get(runs, probe_cases[i].name), "at")));
        if (probe_cases[i].v == probe_meta_attacks)
            continue;
        if (age < 0) {
            never = probe_cases[i].name;
            never_n++;
        } else if (age > (long long)probe_cases[i].every + LATE_S) {
            late = probe_cases[i].name;
            late_n++;
        }
    }
    json_decref(runs);
    return late_n   ? probe_say(p, PROBE_BROKEN, "%u probes are late, such as %.60s", late_n, late)
           : never_n ? probe_say(p, PROBE_FAILED, "%u probes have not run yet, such as %.60s", never_n, never)
                     : probe_say(p, PROBE_HELD, "each of %zu probes has run when it was due", probe_cases_n - 1);
}

/* Good news from outside the machine, without a session and without the socket. */
static probe_verdict forged_run(probe *p)
{
    static const char run[] = "{\"probe\":\"forged\",\"controls\":[],\"results\":[{\"id\":\"x\",\"tried\":\"x\",\"saw\":\"x\",\"verdict\":\"held\",\"exchange\":\"\"}]}";
    const probe_person nobody = {0};
    return probe_must_refuse(p, probe_api(p, &nobody, "POST", "/api/v1/probes", run, NULL));
}

const probe_attack probe_meta_attacks[] = {
    {"forged-run", "a run that somebody tells of over the network", forged_run, NULL},
    {"on-time", "each probe's newest run, held against its schedule", on_time, NULL},
};
const size_t probe_meta_n = sizeof probe_meta_attacks / sizeof *probe_meta_attacks;

/* --- ven-traffic-vendor-registered --- */

static bool is_registered(const json_t *vendors, const char *name)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(vendors, "items"), i, x) {
        const char *its = json_string_value(json_object_get(x, "name"));
        if (its && strcmp(its, name) == 0)
            return json_is_object(json_object_get(x, "record"));
    }
    return false;
}

static probe_verdict vendors_of(probe *p, probe *in)
{
    json_t *went = NULL, *vendors = NULL, *x;
    size_t i;
    unsigned n = 0;
    char missing[60] = "";
    long a = probe_api(in, NULL, "GET", "/api/v1/disclosures", NULL, &went), b = probe_api(in, NULL, "GET", "/api/v1/vendors", NULL, &vendors);
    json_array_foreach(json_object_get(went, "items"), i, x) {
        const char *name = json_string_value(json_object_get(x, "vendor"));
        if (!name || strcmp(name, "sink") == 0)
            continue;
        n++;
        if (!is_registered(vendors, name))
            snprintf(missing, sizeof missing, "%.59s", name);
    }
    json_decref(went);
    json_decref(vendors);
    return a != 200 || b != 200 ? probe_say(p, PROBE_FAILED, "traffic and vendors could not be read (%ld, %ld)", a, b)
           : *missing           ? probe_say(p, PROBE_BROKEN, "%s had traffic and has no entry in the register", missing)
                                : probe_say(p, PROBE_HELD, n ? "each vendor that had traffic is in the register" : "no vendor but the sink had traffic");
}

static probe_verdict all_registered(probe *p) { return vendors_of(p, p); }

/* A vendor that nobody has registered gets traffic of a tenant. */
static probe_verdict new_registered(probe *p)
{
    char key[64], id[64];
    probe *in = probe_lab_inside(p);
    json_t *vendors = NULL;
    bool sent = false, there = false;
    if (!probe_real_key(in, "probe-vendor", NULL, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    for (int i = 0; i < 50 && !sent; i++, usleep(100000)) {
        probe_answer a;
        sent = probe_send(in, "approved", key, NULL, "hello", &a) && a.status == 200;
        probe_answer_free(&a);
    }
    cu_wipe(key, sizeof key);
    if (!sent)
        return probe_say(p, PROBE_FAILED, "the vendor could not be reached");
    for (uint64_t began = cu_mono_ns(); !there && (cu_mono_ns() - began) / 1000000 < (p->foreign ? 500 : SEEN_MS); usleep(500000)) {
        (void)probe_api(in, NULL, "GET", "/api/v1/vendors", NULL, &vendors);
        there = is_registered(vendors, "approved");
        json_decref(vendors);
        vendors = NULL;
    }
    return there ? probe_say(p, PROBE_HELD, "it was registered by itself") : probe_say(p, PROBE_BROKEN, "it has no entry %u s later", SEEN_MS / 1000);
}

const probe_attack probe_registered_attacks[] = {
    {"all-vendors", "each vendor that had traffic, looked for in the register", all_registered, NULL},
    {"new-vendor", "a vendor that nobody registered gets traffic", new_registered, NULL},
};
const size_t probe_registered_n = sizeof probe_registered_attacks / sizeof *probe_registered_attacks;

/* --- pin-spec-matches-config --- */

static probe_verdict specification(probe *p)
{
    json_t *all = NULL, *x;
    size_t i;
    char state[20] = "none";
    long status = probe_api(p, NULL, "GET", "/api/v1/policies", NULL, &all);
    json_array_foreach(json_object_get(all, "items"), i, x) {
        const char *id = json_string_value(json_object_get(x, "id")), *its = json_string_value(json_object_get(x, "state"));
        if (id && its && strcmp(id, "processing-specification") == 0)
            snprintf(state, sizeof state, "%.19s", its);
    }
    json_decref(all);
    return status != 200                   ? probe_say(p, PROBE_FAILED, "the policies could not be read (%ld)", status)
           : strcmp(state, "approved") == 0 ? probe_say(p, PROBE_HELD, "the approved specification says what runs")
           : strcmp(state, "stale") == 0    ? probe_say(p, PROBE_BROKEN, "settings have changed since it was approved")
                                            : probe_say(p, PROBE_FAILED, "no specification is approved (%s)", state);
}

const probe_attack probe_spec_attacks[] = {{"settings", "the approved processing specification, held against the running settings", specification, NULL}};
const size_t probe_spec_n = 1;

/* --- prv-notice-provider-list-current --- */

static probe_verdict providers(probe *p)
{
    json_t *v = NULL;
    long status = probe_api(p, NULL, "GET", "/api/v1/privacy", NULL, &v);
    bool any = json_array_size(json_object_get(v, "notice")) > 0, current = json_is_true(json_object_get(v, "notice_current"));
    json_decref(v);
    return status != 200 ? probe_say(p, PROBE_FAILED, "the notices could not be read (%ld)", status)
           : !any        ? probe_say(p, PROBE_FAILED, "no notice is published")
           : current     ? probe_say(p, PROBE_HELD, "it names the vendors in use")
                         : probe_say(p, PROBE_BROKEN, "it does not name the vendors in use");
}

const probe_attack probe_notice_attacks[] = {{"providers", "the newest notice, held against the vendors in use", providers, NULL}};
const size_t probe_notice_n = 1;

/* --- prv-disclosure-account, ops-affected-records-query --- */

#define SENT 3

/* So many requests of one person with an address in them. */
static bool disclose(probe *p, char user[24])
{
    char key[64], id[64], text[100];
    probe *in = probe_lab_inside(p);
    unsigned sent = 0;
    snprintf(user, 24, "probe-");
    probe_word(user + 6, 10);
    snprintf(text, sizeof text, "write to %s@%s.net", user + 6, user + 6);
    if (!probe_real_key(in, user, NULL, key, id))
        return (probe_say(p, PROBE_FAILED, "a key could not be issued"), false);
    for (int i = 0; i < 50 && sent < SENT; i++) {
        probe_answer a;
        bool ok = probe_send(in, "approved", key, NULL, text, &a) && a.status == 200;
        probe_answer_free(&a);
        sent += ok;
        if (!ok)
            usleep(100000);
    }
    cu_wipe(key, sizeof key);
    return sent == SENT || (probe_say(p, PROBE_FAILED, "the vendor could not be reached"), false);
}

/* Exchanges with findings that the account counts under this query. */
static json_int_t accounted(probe *in, const char *query, const char *kind, json_int_t want)
{
    char path[200];
    json_int_t n = -1;
    snprintf(path, sizeof path, "/api/v1/disclosures?%s", query);
    for (int i = 0; i < (in->foreign ? 3 : 100) && n != want; i++, usleep(100000)) {
        json_t *out = NULL, *x;
        size_t k;
        n = 0;
        (void)probe_api(in, NULL, "GET", path, NULL, &out);
        json_array_foreach(json_object_get(out, "items"), k, x)
            if (json_integer_value(json_object_get(json_object_get(x, "kinds"), kind)) > 0)
                n += json_integer_value(json_object_get(x, "with_findings"));
        json_decref(out);
    }
    return n;
}

static probe_verdict account_for(probe *p, const char *more)
{
    char user[24], query[120];
    probe *in = probe_lab_inside(p);
    if (!disclose(p, user))
        return PROBE_FAILED;
    snprintf(query, sizeof query, "user=%s%s", user, more);
    json_int_t n = accounted(in, query, "EMAIL_ADDRESS", SENT);
    return n == SENT ? probe_say(p, PROBE_HELD, "%d of %d exchanges are accounted for, with what was in them", SENT, SENT)
                     : probe_say(p, PROBE_BROKEN, "%lld of %d exchanges are accounted for", (long long)n, SENT);
}

static probe_verdict of_person(probe *p) { return account_for(p, ""); }
static probe_verdict of_person_and_vendor(probe *p) { return account_for(p, "&vendor=approved&tenant=default"); }

const probe_attack probe_account_attacks[] = {{"one-person", "exchanges in which personal data went out, in the account of a person", of_person, NULL}};
const size_t probe_account_n = 1;

const probe_attack probe_affected_attacks[] = {{"one-vendor", "the exchanges of a person with a vendor, as after that vendor's breach", of_person_and_vendor, NULL}};
const size_t probe_affected_n = 1;
