/* Sections VNDR and PRCE: who answers, and what it costs. */
#include "bundle_part.h"

void part_put_vendors(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->vendors_n);
    for (size_t i = 0; i < b->vendors_n; i++) {
        const cu_bundle_vendor *v = &b->vendors[i];
        part_put_bytes(out, v->name);
        part_put_bytes(out, v->api);
        part_put_bytes(out, v->credential);
        part_put_bytes(out, v->models);
        cu_buf_byte(out, v->decision);
        part_put_u64(out, v->until_ns);
        cu_buf_byte(out, v->allow_unassessed);
        cu_buf_byte(out, v->strict);
        part_put_bytes(out, v->plan);
        cu_buf_byte(out, v->no_training);
        cu_buf_byte(out, v->no_retention);
        cu_buf_byte(out, v->mismatch);
        part_put_bytes(out, v->pins);
    }
}

static void take_vendor(part_reader *r, cu_bundle_vendor *v)
{
    v->name = part_take_bytes(r);
    v->api = part_take_bytes(r);
    v->credential = part_take_bytes(r);
    v->models = part_take_bytes(r);
    v->decision = part_take_u8(r);
    v->until_ns = part_take_u64(r);
    v->allow_unassessed = part_take_bool(r);
    v->strict = part_take_bool(r);
    v->plan = part_take_bytes(r);
    v->no_training = part_take_bool(r);
    v->no_retention = part_take_bool(r);
    v->mismatch = part_take_u8(r);
    v->pins = part_take_bytes(r);
    r->bad |= v->decision > CU_VENDOR_EXPIRED || v->mismatch > CU_MISMATCH_RECORD || v->pins.n % CU_SHA256_LEN != 0 ||
              v->pins.n > CU_PINS_MAX * CU_SHA256_LEN;
}

void part_take_vendors(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->vendors = part_take_array(r, a, sizeof *out->vendors, &out->vendors_n);
    for (size_t i = 0; i < out->vendors_n && !r->bad; i++)
        take_vendor(r, &out->vendors[i]);
}

void part_put_prices(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->prices_n);
    for (size_t i = 0; i < b->prices_n; i++) {
        const cu_bundle_price *p = &b->prices[i];
        part_put_bytes(out, p->models);
        part_put_u64(out, p->input);
        part_put_u64(out, p->output);
        part_put_u64(out, p->cache_read);
        part_put_u64(out, p->cache_write);
    }
}

static void take_price(part_reader *r, cu_bundle_price *p)
{
    p->models = part_take_bytes(r);
    p->input = part_take_u64(r);
    p->output = part_take_u64(r);
    p->cache_read = part_take_u64(r);
    p->cache_write = part_take_u64(r);
    r->bad |= (p->input | p->output | p->cache_read | p->cache_write) >> 40 != 0;
}

void part_take_prices(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->prices = part_take_array(r, a, sizeof *out->prices, &out->prices_n);
    for (size_t i = 0; i < out->prices_n && !r->bad; i++)
        take_price(r, &out->prices[i]);
}
