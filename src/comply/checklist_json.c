/* Where the checklist stands: answers from the log, suggestions from the states of controls, the score. */
#include "comply/checklist.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "judge.h"

typedef struct {
    json_t *body;      /* of the newest answer; NULL: none */
    uint64_t ms;
} given;

typedef struct {
    const cu_checklist *l;
    cu_status *s;
    uint64_t at;
    json_t *scope;
    given given[CU_QUESTIONS_MAX];
    unsigned shown, answered, evidence, claims, gaps, facts, na;
} view;

static void read_answers(view *v)
{
    for (size_t i = 0; i < v->s->decisions_n && v->s->decisions[i].ms <= v->at; i++) {
        if (!v->s->decisions[i].answer)
            continue;
        json_t *body = json_loads(v->s->decisions[i].body, 0, NULL);
        const cu_question *q = cu_question_find(v->l, cu_str(json_string_value(json_object_get(body, "question"))));
        given *g = q ? &v->given[q - v->l->v] : NULL;
        if (!g) {
            json_decref(body);
            continue;
        }
        json_decref(g->body);
        *g = (given){body, v->s->decisions[i].ms};
    }
}

static bool answered_with(const given *g, cu_bytes id)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(g->body, "answer"), i, x)
        if (json_is_string(x) && cu_eq_str(id, json_string_value(x)))
            return true;
    return false;
}

/* A category is chosen by an answer that sets it; where no question of that kind is answered, by the decision on scope. */
static bool chosen(const view *v, cu_bytes category)
{
    bool asked = false;
    for (size_t i = 0; i < v->l->n; i++)
        for (size_t j = 0; j < v->l->v[i].choices_n; j++) {
            const cu_choice *c = &v->l->v[i].choices[j];
            asked |= c->category.n && v->given[i].body;
            if (cu_eq(c->category, category) && answered_with(&v->given[i], c->id))
                return true;
        }
    return !asked && v->scope && scope_has(v->scope, v->s->c, category);
}

static bool is_shown(const view *v, const cu_question *q)
{
    for (size_t i = 0; i < q->shown_for_n; i++)
        if (chosen(v, q->shown_for[i]))
            return true;
    return q->shown_for_n == 0;
}

/* What the log suggests: yes when each control is met, no when one does not work, partly when there is something; else nothing. */
static const char *suggested(const cu_question *q, const cu_control_status *st)
{
    unsigned n[CU_STATE_COUNT] = {0};
    for (size_t i = 0; i < q->controls_n; i++)
        n[st[i].state]++;
    if (q->own)
        return NULL;
    if (n[CU_STATE_NOT_MET])
        return "no";
    if (n[CU_STATE_MET] && n[CU_STATE_MET] + n[CU_STATE_NOT_APPLICABLE] == q->controls_n)
        return "yes";
    return n[CU_STATE_MET] + n[CU_STATE_PARTLY] ? "partly" : NULL;
}

static const char *standing(view *v, const cu_question *q, const char *suggestion)
{
    const given *g = &v->given[q - v->l->v];
    if (!g->body)
        return "open";
    v->answered++;
    for (size_t i = 0; i < q->choices_n; i++) {
        const cu_choice *c = &q->choices[i];
        if (!answered_with(g, c->id))
            continue;
        if (q->own)
            return v->facts++, "fact";
        if (cu_eq_str(c->counts_as, "gap"))
            return v->gaps++, "gap";
        if (cu_eq_str(c->counts_as, "not-applicable"))
            return v->na++, "not_applicable";
        return suggestion && strcmp(suggestion, "yes") == 0 ? (v->evidence++, "evidence") : (v->claims++, "claim");
    }
    return "open";
}

static void put_choices(cu_buf *b, const cu_question *q)
{
    cu_buf_json_key(b, "answers");
    for (size_t i = 0; i < q->choices_n; i++) {
        cu_buf_str(b, i ? ",{" : "[{");
        cu_buf_json_kv(b, "id", q->choices[i].id);
        cu_buf_json_kv(b, "label", q->choices[i].label);
        cu_buf_json_kv(b, "counts_as", q->choices[i].counts_as);
        cu_buf_json_kv(b, "category", q->choices[i].category);
        cu_buf_json_kv_bool(b, "needs_note", q->choices[i].needs_note);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
}

static void put_time(cu_buf *b, const char *key, uint64_t ms)
{
    char at[CU_TIME_LEN];
    cu_time_text(ms * 1000000, at);
    cu_buf_json_kv_str(b, key, at);
}

static void put_answer(cu_buf *b, const given *g)
{
    cu_buf_json_key(b, "answer");
    if (!g->body) {
        cu_buf_str(b, "null");
        return;
    }
    const char *note = json_string_value(json_object_get(g->body, "note"));
    const json_t *x;
    size_t i;
    cu_buf_byte(b, '{');
    put_time(b, "at", g->ms);
    cu_buf_json_kv_str(b, "note", note ? note : "");
    cu_buf_json_kv_bool(b, "from_log", json_is_true(json_object_get(g->body, "from_log")));
    cu_buf_json_key(b, "ids");
    cu_buf_byte(b, '[');
    json_array_foreach(json_object_get(g->body, "answer"), i, x) {
        if (i)
            cu_buf_byte(b, ',');
        cu_buf_json_string(b, cu_str(json_string_value(x)));
    }
    cu_buf_str(b, "]}");
}

/* The controls with their states: the evidence beside the question. */
static void put_evidence(cu_buf *b, const cu_question *q, const cu_control_status *st)
{
    cu_buf_json_key(b, "controls");
    for (size_t i = 0; i < q->controls_n; i++) {
        uint64_t entries = st[i].probe.seen.count;
        for (size_t j = 0; j < st[i].control->sources_n; j++)
            entries += st[i].sources[j].seen.count;
        cu_buf_str(b, i ? ",{" : "[{");
        cu_buf_json_kv(b, "id", st[i].control->id);
        cu_buf_json_kv(b, "title", st[i].control->title);
        cu_buf_json_kv_str(b, "state", cu_state_name(st[i].state));
        cu_buf_json_kv_str(b, "why", st[i].why);
        cu_buf_json_kv_u64(b, "entries", entries);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
    cu_buf_json_key(b, "criteria");
    for (size_t i = 0; i < q->criteria_n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        cu_buf_json_string(b, q->criteria[i]->id);
    }
    cu_buf_byte(b, ']');
}

static void put_question(cu_buf *b, view *v, const cu_question *q)
{
    cu_control_status *st = calloc(CU_QUESTION_LINKS, sizeof *st);
    bool shown = is_shown(v, q);
    if (!st) {
        b->err = CU_NOMEM;
        return;
    }
    for (size_t i = 0; i < q->controls_n; i++)
        judge(v->s, v->scope, q->controls[i], v->at, &st[i]);
    const char *suggestion = suggested(q, st);
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", q->id);
    cu_buf_json_kv(b, "section", q->section);
    cu_buf_json_kv(b, "question", q->text);
    cu_buf_json_kv(b, "why", q->why);
    cu_buf_json_kv_bool(b, "multiple", q->multiple);
    cu_buf_json_kv_bool(b, "shown", shown);
    cu_buf_json_kv(b, "next_step", q->next_step);
    cu_buf_json_key(b, "suggestion");
    if (suggestion)
        cu_buf_json_string(b, cu_str(suggestion));
    else
        cu_buf_str(b, "null");
    cu_buf_json_kv_str(b, "standing", shown ? standing(v, q, suggestion) : "hidden");
    v->shown += shown;
    cu_buf_json_key(b, "shown_for");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < q->shown_for_n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        cu_buf_json_string(b, q->shown_for[i]);
    }
    cu_buf_byte(b, ']');
    put_choices(b, q);
    put_answer(b, &v->given[q - v->l->v]);
    put_evidence(b, q, st);
    cu_buf_byte(b, '}');
    free(st);
}

static void put_score(cu_buf *b, const view *v)
{
    char text[240];
    snprintf(text, sizeof text, "%u of %u questions are answered: %u stand on evidence, %u are claims without it, %u are gaps, %u do not apply, %u set the scope.",
             v->answered, v->shown, v->evidence, v->claims, v->gaps, v->na, v->facts);
    cu_buf_json_key(b, "score");
    cu_buf_byte(b, '{');
    cu_buf_json_kv_u64(b, "shown", v->shown);
    cu_buf_json_kv_u64(b, "answered", v->answered);
    cu_buf_json_kv_u64(b, "evidence", v->evidence);
    cu_buf_json_kv_u64(b, "claims", v->claims);
    cu_buf_json_kv_u64(b, "gaps", v->gaps);
    cu_buf_json_kv_u64(b, "not_applicable", v->na);
    cu_buf_json_kv_u64(b, "facts", v->facts);
    cu_buf_json_kv_str(b, "sentence", text);
    cu_buf_byte(b, '}');
}

cu_err cu_checklist_json(const cu_checklist *l, cu_status *s, uint64_t at_ms, cu_buf *out)
{
    view v = {.l = l, .s = s, .at = at_ms, .scope = scope_at(s, at_ms)};
    read_answers(&v);
    cu_buf_byte(out, '{');
    put_time(out, "as_of", at_ms);
    cu_buf_json_key(out, "sections");
    for (size_t i = 0; i < l->sections_n; i++) {
        cu_buf_str(out, i ? ",{" : "[{");
        cu_buf_json_kv(out, "id", l->sections[i].id);
        cu_buf_json_kv(out, "title", l->sections[i].title);
        cu_buf_byte(out, '}');
    }
    cu_buf_byte(out, ']');
    cu_buf_json_key(out, "questions");
    cu_buf_byte(out, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            cu_buf_byte(out, ',');
        put_question(out, &v, &l->v[i]);
    }
    cu_buf_byte(out, ']');
    put_score(out, &v);
    cu_buf_byte(out, '}');
    for (size_t i = 0; i < CU_QUESTIONS_MAX; i++)
        json_decref(v.given[i].body);
    json_decref(v.scope);
    return cu_buf_err(out);
}
