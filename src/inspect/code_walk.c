/* The walk: each node once, from the top, with the value of each expression. */
#include "code_in.h"

cu_bytes code_of(const code_walk *w, TSNode n)
{
    uint32_t from = ts_node_start_byte(n), to = ts_node_end_byte(n);
    return from <= to && to <= w->src.n ? cu_slice(w->src, from, to) : CU_NONE;
}

const char *code_type(TSNode n)
{
    return ts_node_type(n);
}

code_kind code_kind_of(const code_walk *w, TSNode n)
{
    TSSymbol s = ts_node_symbol(n);
    return s < w->set->symbols ? (code_kind)w->set->kind[s] : K_DOWN; /* an error's symbol lies beyond */
}

/* fields: which part of n each is; to ask costs. */
static size_t kids_of(code_walk *w, TSNode n, code_kid **out, bool fields)
{
    uint32_t room = ts_node_named_child_count(n), left = room;
    size_t count = 0;
    *out = room ? cu_arena_raw(w->a, room * sizeof **out) : NULL;
    if (room && !*out)
        w->nomem = true;
    if (!*out)
        return 0;
    ts_tree_cursor_reset(&w->cursor, n);
    if (!ts_tree_cursor_goto_first_child(&w->cursor))
        return 0;
    do {
        TSNode k = ts_tree_cursor_current_node(&w->cursor);
        if (!ts_node_is_named(k)) {
            left++;
            continue;
        }
        code_kind kind = code_kind_of(w, k);
        if (kind == K_SKIP && ts_node_is_extra(k)) /* a comment */
            continue;
        (*out)[count++] = (code_kid){k, fields ? ts_tree_cursor_current_field_id(&w->cursor) : 0, (uint8_t)kind};
    } while (--left && ts_tree_cursor_goto_next_sibling(&w->cursor));
    return count;
}

size_t code_kids(code_walk *w, TSNode n, code_kid **out)
{
    return kids_of(w, n, out, true);
}

const code_kid *code_part_of(const code_walk *w, TSNode n, const code_kid *k, size_t kn, unsigned which)
{
    TSSymbol s = ts_node_symbol(n);
    TSFieldId f = s < w->set->symbols ? w->set->field[s][which] : 0;
    for (size_t i = 0; f && i < kn; i++)
        if (k[i].field == f)
            return &k[i];
    bool by_place = s < w->set->symbols && !w->set->field[s][0] && !w->set->field[s][1] && !w->set->field[s][2];
    return by_place && which < kn ? &k[which] : NULL;
}

/* One part that has a value hands it up; of several it is put together. */
static code_value down(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = kids_of(w, n, &k, false);
    if (kn == 0 && ts_node_child_count(n) == 0)
        return value_fixed(code_of(w, n));
    if (kn == 1) {
        code_value one = code_visit(w, k[0].node);
        uint32_t from = ts_node_start_byte(n);
        if (from < w->src.n && (w->src.p[from] == '[' || w->src.p[from] == '{') && from != ts_node_start_byte(k[0].node))
            one.known = false; /* a list of one is not that one */
        return one;
    }
    code_value v = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    for (size_t i = 0; i < kn && !w->nomem; i++)
        v = value_join(v, code_visit(w, k[i].node));
    return v;
}

/* In every language one of these marks what is put into a string. */
static bool may_hold_code(cu_bytes t)
{
    return t.n && (memchr(t.p, '{', t.n) || memchr(t.p, '$', t.n) || memchr(t.p, '`', t.n));
}

static code_value string(code_walk *w, TSNode n)
{
    if (!may_hold_code(code_of(w, n)))
        return value_fixed(code_unquote(code_of(w, n)));
    code_kid *k;
    size_t kn = code_kids(w, n, &k), open = 0;
    code_value v = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    for (size_t i = 0; i < kn; i++) {
        const char *t = code_type(k[i].node);
        if (strcmp(t, "interpolation") != 0 && strcmp(t, "template_substitution") != 0 && strcmp(t, "template_interpolation") != 0 && strstr(t, "expansion") == NULL &&
            strcmp(t, "command_substitution") != 0)
            continue;
        v = value_join(v, code_visit(w, k[i].node));
        open++;
    }
    if (!open)
        return value_fixed(code_unquote(code_of(w, n)));
    cu_bytes t = code_unquote(code_of(w, n));
    bool whole = kn == 1 && ts_node_end_byte(k[0].node) - ts_node_start_byte(k[0].node) == t.n; /* "$x" is $x */
    v.built = v.built || !whole;
    return v;
}

bool code_source(const code_walk *w, cu_bytes path)
{
    for (size_t i = 0; i < w->set->parts_n; i++)
        if (code_any(&w->set->parts[i]->sources, path))
            return true;
    return false;
}

static code_value name(code_walk *w, TSNode n)
{
    cu_bytes t = code_of(w, n);
    code_name *known = name_get(w, t);
    cu_bytes path = known && known->path.n ? known->path : t;
    if (known && known->v.state != V_UNKNOWN)
        return known->v;
    if (code_source(w, path))
        return (code_value){.state = V_TAINTED};
    return known ? known->v : value_unknown();
}

static code_value member(code_walk *w, TSNode n, code_kind kind)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *object = code_part_of(w, n, k, kn, 0), *part = code_part_of(w, n, k, kn, 1);
    cu_bytes path = code_path(w, n);
    code_name *known = name_get(w, path);
    code_value v = object ? code_visit(w, object->node) : value_unknown();
    if (kind == K_INDEX && part)
        code_visit(w, part->node);
    if (known)
        return known->v;
    if (code_source(w, path))
        return (code_value){.state = V_TAINTED};
    if (v.state == V_FIXED)
        return kind == K_INDEX && !v.known ? v : value_unknown();
    v.known = false;
    return v;
}

static code_value binary(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *left = code_part_of(w, n, k, kn, 0), *right = code_part_of(w, n, k, kn, 1);
    code_value a = left ? code_visit(w, left->node) : value_unknown(), b = right ? code_visit(w, right->node) : value_unknown();
    code_value v = value_join(a, b);
    uint32_t gap = left && right ? ts_node_start_byte(right->node) - ts_node_end_byte(left->node) : 0;
    cu_bytes op = gap ? cu_slice(w->src, ts_node_end_byte(left->node), ts_node_start_byte(right->node)) : CU_NONE;
    bool joins = op.n && (memchr(op.p, '+', op.n) || memchr(op.p, '%', op.n)), compares = op.n && memchr("=<>&!", op.p[op.n > 1 && op.p[0] == ' '], 5);
    if (compares && !joins && !memchr(op.p, '|', op.n)) { /* the outcome is yes or no */
        if (left && right && (a.state == V_FIXED) != (b.state == V_FIXED) && memchr(op.p, '=', op.n))
            code_checked(w, a.state == V_FIXED ? right->node : left->node, CODE_SAFE_ALL, memchr(op.p, '!', op.n) != NULL);
        return (code_value){.state = v.state == V_FIXED ? V_FIXED : V_UNKNOWN, .safe = CODE_SAFE_ALL};
    }
    if (joins)
        v.built = v.built || v.state != V_FIXED;
    if (a.known && b.known && joins && memchr(op.p, '+', op.n) && a.text.n + b.text.n < 4096) {
        char *both = cu_arena_fmt(w->a, "%.*s%.*s", CU_FMT(a.text), CU_FMT(b.text));
        if (both)
            return value_fixed(cu_str(both));
    }
    return v;
}

/* x in ALLOWED */
static code_value compare(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    code_value v = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    uint32_t from = kn > 1 ? ts_node_end_byte(k[0].node) : 0, to = kn > 1 ? ts_node_start_byte(k[1].node) : 0;
    cu_bytes op = to > from ? cu_slice(w->src, from, to) : CU_NONE;
    for (size_t i = 0; i < kn; i++)
        v = value_join(v, code_visit(w, k[i].node));
    bool within = cu_find(op, CU_LIT("in"), 0) != SIZE_MAX, equal = cu_find(op, CU_LIT("="), 0) != SIZE_MAX;
    bool no = cu_find(op, CU_LIT("not"), 0) != SIZE_MAX || cu_find(op, CU_LIT("!"), 0) != SIZE_MAX;
    if (kn > 1 && within && k[0].kind == K_STRING) /* ".." in x */
        code_checked(w, k[1].node, CODE_SAFE_PLACE, !no);
    else if (kn > 1 && (within || (equal && k[1].kind == K_STRING)) && k[0].kind != K_STRING)
        code_checked(w, k[0].node, CODE_SAFE_ALL, no);
    v.safe = CODE_SAFE_ALL;
    v.built = false;
    return v;
}

static code_value pair(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *key = code_part_of(w, n, k, kn, 0), *value = code_part_of(w, n, k, kn, 1);
    cu_bytes outer = w->context, label = key ? code_unquote(code_of(w, key->node)) : CU_NONE;
    if (!key)
        return value_unknown();
    char *path = cu_arena_fmt(w->a, "%.*s%s%.*s", CU_FMT(outer), outer.n ? "." : "", label.n < CODE_MAX_PATH ? (int)label.n : 0, (const char *)label.p);
    w->nomem = w->nomem || !path;
    if (path && outer.n < CODE_MAX_PATH)
        w->context = cu_str(path);
    code_value v = value ? code_visit(w, value->node) : value_fixed(CU_NONE);
    cu_bytes here = w->context;
    w->context = outer;
    code_arg a = {label, value ? value->node : n, v};
    if (w->pairs_n < CODE_MAX_PAIRS)
        w->pairs[w->pairs_n++] = a;
    code_match_set(w, n, here, a);
    return v;
}

/* resource "aws_s3_bucket" "b" { ... } */
static code_value block(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    cu_bytes outer = w->context;
    for (size_t i = 0; i < kn && outer.n < CODE_MAX_PATH; i++) {
        const char *t = code_type(k[i].node);
        if (strcmp(t, "identifier") != 0 && strcmp(t, "string_lit") != 0)
            continue;
        cu_bytes label = code_unquote(code_of(w, k[i].node));
        char *path = cu_arena_fmt(w->a, "%.*s%s%.*s", CU_FMT(w->context), w->context.n ? "." : "", label.n < CODE_MAX_PATH ? (int)label.n : 0, (const char *)label.p);
        if (path)
            w->context = cu_str(path);
    }
    for (size_t i = 0; i < kn; i++)
        code_visit(w, k[i].node);
    w->context = outer;
    return value_unknown();
}

static code_value branch(code_walk *w, TSNode n)
{
    uint32_t before = w->branch;
    w->branch = ++w->branches;
    code_value v = down(w, n);
    w->branch = before;
    return v;
}

static code_value declare(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *type = code_part_of(w, n, k, kn, 0);
    cu_bytes before = w->declared;
    w->declared = type ? code_of(w, type->node) : CU_NONE;
    for (size_t i = 0; i < kn; i++)
        if (&k[i] != type)
            code_visit(w, k[i].node);
    w->declared = before;
    return value_unknown();
}

/* What stands before a function says whether a framework fills its parameters. */
static code_value decorated(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    bool before = w->routed;
    code_value v = value_unknown();
    for (size_t i = 0; i < kn; i++) {
        for (size_t p = 0; i + 1 < kn && p < w->set->parts_n; p++)
            w->routed = w->routed || code_any(&w->set->parts[p]->routes, code_of(w, k[i].node));
        v = code_visit(w, k[i].node);
    }
    w->routed = before;
    return v;
}

static code_value choice(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    code_value v = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    size_t condition = code_part_of(w, n, k, kn, 2) == &k[2] && w->set != &w->c->set[CU_CODE_python] ? 0 : 1; /* a if b else c */
    for (size_t i = 0; i < kn; i++) {
        code_value one = code_visit(w, k[i].node);
        if (i != condition)
            v = value_join(v, one);
    }
    return v;
}

static code_value visit(code_walk *w, TSNode n)
{
    code_kind kind = code_kind_of(w, n);
    switch (kind) {
    case K_SKIP: return value_fixed(code_of(w, n));
    case K_STRING: return string(w, n);
    case K_NAME: return name(w, n);
    case K_MEMBER:
    case K_INDEX: return member(w, n, kind);
    case K_CALL:
    case K_NEW: return code_call(w, n, kind);
    case K_COMMAND: return code_command(w, n);
    case K_PAIR: return pair(w, n);
    case K_BINARY: return binary(w, n);
    case K_COMPARE: return compare(w, n);
    case K_ASSIGN:
    case K_ADD: return code_assign(w, n, kind == K_ADD);
    case K_DECLARE: return declare(w, n);
    case K_PARAM: code_param(w, n, false); return value_unknown();
    case K_IF: return code_if(w, n);
    case K_CHOICE: return choice(w, n);
    case K_BRANCH: return branch(w, n);
    case K_EACH: return code_each(w, n);
    case K_FUNC: return code_func(w, n);
    case K_EXIT: w->exits++; return down(w, n);
    case K_IMPORT: code_import(w, n); return value_unknown();
    case K_BLOCK: return block(w, n);
    case K_DECORATED: return decorated(w, n);
    case K_UNKNOWN: return code_source(w, code_of(w, n)) ? (code_value){.state = V_TAINTED} : value_unknown();
    case K_PART:
    case K_DOWN: break;
    }
    return down(w, n);
}

code_value code_visit(code_walk *w, TSNode n)
{
    if (w->nomem || w->too_deep)
        return value_unknown();
    if (w->depth >= CODE_MAX_DEPTH || ++w->nodes > CODE_MAX_NODES) {
        w->too_deep = true;
        return value_unknown();
    }
    w->depth++;
    code_value v = visit(w, n);
    w->depth--;
    return v;
}
