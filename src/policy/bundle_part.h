/* Private to policy/: what a section of the bundle is written and read with. A new section is one
 * line in the table of bundle.c and a pair of functions. */
#ifndef CUSTOS_POLICY_BUNDLE_PART_H
#define CUSTOS_POLICY_BUNDLE_PART_H

#include "policy/bundle.h"

/* Reads forward; once anything is short, everything after is empty and bad is set. */
typedef struct {
    cu_bytes rest;
    bool bad;
} part_reader;

typedef struct {
    char tag[5];  /* four letters; a reader that does not know a tag refuses the bundle, unless it begins in lower case */
    void (*put)(const cu_bundle *b, cu_buf *out);
    void (*take)(part_reader *r, cu_arena *a, cu_bundle *out); /* sections are read in the order of the table */
    bool later; /* bundles of before do not have it */
} part;

void part_put_u64(cu_buf *out, uint64_t v);
void part_put_bytes(cu_buf *out, cu_bytes b); /* uint32 length and bytes */
cu_bytes part_take(part_reader *r, size_t n);
void part_take_into(part_reader *r, void *to, size_t n);
uint64_t part_take_u64(part_reader *r);
uint8_t part_take_u8(part_reader *r);
bool part_take_bool(part_reader *r);
cu_bytes part_take_bytes(part_reader *r);
/* A counted array: u64, then the items. */
void *part_take_array(part_reader *r, cu_arena *a, size_t item, size_t *n);

/* bundle_callers.c */
void part_put_tenants(const cu_bundle *b, cu_buf *out);
void part_take_tenants(part_reader *r, cu_arena *a, cu_bundle *out);
void part_put_keys(const cu_bundle *b, cu_buf *out);
void part_take_keys(part_reader *r, cu_arena *a, cu_bundle *out);
/* bundle_vendors.c */
void part_put_vendors(const cu_bundle *b, cu_buf *out);
void part_take_vendors(part_reader *r, cu_arena *a, cu_bundle *out);
void part_put_prices(const cu_bundle *b, cu_buf *out);
void part_take_prices(part_reader *r, cu_arena *a, cu_bundle *out);
/* bundle_access.c */
void part_put_access(const cu_bundle *b, cu_buf *out);
void part_take_access(part_reader *r, cu_arena *a, cu_bundle *out);
void part_put_capture(const cu_bundle *b, cu_buf *out); /* bundle_capture.c */
void part_take_capture(part_reader *r, cu_arena *a, cu_bundle *out);
void part_put_guard(const cu_bundle *b, cu_buf *out); /* bundle_guard.c */
void part_take_guard(part_reader *r, cu_arena *a, cu_bundle *out);
void part_put_isolation(const cu_bundle *b, cu_buf *out);
void part_take_isolation(part_reader *r, cu_arena *a, cu_bundle *out);

#endif
