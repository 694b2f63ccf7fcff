/* Attacks on the record: is what the provider saw in the log, and can the log be changed unseen. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "ledger/log.h"
#include "ledger/signer.h"
#include "probe.h"

#define SEALED_MS 10000u /* so long an entry may take into its log */

static cu_err open_log(const probe *p, const char *log, cu_log **l, cu_checkpoint *cp)
{
    char dir[4300];
    cu_fault f;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    snprintf(dir, sizeof dir, "%s/%s", p->config->log_dir, log);
    cu_err e = cu_log_open(dir, l, &f);
    if (e == CU_OK && (e = cu_log_checkpoint(*l, cp, &note, &f)) != CU_OK)
        cu_log_close(*l);
    return e;
}

json_t *probe_log_entry(const probe *p, const char *log, const char *id, const char *type)
{
    cu_log *l;
    cu_checkpoint cp;
    cu_fault f;
    json_t *found = NULL;
    if (open_log(p, log, &l, &cp) != CU_OK)
        return NULL;
    for (uint64_t i = cp.size; !found && i > 0 && i + 200 > cp.size; i--) {
        cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
        if (cu_log_entry(l, i - 1, &leaf, &f) != CU_OK)
            break;
        json_t *e = json_loadb((const char *)leaf.p, leaf.n, 0, NULL);
        const char *its_id = json_string_value(json_object_get(e, "id")), *its_type = json_string_value(json_object_get(e, "type"));
        const char *about = json_string_value(json_object_get(json_object_get(e, "body"), "exchange"));
        if (its_type && strcmp(its_type, type) == 0 && ((its_id && strcmp(its_id, id) == 0) || (about && strcmp(about, id) == 0)))
            found = json_incref(e);
        json_decref(e);
    }
    cu_log_close(l);
    return found;
}

json_t *probe_log_wait(const probe *p, const char *log, const char *id, const char *type)
{
    uint64_t began = cu_mono_ns();
    json_t *e = NULL;
    while (!(e = probe_log_entry(p, log, id, type)) && (cu_mono_ns() - began) / 1000000 < SEALED_MS)
        usleep(100000);
    return e;
}

static json_t *wait_for(const probe *p, const char *id, const char *type)
{
    return probe_log_wait(p, "t/probe-a", id, type);
}

/* A request that the sink saw; its entry, and when the sink saw it. */
static probe_verdict sealed_request(probe *p, json_t **entry, char seen_at[CU_TIME_LEN])
{
    char marker[16];
    probe_answer a;
    *entry = NULL;
    probe_word(marker, 12);
    bool ok = probe_ask(p, p->key_a, marker, &a) && a.status == 200;
    probe_answer_free(&a);
    if (!ok || !probe_sink_saw(p, marker))
        return probe_say(p, PROBE_FAILED, "the request did not reach the sink (status %ld)", a.status);
    snprintf(seen_at, CU_TIME_LEN, "%s", json_string_value(json_object_get(p->seen, "at")));
    *entry = p->exchange[0] ? wait_for(p, p->exchange, "exchange.request") : NULL;
    return *entry ? PROBE_HELD : probe_say(p, PROBE_BROKEN, "the provider saw it, and %u s later the log has no entry of it", SEALED_MS / 1000);
}

/* --- pin-record-fields-complete --- */

/* Three requests: each is in the log, and was written before the provider saw it. */
static probe_verdict evidence_first(probe *p)
{
    for (int i = 0; i < 3; i++) {
        json_t *e;
        char seen_at[CU_TIME_LEN];
        probe_verdict v = sealed_request(p, &e, seen_at);
        if (v != PROBE_HELD)
            return v;
        const char *ts = json_string_value(json_object_get(e, "ts"));
        bool first = ts && strcmp(ts, seen_at) <= 0;
        json_decref(e);
        if (!first)
            return probe_say(p, PROBE_BROKEN, "the entry is later than what the provider saw");
    }
    return probe_say(p, PROBE_HELD, "three of three requests are in the log, from before the provider saw them");
}

static probe_verdict fields(probe *p)
{
    static const char *const names[] = {"api", "body_commit", "bundle", "decision", "key", "model", "rules", "user", "vendor"};
    json_t *e;
    char seen_at[CU_TIME_LEN];
    const char *missing = NULL;
    probe_verdict v = sealed_request(p, &e, seen_at);
    if (v != PROBE_HELD)
        return v;
    const json_t *body = json_object_get(e, "body");
    for (size_t i = 0; i < sizeof names / sizeof *names && !missing; i++)
        if (json_string_length(json_object_get(body, names[i])) == 0)
            missing = names[i];
    json_decref(e);
    return missing ? probe_say(p, PROBE_BROKEN, "the entry has no %s", missing) : probe_say(p, PROBE_HELD, "who, what, by which rules and policy: all of it is there");
}

static probe_verdict answer_recorded(probe *p)
{
    json_t *e;
    char seen_at[CU_TIME_LEN];
    probe_verdict v = sealed_request(p, &e, seen_at);
    if (v != PROBE_HELD)
        return v;
    json_decref(e);
    e = wait_for(p, p->exchange, "exchange.response");
    json_decref(e);
    return e ? probe_say(p, PROBE_HELD, "the answer has its entry as well") : probe_say(p, PROBE_BROKEN, "the answer has no entry");
}

const probe_attack probe_record_attacks[] = {
    {"evidence-first", "requests that the provider saw, held against the log", evidence_first, NULL},
    {"fields", "the entry of a request, looked through for what must be in it", fields, NULL},
    {"answer", "the answer to a request, looked for in the log", answer_recorded, NULL},
};
const size_t probe_record_n = sizeof probe_record_attacks / sizeof *probe_record_attacks;

/* --- pin-tamper-detected --- */

static probe_verdict verify(probe *p)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(16u << 20), json CU_CLEAN_BUF = CU_BUF(16u << 20);
    cu_verify_report report;
    cu_fault f = {0};
    cu_err e = CU_IO;
    for (int i = 0; i < 3 && e != CU_OK; i++) { /* a tile that was just replaced by a larger one */
        cu_buf_reset(&text);
        cu_buf_reset(&json);
        e = cu_verify_dir(p->config->log_dir, NULL, &text, &json, &report, &f);
    }
    return e != CU_OK      ? probe_say(p, PROBE_FAILED, "%.100s", f.text)
           : report.broken ? probe_say(p, PROBE_BROKEN, "%.100s", f.text)
                           : probe_say(p, PROBE_HELD, "%llu entries of %llu logs are as they were sealed", (unsigned long long)report.entries,
                                       (unsigned long long)report.logs);
}

/* What is done now must soon be under a signed checkpoint. */
static probe_verdict fresh(probe *p)
{
    cu_log *l;
    cu_checkpoint before, now;
    char key[64], id[64];
    if (open_log(p, "t/probe-a", &l, &before) != CU_OK)
        return probe_say(p, PROBE_FAILED, "the log of probe-a cannot be read");
    cu_log_close(l);
    if (!probe_new_key(p, "probe-a", 60, 0, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    for (uint64_t began = cu_mono_ns(); (cu_mono_ns() - began) / 1000000 < SEALED_MS; usleep(100000))
        if (open_log(p, "t/probe-a", &l, &now) == CU_OK) {
            cu_log_close(l);
            if (now.size > before.size)
                return probe_say(p, PROBE_HELD, "a new entry was under a signed checkpoint after %u ms", (unsigned)((cu_mono_ns() - began) / 1000000));
        }
    return probe_say(p, PROBE_BROKEN, "the signed head did not move within %u s", SEALED_MS / 1000);
}

static int connect_signer(const probe *p)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval wait = {5, 0};
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/signer/sock", p->run_dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (void *)&at, sizeof at) != 0)
        cu_close_fd(&fd);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    }
    return fd;
}

/* with: the size that is asked for, against that of the newest checkpoint: -1, 0 or +1 entries. */
static probe_verdict fork_asked(probe *p)
{
    cu_log *l;
    cu_checkpoint cp;
    cu_fault f = {0};
    uint64_t known = 0;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    int fd CU_CLEAN_FD = connect_signer(p);
    if (fd < 0)
        return probe_say(p, PROBE_FAILED, "the signer's socket cannot be opened");
    if (open_log(p, "org", &l, &cp) != CU_OK)
        return probe_say(p, PROBE_FAILED, "the log org cannot be read");
    cu_log_close(l);
    cp.size += (uint64_t)(*p->with == '+' ? 1000 : *p->with == '-' ? -1 : 0);
    cu_random(cp.root.b, sizeof cp.root.b);
    cu_err e = cu_signer_sign(fd, &cp, NULL, 0, &known, &note, &f);
    return e == CU_OK      ? probe_say(p, PROBE_BROKEN, "it signed")
           : e == CU_STATE ? probe_say(p, PROBE_HELD, "refused: it knows %llu entries", (unsigned long long)known)
                           : probe_say(p, PROBE_FAILED, "%.100s", f.text);
}

const probe_attack probe_tamper_attacks[] = {
    {"verify", "every entry, checkpoint and chain of all logs, computed again", verify, NULL},
    {"head-fresh", "a new entry, waited for under a signed checkpoint", fresh, NULL},
    {"signer-smaller", "asks the signer for a smaller tree", fork_asked, "-"},
    {"signer-other", "asks the signer for another tree of the same size", fork_asked, "0"},
    {"signer-fork", "asks the signer for a larger tree that continues nothing", fork_asked, "+"},
};
const size_t probe_tamper_n = sizeof probe_tamper_attacks / sizeof *probe_tamper_attacks;
