/* Group commit: while one batch is written by a thread, the event loop stages the next; whatever
 * arrived meanwhile is one write. A durable write and the two thread switches around it cost as much
 * CPU as a small request, so a batch is closed only when the event loop has nothing else to do. */
#include "gateway.h"

#define PATIENCE_NS 2000000u /* nobody waits longer than this for others to join his batch; who is alone does not wait */
#define LEISURE_MS 10u       /* leaves that nobody waits for go with the next batch, or alone after this */

static ngx_thread_task_t *task;
static ngx_thread_pool_t *pool;
static gw_exchange *waiting;
static ngx_event_t turn, leisure; /* the end of the loop's next turn; the end of LEISURE_MS */
static uint64_t since_ns;         /* when the batch got its first waiting request; 0: it has none */
static bool running, joined;      /* joined: a request has come since the last turn */

/* In the thread. The result is read through committed() and failed(). */
static void write_batch(void *data, ngx_log_t *log)
{
    if (cu_spool_commit(gw.spool) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, log, 0, "custos: evidence could not be written; requests are refused");
}

static void wake(gw_exchange *x)
{
    ngx_connection_t *c = x->r->connection;
    x->waiting = false;
    x->r->main->blocked--;
    x->r->aio = 0;
    x->r->write_event_handler(x->r);
    ngx_http_run_posted_requests(c);
}

static void at_next_turn(void)
{
    if (!running && !turn.posted) {
        ngx_post_event(&turn, &ngx_posted_next_events); /* the loop then asks for events without waiting */
    }
}

static void written(ngx_event_t *ev)
{
    gw_exchange *still = NULL, *due = NULL, *x, *next;
    running = false;
    cu_spool_settle(gw.spool);
    uint64_t committed = cu_spool_committed(gw.spool), failed = cu_spool_failed(gw.spool);
    for (x = waiting; x; x = next) {
        next = x->next_waiting;
        bool ok = x->ticket <= committed, bad = !ok && x->ticket <= failed;
        x->recorded = ok;
        x->commit_failed = bad;
        gw_exchange **to = ok || bad ? &due : &still;
        x->next_waiting = *to;
        *to = x;
    }
    waiting = still;
    if (waiting)
        at_next_turn();
    else if (cu_spool_wants_commit(gw.spool))
        gw_commit_later();
    for (x = due; x; x = next) { /* a woken request may be gone afterwards */
        next = x->next_waiting;
        wake(x);
    }
}

static void start(void)
{
    if (running || !gw.spool || !cu_spool_wants_commit(gw.spool))
        return;
    if (leisure.timer_set) {
        ngx_del_timer(&leisure);
    }
    cu_spool_seal(gw.spool);
    running = true;
    joined = false;
    since_ns = 0;
    if (ngx_thread_task_post(pool, task) != NGX_OK) { /* the queue is full: do it here */
        (void)!cu_spool_commit(gw.spool);
        written(&task->event);
    }
}

static void turned(ngx_event_t *ev)
{
    if (joined && cu_mono_ns() - since_ns < PATIENCE_NS) {
        joined = false;
        at_next_turn();
    } else {
        start();
    }
}

static void leisure_over(ngx_event_t *ev)
{
    start();
}

static void prepare(ngx_event_t *ev, ngx_event_handler_pt handler, ngx_cycle_t *cycle)
{
    static ngx_connection_t nobody = {.fd = -1}; /* what nginx names when it logs a timer */
    *ev = (ngx_event_t){.handler = handler, .data = &nobody, .log = cycle->log, .cancelable = 1};
}

ngx_int_t gw_commit_init(ngx_cycle_t *cycle)
{
    static ngx_str_t name = ngx_string("custos");
    pool = ngx_thread_pool_get(cycle, &name);
    task = ngx_thread_task_alloc(cycle->pool, 0);
    if (!pool || !task)
        return NGX_ERROR;
    task->handler = write_batch;
    task->event.handler = written;
    task->event.log = cycle->log;
    prepare(&turn, turned, cycle);
    prepare(&leisure, leisure_over, cycle);
    return NGX_OK;
}

void gw_commit_later(void)
{
    if (!running && !turn.posted && !leisure.timer_set) {
        ngx_add_timer(&leisure, LEISURE_MS);
    }
}

void gw_commit_wait(gw_exchange *x)
{
    x->next_waiting = waiting;
    waiting = x;
    x->waiting = true;
    x->r->main->blocked++;
    x->r->aio = 1;
    joined = true;
    if (!since_ns)
        since_ns = cu_mono_ns();
    at_next_turn();
}

void gw_commit_forget(gw_exchange *x)
{
    for (gw_exchange **p = &waiting; *p; p = &(*p)->next_waiting)
        if (*p == x) {
            *p = x->next_waiting;
            return;
        }
}
