/* The desk for questionnaires: files that came in lie in state_dir/questionnaires; what was approved and what left are entries of
 * the log, and drafts are made anew whenever somebody looks. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "question_desk.h"

_Static_assert(sizeof((cu_qrow){0}.by) == PERSON_NAME, "a name fits");

#define SEEN_MS 5000u

/* --- what the log says --- */

cu_err questions_open(app *a, const char *catalog, cu_fault *f)
{
    questions *d = calloc(1, sizeof *d);
    if (!d)
        return CU_NOMEM;
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->drafting, NULL);
    a->questions = d;
    CU_TRY(cu_bank_load(catalog, a->catalogue, a->events, &a->arena, &d->bank, f));
    return cu_qmemory_new(&d->memory);
}

cu_err question_index(app *a, cu_bank_index **out, cu_fault *f)
{
    questions *d = a->questions;
    cu_err e = d->index ? CU_OK : cu_bank_index_new(d->bank, &d->index, f);
    *out = d->index;
    return e;
}

void questions_close(app *a)
{
    if (!a->questions)
        return;
    cu_bank_index_free(a->questions->index);
    cu_qmemory_free(a->questions->memory);
    pthread_mutex_destroy(&a->questions->lock);
    pthread_mutex_destroy(&a->questions->drafting);
    free(a->questions);
    a->questions = NULL;
}

cu_err questions_take(app *a, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    const cu_qentry e = {index, l->type, l->ts, l->actor, l->id, l->body};
    if (!a->questions || !cu_eq_str(log, CU_TENANT_ORG))
        return CU_OK;
    pthread_mutex_lock(&a->questions->lock);
    cu_err err = cu_qmemory_take(a->questions->memory, &e);
    pthread_mutex_unlock(&a->questions->lock);
    return err;
}

typedef struct {
    uint64_t *v;
    size_t n, cap;
    cu_err err;
} places;

static void note_place(void *arg, const cu_store_entry *x)
{
    places *p = arg;
    if (strncmp(x->type, "questionnaire.", 14) != 0 || strcmp(x->log, CU_TENANT_ORG) != 0 || p->err != CU_OK)
        return;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        uint64_t *v = realloc(p->v, cap * sizeof *v);
        if (!v) {
            p->err = CU_NOMEM;
            return;
        }
        p->v = v;
        p->cap = cap;
    }
    p->v[p->n++] = x->index;
}

static cu_err take_at(app *a, cu_log *log, uint64_t index, cu_fault *f)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX * 4);
    cu_leaf l;
    CU_TRY(cu_log_entry(log, index, &leaf, f));
    CU_TRY(cu_leaf_parse(cu_buf_view(&leaf), &l));
    return questions_take(a, CU_LIT(CU_TENANT_ORG), index, &l);
}

cu_err questions_fill(app *a, cu_fault *f)
{
    char dir[4400];
    places p = {0};
    cu_log *log = NULL;
    cu_err e = cu_store_replay(a->store, note_place, &p);
    if (e == CU_OK)
        e = p.err;
    snprintf(dir, sizeof dir, "%.4200s/%s", a->config->log_dir, CU_TENANT_ORG);
    if (e == CU_OK && p.n)
        e = cu_log_open(dir, &log, f);
    for (size_t i = 0; i < p.n && e == CU_OK; i++)
        e = take_at(a, log, p.v[i], f);
    cu_log_close(log);
    free(p.v);
    return e == CU_OK || (f && f->code) ? e : cu_fail(f, e, "the questionnaires could not be read from the log: %s", cu_err_text(e));
}

/* --- one questionnaire, open --- */

void question_drop(opened *o)
{
    cu_buf_free(&o->file);
    cu_arena_free(&o->arena);
}

unsigned question_failed(call *c, cu_err e, const cu_fault *f, const char *title)
{
    unsigned status = e == CU_NOT_FOUND ? 404 : e == CU_NOSPC ? 503 : e == CU_NOMEM || e == CU_IO || e == CU_INTERNAL || e == CU_ENGINE ? 500 : 400;
    return problem(c, status, title, "%s.", f->code ? f->text : cu_err_text(e));
}

static cu_err path_of(const app *a, const char *id, char out[4400])
{
    char dir[4300];
    snprintf(dir, sizeof dir, "%s/questionnaires", a->config->state_dir);
    snprintf(out, 4400, "%s/%s", dir, id);
    return cu_mkdirs(dir, 0700);
}

/* Of no control it is known where it stands while its file is not what the log says. */
cu_err question_open(app *a, const char *id, opened *o, cu_fault *f)
{
    char path[4400], hex[65];
    cu_sha256 h;
    pthread_mutex_lock(&a->questions->lock);
    const cu_questionnaire *q = cu_qmemory_find(a->questions->memory, id);
    if (q)
        o->about = *q;
    pthread_mutex_unlock(&a->questions->lock);
    if (!q)
        return cu_fail(f, CU_NOT_FOUND, "there is no questionnaire of this id");
    CU_TRY(path_of(a, id, path));
    cu_err e = cu_file_read(AT_FDCWD, path, &o->file);
    if (e != CU_OK)
        return cu_fail(f, e, "the file of this questionnaire cannot be read (%s); import it again", cu_err_text(e));
    cu_sha256_of(cu_buf_view(&o->file), &h);
    cu_hex(hex, h.b, sizeof h.b);
    if (strcmp(hex, o->about.digest) != 0)
        return cu_fail(f, CU_CORRUPT, "the file of this questionnaire is not the one that was imported; import it again");
    return cu_qdocument_read(cu_buf_view(&o->file), &o->arena, &o->document, f);
}

void question_prepare(opened *o)
{
    *o = (opened){.file = CU_BUF(CU_QFILE_MAX)};
    cu_arena_init(&o->arena, CU_QARENA);
}

cu_err question_answer_all(app *a, opened *o, cu_fault *f)
{
    CU_TRY(question_ground(a, a->questions->bank, &o->arena, &o->ground, f));
    pthread_mutex_lock(&a->questions->drafting);
    cu_bank_index *index;
    cu_err e = question_index(a, &index, f);
    if (e == CU_OK)
        e = cu_qrows_draft(&o->ground, index, o->document, &o->arena, &o->rows);
    pthread_mutex_unlock(&a->questions->drafting);
    pthread_mutex_lock(&a->questions->lock);
    if (e == CU_OK)
        e = cu_qrows_recall(a->questions->memory, &o->arena, o->rows, o->document->asked_n);
    pthread_mutex_unlock(&a->questions->lock);
    for (size_t i = 0; e == CU_OK && i < o->document->asked_n; i++) {
        char name[PERSON_NAME];
        if (!o->rows[i].approved)
            continue;
        person_name(a, o->rows[i].by, name);
        memcpy(o->rows[i].by, name, sizeof name);
    }
    return e;
}

/* Until what was written is sealed and taken, so that who asks next sees it: the questionnaire, or (key not NULL) an answer
 * other than the one that stood at `before`. */
void question_wait(app *a, const char *id, const char *key, uint64_t before)
{
    bool there = false;
    for (unsigned ms = 0; !there && ms < SEEN_MS; ms += 10) {
        usleep(10000);
        pthread_mutex_lock(&a->questions->lock);
        const cu_approved *x = key ? cu_qmemory_approved(a->questions->memory, key) : NULL;
        there = key ? x && x->index != before : cu_qmemory_find(a->questions->memory, id) != NULL;
        pthread_mutex_unlock(&a->questions->lock);
    }
}

cu_err question_write(call *c, const char *type, const cu_buf *body, const char *id)
{
    CU_TRY(cu_buf_err(body));
    pthread_mutex_lock(&c->a->lock);
    cu_err e = id ? record_under(c->a, type, CU_TENANT_ORG, c->actor, cu_buf_view(body), id) : record(c->a, type, CU_TENANT_ORG, c->actor, body);
    pthread_mutex_unlock(&c->a->lock);
    return e;
}

/* --- listing and showing --- */

static void put_about(cu_buf *b, const cu_questionnaire *q)
{
    cu_buf_json_kv_str(b, "id", q->id);
    cu_buf_json_kv_str(b, "name", q->name);
    cu_buf_json_kv_str(b, "format", q->format);
    cu_buf_json_kv_str(b, "imported", q->at);
    cu_buf_json_kv_u64(b, "bytes", q->bytes);
    cu_buf_json_kv_u64(b, "questions", q->questions);
    cu_buf_json_kv_u64(b, "approvals", q->approved);
    cu_buf_json_kv_u64(b, "index", q->index);
    cu_buf_json_key(b, "exported");
    if (q->exported[0])
        cu_buf_json_string(b, cu_str(q->exported));
    else
        cu_buf_str(b, "null");
}

static unsigned list(call *c)
{
    page_asked p;
    uint64_t last = 0;
    unsigned n = 0;
    if (!read_page(c, 200, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 200, cursor the next_cursor of an answer.");
    pthread_mutex_lock(&c->a->questions->lock);
    const cu_qmemory *m = c->a->questions->memory;
    cu_buf_str(c->out, "{\"items\":[");
    for (size_t i = cu_qmemory_count(m); i-- > 0 && n < p.limit;) {
        const cu_questionnaire *q = cu_qmemory_at(m, i);
        if (p.before && q->index >= p.before)
            continue;
        cu_buf_str(c->out, n++ ? ",{" : "{");
        put_about(c->out, q);
        cu_buf_byte(c->out, '}');
        last = i ? q->index : 0;
    }
    cu_buf_byte(c->out, ']');
    cu_buf_json_kv_u64(c->out, "total", cu_qmemory_count(m));
    cu_buf_json_kv_u64(c->out, "approved_answers", cu_qmemory_approved_count(m));
    cu_buf_json_kv_u64(c->out, "bank", c->a->questions->bank->n);
    cu_buf_json_key(c->out, "next_cursor");
    if (n == p.limit && last)
        cu_buf_fmt(c->out, "\"%llu\"}", (unsigned long long)last);
    else
        cu_buf_str(c->out, "null}");
    pthread_mutex_unlock(&c->a->questions->lock);
    return 200;
}

void question_put_all(app *a, const opened *o, cu_buf *b)
{
    char at[CU_TIME_LEN];
    cu_time_text(o->ground.at_ms * 1000000, at);
    cu_buf_byte(b, '{');
    put_about(b, &o->about);
    cu_buf_json_kv_str(b, "as_of", at);
    cu_qrows_json(o->rows, o->document->asked_n, b);
    cu_buf_byte(b, '}');
}

static unsigned show(call *c, const char *id)
{
    opened o;
    cu_fault f = {0};
    question_prepare(&o);
    cu_err e = question_open(c->a, id, &o, &f);
    if (e == CU_OK)
        e = question_answer_all(c->a, &o, &f);
    if (e == CU_OK)
        question_put_all(c->a, &o, c->out);
    question_drop(&o);
    return e == CU_OK ? 200 : question_failed(c, e, &f, "The questionnaire cannot be shown");
}

/* --- importing --- */

static void facts_of_all(const opened *o, char out[65])
{
    cu_sha256_state s;
    cu_sha256 h;
    cu_sha256_begin(&s);
    for (size_t i = 0; i < o->document->asked_n; i++)
        cu_sha256_add(&s, cu_str(o->rows[i].draft.facts));
    cu_sha256_end(&s, &h);
    cu_hex(out, h.b, sizeof h.b);
}

static cu_err write_drafted(call *c, const opened *o)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    cu_qcounts n;
    char facts[65];
    cu_qrows_count(o->rows, o->document->asked_n, &n);
    facts_of_all(o, facts);
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_u64(&body, "approved", n.of[CU_QSTATUS_APPROVED]);
    cu_buf_json_kv_u64(&body, "changed", n.of[CU_QSTATUS_CHANGED]);
    cu_buf_json_kv_u64(&body, "drafted", n.of[CU_QSTATUS_DRAFTED]);
    cu_buf_json_kv_str(&body, "facts", facts);
    cu_buf_json_kv_u64(&body, "person", n.of[CU_QSTATUS_PERSON]);
    cu_buf_json_kv_str(&body, "questionnaire", o->about.id);
    cu_buf_byte(&body, '}');
    return question_write(c, "questionnaire.drafted", &body, NULL);
}

/* File first, then the entry: what the log speaks of is there. */
static cu_err keep_file(call *c, opened *o, const char *name)
{
    char path[4400];
    cu_sha256 h;
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    cu_questionnaire *q = &o->about;
    cu_id_new(q->id);
    cu_time_text(cu_now_ns(), q->at);
    snprintf(q->name, sizeof q->name, "%s", name);
    snprintf(q->format, sizeof q->format, "%s", cu_qform_name(o->document->form));
    cu_sha256_of(cu_buf_view(&o->file), &h);
    cu_hex(q->digest, h.b, sizeof h.b);
    q->bytes = o->file.n;
    q->questions = o->document->asked_n;
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_u64(&body, "bytes", q->bytes);
    cu_buf_json_kv_str(&body, "digest", q->digest);
    cu_buf_json_kv_str(&body, "format", q->format);
    cu_buf_json_kv_str(&body, "name", q->name);
    cu_buf_json_kv_u64(&body, "questions", q->questions);
    cu_buf_byte(&body, '}');
    CU_TRY(path_of(c->a, q->id, path));
    CU_TRY(cu_file_replace(AT_FDCWD, path, cu_buf_view(&o->file), 0600));
    cu_err e = question_write(c, "questionnaire.imported", &body, q->id);
    if (e != CU_OK)
        unlink(path);
    return e;
}

static cu_err import(call *c, const json_t *in, opened *o, cu_fault *f)
{
    const char *name = json_string_value(json_object_get(in, "name")), *content = json_string_value(json_object_get(in, "content"));
    if (!name || !*name || strlen(name) > CU_QNAME_MAX || !content)
        return cu_fail(f, CU_SYNTAX, "name (1 to %u bytes) and content (the file in base64) are expected", CU_QNAME_MAX);
    cu_err e = cu_unbase64(&o->file, cu_str(content));
    if (e != CU_OK)
        return e == CU_TOO_BIG ? cu_fail(f, e, "the file is larger than %zu MiB", CU_QFILE_MAX >> 20) : cu_fail(f, e, "content is no base64");
    CU_TRY(cu_qdocument_read(cu_buf_view(&o->file), &o->arena, &o->document, f));
    CU_TRY(question_answer_all(c->a, o, f));
    CU_TRY(keep_file(c, o, name));
    return write_drafted(c, o);
}

static unsigned take_file(call *c, const json_t *in)
{
    opened o;
    cu_fault f = {0};
    question_prepare(&o);
    cu_err e = import(c, in, &o, &f);
    if (e == CU_OK) {
        question_wait(c->a, o.about.id, NULL, 0);
        question_put_all(c->a, &o, c->out);
    }
    question_drop(&o);
    return e == CU_OK ? 201 : question_failed(c, e, &f, "Not imported");
}

/* --- operations --- */

unsigned answer_questionnaires(call *c)
{
    return list(c);
}

unsigned answer_questionnaire(call *c)
{
    return show(c, c->args[0]);
}

unsigned questions_with_body(call *c, unsigned (*take)(call *c, const json_t *in))
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    unsigned status = json_is_object(in) ? take(c, in) : problem(c, 400, "Malformed", "A JSON object is expected.");
    json_decref(in);
    return status;
}

unsigned import_questionnaire(call *c)
{
    return questions_with_body(c, take_file);
}
