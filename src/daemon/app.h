/* What the daemon's parts share. */
#ifndef CUSTOS_DAEMON_APP_H
#define CUSTOS_DAEMON_APP_H

#include <pthread.h>
#include <sys/types.h>
#include "catalog/config.h"
#include "catalog/events.h"
#include "comply/checklist.h"
#include "comply/listing.h"
#include "comply/policies.h"
#include "comply/timeline.h"
#include "comply/runbooks.h"
#include "comply/reports.h"
#include "comply/vendors.h"
#include "detect/detect.h"
#include "ledger/log.h"
#include "ledger/spool.h"
#include "policy/bundle.h"
#include "base/seal.h"
#include "store/store.h"
#include "store/vault.h"

#define TENANT_KEYS_LEN 64 /* surrogate key, commit key */
#define PERSON_NAME 129
#define SIGNINS 64
#define TOKEN_MAX 40
#define PATH_ARG 80u

typedef struct {
    char token[TOKEN_MAX];
    uint64_t until_ns;
} secret_until;

typedef struct metrics metrics;

typedef struct {
    const cu_config *config;
    char run_dir[4096], origin[64];
    cu_store *store;
    cu_vault *vault;        /* locks itself */
    struct cu_body_keys *body_keys; /* capture.c */
    uint8_t master[CU_SEAL_KEY];
    pthread_mutex_t lock;   /* for all below */
    cu_spool_writer *spool;
    int spool_fd, keystore_fd, bodies_fd;
    uint32_t capture_day;   /* that the bundle has body keys of, and of the next */
    uint64_t bundle_version, started_ns, sealed_ns; /* sealed: last successful round */
    _Atomic bool caught_up;        /* what lay in the spool at the start is sealed and projected */
    _Atomic bool publishing;       /* the logs show entries that the projections do not have yet */
    _Atomic bool behind;           /* the last round left some of what lay in the spool, or failed */
    _Atomic uint64_t written, taken; /* entries of the daemon's own; how many of them are projected for certain */
    _Atomic bool awaited;          /* somebody waits for what was just written: the next round begins at once */
    uint64_t drained_ns; /* all that was written into the spool before it is sealed and projected */
    unsigned ready_segments;
    cu_buf recalled;     /* of the sequencer's thread: bodies of signer.recalled, a zero byte behind each; told when its round is over */
    char bundle_digest[65], trouble[320];
    char bundle_file[65], config_digest[65]; /* SHA-256 of the file as published; of custos.yaml at the start */
    secret_until signins[SIGNINS];
    struct sessions *sessions; /* locks itself */
    struct accounts *accounts; /* locks itself */
    struct rules *rules;    /* in force */
    struct cu_code *code;   /* rules for code, once a change was looked at; of code_lock */
    pthread_mutex_t code_lock;
    cu_guard_config guard;  /* as configured, with its files; memory of arena */
    pthread_mutex_t reloading; /* taken before lock */
    pthread_mutex_t desk_lock; /* one step of a register at a time; taken before lock */
    char desk_last[CU_ID_LEN + 2]; /* the entry of the last one */
    cu_arena arena;         /* criteria, events */
    cu_events *events;      /* what may be written */
    cu_catalogue *catalogue; /* criteria and controls */
    cu_checklist *checklist;
    cu_vendor_form *vendor_form;
    cu_policies *policies; /* written ones */
    cu_timeline *timeline; /* milestones of the way to a report */
    cu_runbooks *runbooks;
    cu_reports *reports;   /* templates */
    struct states *states;  /* of them; NULL until opened */
    cu_control_listings *listings;
    struct questions *questions; /* questionnaires.c; NULL until opened */
    metrics *metrics;
    struct traces *traces;  /* NULL: none are exported */
    struct health *health;  /* NULL: no upstream is checked */
    struct {
        int state;
        uint64_t overlap; /* seconds */
        cu_err result;
        char old_pk[65], new_pk[65], text[320], actor[CU_PSEUDONYM_LEN];
    } rotation;         /* log_key.c */
    struct attest *attest;
    _Atomic int64_t clock_offset_ms; /* wall time less time since boot, of which there is an entry, or at the start */
    volatile int *stop;
} app;

/* keystore.c: surrogate and commit key of a tenant, made on first use, sealed under the master key. */
cu_err keystore_tenant(app *a, const char *tenant, uint8_t out[TENANT_KEYS_LEN], cu_fault *f) CU_MUST;
/* The key of a tenant that wraps what is in the vault; made on first use. */
cu_err keystore_kek(app *a, const char *tenant, uint8_t key[CU_SEAL_KEY], cu_fault *f) CU_MUST;
/* Overwrites and removes both keys of a tenant. */
cu_err keystore_destroy_tenant(app *a, const char *tenant, cu_fault *f) CU_MUST;
/* people.c: the pseudonym of a person in a tenant (or CU_TENANT_ORG), made when there is none yet. */
cu_err person_of(app *a, const char *tenant, const char *name, char out[CU_PSEUDONYM_LEN], cu_fault *f) CU_MUST;
/* CU_NOT_FOUND: nobody of that name. */
cu_err person_find(app *a, const char *tenant, const char *name, char out[CU_PSEUDONYM_LEN], cu_fault *f) CU_MUST;
/* Who that is, as it is shown: the name; "erased" for a pseudonym that nobody is behind any more; text that is
 * no pseudonym (a service, "operator") as it is. */
void person_name(app *a, const char *pseudonym, char out[PERSON_NAME]);
bool is_pseudonym(const char *text);
/* A word for a text that names her, keyed by her key: the same each time, and nobody's once she is erased. */
cu_err person_word(app *a, const char *pseudonym, const char *text, char out[17]) CU_MUST;
/* The X25519 secret that bodies of her exchanges are sealed to; CU_NOT_FOUND once she is erased. */
cu_err person_body_secret(app *a, const char *pseudonym, uint8_t secret[32]) CU_MUST;
/* publish_access.c: the rules with pseudonyms in the place of names. */
cu_err publish_access(app *a, const cu_bundle *b, cu_arena *arena, cu_access *out) CU_MUST;
/* publish_guard.c: before the first bundle. A pack whose examples do not hold stops the start. */
cu_err guard_prepare(app *a, cu_fault *f) CU_MUST;
/* The seed that bundles are signed with, made on first use; keystore/bundle.pub gets the public key,
 * which the supervisor gives the gateway. */
cu_err keystore_bundle_key(app *a, uint8_t seed[CU_ED25519_KEY], cu_fault *f) CU_MUST;
/* The seed that statements of the gate are signed with. */
cu_err keystore_gate_key(app *a, uint8_t seed[CU_ED25519_KEY], cu_fault *f) CU_MUST;
/* 32 bytes for what archive.c seals. */
cu_err keystore_archive_key(app *a, uint8_t key[32], cu_fault *f) CU_MUST;
/* archive.c: a bundle by its digest in hex. */
cu_err archive_keep(app *a, const char *digest, cu_bytes bundle, cu_fault *f) CU_MUST;
cu_err archive_find(app *a, const char *digest, cu_buf *out, cu_fault *f) CU_MUST;
/* The same, checked and decoded; file holds its texts. */
cu_err archive_open(app *a, const char *digest, cu_buf *file, cu_arena *arena, cu_bundle *out, cu_fault *f) CU_MUST;
/* publish.c: writes the bundle from configuration and store; a leaf says so. Lock held. */
cu_err publish_bundle(app *a, cu_fault *f) CU_MUST;
cu_err publish_assessments(app *a, cu_fault *f) CU_MUST;
cu_err publish_purposes(app *a, cu_fault *f) CU_MUST;
/* record.c: one leaf of the daemon, durable on return; CU_INTERNAL when the registry of events does not
 * know it so. Lock held. id_out (CU_ID_LEN) may be NULL. */
cu_err record(app *a, const char *type, const char *tenant, const char *actor, const cu_buf *body) CU_MUST;
/* The same under an id that was chosen before. */
cu_err record_under(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, const char *id) CU_MUST;
cu_err record_as(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, char *id_out) CU_MUST;
/* Until what was written so far, and what a reader of the logs can see, is in the projections. Where sealing is behind or
 * halted there is no wait. Lock not held. */
void record_wait(app *a);

/* rules.c. What rules_hold() gives stays whole until it is released, whatever is reloaded meanwhile. */
cu_err rules_open(app *a, cu_fault *f) CU_MUST;    /* at start */
bool text_is_clean(app *a, cu_bytes text);         /* no secret is found in it: it may be written down */
cu_err rules_publish(app *a, cu_fault *f) CU_MUST; /* into the log, then for the workers */
struct rules *rules_hold(app *a);
void rules_release(app *a, struct rules *r);       /* NULL is fine */
const cu_engine *rules_engine(const struct rules *r);
void rules_status(app *a, cu_buf *out);            /* "rules":{digest,rules} */

/* attest.c: witnesses and time stamps */
cu_err attest_start(app *a, cu_fault *f) CU_MUST;
void attest_stop(app *a); /* after *stop */
void attest_wait(app *a); /* until each witness was asked once, at most 5 seconds */
/* What a witness holds against us, if our signer signed it. In the thread that talks to the signer. */
cu_err attest_show_signer(app *a, int signer_fd, cu_fault *f) CU_MUST;
void attest_status(app *a, cu_buf *b); /* members "witness" and "timestamps" */

/* log_key.c: in the thread that talks to the signer */
void log_key_serve(app *a, int signer_fd);
/* Within a round nobody may wait for the lock, of which the holder may wait for the round's end: noted, then told. */
void log_key_recalled(void *arg, const char *log, uint64_t had, uint64_t now);
void log_key_tell(app *a);

/* api.c */
typedef struct api api;
cu_err api_start(app *a, const char *socket_name, mode_t mode, bool admin, api **out, cu_fault *f) CU_MUST;
void api_stop(api *x);

/* Answers of one request; all return a status and fill out. */
typedef struct {
    app *a;
    bool admin;
    const char *method, *path;
    char args[3][PATH_ARG]; /* what stands in the places of {names} in the path's pattern, in order */
    const char *oidc_cookie; /* of a browser that was sent to the OpenID provider */
    const char *token;      /* the session's, as it was sent; NULL */
    const char *address;    /* where the call comes from; "" on the machine itself */
    bool secure;            /* through TLS */
    cu_store_account who;   /* the account of a person; all empty for the operator */
    struct narrowed {       /* what limits.c made of the query */
        const char *(*asked)(void *arg, const char *name);
        void *asked_arg;
        char tenant[64], log[80], from[CU_TIME_LEN], to[CU_TIME_LEN], as_of[CU_TIME_LEN];
    } narrow;
    const char *actor;      /* who acts, for record(): the pseudonym of a person, or "operator" */
    unsigned role;          /* one ROLE_ bit (paths.h) */
    bool preview;           /* somebody of ours, `caller`, looks at what the seat `who` shows */
    char caller[CU_PSEUDONYM_LEN];
    const char *(*query)(void *arg, const char *name);
    const char *(*header)(void *arg, const char *name); /* of the request; takes query_arg */
    void *query_arg;
    cu_bytes body;
    cu_buf *out;
    const char *type;      /* content type; application/json unless set */
    char cookie[160], disposition[96];
    char csp[240];          /* of a page */
    char location[4200];   /* of a 303 */
    int file;              /* open: its content is the answer, and it is closed when that was sent; -1: out is */
} call;
unsigned problem(call *c, unsigned status, const char *title, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
unsigned answer_status(call *c);
unsigned answer_exchanges(call *c);
unsigned answer_exchange(call *c);
#define EXCHANGE_USERS 4096u /* bytes: a name in some hundred tenants; naming the tenant helps beyond */
/* A name as what stands in entries, apart by blanks: a service's own, and the pseudonym of each tenant that knows a person of it. */
void exchange_users(const call *c, const char *name, const char *tenant, char out[EXCHANGE_USERS]);
unsigned answer_exchange_values(call *c);
unsigned answer_routes(call *c);
unsigned answer_classes(call *c);
unsigned answer_bundles(call *c);
unsigned answer_witness(call *c);
unsigned answer_entries(call *c);
unsigned answer_entry_types(call *c);
unsigned answer_neighbours(call *c);
/* The folder of the log that args[0] names, below log_dir. 0, or the status of a problem. */
unsigned log_folder(call *c, char out[80]);
bool read_index(const char *text, uint64_t *out); /* the number of an entry */
/* limit (1 to most, else 100) and cursor of a listing; false when they are malformed. */
typedef struct {
    unsigned limit;
    uint64_t before;
} page_asked;
bool read_page(const call *c, unsigned most, page_asked *out);
struct json_t;
struct json_t *assessment_at(call *c, const char *vendor, const char *at); /* what was sealed before that moment, or null */
unsigned answer_json(call *c, struct json_t *v); /* takes v; 200 */
/* Entries of the log org, newest first, with their bodies (routes.c). */
struct json_t *org_entries(call *c, const char *type, const char *to, uint64_t before, unsigned limit, uint64_t *total);
unsigned answer_probes(call *c);
unsigned seal_probe(call *c);
unsigned answer_probe_key(call *c);
void put_isolation(const app *a, cu_buf *b); /* the member "isolation" */
unsigned answer_explain(call *c);
unsigned answer_replay(call *c);
unsigned answer_log_checkpoint(call *c);
unsigned answer_log_vkey(call *c);
unsigned answer_log_entry(call *c);
unsigned answer_log_proof(call *c);
unsigned answer_log_key(call *c);
unsigned answer_criteria(call *c);
unsigned answer_controls(call *c);
unsigned answer_checklist(call *c);
unsigned answer_checklist_answers(call *c);
unsigned answer_scope(call *c);
unsigned answer_nil_returns(call *c);
/* states.c: before the first round, then with every sealed entry. */
cu_err states_open(app *a, cu_fault *f) CU_MUST;
void states_close(app *a);
cu_err states_take(app *a, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;
void states_controls(app *a, uint64_t at_ms, cu_control_status *out); /* all of them, as in the catalogue */
void states_criteria(app *a, uint64_t at_ms, cu_state *out);
/* questionnaires.c: before the first round, then with every sealed entry. */
cu_err questions_open(app *a, const char *catalog, cu_fault *f) CU_MUST;
cu_err questions_fill(app *a, cu_fault *f) CU_MUST;
void questions_close(app *a);
cu_err questions_take(app *a, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;
unsigned answer_questionnaires(call *c);
unsigned answer_questionnaire(call *c);
unsigned import_questionnaire(call *c);
unsigned approve_question(call *c);
unsigned export_questionnaire(call *c);
unsigned answer_metrics(call *c);
unsigned answer_try(call *c);
/* readings.c */
unsigned answer_readings(call *c);
unsigned ask_reading(call *c);
unsigned decide_reading(call *c);
unsigned read_bodies(call *c);
void put_bodies(call *c, const char *exchange, struct json_t *to); /* members "bodies" and "readings" of an exchange */
unsigned answer_backup(call *c);
unsigned answer_restore(call *c);
/* usage.c */
unsigned take_usage(call *c);
unsigned answer_usage(call *c);
cu_err backup_restored(app *a, cu_fault *f) CU_MUST; /* backups.c: at the first start in a restored folder */
unsigned answer_keys(call *c);
unsigned issue_key(call *c);
unsigned revoke_key(call *c);
unsigned limit_key(call *c);
unsigned rotate_key(call *c);
unsigned answer_session(call *c);
unsigned begin_session(call *c);
unsigned end_session(call *c);
unsigned answer_signin(call *c);
unsigned answer_rules(call *c);
unsigned answer_rule_list(call *c); /* rule_packs.c */
unsigned answer_rule(call *c);
unsigned answer_scans(call *c);
unsigned answer_scan(call *c);
unsigned take_scan(call *c);
unsigned answer_scan_key(call *c);
unsigned answer_repositories(call *c);
/* evidence.c: populations, samples and bundles, kept in state_dir/evidence. */
unsigned answer_populations(call *c);
unsigned freeze_population(call *c);
unsigned answer_population(call *c);
unsigned answer_listing(call *c);
unsigned check_population(call *c);
unsigned answer_samples(call *c);
unsigned draw_sample(call *c);
unsigned answer_sample(call *c);
unsigned answer_sample_items(call *c);
unsigned answer_exports(call *c);
unsigned make_bundle(call *c);
unsigned answer_export(call *c);
unsigned answer_bundle_file(call *c);
bool knows_tenant(const app *a, const char *name);
unsigned unknown_tenant(call *c, const char *name); /* a 404 that says which there are */

#endif
