/* Rows: a draft held against what was approved before, and the forms in which they leave. */
#include "questionnaire/rows.h"
#include <stdio.h>
#include <stdlib.h>

const char *cu_qstatus_name(cu_qstatus s)
{
    static const char *const names[] = {
#define X(name, text) text,
        CU_QSTATUSES(X)
#undef X
    };
    return names[s];
}

cu_err cu_qrow_draft(const cu_draft_ground *g, cu_bank_index *x, const cu_qasked *q, cu_arena *a, cu_qrow *out)
{
    *out = (cu_qrow){.asked = q, .status = CU_QSTATUS_PERSON};
    CU_TRY(cu_draft_answer(g, x, q, a, &out->draft));
    out->answer = out->draft.answer;
    out->citations = out->draft.citations;
    if (out->draft.match.question)
        out->status = CU_QSTATUS_DRAFTED;
    return CU_OK;
}

cu_err cu_qrows_draft(const cu_draft_ground *g, cu_bank_index *x, const cu_qdocument *d, cu_arena *a, cu_qrow **out)
{
    cu_qrow *v = cu_arena_alloc(a, (d->asked_n + 1) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    for (size_t i = 0; i < d->asked_n; i++)
        CU_TRY(cu_qrow_draft(g, x, &d->asked[i], a, &v[i]));
    *out = v;
    return CU_OK;
}

static cu_err recall(const cu_qmemory *m, cu_arena *a, cu_qrow *r)
{
    const cu_approved *found = cu_qmemory_approved(m, r->draft.key);
    if (!found)
        return CU_OK;
    cu_approved *x = cu_arena_alloc(a, sizeof *x);
    if (!x)
        return CU_NOMEM;
    *x = *found;
    x->answer = cu_arena_str(a, cu_str(found->answer));
    x->question = cu_arena_str(a, cu_str(found->question));
    if (!x->answer || !x->question)
        return CU_NOMEM;
    r->approved = x;
    snprintf(r->by, sizeof r->by, "%s", x->actor);
    r->status = CU_QSTATUS_CHANGED;
    if (strcmp(x->facts, r->draft.facts) != 0)
        return CU_OK;
    char *by = cu_arena_fmt(a, "%.*s%sapproved by a person on %.10s, org#%llu", r->citations.n < 8000 ? (int)r->citations.n : 8000,
                            r->citations.p ? (const char *)r->citations.p : "", r->citations.n ? "; " : "", x->at, (unsigned long long)x->index);
    r->status = CU_QSTATUS_APPROVED;
    r->answer = cu_str(x->answer);
    r->citations = cu_str(by);
    return by ? CU_OK : CU_NOMEM;
}

cu_err cu_qrows_recall(const cu_qmemory *m, cu_arena *a, cu_qrow *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CU_TRY(recall(m, a, &rows[i]));
    return CU_OK;
}

void cu_qrows_count(const cu_qrow *rows, size_t n, cu_qcounts *out)
{
    *out = (cu_qcounts){.n = n};
    for (size_t i = 0; i < n; i++) {
        out->of[rows[i].status]++;
        out->verdicts[rows[i].draft.verdict]++;
    }
}

static cu_bytes bank_id(const cu_qrow *r)
{
    return r->draft.match.question ? r->draft.match.question->id : CU_NONE;
}

static const char *verdict_of(const cu_qrow *r)
{
    return r->status == CU_QSTATUS_APPROVED ? r->approved->verdict : cu_draft_verdict_name(r->draft.verdict);
}

void cu_qrows_csv(const cu_qrow *rows, size_t n, uint64_t at_ms, cu_buf *out)
{
    char at[CU_TIME_LEN];
    cu_time_text(at_ms * 1000000, at);
    cu_buf_str(out, "id,answer,citations,bank_id,status,verdict,question,as_of\r\n");
    for (size_t i = 0; i < n; i++) {
        const cu_bytes cells[] = {rows[i].asked->id, rows[i].answer, rows[i].citations, bank_id(&rows[i]), cu_str(cu_qstatus_name(rows[i].status)),
                                  cu_str(verdict_of(&rows[i])), rows[i].asked->text, cu_str(at)};
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
            if (k)
                cu_buf_byte(out, ',');
            cu_qcsv_cell(out, cells[k]);
        }
        cu_buf_str(out, "\r\n");
    }
}

static void put_row(const cu_qrow *r, size_t n, cu_buf *b)
{
    cu_buf_byte(b, '{');
    cu_buf_json_kv_u64(b, "n", n);
    cu_buf_json_kv(b, "id", r->asked->id);
    cu_buf_json_kv(b, "section", r->asked->section);
    cu_buf_json_kv(b, "question", r->asked->text);
    cu_buf_json_kv(b, "existing", r->asked->existing);
    cu_buf_json_kv_bool(b, "has_place", r->asked->has_answer_cell);
    cu_buf_json_kv_str(b, "status", cu_qstatus_name(r->status));
    cu_buf_json_kv_str(b, "verdict", verdict_of(r));
    cu_buf_json_kv(b, "answer", r->answer);
    cu_buf_json_kv(b, "citations", r->citations);
    cu_buf_json_kv(b, "bank_id", bank_id(r));
    cu_buf_json_kv(b, "bank_question", r->draft.match.question ? r->draft.match.question->text : CU_NONE);
    cu_buf_json_kv_bool(b, "inverted", r->draft.match.inverted);
    cu_buf_json_kv(b, "gap", r->draft.gap);
    cu_buf_json_kv(b, "nearest", !r->draft.match.question && r->draft.match.nearest ? r->draft.match.nearest->text : CU_NONE);
    cu_buf_json_kv_str(b, "facts", r->draft.facts);
    cu_buf_json_key(b, "controls");
    cu_buf_byte(b, '[');
    for (size_t i = 0; r->draft.match.question && i < r->draft.match.question->controls_n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        cu_buf_json_string(b, r->draft.match.question->controls[i]->id);
    }
    cu_buf_byte(b, ']');
    cu_buf_json_key(b, "approved");
    if (r->approved) {
        cu_buf_byte(b, '{');
        cu_buf_json_kv_str(b, "at", r->approved->at);
        cu_buf_json_kv_str(b, "by", r->by);
        cu_buf_json_kv_str(b, "answer", r->approved->answer);
        cu_buf_json_kv_str(b, "verdict", r->approved->verdict);
        cu_buf_json_kv_u64(b, "index", r->approved->index);
        cu_buf_byte(b, '}');
    } else {
        cu_buf_str(b, "null");
    }
    cu_buf_byte(b, '}');
}

void cu_qrows_json(const cu_qrow *rows, size_t n, cu_buf *out)
{
    static const char *const keys[] = {"drafted", "approved", "changed", "person"};
    cu_qcounts c;
    cu_qrows_count(rows, n, &c);
    cu_buf_json_key(out, "items");
    cu_buf_byte(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(out, ',');
        put_row(&rows[i], i + 1, out);
    }
    cu_buf_byte(out, ']');
    cu_buf_json_key(out, "counts");
    cu_buf_byte(out, '{');
    cu_buf_json_kv_u64(out, "questions", n);
    for (size_t i = 0; i < CU_QSTATUS_COUNT; i++)
        cu_buf_json_kv_u64(out, keys[i], c.of[i]);
    cu_buf_byte(out, '}');
}

cu_err cu_qrows_fill(cu_bytes file, const cu_qdocument *d, const cu_qrow *rows, cu_arena *a, cu_buf *out, cu_fault *f)
{
    cu_qfilling *v = cu_arena_alloc(a, (d->asked_n + 1) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    for (size_t i = 0; i < d->asked_n; i++) {
        bool approved = rows[i].status == CU_QSTATUS_APPROVED;
        if (!rows[i].answer.n)
            continue;
        v[i].text = rows[i].answer;
        if (!approved) {
            char *marked = cu_arena_fmt(a, "[Draft, not approved] %.*s", CU_FMT(rows[i].answer));
            v[i].text = cu_str(marked);
            if (!marked)
                return CU_NOMEM;
        } else {
            v[i].choice = strcmp(rows[i].approved->verdict, "yes") == 0 ? "Yes" : strcmp(rows[i].approved->verdict, "no") == 0 ? "No" : NULL;
        }
    }
    return cu_qdocument_fill(file, d, v, out, f);
}
