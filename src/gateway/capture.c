/* Bodies that are kept, when the tenant's configuration says so for the class of what is sent: the request as
 * it is forwarded and the answer as it was received, both with surrogates and never with the values behind
 * them. A thread seals each to public keys of the bundle and writes it to a file of its own; an entry then
 * says what was stored, or that it could not be. The worker never has a key that opens one. Where the
 * configuration says "refuse" the request waits for its file and does not leave without it. */
#include "gateway.h"
#include <fcntl.h>
#include "base/file.h"
#include "ledger/body.h"

#define HELD_MAX ((size_t)128 << 20) /* bytes of bodies that a worker holds for this, with answers under way */
#define WAITING_MAX 4096u            /* bodies that wait for the thread */
#define DAY_NS (86400ull * 1000000000)

typedef struct gw_body gw_body;
struct gw_body {
    ngx_thread_task_t task;
    gw_exchange *x;          /* waits for it; NULL: nobody does */
    gw_body *next;           /* of those that are not recorded yet */
    cu_body_about about;
    bool personal, whole, done;
    uint8_t pk[CU_X25519_KEY], person_pk[CU_X25519_KEY];
    char tenant[64], actor[64], person[64];
    cu_buf text;             /* wiped when it is sealed */
    size_t bytes;
    cu_sha256 digest, commitment;
    const char *reason;      /* why it was not stored; NULL: it was */
};

static ngx_thread_pool_t *pool;
static gw_body *bodies;      /* given to the thread and not recorded */
static unsigned waiting;
static size_t held;

ngx_int_t gw_capture_init(ngx_cycle_t *cycle)
{
    static ngx_str_t name = ngx_string("custos_bodies");
    pool = ngx_thread_pool_get(cycle, &name);
    return pool ? NGX_OK : NGX_ERROR;
}

static bool hold(size_t n)
{
    if (n > HELD_MAX - held)
        return false;
    held += n;
    return true;
}

/* --- in the thread: nothing of the worker's but the file descriptor --- */

static cu_err write_file(const char *folder, const char *name, cu_bytes file)
{
    char temp[CU_BODY_NAME + 1];
    cu_err e = CU_OK;
    snprintf(temp, sizeof temp, ".%s", name);
    int dir CU_CLEAN_FD = openat(gw.bodies_fd, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd CU_CLEAN_FD = dir < 0 ? -1 : openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return cu_errno_err(errno);
    e = cu_write_all(fd, file);
    if (e == CU_OK && renameat(dir, temp, dir, name) != 0)
        e = cu_errno_err(errno);
    if (e == CU_OK && fsync(fd) != 0) /* after the renaming: the folder cannot be opened here, and its journal holds both */
        e = cu_errno_err(errno);
    if (e != CU_OK)
        (void)unlinkat(dir, temp, 0);
    return e;
}

static void store(void *data, ngx_log_t *log)
{
    gw_body *b = *(gw_body **)data;
    char folder[2 * CU_BODY_KEY + 1], name[CU_BODY_NAME];
    cu_buf file CU_CLEAN_BUF = CU_BUF(b->text.n + CU_BODY_EXTRA);
    cu_hex(folder, b->about.key, CU_BODY_KEY);
    cu_body_name(b->about.exchange, b->about.part, cu_str(b->person), name);
    cu_err e = cu_body_seal(&b->about, b->pk, b->about.personal ? b->person_pk : NULL, cu_buf_view(&b->text), &file, &b->digest, &b->commitment);
    if (e == CU_OK)
        e = write_file(folder, name, cu_buf_view(&file));
    if (e == CU_OK)
        return;
    b->reason = e == CU_TOO_BIG ? "too_large" : "disk";
    ngx_log_error(NGX_LOG_ERR, log, 0, "custos: the %s of %s could not be kept: %s", cu_body_part_name(b->about.part), b->about.exchange, cu_err_text(e));
}

/* --- in the event loop --- */

static void record_stored(const gw_body *b)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(2048);
    char hex[2 * CU_SHA256_LEN + 1];
    cu_buf_byte(&out, '{');
    cu_buf_json_kv_u64(&out, "bytes", b->bytes);
    cu_buf_json_kv_str(&out, "class", cu_data_class_name(b->about.class));
    cu_hex(hex, b->commitment.b, CU_SHA256_LEN);
    cu_buf_json_kv_str(&out, "commitment", hex);
    cu_hex(hex, b->digest.b, CU_SHA256_LEN);
    cu_buf_json_kv_str(&out, "digest", hex);
    cu_buf_json_kv_str(&out, "exchange", b->about.exchange);
    cu_hex(hex, b->about.key, CU_BODY_KEY);
    cu_buf_json_kv_str(&out, "key", hex);
    cu_buf_json_kv_str(&out, "part", cu_body_part_name(b->about.part));
    cu_buf_json_kv_bool(&out, "whole", b->whole);
    cu_buf_byte(&out, '}');
    gw_record_of("content.captured", cu_str(b->tenant), cu_str(b->actor), &out);
}

static void record_missing(const char *exchange, uint8_t class, unsigned part, cu_bytes tenant, cu_bytes actor, const char *reason)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_byte(&out, '{');
    cu_buf_json_kv_str(&out, "class", cu_data_class_name(class));
    cu_buf_json_kv_str(&out, "exchange", exchange);
    cu_buf_json_kv_str(&out, "part", cu_body_part_name(part));
    cu_buf_json_kv_str(&out, "reason", reason);
    cu_buf_byte(&out, '}');
    gw_record_of("content.not_captured", tenant, actor, &out);
}

static void release(gw_body *b)
{
    for (gw_body **p = &bodies; *p; p = &(*p)->next)
        if (*p == b) {
            *p = b->next;
            break;
        }
    waiting--;
    held -= b->bytes;
    cu_buf_free(&b->text);
    ngx_free(b);
}

/* A request that waits and is refused is told by its refusal. */
static void record_one(const gw_body *b, bool refused)
{
    if (!b->reason)
        record_stored(b);
    else if (!refused)
        record_missing(b->about.exchange, b->about.class, b->about.part, cu_str(b->tenant), cu_str(b->actor), b->reason);
}

static void stored(ngx_event_t *ev)
{
    gw_body *b = *(gw_body **)((ngx_thread_task_t *)ev->data)->ctx;
    gw_exchange *x = b->x;
    record_one(b, x && b->reason);
    if (x) {
        ngx_http_request_t *r = x->r;
        ngx_connection_t *c = r->connection;
        x->capture.failed = b->reason;
        x->capture.wait = NULL;
        release(b);
        r->main->blocked--;
        r->aio = 0;
        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
        return;
    }
    release(b);
}

/* NULL when it was given to the thread, else why not; text is taken either way. */
static const char *give(gw_exchange *x, cu_body_part part, cu_buf *text, bool whole, gw_body **out)
{
    bool kept, refuse;
    const cu_bundle *bundle = &x->bundle->b;
    const cu_bundle_body_key *k = cu_bundle_body_key_of(bundle, x->key->tenant, x->capture.class, (uint32_t)(cu_now_ns() / DAY_NS), &kept, &refuse);
    const cu_bundle_body_person *p = cu_bundle_body_person_of(bundle, x->key->user);
    if (!k || (!p && !x->key->service)) /* what is a person's is sealed to hers, or not at all */
        return "no_key";
    gw_body *b = waiting < WAITING_MAX ? ngx_calloc(sizeof *b + sizeof b, x->r->connection->log) : NULL;
    if (!b)
        return "busy";
    b->about = (cu_body_about){.part = (uint8_t)part, .class = x->capture.class, .personal = p != NULL};
    memcpy(b->about.exchange, x->id, CU_ID_LEN);
    memcpy(b->about.key, k->id, CU_BODY_KEY);
    memcpy(b->pk, k->pk, sizeof b->pk);
    if (p)
        memcpy(b->person_pk, p->pk, sizeof b->person_pk);
    snprintf(b->tenant, sizeof b->tenant, "%.*s", CU_FMT(x->tenant->name));
    snprintf(b->actor, sizeof b->actor, "%.*s", CU_FMT(x->key->id));
    snprintf(b->person, sizeof b->person, "%.*s", p ? (int)x->key->user.n : 0, (const char *)x->key->user.p);
    b->whole = whole;
    b->text = *text;
    b->bytes = text->n;
    *text = CU_BUF(0);
    b->task.ctx = b + 1;
    *(gw_body **)b->task.ctx = b;
    b->task.handler = store;
    b->task.event.handler = stored;
    b->task.event.data = &b->task;
    b->task.event.log = ngx_cycle->log;
    b->next = bodies;
    bodies = b;
    waiting++;
    if (ngx_thread_task_post(pool, &b->task) != NGX_OK) {
        b->text.err = CU_OK;
        *text = b->text;
        b->text = CU_BUF(0);
        b->bytes = 0; /* the caller gives back what it holds */
        release(b);
        return "busy";
    }
    *out = b;
    return NULL;
}

/* What is said of an exchange without a conversation in it: nobody described it. */
static uint8_t class_of(const gw_exchange *x)
{
    return x->code.known ? x->code.strictest : CU_DATA_UNKNOWN;
}

static const char *give_request(gw_exchange *x, gw_body **b)
{
    cu_bytes body = x->redaction.body;
    if (!hold(body.n))
        return "busy";
    cu_buf text = CU_BUF(body.n);
    cu_buf_add(&text, body);
    const char *why = text.err ? "busy" : give(x, CU_BODY_REQUEST, &text, true, b);
    if (why) {
        cu_buf_free(&text);
        held -= body.n;
    }
    return why;
}

static ngx_int_t refuse(gw_exchange *x, const char *why)
{
    return gw_refuse(x, 503, "api_error", "capture_unavailable", "custos: capture_unavailable: this request is to be kept, which is not possible now (%s), so it was "
                     "not forwarded; try again", why);
}

ngx_int_t gw_capture_request(gw_exchange *x)
{
    gw_capture *c = &x->capture;
    gw_body *b = NULL;
    c->class = class_of(x);
    (void)cu_bundle_body_key_of(&x->bundle->b, x->key->tenant, c->class, 0, &c->kept, &c->refuse);
    if (!c->kept)
        return NGX_OK;
    c->answer = CU_BUF(HELD_MAX);
    if (x->redaction.body.n == 0)
        return NGX_OK;
    const char *why = give_request(x, &b);
    if (why && c->refuse)
        return refuse(x, why);
    if (why)
        c->failed = why; /* told when the request is recorded */
    if (why || !c->refuse)
        return NGX_OK;
    c->wait = b;
    b->x = x;
    x->r->main->blocked++;
    x->r->aio = 1;
    x->r->write_event_handler = ngx_http_core_run_phases;
    return NGX_AGAIN;
}

ngx_int_t gw_capture_end(gw_exchange *x)
{
    if (x->capture.wait)
        return NGX_AGAIN;
    return x->capture.failed ? refuse(x, x->capture.failed) : NGX_OK;
}

void gw_capture_recorded(gw_exchange *x)
{
    if (x->capture.kept && x->capture.failed)
        record_missing(x->id, x->capture.class, CU_BODY_REQUEST, x->tenant->name, x->key->id, x->capture.failed);
}

void gw_capture_feed(gw_exchange *x, cu_bytes answer)
{
    gw_capture *c = &x->capture;
    if (!c->kept || c->lost)
        return;
    if (!hold(answer.n)) {
        c->lost = c->answer.n + answer.n > HELD_MAX / 2 ? "too_large" : "busy";
        held -= c->answer.n;
        cu_buf_free(&c->answer);
        return;
    }
    cu_buf_add(&c->answer, answer);
}

/* However it ended. Nothing came: nothing is to be kept. */
void gw_capture_answer(gw_exchange *x)
{
    gw_capture *c = &x->capture;
    gw_body *b;
    size_t n = c->answer.n;
    if (!c->kept || (!n && !c->lost))
        return;
    const char *why = c->lost ? c->lost : c->answer.err ? "busy" : give(x, CU_BODY_ANSWER, &c->answer, x->finished, &b);
    if (!why)
        return;
    held -= n;
    cu_buf_free(&c->answer);
    record_missing(x->id, c->class, CU_BODY_ANSWER, x->tenant->name, x->key->id, why);
}

/* The exchange is gone. */
void gw_capture_forget(gw_exchange *x)
{
    gw_capture *c = &x->capture;
    if (c->wait)
        c->wait->x = NULL;
    held -= c->answer.n; /* of one that was never recorded */
    cu_buf_free(&c->answer);
}

/* The threads have ended, and with them every task that they were given. */
void gw_capture_close(void)
{
    while (bodies) {
        record_one(bodies, false);
        release(bodies);
    }
}
