/* Sections about code and tenants: who may send what, and what keeps tenants apart at a vendor. */
#include "bundle_part.h"
#include "policy/access.h"

void part_put_access(const cu_bundle *b, cu_buf *out)
{
    cu_access_encode(&b->access, out);
}

void part_take_access(part_reader *r, cu_arena *a, cu_bundle *out)
{
    r->bad |= cu_access_decode(r->rest, a, &out->access) != CU_OK;
    r->rest = CU_NONE;
}

void part_put_isolation(const cu_bundle *b, cu_buf *out)
{
    cu_buf_byte(out, b->pseudonyms);
    cu_buf_byte(out, b->leak_detector);
    part_put_u64(out, b->credentials_n);
    for (size_t i = 0; i < b->credentials_n; i++) {
        part_put_u64(out, b->credentials[i].vendor);
        part_put_u64(out, b->credentials[i].tenant);
        part_put_bytes(out, b->credentials[i].credential);
    }
}

void part_take_isolation(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->pseudonyms = part_take_bool(r);
    out->leak_detector = part_take_bool(r);
    out->credentials = part_take_array(r, a, sizeof *out->credentials, &out->credentials_n);
    for (size_t i = 0; i < out->credentials_n && !r->bad; i++) {
        uint64_t vendor = part_take_u64(r), tenant = part_take_u64(r);
        r->bad |= vendor >= out->vendors_n || tenant >= out->tenants_n;
        out->credentials[i] = (cu_bundle_credential){(uint32_t)vendor, (uint32_t)tenant, part_take_bytes(r)};
    }
}

cu_bytes cu_bundle_credential_of(const cu_bundle *b, const cu_bundle_vendor *v, const cu_bundle_tenant *t)
{
    for (size_t i = 0; i < b->credentials_n; i++)
        if (&b->vendors[b->credentials[i].vendor] == v && &b->tenants[b->credentials[i].tenant] == t)
            return b->credentials[i].credential;
    return v->credential;
}
