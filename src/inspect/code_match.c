/* Whether a rule asks for this call or this setting. */
#include "code_in.h"
#include "glob.h"

bool code_any(const cu_word_list *globs, cu_bytes text)
{
    return globs->n && in_any(globs, text);
}

bool code_like(const cu_code_where *c, cu_bytes text)
{
    return (!c->like.n || in_any(&c->like, text)) && !(c->unlike.n && in_any(&c->unlike, text));
}

void code_found(code_walk *w, const cu_code_rule *r, uint32_t start, uint32_t end)
{
    for (size_t i = 0; i < w->found_n; i++)
        if (w->found[i].rule == r && w->found[i].start == start)
            return;
    if (w->found_n < CU_CODE_MAX_FINDINGS)
        w->found[w->found_n++] = (cu_code_finding){.rule = r, .start = start, .end = end};
}

static cu_bytes said(const code_walk *w, const code_arg *a)
{
    return a->v.known ? a->v.text : code_of(w, a->node);
}

static bool fits(const code_walk *w, const cu_code_rule *r, const cu_code_where *c, const code_arg *a)
{
    return value_is(&a->v, c->is, r->harm) && code_like(c, said(w, a));
}

/* A list or an object that stands as an argument has the states of what is in it. */
static bool at_place(cu_bytes at, const code_arg *args, size_t n, size_t i)
{
    if (cu_eq_str(at, "any"))
        return true;
    if (at.p[0] >= '0' && at.p[0] <= '9') {
        size_t want = (size_t)(at.p[0] - '0');
        bool behind = at.n == 2 && at.p[1] == '+'; /* "1+": this one and all behind it */
        return !args[i].name.n && (behind ? i >= want : i == want);
    }
    return args[i].name.n && cu_eq(args[i].name, at);
}

static bool holds(const code_walk *w, const cu_code_rule *r, const cu_code_where *c, const code_arg *args, size_t n)
{
    bool must = c->is != CU_CODE_IS_missing;
    for (size_t p = 0; p < c->at.n; p++) {
        bool there = false;
        for (size_t i = 0; i < n; i++) {
            if (!at_place(c->at.v[p], args, n, i))
                continue;
            there = true;
            if (fits(w, r, c, &args[i]))
                return must;
        }
        if (there && must && !cu_eq_str(c->at.v[p], "any"))
            return false;
    }
    return !must;
}

/* Conditions on a whole text: of the call, of the artefact. */
static bool of_text(const code_walk *w, const cu_code_where *c, TSNode whole, bool *known)
{
    bool file = cu_eq_str(c->at.v[0], "file");
    *known = file || cu_eq_str(c->at.v[0], "text");
    return *known && code_like(c, file ? w->text : code_of(w, whole)) == (c->is != CU_CODE_IS_missing);
}

void code_match_call(code_walk *w, TSNode place, cu_bytes path, code_value receiver, const code_arg *args, size_t n, TSNode whole)
{
    for (size_t i = 0; i < w->active_n; i++) {
        const cu_code_rule *r = w->active[i]->rule;
        if (!r->call.n || !in_any(&r->call, path) || code_any(&r->unless, path))
            continue;
        bool all = true;
        for (size_t k = 0; k < r->where_n && all; k++) {
            const cu_code_where *c = &r->where[k];
            bool known;
            all = of_text(w, c, whole, &known);
            if (!known && cu_eq_str(c->at.v[0], "receiver"))
                all = value_is(&receiver, c->is, r->harm) && code_like(c, receiver.known ? receiver.text : path);
            else if (!known)
                all = holds(w, r, c, args, n);
        }
        if (all)
            code_found(w, r, ts_node_start_byte(place), ts_node_end_byte(whole));
    }
}

void code_match_set(code_walk *w, TSNode place, cu_bytes path, code_arg value)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '.')
        at--;
    cu_bytes last = cu_slice(path, at, path.n);
    for (size_t i = 0; i < w->active_n; i++) {
        const cu_code_rule *r = w->active[i]->rule;
        if (!r->set.n || (!in_any(&r->set, path) && !in_any(&r->set, last)) || code_any(&r->unless, path) || code_any(&r->unless, last))
            continue;
        bool all = true;
        for (size_t k = 0; k < r->where_n && all; k++) {
            bool known;
            all = of_text(w, &r->where[k], place, &known);
            if (!known)
                all = fits(w, r, &r->where[k], &value) == (r->where[k].is != CU_CODE_IS_missing);
        }
        if (all)
            code_found(w, r, ts_node_start_byte(place), ts_node_end_byte(place));
    }
}
