/* The policy bundle: written by the daemon whenever keys, vendors or tenants change. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "holders.h"
#include "app.h"
#include "base/file.h"
#include "capture.h"
#include "base/log.h"
#include "catalog/known_list.h"
#include "redact/known.h"
#include "vendor_desk.h"

static cu_limits limits_of(const cu_config_limits *l)
{
    return (cu_limits){.requests_per_minute = l->requests_per_minute, .tokens_per_minute = l->tokens_per_minute,
                       .tokens_per_day = l->tokens_per_day, .spend_per_day = l->spend_per_day, .concurrent = l->concurrent};
}

typedef struct {
    uint8_t key[32];
    cu_buf records;
} known_list;

static cu_err add_known(void *arg, cu_bytes value)
{
    known_list *l = arg;
    uint8_t record_of[CU_KNOWN_RECORD];
    cu_known_record(l->key, value, record_of);
    cu_buf_put(&l->records, record_of, sizeof record_of);
    return l->records.err;
}

/* The values themselves go no further than this. A list that cannot be read now leaves the bundle
 * before in force: it may never be shorter by mistake. */
static cu_err put_known(const char *path, cu_bundle_tenant *t, cu_arena *arena, cu_fault *f)
{
    known_list l = {.records = CU_BUF(CU_KNOWN_VALUES * CU_KNOWN_RECORD)};
    unsigned left_out;
    if (!path)
        return CU_OK;
    cu_known_key(t->surrogate_key, l.key);
    cu_err e = cu_known_list_read(path, add_known, &l, &left_out, f);
    if (e == CU_OK && !(t->known = cu_arena_dup(arena, cu_buf_view(&l.records))).p)
        e = CU_NOMEM;
    if (e == CU_OK && left_out)
        cu_say(CU_LOG_WARN, "%s: %u values of less than %u bytes are left out", path, left_out, CU_KNOWN_MIN);
    cu_buf_free(&l.records);
    cu_wipe(l.key, sizeof l.key);
    return e;
}

static cu_err put_tenants(app *a, cu_bundle *b, cu_arena *arena, cu_fault *f)
{
    uint8_t keys[TENANT_KEYS_LEN];
    b->tenants_n = a->config->tenants_n + CU_PROBE_TENANTS;
    b->tenants = cu_arena_alloc(arena, b->tenants_n * sizeof *b->tenants);
    if (!b->tenants)
        return CU_NOMEM;
    for (size_t i = 0; i < b->tenants_n; i++) {
        cu_bundle_tenant *t = &b->tenants[i];
        t->name = cu_str(a->config->tenants[i].name);
        CU_TRY(keystore_tenant(a, a->config->tenants[i].name, keys, f));
        memcpy(t->surrogate_key, keys, 32);
        memcpy(t->commit_key, keys + 32, 32);
        t->key_id = 'a';
        memcpy(t->act, a->config->tenants[i].act, sizeof t->act);
        t->limits = limits_of(&a->config->tenants[i].limits);
        CU_TRY(put_known(a->config->tenants[i].known_secrets, t, arena, f));
    }
    cu_wipe(keys, sizeof keys);
    return CU_OK;
}

/* The end of the day that is named, in UTC. */
static uint64_t end_of_day(const char *date)
{
    struct tm tm = {0};
    if (!date || !strptime(date, "%Y-%m-%d", &tm))
        return 0;
    return ((uint64_t)timegm(&tm) + 86400) * 1000000000ull;
}

#define SINK_APIS 3u /* the built-in provider speaks all of them, under one name */

/* What two persons decided at the vendor desk stands above custos.yaml, but for a profile that is strict there. */
static cu_err apply_ruling(app *a, const cu_config_vendor *v, cu_arena *arena, cu_bundle_vendor *out)
{
    vendor_ruling r;
    if (!vendor_ruled(a, v->name, &r))
        return CU_OK;
    out->decision = r.approved ? CU_VENDOR_APPROVED : CU_VENDOR_REFUSED;
    out->until_ns = r.until_ns;
    out->strict |= r.strict;
    if (r.plan[0] && !v->terms.plan)
        out->plan = cu_arena_dup(arena, cu_str(r.plan));
    return out->plan.n && !out->plan.p ? CU_NOMEM : CU_OK;
}

static cu_err put_vendors(app *a, cu_bundle *b, cu_arena *arena)
{
    const cu_config *c = a->config;
    b->vendors = cu_arena_alloc(arena, (c->vendors_n + SINK_APIS) * sizeof *b->vendors);
    if (!b->vendors)
        return CU_NOMEM;
    for (size_t i = 0; i < c->vendors_n; i++) {
        const cu_config_vendor *v = &c->vendors[i];
        b->vendors[b->vendors_n++] = (cu_bundle_vendor){
            .name = cu_str(v->name), .api = cu_str(v->api), .credential = cu_str(v->credential), .models = cu_str(v->models),
            .decision = !v->assessment.given ? CU_VENDOR_UNASSESSED
                        : strcmp(v->assessment.decision, "approved") == 0 ? CU_VENDOR_APPROVED : CU_VENDOR_REFUSED,
            .until_ns = end_of_day(v->assessment.until), .allow_unassessed = c->allow_unassessed, .strict = v->terms.strict,
            .plan = cu_str(v->terms.plan), .no_training = v->terms.no_training, .no_retention = v->terms.no_retention,
            .mismatch = v->terms.mismatch, .pins = cu_bytes_of(v->terms.pins, v->terms.pins_n * sizeof v->terms.pins[0])};
        CU_TRY(apply_ruling(a, v, arena, &b->vendors[b->vendors_n - 1]));
    }
    /* the built-in provider answers plain paths only when nothing else does; a rule that fits no model */
    static const char *const apis[SINK_APIS] = {"anthropic", "openai", "gemini"};
    for (size_t i = 0; i < SINK_APIS; i++)
        b->vendors[b->vendors_n++] = (cu_bundle_vendor){.name = CU_LIT("sink"), .api = cu_str(apis[i]), .credential = CU_LIT("none"),
                                                        .models = c->embedded ? CU_NONE : CU_LIT("-"), .decision = CU_VENDOR_APPROVED};
    return CU_OK;
}

static cu_err put_credentials(app *a, cu_bundle *b, cu_arena *arena)
{
    const cu_config *c = a->config;
    size_t n = 0;
    for (size_t i = 0; i < c->vendors_n; i++)
        n += c->vendors[i].credentials_n;
    b->credentials = cu_arena_alloc(arena, (n + 1) * sizeof *b->credentials);
    if (!b->credentials)
        return CU_NOMEM;
    for (size_t i = 0; i < c->vendors_n; i++)
        for (size_t k = 0; k < c->vendors[i].credentials_n; k++)
            for (size_t t = 0; t < c->tenants_n; t++)
                if (strcmp(c->tenants[t].name, c->vendors[i].credentials[k].tenant) == 0)
                    b->credentials[b->credentials_n++] =
                        (cu_bundle_credential){(uint32_t)i, (uint32_t)t, cu_str(c->vendors[i].credentials[k].credential)};
    return CU_OK;
}

static size_t tenant_at(const app *a, const char *name)
{
    size_t t = 0;
    while (t < a->config->tenants_n + CU_PROBE_TENANTS && strcmp(a->config->tenants[t].name, name) != 0)
        t++;
    return t;
}

static cu_bundle_key bundle_key(const cu_store_key *k, size_t tenant, bool suspended, cu_arena *arena)
{
    return (cu_bundle_key){
        .hash = k->hash, .tenant = (uint32_t)tenant, .id = cu_arena_dup(arena, cu_str(k->id)), .user = cu_arena_dup(arena, cu_str(k->user)),
        .expires_ns = k->expires_ns, .revoked = k->revoked || suspended, .service = k->service,
        .scopes = {.vendors = cu_arena_dup(arena, cu_str(k->vendors)), .models = cu_arena_dup(arena, cu_str(k->models)),
                   .repos = cu_arena_dup(arena, cu_str(k->repos)), .classes = cu_arena_dup(arena, cu_str(k->classes)),
                   .tools = cu_arena_dup(arena, cu_str(k->tools))},
        .limits = {.requests_per_minute = k->requests_per_minute, .tokens_per_minute = k->tokens_per_minute,
                   .tokens_per_day = k->tokens_per_day, .spend_per_day = k->spend_per_day, .concurrent = k->concurrent}};
}

/* Callers that come with a certificate. Their id says so, and is the same for the same certificate. */
static cu_err put_certificates(app *a, cu_bundle *b, cu_arena *arena, cu_fault *f)
{
    for (size_t i = 0; i < a->config->callers.callers_n; i++) {
        const cu_config_caller *c = &a->config->callers.callers[i];
        cu_bundle_key *k = &b->keys[b->keys_n++];
        char hex[2 * CU_SHA256_LEN + 1];
        *k = (cu_bundle_key){.tenant = (uint32_t)tenant_at(a, c->tenant), .user = cu_str(c->user), .service = c->service,
                             .scopes = {cu_str(c->scopes.vendors), cu_str(c->scopes.models), cu_str(c->scopes.repos),
                                        cu_str(c->scopes.classes), cu_str(c->scopes.tools)},
                             .limits = limits_of(&c->limits)};
        cu_bundle_certificate_hash(cu_str(c->certificate), &k->hash);
        cu_hex(hex, k->hash.b, 8);
        if (!c->service) {
            char pseudonym[CU_PSEUDONYM_LEN];
            CU_TRY(person_of(a, c->tenant, c->user, pseudonym, f));
            CU_TRY(person_word(a, pseudonym, c->certificate, hex));
            k->user = cu_arena_dup(arena, cu_str(pseudonym));
        }
        k->id = cu_str(cu_arena_fmt(arena, "c_%s", hex));
        if (!k->id.p || !k->user.p)
            return CU_NOMEM;
    }
    return CU_OK;
}

static cu_err put_keys(app *a, cu_bundle *b, cu_arena *arena, cu_fault *f)
{
    cu_store_key *k;
    size_t n;
    CU_TRY(cu_store_keys(a->store, &k, &n));
    json_t *trained = holders_trained(a);
    b->keys = cu_arena_alloc(arena, (n + a->config->callers.callers_n + 1) * sizeof *b->keys);
    for (size_t i = 0; b->keys && i < n; i++) {
        size_t t = tenant_at(a, k[i].tenant);
        if (cu_bundle_is_probe(cu_str(k[i].tenant)) && k[i].expires_ns <= b->made_ns)
            continue; /* a probe's: it has ended for good */
        if (t < b->tenants_n) /* else its tenant is no longer configured: the key is not known */
            b->keys[b->keys_n++] = bundle_key(&k[i], t, holder_waits(a, trained, &k[i]), arena);
    }
    json_decref(trained);
    free(k);
    return b->keys ? put_certificates(a, b, arena, f) : CU_NOMEM;
}

static cu_err put_prices(app *a, cu_bundle *b, cu_arena *arena)
{
    const cu_config_callers *c = &a->config->callers;
    b->lockout_failures = (uint32_t)c->lockout_failures;
    b->lockout_seconds = (uint32_t)c->lockout_seconds;
    b->prices = cu_arena_alloc(arena, (c->prices_n + 1) * sizeof *b->prices);
    for (size_t i = 0; b->prices && i < c->prices_n; i++)
        b->prices[b->prices_n++] = (cu_bundle_price){.models = cu_str(c->prices[i].models), .input = c->prices[i].input,
                                                     .output = c->prices[i].output, .cache_read = c->prices[i].cache_read,
                                                     .cache_write = c->prices[i].cache_write};
    return b->prices ? CU_OK : CU_NOMEM;
}

/* Readable by the workers and by nobody else. */
static cu_err write_bundle(app *a, cu_bytes file)
{
    char path[4200], tmp[4210];
    struct passwd *www = getuid() == 0 ? getpwnam("www-data") : NULL;
    snprintf(path, sizeof path, "%s/bundle", a->run_dir);
    snprintf(tmp, sizeof tmp, "%s.new", path);
    CU_TRY(cu_file_replace(AT_FDCWD, tmp, file, 0600));
    if (www && chown(tmp, getuid(), www->pw_gid) != 0)
        return cu_errno_err(errno);
    if (chmod(tmp, www ? 0640 : 0600) != 0 || rename(tmp, path) != 0)
        return cu_errno_err(errno);
    return CU_OK;
}

cu_err publish_bundle(app *a, cu_fault *f)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX), body CU_CLEAN_BUF = CU_BUF(1024);
    cu_bundle b = {.made_ns = cu_now_ns()};
    uint8_t seed[CU_ED25519_KEY];
    cu_arena_init(&arena, CU_BUNDLE_MAX);
    b.pseudonyms = a->config->isolation.pseudonyms;
    b.leak_detector = a->config->isolation.leak_detector;
    b.guard = a->guard;
    cu_err e = cu_store_next(a->store, "bundle", &b.version);
    if (e == CU_OK)
        e = put_tenants(a, &b, &arena, f);
    if (e == CU_OK)
        e = put_vendors(a, &b, &arena);
    if (e == CU_OK)
        e = put_credentials(a, &b, &arena);
    if (e == CU_OK)
        e = put_keys(a, &b, &arena, f);
    if (e == CU_OK)
        e = publish_access(a, &b, &arena, &b.access);
    if (e == CU_OK)
        e = capture_publish(a, &b, &arena, f);
    if (e == CU_OK)
        e = put_prices(a, &b, &arena);
    if (e == CU_OK)
        e = keystore_bundle_key(a, seed, f);
    if (e == CU_OK)
        e = cu_bundle_encode(&b, seed, &file);
    cu_wipe(seed, sizeof seed);
    if (e != CU_OK)
        return f && f->code ? e : cu_fail(f, e, "policy bundle: %s", cu_err_text(e));
    cu_hex(a->bundle_digest, b.digest.b, 32);
    cu_buf_fmt(&body, "{\"bundle\":\"%s\",\"keys\":%zu,\"tenants\":%zu,\"vendors\":%zu,\"version\":%llu}", a->bundle_digest, b.keys_n,
               b.tenants_n, b.vendors_n, (unsigned long long)b.version);
    e = archive_keep(a, a->bundle_digest, cu_buf_view(&file), f);
    if (e != CU_OK)
        return e;
    e = record(a, "bundle.published", CU_TENANT_ORG, "daemon", &body); /* first the evidence, then the bundle */
    if (e == CU_OK)
        e = write_bundle(a, cu_buf_view(&file));
    if (e == CU_OK) {
        cu_sha256 d;
        cu_sha256_of(cu_buf_view(&file), &d);
        cu_hex(a->bundle_file, d.b, sizeof d.b);
    }
    a->bundle_version = b.version;
    return e == CU_OK ? CU_OK : cu_fail(f, e, "policy bundle: %s", cu_err_text(e));
}

/* The purposes of one tenant as they are now, on record when they are not what was recorded last. */
static cu_err publish_purposes_of(app *a, const cu_config_tenant *t)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    char name[80];
    bool changed, any = false;
    cu_buf_str(&body, "{\"purposes\":[");
    for (int i = 0; i < CU_TYPE_COUNT; i++)
        if (t->purpose[i]) {
            cu_buf_str(&body, any ? ",{" : "{");
            cu_buf_json_kv_str(&body, "purpose", t->purpose[i]);
            cu_buf_json_kv_str(&body, "type", cu_type_name((cu_type)i));
            cu_buf_byte(&body, '}');
            any = true;
        }
    cu_buf_byte(&body, ']');
    cu_buf_json_kv_str(&body, "tenant", t->name);
    cu_buf_byte(&body, '}');
    snprintf(name, sizeof name, "purposes-%s", t->name);
    if (!any && !cu_store_noted(a->store, name))
        return CU_OK;
    CU_TRY(cu_store_note(a->store, name, cu_buf_cstr(&body), &changed));
    return changed ? record(a, "purpose.stated", CU_TENANT_ORG, "configuration", &body) : CU_OK;
}

cu_err publish_purposes(app *a, cu_fault *f)
{
    for (size_t i = 0; i < a->config->tenants_n; i++) {
        const cu_config_tenant *t = &a->config->tenants[i];
        for (int k = 0; k < CU_TYPE_COUNT; k++)
            if (t->unstated[k])
                cu_say(CU_LOG_WARN, "tenant %s: %s is allowed without a purpose, and is replaced until custos.yaml states one: {allow: PURPOSE}", t->name, cu_type_name((cu_type)k));
        cu_err e = publish_purposes_of(a, t);
        if (e != CU_OK)
            return cu_fail(f, e, "purpose.stated: %s", cu_err_text(e));
    }
    return CU_OK;
}

cu_err publish_assessments(app *a, cu_fault *f)
{
    for (size_t i = 0; i < a->config->vendors_n; i++) {
        const cu_config_vendor *v = &a->config->vendors[i];
        cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
        char name[80], by[CU_PSEUDONYM_LEN];
        bool changed;
        if (!v->assessment.given)
            continue;
        CU_TRY(person_of(a, CU_TENANT_ORG, v->assessment.by, by, f));
        cu_buf_byte(&body, '{');
        cu_buf_json_kv_str(&body, "by", by);
        cu_buf_json_kv_str(&body, "decision", v->assessment.decision);
        if (v->terms.plan)
            cu_buf_json_kv_str(&body, "plan", v->terms.plan);
        if (v->assessment.soc2)
            cu_buf_json_kv_str(&body, "soc2", v->assessment.soc2);
        cu_buf_json_kv_str(&body, "until", v->assessment.until ? v->assessment.until : "");
        cu_buf_json_kv_str(&body, "vendor", v->name);
        cu_buf_byte(&body, '}');
        snprintf(name, sizeof name, "assessment-%s", v->name);
        cu_err e = cu_store_note(a->store, name, cu_buf_cstr(&body), &changed);
        if (e == CU_OK && changed)
            e = record(a, "vendor.assessed", CU_TENANT_ORG, "configuration", &body);
        if (e != CU_OK)
            return cu_fail(f, e, "vendor.assessed: %s", cu_err_text(e));
    }
    return CU_OK;
}
