/* Private to daemon/: people who may use the API, what they sign in with, and their sessions. */
#ifndef CUSTOS_DAEMON_ACCOUNTS_H
#define CUSTOS_DAEMON_ACCOUNTS_H

#include "app.h"
#include "signin/totp.h"
#include "signin/password.h"

/* --- accounts.c: the accounts, as the log has them and as they were changed a moment ago --- */
cu_err accounts_open(app *a, cu_fault *f) CU_MUST;
void accounts_close(app *a);
void accounts_take(app *a, const cu_leaf *l); /* a sealed entry */
bool account_get(app *a, const char *person, cu_store_account *out);
/* Active, joined and not expired: may sign in, and her sessions hold. */
bool account_good(const cu_store_account *x);
/* Array on the heap, to be freed; NULL when there is none. */
cu_store_account *accounts_all(app *a, size_t *n);
bool accounts_any(app *a);                    /* somebody has joined */
void account_erased(app *a, const char *person); /* at once; the entry is erasure.begun */
unsigned owners_beside(app *a, const char *person);
/* Writes an entry about an account (person.*, access.signed_in) and applies it at once. */
cu_err account_record(app *a, const char *type, const char *actor, const cu_buf *body) CU_MUST;

/* --- account_keys.c: what a person signs in with; in the vault, sealed under the organisation's key --- */
#define RECOVERY_CODES 10u
#define SUBJECT_MAX 256u
#define INVITE_TOKEN 97u /* 32 hex digits of the pseudonym, 64 of a secret */
typedef struct {
    char password[CU_PASSWORD_HASH];           /* "": none */
    uint8_t totp[CU_TOTP_SECRET];
    bool has_totp;
    uint64_t step;                             /* the last that was accepted */
    uint8_t next_totp[CU_TOTP_SECRET];         /* offered, not confirmed yet */
    uint64_t next_until;                       /* Unix seconds; 0: none is offered */
    cu_sha256 recovery[RECOVERY_CODES];
    size_t recovery_n;
    cu_sha256 invite;
    uint64_t invite_until;                     /* Unix seconds; 0: no invitation is open */
    char issuer[SUBJECT_MAX], subject[SUBJECT_MAX]; /* of the OpenID provider; "": none */
} account_keys;
/* CU_NOT_FOUND: she has none. */
cu_err account_keys_load(app *a, const char *person, account_keys *out, cu_fault *f) CU_MUST;
cu_err account_keys_save(app *a, const char *person, const account_keys *k, cu_fault *f) CU_MUST;
/* Ten fresh codes, and what is kept of them. */
void recovery_codes_new(account_keys *k, char codes[RECOVERY_CODES][CU_RECOVERY_CODE]);
bool recovery_code_use(account_keys *k, const char *code); /* takes it out */

/* --- attempts.c: how often somebody may be wrong --- */
/* Seconds until this name from this address may try again; 0: now. name: whether there is anybody of it or
 * not. One of the two may be NULL. */
uint64_t attempts_wait(const char *name, const char *address);
/* True when this failure locked something out. */
bool attempts_failed(const char *name, const char *address);
void attempts_passed(const char *name, const char *address);

/* --- session.c --- */
typedef struct {
    uint8_t hash[32];   /* SHA-256 of the token */
    char id[CU_ID_LEN], person[CU_PSEUDONYM_LEN], how[16], address[46];
    uint64_t began_ns, seen_ns, until_ns; /* 0: free */
} session;
/* A new session and its token; what the caller brought along ends. Writes access.signed_in. Sets the cookie. */
cu_err session_begin(call *c, const char *person, const char *how, char token[65]) CU_MUST;
/* touch: the session counts as used. */
bool session_find(app *a, const char *token, bool touch, session *out);
size_t sessions_of(app *a, const char *person, session *out, size_t most);
/* Ends those of a person but the one of `keep` (NULL: all); how many. */
size_t sessions_end(app *a, const char *person, const char *keep);
bool session_end_one(app *a, const char *person, const char *id);

/* --- signin.c --- */
/* Whether password and code (of the app, or for recovery) are hers; takes the same time for a person
 * without any (k NULL). Uses the code up: k is to be saved. */
bool signin_proves(app *a, account_keys *k, const char *password, const char *code);
unsigned signin_too_often(call *c, uint64_t wait_s);
void signin_refused(call *c, const char *person, const char *reason, bool locked);

/* --- two persons --- */
/* The rule of two persons, wherever one decides about what another did: person, who acts in this role, may be the
 * second when she is somebody in particular and not first (a pseudonym, "operator", or "" when nobody is known to have
 * begun). The operator of the socket and of the one-time link may be the first, never the second; before persons have
 * accounts the socket names who decides. CU_DENIED: why, in f. */
cu_err second_person(app *a, const char *person, unsigned role, const char *first, cu_fault *f) CU_MUST;

/* People, for the table. */
unsigned answer_people(call *c);
unsigned add_person(call *c);
unsigned change_person(call *c);
unsigned invite_person(call *c);
unsigned answer_person_sessions(call *c);
unsigned end_person_sessions(call *c);
unsigned answer_invitation(call *c);
unsigned accept_invitation(call *c);
unsigned answer_account(call *c);
unsigned change_password(call *c);
unsigned offer_codes(call *c);
unsigned confirm_codes(call *c);
unsigned end_own_session(call *c);
unsigned answer_oidc(call *c); /* oidc.c */
unsigned begin_oidc(call *c);
unsigned finish_oidc(call *c);

void put_account(app *a, cu_buf *b, const cu_store_account *x);
void put_list(cu_buf *b, const char *key, const char *names); /* names separated by commas */
void put_sessions(call *c, const char *person); /* the member "sessions" */
void put_session(cu_buf *b, const session *s, bool this_one);
void put_codes(cu_buf *b, char codes[RECOVERY_CODES][CU_RECOVERY_CODE]);
/* Writes person.added or person.changed with all of x; lock held. */
cu_err account_set(app *a, const char *type, const char *actor, const cu_store_account *x) CU_MUST;
bool signin_token_use(app *a, const char *token); /* of a one-time link */
cu_err sessions_open(app *a) CU_MUST;
void sessions_close(app *a);
/* An invitation: makes the keys anew, ends sessions, writes the entry; lock held. */
cu_err invite(app *a, const char *actor, const char *person, char token[INVITE_TOKEN], uint64_t *until_s, cu_fault *f) CU_MUST;

#endif
