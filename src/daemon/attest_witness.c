/* The client's side of tlog-witness. All witnesses are asked about one and the same checkpoint, so that
 * their cosignatures meet on it; who fails is asked again with back-off. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "attest.h"
#include "base/file.h"
#include "base/log.h"

#define SECOND 1000000000ull
#define SKEW 600u     /* seconds that a witness's clock may be off */
#define TYPE "text/plain; charset=utf-8"

static void kept_path(const struct attest *t, uint64_t size, char out[4400])
{
    char name[64];
    snprintf(name, sizeof name, "cosigned/%012llu", (unsigned long long)size);
    attest_anchor_path(t, name, out);
}

static void put_event(struct attest *t, size_t i, const char *type)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_str(&body, "{\"error\":");
    cu_buf_json_string(&body, cu_str(t->w[i].error));
    cu_buf_fmt(&body, ",\"size\":%llu,\"witness\":", (unsigned long long)t->w[i].size);
    cu_buf_json_string(&body, cu_str(cu_trust_name(t->trust, i)));
    cu_buf_byte(&body, '}');
    attest_record(t, type, &body);
}

static void failed(struct attest *t, size_t i, const char *why)
{
    attest_witness *w = &t->w[i];
    pthread_mutex_lock(&t->lock);
    snprintf(w->error, sizeof w->error, "%s", why);
    w->failures++;
    if (!w->failing_ns)
        w->failing_ns = cu_now_ns();
    w->due_ns = cu_mono_ns() + attest_backoff_ns(w->failures, 300);
    bool tell = w->failures == ATTEST_FAILURES;
    pthread_mutex_unlock(&t->lock);
    if (tell) {
        cu_say(CU_LOG_WARN, "witness %s: %s", cu_trust_name(t->trust, i), why);
        put_event(t, i, "witness.failing");
    }
}

/* It says that it signed something else. A claim is told, and stops nothing; its proof goes to the signer. */
static void conflict(struct attest *t, size_t i, const char *why)
{
    char url[1200], reason[200], hex[65];
    long status;
    cu_sha256 h;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    bool first = !t->w[i].conflict;
    failed(t, i, why);
    pthread_mutex_lock(&t->lock);
    t->w[i].conflict = true;
    pthread_mutex_unlock(&t->lock);
    if (first) {
        cu_say(CU_LOG_ERROR, "witness %s: %s", cu_trust_name(t->trust, i), why);
        put_event(t, i, "witness.conflict");
    }
    cu_sha256_of(cu_str(t->cp.origin), &h);
    cu_hex(hex, h.b, sizeof h);
    snprintf(url, sizeof url, "%.1000s/checkpoint/%s", cu_trust_url(t->trust, i), hex);
    if (attest_http(t->a, url, NULL, CU_NONE, CU_NOTE_MAX, &status, &note, reason) != CU_OK || status != 200)
        return;
    pthread_mutex_lock(&t->lock);
    cu_buf_reset(&t->proof);
    cu_buf_add(&t->proof, cu_buf_view(&note));
    pthread_mutex_unlock(&t->lock);
}

/* Which witnesses signed this note. */
static bool count(const struct attest *t, cu_bytes note, bool have[CU_TRUST_WITNESSES])
{
    uint64_t time;
    memset(have, 0, CU_TRUST_WITNESSES * sizeof *have);
    for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
        have[i] = cu_trust_cosigned(t->trust, i, note, &time, NULL) == CU_OK;
    return cu_trust_holds(t->trust, have);
}

static void quorum_entry(struct attest *t, const bool *have)
{
    char hex[65];
    bool first = true;
    cu_buf body CU_CLEAN_BUF = CU_BUF(8192);
    cu_hex(hex, t->cp.root.b, sizeof t->cp.root);
    cu_buf_fmt(&body, "{\"root\":\"%s\",\"size\":%llu,\"witnesses\":[", hex, (unsigned long long)t->cp.size);
    for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
        if (have[i]) {
            cu_buf_str(&body, first ? "" : ",");
            cu_buf_json_string(&body, cu_str(cu_trust_name(t->trust, i)));
            first = false;
        }
    cu_buf_str(&body, "]}");
    attest_record(t, "checkpoint.cosigned", &body);
}

/* The checkpoint with what was signed of it so far; of an hour only the newest that is enough stays. */
static cu_err keep(struct attest *t)
{
    char path[4400], old[4400];
    bool have[CU_TRUST_WITNESSES];
    uint64_t hour = (uint64_t)time(NULL) / 3600;
    attest_anchor_path(t, "cosigned", path);
    CU_TRY(cu_mkdirs(path, 0755));
    kept_path(t, t->cp.size, path);
    CU_TRY(cu_file_replace(AT_FDCWD, path, cu_buf_view(&t->note), 0644));
    if (!count(t, cu_buf_view(&t->note), have))
        return CU_OK;
    if (t->kept_size && t->kept_size != t->cp.size && t->kept_hour == hour) {
        kept_path(t, t->kept_size, old);
        unlink(old);
    }
    t->kept_size = t->cp.size;
    t->kept_hour = hour;
    pthread_mutex_lock(&t->lock);
    t->quorum_size = t->cp.size;
    t->quorum_time = (uint64_t)time(NULL);
    bool tell = !t->quorum_entry_ns || cu_mono_ns() - t->quorum_entry_ns > 3600 * SECOND;
    if (tell)
        t->quorum_entry_ns = cu_mono_ns();
    pthread_mutex_unlock(&t->lock);
    if (tell)
        quorum_entry(t, have);
    return CU_OK;
}

static void take(struct attest *t, size_t i, cu_bytes answer)
{
    uint64_t at, now = (uint64_t)time(NULL);
    cu_buf whole CU_CLEAN_BUF = CU_BUF(2 * CU_NOTE_MAX);
    cu_buf_add(&whole, cu_buf_view(&t->note));
    cu_buf_add(&whole, answer);
    cu_err e = cu_buf_err(&whole);
    if (e == CU_OK)
        e = cu_trust_cosigned(t->trust, i, cu_buf_view(&whole), &at, &t->note);
    if (e != CU_OK) {
        failed(t, i, e == CU_SIGNATURE ? "its cosignature is false" : "its answer holds no cosignature by its key");
        return;
    }
    if (at > now + SKEW || at + SKEW < now) {
        failed(t, i, "its cosignature states a time that is off by more than ten minutes");
        return;
    }
    e = keep(t);
    if (e != CU_OK) {
        failed(t, i, "its cosignature could not be kept");
        return;
    }
    attest_witness *w = &t->w[i];
    pthread_mutex_lock(&t->lock);
    bool tell = w->failures >= ATTEST_FAILURES || w->conflict;
    w->size = t->cp.size;
    w->time = at;
    w->failing_ns = 0;
    w->failures = 0;
    w->conflict = false;
    w->done = true;
    w->error[0] = 0;
    pthread_mutex_unlock(&t->lock);
    if (tell)
        put_event(t, i, "witness.restored");
}

static bool to_size(cu_bytes b, uint64_t *out)
{
    *out = 0;
    if (b.n < 2 || b.n > 17 || b.p[b.n - 1] != '\n')
        return false;
    for (size_t i = 0; i + 1 < b.n; i++) {
        if (b.p[i] < '0' || b.p[i] > '9')
            return false;
        *out = *out * 10 + (b.p[i] - '0');
    }
    return true;
}

/* True when it is to be asked once more, from another size. */
static bool other_size(struct attest *t, size_t i, uint64_t asked, cu_bytes answer)
{
    uint64_t theirs;
    char why[200];
    if (!to_size(answer, &theirs)) {
        failed(t, i, "it answered 409 without a size");
        return false;
    }
    if (theirs > t->cp.size || theirs == asked) {
        snprintf(why, sizeof why, "it says that it signed %s of %llu entries; here are %llu: this log was set back or forked, or the witness lies",
                 theirs == asked ? "another tree" : "a tree", (unsigned long long)theirs, (unsigned long long)t->cp.size);
        conflict(t, i, why);
        return false;
    }
    pthread_mutex_lock(&t->lock);
    t->w[i].size = theirs;
    pthread_mutex_unlock(&t->lock);
    return true;
}

/* One try; true when it is worth another. */
static bool ask(struct attest *t, size_t i, cu_log *l)
{
    char url[1200], why[200] = "";
    long status;
    cu_fault f = {0};
    uint64_t old = t->w[i].size <= t->cp.size ? t->w[i].size : 0;
    cu_buf request CU_CLEAN_BUF = CU_BUF(CU_WITNESS_REQUEST_MAX), answer CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    if (cu_witness_request(l, old, &t->cp, cu_buf_view(&t->note), &request, &f) != CU_OK) {
        failed(t, i, f.text);
        return false;
    }
    snprintf(url, sizeof url, "%.1000s/add-checkpoint", cu_trust_url(t->trust, i));
    if (attest_http(t->a, url, TYPE, cu_buf_view(&request), CU_NOTE_MAX, &status, &answer, why) != CU_OK) {
        failed(t, i, why);
        return false;
    }
    if (status == 200)
        take(t, i, cu_buf_view(&answer));
    else if (status == 409)
        return other_size(t, i, old, cu_buf_view(&answer));
    else if (status == 422)
        conflict(t, i, "it says that this log does not continue what it signed before: a fork, or the witness lies");
    else if (status == 404)
        failed(t, i, "it does not know this log: give it the anchor log's vkey");
    else if (status == 403)
        failed(t, i, "it does not know the key of this log: give it the anchor log's vkey, also after a key was replaced");
    else {
        snprintf(why, sizeof why, "it answered %ld", status);
        failed(t, i, why);
    }
    return false;
}

/* A new round: the checkpoint of now. False when there is none. */
static bool begin(struct attest *t, cu_log *l)
{
    cu_fault f = {0};
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    if (cu_log_checkpoint(l, &cp, &note, &f) != CU_OK)
        return false;
    t->round_ns = cu_mono_ns();
    if (cp.size == t->cp.size)
        return true; /* who has not signed it yet is asked on */
    t->cp = cp;
    cu_buf_reset(&t->note);
    cu_buf_add(&t->note, cu_buf_view(&note));
    for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
        t->w[i].done = false;
    return true;
}

void attest_witnesses(struct attest *t)
{
    char path[4400];
    cu_log *l;
    cu_fault f = {0};
    uint64_t now = cu_mono_ns();
    bool fresh = !t->round_ns || now - t->round_ns >= t->a->config->attest.policy_seconds * SECOND, due = fresh;
    for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
        due |= !t->w[i].done && t->w[i].due_ns <= now && t->cp.size;
    if (!due)
        return;
    attest_anchor_path(t, "", path);
    if (cu_log_open(path, &l, &f) != CU_OK)
        return; /* nothing is sealed yet */
    bool ready = !fresh || begin(t, l);
    for (size_t i = 0; ready && i < cu_trust_witnesses(t->trust) && !*t->a->stop; i++)
        if (!t->w[i].done && t->w[i].due_ns <= cu_mono_ns() && *cu_trust_url(t->trust, i) && ask(t, i, l))
            (void)!ask(t, i, l);
    cu_log_close(l);
}

/* The newest that lies there says how far each witness came. */
void attest_recall_kept(struct attest *t)
{
    char path[4400], file[4800];
    attest_anchor_path(t, "cosigned", path);
    DIR *d = opendir(path);
    for (struct dirent *en; d && (en = readdir(d));) {
        uint64_t size = strtoull(en->d_name, NULL, 10), at;
        cu_buf note CU_CLEAN_BUF = CU_BUF(2 * CU_NOTE_MAX);
        snprintf(file, sizeof file, "%s/%s", path, en->d_name);
        if (en->d_name[0] == '.' || size == 0 || cu_file_read(AT_FDCWD, file, &note) != CU_OK)
            continue;
        bool have[CU_TRUST_WITNESSES] = {false};
        for (size_t i = 0; i < cu_trust_witnesses(t->trust); i++)
            if (cu_trust_cosigned(t->trust, i, cu_buf_view(&note), &at, NULL) == CU_OK) {
                have[i] = true;
                if (size > t->w[i].size) {
                    t->w[i].size = size;
                    t->w[i].time = at;
                }
                if (cu_trust_holds(t->trust, have) && size > t->quorum_size) {
                    t->quorum_size = size;
                    t->quorum_time = at;
                }
            }
    }
    if (d)
        closedir(d);
}
