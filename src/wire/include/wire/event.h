/* One event of a streamed answer: which of its strings are pieces of a longer text, and which texts it
 * ends. Everything else in it is whole. */
#ifndef CUSTOS_WIRE_EVENT_H
#define CUSTOS_WIRE_EVENT_H

#include "wire/shape.h"

#define CU_EVENT_PIECES 64u
#define CU_ALL_GROUPS UINT64_MAX

/* Pieces of one text share group and text. The texts of a group (a content block, a choice, an output
 * item) follow one another: when another one begins, the one before is complete. */
typedef struct {
    uint32_t string;
    uint32_t flags;     /* CU_JSON_ARGS, CU_JSON_CODE or 0 */
    uint64_t group, text;
    bool last;          /* the text ends with this piece */
} cu_piece;

typedef struct {
    cu_piece v[CU_EVENT_PIECES];
    size_t n;
    bool ends;          /* texts of `group` are complete before this event */
    uint64_t group;     /* CU_ALL_GROUPS: all */
} cu_event_facts;

/* s: walked, not marked. CU_TOO_BIG: more than CU_EVENT_PIECES. */
cu_err cu_event_read(cu_api api, cu_bytes json, const cu_json_strings *s, cu_event_facts *out) CU_MUST;

#endif
