#include "holders.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "comply/vendors.h"

#define DAY_NS (86400ull * 1000000000)
#define PAGE 500u

/* --- policies --- */

typedef struct {
    long long approved, newest; /* versions; 0: none */
} versions;

static void take_version(void *arg, const cu_store_record *x)
{
    versions *v = arg;
    json_t *fields = json_loads(x->fields, JSON_REJECT_DUPLICATES, NULL);
    v->newest = json_integer_value(json_object_get(fields, "version"));
    if (strcmp(x->type, "policy.approved") == 0)
        v->approved = v->newest;
    json_decref(fields);
}

/* A draft of the next version may have been read already. */
static bool has_read(app *a, const char *policy, const versions *v, const char *person)
{
    bool read = false;
    for (long long n = v->approved; n <= v->newest && !read; n++) {
        char id[160];
        snprintf(id, sizeof id, "%.50s:%lld:%.60s", policy, n, person);
        json_t *one = desk_raw(a, "policy_reading", id);
        read = one != NULL;
        json_decref(one);
    }
    return read;
}

holder_reading holder_has_read(app *a, const char *name)
{
    holder_reading out = {.done = true};
    char person[CU_PSEUDONYM_LEN] = "";
    cu_fault f;
    pthread_mutex_lock(&a->lock);
    bool known = person_find(a, CU_TENANT_ORG, name, person, &f) == CU_OK;
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < a->policies->n && out.done; i++) {
        char id[64];
        versions v = {0};
        const cu_policy_text *p = &a->policies->v[i];
        snprintf(id, sizeof id, "%.*s", CU_FMT(p->id));
        if (!p->acknowledged || cu_store_record_steps(a->store, "policy", id, NULL, take_version, &v) != CU_OK || !v.approved)
            continue;
        out.asked = true;
        out.done = known && has_read(a, id, &v, person);
        if (!out.done)
            snprintf(out.missing, sizeof out.missing, "%.50s, version %lld", id, v.approved);
    }
    return out;
}

/* --- training --- */

typedef struct {
    json_t *by_person;
    uint64_t last_row;
    unsigned n;
} trainings;

static void take_training(void *arg, const cu_store_record *x)
{
    trainings *t = arg;
    json_t *fields = json_loads(x->fields, JSON_REJECT_DUPLICATES, NULL);
    const char *person = json_string_value(json_object_get(fields, "person")), *until = json_string_value(json_object_get(fields, "valid_until"));
    const char *before = person ? json_string_value(json_object_get(t->by_person, person)) : NULL;
    if (person && until && (!before || strcmp(before, until) < 0))
        json_object_set_new(t->by_person, person, json_string(until));
    t->last_row = x->row;
    t->n++;
    json_decref(fields);
}

json_t *holders_trained(app *a)
{
    const cu_store_record_filter w = {.reg = "training"};
    trainings t = {.by_person = json_object()};
    cu_err e = CU_OK;
    if (!a->config->holders.suspend_untrained)
        return json_decref(t.by_person), NULL;
    do {
        t.n = 0;
        e = cu_store_records(a->store, &w, t.last_row, PAGE, take_training, &t);
    } while (e == CU_OK && t.n == PAGE);
    return t.by_person;
}

bool holder_waits(app *a, const json_t *trained, const cu_store_key *k)
{
    char name[PERSON_NAME], person[CU_PSEUDONYM_LEN];
    cu_fault f;
    if (!trained || k->service || k->revoked || cu_bundle_is_probe(cu_str(k->tenant)))
        return false;
    person_name(a, k->user, name);
    const char *until = person_find(a, CU_TENANT_ORG, name, person, &f) == CU_OK ? json_string_value(json_object_get(trained, person)) : NULL;
    uint64_t from = cu_day_ns(cu_str(until ? until : k->created));
    return cu_now_ns() >= from + a->config->holders.grace_days * DAY_NS;
}

/* True: it is another state than before, and that is on record. */
static bool tell_state(app *a, const cu_store_key *k, bool waits)
{
    char note[80];
    bool changed = false;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    snprintf(note, sizeof note, "suspended-%.60s", k->id);
    if (!waits && !cu_store_noted(a->store, note))
        return false;
    if (cu_store_note(a->store, note, waits ? "training" : "", &changed) != CU_OK || !changed)
        return false;
    cu_buf_fmt(&b, waits ? "{\"key\":\"%s\",\"reason\":\"training\",\"user\":\"%s\"}" : "{\"key\":\"%s\",\"user\":\"%s\"}", k->id, k->user);
    cu_err e = record(a, waits ? "key.suspended" : "key.resumed", k->tenant, "daemon", &b);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "that a key is suspended or resumed is not recorded: %s", cu_err_text(e));
    return true;
}

void holders_watch(app *a)
{
    json_t *trained = holders_trained(a);
    cu_store_key *k = NULL;
    size_t n = 0;
    bool changed = false;
    cu_fault f = {0};
    pthread_mutex_lock(&a->lock);
    cu_err e = cu_store_keys(a->store, &k, &n);
    for (size_t i = 0; e == CU_OK && i < n; i++)
        changed |= !k[i].revoked && !k[i].service && tell_state(a, &k[i], holder_waits(a, trained, &k[i]));
    if (changed)
        e = publish_bundle(a, &f);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "keys are not suspended for training: %s", f.code ? f.text : cu_err_text(e));
    free(k);
    json_decref(trained);
}
