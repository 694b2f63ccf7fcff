/* Attacks on what a caller may use: models and tools that a key does not have, settings that a vendor's terms rule out, a
 * vendor of which no report was read, a repository that nobody classified; and a vendor whose first address is gone. */
#include <stdlib.h>
#include <unistd.h>
#include "base/digest.h"
#include "probe_talk.h"

static char key[64], id[64];

/* A key that has one model, one tool. */
bool probe_rights_setup(probe *p)
{
    if (!probe_lab_setup(p))
        return false;
    if (!key[0] && !probe_real_key(probe_lab_inside(p), "probe-rights", "{\"models\":[\"probe\"],\"tools\":[\"Read\"]}", key, id))
        return (probe_say(p, PROBE_FAILED, "a key with scopes could not be issued"), false);
    return true;
}

/* Sends body with this key to path, and says whether it must be refused. Waits until the gateway knows the key. */
static probe_verdict refused(probe *p, const char *path, const char *with, const char *body, upstream_kind kind)
{
    probe *in = probe_lab_inside(p);
    upstreams *u = probe_lab_upstreams(p);
    probe_answer a;
    unsigned before = upstreams_asked(u, kind);
    bool ok = probe_post(in, path, with, NULL, body, &a);
    for (int i = 0; i < 50 && ok && a.status == 401; i++) {
        probe_answer_free(&a);
        usleep(100000);
        ok = probe_post(in, path, with, NULL, body, &a);
    }
    bool reached = upstreams_asked(u, kind) != before;
    probe_verdict v = reached                            ? probe_say(p, PROBE_BROKEN, "it reached the provider (%ld)", a.status)
                      : ok && a.status == 200            ? probe_say(p, PROBE_BROKEN, "it was answered with 200")
                      : ok && a.status >= 400 && a.status < 500 && a.status != 401 ? probe_say(p, PROBE_HELD, "refused with %ld, and nothing was sent", a.status)
                                                         : probe_say(p, PROBE_FAILED, "status %ld", ok ? a.status : 0);
    probe_answer_free(&a);
    return v;
}

static bool passes(probe *p, const char *path, const char *with, const char *body)
{
    return p->foreign || refused(p, path, with, body, UPSTREAM_PLAIN) == PROBE_BROKEN || (probe_say(p, PROBE_FAILED, "not even what is allowed could be sent: %.60s", p->saw), false);
}

#define APPROVED "/vendor/approved/v1/messages"
#define WITH_TOOL(name) "{\"model\":\"probe\",\"max_tokens\":9,\"tools\":[{\"name\":\"" name "\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"

static probe_verdict unknown_model(probe *p)
{
    static const char good[] = "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    static const char bad[] = "{\"model\":\"never-heard-of\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    return passes(p, APPROVED, key, good) ? refused(p, APPROVED, key, bad, UPSTREAM_PLAIN) : PROBE_FAILED;
}

const probe_attack probe_model_attacks[] = {{"unknown-model", "a model that the key does not name", unknown_model, NULL}};
const size_t probe_model_n = 1;

static probe_verdict denied_tool(probe *p)
{
    return passes(p, APPROVED, key, WITH_TOOL("Read")) ? refused(p, APPROVED, key, WITH_TOOL("Bash"), UPSTREAM_PLAIN) : PROBE_FAILED;
}

const probe_attack probe_tool_attacks[] = {{"denied-tool", "a request that offers the model a tool that the key may not use", denied_tool, NULL}};
const size_t probe_tool_n = 1;

/* --- terms of a plan --- */

#define CHAT "/vendor/terms/v1/chat/completions"
#define CHAT_WITH(more) "{\"model\":\"probe\",\"store\":false,\"provider\":{\"data_collection\":\"deny\"}" more ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"

static bool agreed_passes(probe *p) { return passes(p, CHAT, probe_lab_inside(p)->key_a, CHAT_WITH("")); }

static probe_verdict training(probe *p)
{
    static const char bad[] = "{\"model\":\"probe\",\"store\":false,\"provider\":{\"data_collection\":\"allow\"},\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    return agreed_passes(p) ? refused(p, CHAT, probe_lab_inside(p)->key_a, bad, UPSTREAM_PLAIN) : PROBE_FAILED;
}

const probe_attack probe_training_attacks[] = {{"training-allowed", "a request that lets the vendor train on it, where the plan says that it does not", training, NULL}};
const size_t probe_training_n = 1;

static probe_verdict stored(probe *p)
{
    static const char bad[] = "{\"model\":\"probe\",\"store\":true,\"provider\":{\"data_collection\":\"deny\"},\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    return agreed_passes(p) ? refused(p, CHAT, probe_lab_inside(p)->key_a, bad, UPSTREAM_PLAIN) : PROBE_FAILED;
}

static probe_verdict stored_responses(probe *p)
{
    static const char bad[] = "{\"model\":\"probe\",\"input\":\"hello\",\"provider\":{\"data_collection\":\"deny\"}}";
    return agreed_passes(p) ? refused(p, "/vendor/terms/v1/responses", probe_lab_inside(p)->key_a, bad, UPSTREAM_PLAIN) : PROBE_FAILED;
}

const probe_attack probe_stored_attacks[] = {
    {"store-asked-for", "a request that has the vendor keep it, where the plan says that nothing is kept", stored, NULL},
    {"store-by-default", "a request to an API that keeps what does not forbid it", stored_responses, NULL},
};
const size_t probe_stored_n = sizeof probe_stored_attacks / sizeof *probe_stored_attacks;

/* --- no report --- */

static probe_verdict no_report(probe *p)
{
    char body[300], user[12];
    static const char good[] = "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    probe_word(user, 9);
    snprintf(body, sizeof body, "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"write to %s@%s.net\"}]}", user, user);
    return passes(p, "/vendor/strict/v1/messages", probe_lab_inside(p)->key_a, good)
               ? refused(p, "/vendor/strict/v1/messages", probe_lab_inside(p)->key_a, body, UPSTREAM_PLAIN) : PROBE_FAILED;
}

const probe_attack probe_strict_attacks[] = {{"personal-data", "personal data for a vendor of which no report was read", no_report, NULL}};
const size_t probe_strict_n = 1;

/* --- failover --- */

static probe_verdict failover(probe *p)
{
    probe *in = probe_lab_inside(p);
    unsigned before = upstreams_asked(probe_lab_upstreams(p), UPSTREAM_PLAIN);
    probe_answer a;
    bool ok = probe_send(in, "two", in->key_a, NULL, "hello", &a) && a.status == 200;
    bool reached = upstreams_asked(probe_lab_upstreams(p), UPSTREAM_PLAIN) == before + 1;
    probe_verdict v = ok && reached   ? probe_say(p, PROBE_HELD, "the second address answered")
                      : a.status == 0 ? probe_say(p, PROBE_FAILED, "nothing answered")
                                      : probe_say(p, PROBE_BROKEN, "status %ld, and the second address %s", a.status, reached ? "was asked" : "was not asked");
    probe_answer_free(&a);
    return v;
}

const probe_attack probe_failover_attacks[] = {{"first-address-gone", "a vendor whose first address does not answer", failover, NULL}};
const size_t probe_failover_n = 1;

/* --- dat-default-confidential --- */

static probe_verdict new_repository(probe *p)
{
    char name[16], header[60], marker[16];
    const char *const headers[] = {header, NULL};
    probe *in = probe_lab_inside(p);
    probe_answer a;
    probe_word(name, 12);
    probe_word(marker, 12);
    snprintf(header, sizeof header, "x-custos-repo: probe-new/%s", name);
    bool ok = probe_send(in, "approved", in->key_a, headers, marker, &a) && a.status == 200;
    char exchange[40];
    snprintf(exchange, sizeof exchange, "%s", a.exchange);
    probe_answer_free(&a);
    if (!ok)
        return probe_say(p, PROBE_FAILED, "status %ld", a.status);
    json_t *e = probe_log_wait(in, "t/probe-a", exchange, "exchange.request");
    const char *class = json_string_value(json_object_get(json_object_get(json_object_get(e, "body"), "access"), "class"));
    probe_verdict v = !e                                            ? probe_say(p, PROBE_BROKEN, "there is no entry that gives it a class")
                      : class && (strcmp(class, "confidential") == 0 || strcmp(class, "restricted") == 0) ? probe_say(p, PROBE_HELD, "its class is %s", class)
                                                                    : probe_say(p, PROBE_BROKEN, "its class is %s", class ? class : "not recorded");
    json_decref(e);
    return v;
}

const probe_attack probe_class_attacks[] = {{"new-repository", "code of a repository that nobody has classified", new_repository, NULL}};
const size_t probe_class_n = 1;
