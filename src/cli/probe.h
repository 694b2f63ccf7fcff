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
    const char *run_dir, *url;        /* of the gateway */
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
} probe_attack;

extern const probe_attack probe_isolation_attacks[];
extern const size_t probe_isolation_n;

/* Makes what the attacks need; false, and saw says why, when it cannot. */
bool probe_isolation_setup(probe *p);

/* POST to path with this key (NULL: none) and further headers ("Name: value", NULL at the end). The
 * answer is freed by the caller. False when nothing answered. */
bool probe_post(probe *p, const char *path, const char *key, const char *const *headers, const char *body, probe_answer *out);
void probe_answer_free(probe_answer *a);
/* Takes over what the sink received last; false when it received nothing or does not answer. */
bool probe_see(probe *p);
probe_verdict probe_say(probe *p, probe_verdict v, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A number of the daemon's status, by two names; -1 when there is none. */
long long probe_status(const probe *p, const char *group, const char *name);

#endif
