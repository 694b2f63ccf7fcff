#include "privacy_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include "capture.h"
#include "comply/vendors.h"

#define AHEAD_NS (60ull * 1000000000)
#define LINES_MAX 10000u

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- rules of the steps --- */

cu_err dsr_check_received(desk_step *s, cu_fault *f)
{
    char at[CU_TIME_LEN];
    uint64_t received = cu_day_ns(cu_str(text_of(s->fields, "received"))), now = cu_now_ns();
    const cu_person_request *q = cu_person_request_find(s->a->runbooks, cu_str(text_of(s->fields, "kind")));
    if (!q)
        return cu_fail(f, CU_SYNTAX, "kind: catalog/runbooks.yaml has no request of this kind");
    if (received > now + AHEAD_NS)
        return cu_fail(f, CU_SYNTAX, "received lies in the future");
    if (!received) {
        received = now;
        cu_time_text(now, at);
        json_object_set_new(s->fields, "received", json_string(at));
    }
    cu_time_text(received + q->answer_ns, at);
    json_object_set_new(s->fields, "due", json_string(at));
    return CU_OK;
}

cu_err dsr_check_answered(desk_step *s, cu_fault *f)
{
    char name[PERSON_NAME];
    const char *answer = text_of(s->fields, "answer");
    bool granted = strcmp(answer, "granted") == 0 || strcmp(answer, "partly") == 0;
    if (granted && strcmp(text_of(s->now, "state"), "identified") != 0)
        return cu_fail(f, CU_STATE, "first make sure that the request is from the person it is about (dsr.identified)");
    person_name(s->a, desk_text(s->now, "about"), name);
    if (strcmp(answer, "granted") == 0 && strcmp(desk_text(s->now, "kind"), "erasure") == 0 && strcmp(name, "erased") != 0)
        return cu_fail(f, CU_STATE, "she is not erased yet: order her erasure (Privacy, or custos erase --subject NAME), have a second person approve it, then answer");
    return CU_OK;
}

cu_err complaint_check_received(desk_step *s, cu_fault *f)
{
    uint64_t received = cu_day_ns(cu_str(text_of(s->fields, "received"))), due = cu_day_ns(cu_str(text_of(s->fields, "due")));
    return received <= cu_now_ns() + AHEAD_NS && due > received ? CU_OK : cu_fail(f, CU_SYNTAX, "received has come, and due comes after it");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Vendors in use, by name, so that the same register gives the same digest. */
static json_t *providers(app *a)
{
    json_t *all = desk_list(a, "vendor", "registered", false), *out = json_array(), *x;
    const char **names = calloc(json_array_size(all) + 1, sizeof *names);
    size_t i, n = 0;
    json_array_foreach(all, i, x)
        if (names)
            names[n++] = text_of(x, "id");
    if (names)
        qsort(names, n, sizeof *names, by_text);
    for (i = 0; i < n; i++)
        json_array_append_new(out, json_string(names[i]));
    free(names);
    json_decref(all);
    return out;
}

cu_err notice_check_published(desk_step *s, cu_fault *f)
{
    cu_sha256 d;
    char hex[2 * CU_SHA256_LEN + 1];
    json_t *list = providers(s->a);
    char *text = json_dumps(list, JSON_COMPACT);
    cu_sha256_of(cu_str(text ? text : ""), &d);
    cu_hex(hex, d.b, sizeof d.b);
    free(text);
    json_object_set_new(s->fields, "providers", list);
    json_object_set_new(s->fields, "digest", json_string(hex));
    return CU_OK;
}

/* --- by the clock --- */

void privacy_watch(app *a)
{
    char now[CU_TIME_LEN];
    json_t *all = desk_list(a, "dsr", NULL, true), *x;
    size_t i;
    cu_time_text(cu_now_ns(), now);
    json_array_foreach(all, i, x) {
        if (strcmp(desk_text(x, "due"), now) >= 0 || json_is_true(json_object_get(json_object_get(x, "fields"), "told")))
            continue;
        desk_note(a, "dsr.overdue", json_pack("{s:s,s:s,s:b}", "dsr", text_of(x, "id"), "due", desk_text(x, "due"), "told", true));
    }
    json_decref(all);
}

/* --- what is held about a person --- */

static void add_line(void *arg, const cu_store_disclosure *d)
{
    json_t *kinds = json_loads(d->kinds, JSON_REJECT_DUPLICATES, NULL);
    json_array_append_new(arg, json_pack("{s:s,s:s,s:I,s:o,s:s,s:s}", "vendor", d->vendor, "class", d->class, "exchanges", (json_int_t)d->exchanges, "kinds", kinds ? kinds : json_object(),
                                         "first", d->first, "last", d->last));
}

static json_t *keys_of(app *a, const char *tenant, const char *person)
{
    cu_store_key *k = NULL;
    size_t n = 0;
    json_t *out = json_array();
    if (cu_store_keys(a->store, &k, &n) != CU_OK)
        return out;
    for (size_t i = 0; i < n; i++)
        if (strcmp(k[i].tenant, tenant) == 0 && strcmp(k[i].user, person) == 0)
            json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:b,s:s}", "key", k[i].id, "name", k[i].name, "created", k[i].created, "revoked", k[i].revoked, "last_used", k[i].last_used));
    free(k);
    return out;
}

/* One tenant's part: everything that stands under her pseudonym there. */
static json_t *held_in(app *a, const char *tenant, const char *person)
{
    json_t *lines = json_array();
    const cu_store_exchange_filter w = {.tenant = tenant, .user = person};
    uint64_t all = 0;
    if (cu_store_disclosures(a->store, &w, LINES_MAX, add_line, lines) != CU_OK || cu_store_count_exchanges(a->store, &w, &all) != CU_OK)
        json_array_clear(lines);
    pthread_mutex_lock(&a->lock);
    uint64_t bodies = capture_count(a, tenant, person);
    pthread_mutex_unlock(&a->lock);
    return json_pack("{s:s,s:s,s:I,s:I,s:o,s:o}", "tenant", tenant, "person", person, "exchanges", (json_int_t)all, "bodies", (json_int_t)bodies, "keys", keys_of(a, tenant, person),
                     "disclosed", lines);
}

static bool names(const json_t *v, const char *person)
{
    const char *key;
    json_t *x;
    size_t i;
    if (json_is_string(v))
        return strcmp(json_string_value(v), person) == 0;
    json_object_foreach((json_t *)(uintptr_t)v, key, x)
        if (names(x, person))
            return true;
    json_array_foreach((json_t *)(uintptr_t)v, i, x)
        if (names(x, person))
            return true;
    return false;
}

/* Records of the organisation that name her: who, in which register. */
static json_t *records_of(app *a, const char *person)
{
    json_t *out = json_array();
    for (size_t r = 0; r < a->events->registers_n; r++) {
        char reg[CU_EVENT_NAME];
        json_t *x;
        size_t i;
        snprintf(reg, sizeof reg, "%.*s", CU_FMT(a->events->registers[r].name));
        json_t *all = desk_list(a, reg, NULL, false);
        json_array_foreach(all, i, x)
            if (names(json_object_get(x, "fields"), person))
                json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s}", "register", reg, "id", text_of(x, "id"), "state", text_of(x, "state"), "at", text_of(x, "at")));
        json_decref(all);
    }
    return out;
}

bool privacy_named(app *a, const char *person)
{
    json_t *all = records_of(a, person);
    bool named = json_array_size(all) > 0;
    json_decref(all);
    return named;
}

static void find_in_tenants(app *a, const char *name, json_t *tenants)
{
    char person[CU_PSEUDONYM_LEN];
    cu_fault f;
    for (size_t i = 0; i < a->config->tenants_n; i++) {
        pthread_mutex_lock(&a->lock);
        cu_err e = person_find(a, a->config->tenants[i].name, name, person, &f);
        pthread_mutex_unlock(&a->lock);
        if (e == CU_OK)
            json_array_append_new(tenants, held_in(a, a->config->tenants[i].name, person));
    }
}

unsigned answer_held(call *c)
{
    const char *name = c->query(c->query_arg, "user");
    char person[CU_PSEUDONYM_LEN] = "", at[CU_TIME_LEN];
    cu_fault f;
    if (!name || !*name || strlen(name) > 128)
        return problem(c, 400, "Malformed", "user is the name of a person, of 1 to 128 bytes.");
    json_t *tenants = json_array();
    find_in_tenants(c->a, name, tenants);
    pthread_mutex_lock(&c->a->lock);
    bool known = person_find(c->a, CU_TENANT_ORG, name, person, &f) == CU_OK;
    pthread_mutex_unlock(&c->a->lock);
    if (!known && json_array_size(tenants) == 0) {
        json_decref(tenants);
        return problem(c, 404, "Unknown person", "Nobody of this name is known here.");
    }
    cu_time_text(cu_now_ns(), at);
    return answer_json(c, json_pack("{s:s,s:s,s:s,s:o,s:o}", "name", name, "at", at, "person", known ? person : "", "tenants", tenants, "records", known ? records_of(c->a, person) : json_array()));
}

/* The desk: requests, complaints and notices, and whether the newest notice names the vendors in use. */
unsigned answer_privacy(call *c)
{
    static const char *const registers[] = {"dsr", "complaint", "notice", "erasure"};
    char now[CU_TIME_LEN];
    json_t *out = json_object(), *live = providers(c->a);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++) {
        json_t *all = desk_list(c->a, registers[i], NULL, false);
        if (strcmp(registers[i], "notice") == 0)
            json_object_set_new(out, "notice_current", json_boolean(json_equal(json_object_get(json_object_get(json_array_get(all, 0), "fields"), "providers"), live)));
        desk_name_persons(c->a, all);
        json_object_set_new(out, registers[i], all);
    }
    cu_time_text(cu_now_ns(), now);
    json_object_set_new(out, "now", json_string(now));
    json_object_set_new(out, "providers", live);
    return answer_json(c, out);
}
