/* catalog/questions.yaml, strictly: an unknown key, section, control, fact or type of entry is refused with file and line. */
#include "questionnaire/bank.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalog/yaml.h"

typedef struct {
    const char *path;
    const cu_catalogue *c;
    const cu_events *events;
    cu_arena *a;
    cu_bank *b;
    const cu_yaml *sections;
    cu_fault *f;
} bank_file;

static cu_err wrong(const bank_file *r, const cu_yaml *n, const char *what)
{
    cu_err e = cu_fail(r->f, CU_CONFIG, "%s:%u: %s", n && n->file ? n->file : r->path, n ? n->line : 1, what);
    if (r->f)
        r->f->line = n ? n->line : 1;
    return e;
}

static cu_err only_keys(const bank_file *r, const cu_yaml *map, const char *keys)
{
    for (const cu_yaml *n = map->first; n; n = n->next) {
        char key[64];
        snprintf(key, sizeof key, " %.*s ", n->key.n < 50 ? (int)n->key.n : 0, (const char *)n->key.p);
        if (!strstr(keys, key))
            return wrong(r, n, "this key is not known here");
    }
    return CU_OK;
}

static cu_err need(const bank_file *r, const cu_yaml *map, const char *key, cu_bytes *out)
{
    *out = cu_yaml_text(map, key, CU_NONE);
    char text[80];
    snprintf(text, sizeof text, "%.60s is missing", key);
    return out->n ? CU_OK : wrong(r, map, text);
}

static bool is_true(const cu_yaml *map, const char *key)
{
    return cu_eq_str(cu_yaml_text(map, key, CU_NONE), "true");
}

/* --- facts --- */

static bool planned(const cu_events *e, cu_bytes type)
{
    for (size_t i = 0; i < e->planned; i++)
        if (cu_eq(e->planned_types[i], type))
            return true;
    return false;
}

static cu_err read_fact(const bank_file *r, const cu_yaml *n)
{
    static const char *const computes[] = {
#define X(name, text) text,
        CU_FACT_COMPUTES(X)
#undef X
    };
    cu_fact_rule *k = &r->b->facts[r->b->facts_n];
    const cu_yaml *events = cu_yaml_get(n, "events"), *where = cu_yaml_get(n, "where");
    cu_bytes compute;
    if (n->kind != CU_YAML_MAP || !events)
        return wrong(r, n, "a fact has events, compute and unit");
    CU_TRY(only_keys(r, n, " events compute unit member where zero "));
    k->name = n->key;
    CU_TRY(need(r, n, "unit", &k->unit));
    CU_TRY(need(r, n, "compute", &compute));
    for (k->compute = 0; k->compute < CU_FACT_COMPUTE_COUNT && !cu_eq_str(compute, computes[k->compute]); k->compute++)
        ;
    if (k->compute == CU_FACT_COMPUTE_COUNT)
        return wrong(r, n, "compute is count, last, distinct, values, found, newest or list");
    k->member = cu_yaml_text(n, "member", CU_NONE);
    k->zero = is_true(n, "zero");
    if (where && where->first) {
        k->where_member = where->first->key;
        k->where_value = where->first->text;
    }
    for (const cu_yaml *e = events->first; e; e = e->next) {
        bool written = cu_event_find(r->events, e->text) != NULL;
        if ((!written && !planned(r->events, e->text)) || k->types_n == CU_FACT_TYPES)
            return wrong(r, e, "events.yaml knows no such entry, or there are too many");
        k->written += written;
        k->types[k->types_n++] = e->text;
    }
    bool members = k->compute == CU_FACT_DISTINCT || k->compute == CU_FACT_VALUES || k->compute == CU_FACT_NEWEST || k->compute == CU_FACT_LIST;
    if (!k->types_n || (members && !k->member.n))
        return wrong(r, n, "this fact needs events, or a member");
    r->b->facts_n++;
    return CU_OK;
}

static const cu_fact_rule *fact_of(const cu_bank *b, cu_bytes name)
{
    for (size_t i = 0; i < b->facts_n; i++)
        if (cu_eq(b->facts[i].name, name))
            return &b->facts[i];
    return NULL;
}

/* --- questions --- */

/* "flag_mismatch == 0", "exchanges > 0", "backup_last <= 48h" */
static cu_err read_condition(const bank_file *r, const cu_yaml *n, cu_bank_question *q)
{
    char name[64], op[4], value[24], *end;
    cu_bank_condition *w = &q->when[q->when_n];
    char text[128];
    snprintf(text, sizeof text, "%.*s", n->text.n < 120 ? (int)n->text.n : 0, (const char *)n->text.p);
    if (q->when_n == CU_BANK_CONDITIONS || sscanf(text, "%63s %3s %23s", name, op, value) != 3)
        return wrong(r, n, "a condition is: fact == number, fact > number, or fact <= duration");
    w->fact = fact_of(r->b, cu_str(name));
    if (!w->fact)
        return wrong(r, n, "there is no fact of this name");
    w->op = strcmp(op, "==") == 0 ? CU_OP_EQ : strcmp(op, ">") == 0 ? CU_OP_GT : CU_OP_LE;
    w->value = strtoull(value, &end, 10);
    uint64_t unit = *end == 'h' ? 3600000u : *end == 'd' ? 86400000u : 1;
    if ((w->op == CU_OP_LE && strcmp(op, "<=") != 0) || end == value || (unit > 1) != (w->fact->compute == CU_FACT_LAST) || w->value > 100000)
        return wrong(r, n, "the operator is ==, > or <=; a moment is held against hours (48h) or days (10d)");
    w->value *= unit;
    w->text = n->text;
    q->when_n++;
    return CU_OK;
}

/* Facts that sentences name must be there. */
static cu_err check_sentence(const bank_file *r, const cu_yaml *n)
{
    for (size_t at = 0; (at = cu_find(n->text, CU_LIT("{{"), at)) != (size_t)-1;) {
        size_t end = cu_find(n->text, CU_LIT("}}"), at);
        if (end == (size_t)-1)
            return wrong(r, n, "a placeholder is not closed");
        cu_bytes name = cu_slice(n->text, at + 2, end);
        if (!cu_eq(name, CU_LIT("window")) && !cu_eq(name, CU_LIT("as_of")) && !fact_of(r->b, name))
            return wrong(r, n, "there is no fact of this name");
        at = end;
    }
    return CU_OK;
}

static cu_err read_sentences(const bank_file *r, const cu_yaml *list, cu_bytes out[CU_BANK_SENTENCES], size_t *n)
{
    for (const cu_yaml *e = list ? list->first : NULL; e; e = e->next) {
        if (*n == CU_BANK_SENTENCES)
            return wrong(r, e, "there are too many sentences");
        CU_TRY(check_sentence(r, e));
        out[(*n)++] = e->text;
    }
    return CU_OK;
}

static cu_err read_phrases(const bank_file *r, const cu_yaml *list, bool inverted, cu_bank_question *q)
{
    for (const cu_yaml *e = list ? list->first : NULL; e; e = e->next) {
        if (q->phrases_n == CU_BANK_PHRASES)
            return wrong(r, e, "there are too many wordings");
        q->phrases[q->phrases_n].text = e->text;
        q->phrases[q->phrases_n++].inverted = inverted;
    }
    return CU_OK;
}

static cu_err read_section(const bank_file *r, const cu_yaml *n, cu_bank_question *q)
{
    CU_TRY(need(r, n, "section", &q->section));
    for (const cu_yaml *s = r->sections->first; s; s = s->next)
        if (cu_eq(cu_yaml_text(s, "id", CU_NONE), q->section)) {
            q->ai = is_true(s, "ai");
            return CU_OK;
        }
    return wrong(r, n, "there is no section of this id");
}

static cu_err read_question(const bank_file *r, const cu_yaml *n)
{
    cu_bank_question *q = &r->b->v[r->b->n];
    const cu_yaml *controls = cu_yaml_get(n, "controls"), *when = cu_yaml_get(n, "when");
    cu_bytes good, decides = cu_yaml_text(n, "decides", CU_LIT("facts"));
    CU_TRY(only_keys(r, n, " id section question also inverted controls good decides when design shows asks limits "));
    CU_TRY(need(r, n, "id", &q->id));
    CU_TRY(need(r, n, "question", &q->text));
    CU_TRY(need(r, n, "good", &good));
    CU_TRY(need(r, n, "limits", &q->limits));
    CU_TRY(read_section(r, n, q));
    if (cu_bank_find(r->b, q->id))
        return wrong(r, n, "this question is given twice");
    q->line = n->line;
    q->good = cu_eq_str(good, "yes") ? CU_GOOD_YES : cu_eq_str(good, "no") ? CU_GOOD_NO : CU_GOOD_TEXT;
    q->person = cu_eq_str(decides, "person");
    if ((q->good == CU_GOOD_TEXT && !cu_eq_str(good, "text")) || (!q->person && !cu_eq_str(decides, "facts")))
        return wrong(r, n, "good is yes, no or text; decides is facts or person");
    q->asks = cu_yaml_text(n, "asks", CU_NONE);
    q->phrases[q->phrases_n++].text = q->text;
    CU_TRY(read_phrases(r, cu_yaml_get(n, "also"), false, q));
    CU_TRY(read_phrases(r, cu_yaml_get(n, "inverted"), true, q));
    for (const cu_yaml *e = controls ? controls->first : NULL; e; e = e->next) {
        const cu_control *k = cu_control_find(r->c, e->text);
        if (!k || q->controls_n == CU_BANK_CONTROLS)
            return wrong(r, e, "controls.yaml has no control of this id, or there are too many");
        q->controls[q->controls_n++] = k;
    }
    for (const cu_yaml *e = when ? when->first : NULL; e; e = e->next)
        CU_TRY(read_condition(r, e, q));
    CU_TRY(read_sentences(r, cu_yaml_get(n, "design"), q->says, &q->says_n));
    CU_TRY(read_sentences(r, cu_yaml_get(n, "shows"), q->shows, &q->shows_n));
    if (!q->controls_n || q->says_n + q->shows_n == 0)
        return wrong(r, n, "a question needs controls, and something to say");
    r->b->n++;
    return CU_OK;
}

static cu_err read_words(const bank_file *r, const cu_yaml *list)
{
    for (const cu_yaml *g = list ? list->first : NULL; g; g = g->next) {
        size_t n = 0, i = 0;
        for (const cu_yaml *e = g->first; e; e = e->next)
            n++;
        cu_bytes *v = cu_arena_alloc(r->a, (n + 1) * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (g->kind != CU_YAML_LIST || n < 2 || r->b->words_n == CU_BANK_WORDS)
            return wrong(r, g, "words are lists of two or more that mean the same");
        for (const cu_yaml *e = g->first; e; e = e->next)
            v[i++] = e->text;
        r->b->words_in[r->b->words_n] = n;
        r->b->words[r->b->words_n++] = v;
    }
    return CU_OK;
}

static cu_err read_bank(bank_file *r, const cu_yaml *root)
{
    const cu_yaml *facts = cu_yaml_get(root, "facts"), *questions = cu_yaml_get(root, "questions"), *head = cu_yaml_get(root, "bank"), *beside = cu_yaml_get(root, "beside"), *words = head ? cu_yaml_get(head, "ai_words") : NULL;
    r->sections = cu_yaml_get(root, "sections");
    if (!facts || !questions || !head || !r->sections)
        return wrong(r, root, "bank, sections, facts and questions are expected");
    CU_TRY(only_keys(r, root, " schema_version bank sections words facts beside questions "));
    char days[8];
    cu_bytes d = cu_yaml_text(head, "window_days", CU_NONE);
    snprintf(days, sizeof days, "%.*s", d.n < 5 ? (int)d.n : 0, (const char *)d.p);
    r->b->window_days = (uint32_t)strtoul(days, NULL, 10);
    if (r->b->window_days < 1 || r->b->window_days > 400)
        return wrong(r, head, "window_days is a number from 1 to 400");
    for (const cu_yaml *n = words ? words->first : NULL; n; n = n->next) {
        if (r->b->ai_words_n == CU_BANK_AI_WORDS)
            return wrong(r, n, "there are too many words");
        r->b->ai_words[r->b->ai_words_n++] = n->text;
    }
    for (const cu_yaml *n = facts->first; n; n = n->next) {
        if (r->b->facts_n == CU_BANK_FACTS)
            return wrong(r, n, "there are too many facts");
        CU_TRY(read_fact(r, n));
    }
    CU_TRY(read_words(r, cu_yaml_get(root, "words")));
    for (const cu_yaml *n = beside ? beside->first : NULL; n; n = n->next) {
        if (r->b->beside_n == CU_BANK_BESIDE)
            return wrong(r, n, "there are too many of them");
        r->b->beside[r->b->beside_n++] = n->text;
    }
    for (const cu_yaml *n = questions->first; n; n = n->next) {
        if (r->b->n == CU_BANK_MAX)
            return wrong(r, n, "there are too many questions");
        CU_TRY(read_question(r, n));
    }
    return r->b->n ? CU_OK : wrong(r, questions, "there is no question");
}

cu_err cu_bank_load(const char *dir, const cu_catalogue *c, const cu_events *events, cu_arena *a, cu_bank **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    cu_bank *b = cu_arena_alloc(a, sizeof *b);
    snprintf(path, sizeof path, "%s/questions.yaml", dir);
    bank_file r = {.path = path, .c = c, .events = events, .a = a, .b = b, .f = f};
    if (!b || !(b->v = cu_arena_alloc(a, CU_BANK_MAX * sizeof *b->v)) || !(b->beside = cu_arena_alloc(a, CU_BANK_BESIDE * sizeof *b->beside)) || !(b->facts = cu_arena_alloc(a, CU_BANK_FACTS * sizeof *b->facts)))
        return CU_NOMEM;
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_bank(&r, root));
    *out = b;
    return CU_OK;
}

const cu_bank_question *cu_bank_find(const cu_bank *b, cu_bytes id)
{
    for (size_t i = 0; i < b->n; i++)
        if (cu_eq(b->v[i].id, id))
            return &b->v[i];
    return NULL;
}
