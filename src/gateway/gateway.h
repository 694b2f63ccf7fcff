/* The nginx module: what its files share. This folder alone sees ngx_*.h. */
#ifndef CUSTOS_GATEWAY_H
#define CUSTOS_GATEWAY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include "access.h"
#include "capture.h"
#include "catalog/tools.h"
#include "inspect/turn.h"
#include "ledger/spool.h"
#include "policy/decide.h"
#include "policy/limits.h"
#include "policy/lockout.h"
#include "redact/leak.h"
#include "redact/redact.h"
#include "redact/restore.h"
#include "redact/session.h"
#include "wire/shape.h"
#include "wire/trace.h"

/* A vendor's address, from nginx.conf; what it may be used for is in the bundle. */
typedef struct {
    ngx_str_t name, scheme, host, path;
} gw_vendor;

/* balance.c: several upstreams of a vendor */
typedef struct gw_balance gw_balance;

typedef struct {
    ngx_str_t catalog, spool, run, bodies; /* directories */
    ngx_str_t injected_image;              /* file; empty: the rules are compiled */
    ngx_str_t bundle_key;          /* hex: the public key that bundles are signed with */
    ngx_array_t vendors;           /* gw_vendor */
    ngx_array_t balances;          /* gw_balance * */
    unsigned places_n;             /* upstreams of them all */
    enum { GW_TRACE_OFF, GW_TRACE_ON, GW_TRACE_UPSTREAM } trace;
} gw_main_conf;

typedef struct {
    ngx_flag_t enable;
} gw_loc_conf;

/* A bundle in use; freed when the last request that began with it is done. */
typedef struct {
    cu_bundle b;
    cu_arena arena;
    struct {
        const cu_known *list; /* NULL: none */
        cu_sha256 digest;     /* of it */
    } *known;                 /* one a tenant */
    struct {
        cu_hmac_key surrogates, commits, prints;
    } *keys;                  /* one a tenant */
    uint8_t *file;
    size_t file_n;
    cu_command_pack *packs; /* beside the entries of b.guard */
    struct gw_guard_set *guards; /* made so far */
    unsigned refs;
    char digest[2 * CU_SHA256_LEN + 1];
} gw_bundle;

typedef enum { GW_NEW, GW_READING, GW_SCANNING, GW_KEEPING, GW_COMMITTING, GW_FORWARDED, GW_REFUSED } gw_step;

/* Tokens and spend (millionths) that were counted before the answer was known; at_ns 0: none. */
typedef struct {
    uint64_t tokens, spend, at_ns;
} gw_reserved;

/* injected.c: what was seen in texts from outside that speak to the model */
typedef struct {
    uint32_t looked, marked; /* texts */
    uint32_t *hits;          /* texts by rule; NULL: none was looked at */
    uint8_t mode;            /* cu_mode */
    uint64_t ns;
} gw_injected;

/* One exchange; lives in the request's pool, found again after internal redirects. */
typedef struct gw_exchange {
    ngx_http_request_t *r;
    gw_step step;
    cu_api api;             /* in whose words a refusal is made; of the route when there is one */
    const cu_route *route;  /* NULL: no path of ours */
    bool path_known;        /* it is one, for another method */
    gw_bundle *bundle;
    const cu_bundle_key *key;
    const cu_bundle_tenant *tenant;
    const cu_bundle_vendor *vendor;
    const gw_vendor *address;
    const gw_balance *balance; /* NULL: one upstream */
    unsigned place_n;       /* which of them is asked */
    ngx_str_t host;         /* of the upstream that is asked; empty: the address's */
    cu_vendor_state vendor_state;
    ngx_str_t prefix, path; /* /vendor/NAME taken apart; path as the API spells it */
    ngx_str_t args;         /* the query without a key */
    cu_bytes path_model;    /* the model that the path names */
    cu_arena arena;
    cu_redaction redaction;
    cu_bytes body;          /* as received, decompressed; after gw_check_code with what was cut and replaced there */
    ngx_chain_t *received;  /* as nginx holds it */
    uint64_t body_bytes;    /* as forwarded */
    bool released;          /* body and redaction.body are no more: release.c */
    bool decoded;           /* it was compressed */
    gw_code code;
    gw_injected injected;
    gw_capture capture;
    cu_bytes model;
    bool stream;
    uint32_t session;       /* of the client's session, 0: it names none */
    const cu_begun *begun;  /* the beginning of body that an earlier turn had; NULL: none is known */
    cu_sha256 begun_for;    /* all that decides what was found in it */
    cu_json_places places;  /* where beginnings may end that a later turn has */
    cu_bytes before;        /* the answer or conversation that this request goes on from; empty: none */
    cu_bytes conversation;  /* that the provider keeps by name, empty when there is none */
    struct gw_scan *scan;   /* NULL: not given to a thread */
    bool keeps_session;     /* a later request may go on from the answer's id */
    char id[CU_ID_LEN];     /* of the request leaf: the request-id that the client sees */
    bool recorded;          /* the request leaf is durable */
    uint64_t ticket;
    struct gw_exchange *next_waiting;
    bool waiting, commit_failed;
    cu_trace trace;         /* that it belongs to, when span is given */
    char span[17];
    struct gw_exchange *next_running, **at_running;
    const char *ended;      /* why it was ended before its time, NULL: it was not */
    bool crlf;              /* lines of the stream end so */
    bool breaker_noted;     /* how this request ended counts once */
    uint64_t began_ns, forwarded_ns, scan_ns;
    /* refusal */
    ngx_uint_t status;
    const char *error_type, *reason;
    char message[400];
    unsigned retry_after;   /* seconds, 0: not said */
    bool rejection_recorded;
    /* limits */
    bool counted;           /* is one of the caller's running requests */
    gw_reserved reserved;
    bool body_set;          /* body is not what was received: flags set as the terms say, files cut, names replaced */
    /* answer */
    cu_restorer *restorer;
    const struct gw_guard_set *guard; /* rules for commands that hold here */
    cu_turn *turn;          /* holds calls of tools until they are judged */
    cu_prints *prints;      /* of the code in the answer */
    cu_leak_watch *leak;    /* NULL: nobody to leak from */
    cu_buf whole;           /* a JSON answer while it is collected */
    bool sse, stream_array, json, finished; /* which it is; array: Gemini without alt=sse */
    cu_answer answer;
    cu_hasher *answer_hash;
    uint64_t answer_bytes;
    ngx_chain_t *free, *busy;
    ngx_chain_t *pending;   /* of a stream: what its client could not take yet */
    struct gw_judging *judging; /* NULL: nothing was given to a thread */
} gw_exchange;

extern ngx_module_t ngx_http_custos_module;

gw_exchange *gw_find(ngx_http_request_t *r); /* NULL when the request is not ours */

/* Shared by all workers, and kept by the master through reloads. */
typedef struct {
    _Atomic uint64_t bundle_version; /* of the newest bundle in use: nobody goes back behind it */
    pthread_mutex_t lock;            /* for what follows */
    cu_lockout lockout;
    pthread_mutex_t joining;         /* a conversation: what it holds and what it gets are one step */
} gw_shared;

/* worker.c: what a worker holds */
typedef struct {
    cu_engine *engine;
    cu_scratch *scratch;
    cu_memo *memo;
    cu_begun_memo *beginnings;
    cu_sessions *sessions;
    cu_leaks *leaks;        /* fingerprints of tenants' code, shared */
    uint8_t rules_digest[32];
    cu_tools tools;         /* what arguments of tools mean */
    int spool_fd, run_fd, bodies_fd;
    cu_spool_writer *spool;
    gw_bundle *bundle;
    gw_shared *shared;
    uint8_t bundle_key[CU_ED25519_KEY];
    bool no_space;
} gw_worker;
extern gw_worker gw;
ngx_int_t gw_init_module(ngx_cycle_t *cycle);
ngx_int_t gw_init_process(ngx_cycle_t *cycle);
void gw_exit_process(ngx_cycle_t *cycle);

bool gw_same_file(const struct stat *a, const struct stat *b); /* nothing was written since */

/* bundle.c: the bundle in use */
void gw_bundle_refresh(void);
void gw_rules_refresh(void); /* between requests: a request is judged by one set of rules */
void gw_bundle_release(gw_bundle *b);

/* shared.c: what all workers count together */
#define GW_LIMIT_SLOTS 16384u /* keys and tenants with limits that asked within two days */
#define GW_PROCESSES 128u     /* workers, with those that a reload lets finish */
#define GW_HOLDERS 2u         /* key and tenant */
typedef struct {
    uint64_t id;
    const char *kind;         /* "key", "tenant" */
    const cu_limits *limits;
} gw_holder;
typedef struct {
    cu_limit_kind kind;
    size_t holder;            /* whose limit */
    uint64_t wait_ns;
} gw_limit_hit;
ngx_int_t gw_shared_open(int run_fd);   /* in the master */
void gw_shared_worker(void);
/* All or none of the holders are counted. False: the table cannot be used. */
bool gw_holders_begin(gw_holder *h, size_t n, uint64_t now_ns, gw_limit_hit *hit);
bool gw_holders_reserve(gw_holder *h, size_t n, uint64_t tokens, uint64_t spend, uint64_t now_ns, gw_limit_hit *hit);
void gw_holders_end(gw_holder *h, size_t n, const gw_reserved *was, uint64_t tokens, uint64_t spend, uint64_t now_ns);
uint64_t gw_lockout_wait(const uint8_t address[16], uint64_t key); /* ns */
bool gw_joining_lock(void);
void gw_joining_unlock(void);
bool gw_lockout_note(const uint8_t address[16], uint64_t key, bool good, cu_lockout_rule rule); /* true: locked now */

/* limit.c */
typedef struct {
    uint64_t input, output, cache_read, cache_write, spend;
    bool estimated;
} gw_used;
ngx_int_t gw_limit_request(gw_exchange *x);
ngx_int_t gw_limit_tokens(gw_exchange *x);
void gw_limit_usage(const gw_exchange *x, gw_used *u);
void gw_limit_end(gw_exchange *x); /* before the end of the answer leaves, and when the exchange is over, however it ended: once */

/* commit.c */
ngx_int_t gw_commit_init(ngx_cycle_t *cycle);
void gw_commit_later(void);              /* what is staged may wait a little for company */
void gw_commit_wait(gw_exchange *x);     /* calls the request's write handler when x->ticket is decided */
void gw_commit_forget(gw_exchange *x);

/* pin.c: from now on the connections of this location to providers are checked against pins */
void gw_pin_init(ngx_http_request_t *r);

/* gather.c: fewer and larger reads and writes */
char *gw_gather_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void gw_gather_reads(const ngx_http_core_main_conf_t *core); /* when the servers of the configuration are known */

/* piece.c: while a body arrives, others have their turn */
void gw_pieces_begin(ngx_http_request_t *r);
void gw_pieces_end(ngx_http_request_t *r);

/* balance.c */
void *gw_balance_create(ngx_conf_t *cf);
char *gw_balance_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *gw_balance_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t gw_balance_open(const gw_main_conf *conf, int run_fd); /* in the master: the file for custos status */
char *gw_balance_breaker_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void gw_put_tries(cu_buf *b, const gw_exchange *x);
void gw_balance_mark(const gw_main_conf *conf, cu_bytes vendor, size_t place_n, time_t down_until);
unsigned gw_balance_number(const gw_main_conf *conf, cu_bytes vendor); /* among conf->balances; its length: none */
void gw_balance_answered(gw_exchange *x); /* the head of an answer is here */
time_t gw_retry_after(const ngx_http_request_t *r); /* seconds that the provider asks to be left alone, 0: it does not */

/* breaker.c: a vendor that does not answer is not asked for a while */
typedef struct {
    unsigned failures; /* in a row, 0: no breaker */
    time_t seconds;
} gw_breaker_rule;
const gw_breaker_rule *gw_balance_breaker(const gw_balance *b, unsigned *number);
void gw_balance_show_breaker(const gw_balance *b, time_t until); /* to custos status; 0: closed */
ngx_int_t gw_breaker_open(unsigned n); /* in the master: n vendors */
ngx_int_t gw_breaker_check(gw_exchange *x);
void gw_breaker_note(gw_exchange *x, bool answered, time_t wait);

/* health.c */
void gw_health_refresh(const gw_main_conf *conf);

/* count.c: what is counted beside what is recorded */
typedef enum { GW_REQUESTS, GW_FORWARDS, GW_VOID, GW_ANSWERED, GW_REFUSALS, GW_LEFT_OUT, GW_COUNTS } gw_counted;
bool gw_count_open(int run_fd); /* in the master */
void gw_count(gw_counted what);
void gw_count_tick(void);
void gw_count_end(void); /* before the spool is closed */

/* guard.c: calls of tools that a model wrote. Takes restored bytes; what may leave is appended to out. */
ngx_int_t gw_guard_open(ngx_cycle_t *cycle, const gw_main_conf *conf); /* in the master */
cu_err gw_guard_start(void);                                           /* in a worker */
void gw_guard_stop(void);
ngx_int_t gw_guard_begin(gw_exchange *x);
void gw_guard_forget(gw_exchange *x); /* when its record is written */
cu_err gw_guard_stream(gw_exchange *x, cu_bytes restored, bool last, bool in_thread, cu_buf *out) CU_MUST;
cu_err gw_guard_json(gw_exchange *x, cu_bytes restored, bool in_thread, cu_buf *room, cu_bytes *out) CU_MUST;

/* judge.c: a large call, or a large answer, is judged in a thread. */
typedef struct gw_judging {
    gw_exchange *x;
    ngx_thread_task_t task;
    cu_buf in, out;          /* restored bytes, and what may leave; in holds none of a whole answer that was left as it is */
    cu_bytes text, judged;   /* of in, or of x->whole; of a whole answer what leaves */
    void (*resume)(gw_exchange *x); /* in the event loop; frees nothing of x */
    bool running, ready, last, json, gone;
    cu_err err;
} gw_judging;
ngx_int_t gw_judge_init(ngx_cycle_t *cycle);
bool gw_judge_takes_long(const gw_exchange *x, cu_bytes restored, bool last);
/* Takes what `in` holds. False: it could not be given to the thread, and nothing was taken. */
bool gw_judge_give(gw_exchange *x, cu_buf *in, cu_bytes text, bool last, void (*resume)(gw_exchange *x));
void gw_put_guard(cu_buf *b, const gw_exchange *x); /* member guard, or nothing */
/* prints.c: fingerprints of the code in an answer */
ngx_int_t gw_prints_begin(gw_exchange *x);
void gw_prints_forget(gw_exchange *x);
void gw_prints_record(gw_exchange *x); /* entries output.printed, when there is anything to print */

/* injected.c */
ngx_int_t gw_injected_open(ngx_cycle_t *cycle, const gw_main_conf *conf); /* in the master */
cu_err gw_injected_start(void);                                           /* in a worker */
void gw_injected_stop(void);
void gw_injected_key(const gw_exchange *x, cu_sha256 *digest); /* becomes one of beginnings that were looked at in this way, too */
cu_err gw_injected_look(gw_exchange *x, cu_json_strings *s, bool in_thread) CU_MUST; /* may change x->body and move s along */
const char *gw_injected_blocks(const gw_exchange *x); /* the rule for which the request may not leave, or NULL */
void gw_put_injected(cu_buf *b, const gw_exchange *x); /* member injected, or nothing */

/* guard_rules.c */
bool gw_guard_applies(const gw_exchange *x, const cu_guard_entry *e);
typedef struct gw_guard_set gw_guard_set;
cu_err gw_guard_shipped(const char *catalog, cu_fault *f) CU_MUST;
cu_err gw_guard_take(gw_bundle *b, cu_fault *f) CU_MUST; /* with a new bundle */
void gw_guard_release(gw_bundle *b);
const gw_guard_set *gw_guard_of(gw_exchange *x);        /* NULL: no memory */
const cu_guard *gw_guard_rules(const gw_guard_set *s);
cu_err gw_guard_modes(gw_exchange *x, cu_modes *m) CU_MUST;
void gw_put_packs(cu_buf *b, const gw_guard_set *s);

/* record.c: leaves */
/* A word for a leaf: characters outside of a small set become _, and it is cut at max. */
void gw_put_word(cu_buf *b, const char *key, cu_bytes text, size_t max);
cu_err gw_record_request(gw_exchange *x); /* stages; x->ticket */
void gw_record_answer(gw_exchange *x);
void gw_record_rejection(gw_exchange *x);
/* A leaf beside the exchange's own, of its tenant; body holds "exchange". Of more than ten a second of
 * a worker some are left out, and their number is recorded. */
void gw_record_event(gw_exchange *x, const char *type, const cu_buf *body);
/* A leaf of the gateway itself, about no exchange. */
void gw_record_own(const char *type, const cu_buf *body);

void gw_record_of(const char *type, cu_bytes tenant, cu_bytes actor, const cu_buf *body); /* of an exchange that may be gone */

/* capture.c */
ngx_int_t gw_capture_init(ngx_cycle_t *cycle);
ngx_int_t gw_capture_request(gw_exchange *x); /* before it is recorded. NGX_AGAIN: it waits; gw_capture_end() says what came of it */
ngx_int_t gw_capture_end(gw_exchange *x);
void gw_capture_recorded(gw_exchange *x);     /* the request's entry is staged */
void gw_capture_feed(gw_exchange *x, cu_bytes answer);
void gw_capture_answer(gw_exchange *x);
void gw_capture_forget(gw_exchange *x);
void gw_capture_close(void);                  /* before the spool is closed */

/* request.c: the order of the phases */
ngx_int_t gw_access(ngx_http_request_t *r);
/* One file a phase. NGX_OK: go on; anything else: the request is answered. */
ngx_int_t gw_check_head(gw_exchange *x);     /* head.c */
ngx_int_t gw_hide_query_key(ngx_http_request_t *r); /* key.c: before all phases */
ngx_int_t gw_authenticate(gw_exchange *x);   /* key.c: x->key, x->tenant */
ngx_int_t gw_read_body(ngx_http_request_t *r, ngx_http_client_body_handler_pt arrived); /* body.c */
ngx_int_t gw_check_body(gw_exchange *x);     /* body.c: x->redaction */
/* scan.c: x->redaction. NGX_AGAIN: a thread is at it, and the request's write handler is called when it
 * is done; gw_scan_end() then says what came of it. */
typedef struct gw_scan gw_scan;
ngx_int_t gw_scan_init(ngx_cycle_t *cycle);
ngx_int_t gw_scan_body(gw_exchange *x, const cu_json_strings *s);
cu_err gw_walk_body(gw_exchange *x, cu_json_strings *s, cu_fault *f); /* x->begun, x->places */
void gw_begins_as_received(gw_exchange *x, cu_bytes received); /* after body was changed: what still holds */
ngx_int_t gw_scan_end(gw_exchange *x);
bool gw_scan_rules_free(void);          /* no thread uses the rules; false: ask again soon */
cu_err gw_scan_rules(cu_engine *e);     /* the ones in force from now on */
ngx_int_t gw_replace_body(gw_exchange *x);   /* body.c: what the proxy sends */
ngx_int_t gw_choose_vendor(gw_exchange *x);  /* vendor.c: x->vendor, x->address; x->model is known */
cu_act gw_act(const gw_exchange *x, cu_type type); /* vendor.c: what is done with a finding */
bool gw_keeps_answers(const gw_exchange *x);
ngx_int_t gw_check_terms(gw_exchange *x, cu_json_strings *s); /* terms.c: may change x->body and move s along */
ngx_int_t gw_decode_body(gw_exchange *x);    /* decode.c: x->body */
void gw_note_session(gw_exchange *x, const cu_json_strings *s); /* affinity.c: x->session */
void gw_release_body(gw_exchange *x); /* release.c: when the answer begins */
/* session.c */
void gw_session_recall(gw_exchange *x, cu_bytes before); /* x->redaction.issued grows */
void gw_session_join(gw_exchange *x, cu_bytes conversation); /* both ways: what it holds, and what it gets */
void gw_session_keep(gw_exchange *x);
/* access.c: x->code; cuts what may not leave and moves the strings. gw_put_code: the member "access". */
ngx_int_t gw_check_code(gw_exchange *x, cu_json_strings *s, cu_fault *f);
void gw_put_code(cu_buf *b, const gw_exchange *x);
/* leak.c: code of one tenant in an answer to another */
void gw_leak_learn(gw_exchange *x, const cu_json_strings *s);
void gw_leak_begin(gw_exchange *x);
void gw_leak_feed(gw_exchange *x, cu_bytes answer);
void gw_leak_end(gw_exchange *x);
/* route.c */
ngx_int_t gw_route_request(gw_exchange *x);  /* x->api, x->route, x->prefix, x->path, x->args */
void gw_route_for_vendor(gw_exchange *x);    /* again, when the bundle says what the prefix speaks */
cu_bytes gw_query(ngx_http_request_t *r, const char *name); /* raw value of a query member */
bool gw_plain_header(ngx_http_request_t *r, const char *name); /* words of a protocol, nothing else */
cu_bytes gw_of(const ngx_str_t *s);
cu_bytes gw_header(ngx_http_request_t *r, const char *name); /* the first of that name; empty when absent */
/* error.c */
ngx_int_t gw_refuse(gw_exchange *x, ngx_uint_t status, const char *type, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
ngx_int_t gw_error_page(ngx_http_request_t *r);
ngx_int_t gw_request_id(ngx_http_request_t *r, const char *id);
ngx_int_t gw_send_error(gw_exchange *x); /* what x->status, error_type, reason and message say; records nothing */
/* answer.c */
ngx_int_t gw_filters_init(ngx_conf_t *cf);
ngx_int_t gw_send_last(gw_exchange *x, cu_bytes bytes); /* the end of a stream, past the restorer */
/* trace.c */
void gw_trace_begin(gw_exchange *x);
void gw_put_trace(cu_buf *b, const gw_exchange *x); /* member trace, or nothing */
ngx_int_t gw_trace_upstream(gw_exchange *x, ngx_str_t *out);
/* ending.c */
void gw_running_add(gw_exchange *x);
void gw_running_remove(gw_exchange *x);
void gw_running_review(void);
ngx_int_t gw_still_allowed(gw_exchange *x);

#endif
