/* A request that is under way when its caller or its vendor loses the right to it: it ends, in the words
 * of its API, and the record says why. */
#include "gateway.h"

#define REVIEW_NS 1000000000ull

static gw_exchange *running; /* of this worker, from the head on */

void gw_running_add(gw_exchange *x)
{
    x->next_running = running;
    x->at_running = &running;
    if (running)
        running->at_running = &x->next_running;
    running = x;
}

void gw_running_remove(gw_exchange *x)
{
    if (!x->at_running)
        return;
    *x->at_running = x->next_running;
    if (x->next_running)
        x->next_running->at_running = x->at_running;
    x->at_running = NULL;
}

/* By what is in force now, not by the bundle that the request began with. */
static cu_decision right_of(const gw_exchange *x, uint64_t now_ns)
{
    const cu_bundle *b = &gw.bundle->b;
    const cu_bundle_key *k = cu_bundle_find_hash(b, &x->key->hash);
    cu_vendor_state state;
    cu_decision d = k ? cu_decide_key(k, now_ns) : CU_DECISION_KEY_REVOKED;
    for (size_t i = 0; d == CU_DECISION_ALLOW && x->vendor && i < b->vendors_n; i++)
        if (cu_eq(b->vendors[i].name, x->vendor->name) && cu_eq(b->vendors[i].api, x->vendor->api))
            return cu_decide_vendor_state(&b->vendors[i], now_ns, &state);
    return d == CU_DECISION_ALLOW && x->vendor ? CU_DECISION_NO_VENDOR : d;
}

static bool of_key(cu_decision d)
{
    return d == CU_DECISION_KEY_REVOKED || d == CU_DECISION_KEY_EXPIRED;
}

/* Fills what the client is told; the status that it gets when nothing was sent yet. */
static void say(gw_exchange *x, cu_decision d)
{
    x->reason = x->ended = cu_decision_name(d);
    x->status = of_key(d) ? 401 : 400;
    x->error_type = of_key(d) ? "authentication_error" : "invalid_request_error";
    if (of_key(d))
        snprintf(x->message, sizeof x->message, "custos: the request was ended: its key was %s; ask for a new one with: custos key issue",
                 d == CU_DECISION_KEY_REVOKED ? "revoked" : "good until now");
    else
        snprintf(x->message, sizeof x->message, "custos: the request was ended: the vendor %.*s may no longer be used (%s)", CU_FMT(x->vendor->name),
                 x->ended);
}

static ngx_int_t tell_stream(gw_exchange *x)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(8192);
    cu_shape_error_event(x->api, gw_keeps_answers(x), x->crlf, (unsigned)x->status, x->error_type, x->reason, x->message, x->id, &b);
    return b.err == CU_OK ? gw_send_last(x, cu_buf_view(&b)) : NGX_ERROR;
}

/* The provider's connection is closed first. An answer whose head is out and that is no stream can only be
 * torn: no error would be taken for one in it. */
static void end(gw_exchange *x, cu_decision d)
{
    ngx_http_request_t *r = x->r;
    ngx_connection_t *c = r->connection;
    ngx_int_t rc = NGX_ERROR;
    say(x, d);
    ngx_log_error(NGX_LOG_NOTICE, c->log, 0, "custos: %s was ended: %s", x->id, x->ended);
    r->main->count++;
    if (r->upstream && r->upstream->cleanup)
        (*r->upstream->cleanup)(r);
    if (!r->header_sent) {
        x->step = GW_REFUSED;
        rc = gw_send_error(x);
    } else if (x->sse) {
        rc = tell_stream(x);
    }
    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}

/* Before the forwarding the request judges itself: gw_still_allowed(). */
static bool may_end(const gw_exchange *x)
{
    return x->step == GW_FORWARDED && !x->ended && !x->finished && x->r->upstream && x->r->upstream->cleanup;
}

/* Now and then, and as soon as a bundle came. */
void gw_running_review(void)
{
    static uint64_t last_ns;
    static char reviewed[sizeof gw.bundle->digest];
    gw_exchange *x, *next;
    uint64_t mono = cu_mono_ns(), now = cu_now_ns();
    if (!running || !gw.bundle || (mono - last_ns < REVIEW_NS && strcmp(reviewed, gw.bundle->digest) == 0))
        return;
    last_ns = mono;
    memcpy(reviewed, gw.bundle->digest, sizeof reviewed);
    for (x = running; x; x = next) { /* one that is ended is gone afterwards; no other is */
        next = x->next_running;
        cu_decision d = may_end(x) ? right_of(x, now) : CU_DECISION_ALLOW;
        if (d != CU_DECISION_ALLOW)
            end(x, d);
    }
}

ngx_int_t gw_still_allowed(gw_exchange *x)
{
    cu_decision d = gw.bundle ? right_of(x, cu_now_ns()) : CU_DECISION_ALLOW;
    if (d == CU_DECISION_ALLOW)
        return NGX_OK;
    if (!of_key(d))
        return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(d), "custos: the vendor %.*s may no longer be used", CU_FMT(x->vendor->name));
    return gw_refuse(x, 401, "authentication_error", cu_decision_name(d), "custos: this key is %s; ask for a new one with: custos key issue",
                     d == CU_DECISION_KEY_REVOKED ? "revoked" : "expired");
}
