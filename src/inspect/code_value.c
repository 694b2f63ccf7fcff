/* What is known of values, and the names that hold them. */
#include "code_in.h"
#include "glob.h"

code_value value_fixed(cu_bytes text)
{
    return (code_value){.state = V_FIXED, .known = true, .safe = CODE_SAFE_ALL, .text = text};
}

code_value value_unknown(void)
{
    return (code_value){.state = V_UNKNOWN};
}

/* Of what is fixed nothing has to be made safe. */
code_value value_join(code_value a, code_value b)
{
    uint16_t sa = a.state == V_FIXED ? CODE_SAFE_ALL : a.safe, sb = b.state == V_FIXED ? CODE_SAFE_ALL : b.safe;
    return (code_value){.state = a.state > b.state ? a.state : b.state, .built = a.built || b.built, .safe = sa & sb};
}

static unsigned bucket_of(cu_bytes name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ name.p[i]) * 16777619u;
    return (h ^ (h >> 8)) & 255u;
}

code_name *name_get(code_walk *w, cu_bytes name)
{
    for (code_name *n = w->bucket[bucket_of(name)]; n; n = n->next)
        if (cu_eq(n->name, name))
            return n;
    return NULL;
}

/* What is set in a branch that may not be taken does not undo what held before. */
void name_set(code_walk *w, cu_bytes name, code_value v, cu_bytes path)
{
    code_name *n = name_get(w, name);
    if (n && n->branch != w->branch && w->branch) {
        bool same = cu_eq(n->path, path);
        v = value_join(n->v, v);
        n->v = v;
        n->path = same ? n->path : CU_NONE;
        return;
    }
    if (n) {
        n->v = v;
        n->path = path;
        return;
    }
    if (w->names >= CODE_MAX_NAMES || !(n = cu_arena_alloc(w->a, sizeof *n)))
        return;
    unsigned b = bucket_of(name);
    *n = (code_name){.next = w->bucket[b], .older = w->newest, .name = name, .path = path, .v = v, .branch = w->branch};
    w->bucket[b] = w->newest = n;
    w->names++;
}

void names_back(code_walk *w, code_name *to)
{
    while (w->newest && w->newest != to) {
        w->bucket[bucket_of(w->newest->name)] = w->newest->next;
        w->newest = w->newest->older;
        w->names--;
    }
}

bool value_is(const code_value *v, unsigned is, int harm)
{
    bool safe = harm >= 0 && (v->safe >> harm & 1);
    switch ((cu_code_state)is) {
    case CU_CODE_IS_literal:
        return v->state == V_FIXED && v->known;
    case CU_CODE_IS_dynamic:
        return v->state != V_FIXED && !safe;
    case CU_CODE_IS_built:
        return !safe && (v->state == V_TAINTED || (v->built && v->state != V_FIXED));
    case CU_CODE_IS_tainted:
        return !safe && v->state == V_TAINTED;
    case CU_CODE_IS_present:
    case CU_CODE_IS_missing:
    case CU_CODE_STATE_COUNT:
        break;
    }
    return true;
}

/* "a", r'a', """a""", `a`: what stands between. */
cu_bytes code_unquote(cu_bytes t)
{
    size_t at = 0, end = t.n;
    while (at < t.n && at < 3 && (t.p[at] | 32) >= 'a' && (t.p[at] | 32) <= 'z')
        at++;
    if (at >= t.n || (t.p[at] != '"' && t.p[at] != '\'' && t.p[at] != '`'))
        return t;
    size_t q = end - at >= 6 && t.p[at] == t.p[at + 1] && t.p[at] == t.p[at + 2] ? 3 : 1;
    if (end < at + 2 * q)
        return cu_slice(t, at + 1 < t.n ? at + 1 : at, end);
    return cu_slice(t, at + q, end - q);
}
