/* What a second Custos does when a part of it is gone: a worker in the middle of a stream, one under load, the policy, the
 * rules. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "probe_talk.h"

#define SEEN_MS 30000u

static bool no_lab(probe *p)
{
    return p->foreign && (probe_say(p, PROBE_FAILED, "what stands at --gateway cannot be stopped from here"), true);
}

/* The worker of the second Custos, a child of its nginx; 0: not found. */
static pid_t worker_of(const probe *p)
{
    char path[100], line[100] = "";
    pid_t master = probe_lab_pid(p, "nginx");
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", master, master);
    FILE *f = master > 0 ? fopen(path, "re") : NULL;
    if (f && !fgets(line, sizeof line, f))
        line[0] = 0;
    if (f)
        (void)fclose(f);
    return (pid_t)atoi(line);
}

static bool kill_worker(probe *p)
{
    pid_t worker = worker_of(p);
    if (worker <= 1 || kill(worker, SIGKILL) != 0)
        return (probe_say(p, PROBE_FAILED, "the worker could not be ended"), false);
    for (int i = 0; i < 100; i++, usleep(50000))
        if (worker_of(p) > 1 && worker_of(p) != worker)
            return true;
    return (probe_say(p, PROBE_BROKEN, "no new worker came"), false);
}

/* --- pin-kill-mid-stream-recorded --- */

typedef struct {
    probe *in;
    char key[64], id[64]; /* of a tenant of traffic: nobody looks for the end of what probes' tenants ask */
    probe_answer a;
} held_stream;

static void *hold(void *arg)
{
    held_stream *h = arg;
    static const char body[] = "{\"model\":\"probe\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    (void)probe_post(h->in, "/vendor/slow/v1/messages", h->key, NULL, body, &h->a);
    return NULL;
}

static json_t *end_of(const probe *in, const char *exchange)
{
    static const char *const ends[] = {"exchange.aborted", "exchange.orphan", "exchange.response"};
    json_t *e = NULL;
    for (size_t i = 0; i < 3 && !e; i++)
        e = probe_log_entry(in, "t/default", exchange, ends[i]);
    return e;
}

static probe_verdict mid_stream(probe *p)
{
    if (no_lab(p))
        return PROBE_FAILED;
    held_stream h = {.in = probe_lab_inside(p)};
    unsigned before = upstreams_asked(probe_lab_upstreams(p), UPSTREAM_SLOW);
    pthread_t t;
    if (!probe_real_key(h.in, "probe-stream", NULL, h.key, h.id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    usleep(1500000); /* until the gateway knows the key */
    if (pthread_create(&t, NULL, hold, &h) != 0)
        return probe_say(p, PROBE_FAILED, "no thread");
    for (int i = 0; i < 100 && upstreams_asked(probe_lab_upstreams(p), UPSTREAM_SLOW) == before; i++)
        usleep(50000);
    usleep(700000); /* the stream has begun */
    bool killed = kill_worker(p);
    pthread_join(t, NULL);
    char exchange[40];
    snprintf(exchange, sizeof exchange, "%s", h.a.exchange);
    probe_answer_free(&h.a);
    if (!killed)
        return PROBE_FAILED;
    if (!exchange[0])
        return probe_say(p, PROBE_FAILED, "the stream had not begun");
    json_t *asked = probe_log_wait(h.in, "t/default", exchange, "exchange.request"), *end = NULL;
    for (uint64_t began = cu_mono_ns(); asked && !end && (cu_mono_ns() - began) / 1000000 < SEEN_MS; usleep(300000)) {
        (void)probe_api(h.in, NULL, "POST", "/api/v1/reconcile?older=0", "{}", NULL);
        end = end_of(h.in, exchange);
    }
    bool was_asked = asked != NULL, ended = end != NULL;
    json_decref(asked);
    json_decref(end);
    return !was_asked ? probe_say(p, PROBE_BROKEN, "the log has no entry of the request")
           : ended    ? probe_say(p, PROBE_HELD, "the log says that its answer has no end")
                      : probe_say(p, PROBE_BROKEN, "%u s later the log does not say what became of it", SEEN_MS / 1000);
}

const probe_attack probe_cut_short_attacks[] = {{"worker-killed", "a worker that is killed in the middle of a stream", mid_stream, NULL}};
const size_t probe_cut_short_n = 1;

/* --- avl-node-kill-no-loss --- */

#define LOAD 24

static probe_verdict under_load(probe *p)
{
    if (no_lab(p))
        return PROBE_FAILED;
    probe *in = probe_lab_inside(p);
    char answered[LOAD][40];
    unsigned n = 0, missing = 0;
    bool last = false;
    for (int i = 0; i < LOAD; i++) {
        probe_answer a;
        if (i == LOAD / 2 && !kill_worker(p))
            return p->saw[0] ? PROBE_FAILED : probe_say(p, PROBE_FAILED, "the worker could not be ended");
        last = probe_send(in, "sink", in->key_a, NULL, "hello", &a) && a.status == 200;
        if (last && a.exchange[0])
            snprintf(answered[n++], sizeof answered[0], "%s", a.exchange);
        probe_answer_free(&a);
    }
    for (unsigned i = 0; i < n; i++) {
        /* after one that did not come in its time, the others have had theirs */
        json_t *e = missing ? probe_log_entry(in, "t/probe-a", answered[i], "exchange.request") : probe_log_wait(in, "t/probe-a", answered[i], "exchange.request");
        missing += e == NULL;
        json_decref(e);
    }
    return missing           ? probe_say(p, PROBE_BROKEN, "%u of %u answered requests are not in the log", missing, n)
           : !last           ? probe_say(p, PROBE_BROKEN, "nothing is answered after the worker was killed")
           : n < LOAD * 3 / 4 ? probe_say(p, PROBE_BROKEN, "%u of %u requests were answered", n, LOAD)
                             : probe_say(p, PROBE_HELD, "%u of %u requests were answered around the kill, and all of them are in the log", n, LOAD);
}

const probe_attack probe_node_kill_attacks[] = {{"worker-killed", "a worker that is killed between requests", under_load, NULL}};
const size_t probe_node_kill_n = 1;

/* --- avl-inspector-down-denies --- */

static bool aside(const probe *in, const char *name, bool back)
{
    char from[4200], to[4220];
    snprintf(from, sizeof from, "%.4100s/%s", in->run_dir, name);
    snprintf(to, sizeof to, "%s.aside", from);
    return back ? rename(to, from) == 0 : rename(from, to) == 0;
}

/* The worker that comes after the part is gone: what it is sent may not reach the provider as it is. */
static probe_verdict without(probe *p)
{
    if (no_lab(p))
        return PROBE_FAILED;
    probe *in = probe_lab_inside(p);
    char user[16], text[60];
    probe_answer a;
    probe_word(user, 12);
    snprintf(text, sizeof text, "write to %s@%s.net", user, user);
    if (!aside(in, p->with, false))
        return probe_say(p, PROBE_FAILED, "%s could not be taken away", p->with);
    bool killed = kill_worker(p);
    long status = 0;
    bool there = false;
    for (int i = 0; i < 10 && killed; i++, usleep(200000)) {
        if (probe_send(in, "sink", in->key_a, NULL, text, &a))
            status = a.status;
        there |= probe_sink_saw(in, user);
        probe_answer_free(&a);
    }
    bool back = aside(in, p->with, true) && kill_worker(p);
    bool again = false;
    for (int i = 0; back && i < 100 && !again; i++, usleep(100000)) {
        again = probe_send(in, "sink", in->key_a, NULL, "hello", &a) && a.status == 200;
        probe_answer_free(&a);
    }
    return !killed          ? PROBE_FAILED
           : there          ? probe_say(p, PROBE_BROKEN, "the value reached the provider")
           : !again         ? probe_say(p, PROBE_FAILED, "nothing is answered after the part came back")
           : status == 200  ? probe_say(p, PROBE_HELD, "still guarded: the value did not reach the provider")
                            : probe_say(p, PROBE_HELD, "refused with %ld, and nothing reached the provider", status);
}

const probe_attack probe_guard_gone_attacks[] = {
    {"policy", "personal data, while the policy bundle is gone", without, "bundle"},
    {"rules", "personal data, while the compiled rules are gone", without, "rules.image"},
};
const size_t probe_guard_gone_n = sizeof probe_guard_gone_attacks / sizeof *probe_guard_gone_attacks;
