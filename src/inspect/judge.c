#include <time.h>
#include "inspect/judge.h"
#include "walk.h"

#define ARENA ((size_t)64 << 20)

const char *cu_call_action_name(unsigned action)
{
    static const char *const names[] = {"passed", "noted", "held", "blocked"};
    return names[action];
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0 ? (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec : 0;
}

static unsigned mode_of(const cu_judge *j, const cu_artefact *x)
{
    bool runs = x->kind == CU_ARTEFACT_COMMAND || x->kind == CU_ARTEFACT_URL;
    unsigned mode = runs ? j->modes.commands : j->modes.code;
    for (size_t i = 0; i < j->modes.tools_n; i++)
        if (j->modes.tools[i].mode > mode && in_glob(j->modes.tools[i].tool, x->tool, false))
            mode = j->modes.tools[i].mode;
    return mode;
}

cu_call_action cu_judge_action(unsigned decision, unsigned mode)
{
    if (decision == CU_COMMAND_ALLOW)
        return CU_CALL_PASSED;
    if (mode == CU_MODE_ANNOTATE)
        return CU_CALL_NOTED;
    return decision == CU_COMMAND_BLOCK || mode == CU_MODE_BLOCK ? CU_CALL_BLOCKED : CU_CALL_HELD;
}

static void short_word(char *to, size_t n, cu_bytes text)
{
    size_t k = text.n < n - 1 ? text.n : n - 1;
    if (k)
        memcpy(to, text.p, k);
    to[k] = 0;
}

static cu_mark *room(cu_marks *m, const cu_mark *x)
{
    if (m->n < CU_JUDGE_MAX_MARKS)
        return &m->v[m->n++];
    m->left_out++;
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].action < x->action)
            return &m->v[i];
    return NULL;
}

typedef struct {
    const cu_judge *j;
    cu_marks *out;
    cu_call_action action;
    cu_mark why;
    bool in_text; /* has left already */
} judging;

static void mark(judging *g, const cu_artefact *x, const cu_reason *r)
{
    unsigned mode = g->in_text ? CU_MODE_ANNOTATE : mode_of(g->j, x), action = cu_judge_action(r->decision, mode);
    cu_mark m = {.rule = r->rule, .message = r->message, .instead = r->instead, .decision = (uint8_t)r->decision, .tier = (uint8_t)r->tier,
                 .mode = (uint8_t)mode, .action = (uint8_t)action, .kind = (uint8_t)x->kind, .call = g->in_text ? 0 : g->out->calls, .start = r->start, .end = r->end};
    short_word(m.lang, sizeof m.lang, x->lang);
    short_word(m.tool, sizeof m.tool, x->tool);
    cu_sha256_of(x->text, &m.digest);
    if (action > g->action) {
        g->action = (cu_call_action)action;
        g->why = m;
    }
    cu_mark *to = room(g->out, &m);
    if (to)
        *to = m;
}

static cu_err look(const cu_judge *j, const cu_artefact *x, cu_arena *a, cu_verdict *v)
{
    bool shell = x->kind == CU_ARTEFACT_COMMAND ? x->lang.n == 0 || cu_eq_str(x->lang, "sh") : cu_eq_str(x->lang, "sh");
    if (shell && !x->hosts)
        return cu_inspect_command(j->inspector, x->text, a, v);
    if (x->kind == CU_ARTEFACT_COMMAND && !x->hosts)
        return cu_inspect_code(j->inspector, x->text, a, v);
    return cu_inspect_hosts(j->inspector, x->text, a, v);
}

/* What a rule for code says, in the words of the other rules: what is fit to stop an answer blocks, what is severe
 * waits for a person (where the mode lets it), the rest is for a scan. */
static void mark_code(judging *g, const cu_artefact *x, const cu_code_finding *f)
{
    const cu_reason r = {.rule = f->rule->id, .title = f->rule->title, .message = f->rule->message, .instead = f->rule->fix,
                         .decision = f->rule->block ? CU_COMMAND_BLOCK : CU_COMMAND_HOLD, .tier = CU_TIER_DEFAULT, .start = f->start, .end = f->end};
    if (f->rule->block || f->rule->severity >= CU_SEVERITY_HIGH)
        mark(g, x, &r);
}

/* Shell text is the command rules' business, and so is what only names hosts. */
static cu_err look_at_code(judging *g, const cu_artefact *x, cu_arena *a)
{
    static const cu_reason large = {.rule = "code-not-judged", .title = "code-not-judged", .decision = CU_COMMAND_HOLD, .tier = CU_TIER_DEFAULT,
                                    .message = "The code is larger or deeper than is looked at while somebody waits.",
                                    .instead = "Write it in smaller pieces, and let custos scan --code look at the whole."};
    cu_code_verdict v;
    bool shell = x->kind == CU_ARTEFACT_COMMAND && (x->lang.n == 0 || cu_eq_str(x->lang, "sh"));
    cu_code_lang lang = !g->j->code || x->hosts || shell || x->kind == CU_ARTEFACT_URL ? CU_CODE_LANG_COUNT : cu_code_lang_of(x->lang, x->path, x->text);
    if (lang == CU_CODE_LANG_COUNT)
        return CU_OK;
    if (x->text.n > CU_JUDGE_MAX_TEXT) {
        mark(g, x, &large);
        return CU_OK;
    }
    CU_TRY(cu_code_judge(g->j->code, lang, x->path, x->text, a, &v));
    for (size_t i = 0; i < v.n; i++)
        mark_code(g, x, &v.v[i]);
    if (!v.judged)
        mark(g, x, &large);
    return CU_OK;
}

static cu_err one(judging *g, const cu_artefact *x, cu_arena *a)
{
    static const cu_reason open = {.rule = "command-not-known", .title = "command-not-known", .decision = CU_COMMAND_HOLD,
                                   .message = "The command is put together only when it runs, so it cannot be looked at.",
                                   .instead = "Write the command as one literal text."};
    cu_verdict v;
    CU_TRY(look(g->j, x, a, &v));
    for (size_t i = 0; i < v.n; i++)
        mark(g, x, &v.v[i]);
    if (x->kind == CU_ARTEFACT_CODE || x->kind == CU_ARTEFACT_PATCH) {
        CU_TRY(cu_inspect_manifest(g->j->inspector, x->path, x->lang, x->text, a, &v));
        for (size_t i = 0; i < v.n; i++)
            mark(g, x, &v.v[i]);
    }
    if (x->open && x->kind == CU_ARTEFACT_COMMAND)
        mark(g, x, &open);
    return look_at_code(g, x, a);
}

static void unread(judging *g, const cu_tool_call *c)
{
    static const cu_reason why = {.rule = "call-not-read", .title = "call-not-read", .decision = CU_COMMAND_HOLD,
                                  .message = "The arguments of the call are not whole, or hold more than is looked at.",
                                  .instead = "Call the tool again with complete and smaller arguments."};
    const cu_artefact x = {.kind = CU_ARTEFACT_COMMAND, .tool = c->tool, .call = c->call, .text = c->args};
    mark(g, &x, &why);
}

static void take_prints(const cu_judge *j, const cu_artefacts *found)
{
    for (size_t i = 0; j->prints && i < found->n; i++)
        cu_prints_add(j->prints, &found->v[i]);
}

cu_err cu_judge_call(const cu_judge *j, const cu_tool_call *c, cu_marks *out, cu_call_action *action, cu_mark *why)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_artefacts found;
    judging g = {.j = j, .out = out};
    uint64_t began = cpu_ns();
    cu_arena_init(&a, ARENA);
    out->calls++;
    CU_TRY(cu_artefacts_of(j->tools, c, &a, &found));
    for (size_t i = 0; i < found.n; i++)
        CU_TRY(one(&g, &found.v[i], &a));
    if (found.unread)
        unread(&g, c);
    out->held += g.action == CU_CALL_HELD;
    out->blocked += g.action == CU_CALL_BLOCKED;
    out->noted += g.action == CU_CALL_NOTED;
    out->ns += cpu_ns() - began;
    if (g.action != CU_CALL_HELD && g.action != CU_CALL_BLOCKED)
        take_prints(j, &found);
    *action = g.action;
    *why = g.why;
    return CU_OK;
}

cu_err cu_judge_text(const cu_judge *j, cu_bytes text, cu_marks *out)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_artefacts found = {0};
    judging g = {.j = j, .out = out, .in_text = true};
    uint64_t began = cpu_ns();
    cu_arena_init(&a, ARENA);
    CU_TRY(cu_artefacts_in_text(j->tools, text, &a, &found));
    for (size_t i = 0; i < found.n; i++)
        CU_TRY(one(&g, &found.v[i], &a));
    take_prints(j, &found);
    out->ns += cpu_ns() - began;
    return CU_OK;
}
