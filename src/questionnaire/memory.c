/* Entries questionnaire.imported, .approved and .exported, folded. */
#include "questionnaire/memory.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cu_qmemory {
    cu_questionnaire *v;
    size_t n, cap;
    cu_approved *approved; /* ascending by key */
    size_t approved_n, approved_cap;
};

cu_err cu_qmemory_new(cu_qmemory **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? CU_OK : CU_NOMEM;
}

void cu_qmemory_free(cu_qmemory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->approved_n; i++) {
        free(m->approved[i].answer);
        free(m->approved[i].question);
    }
    free(m->approved);
    free(m->v);
    free(m);
}

static void put(char *to, size_t room, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    snprintf(to, room, "%s", s ? s : "");
}

static void put_bytes(char *to, size_t room, cu_bytes b)
{
    snprintf(to, room, "%.*s", b.n < room ? (int)b.n : (int)room - 1, b.p ? (const char *)b.p : "");
}

static void *room_for_one(void *v, size_t n, size_t *cap, size_t each, size_t most)
{
    if (n < *cap)
        return v;
    if (n >= most)
        return NULL;
    size_t more = *cap ? *cap * 2 : 32;
    void *grown = realloc(v, more * each);
    if (grown)
        *cap = more;
    return grown;
}

static cu_questionnaire *find(const cu_qmemory *m, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->v[i].id, id) == 0)
            return &m->v[i];
    return NULL;
}

static cu_err take_imported(cu_qmemory *m, const cu_qentry *e, const json_t *body)
{
    cu_questionnaire *grown = room_for_one(m->v, m->n, &m->cap, sizeof *m->v, CU_QUESTIONNAIRES_MAX), x = {.index = e->index};
    if (!grown)
        return m->n >= CU_QUESTIONNAIRES_MAX ? CU_TOO_BIG : CU_NOMEM;
    m->v = grown;
    put_bytes(x.id, sizeof x.id, e->id);
    put_bytes(x.at, sizeof x.at, e->ts);
    put(x.name, sizeof x.name, body, "name");
    put(x.format, sizeof x.format, body, "format");
    put(x.digest, sizeof x.digest, body, "digest");
    x.bytes = (uint64_t)json_integer_value(json_object_get(body, "bytes"));
    x.questions = (uint64_t)json_integer_value(json_object_get(body, "questions"));
    if (find(m, x.id))
        return CU_OK;
    size_t i = m->n++;
    for (; i && m->v[i - 1].index > x.index; i--)
        m->v[i] = m->v[i - 1];
    m->v[i] = x;
    return CU_OK;
}

static size_t place_of(const cu_qmemory *m, const char *key)
{
    size_t lo = 0, hi = m->approved_n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (strcmp(m->approved[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static cu_err take_approved(cu_qmemory *m, const cu_qentry *e, const json_t *body)
{
    const char *answer = json_string_value(json_object_get(body, "answer")), *question = json_string_value(json_object_get(body, "question"));
    cu_approved x = {.index = e->index};
    put(x.key, sizeof x.key, body, "key");
    put(x.facts, sizeof x.facts, body, "facts");
    put(x.verdict, sizeof x.verdict, body, "verdict");
    put(x.questionnaire, sizeof x.questionnaire, body, "questionnaire");
    put_bytes(x.at, sizeof x.at, e->ts);
    put_bytes(x.actor, sizeof x.actor, e->actor);
    size_t i = place_of(m, x.key);
    bool there = i < m->approved_n && strcmp(m->approved[i].key, x.key) == 0;
    if (there && m->approved[i].index >= x.index)
        return CU_OK;
    cu_questionnaire *of = find(m, x.questionnaire);
    if (of)
        of->approved++;
    x.answer = strdup(answer ? answer : "");
    x.question = strdup(question ? question : "");
    cu_approved *grown = there ? m->approved : room_for_one(m->approved, m->approved_n, &m->approved_cap, sizeof *m->approved, CU_APPROVED_MAX);
    if (!x.answer || !x.question || !grown) {
        free(x.answer);
        free(x.question);
        return m->approved_n >= CU_APPROVED_MAX ? CU_TOO_BIG : CU_NOMEM;
    }
    m->approved = grown;
    if (there) {
        free(m->approved[i].answer);
        free(m->approved[i].question);
    } else {
        memmove(m->approved + i + 1, m->approved + i, (m->approved_n++ - i) * sizeof *m->approved);
    }
    m->approved[i] = x;
    return CU_OK;
}

static cu_err take_exported(cu_qmemory *m, const cu_qentry *e, const json_t *body)
{
    char id[CU_ID_LEN];
    put(id, sizeof id, body, "questionnaire");
    cu_questionnaire *of = find(m, id);
    if (of && (!of->exported[0] || cu_cmp(cu_str(of->exported), e->ts) < 0))
        put_bytes(of->exported, sizeof of->exported, e->ts);
    return CU_OK;
}

cu_err cu_qmemory_take(cu_qmemory *m, const cu_qentry *e)
{
    cu_err (*take)(cu_qmemory *, const cu_qentry *, const json_t *) = cu_eq(e->type, CU_LIT("questionnaire.imported"))   ? take_imported
                                                                     : cu_eq(e->type, CU_LIT("questionnaire.approved")) ? take_approved
                                                                     : cu_eq(e->type, CU_LIT("questionnaire.exported")) ? take_exported
                                                                                                                        : NULL;
    if (!take)
        return CU_OK;
    json_t *body = json_loadb((const char *)e->body.p, e->body.n, 0, NULL);
    cu_err err = json_is_object(body) ? take(m, e, body) : CU_SYNTAX;
    json_decref(body);
    return err;
}

size_t cu_qmemory_count(const cu_qmemory *m)
{
    return m->n;
}

const cu_questionnaire *cu_qmemory_at(const cu_qmemory *m, size_t i)
{
    return i < m->n ? &m->v[i] : NULL;
}

const cu_questionnaire *cu_qmemory_find(const cu_qmemory *m, const char *id)
{
    return find(m, id);
}

const cu_approved *cu_qmemory_approved(const cu_qmemory *m, const char *key)
{
    size_t i = place_of(m, key);
    return i < m->approved_n && strcmp(m->approved[i].key, key) == 0 ? &m->approved[i] : NULL;
}

size_t cu_qmemory_approved_count(const cu_qmemory *m)
{
    return m->approved_n;
}
