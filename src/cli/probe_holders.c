/* What a person owes before a key of hers works: policies that she read, training that is valid. In a second Custos that
 * holds persons to both, whatever the running one does. */
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "probe_talk.h"

#define GATEWAY_MS 15000u

static probe_person ada, bo, eve;

bool probe_holders_setup(probe *p)
{
    probe *in = probe_lab_setup(p) ? probe_lab_inside(p) : NULL;
    if (!in)
        return false;
    return ada.name[0] || (probe_join(in, "owner", &ada) && probe_join(in, "owner", &bo) && probe_join(in, "developer", &eve)) ||
           (probe_say(p, PROBE_FAILED, "nobody could join the second Custos"), false);
}

/* --- gov-ack-before-key --- */

static long ask_key(probe *p, const char *user)
{
    char body[200];
    snprintf(body, sizeof body, "{\"tenant\":\"default\",\"user\":\"%s\",\"name\":\"probe\"}", user);
    return probe_api(probe_lab_inside(p), NULL, "POST", "/api/v1/keys", body, NULL);
}

static bool approve_policy(probe *p)
{
    static const char which[] = "\"policy\":\"acceptable-use\"";
    probe *in = probe_lab_inside(p);
    return p->foreign || (probe_step(in, &ada, "policy.drafted", which, NULL) == 201 && probe_step(in, &bo, "policy.approved", which, NULL) == 201);
}

/* She must get none before she has read it, and one after; and none when there is a newer version. */
static probe_verdict unread(probe *p)
{
    probe *in = probe_lab_inside(p);
    if (!approve_policy(p))
        return probe_say(p, PROBE_FAILED, "no policy could be approved");
    probe_verdict v = probe_must_refuse(p, ask_key(p, eve.name));
    if (v != PROBE_HELD)
        return v;
    long read = probe_step(in, &eve, "policy.acknowledged", "\"policy\":\"acceptable-use\"", NULL), got = read == 201 ? ask_key(p, eve.name) : 0;
    return got != 201 ? probe_say(p, PROBE_FAILED, "not even who has read it gets one (%ld, %ld)", read, got) : v;
}

static probe_verdict newer(probe *p)
{
    return approve_policy(p) ? probe_must_refuse(p, ask_key(p, eve.name)) : probe_say(p, PROBE_FAILED, "no newer version could be approved");
}

const probe_attack probe_unread_attacks[] = {
    {"not-read", "a key for a person who has not acknowledged a policy that is in force", unread, NULL},
    {"newer-version", "a key for a person who has acknowledged the version before", newer, NULL},
};
const size_t probe_unread_n = sizeof probe_unread_attacks / sizeof *probe_unread_attacks;

/* --- gov-training-expiry-suspends --- */

/* Asks until the gateway answers so, or too much time is over; the last status. */
static long answers(probe *p, const char *key, long wanted)
{
    long status = 0;
    for (uint64_t began = cu_mono_ns(); status != wanted && (cu_mono_ns() - began) / 1000000 < GATEWAY_MS; usleep(100000)) {
        probe_answer a;
        status = probe_send(probe_lab_inside(p), "approved", key, NULL, "hello", &a) ? a.status : 0;
        probe_answer_free(&a);
        if (p->foreign)
            break;
    }
    return status;
}

static long train(probe *p, const char *person, int64_t days_left)
{
    char fields[300], done[CU_TIME_LEN], until[CU_TIME_LEN];
    const uint64_t day = 86400ull * 1000000000;
    cu_time_text(cu_now_ns() - 500 * day, done);
    cu_time_text(cu_now_ns() + (uint64_t)days_left * day, until);
    snprintf(fields, sizeof fields, "\"person\":\"%s\",\"course\":\"custos probe\",\"completed_on\":\"%s\",\"valid_until\":\"%s\"", person, done, until);
    return probe_step(probe_lab_inside(p), NULL, "training.completed", fields, NULL);
}

static probe_verdict ran_out(probe *p)
{
    char key[64], id[64], user[20] = "probe-";
    probe_word(user + 6, 8);
    if (!probe_real_key(probe_lab_inside(p), user, NULL, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    long fresh = answers(p, key, 200), old = train(p, user, -30), without = answers(p, key, 401);
    if (without / 100 == 2)
        return probe_say(p, PROBE_BROKEN, "the key works on (%ld)", without);
    long renewed = train(p, user, 300), again = answers(p, key, 200);
    json_t *e = without == 401 ? probe_entry(probe_lab_inside(p), "t:default", "key.suspended", "key", id, GATEWAY_MS) : NULL;
    bool told = e != NULL;
    json_decref(e);
    return fresh != 200 || old != 201 || without != 401 ? probe_say(p, PROBE_FAILED, "it could not be tried (%ld, %ld, %ld)", fresh, old, without)
           : !told                                      ? probe_say(p, PROBE_BROKEN, "the key is refused, and the log does not say why")
           : renewed != 201 || again != 200             ? probe_say(p, PROBE_FAILED, "with a new training it is still refused (%ld)", again)
                                                        : probe_say(p, PROBE_HELD, "it is refused, that is on record, and with a new training it works");
}

const probe_attack probe_untrained_attacks[] = {{"ran-out", "a key whose holder's training ran out a month ago", ran_out, NULL}};
const size_t probe_untrained_n = 1;
