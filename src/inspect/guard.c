#include <stdlib.h>
#include "walk.h"

#define EXAMPLE_ARENA (64u << 20)

const TSLanguage *tree_sitter_bash(void);

const char *cu_tier_name(cu_tier t)
{
    static const char *const names[] = {"default", "repo", "tenant", "org"};
    return names[t];
}

const char *cu_verdict_name(unsigned decision)
{
    static const char *const names[] = {"allow", "hold", "block"};
    return names[decision];
}

static bool lifted(const cu_guard *g, const cu_reason *r)
{
    for (unsigned t = r->tier + 1; !g->proving && r->decision == CU_COMMAND_HOLD && t < CU_TIERS; t++)
        if (g->packs[t] && in_any(&g->packs[t]->permit, cu_str(r->rule)))
            return true;
    return false;
}

static cu_err finish(walk *w, cu_verdict *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->reasons_n; i++) {
        if (lifted(w->g, &w->reasons[i]))
            continue;
        w->reasons[n++] = w->reasons[i];
        if (out->decision < w->reasons[n - 1].decision)
            out->decision = w->reasons[n - 1].decision;
    }
    out->v = w->reasons;
    out->n = n;
    out->hosts = w->hosts;
    out->hosts_n = w->hosts_n;
    return w->nomem ? CU_NOMEM : CU_OK;
}

static cu_err begin(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out, walk *w)
{
    *out = (cu_verdict){0};
    *w = (walk){.g = i->guard, .parser = i->parser, .cursor = &i->cursor, .max_text = i->max_text, .max_turns = i->max_turns, .a = a, .src = text, .end = (uint32_t)(text.n < UINT32_MAX ? text.n : UINT32_MAX)};
    w->reasons = cu_arena_alloc(a, CU_INSPECT_MAX_REASONS * sizeof *w->reasons);
    w->hosts = cu_arena_alloc(a, CU_INSPECT_MAX_HOSTS * sizeof *w->hosts);
    return w->reasons && w->hosts ? CU_OK : CU_NOMEM;
}

cu_err cu_inspect_command(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out)
{
    walk w;
    CU_TRY(begin(i, text, a, out, &w));
    shell_text(&w, text, (flow){0});
    return finish(&w, out);
}

cu_err cu_inspect_code(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out)
{
    walk w;
    CU_TRY(begin(i, text, a, out, &w));
    if (text.n > i->max_text)
        reason_static(&w, "code-too-large", "The text is larger than what is looked at.", "Hand it over in smaller pieces.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
    else
        code_text(&w, text);
    return finish(&w, out);
}

cu_err cu_inspect_hosts(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out)
{
    walk w;
    CU_TRY(begin(i, text, a, out, &w));
    if (text.n > i->max_text)
        reason_static(&w, "code-too-large", "The text is larger than what is looked at.", "Hand it over in smaller pieces.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
    else
        host_scan(&w, text);
    return finish(&w, out);
}

cu_err cu_inspect_manifest(cu_inspector *i, cu_bytes path, cu_bytes lang, cu_bytes text, cu_arena *a, cu_verdict *out)
{
    walk w = {.g = i->guard};
    *out = (cu_verdict){0};
    if (!packages_listed(&w)) /* as nearly everywhere: each file that is written comes here */
        return CU_OK;
    CU_TRY(begin(i, text, a, out, &w));
    if (text.n > i->max_text)
        reason_static(&w, "code-too-large", "The text is larger than what is looked at.", "Hand it over in smaller pieces.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
    else
        manifest_text(&w, path, lang, text);
    return finish(&w, out);
}

void cu_inspector_limit(cu_inspector *i, uint32_t bytes, uint32_t turns)
{
    i->max_text = bytes < CU_INSPECT_MAX_TEXT ? bytes : CU_INSPECT_MAX_TEXT;
    i->max_turns = turns < CU_INSPECT_MAX_TURNS ? turns : CU_INSPECT_MAX_TURNS;
}

void cu_inspector_use(cu_inspector *i, const cu_guard *g)
{
    i->guard = g;
}

cu_err cu_inspector_new(const cu_guard *g, cu_inspector **out)
{
    cu_inspector *i = calloc(1, sizeof *i);
    *out = NULL;
    if (!i)
        return CU_NOMEM;
    cu_inspector_use(i, g);
    cu_inspector_limit(i, CU_INSPECT_MAX_TEXT, CU_INSPECT_MAX_TURNS);
    i->parser = ts_parser_new();
    if (!i->parser || !ts_parser_set_language(i->parser, tree_sitter_bash())) {
        cu_inspector_free(i);
        return CU_ENGINE; /* the grammar's version does not fit the parser */
    }
    TSTree *none = ts_parser_parse_string(i->parser, NULL, "", 0);
    if (!none) {
        cu_inspector_free(i);
        return CU_NOMEM;
    }
    i->cursor = ts_tree_cursor_new(ts_tree_root_node(none)); /* is set to another tree before each use */
    i->has_cursor = true;
    ts_tree_delete(none);
    *out = i;
    return CU_OK;
}

void cu_inspector_free(cu_inspector *i)
{
    if (!i)
        return;
    if (i->has_cursor)
        ts_tree_cursor_delete(&i->cursor);
    if (i->parser)
        ts_parser_delete(i->parser);
    free(i);
}

static bool fires(const cu_verdict *v, const char *rule)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(v->v[i].rule, rule) == 0)
            return true;
    return false;
}

static cu_err example(cu_inspector *i, const cu_command_rule *r, cu_bytes text, bool must, cu_fault *f)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_verdict v;
    cu_arena_init(&a, EXAMPLE_ARENA);
    CU_TRY(cu_inspect_command(i, text, &a, &v));
    if (fires(&v, r->id) == must)
        return CU_OK;
    const char *file = strrchr(r->file, '/');
    if (f)
        f->line = r->line;
    return cu_fail(f, CU_CONFIG, "%s:%u: rule %s %s its example \"%.*s\"", file ? file + 1 : r->file, r->line, r->id, must ? "does not match" : "matches",
                   text.n < 120 ? (int)text.n : 120, (const char *)text.p);
}

static cu_err prove(const cu_guard *g, cu_fault *f)
{
    cu_inspector *i;
    cu_err e = cu_inspector_new(g, &i);
    for (unsigned t = 0; t < CU_TIERS && e == CU_OK; t++)
        for (size_t k = 0; g->packs[t] && k < g->packs[t]->rules_n && e == CU_OK; k++) {
            const cu_command_rule *r = &g->packs[t]->rules[k];
            for (size_t m = 0; m < r->match.n && e == CU_OK; m++)
                e = example(i, r, r->match.v[m], true, f);
            for (size_t m = 0; m < r->not_match.n && e == CU_OK; m++)
                e = example(i, r, r->not_match.v[m], false, f);
        }
    cu_inspector_free(i);
    return e;
}

cu_err cu_guard_of(const cu_command_pack *const packs[CU_TIERS], cu_guard **out)
{
    cu_guard *g = calloc(1, sizeof *g);
    *out = g;
    if (!g)
        return CU_NOMEM;
    for (unsigned t = 0; t < CU_TIERS; t++)
        g->packs[t] = packs[t];
    return CU_OK;
}

cu_err cu_guard_new(const cu_command_pack *const packs[CU_TIERS], cu_guard **out, cu_fault *f)
{
    CU_TRY(cu_guard_of(packs, out));
    cu_guard bare = **out;
    bare.proving = true;
    cu_err e = prove(&bare, f);
    if (e != CU_OK) {
        free(*out);
        *out = NULL;
    }
    return e;
}

void cu_guard_free(cu_guard *g)
{
    free(g);
}
