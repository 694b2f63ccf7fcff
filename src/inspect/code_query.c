/* Rules that are a query of tree-sitter. Of its predicates #eq?, #not-eq?, #any-of?, #like?, #not-like? and #same?
 * are known (globs, as everywhere in the rules); any other stops the load. */
#include "code_in.h"
#include "glob.h"

#define MATCH_LIMIT 256u
#define PLACES 16u /* of anchors that are looked at one by one; beyond, the whole text is searched */

static cu_bytes string_of(const TSQuery *q, uint32_t id)
{
    uint32_t n;
    const char *s = ts_query_string_value_for_id(q, id, &n);
    return cu_bytes_of(s, n);
}

static bool known_predicate(cu_bytes name)
{
    return cu_eq_str(name, "eq?") || cu_eq_str(name, "not-eq?") || cu_eq_str(name, "any-of?") || cu_eq_str(name, "like?") || cu_eq_str(name, "not-like?") ||
           cu_eq_str(name, "same?");
}

static cu_bytes captured(const code_walk *w, const TSQueryMatch *m, uint32_t id, bool *there)
{
    for (uint16_t c = 0; c < m->capture_count; c++)
        if (m->captures[c].index == id) {
            *there = true;
            return code_of(w, m->captures[c].node);
        }
    return CU_NONE;
}

/* One predicate stands at v[*i]: name, capture, strings, done. */
static bool predicate(const code_walk *w, const TSQuery *q, const TSQueryMatch *m, const TSQueryPredicateStep *v, uint32_t n, uint32_t *i)
{
    cu_bytes name = string_of(q, v[*i].value_id), text = CU_NONE;
    bool hit = false, there = false, other;
    uint32_t k = *i + 1;
    if (k < n && v[k].type == TSQueryPredicateStepTypeCapture)
        text = captured(w, m, v[k].value_id, &there);
    for (k++; k < n && v[k].type != TSQueryPredicateStepTypeDone; k++) {
        cu_bytes s = v[k].type == TSQueryPredicateStepTypeString ? string_of(q, v[k].value_id) : captured(w, m, v[k].value_id, &other);
        bool glob = cu_eq_str(name, "like?") || cu_eq_str(name, "not-like?");
        hit = hit || (glob ? in_glob(s, text, false) : cu_eq(s, text));
    }
    *i = k + 1;
    bool no = cu_starts(name, CU_LIT("not-"));
    return !there ? no : hit != no;
}

static bool predicates(const code_walk *w, const TSQuery *q, const TSQueryMatch *m)
{
    uint32_t n;
    const TSQueryPredicateStep *v = ts_query_predicates_for_pattern(q, m->pattern_index, &n);
    for (uint32_t i = 0; i < n;)
        if (!predicate(w, q, m, v, n, &i))
            return false;
    return true;
}

static cu_err check_predicates(const code_rule *r, cu_fault *f)
{
    for (uint32_t p = 0; p < ts_query_pattern_count(r->query); p++) {
        uint32_t n;
        if (strncmp(r->rule->query + ts_query_start_byte_for_pattern(r->query, p), "(#", 2) == 0)
            return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: a predicate of its query stands outside of the pattern's brackets, and would hold for nothing", r->rule->file, r->rule->line, r->rule->id);
        const TSQueryPredicateStep *v = ts_query_predicates_for_pattern(r->query, p, &n);
        for (uint32_t i = 0; i < n; i++) {
            bool first = i == 0 || v[i - 1].type == TSQueryPredicateStepTypeDone;
            if (first && (v[i].type != TSQueryPredicateStepTypeString || !known_predicate(string_of(r->query, v[i].value_id)) || i + 1 >= n ||
                          v[i + 1].type != TSQueryPredicateStepTypeCapture))
                return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: its query has a predicate that is not known; #eq?, #not-eq?, #any-of?, #like?, #not-like? and #same? are", r->rule->file,
                               r->rule->line, r->rule->id);
        }
    }
    return CU_OK;
}

cu_err code_query_new(const code_set *s, code_rule *r, cu_fault *f)
{
    uint32_t at = 0;
    TSQueryError e = TSQueryErrorNone;
    r->query = ts_query_new(s->ts, r->rule->query, (uint32_t)strlen(r->rule->query), &at, &e);
    if (!r->query)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: the query is wrong at its byte %u", r->rule->file, r->rule->line, r->rule->id, at);
    for (uint32_t i = 0; i < ts_query_capture_count(r->query); i++) {
        uint32_t n;
        const char *name = ts_query_capture_name_for_id(r->query, i, &n);
        if (n == 2 && memcmp(name, "at", 2) == 0) {
            r->at = i;
            return check_predicates(r, f);
        }
    }
    return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: the query needs a capture @at, which is the place", r->rule->file, r->rule->line, r->rule->id);
}

static void within(code_walk *w, const code_rule *r, TSNode root, uint32_t from, uint32_t to)
{
    TSQueryMatch m;
    ts_query_cursor_set_match_limit(w->seat->cursor, MATCH_LIMIT);
    ts_query_cursor_set_byte_range(w->seat->cursor, from, to);
    ts_query_cursor_exec(w->seat->cursor, r->query, root);
    while (ts_query_cursor_next_match(w->seat->cursor, &m)) {
        if (!predicates(w, r->query, &m))
            continue;
        for (uint16_t c = 0; c < m.capture_count; c++)
            if (m.captures[c].index == r->at)
                code_found(w, r->rule, ts_node_start_byte(m.captures[c].node), ts_node_end_byte(m.captures[c].node));
    }
}

/* The places of the rule's anchors; false: too many. */
static bool places_of(const code_walk *w, const code_rule *r, uint32_t at[PLACES], uint32_t len[PLACES], size_t *n)
{
    *n = 0;
    for (size_t k = 0; k < r->rule->anchors.n; k++) {
        cu_bytes anchor = r->rule->anchors.v[k];
        for (size_t from = 0; (from = cu_find(w->src, anchor, from)) != SIZE_MAX; from += anchor.n) {
            if (*n == PLACES)
                return false;
            at[*n] = (uint32_t)from;
            len[(*n)++] = (uint32_t)anchor.n;
        }
    }
    return true;
}

/* Where one of the anchors stands within whatever the query finds, the rest of the tree is left alone. */
void code_query_run(code_walk *w, const code_rule *r, TSNode root)
{
    uint32_t at[PLACES], len[PLACES];
    size_t n;
    if (!r->rule->within || !places_of(w, r, at, len, &n)) {
        within(w, r, root, 0, UINT32_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++)
        within(w, r, root, at[i], at[i] + len[i]);
}
