/* RFC 3161 time stamps of the anchor log. Only a checkpoint of this moment is stamped: what was recorded
 * before a stamp is then in the log before it, give or take a round. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "attest.h"
#include "base/file.h"
#include "base/log.h"
#include "ledger/timestamp.h"

#define SECOND 1000000000ull
#define FRESH_NS (3 * SECOND)

static void failed(struct attest *t, const char *why)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    pthread_mutex_lock(&t->lock);
    snprintf(t->token_error, sizeof t->token_error, "%.190s", why);
    t->token_failures++;
    if (!t->token_failing_ns)
        t->token_failing_ns = cu_now_ns();
    t->token_due_ns = cu_mono_ns() + attest_backoff_ns(t->token_failures, 300);
    bool tell = t->token_failures == ATTEST_FAILURES;
    pthread_mutex_unlock(&t->lock);
    if (!tell)
        return;
    cu_say(CU_LOG_WARN, "time stamps: %s", why);
    cu_buf_str(&body, "{\"error\":");
    cu_buf_json_string(&body, cu_str(why));
    cu_buf_fmt(&body, ",\"size\":%llu}", (unsigned long long)t->token_size);
    attest_record(t, "timestamp.failing", &body);
}

static cu_err keep(struct attest *t, const cu_checkpoint *cp, cu_bytes note, cu_bytes answer)
{
    char path[4400], name[64];
    attest_anchor_path(t, "timestamps", path);
    CU_TRY(cu_mkdirs(path, 0755));
    snprintf(name, sizeof name, "timestamps/%012llu", (unsigned long long)cp->size);
    attest_anchor_path(t, name, path);
    CU_TRY(cu_file_replace(AT_FDCWD, path, note, 0644));
    snprintf(name, sizeof name, "timestamps/%012llu.tsr", (unsigned long long)cp->size);
    attest_anchor_path(t, name, path);
    return cu_file_replace(AT_FDCWD, path, answer, 0644);
}

static void stamped(struct attest *t, const cu_checkpoint *cp, uint64_t at)
{
    char text[CU_TIME_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(512);
    pthread_mutex_lock(&t->lock);
    t->token_size = cp->size;
    t->token_time = at;
    t->token_failures = 0;
    t->token_failing_ns = 0;
    t->token_error[0] = 0;
    t->token_due_ns = cu_mono_ns() + t->a->config->attest.tsa_seconds * SECOND;
    pthread_mutex_unlock(&t->lock);
    cu_time_text(at * SECOND, text);
    cu_buf_fmt(&body, "{\"size\":%llu,\"time\":\"%s\"}", (unsigned long long)cp->size, text);
    attest_record(t, "checkpoint.timestamped", &body);
}

static void stamp(struct attest *t, cu_log *l)
{
    const cu_config_attest *c = &t->a->config->attest;
    uint8_t nonce[CU_TIMESTAMP_NONCE];
    char why[200] = "";
    long status;
    uint64_t at;
    cu_fault f = {0};
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX), request CU_CLEAN_BUF = CU_BUF(1024), answer CU_CLEAN_BUF = CU_BUF(CU_TIMESTAMP_MAX);
    if (cu_log_checkpoint(l, &cp, &note, &f) != CU_OK)
        return;
    cu_random(nonce, sizeof nonce);
    nonce[0] = (uint8_t)((nonce[0] & 0x7f) | 0x40); /* a positive number of full length */
    if (cu_timestamp_request(cu_buf_view(&note), nonce, &request) != CU_OK)
        failed(t, "the request could not be made");
    else if (attest_http(t->a, c->tsa_url, "application/timestamp-query", cu_buf_view(&request), CU_TIMESTAMP_MAX, &status, &answer, why) != CU_OK)
        failed(t, why);
    else if (status != 200) {
        snprintf(why, sizeof why, "the authority answered %ld", status);
        failed(t, why);
    } else if (cu_timestamp_check(cu_buf_view(&answer), cu_buf_view(&note), nonce, c->tsa_ca, &at, &f) != CU_OK)
        failed(t, f.text);
    else if (keep(t, &cp, cu_buf_view(&note), cu_buf_view(&answer)) != CU_OK)
        failed(t, "the token could not be kept");
    else
        stamped(t, &cp, at);
}

void attest_stamp(struct attest *t)
{
    char path[4400];
    cu_log *l;
    cu_fault f = {0};
    uint64_t sealed = t->a->sealed_ns;
    if (!t->a->config->attest.tsa_url || t->token_due_ns > cu_mono_ns() || !sealed || cu_now_ns() > sealed + FRESH_NS)
        return;
    attest_anchor_path(t, "", path);
    if (cu_log_open(path, &l, &f) != CU_OK)
        return;
    stamp(t, l);
    cu_log_close(l);
}
