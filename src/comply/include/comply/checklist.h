/* The readiness checklist: questions as data, what was answered (entries checklist.answered), and what the log itself
 * suggests. An answer is a claim; it stands on evidence only while every control of its question is met.
 * docs/formats/checklist.md. */
#ifndef CUSTOS_COMPLY_CHECKLIST_H
#define CUSTOS_COMPLY_CHECKLIST_H

#include "comply/status.h"

#define CU_QUESTIONS_MAX 30u /* on any path, and so in the file */
#define CU_CHOICES_MAX 8u
#define CU_SECTIONS_MAX 16u
#define CU_QUESTION_LINKS 12u
#define CU_ANSWER_NOTE_MAX 1000u

typedef struct {
    cu_bytes id, label, counts_as, role, category;
    bool needs_note;
} cu_choice;

typedef struct {
    cu_bytes id, section, text, why, next_step;
    cu_choice choices[CU_CHOICES_MAX];
    size_t choices_n;
    bool multiple, own;        /* own: choices of its own, which are facts and no claims */
    cu_bytes shown_for[4];     /* categories; none: always */
    size_t shown_for_n;
    const cu_control *controls[CU_QUESTION_LINKS];
    size_t controls_n;
    const cu_criterion *criteria[CU_QUESTION_LINKS];
    size_t criteria_n;
} cu_question;

typedef struct {
    struct {
        cu_bytes id, title;
    } sections[CU_SECTIONS_MAX];
    size_t sections_n;
    cu_question v[CU_QUESTIONS_MAX];
    size_t n;
} cu_checklist;

/* checklist.yaml of dir, held against the catalogue: an unknown section, control or criterion, a question given twice or
 * one too many is refused with file and line. */
cu_err cu_checklist_load(const char *dir, const cu_catalogue *c, cu_arena *a, cu_checklist **out, cu_fault *f) CU_MUST;
const cu_question *cu_question_find(const cu_checklist *l, cu_bytes id);
/* Whether these are answers to it; the fault says what is wrong. */
cu_err cu_question_check(const cu_question *q, const cu_bytes *answers, size_t n, cu_bytes note, cu_fault *f) CU_MUST;
/* GET /checklist: every question with its suggestion, its answer and what that stands on, and the score. */
cu_err cu_checklist_json(const cu_checklist *l, cu_status *s, uint64_t at_ms, cu_buf *out) CU_MUST;

#endif
