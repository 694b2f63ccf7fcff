/* Judging a large call or answer takes milliseconds, for which no other stream of the worker should wait: a thread does
 * it. Meanwhile the exchange's guard, its turn and its prints are the thread's; bytes that arrive stay in nginx's own
 * buffer, and the request cannot end. */
#include "gateway.h"

#define OFFLOAD_BYTES ((size_t)16 << 10) /* below, no judgement takes longer than two thread switches and a few events */

static ngx_thread_pool_t *pool; /* of one thread: one inspector */

ngx_int_t gw_judge_init(ngx_cycle_t *cycle)
{
    static ngx_str_t name = ngx_string("custos_judge");
    pool = ngx_thread_pool_get(cycle, &name);
    return pool ? NGX_OK : NGX_ERROR;
}

/* What may be the end of a call. A call whose end is spelled otherwise is judged in the event loop: later than others
 * would like, and no less. */
static bool may_end(cu_bytes b)
{
    static const char *const ends[] = {"_stop", ".done", ".completed", "finish_reason\":\"", "finish_reason\": \"", "finishReason", "[DONE]"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (cu_find(b, cu_str(ends[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

bool gw_judge_takes_long(const gw_exchange *x, cu_bytes restored, bool last)
{
    size_t n = restored.n + cu_turn_waiting(x->turn);
    if (x->json || n >= OFFLOAD_BYTES)
        return n >= OFFLOAD_BYTES && (last || x->api == CU_API_GEMINI || may_end(restored));
    return last && cu_turn_said(x->turn) >= OFFLOAD_BYTES;
}

/* In the thread; the event loop touches neither turn nor prints of the exchange meanwhile. */
static void in_thread(void *data, ngx_log_t *log)
{
    gw_judging *j = *(gw_judging **)data;
    if (j->json)
        j->err = gw_guard_json(j->x, j->text, true, &j->out, &j->judged);
    else
        j->err = gw_guard_stream(j->x, j->text, j->last, true, &j->out);
}

static void done(ngx_event_t *ev)
{
    gw_judging *j = ev->data;
    ngx_http_request_t *r = j->x->r;
    ngx_connection_t *c = r->connection;
    j->running = false;
    j->ready = true;
    r->main->blocked--;
    if (j->gone) /* terminated meanwhile: it is closed now */
        ngx_http_finalize_request(r, NGX_ERROR);
    else
        j->resume(j->x);
    ngx_http_run_posted_requests(c);
}

static void free_bytes(void *data)
{
    gw_judging *j = data;
    cu_buf_free(&j->in);
    cu_buf_free(&j->out);
}

static void terminated(void *data)
{
    ((gw_judging *)data)->gone = true;
}

static gw_judging *judging_of(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    if (x->judging)
        return x->judging;
    gw_judging *j = ngx_pcalloc(r->pool, sizeof *j);
    gw_judging **ctx = ngx_palloc(r->pool, sizeof *ctx);
    ngx_pool_cleanup_t *bytes = ngx_pool_cleanup_add(r->pool, 0);
    ngx_http_cleanup_t *end = ngx_http_cleanup_add(r, 0);
    if (!j || !ctx || !bytes || !end)
        return NULL;
    *ctx = j;
    j->x = x;
    j->in = j->out = CU_BUF(4 * ((size_t)64 << 20));
    j->task.ctx = ctx;
    j->task.handler = in_thread;
    j->task.event.handler = done;
    j->task.event.data = j;
    j->task.event.log = r->connection->log;
    bytes->handler = free_bytes;
    bytes->data = j;
    end->handler = terminated;
    end->data = j;
    return x->judging = j;
}

bool gw_judge_give(gw_exchange *x, cu_buf *in, cu_bytes text, bool last, void (*resume)(gw_exchange *x))
{
    gw_judging *j = judging_of(x);
    if (!j)
        return false;
    j->text = text;
    j->last = last;
    j->json = x->json;
    j->resume = resume;
    j->ready = false;
    j->err = CU_OK;
    cu_buf_reset(&j->out);
    if (ngx_thread_task_post(pool, &j->task) != NGX_OK)
        return false;
    cu_buf was = j->in;
    j->in = *in; /* the bytes stay where they are: text goes on being valid */
    *in = was;
    j->running = true;
    x->r->main->blocked++;
    return true;
}
