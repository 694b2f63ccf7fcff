/* Group commit: while one batch is written by a thread, the event loop stages the next; whatever
 * arrived meanwhile is one write. */
#include "gateway.h"

static ngx_thread_task_t *task;
static ngx_thread_pool_t *pool;
static gw_exchange *waiting;
static bool running;

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
    gw_commit_start();
    for (x = due; x; x = next) { /* a woken request may be gone afterwards */
        next = x->next_waiting;
        wake(x);
    }
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
    return NGX_OK;
}

void gw_commit_start(void)
{
    if (running || !gw.spool || !cu_spool_wants_commit(gw.spool))
        return;
    cu_spool_seal(gw.spool);
    running = true;
    if (ngx_thread_task_post(pool, task) != NGX_OK) { /* the queue is full: do it here */
        (void)!cu_spool_commit(gw.spool);
        written(&task->event);
    }
}

void gw_commit_wait(gw_exchange *x)
{
    x->next_waiting = waiting;
    waiting = x;
    x->waiting = true;
    x->r->main->blocked++;
    x->r->aio = 1;
    gw_commit_start();
}

void gw_commit_forget(gw_exchange *x)
{
    for (gw_exchange **p = &waiting; *p; p = &(*p)->next_waiting)
        if (*p == x) {
            *p = x->next_waiting;
            return;
        }
}
