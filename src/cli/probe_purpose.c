/* prv-no-purpose-no-pass: personal data of a tenant that allows one kind of it for a purpose and another for none. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/digest.h"
#include "probe_talk.h"

#define ENTRY_MS 15000u

static char key[64];

bool probe_purpose_setup(probe *p)
{
    char id[64];
    if (!probe_lab_setup(p))
        return false;
    return probe_real_key_of(probe_lab_inside(p), PROBE_LAB_PURPOSES, "probe-purpose", NULL, key, id) ||
           (probe_say(p, PROBE_FAILED, "a key could not be issued"), false);
}

static void make_mail(char out[64])
{
    char user[16], host[16];
    probe_word(user, 9);
    probe_word(host, 9);
    snprintf(out, 64, "%s@%s.net", user, host);
}

static void make_phone(char out[64])
{
    uint16_t r[2];
    cu_random((uint8_t *)r, sizeof r);
    snprintf(out, 64, "+1 415 7%02u %04u", 11u + r[0] % 80u, 2001u + r[1] % 7000u);
}

typedef struct {
    long status;
    bool there, whole;  /* the request reached the provider; with the value in it */
    char id[40];        /* of its entry */
} way;

/* Waits until the gateway knows the key. */
static way send_with(probe *p, const char *value)
{
    probe *in = probe_lab_inside(p);
    char marker[16], text[200];
    probe_answer a;
    way w = {0};
    probe_word(marker, 12);
    snprintf(text, sizeof text, "%s please reach me at %s today", marker, value);
    for (int i = 0; i < 50; i++, usleep(100000)) {
        w.status = probe_send(in, "sink", key, NULL, text, &a) ? a.status : 0;
        snprintf(w.id, sizeof w.id, "%s", a.exchange);
        probe_answer_free(&a);
        if (w.status != 401)
            break;
    }
    w.there = probe_sink_saw(in, marker);
    const char *body = w.there ? json_string_value(json_object_get(in->seen, "body")) : NULL;
    w.whole = body && strstr(body, value);
    return w;
}

/* How many values of the type the request's entry says have passed; -1: there is no entry. */
static json_int_t passed(probe *p, const way *w, const char *type)
{
    json_t *e = probe_log_wait(probe_lab_inside(p), "t/" PROBE_LAB_PURPOSES, w->id, "exchange.request");
    json_int_t n = e ? json_integer_value(json_object_get(json_object_get(json_object_get(e, "body"), "passed"), type)) : -1;
    json_decref(e);
    return n;
}

static probe_verdict without(probe *p)
{
    char value[64];
    make_mail(value);
    way w = send_with(p, value);
    if (w.whole || (!w.there && w.status == 200))
        return probe_say(p, PROBE_BROKEN, w.whole ? "it reached the provider" : "answered with 200, and not by the sink");
    if (!w.there)
        return probe_say(p, PROBE_FAILED, "status %ld, and the sink did not see it", w.status);
    json_int_t n = passed(p, &w, "EMAIL_ADDRESS");
    return n == 0 ? probe_say(p, PROBE_HELD, "the request reached the provider, the value did not")
           : n > 0 ? probe_say(p, PROBE_BROKEN, "its entry says that it passed")
                   : probe_say(p, PROBE_FAILED, "its entry was not found");
}

static probe_verdict with_one(probe *p)
{
    char value[64];
    json_t *stated = p->foreign ? NULL : probe_entry(probe_lab_inside(p), "org", "purpose.stated", "tenant", PROBE_LAB_PURPOSES, ENTRY_MS);
    bool on_record = stated != NULL;
    json_decref(stated);
    make_phone(value);
    way w = send_with(p, value);
    if (!w.there || !w.whole)
        return probe_say(p, PROBE_FAILED, "what is allowed for a purpose did not pass (%ld)", w.status);
    json_int_t n = passed(p, &w, "PHONE_NUMBER");
    return !on_record ? probe_say(p, PROBE_BROKEN, "it passed, and the log does not say for what")
           : n != 1   ? probe_say(p, PROBE_BROKEN, "it passed, and no entry counts it")
                      : probe_say(p, PROBE_HELD, "it passed; purpose and count are on record");
}

const probe_attack probe_purpose_attacks[] = {
    {"no-purpose", "an e-mail address of a tenant that allows it without saying what for", without, NULL},
    {"purpose", "a telephone number that is allowed for a purpose: it must be counted, and the purpose on record", with_one, NULL},
};
const size_t probe_purpose_n = sizeof probe_purpose_attacks / sizeof *probe_purpose_attacks;
