/* custos.yaml: every key optional; unknown keys and wrong types are refused with file, line and
 * what was expected. docs/formats/custos-yaml.md describes each key. */
#ifndef CUSTOS_CATALOG_CONFIG_H
#define CUSTOS_CATALOG_CONFIG_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/access.h"
#include "catalog/attest.h"
#include "catalog/callers.h"
#include "catalog/capacity.h"
#include "catalog/capture.h"
#include "catalog/gates.h"
#include "catalog/guard_config.h"
#include "catalog/notify_config.h"
#include "catalog/hooks.h"
#include "catalog/signin.h"
#include "catalog/types.h"
#include "catalog/vendor_terms.h"

typedef struct {
    char *text;         /* as written: "127.0.0.1:4180", "[::1]:4180" */
    char *host;         /* without brackets */
    uint16_t port;
    bool loopback;
    char *url;          /* where a client on this machine finds it: https://127.0.0.1:4443 */
    char *tls_cert;     /* file paths, NULL without TLS */
    char *tls_key;
    char *client_ca;    /* who signs client certificates; NULL: none are asked for */
    char *client_crl;   /* revoked ones, NULL without */
    bool client_required; /* without a good certificate there is no connection */
} cu_config_listen;

typedef struct {
    char *name;         /* [a-z0-9][a-z0-9-]{0,62} */
    uint8_t act[CU_TYPE_COUNT]; /* what is done with a finding of each type: 0 allow, 1 replace, 2 block */
    char *purpose[CU_TYPE_COUNT]; /* for which personal data of the type passes; NULL: it is not allowed, or no personal data */
    bool unstated[CU_TYPE_COUNT]; /* allowed without a purpose: replaced all the same */
    cu_config_limits limits;    /* of all its callers together */
    char *known_secrets; /* path of a list of exact values (catalog/known_list.h), or NULL */
} cu_config_tenant;

#define CU_PURPOSE_MAX 200u /* bytes */
#define CU_PROBE_TENANTS 3u /* probe-a, probe-b; probe-c, of which nothing is replaced but everything blocked */

typedef struct {
    bool given;
    char *decision;     /* approved | refused */
    char *by;
    char *until;        /* YYYY-MM-DD, inclusive */
    char *soc2;         /* none | type1 | type2, NULL when not said */
} cu_config_assessment;

/* Where spans of exchanges are sent (OTLP over HTTP), and what the provider is told of the trace. */
typedef struct {
    char *endpoint;     /* NULL: nowhere */
    char *header;       /* that carries the credential */
    char *credential;   /* resolved, secret; "" when there is none */
    bool upstream;      /* traceparent goes to the provider */
} cu_config_traces;

#define CU_VENDOR_UPSTREAMS 8u /* base_url and seven more */

/* One place that answers for a vendor. Scheme and path are those of base_url. */
typedef struct {
    char *host;
    uint16_t port;
    bool loopback;      /* host is this machine, by name or number */
} cu_config_upstream;

typedef struct {
    char *name;         /* as tenants */
    char *api;          /* anthropic | openai | gemini: what the server speaks */
    char *base_url;     /* http only for loopback; no user info, query or fragment */
    char *scheme, *host;
    bool loopback;      /* host is this machine, by name or number */
    uint16_t port;
    cu_config_upstream upstreams[CU_VENDOR_UPSTREAMS]; /* [0] is base_url; then in order of preference */
    size_t upstreams_n;
    char *path;         /* base path without a trailing slash, "" when none */
    char *credential;   /* resolved value, "" when none is set; secret */
    char *credential_source; /* "env:NAME" or "file:PATH", NULL when not given */
    char *models;       /* optional: prefix or exact model names, comma separated, for routing */
    cu_config_assessment assessment;
    cu_vendor_terms terms;
    struct {
        char *tenant;
        char *credential;      /* resolved, secret; "" when it was not to be resolved */
    } *credentials;     /* of single tenants, in place of credential */
    size_t credentials_n;
} cu_config_vendor;

/* What custos probe does by itself, and against what it measures. */
typedef struct {
    bool schedule;
    uint32_t after;        /* seconds from the start to the first run */
    uint32_t min_free_mib; /* room that state_dir must have */
} cu_config_probes;

/* A linter of the customer, for custos scan --code --linters. */
#define CU_CONFIG_MAX_LINTERS 16u
#define CU_CONFIG_MAX_WORDS 64u
typedef struct {
    char *name;            /* [a-z0-9-]+: part of its rules' ids */
    char *words[CU_CONFIG_MAX_WORDS + 1]; /* the program's path and its words; {paths} stands for what is scanned */
    bool junit;            /* writes JUnit's XML; else SARIF */
    uint32_t seconds, memory_mib; /* after which it is stopped; of its data */
} cu_config_linter;

/* Of persons who have keys (docs/formats/custos-yaml.md). */
typedef struct {
    bool refuse_unread;      /* no key before the policies in force are acknowledged */
    bool suspend_untrained;  /* a key stops grace_days after training ran out, or after it was issued without any */
    uint64_t grace_days;
} cu_config_holders;
cu_err cu_holders_read(const cu_yaml *root, const char *path, cu_config_holders *out, cu_fault *f) CU_MUST;

typedef struct {
    char *file;         /* path, NULL for the embedded default */
    char *state_dir;    /* absolute */
    char *log_dir;      /* absolute; state_dir/log unless said otherwise */
    char *rules;        /* absolute: a folder of rules besides the shipped ones; NULL: none */
    char *catalog;      /* absolute: a folder that adds to the shipped catalogue (catalog/overlay.h); NULL: none */
    uint32_t workers;   /* nginx workers */
    uint32_t max_body_mib;
    bool embedded;      /* no vendor configured: the sink provider answers */
    cu_config_listen *listen;
    size_t listen_n;
    cu_config_tenant *tenants;  /* behind the last come CU_PROBE_TENANTS for probes, which are not counted */
    size_t tenants_n;
    cu_config_vendor *vendors;
    size_t vendors_n;
    bool allow_unassessed;      /* vendors without an assessment may be used */
    cu_config_callers callers;
    char *trusted_ca;           /* who signs the providers' certificates; NULL: whom the system trusts */
    cu_config_listen *metrics;  /* loopback address for Prometheus, NULL: none */
    cu_config_traces traces;
    cu_access access;   /* who may send which code where */
    cu_isolation isolation;
    cu_guard_config guard; /* what is done with commands that a model wrote; folders absolute */
    cu_config_probes probes;
    cu_config_capacity capacity; /* thresholds */
    cu_config_capture capture; /* bodies that are kept */
    cu_config_linter *linters;
    size_t linters_n;
    char *master_key;   /* file:PATH, credential:NAME, pkcs11:URI; NULL: state_dir/keystore/master */
    cu_config_signin signin;
    cu_config_notify notify; /* who is told of what */
    cu_config_hooks hooks;
    cu_config_gates gates;
    cu_config_holders holders;
    cu_config_attest attest;    /* witnesses and time stamps; paths absolute */
} cu_config;

/* path NULL: ./custos.yaml when it exists, else the embedded default (one tenant "default",
 * loopback port 4180, ./state). All strings live in the arena. With resolve_credentials false,
 * env: and file: are only checked for form. */
cu_err cu_config_load(const char *path, bool resolve_credentials, cu_arena *a, cu_config *out,
                      cu_fault *f) CU_MUST;

/* Where sockets, the generated nginx.conf and the policy bundle lie: /run/custos-… as root,
 * state_dir/run otherwise, or a folder in /tmp when that is too long for a socket's name. */
cu_err cu_run_dir(const cu_config *c, char *out, size_t n) CU_MUST;

#endif
