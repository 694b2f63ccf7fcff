#include "reviews.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "as_of.h"
#include "limited.h"
#include "base/log.h"
#include "comply/vendors.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* Keys that worked at the moment, of a tenant or of all; in the order of their age. */
static cu_err listing(app *a, const char *at, const char *scope, json_t **out, cu_fault *f)
{
    cu_store_key *k;
    size_t n;
    moment m = {.ns = cu_day_ns(cu_str(at)) + 999000000, .given = true};
    snprintf(m.text, sizeof m.text, "%s", at);
    CU_TRY(keys_as_of(a, &m, &k, &n, f));
    *out = json_array();
    for (size_t i = 0; i < n; i++) {
        if (k[i].revoked || (k[i].expires_ns && k[i].expires_ns <= m.ns) || (*scope && strcmp(scope, k[i].tenant) != 0))
            continue;
        json_array_append_new(*out, json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:s}", "key", k[i].id, "tenant", k[i].tenant, "holder", k[i].user, "service", k[i].service,
                                              "created", k[i].created, "vendors", k[i].vendors, "models", k[i].models, "repos", k[i].repos, "classes", k[i].classes, "tools",
                                              k[i].tools));
    }
    free(k);
    return CU_OK;
}

static void digest_of(const json_t *lines, char hex[2 * CU_SHA256_LEN + 1])
{
    cu_sha256 d;
    char *text = json_dumps(lines, JSON_COMPACT | JSON_SORT_KEYS);
    cu_sha256_of(cu_str(text ? text : ""), &d);
    cu_hex(hex, d.b, sizeof d.b);
    free(text);
}

#define SEALED_MS 3000u

/* Until everything before a moment is sealed, so that the listing is the same whenever it is read again. */
static bool wait_sealed(const app *a, uint64_t moment_ns)
{
    for (unsigned ms = 0; a->sealed_ns < moment_ns + 1000000 && ms < SEALED_MS; ms += 10)
        usleep(10000);
    return a->sealed_ns >= moment_ns + 1000000;
}

cu_err review_check_frozen(desk_step *s, cu_fault *f)
{
    char at[CU_TIME_LEN], hex[2 * CU_SHA256_LEN + 1];
    const char *scope = text_of(s->fields, "scope");
    json_t *lines = NULL;
    if (*scope && !knows_tenant(s->a, scope))
        return cu_fail(f, CU_NOT_FOUND, "scope: there is no tenant %.60s", scope);
    uint64_t now = cu_now_ns();
    cu_time_text(now, at);
    if (!wait_sealed(s->a, now))
        return cu_fail(f, CU_TIMEOUT, "nothing is sealed at the moment: see custos status");
    CU_TRY(listing(s->a, at, scope, &lines, f));
    digest_of(lines, hex);
    json_object_set_new(s->fields, "frozen", json_string(at));
    json_object_set_new(s->fields, "lines", json_integer((json_int_t)json_array_size(lines)));
    json_object_set_new(s->fields, "digest", json_string(hex));
    json_decref(lines);
    return CU_OK;
}

cu_err review_name_line(desk_step *s, const json_t *given, cu_fault *f)
{
    const char *review = text_of(given, "access_review"), *key = text_of(given, "key");
    if (!*review || !*key || strlen(review) > 60 || strlen(key) > 60)
        return cu_fail(f, CU_SYNTAX, "access_review and key are needed");
    snprintf(s->id, sizeof s->id, "%.60s:%.60s", review, key);
    return CU_OK;
}

static const json_t *line_of(const json_t *lines, const char *key)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)lines, i, x)
        if (strcmp(text_of(x, "key"), key) == 0)
            return x;
    return NULL;
}

cu_err review_check_line(desk_step *s, cu_fault *f)
{
    char id[129];
    const char *review = text_of(s->fields, "access_review"), *key = text_of(s->fields, "key");
    json_t *r = desk_raw(s->a, "access_review", review), *lines = NULL;
    snprintf(id, sizeof id, "%.60s:%.60s", review, key);
    cu_err e = r && strcmp(text_of(r, "state"), "frozen") == 0 && strcmp(id, s->id) == 0 ? CU_OK : cu_fail(f, CU_STATE, "%.60s is no access review in work", review);
    if (e == CU_OK)
        e = listing(s->a, desk_text(r, "frozen"), desk_text(r, "scope"), &lines, f);
    const json_t *line = e == CU_OK ? line_of(lines, key) : NULL;
    if (e == CU_OK && !line)
        e = cu_fail(f, CU_NOT_FOUND, "%.60s has no key %.60s", review, key);
    if (line)
        json_object_set(s->fields, "holder", json_object_get(line, "holder"));
    json_decref(lines);
    json_decref(r);
    return e;
}

cu_err review_check_done(desk_step *s, cu_fault *f)
{
    json_t *lines = NULL, *decided = desk_list(s->a, "review_line", NULL, false), *x;
    json_int_t kept = 0, removed = 0;
    size_t i, left = 0;
    cu_err e = listing(s->a, desk_text(s->now, "frozen"), desk_text(s->now, "scope"), &lines, f);
    json_array_foreach(decided, i, x)
        if (strcmp(desk_text(x, "access_review"), s->id) == 0) {
            kept += strcmp(text_of(x, "state"), "kept") == 0;
            removed += strcmp(text_of(x, "state"), "removed") == 0;
        }
    json_decref(decided);
    if (e == CU_OK)
        left = json_array_size(lines) - (size_t)(kept + removed);
    json_decref(lines);
    if (e != CU_OK)
        return e;
    if (left)
        return cu_fail(f, CU_STATE, "%zu lines are not decided", left);
    json_object_set_new(s->fields, "kept", json_integer(kept));
    json_object_set_new(s->fields, "removed", json_integer(removed));
    return CU_OK;
}

cu_err review_end_key(app *a, const char *id, cu_fault *f)
{
    cu_store_key k;
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    cu_err e = cu_store_key_get(a->store, id, &k);
    if (e != CU_OK || k.revoked)
        return e == CU_NOT_FOUND ? CU_OK : e;
    cu_buf_fmt(&body, "{\"key\":\"%s\",\"user\":\"%s\"}", k.id, k.user);
    CU_TRY(record(a, "key.revoked", k.tenant, "daemon", &body));
    CU_TRY(cu_store_key_revoke(a->store, id, &k));
    return publish_bundle(a, f);
}

void reviews_enforce(app *a)
{
    json_t *all = desk_list(a, "review_line", "removed", false), *x;
    size_t i;
    cu_fault f = {0};
    json_array_foreach(all, i, x) {
        pthread_mutex_lock(&a->lock);
        cu_err e = review_end_key(a, desk_text(x, "key"), &f);
        pthread_mutex_unlock(&a->lock);
        if (e != CU_OK)
            cu_say(CU_LOG_ERROR, "the key of %s could not be revoked: %s", text_of(x, "id"), f.code ? f.text : cu_err_text(e));
    }
    json_decref(all);
}

unsigned answer_access_review(call *c)
{
    const char *until = c->who.to[0] ? c->who.to : NULL;
    json_t *r = desk_raw_at(c->a, "access_review", c->args[0], until), *lines = NULL, *decided, *x, *line;
    size_t i, k;
    char hex[2 * CU_SHA256_LEN + 1];
    cu_fault f = {0};
    if (r && limited(c) && (!limit_record(c, cu_register_find(c->a->events, CU_LIT("access_review")), r) || !limit_time(c, desk_text(r, "frozen")) || c->who.tenants[0])) {
        json_decref(r);
        r = NULL;
    }
    if (!r)
        return limited(c) ? beyond(c) : problem(c, 404, "Not found", "There is no access review %.60s.", c->args[0]);
    if (listing(c->a, desk_text(r, "frozen"), desk_text(r, "scope"), &lines, &f) != CU_OK) {
        json_decref(r);
        return problem(c, 503, "The listing could not be read", "%s", f.text);
    }
    digest_of(lines, hex);
    decided = desk_list(c->a, "review_line", NULL, false);
    json_array_foreach(lines, i, line)
        json_array_foreach(decided, k, x)
            if (strcmp(desk_text(x, "access_review"), c->args[0]) == 0 && strcmp(desk_text(x, "key"), text_of(line, "key")) == 0 && (!until || strcmp(text_of(x, "at"), until) < 0))
                json_object_set(line, "decided", x);
    json_decref(decided);
    json_object_set_new(r, "same_listing", json_boolean(strcmp(hex, desk_text(r, "digest")) == 0));
    json_object_set_new(r, "items", lines);
    desk_name_persons(c->a, r);
    return answer_json(c, r);
}
