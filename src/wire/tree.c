/* Between two strings stand only brackets, commas, colons, numbers and words: reading the gaps is
 * enough to know what belongs where. */
#include "wire/tree.h"

typedef struct {
    cu_json_tree *t;
    cu_arena *a;
    size_t cap;
    uint32_t open;                           /* container that is open, or CU_TREE_NONE */
    uint32_t last[CU_JSON_MAX_DEPTH + 2];    /* last child by depth */
    uint32_t depth, key;
} building;

static cu_err add(building *b, cu_json_node node)
{
    cu_json_tree *t = b->t;
    if (t->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 32;
        cu_json_node *v = cu_arena_raw(b->a, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (t->n)
            memcpy(v, t->v, t->n * sizeof *v);
        t->v = v;
        b->cap = cap;
    }
    uint32_t at = (uint32_t)t->n++;
    node.parent = b->open;
    node.key = b->key;
    node.first = node.next = CU_TREE_NONE;
    t->v[at] = node;
    if (b->last[b->depth] != CU_TREE_NONE)
        t->v[b->last[b->depth]].next = at;
    else if (b->open != CU_TREE_NONE)
        t->v[b->open].first = at;
    b->last[b->depth] = at;
    b->key = CU_TREE_NONE;
    return CU_OK;
}

static cu_err gap(building *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        uint8_t c = b->t->text.p[i];
        if (c == '{' || c == '[') {
            CU_ASSERT(b->depth < CU_JSON_MAX_DEPTH);
            CU_TRY(add(b, (cu_json_node){.start = (uint32_t)i, .kind = c == '{' ? CU_NODE_OBJECT : CU_NODE_LIST, .string = CU_TREE_NONE}));
            b->open = (uint32_t)b->t->n - 1;
            b->last[++b->depth] = CU_TREE_NONE;
        } else if (c == '}' || c == ']') {
            b->t->v[b->open].end = (uint32_t)i + 1;
            b->open = b->t->v[b->open].parent;
            b->depth--;
        }
    }
    return CU_OK;
}

cu_err cu_json_tree_of(cu_bytes text, const cu_json_strings *strings, cu_arena *a, cu_json_tree *out)
{
    *out = (cu_json_tree){.text = text, .strings = strings};
    building b = {.t = out, .a = a, .open = CU_TREE_NONE, .key = CU_TREE_NONE};
    size_t at = 0;
    b.last[0] = CU_TREE_NONE;
    for (size_t i = 0; i < strings->n; i++) {
        const cu_json_string *s = &strings->v[i];
        CU_TRY(gap(&b, at, s->start - 1));
        at = s->end + 1;
        if (s->flags & CU_JSON_KEY)
            b.key = (uint32_t)i;
        else
            CU_TRY(add(&b, (cu_json_node){.start = s->start - 1, .end = s->end + 1, .string = (uint32_t)i, .kind = CU_NODE_STRING}));
        if ((s->flags & CU_JSON_KEY) == 0)
            continue;
        /* a number or a word has no node: its name must not go to the next value */
        while (text.p[at] != ':')
            at++;
        for (at++; memchr(" \t\r\n", text.p[at], 4);)
            at++;
        if (text.p[at] != '"' && text.p[at] != '{' && text.p[at] != '[')
            b.key = CU_TREE_NONE;
    }
    return gap(&b, at, text.n);
}

uint32_t cu_json_member(const cu_json_tree *t, uint32_t object, const char *name)
{
    uint32_t found = CU_TREE_NONE;
    if (object == CU_TREE_NONE || t->v[object].kind != CU_NODE_OBJECT)
        return found;
    for (uint32_t k = t->v[object].first; k != CU_TREE_NONE; k = t->v[k].next)
        if (cu_json_under(t, k, name))
            found = k;
    return found;
}

bool cu_json_says(const cu_json_tree *t, uint32_t node, const char *plain)
{
    return node != CU_TREE_NONE && t->v[node].kind == CU_NODE_STRING && cu_json_is(t->text, t->strings->v[t->v[node].string], plain);
}

bool cu_json_under(const cu_json_tree *t, uint32_t node, const char *name)
{
    return node != CU_TREE_NONE && t->v[node].key != CU_TREE_NONE && cu_json_is(t->text, t->strings->v[t->v[node].key], name);
}

cu_bytes cu_json_plain(const cu_json_tree *t, uint32_t node, cu_arena *a)
{
    if (node == CU_TREE_NONE || t->v[node].kind != CU_NODE_STRING)
        return CU_NONE;
    const cu_json_string *s = &t->strings->v[t->v[node].string];
    cu_bytes raw = cu_slice(t->text, s->start, s->end);
    if (!(s->flags & CU_JSON_ESCAPED))
        return raw;
    cu_buf b CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    cu_json_unescape(raw, &b);
    return b.err == CU_OK ? cu_arena_dup(a, cu_buf_view(&b)) : CU_NONE;
}
