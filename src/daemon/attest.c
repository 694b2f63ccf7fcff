#include "attest.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "ledger/signer.h"

#define SECOND 1000000000ull
#define STEP_MS 100
#define START_WAIT_MS 5000

void attest_anchor_path(const struct attest *t, const char *name, char out[4400])
{
    snprintf(out, 4400, "%.4000s/anchor%s%.200s", t->a->config->log_dir, *name ? "/" : "", name);
}

uint64_t attest_backoff_ns(unsigned failures, uint64_t most_s)
{
    uint64_t s = failures > 10 ? most_s : 1ull << (failures ? failures - 1 : 0);
    return (s < most_s ? s : most_s) * SECOND;
}

void attest_record(struct attest *t, const char *type, const cu_buf *body)
{
    pthread_mutex_lock(&t->a->lock);
    if (record(t->a, type, CU_TENANT_ORG, "attest", body) != CU_OK)
        cu_say(CU_LOG_ERROR, "an entry %s could not be recorded", type);
    pthread_mutex_unlock(&t->a->lock);
}

static void *run(void *arg)
{
    struct attest *t = arg;
    while (!*t->a->stop) {
        if (t->trust)
            attest_witnesses(t);
        pthread_mutex_lock(&t->lock);
        t->asked = true;
        pthread_mutex_unlock(&t->lock);
        attest_stamp(t);
        for (unsigned ms = 0; ms < STEP_MS && !*t->a->stop; ms += 20)
            usleep(20000);
    }
    return NULL;
}

static cu_err load_policy(struct attest *t, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_TRUST_MAX);
    const char *path = t->a->config->attest.policy;
    if (!path)
        return CU_OK;
    cu_err e = cu_file_read(AT_FDCWD, path, &text);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    CU_TRY(cu_trust_parse(cu_buf_view(&text), true, &t->trust, f));
    attest_recall_kept(t);
    return CU_OK;
}

cu_err attest_start(app *a, cu_fault *f)
{
    struct attest *t = calloc(1, sizeof *t);
    if (!t)
        return CU_NOMEM;
    t->a = a;
    t->proof = CU_BUF(CU_NOTE_MAX);
    t->note = CU_BUF(CU_NOTE_MAX);
    pthread_mutex_init(&t->lock, NULL);
    a->attest = t;
    CU_TRY(load_policy(t, f));
    return pthread_create(&t->thread, NULL, run, t) == 0 ? CU_OK : cu_fail(f, CU_NOMEM, "a thread could not be started");
}

void attest_stop(app *a)
{
    struct attest *t = a->attest;
    if (!t)
        return;
    if (t->thread)
        pthread_join(t->thread, NULL);
    cu_trust_free(t->trust);
    cu_buf_free(&t->proof);
    cu_buf_free(&t->note);
    free(t);
    a->attest = NULL;
}

/* Before the first entry is sealed witnesses are heard, but not waited for long. */
void attest_wait(app *a)
{
    bool asked = false;
    for (unsigned ms = 0; ms < START_WAIT_MS && !asked && !*a->stop; ms += 20) {
        pthread_mutex_lock(&a->attest->lock);
        asked = a->attest->asked;
        pthread_mutex_unlock(&a->attest->lock);
        if (!asked)
            usleep(20000);
    }
}

cu_err attest_show_signer(app *a, int signer_fd, cu_fault *f)
{
    struct attest *t = a->attest;
    uint64_t had = 0;
    cu_checkpoint cp = {0};
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    pthread_mutex_lock(&t->lock);
    cu_buf_add(&note, cu_buf_view(&t->proof));
    cu_buf_reset(&t->proof);
    pthread_mutex_unlock(&t->lock);
    if (note.n == 0)
        return CU_OK;
    cu_err e = cu_signer_saw(signer_fd, cu_buf_view(&note), &had, f);
    if (e == CU_SIGNATURE) { /* the witness's word only */
        cu_say(CU_LOG_WARN, "what a witness holds against this log is not signed by its signer");
        return CU_OK;
    }
    if (e == CU_OK && sscanf(cu_buf_cstr(&note), "%199s", cp.origin) == 1)
        cu_say(CU_LOG_ERROR, "a witness holds a checkpoint of %s that the signer signed; the signer will refuse what does not continue it", cp.origin);
    return e;
}

static void put_witness(const struct attest *t, size_t i, cu_buf *b)
{
    const attest_witness *w = &t->w[i];
    char at[CU_TIME_LEN] = "", since[CU_TIME_LEN] = "";
    if (w->time)
        cu_time_text(w->time * SECOND, at);
    if (w->failing_ns)
        cu_time_text(w->failing_ns, since);
    cu_buf_str(b, i ? ",{" : "{");
    cu_buf_json_kv_str(b, "name", cu_trust_name(t->trust, i));
    cu_buf_json_kv_u64(b, "size", w->size);
    cu_buf_json_kv_str(b, "at", at);
    cu_buf_json_kv_str(b, "state", w->conflict ? "conflict" : w->failing_ns ? "failing" : w->size ? "signs" : "waiting");
    cu_buf_json_kv_str(b, "since", since);
    cu_buf_json_kv_str(b, "error", w->error);
    cu_buf_byte(b, '}');
}

void attest_status(app *a, cu_buf *b)
{
    struct attest *t = a->attest;
    char at[CU_TIME_LEN] = "", since[CU_TIME_LEN] = "";
    pthread_mutex_lock(&t->lock);
    if (t->trust) {
        cu_buf_str(b, ",\"witness\":{\"quorum\":\"");
        cu_trust_describe(t->trust, b);
        if (t->quorum_time)
            cu_time_text(t->quorum_time * SECOND, at);
        cu_buf_fmt(b, "\",\"size\":%llu,\"at\":\"%s\",\"witnesses\":[", (unsigned long long)t->quorum_size, at);
        for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
            put_witness(t, i, b);
        cu_buf_str(b, "]}");
    }
    if (a->config->attest.tsa_url) {
        at[0] = 0;
        if (t->token_time)
            cu_time_text(t->token_time * SECOND, at);
        if (t->token_failing_ns)
            cu_time_text(t->token_failing_ns, since);
        cu_buf_fmt(b, ",\"timestamps\":{\"size\":%llu,\"at\":\"%s\",\"since\":\"%s\"", (unsigned long long)t->token_size, at, since);
        cu_buf_json_kv_str(b, "error", t->token_error);
        cu_buf_byte(b, '}');
    }
    pthread_mutex_unlock(&t->lock);
}
