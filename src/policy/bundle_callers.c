/* Sections TNNT and KEYS: who asks. */
#include "bundle_part.h"

static void put_limits(cu_buf *out, const cu_limits *l)
{
    part_put_u64(out, l->requests_per_minute);
    part_put_u64(out, l->tokens_per_minute);
    part_put_u64(out, l->tokens_per_day);
    part_put_u64(out, l->spend_per_day);
    part_put_u64(out, l->concurrent);
}

static void take_limits(part_reader *r, cu_limits *l)
{
    l->requests_per_minute = part_take_u64(r);
    l->tokens_per_minute = part_take_u64(r);
    l->tokens_per_day = part_take_u64(r);
    l->spend_per_day = part_take_u64(r);
    l->concurrent = part_take_u64(r);
    /* far below what the arithmetic of limits can hold */
    r->bad |= (l->tokens_per_day | l->spend_per_day | l->concurrent) >> 50 != 0 || l->requests_per_minute > CU_PER_MINUTE_MAX ||
              l->tokens_per_minute > CU_PER_MINUTE_MAX;
}

void part_put_tenants(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->tenants_n);
    for (size_t i = 0; i < b->tenants_n; i++) {
        const cu_bundle_tenant *t = &b->tenants[i];
        part_put_bytes(out, t->name);
        cu_buf_put(out, t->surrogate_key, 32);
        cu_buf_put(out, t->commit_key, 32);
        cu_buf_byte(out, t->key_id);
        part_put_bytes(out, cu_bytes_of(t->act, CU_TYPE_COUNT));
        part_put_bytes(out, t->known);
        put_limits(out, &t->limits);
    }
}

static void take_tenant(part_reader *r, cu_bundle_tenant *t)
{
    t->name = part_take_bytes(r);
    part_take_into(r, t->surrogate_key, 32);
    part_take_into(r, t->commit_key, 32);
    t->key_id = part_take_u8(r);
    cu_bytes act = part_take_bytes(r);
    r->bad |= act.n != CU_TYPE_COUNT;
    for (size_t i = 0; i < act.n && !r->bad; i++) {
        t->act[i] = act.p[i];
        r->bad |= act.p[i] > 2;
    }
    t->known = part_take_bytes(r);
    take_limits(r, &t->limits);
}

void part_take_tenants(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->tenants = part_take_array(r, a, sizeof *out->tenants, &out->tenants_n);
    for (size_t i = 0; i < out->tenants_n && !r->bad; i++)
        take_tenant(r, &out->tenants[i]);
}

void part_put_keys(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->keys_n);
    for (size_t i = 0; i < b->keys_n; i++) {
        const cu_bundle_key *k = &b->keys[i];
        cu_buf_put(out, &k->hash, sizeof k->hash);
        part_put_u64(out, k->tenant);
        part_put_bytes(out, k->id);
        part_put_bytes(out, k->user);
        part_put_u64(out, k->expires_ns);
        cu_buf_byte(out, k->revoked);
        cu_buf_byte(out, k->service);
        part_put_bytes(out, k->scopes.vendors);
        part_put_bytes(out, k->scopes.models);
        part_put_bytes(out, k->scopes.repos);
        part_put_bytes(out, k->scopes.classes);
        part_put_bytes(out, k->scopes.tools);
        put_limits(out, &k->limits);
    }
}

static void take_key(part_reader *r, cu_bundle_key *k, size_t tenants)
{
    part_take_into(r, &k->hash, sizeof k->hash);
    uint64_t tenant = part_take_u64(r);
    k->tenant = (uint32_t)tenant;
    k->id = part_take_bytes(r);
    k->user = part_take_bytes(r);
    k->expires_ns = part_take_u64(r);
    k->revoked = part_take_bool(r);
    k->service = part_take_bool(r);
    k->scopes.vendors = part_take_bytes(r);
    k->scopes.models = part_take_bytes(r);
    k->scopes.repos = part_take_bytes(r);
    k->scopes.classes = part_take_bytes(r);
    k->scopes.tools = part_take_bytes(r);
    take_limits(r, &k->limits);
    r->bad |= tenant >= tenants;
}

void part_take_keys(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->keys = part_take_array(r, a, sizeof *out->keys, &out->keys_n);
    for (size_t i = 0; i < out->keys_n && !r->bad; i++)
        take_key(r, &out->keys[i], out->tenants_n);
}
