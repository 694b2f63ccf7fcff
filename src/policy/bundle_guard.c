/* The section about commands that a model wrote: modes, and the rules of tiers above the shipped ones. */
#include "bundle_part.h"

static void put_u8(cu_buf *out, uint8_t v)
{
    cu_buf_byte(out, v);
}

void part_put_guard(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->guard.n);
    for (size_t i = 0; i < b->guard.n; i++) {
        const cu_guard_entry *e = &b->guard.v[i];
        put_u8(out, e->tier);
        part_put_bytes(out, e->name);
        put_u8(out, e->commands);
        put_u8(out, e->code);
        put_u8(out, e->injected);
        cu_buf_put(out, e->classes, sizeof e->classes);
        part_put_u64(out, e->tools_n);
        for (size_t k = 0; k < e->tools_n; k++) {
            part_put_bytes(out, e->tools[k].tool);
            put_u8(out, e->tools[k].mode);
        }
        part_put_u64(out, e->files_n);
        for (size_t k = 0; k < e->files_n; k++) {
            part_put_bytes(out, e->files[k].name);
            part_put_bytes(out, e->files[k].text);
        }
    }
}

static uint8_t take_mode(part_reader *r)
{
    uint8_t v = part_take_u8(r);
    r->bad |= v > CU_MODE_UNSAID;
    return v;
}

static void take_entry(part_reader *r, cu_arena *a, cu_guard_entry *e)
{
    e->tier = part_take_u8(r);
    r->bad |= e->tier == CU_TIER_DEFAULT || e->tier >= CU_TIERS;
    e->name = part_take_bytes(r);
    e->commands = take_mode(r);
    e->code = take_mode(r);
    e->injected = take_mode(r);
    for (size_t k = 0; k < CU_DATA_CLASSES; k++)
        e->classes[k] = take_mode(r);
    e->tools = part_take_array(r, a, sizeof *e->tools, &e->tools_n);
    for (size_t k = 0; k < e->tools_n && !r->bad; k++) {
        e->tools[k].tool = part_take_bytes(r);
        e->tools[k].mode = take_mode(r);
        r->bad |= e->tools[k].mode == CU_MODE_UNSAID;
    }
    e->files = part_take_array(r, a, sizeof *e->files, &e->files_n);
    for (size_t k = 0; k < e->files_n && !r->bad; k++) {
        e->files[k].name = part_take_bytes(r);
        e->files[k].text = part_take_bytes(r);
    }
}

void part_take_guard(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->guard.v = part_take_array(r, a, sizeof *out->guard.v, &out->guard.n);
    r->bad |= out->guard.n > CU_GUARD_MAX_ENTRIES;
    for (size_t i = 0; i < out->guard.n && !r->bad; i++)
        take_entry(r, a, &out->guard.v[i]);
}
