/* ops-clock-watched: is the time in the record the time it was. Nobody sets a clock to find out: what the daemon holds
 * the clock against is held against what this process sees. */
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "probe.h"

#define MAY_DIFFER_MS 500      /* as the daemon: docs/formats/leaf.md, clock.step */
#define NOTICED_MS 5000u       /* it looks once a second */

/* Wall time less time since boot, of which the daemon has an entry or began with; false: it does not say. */
static bool held(const probe *p, long long *ms)
{
    long status = 0;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    if (cu_admin_call(p->run_dir, "GET", "/api/v1/status", CU_NONE, &status, &out, NULL) != CU_OK || status != 200)
        return false;
    json_t *all = json_loadb((const char *)out.p, out.n, 0, NULL);
    const json_t *v = json_object_get(json_object_get(all, "evidence"), "clock_offset_ms");
    bool said = json_is_integer(v);
    *ms = (long long)json_integer_value(v);
    json_decref(all);
    return said;
}

static long long seen_ms(void)
{
    return ((long long)cu_now_ns() - (long long)cu_boot_ns()) / 1000000;
}

static probe_verdict step_noticed(probe *p)
{
    long long theirs = 0, by = 0;
    for (uint64_t began = cu_mono_ns(); (cu_mono_ns() - began) / 1000000 < NOTICED_MS; usleep(200000)) {
        if (!held(p, &theirs))
            return probe_say(p, PROBE_FAILED, "the daemon does not say what it holds its clock against");
        by = seen_ms() - theirs;
        if (by <= MAY_DIFFER_MS && by >= -MAY_DIFFER_MS)
            return probe_say(p, PROBE_HELD, "it stands where the daemon last recorded it, within %d ms", MAY_DIFFER_MS);
    }
    return probe_say(p, PROBE_BROKEN, "it is %lld ms from where the daemon last recorded it, and no entry says so", by);
}

/* Milliseconds since 1970 in the first ten letters of an id (ULID); -1: it is none. */
static long long time_of(const char *id)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    long long ms = 0;
    for (int i = 0; i < 10; i++) {
        const char *at = id[i] ? strchr(letters, id[i]) : NULL;
        if (!at)
            return -1;
        ms = ms * 32 + (at - letters);
    }
    return ms;
}

static probe_verdict recorded_in_time(probe *p)
{
    probe_answer a;
    long long before = (long long)(cu_now_ns() / 1000000);
    bool ok = probe_ask(p, p->key_a, "what time is it", &a) && a.status == 200;
    long long after = (long long)(cu_now_ns() / 1000000), at = ok ? time_of(p->exchange) : -1;
    probe_answer_free(&a);
    if (!ok)
        return probe_say(p, PROBE_FAILED, "the request was not answered (%ld)", a.status);
    if (at < 0)
        return probe_say(p, PROBE_BROKEN, "the answer names no id that holds a time");
    return at >= before - MAY_DIFFER_MS && at <= after + MAY_DIFFER_MS
               ? probe_say(p, PROBE_HELD, "its id is of the time at which it was sent")
               : probe_say(p, PROBE_BROKEN, "its id is %lld ms from the time at which it was sent", at - before);
}

const probe_attack probe_clock_attacks[] = {
    {"step-noticed", "the clock, held against what the daemon recorded of it last", step_noticed, NULL},
    {"recorded-in-time", "a request, whose entry must be of now", recorded_in_time, NULL},
};
const size_t probe_clock_n = sizeof probe_clock_attacks / sizeof *probe_clock_attacks;
