/* The status engine beside the sequencer: filled from what was sealed when the daemon starts, then entry by entry. */
#include <stdio.h>
#include <stdlib.h>
#include <jansson.h>
#include "limited.h"
#include "app.h"
#include "comply/gaps.h"
#include "comply/status.h"
#include "findings.h"

struct states {
    pthread_mutex_t lock;
    cu_status *engine;
};

static bool of_probe(cu_bytes log)
{
    return cu_starts(log, CU_LIT("t/")) && cu_bundle_is_probe(cu_slice(log, 2, log.n)); /* what a probe planted is no business of anybody's */
}

typedef struct {
    app *a;
    cu_log *log;
    char name[80];
    cu_err err;
    cu_fault fault;
    cu_buf leaf;
} replay;

/* The whole entry, where its type alone does not say enough. */
static cu_err read_body(replay *r, const cu_store_entry *x, cu_bytes *body)
{
    char dir[4400];
    cu_leaf l;
    if (!r->log || strcmp(r->name, x->log) != 0) {
        cu_log_close(r->log);
        r->log = NULL;
        snprintf(r->name, sizeof r->name, "%s", x->log);
        snprintf(dir, sizeof dir, "%.4200s/%.80s", r->a->config->log_dir, x->log);
        CU_TRY(cu_log_open(dir, &r->log, &r->fault));
    }
    cu_buf_reset(&r->leaf);
    CU_TRY(cu_log_entry(r->log, x->index, &r->leaf, &r->fault));
    CU_TRY(cu_leaf_parse(cu_buf_view(&r->leaf), &l));
    *body = l.body;
    return CU_OK;
}

static void replay_one(void *arg, const cu_store_entry *x)
{
    replay *r = arg;
    cu_status *s = r->a->states->engine;
    cu_status_entry e = {cu_str(x->log), x->index, cu_str(x->type), cu_str(x->ts), CU_NONE};
    if (r->err != CU_OK || of_probe(e.log))
        return;
    if (cu_status_needs_body(s, e.type))
        r->err = read_body(r, x, &e.body);
    if (r->err == CU_OK)
        r->err = cu_status_take(s, &e);
}

cu_err states_open(app *a, cu_fault *f)
{
    replay r = {.a = a, .leaf = CU_BUF(CU_LEAF_MAX * 4)};
    a->states = calloc(1, sizeof *a->states);
    if (!a->states)
        return CU_NOMEM;
    pthread_mutex_init(&a->states->lock, NULL);
    CU_TRY(cu_status_new(a->catalogue, &a->states->engine));
    cu_err e = cu_store_replay(a->store, replay_one, &r);
    cu_log_close(r.log);
    cu_buf_free(&r.leaf);
    if (e == CU_OK)
        e = r.err;
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the states of the controls could not be worked out from the log: %.200s", r.fault.code ? r.fault.text : cu_err_text(e));
}

void states_close(app *a)
{
    if (!a->states)
        return;
    cu_status_free(a->states->engine);
    pthread_mutex_destroy(&a->states->lock);
    free(a->states);
    a->states = NULL;
}

cu_err states_take(app *a, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    const cu_status_entry e = {log, index, l->type, l->ts, l->body};
    if (of_probe(log))
        return CU_OK;
    pthread_mutex_lock(&a->states->lock);
    cu_err err = cu_status_take(a->states->engine, &e);
    pthread_mutex_unlock(&a->states->lock);
    return err;
}

void states_controls(app *a, uint64_t at_ms, cu_control_status *out)
{
    pthread_mutex_lock(&a->states->lock);
    for (size_t i = 0; i < a->catalogue->controls_n; i++)
        cu_status_control(a->states->engine, &a->catalogue->controls[i], at_ms, &out[i]);
    pthread_mutex_unlock(&a->states->lock);
}

void states_criteria(app *a, uint64_t at_ms, cu_state *out)
{
    pthread_mutex_lock(&a->states->lock);
    for (size_t i = 0; i < a->catalogue->criteria_n; i++)
        out[i] = cu_status_criterion(a->states->engine, &a->catalogue->criteria[i], at_ms);
    pthread_mutex_unlock(&a->states->lock);
}

static bool read_as_of(call *c, uint64_t *ms)
{
    const char *at = c->query(c->query_arg, "as_of");
    *ms = cu_now_ns() / 1000000;
    return !at || !*at || cu_status_time(cu_str(at), ms);
}

static unsigned bad_moment(call *c)
{
    return problem(c, 400, "Malformed", "as_of is a moment like 2026-11-26T22:00:00Z, or a date, in UTC.");
}

void states_each(app *a, uint64_t at_ms, state_fn each, void *arg)
{
    pthread_mutex_lock(&a->states->lock);
    for (size_t i = 0; i < a->catalogue->controls_n; i++) {
        cu_control_status st;
        cu_status_control(a->states->engine, &a->catalogue->controls[i], at_ms, &st);
        each(arg, &st);
    }
    pthread_mutex_unlock(&a->states->lock);
}

typedef cu_err (*states_json)(cu_status *, uint64_t, cu_buf *);

static cu_err put_states(call *c, states_json json, uint64_t ms, cu_buf *out)
{
    pthread_mutex_lock(&c->a->states->lock);
    cu_err e = json(c->a->states->engine, ms, out);
    pthread_mutex_unlock(&c->a->states->lock);
    return e;
}

/* Of who is limited: her controls, and of the evidence behind them what is of her window and her tenants. */
static cu_err keep_within(call *c, states_json json)
{
    uint64_t from = 0;
    cu_buf before CU_CLEAN_BUF = CU_BUF((size_t)32 << 20);
    if (c->who.from[0] && cu_status_time(cu_str(c->who.from), &from) && from)
        CU_TRY(put_states(c, json, from - 1, &before));
    json_t *all = json_loadb((const char *)c->out->p, c->out->n, 0, NULL);
    json_t *then = before.n ? json_loadb((const char *)before.p, before.n, 0, NULL) : NULL;
    states_keep(c, all, then);
    json_decref(then);
    cu_buf_reset(c->out);
    return answer_json(c, all) == 200 ? CU_OK : CU_NOMEM;
}

static unsigned answer(call *c, states_json json)
{
    uint64_t ms;
    if (!read_as_of(c, &ms))
        return bad_moment(c);
    cu_err e = put_states(c, json, ms, c->out);
    if (e == CU_OK && limited(c))
        e = keep_within(c, json);
    return e == CU_OK ? 200 : problem(c, 500, "The states could not be computed", "%s", cu_err_text(e));
}

unsigned answer_criteria(call *c)
{
    return answer(c, cu_status_criteria_json);
}

unsigned answer_controls(call *c)
{
    return answer(c, cu_status_controls_json);
}

unsigned answer_checklist(call *c)
{
    uint64_t ms;
    if (!read_as_of(c, &ms))
        return bad_moment(c);
    pthread_mutex_lock(&c->a->states->lock);
    cu_err e = cu_checklist_json(c->a->checklist, c->a->states->engine, ms, c->out);
    pthread_mutex_unlock(&c->a->states->lock);
    return e == CU_OK ? 200 : problem(c, 500, "The checklist could not be worked out", "%s", cu_err_text(e));
}

unsigned answer_gaps(call *c)
{
    return answer(c, cu_gaps_json);
}
