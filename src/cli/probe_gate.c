/* Attacks on the door: who is let in, how often, with what. All of them go to the sink; a marker in the
 * text tells whether it got one. */
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "probe.h"

#define MESSAGES "/vendor/sink/v1/messages"
#define REVOKED_MS 5000u /* after a revocation nothing is accepted any more */

/* What came of a request that must not pass: refused with one of these statuses, and not at the sink. */
static probe_verdict must_refuse(probe *p, bool ok, probe_answer *a, const char *marker, long status, long other)
{
    bool there = probe_sink_saw(p, marker);
    probe_verdict v = there                                  ? probe_say(p, PROBE_BROKEN, "the request reached the provider (status %ld)", a->status)
                      : ok && a->status == 200               ? probe_say(p, PROBE_BROKEN, "it was answered with 200")
                      : !ok || a->status == 0                ? probe_say(p, PROBE_FAILED, "nothing answered")
                      : a->status == status || a->status == other ? probe_say(p, PROBE_HELD, "refused with %ld, and nothing reached the provider", a->status)
                                                             : probe_say(p, PROBE_FAILED, "status %ld, where %ld was expected", a->status, status);
    probe_answer_free(a);
    return v;
}

static probe_verdict with_key(probe *p, const char *key, const char *const *headers)
{
    char marker[16], body[200];
    probe_answer a;
    probe_word(marker, 12);
    snprintf(body, sizeof body, "{\"model\":\"sink\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", marker);
    bool ok = probe_post(p, MESSAGES, key, headers, body, &a);
    return must_refuse(p, ok, &a, marker, 401, 403);
}

/* --- iam-anon-refused --- */

static probe_verdict no_key(probe *p) { return with_key(p, NULL, NULL); }
static probe_verdict given_key(probe *p) { return with_key(p, p->with, NULL); }
static probe_verdict key_id(probe *p) { return with_key(p, p->id_a, NULL); }

static probe_verdict changed_key(probe *p)
{
    char key[64];
    snprintf(key, sizeof key, "%s", p->key_a);
    key[strlen(key) - 1] = key[strlen(key) - 1] == 'a' ? 'b' : 'a';
    return with_key(p, key, NULL);
}

static probe_verdict cut_key(probe *p)
{
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)strlen(p->key_a) - 1, p->key_a);
    return with_key(p, key, NULL);
}

/* Who is named by a proxy in front is nobody without a key. */
static probe_verdict named(probe *p)
{
    static const char *const headers[] = {"x-custos-tenant: probe-a", "x-forwarded-user: operator", "x-ssl-client-verify: SUCCESS", NULL};
    return with_key(p, NULL, headers);
}

static probe_verdict expired_key(probe *p)
{
    char key[64], id[64];
    if (!probe_new_key(p, "probe-a", 1, 0, key, id))
        return probe_say(p, PROBE_FAILED, "a key of one second could not be issued");
    usleep(2500000);
    return with_key(p, key, NULL);
}

const probe_attack probe_anon_attacks[] = {
    {"no-key", "a request without a key", no_key, NULL},
    {"malformed-key", "a key of another form", given_key, "Bearer sk-none"},
    {"changed-key", "a key with one character changed", changed_key, NULL},
    {"cut-key", "a key without its last character", cut_key, NULL},
    {"key-id", "the public id of a key as a key", key_id, NULL},
    {"named-by-headers", "no key, and headers that name a tenant and a user", named, NULL},
    {"expired-key", "a key that has expired", expired_key, NULL},
};
const size_t probe_anon_n = sizeof probe_anon_attacks / sizeof *probe_anon_attacks;

/* --- iam-revoked-key-refused --- */

/* Used until it is refused: the time until then, and not once accepted after the limit. */
static probe_verdict revoked(probe *p)
{
    char key[64], id[64];
    probe_answer a;
    if (!probe_new_key(p, "probe-a", 3600, 0, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    bool ok = probe_ask(p, key, "hello", &a) && a.status == 200;
    probe_answer_free(&a);
    if (!ok || !probe_drop_key(p, id))
        return probe_say(p, PROBE_FAILED, "the key did not work, or could not be revoked");
    uint64_t began = cu_mono_ns(), refused_ms = 0;
    unsigned after = 0, tries = 0;
    for (uint64_t ms = 0; ms < REVOKED_MS + 1000; ms = (cu_mono_ns() - began) / 1000000) {
        uint64_t asked_ms = ms;
        ok = probe_ask(p, key, "hello", &a);
        bool accepted = ok && a.status == 200;
        refused_ms = accepted || refused_ms ? refused_ms : asked_ms + 1;
        after += accepted && (asked_ms >= REVOKED_MS || refused_ms);
        tries++;
        probe_answer_free(&a);
        if (!ok)
            return probe_say(p, PROBE_FAILED, "nothing answered");
        usleep(asked_ms < 1000 ? 50000 : 500000);
    }
    return after || !refused_ms ? probe_say(p, PROBE_BROKEN, "accepted %u times after the revocation should have held", after)
                                : probe_say(p, PROBE_HELD, "refused after %u ms; %u tries, none accepted after that", (unsigned)refused_ms, tries);
}

const probe_attack probe_revoked_attacks[] = {{"revoked-key", "a key that worked, used on after its revocation", revoked, NULL}};
const size_t probe_revoked_n = 1;

/* --- pin-malformed-rejected --- */

/* with: a body in which @ stands for the marker. */
static probe_verdict malformed(probe *p)
{
    char marker[16], body[600];
    probe_answer a;
    const char *at = strchr(p->with, '@');
    probe_word(marker, 12);
    snprintf(body, sizeof body, "%.*s%s%s", (int)(at - p->with), p->with, marker, at + 1);
    bool ok = probe_post(p, MESSAGES, p->key_a, NULL, body, &a);
    return must_refuse(p, ok, &a, marker, 400, 400);
}

static probe_verdict deep(probe *p)
{
    char marker[16];
    probe_answer a;
    cu_buf body CU_CLEAN_BUF = CU_BUF(1 << 16);
    probe_word(marker, 12);
    cu_buf_fmt(&body, "{\"model\":\"sink\",\"max_tokens\":9,\"metadata\":\"%s\",\"messages\":", marker);
    for (int i = 0; i < 10000; i++)
        cu_buf_byte(&body, '[');
    for (int i = 0; i < 10000; i++)
        cu_buf_byte(&body, ']');
    cu_buf_byte(&body, '}');
    bool ok = probe_post(p, MESSAGES, p->key_a, NULL, cu_buf_cstr(&body), &a);
    return must_refuse(p, ok, &a, marker, 400, 400);
}

static probe_verdict oversize(probe *p)
{
    char marker[16];
    probe_answer a;
    size_t n = ((size_t)p->config->max_body_mib << 20) + 1;
    char *body = malloc(n + 256);
    if (!body)
        return probe_say(p, PROBE_FAILED, "no memory for a body of that size");
    probe_word(marker, 12);
    size_t at = (size_t)snprintf(body, 256, "{\"model\":\"sink\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"%s", marker);
    memset(body + at, ' ', n - at);
    snprintf(body + n, 16, "\"}]}");
    bool ok = probe_post(p, MESSAGES, p->key_a, NULL, body, &a);
    free(body);
    return must_refuse(p, ok || a.status, &a, marker, 413, 413);
}

static probe_verdict in_path(probe *p)
{
    char marker[16], path[100];
    probe_answer a;
    probe_word(marker, 12);
    snprintf(path, sizeof path, "/vendor/sink/v1/%s", marker);
    bool ok = probe_post(p, path, p->key_a, NULL, "{\"model\":\"sink\",\"messages\":[]}", &a);
    return must_refuse(p, ok, &a, marker, 400, 404);
}

#define ONE "\"messages\":[{\"role\":\"user\",\"content\":\"@\"}]"
const probe_attack probe_malformed_attacks[] = {
    {"cut-off", "a body that ends too early", malformed, "{\"model\":\"sink\",\"max_tokens\":9," ONE},
    {"no-object", "a body that is a list", malformed, "[\"@\"]"},
    {"model-twice", "a body that names the model twice", malformed, "{\"model\":\"sink\",\"model\":\"other\"," ONE "}"},
    {"messages-spelled", "messages twice, once with an escape in its name", malformed, "{\"model\":\"sink\",\"m\\u0065ssages\":[]," ONE "}"},
    {"no-utf8", "a text that is not UTF-8", malformed, "{\"model\":\"sink\",\"max_tokens\":9,\"x\":\"\xc3\x28\"," ONE "}"},
    {"trailing", "bytes behind the object", malformed, "{\"model\":\"sink\",\"max_tokens\":9," ONE "} {}"},
    {"deep", "10,000 levels", deep, NULL},
    {"oversize", "one byte more than max_body_mib", oversize, NULL},
    {"unknown-path", "a path that no API has", in_path, NULL},
};
const size_t probe_malformed_n = sizeof probe_malformed_attacks / sizeof *probe_malformed_attacks;

/* --- net-limit-enforced --- */

#define LIMIT 3u

static probe_verdict burst(probe *p)
{
    char key[64], id[64];
    unsigned passed = 0, refused = 0;
    if (!probe_new_key(p, "probe-a", 600, LIMIT, key, id))
        return probe_say(p, PROBE_FAILED, "a key with a limit could not be issued");
    for (unsigned i = 0; i < LIMIT + 3; i++) {
        probe_answer a;
        bool ok = probe_ask(p, key, "hello", &a);
        passed += ok && a.status == 200;
        refused += ok && a.status == 429;
        probe_answer_free(&a);
    }
    probe_drop_key(p, id);
    return passed > LIMIT               ? probe_say(p, PROBE_BROKEN, "%u of %u passed, where %u may", passed, LIMIT + 3, LIMIT)
           : passed == LIMIT && refused == 3 ? probe_say(p, PROBE_HELD, "%u passed, then 429", passed)
                                        : probe_say(p, PROBE_FAILED, "%u passed and %u were refused with 429", passed, refused);
}

const probe_attack probe_limit_attacks[] = {{"burst", "more requests within a minute than the key may make", burst, NULL}};
const size_t probe_limit_n = 1;

/* --- iam-console: the console's door --- */

static probe_verdict console(probe *p, const char *path, const char *const *headers, const char *body, long status)
{
    probe_answer a;
    bool ok = probe_post(p, path, NULL, headers, body, &a);
    long got = a.status;
    probe_answer_free(&a);
    return !ok                        ? probe_say(p, PROBE_FAILED, "nothing answered")
           : got == status            ? probe_say(p, PROBE_HELD, "refused with %ld", got)
           : got >= 200 && got < 300  ? probe_say(p, PROBE_BROKEN, "answered with %ld", got)
           : got >= 400 && got < 500  ? probe_say(p, PROBE_BROKEN, "not refused for what it is: %ld, where %ld was expected", got, status)
                                      : probe_say(p, PROBE_FAILED, "status %ld", got);
}

static probe_verdict no_session(probe *p) { return console(p, p->with, NULL, NULL, 401); }

static probe_verdict forged_session(probe *p)
{
    char cookie[80] = "Cookie: custos_session=";
    probe_word(cookie + strlen(cookie), 32);
    const char *const headers[] = {cookie, NULL};
    return console(p, "/api/v1/status", headers, NULL, 401);
}

static probe_verdict no_session_write(probe *p) { return console(p, "/api/v1/keys", NULL, "{\"tenant\":\"probe-a\",\"user\":\"nobody\"}", 401); }

static probe_verdict foreign_page(probe *p)
{
    static const char *const headers[] = {"Origin: https://elsewhere.example", NULL};
    return console(p, "/api/v1/keys", headers, "{\"tenant\":\"probe-a\",\"user\":\"nobody\"}", 403);
}

static probe_verdict form(probe *p)
{
    static const char *const headers[] = {"Content-Type: text/plain", NULL};
    return console(p, "/api/v1/keys", headers, "{\"tenant\":\"probe-a\",\"user\":\"nobody\"}", 403);
}

const probe_attack probe_console_attacks[] = {
    {"status", "reads the status without a session", no_session, "/api/v1/status"},
    {"exchanges", "reads exchanges without a session", no_session, "/api/v1/exchanges"},
    {"log", "reads the log without a session", no_session, "/api/v1/logs/org/entries"},
    {"keys", "lists keys without a session", no_session, "/api/v1/keys"},
    {"forged-session", "a session that nobody was given", forged_session, NULL},
    {"write", "issues a key without a session", no_session_write, NULL},
    {"foreign-page", "a page of another site writes", foreign_page, NULL},
    {"form", "a form of another site writes", form, NULL},
};
const size_t probe_console_n = sizeof probe_console_attacks / sizeof *probe_console_attacks;
