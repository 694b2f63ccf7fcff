/* Holds one call, and each host, against the rules and lists of every tier. */
#include <ctype.h>
#include "walk.h"

static void add(walk *w, cu_reason r)
{
    for (size_t i = 0; i < w->reasons_n; i++)
        if (strcmp(w->reasons[i].rule, r.rule) == 0 && w->reasons[i].tier == r.tier)
            return;
    r.start = w->start;
    r.end = w->end;
    if (w->reasons_n < CU_INSPECT_MAX_REASONS) {
        w->reasons[w->reasons_n++] = r;
        return;
    }
    for (size_t i = 0; i < w->reasons_n; i++) /* the stricter ones stay */
        if (w->reasons[i].decision < r.decision) {
            w->reasons[i] = r;
            return;
        }
}

void reason_add(walk *w, const cu_command_rule *r, unsigned tier)
{
    add(w, (cu_reason){r->id, r->title, r->message, r->instead, tier, r->decision, 0, 0});
}

void reason_static(walk *w, const char *id, const char *message, const char *instead, unsigned tier, unsigned decision)
{
    add(w, (cu_reason){id, id, message, instead, tier, decision, 0, 0});
}

static bool has_open(cu_bytes t)
{
    return t.n && memchr(t.p, OPEN, t.n);
}

/* A pattern whose last part says something: id*, sh?dow; not a bare star, which names everything. Right below the
 * root there are only folders of the system: /e* is one as well. */
static bool telling(cu_bytes t)
{
    size_t n = 0;
    while (t.n > 1 && t.p[t.n - 1] == '/')
        t.n--;
    cu_bytes last = in_base(t);
    for (size_t i = 0; i < last.n; i++)
        n += isalnum(last.p[i]) != 0;
    return n >= 2 || (last.n > 1 && last.n + 1 == t.n && t.p[0] == '/');
}

static bool plain_fits(const walk *w, const cu_word_list *globs, const word *v)
{
    cu_bytes path = v->text.n < 4096 && memchr(v->text.p ? v->text.p : (const uint8_t *)"", '/', v->text.n) ? in_path(w->a, v->text) : v->text;
    if (!path.n && v->text.n) /* /../ */
        path = CU_LIT("/");
    if (in_any(globs, v->text) || (path.n != v->text.n && in_any(globs, path)))
        return true;
    for (size_t i = 0; v->glob && telling(v->text) && i < globs->n; i++) {
        cu_bytes g = globs->v[i];
        bool tail = g.n > 2 && g.p[0] == '*'; /* a form of the end: compared with the end */
        if (tail)
            g = cu_slice(g, 1, g.n);
        cu_bytes t = path;
        size_t slashes = 0, at = tail ? t.n : 0;
        for (size_t k = 0; k < g.n; k++)
            slashes += tail && g.p[k] == '/';
        while (at && slashes)
            slashes -= t.p[--at] == '/';
        if (!slashes && v->text.n > 2 && g.n && in_glob(cu_slice(t, g.p[0] == '/' ? at : 0, t.n), g, true))
            return true;
    }
    return false;
}

/* The word as it stands, and seen from the folder that cd went to. */
static bool word_fits(const walk *w, const cu_word_list *globs, const word *v)
{
    if (plain_fits(w, globs, v))
        return true;
    if (!w->folder.n || !v->text.n || v->text.n > 1024 || memchr("/~-", v->text.p[0], 3))
        return false;
    bool root = w->folder.p[w->folder.n - 1] == '/';
    char *path = cu_arena_fmt(w->a, "%.*s%s%.*s", CU_FMT(w->folder), root ? "" : "/", CU_FMT(v->text));
    if (!path)
        return false;
    cu_bytes whole = in_path(w->a, cu_str(path));
    const word from = {whole.n ? whole : CU_LIT("/"), v->glob};
    return plain_fits(w, globs, &from);
}

static bool any_word(const walk *w, const call *c, const cu_word_list *globs)
{
    for (size_t i = 1; i < c->argv.n; i++)
        if (word_fits(w, globs, &c->argv.v[i]))
            return true;
    for (size_t i = 0; i < c->to.n; i++)
        if (word_fits(w, globs, &c->to.v[i]))
            return true;
    return false;
}

static bool has_flag(const call *c, cu_bytes flag)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (t.n < 2 || t.p[0] != '-')
            continue;
        if (cu_eq_str(t, "--"))
            return false;
        size_t dashes = t.p[1] == '-' ? 2 : 1;
        cu_bytes name = cu_slice(t, dashes, t.n);
        const uint8_t *eq = memchr(name.p, '=', name.n);
        if (eq)
            name.n = (size_t)(eq - name.p);
        if (cu_eq(name, flag) || (flag.n > 1 && dashes == 2 && name.n > 2 && cu_starts(flag, name)))
            return true;
        if (flag.n == 1 && dashes == 1 && name.n < 12 && memchr(name.p, flag.p[0], name.n))
            return true;
    }
    return false;
}

static bool flags_fit(const call *c, const cu_word_groups *g)
{
    for (size_t i = 0; i < g->n; i++) {
        bool hit = false;
        for (size_t k = 0; k < g->v[i].n; k++)
            hit = hit || has_flag(c, g->v[i].v[k]);
        if (!hit)
            return false;
    }
    return true;
}

static bool sub_fits(const call *c, const cu_program *p, const cu_word_groups *g)
{
    size_t at[8], n = g->n ? operands_of(c, p, at, 8) : 0;
    for (size_t shift = 0; g->n && shift + g->n <= n && shift < 2; shift++) {
        size_t i = 0;
        while (i < g->n && in_any(&g->v[i], c->argv.v[at[shift + i]].text))
            i++;
        if (i == g->n)
            return true;
    }
    return g->n == 0;
}

static bool is_production(const walk *w, cu_bytes t)
{
    for (size_t i = 0, from = 0; i <= t.n; i++) {
        if (i < t.n && (isalnum(t.p[i])))
            continue;
        cu_bytes part = cu_slice(t, from, i);
        char low[32];
        for (size_t k = 0; part.n && part.n < sizeof low && k < part.n; k++)
            low[k] = (char)tolower(part.p[k]);
        for (int tier = 0; part.n && part.n < sizeof low && tier < CU_TIERS; tier++)
            if (w->g->packs[tier] && in_any(&w->g->packs[tier]->production, cu_bytes_of(low, part.n)))
                return true;
        from = i + 1;
    }
    return false;
}

static bool context_option(const walk *w, const call *c, const cu_program *p, size_t at)
{
    cu_bytes t = c->argv.v[at].text;
    if (t.n < 2 || t.p[0] != '-')
        return false;
    cu_bytes name = cu_slice(t, t.p[1] == '-' ? 2 : 1, t.n);
    for (size_t i = 0; i < p->context_options.n; i++) {
        cu_bytes o = p->context_options.v[i];
        if (cu_eq(name, o) && at + 1 < c->argv.n && is_production(w, c->argv.v[at + 1].text))
            return true;
        if (name.n > o.n && cu_starts(name, o) && (name.p[o.n] == '=' || (o.n == 1 && t.p[1] != '-')) && is_production(w, cu_slice(name, o.n, name.n)))
            return true;
    }
    return false;
}

static bool in_production(const walk *w, const call *c, const cu_program *p)
{
    if (!p)
        return false;
    for (size_t i = 1; i < c->argv.n; i++)
        if (context_option(w, c, p, i))
            return true;
    for (size_t i = 0; i < p->context_env.n; i++) {
        flow *f = var_get(w->vars, p->context_env.v[i]);
        if (f && is_production(w, f->text))
            return true;
    }
    return false;
}

static bool program_fits(const cu_command_rule *r, cu_bytes name, bool glob)
{
    if (!r->program.n || in_any(&r->program, name))
        return true;
    for (size_t i = 0; glob && name.n > 1 && i < r->program.n; i++)
        if (in_glob(name, r->program.v[i], true))
            return true;
    return has_open(name) && r->args.n && (r->flags.n || name.n > 1);
}

static bool rule_fits(const walk *w, const cu_command_rule *r, const call *c, const cu_program *p, cu_bytes name)
{
    if (r->hosts.n || !program_fits(r, name, c->argv.v[0].glob))
        return false;
    if (r->tags && !(p && (p->tags & r->tags)))
        return false;
    if (r->input && !((c->in.tags | c->arg_tags) & r->input))
        return false;
    if (r->words && !(c->arg_tags & r->words))
        return false;
    if (!flags_fit(c, &r->flags) || !sub_fits(c, p, &r->sub) || (r->context && !in_production(w, c, p)))
        return false;
    for (size_t i = 0; i < r->args.n; i++)
        if (!any_word(w, c, &r->args.v[i]))
            return false;
    return !r->not_args.n || !any_word(w, c, &r->not_args);
}

void match_call(walk *w, const call *c, const cu_program *p, cu_bytes name)
{
    for (unsigned t = 0; t < CU_TIERS; t++) {
        const cu_command_pack *pack = w->g->packs[t];
        for (size_t i = 0; pack && i < pack->rules_n; i++)
            if (rule_fits(w, &pack->rules[i], c, p, name))
                reason_add(w, &pack->rules[i], t);
        if (pack && name.n && in_any(&pack->deny_programs, name))
            reason_static(w, "program-denied", "This program is on a list of those that may not be run.", "Ask who keeps the list, or use another program.", t, CU_COMMAND_BLOCK);
    }
}

static bool in_sets(const cu_command_pack *pack, const cu_word_list *names, cu_bytes host)
{
    for (size_t i = 0; i < pack->sets_n; i++)
        if (in_list(names, pack->sets[i].name) && in_any(&pack->sets[i].hosts, host))
            return true;
    return false;
}

void match_host(walk *w, cu_bytes host)
{
    for (unsigned t = 0; t < CU_TIERS; t++) {
        const cu_command_pack *pack = w->g->packs[t];
        for (size_t i = 0; pack && i < pack->rules_n; i++)
            if (pack->rules[i].hosts.n && in_sets(pack, &pack->rules[i].hosts, host))
                reason_add(w, &pack->rules[i], t);
        if (pack && in_any(&pack->deny_hosts, host))
            reason_static(w, "host-denied", "This host is on a list of those that may not be reached.", "Use a test system, or ask who keeps the list.", t, CU_COMMAND_BLOCK);
        if (pack && pack->allow_hosts.n && !in_any(&pack->allow_hosts, host))
            reason_static(w, "host-not-allowed", "This host is not on the list of those that may be reached, or is not known before the command runs.", "Name a host of the list, or ask for this one.", t, CU_COMMAND_HOLD);
    }
}

bool match_program_stopped(const walk *w, cu_bytes name)
{
    for (unsigned t = 0; name.n && t < CU_TIERS; t++) {
        const cu_command_pack *pack = w->g->packs[t];
        for (size_t i = 0; pack && i < pack->rules_n; i++)
            if (in_list(&pack->rules[i].program, name))
                return true;
    }
    return false;
}

bool match_program_named(const walk *w, cu_bytes name)
{
    for (unsigned t = 0; name.n && t < CU_TIERS; t++) {
        const cu_command_pack *pack = w->g->packs[t];
        for (size_t i = 0; pack && i < pack->programs_n; i++)
            if (in_list(&pack->programs[i].names, name))
                return true;
    }
    return match_program_stopped(w, name);
}

uint32_t word_tags(const walk *w, const call *c)
{
    const words *lists[] = {&c->argv, &c->to};
    const cu_command_pack *pack = w->g->packs[CU_TIER_DEFAULT];
    for (size_t l = 0; pack && l < 2; l++)
        for (size_t i = l == 0; i < lists[l]->n; i++) {
            if (l == 0 && i > 1 && in_list(&pack->secret_options, c->argv.v[i - 1].text))
                continue;
            if (word_fits(w, &pack->secrets, &lists[l]->v[i]) && !in_any(&pack->not_secrets, lists[l]->v[i].text))
                return CU_COMMAND_secret;
        }
    return 0;
}
