/* The scan's frame: what goes in, what comes out, and who is told meanwhile. */
#include "report_writer.h"
#include "scan.h"
#include <git2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"

static void take_summary(const cu_scan *s, cu_scan_summary *out)
{
    *out = (cu_scan_summary){0};
#define X(name) out->name = atomic_load_explicit(&s->count.name, memory_order_relaxed);
    CU_COUNTS(X)
#undef X
    for (unsigned i = 0; i <= CU_SEVERITY_CRITICAL; i++)
        out->by_severity[i] = atomic_load_explicit(&s->by_severity[i], memory_order_relaxed);
    out->stopped = atomic_load(&s->cut_short) || cu_scan_stopped(s);
}

cu_err cu_scan_write_out(cu_scan *s)
{
    CU_TRY(cu_buf_err(&s->pending));
    if (s->prompt && s->pending.n && s->o.progress)
        s->o.progress(s->o.progress_arg, NULL, 0); /* its line gives way */
    cu_err e = cu_write_all(s->o.out, cu_buf_view(&s->pending));
    cu_buf_reset(&s->pending);
    return e;
}

cu_err cu_scan_write(cu_scan *s, const cu_buf *out, const cu_buf *said)
{
    const char *p = (const char *)said->p, *end = said->n ? p + said->n : p;
    while (p < end) {
        const char *what = p + strlen(p) + 1;
        if (s->o.complain)
            s->o.complain(s->o.complain_arg, p, what);
        p = what + strlen(what) + 1;
    }
    if (out->n == 0)
        return CU_OK;
    size_t skip = s->any_finding ? 0 : strlen(cu_report_between(s->o.report));
    s->any_finding = true;
    cu_buf_put(&s->pending, out->p + skip, out->n - skip);
    return s->prompt || s->pending.n > 65536 ? cu_scan_write_out(s) : CU_OK;
}

__attribute__((format(printf, 3, 0))) static void
put_complaint(cu_buf *said, const char *path, const char *fmt, va_list ap)
{
    char what[320];
    size_t before = said->n;
    vsnprintf(what, sizeof what, fmt, ap);
    cu_buf_put(said, path, strlen(path) + 1);
    cu_report_visible(cu_str(what), said); /* libraries quote names of members and objects */
    cu_buf_byte(said, 0);
    if (said->err != CU_OK) { /* thousands of messages from one job: the count is what is left */
        said->n = before;
        said->err = CU_OK;
    }
}

void cu_worker_complain(cu_worker *w, const char *path, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_complaint(&w->said, path, fmt, ap);
    va_end(ap);
    cu_count(&w->scan->count.unreadable, 1);
}

/* A message that takes its place among the jobs. */
typedef struct {
    cu_job job;
    cu_buf said;
} message;

static cu_err say_message(cu_worker *w, cu_job *j)
{
    message *m = (message *)j;
    cu_buf_add(&w->said, cu_buf_view(&m->said));
    return CU_OK;
}

static void drop_message(cu_job *j)
{
    cu_buf_free(&((message *)j)->said);
    free(j);
}

cu_err cu_scan_complain(cu_scan *s, const char *path, const char *fmt, ...)
{
    va_list ap;
    message *m = calloc(1, sizeof *m);
    if (!m)
        return CU_NOMEM;
    m->job = (cu_job){.run = say_message, .drop = drop_message};
    m->said = CU_BUF((size_t)1 << 20);
    va_start(ap, fmt);
    put_complaint(&m->said, path, fmt, ap);
    va_end(ap);
    cu_count(&s->count.unreadable, 1);
    return cu_queue_add(s->queue, &m->job);
}

static void *show_progress(void *arg)
{
    cu_scan *s = arg;
    struct timespec until;
    cu_scan_summary now;
    clock_gettime(CLOCK_REALTIME, &until);
    pthread_mutex_lock(&s->progress_lock);
    while (!s->progress_over) {
        until.tv_nsec += 250000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&s->progress_end, &s->progress_lock, &until) == 0)
            continue;
        take_summary(s, &now);
        s->o.progress(s->o.progress_arg, &now, atomic_load(&s->bytes_total));
    }
    pthread_mutex_unlock(&s->progress_lock);
    return NULL;
}

static void end_progress(cu_scan *s)
{
    if (!s->progress_runs)
        return;
    pthread_mutex_lock(&s->progress_lock);
    s->progress_over = true;
    pthread_cond_signal(&s->progress_end);
    pthread_mutex_unlock(&s->progress_lock);
    pthread_join(s->progress, NULL);
    s->progress_runs = false;
}

static void start_git(void)
{
    git_libgit2_init();
}

void cu_git_needed(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_git);
}

static void scan_free(cu_scan *s)
{
    end_progress(s);
    cu_queue_free(s->queue);
    cu_buf_free(&s->pending);
    pthread_mutex_destroy(&s->progress_lock);
    pthread_cond_destroy(&s->progress_end);
    pthread_mutex_destroy(&s->big);
    explicit_bzero(s->key, sizeof s->key);
    free(s);
}

cu_err cu_scan_new(const cu_scan_options *o, cu_scan **out, cu_fault *f)
{
    if (o->jobs < 1 || o->jobs > CU_SCAN_MAX_JOBS)
        return cu_fail(f, CU_CONFIG, "the number of threads is 1 to %u", CU_SCAN_MAX_JOBS);
    cu_scan *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    s->o = *o;
    s->pending = CU_BUF((size_t)32 << 20);
    s->prompt = isatty(o->out);
    memcpy(s->key, cu_accept_key(o->accept), sizeof s->key);
    pthread_mutex_init(&s->progress_lock, NULL);
    pthread_cond_init(&s->progress_end, NULL);
    pthread_mutex_init(&s->big, NULL);
    cu_err e = cu_queue_new(s, &s->queue);
    if (e == CU_OK)
        e = cu_report_begin(o->report, &s->pending);
    if (e == CU_OK && o->progress)
        s->progress_runs = pthread_create(&s->progress, NULL, show_progress, s) == 0;
    if (e != CU_OK) {
        scan_free(s);
        return e;
    }
    *out = s;
    return CU_OK;
}

cu_err cu_scan_finish_source(cu_scan *s, cu_err e, cu_fault *f)
{
    cu_err waited = cu_queue_wait(s->queue);
    if (waited != CU_OK)
        return waited == CU_IO || waited == CU_NOSPC ? cu_fail(f, waited, "the report could not be written")
                                                     : waited;
    return e;
}

cu_err cu_scan_end(cu_scan *s, cu_scan_summary *summary, cu_fault *f)
{
    cu_err e = cu_queue_wait(s->queue);
    end_progress(s);
    take_summary(s, summary);
    cu_err e2 = cu_report_end(s->o.report, summary, &s->pending);
    e = e == CU_OK ? e2 : e;
    e2 = cu_scan_write_out(s);
    e = e == CU_OK ? e2 : e;
    scan_free(s);
    return e == CU_IO || e == CU_NOSPC ? cu_fail(f, e, "the report could not be written") : e;
}
