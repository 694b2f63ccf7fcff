/* Section CAPT: what bodies are sealed to. */
#include <stdlib.h>
#include "bundle_part.h"

void part_put_capture(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->body_keys_n);
    for (size_t i = 0; i < b->body_keys_n; i++) {
        const cu_bundle_body_key *k = &b->body_keys[i];
        part_put_u64(out, k->tenant);
        part_put_u64(out, k->day);
        cu_buf_byte(out, k->class);
        cu_buf_byte(out, k->refuse);
        cu_buf_put(out, k->id, sizeof k->id);
        cu_buf_put(out, k->pk, sizeof k->pk);
    }
    part_put_u64(out, b->body_persons_n);
    for (size_t i = 0; i < b->body_persons_n; i++) {
        part_put_bytes(out, b->body_persons[i].user);
        cu_buf_put(out, b->body_persons[i].pk, sizeof b->body_persons[i].pk);
    }
}

static void take_key(part_reader *r, const cu_bundle *b, cu_bundle_body_key *k)
{
    uint64_t tenant = part_take_u64(r), day = part_take_u64(r);
    k->class = part_take_u8(r);
    k->refuse = part_take_bool(r);
    part_take_into(r, k->id, sizeof k->id);
    part_take_into(r, k->pk, sizeof k->pk);
    r->bad |= tenant >= b->tenants_n || day > UINT32_MAX || k->class >= CU_DATA_CLASSES;
    k->tenant = (uint32_t)tenant;
    k->day = (uint32_t)day;
}

void part_take_capture(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->body_keys = part_take_array(r, a, sizeof *out->body_keys, &out->body_keys_n);
    for (size_t i = 0; i < out->body_keys_n && !r->bad; i++)
        take_key(r, out, &out->body_keys[i]);
    out->body_persons = part_take_array(r, a, sizeof *out->body_persons, &out->body_persons_n);
    for (size_t i = 0; i < out->body_persons_n && !r->bad; i++) {
        cu_bundle_body_person *p = &out->body_persons[i];
        p->user = part_take_bytes(r);
        part_take_into(r, p->pk, sizeof p->pk);
        r->bad |= i && cu_cmp(p[-1].user, p->user) >= 0;
    }
}

const cu_bundle_body_key *cu_bundle_body_key_of(const cu_bundle *b, uint32_t tenant, uint8_t class, uint32_t day, bool *kept, bool *refuse)
{
    *kept = *refuse = false;
    for (size_t i = 0; i < b->body_keys_n; i++) {
        const cu_bundle_body_key *k = &b->body_keys[i];
        if (k->tenant != tenant || k->class != class)
            continue;
        *kept = true;
        *refuse |= k->refuse;
        if (k->day == day)
            return k;
    }
    return NULL;
}

static int by_user(const void *a, const void *b)
{
    return cu_cmp(((const cu_bundle_body_person *)a)->user, ((const cu_bundle_body_person *)b)->user);
}

const cu_bundle_body_person *cu_bundle_body_person_of(const cu_bundle *b, cu_bytes user)
{
    cu_bundle_body_person want = {.user = user};
    return b->body_persons_n ? bsearch(&want, b->body_persons, b->body_persons_n, sizeof *b->body_persons, by_user) : NULL;
}
