/* custos log key rotate: asked for over the API, done by the thread that talks to the signer, between
 * two rounds, so that a checkpoint is signed by one set of keys or the other. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>
#include "app.h"
#include "base/log.h"
#include "ledger/signer.h"

enum { IDLE, ASKED, DONE };

#define WAIT_MS 15000u
#define OVERLAP_DEFAULT 86400u

void log_key_serve(app *a, int signer_fd)
{
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(512);
    pthread_mutex_lock(&a->lock);
    bool asked = a->rotation.state == ASKED;
    uint64_t overlap = a->rotation.overlap;
    pthread_mutex_unlock(&a->lock);
    if (!asked)
        return;
    char old_pk[65] = "", new_pk[65] = "";
    cu_err e = cu_signer_rotate(signer_fd, overlap, old_pk, new_pk, &f);
    pthread_mutex_lock(&a->lock);
    if (e == CU_OK) {
        cu_buf_fmt(&body, "{\"new_key\":\"%s\",\"old_key\":\"%s\",\"overlap\":%llu}", new_pk, old_pk, (unsigned long long)overlap);
        if (record(a, "log.key_rotated", CU_TENANT_ORG, a->rotation.actor, &body) != CU_OK)
            cu_say(CU_LOG_ERROR, "the new signing key is in use, and the entry about it could not be written");
    }
    a->rotation.result = e;
    snprintf(a->rotation.text, sizeof a->rotation.text, "%s", f.text);
    memcpy(a->rotation.old_pk, old_pk, sizeof old_pk);
    memcpy(a->rotation.new_pk, new_pk, sizeof new_pk);
    a->rotation.state = DONE;
    pthread_mutex_unlock(&a->lock);
}

static unsigned wait_for(call *c)
{
    app *a = c->a;
    for (unsigned ms = 0; ms < WAIT_MS; ms += 20) {
        usleep(20000);
        pthread_mutex_lock(&a->lock);
        if (a->rotation.state == DONE) {
            unsigned status = 201;
            if (a->rotation.result != CU_OK)
                status = problem(c, a->rotation.result == CU_STATE ? 409 : 500, "The key was not replaced", "%s", a->rotation.text);
            else
                cu_buf_fmt(c->out, "{\"old_key\":\"%s\",\"new_key\":\"%s\",\"overlap_seconds\":%llu}", a->rotation.old_pk, a->rotation.new_pk,
                           (unsigned long long)a->rotation.overlap);
            a->rotation.state = IDLE;
            pthread_mutex_unlock(&a->lock);
            return status;
        }
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_lock(&a->lock);
    a->rotation.state = IDLE;
    pthread_mutex_unlock(&a->lock);
    return problem(c, 503, "The signer does not answer", "Sequencing is at a standstill; custos status says why.");
}

unsigned answer_log_key(call *c)
{
    app *a = c->a;
    json_t *o = c->body.n ? json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL) : json_object();
    json_t *n = json_object_get(o, "overlap_seconds");
    json_int_t overlap = n ? json_integer_value(n) : OVERLAP_DEFAULT;
    bool good = json_is_object(o) && json_object_size(o) == (n ? 1u : 0u) && (!n || json_is_integer(n)) && overlap >= 0 &&
                overlap <= CU_SIGNER_OVERLAP_MAX;
    json_decref(o);
    if (!good)
        return problem(c, 400, "Malformed", "overlap_seconds is a number from 0 to %u.", CU_SIGNER_OVERLAP_MAX);
    pthread_mutex_lock(&a->lock);
    bool busy = a->rotation.state != IDLE;
    if (!busy) {
        a->rotation.overlap = (uint64_t)overlap;
        snprintf(a->rotation.actor, sizeof a->rotation.actor, "%s", c->actor);
        a->rotation.state = ASKED;
    }
    pthread_mutex_unlock(&a->lock);
    return busy ? problem(c, 409, "The key is being replaced", "Another call is under way.") : wait_for(c);
}

void log_key_recalled(void *arg, const char *log, uint64_t had, uint64_t now)
{
    app *a = arg;
    cu_say(CU_LOG_WARN, "the signer knew %llu entries of the log %s and had signed %llu: its state was lost or set back; it was shown its own "
           "signature", (unsigned long long)had, log, (unsigned long long)now);
    cu_buf_fmt(&a->recalled, "{\"had\":%llu,\"log\":\"%s\",\"signed\":%llu}", (unsigned long long)had, log, (unsigned long long)now);
    cu_buf_byte(&a->recalled, 0);
}

void log_key_tell(app *a)
{
    cu_bytes left = cu_buf_view(&a->recalled);
    for (const uint8_t *zero; left.n && (zero = memchr(left.p, 0, left.n)); left = cu_slice(left, (size_t)(zero - left.p) + 1, left.n)) {
        cu_bytes one = cu_bytes_of(left.p, (size_t)(zero - left.p));
        pthread_mutex_lock(&a->lock);
        if (record_as(a, "signer.recalled", CU_TENANT_ORG, "sequencer", one, NULL) != CU_OK)
            cu_say(CU_LOG_ERROR, "this could not be recorded: %.*s", CU_FMT(one));
        pthread_mutex_unlock(&a->lock);
    }
    if (cu_buf_err(&a->recalled) != CU_OK)
        cu_say(CU_LOG_ERROR, "of what the signer had forgotten not everything could be recorded: %s", cu_err_text(cu_buf_err(&a->recalled)));
    cu_buf_reset(&a->recalled);
}
