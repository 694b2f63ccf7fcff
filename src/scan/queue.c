/* A bounded queue and its threads. Jobs are numbered as they come; results leave by number: a thread
 * that is done early parks its result, and waits only when too much is parked. The job with the
 * lowest number never waits, so nothing can lock up. */
#include "scan.h"
#include <stdlib.h>

#define WINDOW 256u                        /* jobs between the oldest unfinished and the newest */
#define QUEUE_BYTES ((size_t)16 << 20)     /* held by jobs that wait */
#define PARKED_BYTES ((size_t)4 << 20)

typedef struct {
    bool done;
    cu_buf out, said;
} result;

struct cu_queue {
    cu_scan *scan;
    pthread_mutex_t lock;
    pthread_cond_t work, space, turn_came;
    cu_job *jobs[WINDOW];
    result results[WINDOW];
    uint64_t added, taken, turn; /* numbers: of the next to add, to run, to write */
    size_t held, parked;         /* bytes */
    unsigned idle, waiting;
    bool writing;                /* parked results are being written without the lock */
    bool producer_waits, closing;
    cu_err err;
    unsigned threads_n, threads_max; /* a thread is started when a job finds none idle; max 0: the caller runs all */
    pthread_t threads[CU_SCAN_MAX_JOBS];
    cu_worker workers[CU_SCAN_MAX_JOBS];
};

static void worker_free(cu_worker *w)
{
    cu_object_close(w);
    cu_findings_free(&w->found);
    cu_scratch_free(w->scratch);
    cu_scratch_free(w->all);
    cu_findings_free(&w->near);
    if (w->text)
        explicit_bzero(w->text, w->text_used);
    if (w->raw)
        explicit_bzero(w->raw, CU_SCAN_RAW);
    free(w->text);
    free(w->raw);
    cu_buf_free(&w->out);
    cu_buf_free(&w->said);
    explicit_bzero(w->line, sizeof w->line);
}

static cu_err worker_init(cu_worker *w)
{
    const cu_scan *s = w->scan;
    w->text = malloc(CU_SCAN_CHUNK);
    if (!w->text)
        return CU_NOMEM;
    if (s->o.look)
        return CU_OK;
    CU_TRY(cu_scratch_new(s->o.engine, &w->scratch));
    bool *wanted = calloc(s->o.rules->n + 1, sizeof *wanted);
    if (!wanted)
        return CU_NOMEM;
    bool every = true;
    for (size_t i = 0; i < s->o.rules->n; i++) {
        wanted[i] = s->o.only[s->o.rules->v[i].type] || (s->o.only_rules && s->o.only_rules[i]);
        every &= wanted[i];
    }
    if (!every)
        cu_scratch_only(w->scratch, wanted);
    free(wanted);
    return every ? CU_OK : cu_scratch_new(s->o.engine, &w->all);
}

static void fail(cu_queue *q, cu_err e)
{
    if (e != CU_OK && q->err == CU_OK)
        q->err = e;
}

/* Locked. Whatever is finished in unbroken order after the turn leaves; then the turn is told. */
static void write_parked(cu_queue *q)
{
    result *r;
    while (!q->writing && (r = &q->results[q->turn % WINDOW])->done) {
        if (r->out.n || r->said.n) {
            q->writing = true;
            pthread_mutex_unlock(&q->lock);
            cu_err e = cu_scan_write(q->scan, &r->out, &r->said);
            pthread_mutex_lock(&q->lock);
            q->writing = false;
            fail(q, e);
            q->parked -= r->out.n + r->said.n;
            cu_buf_free(&r->out);
            cu_buf_free(&r->said);
        }
        r->done = false;
        q->turn++;
    }
    if (q->waiting)
        pthread_cond_broadcast(&q->turn_came);
    if (q->producer_waits && q->added - q->turn <= WINDOW / 2 && q->held <= QUEUE_BYTES / 2)
        pthread_cond_signal(&q->space);
}

/* Locked. */
static void wait_turn(cu_queue *q, uint64_t seq)
{
    while (q->turn != seq || q->writing) {
        q->waiting++;
        pthread_cond_wait(&q->turn_came, &q->lock);
        q->waiting--;
    }
}

cu_err cu_queue_flush(cu_worker *w)
{
    cu_queue *q = w->scan->queue;
    if (q->threads_max) {
        pthread_mutex_lock(&q->lock);
        wait_turn(q, w->seq);
        pthread_mutex_unlock(&q->lock);
    }
    cu_err e = cu_scan_write(w->scan, &w->out, &w->said);
    cu_buf_reset(&w->out);
    cu_buf_reset(&w->said);
    if (e != CU_OK) { /* told apart from a source that cannot be read */
        pthread_mutex_lock(&q->lock);
        fail(q, e);
        pthread_mutex_unlock(&q->lock);
    }
    return e;
}

/* Locked. The worker's output goes out now, or is parked. */
static void finish(cu_queue *q, cu_worker *w)
{
    size_t n = w->out.n + w->said.n;
    result *r = &q->results[w->seq % WINDOW];
    if (n && (q->parked + n > PARKED_BYTES || (q->turn == w->seq && !q->writing))) {
        wait_turn(q, w->seq);
        pthread_mutex_unlock(&q->lock); /* nobody else writes while it is this job's turn */
        cu_err e = cu_scan_write(q->scan, &w->out, &w->said);
        pthread_mutex_lock(&q->lock);
        fail(q, e);
        cu_buf_reset(&w->out);
        cu_buf_reset(&w->said);
    } else if (n) {
        q->parked += n;
        r->out = w->out;
        r->said = w->said;
        w->out = CU_BUF(r->out.ceiling);
        w->said = CU_BUF(r->said.ceiling);
    }
    r->done = true;
    if (q->turn == w->seq)
        write_parked(q);
}

/* What failed to write, or to allocate, ends the scan; the jobs behind it are only dropped. */
static cu_err run_job(cu_worker *w, cu_job *j, bool skip)
{
    w->seq = j->seq;
    w->depth = 0;
    cu_err e = skip || cu_scan_stopped(w->scan) ? CU_OK : j->run(w, j);
    j->drop(j);
    return e;
}

static void *work(void *arg)
{
    cu_worker *w = arg;
    cu_queue *q = w->scan->queue;
    cu_err ready = worker_init(w);
    pthread_mutex_lock(&q->lock);
    fail(q, ready);
    for (;;) {
        while (q->taken == q->added && !q->closing) {
            q->idle++;
            pthread_cond_wait(&q->work, &q->lock);
            q->idle--;
        }
        if (q->taken == q->added)
            break;
        cu_job *j = q->jobs[q->taken++ % WINDOW];
        size_t weight = j->weight;
        bool skip = q->err != CU_OK;
        pthread_mutex_unlock(&q->lock);
        cu_err e = run_job(w, j, skip);
        pthread_mutex_lock(&q->lock);
        q->held -= weight;
        fail(q, e);
        finish(q, w);
    }
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

static cu_err add_inline(cu_queue *q, cu_job *j)
{
    cu_worker *w = &q->workers[0];
    j->seq = q->added++;
    cu_err e = run_job(w, j, q->err != CU_OK);
    if (e == CU_OK)
        e = q->err;
    if (w->out.n || w->said.n) {
        cu_err e2 = cu_queue_flush(w);
        e = e == CU_OK ? e2 : e;
    }
    fail(q, e);
    return q->err;
}

/* Locked. Whether somebody will take one job more; fewer threads than wanted do it as well. */
static bool somebody_for_one_more(cu_queue *q)
{
    unsigned n = q->threads_n;
    if (n == q->threads_max || q->added - q->taken < q->idle)
        return true;
    if (pthread_create(&q->threads[n], NULL, work, &q->workers[n]) == 0)
        q->threads_n++;
    else if (n)
        q->threads_max = n;
    return q->threads_n > 0;
}

/* Locked. */
static cu_err refuse(cu_queue *q, cu_job *j)
{
    fail(q, CU_NOMEM);
    pthread_mutex_unlock(&q->lock);
    j->drop(j);
    return CU_NOMEM;
}

cu_err cu_queue_add(cu_queue *q, cu_job *j)
{
    if (!q->threads_max)
        return add_inline(q, j);
    pthread_mutex_lock(&q->lock);
    while (q->added - q->turn >= WINDOW || (q->held && q->held + j->weight > QUEUE_BYTES)) {
        q->producer_waits = true;
        pthread_cond_wait(&q->space, &q->lock);
    }
    q->producer_waits = false;
    if (!somebody_for_one_more(q))
        return refuse(q, j);
    j->seq = q->added;
    q->held += j->weight;
    q->jobs[q->added++ % WINDOW] = j;
    cu_err e = q->err;
    if (q->idle)
        pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    return e;
}

cu_err cu_queue_wait(cu_queue *q)
{
    if (!q->threads_max)
        return q->err;
    pthread_mutex_lock(&q->lock);
    q->waiting++;
    while (q->turn != q->added || q->writing)
        pthread_cond_wait(&q->turn_came, &q->lock);
    q->waiting--;
    cu_err e = q->err;
    pthread_mutex_unlock(&q->lock);
    return e;
}

void cu_queue_forget_git(cu_queue *q)
{
    pthread_mutex_lock(&q->lock);
    for (unsigned i = 0; i < CU_SCAN_MAX_JOBS; i++)
        cu_object_close(&q->workers[i]);
    pthread_mutex_unlock(&q->lock);
}

static cu_err start(cu_queue *q, unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        q->workers[i].scan = q->scan;
        q->workers[i].out = CU_BUF((size_t)16 << 20);
        q->workers[i].said = CU_BUF((size_t)4 << 20);
    }
    q->threads_max = jobs > 1 ? jobs : 0;
    return jobs > 1 ? CU_OK : worker_init(&q->workers[0]);
}

cu_err cu_queue_new(cu_scan *s, cu_queue **out)
{
    cu_queue *q = calloc(1, sizeof *q);
    if (!q)
        return CU_NOMEM;
    q->scan = s;
    s->queue = q;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->work, NULL);
    pthread_cond_init(&q->space, NULL);
    pthread_cond_init(&q->turn_came, NULL);
    cu_err e = start(q, s->o.jobs);
    if (e != CU_OK) {
        cu_queue_free(q);
        s->queue = NULL;
        return e;
    }
    *out = q;
    return CU_OK;
}

void cu_queue_free(cu_queue *q)
{
    if (!q)
        return;
    pthread_mutex_lock(&q->lock);
    q->closing = true;
    pthread_cond_broadcast(&q->work);
    pthread_mutex_unlock(&q->lock);
    for (unsigned i = 0; i < q->threads_n; i++)
        pthread_join(q->threads[i], NULL);
    for (unsigned i = 0; i < CU_SCAN_MAX_JOBS; i++)
        worker_free(&q->workers[i]);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->work);
    pthread_cond_destroy(&q->space);
    pthread_cond_destroy(&q->turn_came);
    free(q);
}
