/* The checklist, the scope and nil returns: what a person says becomes an entry, and is read back from the log. */
#include <jansson.h>
#include <stdlib.h>
#include "app.h"
#include "comply/checklist.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static unsigned sealed(call *c, const char *type, const cu_buf *body)
{
    pthread_mutex_lock(&c->a->lock);
    cu_err e = cu_buf_err(body) == CU_OK ? record(c->a, type, CU_TENANT_ORG, c->actor, body) : cu_buf_err(body);
    pthread_mutex_unlock(&c->a->lock);
    if (e != CU_OK)
        return problem(c, 503, "Not recorded", "%s", cu_err_text(e));
    record_wait(c->a);
    cu_buf_add(c->out, cu_buf_view(body));
    return 201;
}

/* Texts of a list; false when one is none, or there are too many. */
static bool texts(const json_t *list, cu_bytes *out, size_t most, size_t *n)
{
    const json_t *x;
    size_t i;
    *n = 0;
    json_array_foreach(list, i, x) {
        if (!json_is_string(x) || i == most)
            return false;
        out[(*n)++] = cu_str(json_string_value(x));
    }
    return true;
}

static void put_texts(cu_buf *b, const char *key, const cu_bytes *v, size_t n)
{
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        cu_buf_json_string(b, v[i]);
    }
    cu_buf_byte(b, ']');
}

static unsigned take_answer(call *c, const json_t *in)
{
    cu_bytes answers[CU_CHOICES_MAX], note = cu_str(text_of(in, "note"));
    size_t n;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    const cu_question *q = cu_question_find(c->a->checklist, cu_str(text_of(in, "question")));
    if (!q)
        return problem(c, 400, "Malformed", "question is the id of one, such as Q05.");
    if (!texts(json_object_get(in, "answer"), answers, CU_CHOICES_MAX, &n))
        return problem(c, 400, "Malformed", "answer is a list of ids.");
    if (cu_question_check(q, answers, n, note, &f) != CU_OK)
        return problem(c, 400, "No such answer", "%s.", f.text);
    cu_buf_byte(&body, '{');
    put_texts(&body, "answer", answers, n);
    cu_buf_json_kv_bool(&body, "from_log", json_is_true(json_object_get(in, "from_log")));
    cu_buf_json_kv(&body, "note", note);
    cu_buf_json_kv(&body, "question", q->id);
    cu_buf_byte(&body, '}');
    return sealed(c, "checklist.answered", &body);
}

static bool is_category(const cu_catalogue *c, cu_bytes id)
{
    for (size_t i = 0; i < c->categories_n; i++)
        if (cu_eq(c->categories[i], id))
            return true;
    return false;
}

static bool put_excluded(const app *a, const json_t *list, cu_buf *b)
{
    const json_t *x;
    size_t i;
    cu_buf_json_key(b, "excluded");
    cu_buf_byte(b, '[');
    json_array_foreach(list, i, x) {
        const char *reason = text_of(x, "reason");
        if (!cu_control_find(a->catalogue, cu_str(text_of(x, "control"))) || !*reason || strlen(reason) > 200 || i == 40)
            return false;
        cu_buf_str(b, i ? ",{" : "{");
        cu_buf_json_kv_str(b, "control", text_of(x, "control"));
        cu_buf_json_kv_str(b, "reason", reason);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
    return true;
}

static unsigned take_scope(call *c, const json_t *in)
{
    const char *approver = text_of(in, "approver"), *reason = text_of(in, "reason"), *role = text_of(in, "role");
    cu_bytes categories[8];
    size_t n;
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    if (strcmp(role, "builder") != 0 && strcmp(role, "deployer") != 0 && strcmp(role, "both") != 0)
        return problem(c, 400, "Malformed", "role is builder, deployer or both.");
    if (!*approver || strlen(approver) > 120 || !*reason || strlen(reason) > 1000)
        return problem(c, 400, "Malformed", "approver (a name) and reason are needed: what is left out must be answered for.");
    if (!texts(json_object_get(in, "categories"), categories, 8, &n))
        return problem(c, 400, "Malformed", "categories is a list of ids.");
    for (size_t i = 0; i < n; i++)
        if (!is_category(c->a->catalogue, categories[i]))
            return problem(c, 400, "Malformed", "There are security, availability, processing-integrity, confidentiality and privacy.");
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_str(&body, "approver", approver);
    put_texts(&body, "categories", categories, n);
    if (!put_excluded(c->a, json_object_get(in, "excluded"), &body))
        return problem(c, 400, "Malformed", "excluded is a list of at most 40 controls, each with a reason of at most 200 bytes.");
    cu_buf_json_kv_str(&body, "reason", reason);
    cu_buf_json_kv_str(&body, "role", role);
    cu_buf_byte(&body, '}');
    return sealed(c, "scope.decided", &body);
}

static unsigned take_nil(call *c, const json_t *in)
{
    const cu_control *k = cu_control_find(c->a->catalogue, cu_str(text_of(in, "control")));
    const char *by = text_of(in, "by"), *note = text_of(in, "note");
    bool possible = false;
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    for (size_t i = 0; k && i < k->sources_n; i++)
        possible |= k->sources[i].or_nil;
    if (!k || !possible)
        return problem(c, 400, "Not possible", "control is one whose evidence may be that nothing happened, such as OPS-04.");
    if (!*by || strlen(by) > 120 || strlen(note) > 1000)
        return problem(c, 400, "Malformed", "by, who confirms it, is needed; note has at most 1000 bytes.");
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_str(&body, "by", by);
    cu_buf_json_kv(&body, "control", k->id);
    cu_buf_json_kv_str(&body, "note", note);
    cu_buf_byte(&body, '}');
    return sealed(c, "nil.returned", &body);
}

static unsigned with_body(call *c, unsigned (*take)(call *c, const json_t *in))
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    unsigned status = json_is_object(in) ? take(c, in) : problem(c, 400, "Malformed", "A JSON object is expected.");
    json_decref(in);
    return status;
}

unsigned answer_checklist_answers(call *c)
{
    return with_body(c, take_answer);
}

unsigned answer_scope(call *c)
{
    return with_body(c, take_scope);
}

unsigned answer_nil_returns(call *c)
{
    return with_body(c, take_nil);
}
