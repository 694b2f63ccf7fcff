/* Objects, lists and strings of a walked JSON text as a tree of spans: which string belongs to which
 * object, and which bytes a value takes. Numbers, true, false and null have no node. */
#ifndef CUSTOS_WIRE_TREE_H
#define CUSTOS_WIRE_TREE_H

#include "wire/json.h"

#define CU_TREE_NONE UINT32_MAX

typedef enum { CU_NODE_STRING, CU_NODE_OBJECT, CU_NODE_LIST } cu_node_kind;

typedef struct {
    uint32_t start, end;   /* raw bytes with quotes or brackets, half-open */
    uint32_t key;          /* string index of its member name, or CU_TREE_NONE */
    uint32_t string;       /* string index of a string */
    uint32_t parent, first, next; /* nodes, or CU_TREE_NONE */
    uint8_t kind;
} cu_json_node;

typedef struct {
    cu_bytes text;
    const cu_json_strings *strings;
    cu_json_node *v;       /* in the order of the text; v[0] is the whole, if it is no bare number or word */
    size_t n;
} cu_json_tree;

/* strings: of cu_json_walk() over the same text. CU_NOMEM only. */
cu_err cu_json_tree_of(cu_bytes text, const cu_json_strings *strings, cu_arena *a, cu_json_tree *out) CU_MUST;
/* The member of an object, or CU_TREE_NONE. Of one that is given twice the last. */
uint32_t cu_json_member(const cu_json_tree *t, uint32_t object, const char *name);
/* True when node is a string that says `plain`. */
bool cu_json_says(const cu_json_tree *t, uint32_t node, const char *plain);
/* True when node stands under that member name. */
bool cu_json_under(const cu_json_tree *t, uint32_t node, const char *name);
/* The string unescaped: bytes of the text, or of the arena. Empty when node is no string. */
cu_bytes cu_json_plain(const cu_json_tree *t, uint32_t node, cu_arena *a);

#endif
