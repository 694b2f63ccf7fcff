/* The nginx module: what its files share. This folder alone sees ngx_*.h. */
#ifndef CUSTOS_GATEWAY_H
#define CUSTOS_GATEWAY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>
#include "ledger/spool.h"
#include "policy/decide.h"
#include "redact/redact.h"
#include "redact/restore.h"
#include "redact/session.h"
#include "wire/shape.h"

/* A vendor's address, from nginx.conf; what it may be used for is in the bundle. */
typedef struct {
    ngx_str_t name, scheme, host, path;
} gw_vendor;

typedef struct {
    ngx_str_t catalog, spool, run; /* directories */
    ngx_array_t vendors;           /* gw_vendor */
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
    uint8_t *file;
    size_t file_n;
    unsigned refs;
    char digest[2 * CU_SHA256_LEN + 1];
} gw_bundle;

typedef enum { GW_NEW, GW_READING, GW_COMMITTING, GW_FORWARDED, GW_REFUSED } gw_step;

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
    cu_vendor_state vendor_state;
    ngx_str_t prefix, path; /* /vendor/NAME taken apart; path as the API spells it */
    ngx_str_t args;         /* the query without a key */
    cu_bytes path_model;    /* the model that the path names */
    cu_arena arena;
    cu_redaction redaction;
    cu_bytes body;          /* as received, decompressed */
    bool decoded;           /* it was compressed */
    cu_bytes model;
    bool stream;
    bool keeps_session;     /* a later request may go on from the answer's id */
    char id[CU_ID_LEN];     /* of the request leaf: the request-id that the client sees */
    bool recorded;          /* the request leaf is durable */
    uint64_t ticket;
    struct gw_exchange *next_waiting;
    bool waiting, commit_failed;
    uint64_t began_ns, forwarded_ns, scan_ns;
    /* refusal */
    ngx_uint_t status;
    const char *error_type, *reason;
    char message[400];
    bool rejection_recorded;
    /* answer */
    cu_restorer *restorer;
    cu_buf whole;           /* a JSON answer while it is collected */
    bool sse, stream_array, json, finished; /* which it is; array: Gemini without alt=sse */
    cu_answer answer;
    cu_hasher *answer_hash;
    uint64_t answer_bytes;
    ngx_chain_t *free, *busy;
} gw_exchange;

extern ngx_module_t ngx_http_custos_module;

gw_exchange *gw_find(ngx_http_request_t *r); /* NULL when the request is not ours */

/* worker.c: what a worker holds */
typedef struct {
    cu_engine *engine;
    cu_scratch *scratch;
    cu_memo *memo;
    cu_sessions *sessions;
    uint8_t rules_digest[32];
    int spool_fd, run_fd;
    cu_spool_writer *spool;
    gw_bundle *bundle;
    bool no_space;
} gw_worker;
extern gw_worker gw;
ngx_int_t gw_init_module(ngx_cycle_t *cycle);
ngx_int_t gw_init_process(ngx_cycle_t *cycle);
void gw_exit_process(ngx_cycle_t *cycle);
void gw_bundle_refresh(void);
void gw_rules_refresh(void); /* between requests: a request is judged by one set of rules */
void gw_bundle_release(gw_bundle *b);

/* commit.c */
ngx_int_t gw_commit_init(ngx_cycle_t *cycle);
void gw_commit_start(void);              /* commits what is staged, unless a commit is running */
void gw_commit_wait(gw_exchange *x);     /* calls the request's write handler when x->ticket is decided */
void gw_commit_forget(gw_exchange *x);

/* record.c: leaves */
cu_err gw_record_request(gw_exchange *x); /* stages; x->ticket */
void gw_record_answer(gw_exchange *x);
void gw_record_rejection(gw_exchange *x);

/* request.c: the order of the phases */
ngx_int_t gw_access(ngx_http_request_t *r);
/* One file a phase. NGX_OK: go on; anything else: the request is answered. */
ngx_int_t gw_check_head(gw_exchange *x);     /* head.c */
ngx_int_t gw_hide_query_key(ngx_http_request_t *r); /* key.c: before all phases */
ngx_int_t gw_authenticate(gw_exchange *x);   /* key.c: x->key, x->tenant */
ngx_int_t gw_check_body(gw_exchange *x);     /* body.c: x->redaction */
ngx_int_t gw_replace_body(gw_exchange *x);   /* body.c: what the proxy sends */
ngx_int_t gw_choose_vendor(gw_exchange *x);  /* vendor.c: x->vendor, x->address */
ngx_int_t gw_decode_body(gw_exchange *x);    /* decode.c: x->body */
/* session.c */
void gw_session_recall(gw_exchange *x, cu_bytes before); /* x->redaction.issued grows */
void gw_session_keep(gw_exchange *x);
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
/* answer.c */
ngx_int_t gw_filters_init(ngx_conf_t *cf);

#endif
