/* Statements: what names hold after them, and what a condition says of a value. */
#include "code_in.h"

/* What the right side is called: of a constructor the type, of a call a.b(). */
static cu_bytes stands_for(code_walk *w, TSNode right)
{
    code_kind k = code_kind_of(w, right);
    if (w->declared.n && w->set->ts && (k == K_NAME || k == K_MEMBER))
        return CU_NONE;
    return k == K_NAME || k == K_MEMBER || k == K_CALL || k == K_NEW ? code_path(w, right) : CU_NONE;
}

/* Type without what stands in angle brackets. */
static cu_bytes type_name(cu_bytes t)
{
    size_t n = 0;
    while (t.n && (t.p[0] == '*' || t.p[0] == '&'))
        t = cu_slice(t, 1, t.n);
    while (n < t.n && t.p[n] != '<' && t.p[n] != ' ' && t.p[n] != '[')
        n++;
    t = cu_slice(t, 0, n);
    while (n && t.p[n - 1] != '.')
        n--;
    return n && t.p[n] >= 'A' && t.p[n] <= 'Z' && t.p[0] >= 'a' && memchr(t.p, '.', n - 1) ? cu_slice(t, n, t.n) : t;
}

static void bind(code_walk *w, TSNode left, code_value v, cu_bytes path)
{
    code_kid *k;
    code_kind kind = code_kind_of(w, left);
    if (kind == K_NAME || strcmp(code_type(left), "field_identifier") == 0 || strcmp(code_type(left), "property_identifier") == 0) {
        bool typed = w->declared.n && code_grammars[w->set - w->c->set].typed;
        name_set(w, code_of(w, left), v, typed ? type_name(w->declared) : path);
        return;
    }
    size_t kn = code_kids(w, left, &k);
    if (kind == K_MEMBER) {
        name_set(w, code_path(w, left), v, path);
    } else if (kind == K_INDEX && kn) {
        code_name *object = code_kind_of(w, k[0].node) == K_NAME ? name_get(w, code_of(w, k[0].node)) : NULL;
        if (object)
            object->v = value_join(object->v, v);
    } else if (w->depth < CODE_MAX_DEPTH) { /* patterns, lists, pointers */
        w->depth++;
        for (size_t i = 0; i < kn; i++)
            bind(w, k[i].node, v, kn == 1 ? path : CU_NONE);
        w->depth--;
    }
}

/* a, b = c, d */
static bool pairwise(code_walk *w, TSNode left, TSNode right)
{
    code_kid *l, *r;
    size_t ln = code_kids(w, left, &l), rn = code_kids(w, right, &r);
    bool lists = strstr(code_type(left), "list") && (strstr(code_type(right), "list") || strcmp(code_type(right), "tuple") == 0) && strcmp(code_type(right), "list") != 0;
    if (!lists || ln != rn || ln == 0)
        return false;
    for (size_t i = 0; i < ln; i++) {
        code_value v = code_visit(w, r[i].node);
        bind(w, l[i].node, v, stands_for(w, r[i].node));
        code_match_set(w, l[i].node, code_path(w, l[i].node), (code_arg){CU_NONE, r[i].node, v});
    }
    return true;
}

code_value code_assign(code_walk *w, TSNode n, bool add)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *left = code_part_of(w, n, k, kn, 0), *right = code_part_of(w, n, k, kn, 1);
    code_value v = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    if (left && right && !add && pairwise(w, left->node, right->node))
        return value_unknown();
    if (right)
        v = code_visit(w, right->node);
    if (!left)
        return v;
    if (left->kind != K_NAME)
        code_visit(w, left->node);
    TSNode r = right ? right->node : left->node;
    if (add) {
        code_name *old = name_get(w, left->kind == K_MEMBER ? code_path(w, left->node) : code_of(w, left->node));
        v = value_join(old ? old->v : value_unknown(), v);
        v.built = v.built || v.state != V_FIXED;
    }
    if (right)
        code_match_set(w, n, code_path(w, left->node), (code_arg){CU_NONE, r, v});
    bind(w, left->node, v, right && !add ? stands_for(w, r) : CU_NONE);
    return v;
}

void code_checked(code_walk *w, TSNode what, uint16_t safe, bool negated)
{
    if (w->in_condition && w->checked_n < CODE_MAX_ARGS)
        w->checked[w->checked_n++] = (code_check){.name = code_of(w, what), .safe = safe, .negated = negated};
}

static void mark(code_walk *w, size_t from, bool negated)
{
    for (size_t i = from; i < w->checked_n; i++) {
        code_check *c = &w->checked[i];
        code_name *n = name_get(w, c->name);
        if (c->negated != negated)
            continue;
        if (n)
            n->v.safe |= c->safe;
        else
            name_set(w, c->name, (code_value){.state = V_UNKNOWN, .safe = c->safe}, CU_NONE);
    }
}

static void keep(code_walk *w, size_t from)
{
    for (size_t i = from; i < w->checked_n; i++) {
        code_name *n = name_get(w, w->checked[i].name);
        w->checked[i].old = n ? n->v : value_unknown();
    }
}

/* What is joined in meanwhile stays; only the mark goes. */
static void unmark(code_walk *w, size_t from)
{
    for (size_t i = from; i < w->checked_n; i++) {
        code_name *n = name_get(w, w->checked[i].name);
        if (n)
            n->v.safe &= w->checked[i].old.safe;
    }
}

static code_value in_branch(code_walk *w, TSNode n)
{
    uint32_t before = w->branch;
    w->branch = ++w->branches;
    code_value v = code_visit(w, n);
    w->branch = before;
    return v;
}

/* A value that a condition looked at is safe where the condition holds, or where it does not if it is
 * negated; and behind it, if the other way leads out. */
code_value code_if(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k), from = w->checked_n;
    const code_kid *condition = code_part_of(w, n, k, kn, 0), *then = code_part_of(w, n, k, kn, 1);
    bool inside = w->in_condition;
    code_value c = value_unknown();
    for (size_t i = 0; i < kn && condition && &k[i] != condition; i++) /* Go: if err := f(); err != nil */
        if (&k[i] != then)
            code_visit(w, k[i].node);
    w->in_condition = true;
    if (condition)
        c = code_visit(w, condition->node);
    w->in_condition = inside;
    bool never = c.known && (cu_eq_str(c.text, "False") || cu_eq_str(c.text, "false") || cu_eq_str(c.text, "0"));
    uint32_t exits = w->exits;
    keep(w, from);
    mark(w, from, false);
    if (then && !never)
        in_branch(w, then->node);
    bool out = w->exits != exits;
    unmark(w, from);
    mark(w, from, true);
    for (size_t i = 0; i < kn; i++)
        if (&k[i] != condition && &k[i] != then && (!condition || &k[i] > condition))
            in_branch(w, k[i].node);
    if (!out)
        unmark(w, from);
    w->checked_n = from;
    return value_unknown();
}

code_value code_each(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *left = code_part_of(w, n, k, kn, 0), *right = code_part_of(w, n, k, kn, 1), *body = code_part_of(w, n, k, kn, 2);
    code_value v = right ? code_visit(w, right->node) : value_unknown();
    v.known = false;
    if (left)
        bind(w, left->node, v, CU_NONE);
    for (size_t i = 0; i < kn; i++)
        if (&k[i] != left && &k[i] != right && &k[i] != body)
            code_visit(w, k[i].node);
    if (body)
        in_branch(w, body->node);
    return value_unknown();
}

void code_param(code_walk *w, TSNode n, bool tainted)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *name = code_part_of(w, n, k, kn, 0), *value = code_part_of(w, n, k, kn, 1), *type = code_part_of(w, n, k, kn, 2);
    for (size_t i = 0; i < w->set->parts_n && !tainted; i++)
        tainted = code_any(&w->set->parts[i]->params, code_of(w, n));
    if (value) {
        code_value v = code_visit(w, value->node);
        if (name)
            code_match_set(w, n, code_of(w, name->node), (code_arg){CU_NONE, value->node, v});
    }
    cu_bytes before = w->declared;
    w->declared = type ? code_of(w, type->node) : CU_NONE;
    bool typed = code_grammars[w->set - w->c->set].typed;
    if (name)
        bind(w, name->node, (code_value){.state = tainted ? V_TAINTED : V_UNKNOWN}, typed ? type_name(w->declared) : CU_NONE);
    w->declared = before;
}

static void parameters(code_walk *w, TSNode list, bool tainted)
{
    code_kid *k;
    if (code_kind_of(w, list) == K_NAME) {
        name_set(w, code_of(w, list), (code_value){.state = tainted ? V_TAINTED : V_UNKNOWN}, CU_NONE);
        return;
    }
    size_t kn = code_kids(w, list, &k);
    for (size_t i = 0; i < kn; i++) {
        if (k[i].kind == K_PARAM)
            code_param(w, k[i].node, tainted);
        else if (k[i].kind == K_NAME)
            name_set(w, code_of(w, k[i].node), (code_value){.state = tainted ? V_TAINTED : V_UNKNOWN}, CU_NONE);
        else if (w->depth < CODE_MAX_DEPTH) {
            w->depth++;
            parameters(w, k[i].node, tainted);
            w->depth--;
        }
    }
}

/* Names of outer functions stay visible; those of this one are forgotten behind it. */
code_value code_func(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *params = code_part_of(w, n, k, kn, 1), *body = code_part_of(w, n, k, kn, 2), *single = code_part_of(w, n, k, kn, 0);
    code_name *outer = w->newest;
    uint32_t branch = w->branch, exits = w->exits;
    bool routed = w->routed, condition = w->in_condition;
    cu_bytes declared = w->declared;
    w->branch = ++w->branches;
    w->routed = w->in_condition = false;
    w->declared = CU_NONE;
    if (params)
        parameters(w, params->node, routed);
    else if (single && single != body)
        parameters(w, single->node, routed);
    for (size_t i = 0; i < kn; i++)
        if (&k[i] != params && &k[i] != body && k[i].field == 0)
            code_visit(w, k[i].node);
    if (body)
        code_visit(w, body->node);
    names_back(w, outer);
    w->branch = branch;
    w->exits = exits;
    w->routed = routed;
    w->in_condition = condition;
    w->declared = declared;
    return value_unknown();
}

static void import_one(code_walk *w, TSNode n, cu_bytes module)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const char *t = code_type(n);
    bool renamed = kn == 2 && (strcmp(t, "aliased_import") == 0 || strcmp(t, "import_specifier") == 0);
    if (strcmp(t, "dotted_name") != 0 && strcmp(t, "identifier") != 0 && strcmp(t, "aliased_import") != 0 && strcmp(t, "import_specifier") != 0 &&
        strcmp(t, "namespace_import") != 0) {
        for (size_t i = 0; i < kn && w->depth < CODE_MAX_DEPTH; i++) {
            w->depth++;
            import_one(w, k[i].node, module);
            w->depth--;
        }
        return;
    }
    bool star = strcmp(t, "namespace_import") == 0, plain = strcmp(t, "identifier") == 0;
    cu_bytes what = code_of(w, renamed ? k[0].node : n), as = code_of(w, renamed ? k[1].node : kn && !renamed && star ? k[0].node : n);
    char *path = module.n && !star && !(plain && w->set != &w->c->set[CU_CODE_python]) ? cu_arena_fmt(w->a, "%.*s.%.*s", CU_FMT(module), CU_FMT(what))
                                                                                        : cu_arena_str(w->a, module.n ? module : what);
    if (path && as.n < CODE_MAX_PATH && what.n < CODE_MAX_PATH && module.n < CODE_MAX_PATH && !memchr(as.p, '.', as.n))
        name_set(w, as, value_unknown(), cu_str(path));
}

/* import a as b; from a import b as c; import { b as c } from 'a'; import b "x/a" */
void code_import(code_walk *w, TSNode n)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    bool named = w->set->field[ts_node_symbol(n)][0] != 0;
    const code_kid *module = named ? code_part_of(w, n, k, kn, 0) : NULL;
    cu_bytes from = module ? code_unquote(code_of(w, module->node)) : CU_NONE;
    if (cu_starts(from, CU_LIT("node:")))
        from = cu_slice(from, 5, from.n);
    if (w->set == &w->c->set[CU_CODE_go]) { /* the last part of the path, unless it is renamed */
        const code_kid *as = code_part_of(w, n, k, kn, 1);
        size_t at = from.n;
        while (at && from.p[at - 1] != '/')
            at--;
        if (as)
            name_set(w, code_of(w, as->node), value_unknown(), cu_slice(from, at, from.n));
        return;
    }
    for (size_t i = 0; i < kn; i++)
        if (&k[i] != module)
            import_one(w, k[i].node, from);
}
