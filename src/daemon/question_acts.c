/* What a person does with a questionnaire: answers are approved, and the whole leaves as a file. */
#include <jansson.h>
#include <stdio.h>
#include "question_desk.h"

/* --- approving --- */

static bool is_verdict(const char *v)
{
    return v && (strcmp(v, "yes") == 0 || strcmp(v, "partly") == 0 || strcmp(v, "no") == 0 || strcmp(v, "text") == 0);
}

static cu_err approve(call *c, const json_t *in, opened *o, cu_qrow *row, uint64_t *before, cu_buf *body, cu_fault *f)
{
    app *a = c->a;
    json_int_t n = json_integer_value(json_object_get(in, "n"));
    const char *answer = json_string_value(json_object_get(in, "answer")), *verdict = json_string_value(json_object_get(in, "verdict"));
    const char *facts = json_string_value(json_object_get(in, "facts"));
    if (n < 1 || (size_t)n > o->document->asked_n)
        return cu_fail(f, CU_SYNTAX, "n is the number of a question, from 1 to %zu", o->document->asked_n);
    if (!answer || !*answer || strlen(answer) > CU_QANSWER_MAX)
        return cu_fail(f, CU_TOO_BIG, "an answer has 1 to %u bytes", CU_QANSWER_MAX);
    if (!is_verdict(verdict) || !facts)
        return cu_fail(f, CU_SYNTAX, "verdict is yes, partly, no or text; facts is the digest that was shown with the draft");
    CU_TRY(question_ground(a, a->questions->bank, &o->arena, &o->ground, f));
    pthread_mutex_lock(&a->questions->drafting);
    cu_bank_index *index;
    cu_err e = question_index(a, &index, f);
    if (e == CU_OK)
        e = cu_qrow_draft(&o->ground, index, &o->document->asked[n - 1], &o->arena, row);
    pthread_mutex_unlock(&a->questions->drafting);
    pthread_mutex_lock(&a->questions->lock);
    if (e == CU_OK)
        e = cu_qrows_recall(a->questions->memory, &o->arena, row, 1);
    *before = e == CU_OK && row->approved ? row->approved->index : UINT64_MAX;
    pthread_mutex_unlock(&a->questions->lock);
    CU_TRY(e);
    if (strcmp(facts, row->draft.facts) != 0)
        return cu_fail(f, CU_STATE, "the facts behind this answer changed meanwhile; look at the new draft");
    size_t most = row->asked->text.n < CU_QTEXT_MAX ? row->asked->text.n : CU_QTEXT_MAX;
    while (most && most < row->asked->text.n && (row->asked->text.p[most] & 0xc0) == 0x80) /* not in the middle of a character */
        most--;
    cu_buf_byte(body, '{');
    cu_buf_json_kv_str(body, "answer", answer);
    cu_buf_json_kv_str(body, "facts", row->draft.facts);
    cu_buf_json_kv_str(body, "key", row->draft.key);
    cu_buf_json_kv(body, "question", cu_slice(row->asked->text, 0, most));
    cu_buf_json_kv_str(body, "questionnaire", o->about.id);
    cu_buf_json_kv_str(body, "verdict", verdict);
    cu_buf_byte(body, '}');
    return question_write(c, "questionnaire.approved", body, NULL);
}

static unsigned take_answer(call *c, const json_t *in)
{
    const char *id = c->args[0];
    opened o;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_qrow row;
    uint64_t before = UINT64_MAX;
    question_prepare(&o);
    cu_err e = question_open(c->a, id, &o, &f);
    if (e == CU_OK)
        e = approve(c, in, &o, &row, &before, &body, &f);
    question_drop(&o);
    if (e == CU_STATE)
        return problem(c, 409, "Changed meanwhile", "%s.", f.text);
    if (e != CU_OK)
        return question_failed(c, e, &f, "Not approved");
    question_wait(c->a, id, row.draft.key, before);
    cu_buf_add(c->out, cu_buf_view(&body));
    return 201;
}

/* --- exporting --- */

static cu_err write_exported(call *c, const opened *o, const char *format, const cu_buf *file)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    cu_qcounts n;
    cu_sha256 h;
    char digest[65];
    cu_qrows_count(o->rows, o->document->asked_n, &n);
    cu_sha256_of(cu_buf_view(file), &h);
    cu_hex(digest, h.b, sizeof h.b);
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_u64(&body, "approved", n.of[CU_QSTATUS_APPROVED]);
    cu_buf_json_kv_u64(&body, "bytes", file->n);
    cu_buf_json_kv_str(&body, "digest", digest);
    cu_buf_json_kv_str(&body, "format", format);
    cu_buf_json_kv_str(&body, "questionnaire", o->about.id);
    cu_buf_json_kv_u64(&body, "questions", n.n);
    cu_buf_byte(&body, '}');
    return question_write(c, "questionnaire.exported", &body, NULL);
}

static const char *type_of(const char *format)
{
    return strcmp(format, "csv") == 0 ? "text/csv; charset=utf-8"
           : strcmp(format, "xlsx") == 0 ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
           : strcmp(format, "docx") == 0 ? "application/vnd.openxmlformats-officedocument.wordprocessingml.document" : "application/json";
}

static cu_err export_as(call *c, opened *o, const char *format, cu_fault *f)
{
    app *a = c->a;
    cu_err e = CU_OK;
    if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0 && strcmp(format, o->about.format) != 0)
        return cu_fail(f, CU_UNSUPPORTED, "this questionnaire came as %s and can leave as csv, json%s%s", o->about.format, strcmp(o->about.format, "csv") == 0 ? "" : " or ",
                       strcmp(o->about.format, "csv") == 0 ? "" : o->about.format);
    CU_TRY(question_answer_all(a, o, f));
    if (strcmp(format, "json") == 0) {
        question_put_all(a, o, c->out);
    } else if (strcmp(format, "csv") == 0) {
        cu_qrows_csv(o->rows, o->document->asked_n, o->ground.at_ms, c->out);
    } else {
        e = cu_qrows_fill(cu_buf_view(&o->file), o->document, o->rows, &o->arena, c->out, f);
    }
    if (e == CU_OK)
        e = cu_buf_err(c->out);
    return e == CU_OK ? write_exported(c, o, format, c->out) : e;
}

static unsigned take_export(call *c, const json_t *in)
{
    const char *id = c->args[0];
    opened o;
    cu_fault f = {0};
    const char *format = json_string_value(json_object_get(in, "format"));
    question_prepare(&o);
    cu_err e = question_open(c->a, id, &o, &f);
    if (e == CU_OK)
        e = export_as(c, &o, format ? format : "csv", &f);
    question_drop(&o);
    if (e != CU_OK)
        return question_failed(c, e, &f, "Not exported");
    c->type = type_of(format ? format : "csv");
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"questionnaire-%.26s.%.4s\"", id, format ? format : "csv");
    return 201;
}

/* --- operations --- */

unsigned approve_question(call *c)
{
    return questions_with_body(c, take_answer);
}

unsigned export_questionnaire(call *c)
{
    return questions_with_body(c, take_export);
}
