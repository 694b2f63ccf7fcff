/* A verdict about code, worked out again: the record's facts and the bundle that was in force then. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "limited.h"
#include "policy/access.h"

typedef struct {
    char tenant[64], type[64], at[CU_TIME_LEN];
    json_t *leaf;
} found;

static void take(void *arg, const cu_store_exchange *x)
{
    found *f = arg;
    snprintf(f->tenant, sizeof f->tenant, "%s", x->tenant);
    snprintf(f->at, sizeof f->at, "%s", x->at);
    snprintf(f->type, sizeof f->type, "%s", x->request_type ? x->request_type : "");
    f->leaf = x->request ? json_loads(x->request, 0, NULL) : NULL;
}

static cu_bytes text_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_string(v) ? cu_bytes_of(json_string_value(v), json_string_length(v)) : CU_NONE;
}

/* "0.2" → repositories[0].paths[2], with the class that it gives. False when there is no such entry. */
static bool place_of(const cu_access *x, cu_bytes entry, cu_access_place *p)
{
    unsigned repo, path;
    char text[48] = "";
    if (entry.n >= sizeof text)
        return false;
    memcpy(text, entry.p ? (const char *)entry.p : "", entry.n);
    *p = (cu_access_place){NULL, CU_NONE, SIZE_MAX, CU_DATA_UNKNOWN};
    if (!text[0])
        return true;
    int n = sscanf(text, "%u.%u", &repo, &path);
    if (n < 1 || repo >= x->repos_n || (n == 2 && path >= x->repos[repo].paths_n))
        return false;
    p->repo = &x->repos[repo];
    p->name = p->repo->name;
    p->class = n == 2 ? p->repo->paths[path].class : p->repo->class;
    p->path = n == 2 ? path : SIZE_MAX;
    return true;
}

typedef struct {
    const cu_bundle *b;
    const cu_bundle_key *key;
    cu_access_who who;
    const cu_access_repo *repo; /* of the conversation, and its name as recorded */
    cu_bytes name;
} facts;

/* One recorded verdict beside the one that comes out now. */
static json_t *compare(const facts *x, const json_t *recorded, bool file, bool *agrees)
{
    cu_access_place p;
    uint8_t class = CU_DATA_CLASSES;
    cu_access_verdict v = {CU_ACCESS_ACTS, CU_LIT("")};
    bool known = place_of(&x->b->access, text_of(recorded, "entry"), &p);
    if (known && p.repo == x->repo && x->name.n)
        p.name = x->name;
    if (known)
        v = cu_access_judge(&x->b->access, &x->key->scopes, &x->who, &p, file);
    bool same = known && cu_data_class_of(text_of(recorded, "class"), &class) && class == p.class &&
                cu_eq_str(text_of(recorded, "act"), cu_access_act_name(v.act)) && cu_eq(text_of(recorded, "rule"), v.rule);
    *agrees &= same;
    return json_pack("{s:s,s:O?,s:O?,s:O?,s:O?,s:O?,s:s%,s:s,s:s,s:b}", "about", file ? "files" : "conversation", "count", json_object_get(recorded, "count"),
                     "entry", json_object_get(recorded, "entry"), "class", json_object_get(recorded, "class"), "rule", json_object_get(recorded, "rule"),
                     "act", json_object_get(recorded, "act"), "rule_now", v.rule.p, v.rule.n, "act_now", cu_access_act_name(v.act), "class_now",
                     known ? cu_data_class_name(p.class) : "unknown", "agrees", same);
}

static bool read_facts(const cu_bundle *b, const found *x, facts *out)
{
    const json_t *access = json_object_get(x->leaf, "access");
    cu_bytes key = text_of(x->leaf, "key"), vendor = text_of(x->leaf, "vendor");
    *out = (facts){.b = b, .name = text_of(access, "repo_name")};
    for (size_t i = 0; i < b->keys_n; i++)
        if (cu_eq(b->keys[i].id, key))
            out->key = &b->keys[i];
    for (size_t i = 0; i < b->vendors_n; i++)
        if (cu_eq(b->vendors[i].name, vendor))
            out->who.plan = b->vendors[i].plan;
    if (!out->key)
        return false;
    cu_access_place p;
    if (place_of(&b->access, text_of(access, "entry"), &p))
        out->repo = p.repo;
    out->who.tenant = b->tenants[out->key->tenant].name;
    out->who.user = out->key->user;
    out->who.key = out->key->id;
    out->who.service = out->key->service;
    out->who.vendor = vendor;
    return cu_eq_str(out->who.tenant, x->tenant);
}

static json_t *explain(app *a, const cu_bundle *b, const found *x, const char *id)
{
    char pseudonym[PERSON_NAME], holder[PERSON_NAME];
    facts f;
    bool agrees = true, refused = strcmp(x->type, "input.rejected") == 0;
    const json_t *access = json_object_get(x->leaf, "access");
    json_t *verdicts = json_array(), *file;
    size_t i;
    if (!read_facts(b, x, &f)) {
        json_decref(verdicts);
        return NULL;
    }
    snprintf(pseudonym, sizeof pseudonym, "%.*s", CU_FMT(f.who.user));
    person_name(a, pseudonym, holder);
    bool by_file = false; /* the file that refused the request is the record's own verdict too */
    json_array_foreach(json_object_get(access, "files"), i, file) {
        json_array_append_new(verdicts, compare(&f, file, true, &agrees));
        by_file |= cu_eq_str(text_of(file, "act"), "refuse");
    }
    if (!by_file)
        json_array_insert_new(verdicts, 0, compare(&f, access, false, &agrees));
    return json_pack("{s:s,s:s,s:s,s:s%,s:s,s:b,s:O?,s:O?,s:I,s:o,s:b}", "exchange", id, "tenant", x->tenant, "user", holder, "vendor",
                     f.who.vendor.p, f.who.vendor.n, "decision", refused ? "refused" : "forwarded", "service", f.who.service, "repository",
                     json_object_get(access, "repo_name"), "bundle", json_object_get(x->leaf, "bundle"), "version", (json_int_t)b->version, "verdicts",
                     verdicts, "agrees", agrees);
}

unsigned answer_explain(call *c)
{
    const char *id = c->args[0];
    cu_arena arena CU_CLEAN_ARENA;
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    cu_bundle b;
    cu_fault f = {0};
    found x = {0};
    cu_arena_init(&arena, CU_BUNDLE_MAX);
    if (cu_store_exchanges(c->a->store, id, NULL, 0, 1, take, &x) != CU_OK || !x.leaf || !limit_tenant(c, x.tenant) || !limit_time(c, x.at)) {
        json_decref(x.leaf);
        return problem(c, 404, "Unknown exchange", "No exchange of this id is sealed yet.");
    }
    if (!json_object_get(x.leaf, "access")) {
        json_decref(x.leaf);
        return problem(c, 409, "Nothing to explain", "This request was decided before its code was looked at; its record says why.");
    }
    const char *digest = json_string_value(json_object_get(x.leaf, "bundle"));
    cu_err e = archive_open(c->a, digest ? digest : "", &file, &arena, &b, &f);
    json_t *out = e == CU_OK ? explain(c->a, &b, &x, id) : NULL;
    json_decref(x.leaf);
    if (!out)
        return problem(c, 409, "It cannot be worked out again", "%s", f.code ? f.text : "the bundle of that time does not know this key");
    char *text = json_dumps(out, JSON_COMPACT);
    json_decref(out);
    cu_buf_str(c->out, text ? text : "{}");
    free(text);
    return 200;
}
