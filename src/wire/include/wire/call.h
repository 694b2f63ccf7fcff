/* Calls of tools as the APIs write them down, in requests and in answers. */
#ifndef CUSTOS_WIRE_CALL_H
#define CUSTOS_WIRE_CALL_H

#include "wire/tree.h"

typedef struct {
    cu_bytes id, name;  /* unescaped; id empty where the API gives none */
    uint32_t args;      /* node of the arguments, or CU_TREE_NONE */
    uint32_t whole;     /* node that is the call: where the arguments stand in an object of their own, the one around it */
    bool raw;           /* the arguments are text for the tool, not JSON in a string */
    bool remote;        /* the provider runs it itself */
} cu_call;

/* False when the object is no call. A body is read by every row: what mixes shapes is read as well. */
bool cu_call_read(const cu_json_tree *t, uint32_t node, cu_arena *a, cu_call *out);
/* The arguments as one text: JSON, or the raw text of the tool. */
cu_bytes cu_call_args(const cu_json_tree *t, const cu_call *c, cu_arena *a);

#endif
