/* The bundle's encoding: a head with magic, version and digest, then counted records of
 * length-prefixed fields, numbers little-endian. */
#include "policy/bundle.h"
#include <stdlib.h>

#define MAGIC "CUBUNDL1"
#define HEAD (8 + sizeof(cu_sha256))
#define MAX_COUNT 1000000u
#define MAX_FIELD 65536u

static int by_hash(const void *a, const void *b)
{
    return memcmp(&((const cu_bundle_key *)a)->hash, &((const cu_bundle_key *)b)->hash, sizeof(cu_sha256));
}

static void put_u64(cu_buf *out, uint64_t v)
{
    cu_buf_put(out, &v, sizeof v);
}

static void put_bytes(cu_buf *out, cu_bytes b)
{
    uint32_t n = (uint32_t)b.n;
    cu_buf_put(out, &n, sizeof n);
    cu_buf_add(out, b);
}

static void put_tenant(cu_buf *out, const cu_bundle_tenant *t)
{
    put_bytes(out, t->name);
    cu_buf_put(out, t->surrogate_key, 32);
    cu_buf_put(out, t->commit_key, 32);
    cu_buf_byte(out, t->key_id);
    put_bytes(out, cu_bytes_of(t->act, CU_TYPE_COUNT));
    put_bytes(out, t->known);
}

static void put_vendor(cu_buf *out, const cu_bundle_vendor *v)
{
    put_bytes(out, v->name);
    put_bytes(out, v->api);
    put_bytes(out, v->credential);
    put_bytes(out, v->models);
    cu_buf_byte(out, v->decision);
    put_u64(out, v->until_ns);
}

static void put_key(cu_buf *out, const cu_bundle_key *k)
{
    cu_buf_put(out, &k->hash, sizeof k->hash);
    put_u64(out, k->tenant);
    put_bytes(out, k->id);
    put_bytes(out, k->user);
    put_u64(out, k->expires_ns);
    cu_buf_byte(out, k->revoked);
}

cu_err cu_bundle_encode(cu_bundle *b, cu_buf *out)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    if (b->keys_n)
        qsort(b->keys, b->keys_n, sizeof *b->keys, by_hash);
    put_u64(&body, b->version);
    put_u64(&body, b->made_ns);
    put_u64(&body, b->tenants_n);
    for (size_t i = 0; i < b->tenants_n; i++)
        put_tenant(&body, &b->tenants[i]);
    put_u64(&body, b->vendors_n);
    for (size_t i = 0; i < b->vendors_n; i++)
        put_vendor(&body, &b->vendors[i]);
    put_u64(&body, b->keys_n);
    for (size_t i = 0; i < b->keys_n; i++)
        put_key(&body, &b->keys[i]);
    CU_TRY(cu_buf_err(&body));
    cu_sha256_of(cu_buf_view(&body), &b->digest);
    cu_buf_str(out, MAGIC);
    cu_buf_put(out, &b->digest, sizeof b->digest);
    cu_buf_add(out, cu_buf_view(&body));
    return cu_buf_err(out);
}

/* Reads forward; once anything is short, everything after is empty and bad is set. */
typedef struct {
    cu_bytes rest;
    bool bad;
} reader;

static cu_bytes take(reader *r, size_t n)
{
    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return CU_NONE;
    }
    cu_bytes out = cu_slice(r->rest, 0, n);
    r->rest = cu_slice(r->rest, n, r->rest.n);
    return out;
}

static void take_into(reader *r, void *to, size_t n)
{
    cu_bytes b = take(r, n);
    if (b.n == n)
        memcpy(to, b.p, n);
}

static uint64_t take_u64(reader *r)
{
    uint64_t v = 0;
    take_into(r, &v, sizeof v);
    return v;
}

static uint8_t take_u8(reader *r)
{
    uint8_t v = 0;
    take_into(r, &v, 1);
    return v;
}

static cu_bytes take_bytes(reader *r)
{
    uint32_t n = 0;
    take_into(r, &n, sizeof n);
    r->bad |= n > MAX_FIELD;
    return take(r, n);
}

static void *take_array(reader *r, cu_arena *a, size_t item, size_t *n)
{
    uint64_t count = take_u64(r);
    r->bad |= count > MAX_COUNT || count > r->rest.n;
    *n = r->bad ? 0 : count;
    void *v = cu_arena_alloc(a, (*n + 1) * item);
    r->bad |= !v;
    return v;
}

static void take_tenant(reader *r, cu_bundle_tenant *t)
{
    t->name = take_bytes(r);
    take_into(r, t->surrogate_key, 32);
    take_into(r, t->commit_key, 32);
    t->key_id = take_u8(r);
    cu_bytes act = take_bytes(r);
    r->bad |= act.n != CU_TYPE_COUNT;
    for (size_t i = 0; i < act.n && !r->bad; i++) {
        t->act[i] = act.p[i];
        r->bad |= act.p[i] > 2;
    }
    t->known = take_bytes(r);
}

static void take_vendor(reader *r, cu_bundle_vendor *v)
{
    v->name = take_bytes(r);
    v->api = take_bytes(r);
    v->credential = take_bytes(r);
    v->models = take_bytes(r);
    v->decision = take_u8(r);
    v->until_ns = take_u64(r);
    r->bad |= v->decision > CU_VENDOR_EXPIRED;
}

static void take_key(reader *r, cu_bundle_key *k, size_t tenants)
{
    take_into(r, &k->hash, sizeof k->hash);
    uint64_t tenant = take_u64(r);
    k->tenant = (uint32_t)tenant;
    k->id = take_bytes(r);
    k->user = take_bytes(r);
    k->expires_ns = take_u64(r);
    k->revoked = take_u8(r) != 0;
    r->bad |= tenant >= tenants;
}

cu_err cu_bundle_decode(cu_bytes file, cu_arena *a, cu_bundle *out, cu_fault *f)
{
    cu_sha256 want;
    *out = (cu_bundle){0};
    if (file.n < HEAD || file.n > CU_BUNDLE_MAX || !cu_starts(file, CU_LIT(MAGIC)))
        return cu_fail(f, CU_CORRUPT, "the policy bundle does not begin like one");
    memcpy(&want, file.p + 8, sizeof want);
    reader r = {cu_slice(file, HEAD, file.n), false};
    cu_sha256_of(r.rest, &out->digest);
    if (memcmp(&want, &out->digest, sizeof want) != 0)
        return cu_fail(f, CU_CORRUPT, "the policy bundle does not have its digest");
    out->version = take_u64(&r);
    out->made_ns = take_u64(&r);
    out->tenants = take_array(&r, a, sizeof *out->tenants, &out->tenants_n);
    for (size_t i = 0; i < out->tenants_n && !r.bad; i++)
        take_tenant(&r, &out->tenants[i]);
    out->vendors = r.bad ? NULL : take_array(&r, a, sizeof *out->vendors, &out->vendors_n);
    for (size_t i = 0; i < out->vendors_n && !r.bad; i++)
        take_vendor(&r, &out->vendors[i]);
    out->keys = r.bad ? NULL : take_array(&r, a, sizeof *out->keys, &out->keys_n);
    for (size_t i = 0; i < out->keys_n && !r.bad; i++) {
        take_key(&r, &out->keys[i], out->tenants_n);
        r.bad |= i && by_hash(&out->keys[i - 1], &out->keys[i]) >= 0;
    }
    return r.bad || r.rest.n ? cu_fail(f, CU_CORRUPT, "the policy bundle is malformed") : CU_OK;
}

const cu_bundle_key *cu_bundle_find_key(const cu_bundle *b, cu_bytes presented)
{
    cu_bundle_key want = {0};
    if (presented.n == 0 || presented.n > CU_KEY_MAX || b->keys_n == 0)
        return NULL;
    cu_sha256_of(presented, &want.hash);
    return bsearch(&want, b->keys, b->keys_n, sizeof *b->keys, by_hash);
}
