/* Attacks on a running Custos: what they may do, and how they are judged. */
#ifndef CUSTOS_CLI_PROBE_H
#define CUSTOS_CLI_PROBE_H

#include <jansson.h>
#include "admin.h"

typedef enum { PROBE_FAILED, PROBE_BROKEN, PROBE_HELD } probe_verdict; /* failed: it could not be tried */

typedef struct {
    long status;
    char exchange[40];      /* request-id */
    cu_buf body;            /* as it came */
    cu_buf text;            /* what the model says in it, deltas joined; of a tool call its arguments */
} probe_answer;

typedef struct {
    const cu_config *config;
    const char *run_dir, *url;        /* of the gateway */
    const char *with;                 /* of the attack that runs */
    const char *planted;              /* --value, or NULL */
    bool foreign;                     /* url is what --gateway said */
    struct probe_lab *lab;            /* a second Custos, when a probe needs one */
    char sink[64];
    char key_a[64], key_b[64], key_revoked[64];
    uint64_t revoked_ns;              /* when the third key was revoked, monotonic */
    char id_a[64], id_b[64], id_revoked[64];
    char value[64], surrogate[64];    /* what tenant A sent, and what stands for it outside */
    char value_b[64];
    char code[8192];                  /* A's confidential code */
    char exchange[40];                /* of the attack's last request */
    char saw[120];                    /* what was seen, for the record: no values */
    json_t *seen;                     /* last request that the sink received: {headers, body}; owned */
} probe;

typedef struct {
    const char *id, *tried;           /* tried: one sentence */
    probe_verdict (*run)(probe *p);
    const char *with;                 /* for run, as p->with; may be NULL */
} probe_attack;

enum { PROBE_HOURLY = 3600, PROBE_DAILY = 86400 };

/* One probe: a row of the table. */
typedef struct {
    const char *name;                 /* as controls.yaml calls it, where a control does */
    const char *attacks;              /* one sentence */
    const char *controls[6];          /* ends with NULL */
    unsigned every;                   /* seconds */
    const char *needs;                /* beside a running Custos; "" for nothing */
    bool takes_value;                 /* --value is planted */
    const probe_attack *v;
    const size_t *n;
    bool (*setup)(probe *p);          /* makes what the attacks need; false, and saw says why, when it cannot. May be NULL */
    void (*end)(probe *p);            /* after the last attack, also when setup failed; may be NULL */
} probe_case;

extern const probe_case probe_cases[];
extern const size_t probe_cases_n;

#define PROBE_ATTACKS(name) extern const probe_attack probe_##name##_attacks[]; extern const size_t probe_##name##_n;
PROBE_ATTACKS(isolation)
PROBE_ATTACKS(anon)
PROBE_ATTACKS(revoked)
PROBE_ATTACKS(malformed)
PROBE_ATTACKS(limit)
PROBE_ATTACKS(canary)
PROBE_ATTACKS(blocked)
PROBE_ATTACKS(console)
PROBE_ATTACKS(record)
PROBE_ATTACKS(tamper)
PROBE_ATTACKS(rules)
PROBE_ATTACKS(disk)
PROBE_ATTACKS(vendor)
PROBE_ATTACKS(expired)
PROBE_ATTACKS(tls)
PROBE_ATTACKS(restricted)
PROBE_ATTACKS(restore)
PROBE_ATTACKS(bundle)
PROBE_ATTACKS(plain)
PROBE_ATTACKS(clock)
PROBE_ATTACKS(self)
PROBE_ATTACKS(unreviewed)
PROBE_ATTACKS(unapproved)
PROBE_ATTACKS(checks)
PROBE_ATTACKS(findings)
PROBE_ATTACKS(review)
PROBE_ATTACKS(consent)
PROBE_ATTACKS(clocks)
PROBE_ATTACKS(vuln)
PROBE_ATTACKS(alert)
PROBE_ATTACKS(factor)
PROBE_ATTACKS(model)
PROBE_ATTACKS(tool)
PROBE_ATTACKS(training)
PROBE_ATTACKS(stored)
PROBE_ATTACKS(strict)
PROBE_ATTACKS(failover)
PROBE_ATTACKS(class)
PROBE_ATTACKS(rest)
PROBE_ATTACKS(credential)
PROBE_ATTACKS(subject)
PROBE_ATTACKS(shred)
PROBE_ATTACKS(drift)
PROBE_ATTACKS(roundtrip)
PROBE_ATTACKS(code)
PROBE_ATTACKS(host)
PROBE_ATTACKS(corpus)
PROBE_ATTACKS(planted)
PROBE_ATTACKS(stage)
PROBE_ATTACKS(cut_short)
PROBE_ATTACKS(node_kill)
PROBE_ATTACKS(guard_gone)
PROBE_ATTACKS(counters)
PROBE_ATTACKS(meta)
PROBE_ATTACKS(registered)
PROBE_ATTACKS(spec)
PROBE_ATTACKS(notice)
PROBE_ATTACKS(account)
PROBE_ATTACKS(purpose)
PROBE_ATTACKS(promise)
PROBE_ATTACKS(affected)
PROBE_ATTACKS(injected)
PROBE_ATTACKS(altered)
PROBE_ATTACKS(past)
PROBE_ATTACKS(unread)
PROBE_ATTACKS(untrained)

bool probe_isolation_setup(probe *p);
bool probe_blocked_setup(probe *p);
void probe_blocked_end(probe *p);
bool probe_vendors_setup(probe *p);
bool probe_tls_setup(probe *p);
bool probe_lab_setup(probe *p);
bool probe_bundle_setup(probe *p);
bool probe_desk_setup(probe *p);
bool probe_gates_setup(probe *p);
bool probe_people_setup(probe *p);
bool probe_holders_setup(probe *p);
bool probe_purpose_setup(probe *p);
bool probe_rights_setup(probe *p);
bool probe_restore_setup(probe *p);
void probe_restore_end(probe *p);
void probe_restore_sweep(const char *state_dir); /* what runs that were killed have left */

/* POST (GET without a body) to path with this key (NULL: none) and further headers ("Name: value", NULL at the end). The
 * answer is freed by the caller. False when nothing answered. */
bool probe_post(probe *p, const char *path, const char *key, const char *const *headers, const char *body, probe_answer *out);
void probe_answer_free(probe_answer *a);
/* Takes over what the sink received last; false when it received nothing or does not answer. */
bool probe_see(probe *p);
probe_verdict probe_say(probe *p, probe_verdict v, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The entry of this type, of this id or about it, among the newest 200 of a log (as "t/probe-a"), read from its files.
 * Parsed, owned; NULL: not there (yet). wait: for at most ten seconds. */
json_t *probe_log_entry(const probe *p, const char *log, const char *id, const char *type);
json_t *probe_log_wait(const probe *p, const char *log, const char *id, const char *type);
/* A number of the daemon's status, by two names; -1 when there is none. */
long long probe_status(const probe *p, const char *group, const char *name);


/* A key of a probe's tenant; per_minute 0: no limit. */
bool probe_new_key(const probe *p, const char *tenant, unsigned seconds, unsigned per_minute, char key[64], char id[64]);
bool probe_drop_key(const probe *p, const char *id);
bool probe_find_sink(probe *p);
/* Whether one of the last requests that the sink received holds this text; the newest that does is taken over. Others may ask
 * the sink at the same time: another probe, custos demo. */
bool probe_sink_saw(probe *p, const char *text);
/* n letters by chance, and a NUL. */
void probe_word(char *out, size_t n);
/* The newest run of each probe, from the log org: an object of entries by name. */
json_t *probe_last_runs(const char *run_dir);
json_t *probe_listing(void); /* what there is; owned */
/* A request with text for the sink, of Anthropic's messages. */
bool probe_ask(probe *p, const char *key, const char *text, probe_answer *out);

#endif
