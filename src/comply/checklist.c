#include "comply/checklist.h"
#include <stdio.h>
#include "reading.h"

const cu_question *cu_question_find(const cu_checklist *l, cu_bytes id)
{
    for (size_t i = 0; i < l->n; i++)
        if (cu_eq(l->v[i].id, id))
            return &l->v[i];
    return NULL;
}

static cu_err read_choice(const reading *r, const cu_yaml *n, cu_choice *c)
{
    static const char *const counted[] = {"claimed", "gap", "not-applicable"};
    bool known = false;
    CU_TRY(read_only_keys(r, n, "id label counts_as needs_note role category"));
    CU_TRY(read_needed(r, n, "id", &c->id));
    CU_TRY(read_needed(r, n, "label", &c->label));
    c->counts_as = cu_yaml_text(n, "counts_as", CU_LIT("fact"));
    c->role = cu_yaml_text(n, "role", CU_NONE);
    c->category = cu_yaml_text(n, "category", CU_NONE);
    c->needs_note = cu_eq_str(cu_yaml_text(n, "needs_note", CU_NONE), "true");
    for (size_t i = 0; i < 3; i++)
        known |= cu_eq_str(c->counts_as, counted[i]);
    return known || !cu_yaml_get(n, "counts_as") ? CU_OK : wrong_at(r, n, "counts_as is claimed, gap or not-applicable");
}

static cu_err read_choices(const reading *r, const cu_yaml *list, const cu_yaml *at, cu_question *q)
{
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (q->choices_n == CU_CHOICES_MAX)
            return wrong_at(r, n, "at most %u answers are possible", CU_CHOICES_MAX);
        CU_TRY(read_choice(r, n, &q->choices[q->choices_n]));
        for (size_t i = 0; i < q->choices_n; i++)
            if (cu_eq(q->choices[i].id, q->choices[q->choices_n].id))
                return wrong_at(r, n, "this answer is given twice");
        q->choices_n++;
    }
    return q->choices_n > 1 ? CU_OK : wrong_at(r, at, "at least two answers are expected");
}

static cu_err read_links(const reading *r, const cu_yaml *n, const cu_catalogue *c, cu_question *q)
{
    const cu_yaml *controls = cu_yaml_get(n, "controls"), *criteria = cu_yaml_get(n, "criteria"), *shown = cu_yaml_get(n, "show_if_category");
    for (const cu_yaml *e = controls ? controls->first : NULL; e; e = e->next) {
        const cu_control *k = cu_control_find(c, e->text);
        if (!k || q->controls_n == CU_QUESTION_LINKS)
            return wrong_at(r, e, "controls.yaml has no control of this id");
        q->controls[q->controls_n++] = k;
    }
    for (const cu_yaml *e = criteria ? criteria->first : NULL; e; e = e->next) {
        const cu_criterion *k = cu_criterion_find(c, e->text);
        if (!k || q->criteria_n == CU_QUESTION_LINKS)
            return wrong_at(r, e, "criteria.yaml has no criterion of this id");
        q->criteria[q->criteria_n++] = k;
    }
    for (const cu_yaml *e = shown ? shown->first : NULL; e; e = e->next) {
        bool known = false;
        for (size_t i = 0; i < c->categories_n; i++)
            known |= cu_eq(c->categories[i], e->text);
        if (!known || q->shown_for_n == 4)
            return wrong_at(r, e, "criteria.yaml has no category of this id");
        q->shown_for[q->shown_for_n++] = e->text;
    }
    return q->controls_n && q->criteria_n ? CU_OK : wrong_at(r, n, "a question needs controls and criteria");
}

static cu_err read_question(const reading *r, const cu_yaml *n, const cu_yaml *usual, const cu_catalogue *c, cu_checklist *l)
{
    cu_question *q = &l->v[l->n];
    const cu_yaml *own = cu_yaml_get(n, "answers");
    bool known = false;
    CU_TRY(read_only_keys(r, n, "id section question why answers multiple show_if_category controls criteria next_step"));
    CU_TRY(read_needed(r, n, "id", &q->id));
    CU_TRY(read_needed(r, n, "section", &q->section));
    CU_TRY(read_needed(r, n, "question", &q->text));
    CU_TRY(read_needed(r, n, "why", &q->why));
    q->next_step = cu_yaml_text(n, "next_step", CU_NONE);
    q->multiple = cu_eq_str(cu_yaml_text(n, "multiple", CU_NONE), "true");
    q->own = own != NULL;
    for (size_t i = 0; i < l->sections_n; i++)
        known |= cu_eq(l->sections[i].id, q->section);
    if (!known)
        return wrong_at(r, cu_yaml_get(n, "section"), "there is no section of this id");
    if (cu_question_find(l, q->id))
        return wrong_at(r, n, "this question is given twice");
    if (!own && !q->next_step.n)
        return wrong_at(r, n, "next_step is missing: whoever says no must learn what to do");
    CU_TRY(read_choices(r, own ? own : usual, n, q));
    return read_links(r, n, c, q);
}

static cu_err read_sections(const reading *r, const cu_yaml *head, cu_checklist *l)
{
    const cu_yaml *list = cu_yaml_get(head, "sections");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (l->sections_n == CU_SECTIONS_MAX)
            return wrong_at(r, n, "at most %u sections are possible", CU_SECTIONS_MAX);
        CU_TRY(read_needed(r, n, "id", &l->sections[l->sections_n].id));
        CU_TRY(read_needed(r, n, "title", &l->sections[l->sections_n].title));
        l->sections_n++;
    }
    return CU_OK;
}

cu_err cu_checklist_load(const char *dir, const cu_catalogue *c, cu_arena *a, cu_checklist **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root, *head, *list;
    cu_checklist *l = cu_arena_alloc(a, sizeof *l);
    if (!l)
        return CU_NOMEM;
    snprintf(path, sizeof path, "%s/checklist.yaml", dir);
    const reading r = {path, NULL, f};
    CU_TRY(cu_yaml_load(path, a, &root, f));
    head = cu_yaml_get(root, "checklist");
    list = cu_yaml_get(root, "questions");
    if (!head || !list || list->kind != CU_YAML_LIST)
        return wrong_at(&r, root, "checklist and questions are expected");
    CU_TRY(read_sections(&r, head, l));
    for (const cu_yaml *n = list->first; n; n = n->next, l->n++) {
        if (l->n == CU_QUESTIONS_MAX)
            return wrong_at(&r, n, "there are more than %u questions", CU_QUESTIONS_MAX);
        CU_TRY(read_question(&r, n, cu_yaml_get(head, "answers"), c, l));
    }
    *out = l;
    return CU_OK;
}

cu_err cu_question_check(const cu_question *q, const cu_bytes *answers, size_t n, cu_bytes note, cu_fault *f)
{
    if (n == 0 || n > q->choices_n || (n > 1 && !q->multiple))
        return cu_fail(f, CU_SYNTAX, q->multiple ? "one or more of its answers are expected, each once" : "one of its answers is expected");
    if (note.n > CU_ANSWER_NOTE_MAX || !cu_utf8_valid(note, NULL))
        return cu_fail(f, CU_TOO_BIG, "a note has at most %u bytes of UTF-8", CU_ANSWER_NOTE_MAX);
    for (size_t i = 0; i < n; i++) {
        const cu_choice *hit = NULL;
        for (size_t j = 0; j < q->choices_n; j++)
            hit = cu_eq(q->choices[j].id, answers[i]) ? &q->choices[j] : hit;
        for (size_t j = 0; j < i; j++)
            hit = cu_eq(answers[i], answers[j]) ? NULL : hit;
        if (!hit)
            return cu_fail(f, CU_SYNTAX, "this question has no such answer, or it is given twice");
        if (hit->needs_note && !note.n)
            return cu_fail(f, CU_SYNTAX, "this answer needs a note that says why");
    }
    return CU_OK;
}
