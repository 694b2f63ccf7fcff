/* What a probe asks of the API, as the operator or as persons of its own; and how refusals are judged. */
#ifndef CUSTOS_CLI_PROBE_TALK_H
#define CUSTOS_CLI_PROBE_TALK_H

#include "probe_lab.h"

/* A person who joined the second Custos for the time of a run. */
typedef struct {
    char name[24], password[40], session[140]; /* session: a Cookie header */
    uint8_t secret[20];                        /* of her authenticator */
    uint64_t step;                             /* that was used last */
} probe_person;

/* Asks in's daemon: on the admin socket when who is NULL, else over HTTP as her; at --gateway everything goes there, over
 * HTTP. body NULL: none. The status, 0 when nothing answered. *out (may be NULL): the answer as JSON, owned, or NULL. */
long probe_api(probe *in, const probe_person *who, const char *method, const char *path, const char *body, json_t **out);
/* A step of a register; fields: members of the object, as JSON without braces. */
long probe_step(probe *in, const probe_person *who, const char *type, const char *fields, json_t **out);
/* An account in the second Custos, with password and authenticator, signed in; false: could not be made. At --gateway: a
 * name that means nothing there. */
bool probe_join(probe *in, const char *role, probe_person *out);
/* Six digits of her authenticator for now; `later`: steps ahead. */
void probe_code(const probe_person *who, unsigned later, char out[8]);

/* What may not be taken: a refusal (4xx) holds, anything that was taken is broken. */
probe_verdict probe_must_refuse(probe *p, long status);
/* An entry of the second Custos' log (as "org" or "t:default") of this type, not older than the run, whose body has member
 * with this value (member NULL: any); waits for it. Owned; NULL: not within ms. */
json_t *probe_entry(probe *in, const char *log, const char *type, const char *member, const char *value, unsigned ms);
/* A key of the second Custos for a tenant of traffic (default), issued by its operator; scopes: JSON or NULL. */
bool probe_real_key_of(probe *in, const char *tenant, const char *user, const char *scopes, char key[64], char id[64]);
bool probe_real_key(probe *in, const char *user, const char *scopes, char key[64], char id[64]);
/* A request to a vendor of the second Custos; the answer is freed by the caller. */
bool probe_send(probe *in, const char *vendor, const char *key, const char *const *headers, const char *text, probe_answer *a);

#endif
