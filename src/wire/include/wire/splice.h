/* Bytes put in place of others; all the rest stays as it is. */
#ifndef CUSTOS_WIRE_SPLICE_H
#define CUSTOS_WIRE_SPLICE_H

#include "wire/json.h"

typedef struct {
    uint32_t start, end;  /* of the body, half-open */
    cu_bytes with;
} cu_splice;

/* Sorts the edits; of those that overlap the one that begins first counts, at the same place the longer.
 * *out is body itself when there are none, else memory of the arena. */
cu_err cu_splice_apply(cu_bytes body, cu_splice *v, size_t n, cu_arena *a, cu_bytes *out) CU_MUST;
/* After edits that replaced the insides of whole strings by text without escapes: moves the strings of
 * a walk to where they stand now. v: sorted, as cu_splice_apply() left it, and without overlaps. */
void cu_splice_move(const cu_splice *v, size_t n, cu_json_strings *s);

#endif
