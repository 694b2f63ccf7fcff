/* The attacks of custos probe isolation. Tenant A has sent a value and code; everything here is what B
 * (or somebody with no key) does to get at it. The sink says back what it is sent; the model
 * sink-recall says what the request before said, as a provider would that mixes up its customers. */
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "probe.h"

#define REVOKED_NS 5000000000ull
#define MESSAGES "/vendor/sink/v1/messages"

/* --- asking --- */

static json_t *body_of(const char *model, bool stream, json_t *content)
{
    return json_pack("{s:s,s:i,s:b,s:[{s:s,s:o}]}", "model", model, "max_tokens", 64, "stream", stream, "messages", "role", "user", "content", content);
}

static bool send(probe *p, const char *key, const char *const *headers, json_t *body, probe_answer *out)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(body);
    bool ok = text && probe_post(p, MESSAGES, key, headers, text, out);
    free(text);
    return ok;
}

static bool ask(probe *p, const char *key, const char *model, bool stream, const char *text, probe_answer *out)
{
    return send(p, key, NULL, body_of(model, stream, json_string(text)), out);
}

bool probe_ask(probe *p, const char *key, const char *text, probe_answer *out)
{
    return ask(p, key, "sink", false, text, out);
}

static bool holds(const cu_buf *b, const char *text)
{
    return b->p && cu_find(cu_buf_view(b), cu_str(text), 0) != (size_t)-1;
}

static const char *seen_body(const probe *p)
{
    const char *s = json_string_value(json_object_get(p->seen, "body"));
    return s ? s : "";
}

/* What the sink received last, parsed; to be freed. */
static json_t *seen_json(const probe *p)
{
    return json_loads(seen_body(p), 0, NULL);
}

static bool seen_header_holds(const probe *p, const char *text)
{
    char *s = json_dumps(json_object_get(p->seen, "headers"), JSON_COMPACT);
    bool yes = s && strstr(s, text);
    free(s);
    return yes;
}

/* B got an answer to what holds A's surrogate: the value must not be in it. */
static probe_verdict not_restored(probe *p, bool ok, probe_answer *a)
{
    probe_verdict v = !ok || a->status != 200           ? probe_say(p, PROBE_FAILED, "status %ld", a->status)
                      : holds(&a->body, p->value) || holds(&a->text, p->value) ? probe_say(p, PROBE_BROKEN, "the other tenant's value came back")
                      : holds(&a->text, p->surrogate)   ? probe_say(p, PROBE_HELD, "the surrogate came back as it was typed")
                                                        : probe_say(p, PROBE_FAILED, "neither value nor surrogate came back");
    probe_answer_free(a);
    return v;
}

static probe_verdict typed(probe *p, const char *model, bool stream, const char *fmt)
{
    char text[400];
    probe_answer a;
    const char *at = strchr(fmt, '@');
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - fmt), fmt, p->surrogate, at + 1);
    bool ok = ask(p, p->key_b, model, stream, text, &a);
    return not_restored(p, ok, &a);
}

/* --- foreign surrogates --- */

static probe_verdict in_text(probe *p) { return typed(p, "sink", false, "please say @ to me"); }
static probe_verdict in_deltas(probe *p) { return typed(p, "sink", true, "please say @ to me"); }
static probe_verdict in_thinking(probe *p) { return typed(p, "sink-thinking", false, "think of @ now"); }
static probe_verdict in_thinking_deltas(probe *p) { return typed(p, "sink-thinking", true, "think of @ now"); }
static probe_verdict in_tool_input(probe *p) { return typed(p, "sink-tool", false, "write @ down"); }
static probe_verdict in_tool_deltas(probe *p) { return typed(p, "sink-tool", true, "write @ down"); }
static probe_verdict in_nested_json(probe *p) { return typed(p, "sink", true, "{\"a\":\"{\\\"b\\\":\\\"@\\\"}\"}"); }
static probe_verdict in_code(probe *p) { return typed(p, "sink-tool", true, "const k = \"@\"; // and '@'"); }

static probe_verdict in_tool_result(probe *p)
{
    probe_answer a;
    json_t *content = json_pack("[{s:s,s:s,s:s}]", "type", "tool_result", "tool_use_id", "t1", "content", p->surrogate);
    bool ok = send(p, p->key_b, NULL, body_of("sink", true, content), &a);
    return not_restored(p, ok, &a);
}

static probe_verdict escaped(probe *p)
{
    char body[1000] = "", spelled[300] = "";
    probe_answer a;
    for (size_t i = 0; p->surrogate[i]; i++)
        snprintf(spelled + 6 * i, sizeof spelled - 6 * i, "\\u%04x", (unsigned)p->surrogate[i]);
    snprintf(body, sizeof body, "{\"model\":\"sink\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"say %s\"}]}", spelled);
    bool ok = probe_post(p, MESSAGES, p->key_b, NULL, body, &a);
    return not_restored(p, ok, &a);
}

static probe_verdict beside_own(probe *p)
{
    char text[300];
    probe_answer a;
    snprintf(text, sizeof text, "mine is %s, theirs is %s", p->value_b, p->surrogate);
    bool ok = ask(p, p->key_b, "sink", true, text, &a), own = holds(&a.text, p->value_b);
    probe_verdict v = not_restored(p, ok, &a);
    return v == PROBE_HELD && !own ? probe_say(p, PROBE_FAILED, "the caller's own value did not come back") : v;
}

/* A's own, typed by A in a request that did not bring the value. */
static probe_verdict placeholder_typed(probe *p)
{
    probe_answer a;
    bool ok = ask(p, p->key_a, "sink", true, p->surrogate, &a);
    return not_restored(p, ok, &a);
}

static probe_verdict recalled(probe *p)
{
    probe_answer a;
    if (!ask(p, p->key_a, "sink", false, p->value, &a))
        return probe_say(p, PROBE_FAILED, "tenant A could not ask");
    probe_answer_free(&a);
    bool ok = ask(p, p->key_b, "sink-recall", true, "what did they say?", &a);
    return not_restored(p, ok, &a);
}

/* --- surrogates of two tenants --- */

static bool surrogate_in(const char *text, char out[64])
{
    const char *at = strstr(text, "CUSTOS_");
    if (!at || strlen(at) < 36)
        return false;
    snprintf(out, 64, "%.36s", at);
    return true;
}

/* B sends what A sent: outside it must be something else. */
static probe_verdict differs(probe *p, const char *key, const char *const *headers, const char *text)
{
    probe_answer a;
    char mine[64];
    bool ok = send(p, key, headers, body_of("sink", false, json_string(text)), &a);
    long status = a.status;
    probe_answer_free(&a);
    if (status == 400 || status == 401)
        return probe_say(p, PROBE_HELD, "refused with %ld", status);
    if (!ok || status != 200 || !probe_see(p))
        return probe_say(p, PROBE_FAILED, "status %ld", status);
    if (strstr(seen_body(p), p->value))
        return probe_say(p, PROBE_BROKEN, "the value went to the provider");
    if (!surrogate_in(seen_body(p), mine))
        return probe_say(p, PROBE_FAILED, "the sink saw no surrogate");
    return strcmp(mine, p->surrogate) == 0 ? probe_say(p, PROBE_BROKEN, "the provider saw the other tenant's surrogate")
                                           : probe_say(p, PROBE_HELD, "the provider saw the caller's own surrogate");
}

static probe_verdict same_value(probe *p) { return differs(p, p->key_b, NULL, p->value); }

/* Long enough for the memo of scanned text, which all tenants share. */
static void long_text(const probe *p, char text[900])
{
    snprintf(text, 900, "%0*d the address is %s and so on", 600, 7, p->value);
}

static probe_verdict through_memo(probe *p)
{
    char text[900];
    probe_answer a;
    long_text(p, text);
    bool ok = ask(p, p->key_a, "sink", false, text, &a);
    probe_answer_free(&a);
    return ok ? differs(p, p->key_b, NULL, text) : probe_say(p, PROBE_FAILED, "tenant A could not ask");
}

static probe_verdict tenant_header(probe *p)
{
    return differs(p, p->key_b, (const char *const[]){"x-custos-tenant: probe-a", "x-tenant: probe-a", "x-tenant-id: probe-a", NULL}, p->value);
}

static probe_verdict forwarded_header(probe *p)
{
    return differs(p, p->key_b, (const char *const[]){"x-forwarded-user: probe-a", "x-remote-user: probe-a", "x-real-ip: 127.0.0.1", "forwarded: for=probe-a", NULL}, p->value);
}

static probe_verdict tag_header(probe *p)
{
    return differs(p, p->key_b, (const char *const[]){"x-custos-repo: probe-a/secret", NULL}, p->value);
}

static probe_verdict second_header(probe *p)
{
    char line[100];
    snprintf(line, sizeof line, "x-goog-api-key: %s", p->key_a);
    return differs(p, p->key_b, (const char *const[]){line, NULL}, p->value);
}

static probe_verdict tenant_in_body(probe *p)
{
    probe_answer a;
    char mine[64] = "";
    json_t *b = body_of("sink", false, json_string(p->value));
    json_object_set_new(b, "tenant", json_string("probe-a"));
    json_object_set_new(b, "metadata", json_pack("{s:s}", "tenant", "probe-a"));
    bool ok = send(p, p->key_b, NULL, b, &a) && a.status == 200 && probe_see(p) && surrogate_in(seen_body(p), mine);
    probe_answer_free(&a);
    return !ok                                ? probe_say(p, PROBE_FAILED, "the sink saw no surrogate")
           : strcmp(mine, p->surrogate) == 0 ? probe_say(p, PROBE_BROKEN, "a member of the body chose the tenant")
                                              : probe_say(p, PROBE_HELD, "the provider saw the caller's own surrogate");
}

/* --- names by which a provider tells callers apart --- */

/* What the provider sees of a member when this tenant says `value` there; to be freed. */
static char *outside(probe *p, const char *key, const char *group, const char *member, const char *value)
{
    probe_answer a;
    char *out = NULL;
    json_t *b = body_of("sink", false, json_string("hello")), *in = NULL;
    if (group)
        json_object_set_new(b, group, json_pack("{s:s}", member, value));
    else
        json_object_set_new(b, member, json_string(value));
    if (send(p, key, NULL, b, &a) && a.status == 200 && probe_see(p) && (in = seen_json(p))) {
        const json_t *at = group ? json_object_get(in, group) : in;
        const char *s = json_string_value(json_object_get(at, member));
        out = s ? strdup(s) : NULL;
    }
    json_decref(in);
    probe_answer_free(&a);
    return out;
}

static probe_verdict collides(probe *p, const char *group, const char *member, const char *value)
{
    char *of_a = outside(p, p->key_a, group, member, value), *of_b = outside(p, p->key_b, group, member, value), *again = outside(p, p->key_a, group, member, value);
    probe_verdict v = !of_a || !of_b || !again           ? probe_say(p, PROBE_FAILED, "the sink did not see the member")
                      : strcmp(of_a, value) == 0 || strcmp(of_b, value) == 0 ? probe_say(p, PROBE_BROKEN, "the provider saw what the client sent")
                      : strcmp(of_a, of_b) == 0          ? probe_say(p, PROBE_BROKEN, "the provider saw the same for both tenants")
                      : strcmp(of_a, again) != 0         ? probe_say(p, PROBE_BROKEN, "one tenant's name changed between two requests")
                                                         : probe_say(p, PROBE_HELD, "the provider saw two names, each the same every time");
    free(of_a);
    free(of_b);
    free(again);
    return v;
}

static probe_verdict cache_key(probe *p) { return collides(p, NULL, "prompt_cache_key", "shared-key"); }
static probe_verdict user_member(probe *p) { return collides(p, NULL, "user", "alice"); }
static probe_verdict safety_identifier(probe *p) { return collides(p, NULL, "safety_identifier", "alice"); }
static probe_verdict session_member(probe *p) { return collides(p, NULL, "session_id", "s-1"); }

static probe_verdict user_id(probe *p)
{
    return collides(p, "metadata", "user_id", "{\"device_id\":\"d-1\",\"account_uuid\":\"u-1\",\"session_id\":\"s-1\"}");
}

static probe_verdict client_metadata(probe *p)
{
    return collides(p, "client_metadata", "x-codex-turn-metadata", "{\"cwd\":\"/home/a\",\"session_id\":\"s-1\"}");
}

/* The name that A has outside, typed by B. */
static probe_verdict stolen_cache_key(probe *p)
{
    char *of_a = outside(p, p->key_a, NULL, "prompt_cache_key", "mine"), *of_b = of_a ? outside(p, p->key_b, NULL, "prompt_cache_key", of_a) : NULL;
    probe_verdict v = !of_b                    ? probe_say(p, PROBE_FAILED, "the sink did not see the member")
                      : strcmp(of_a, of_b) == 0 ? probe_say(p, PROBE_BROKEN, "a name of the other tenant went out as it was typed")
                                                : probe_say(p, PROBE_HELD, "what was typed became the caller's own name");
    free(of_a);
    free(of_b);
    return v;
}

/* Sent with these headers as B and taken up as the sink received it. */
static bool sent_on(probe *p, const char *const *headers, long *status)
{
    char mark[16];
    probe_answer a;
    probe_word(mark, 12);
    bool ok = send(p, p->key_b, headers, body_of("sink", false, json_string(mark)), &a) && a.status == 200 && probe_sink_saw(p, mark);
    *status = a.status;
    probe_answer_free(&a);
    return ok;
}

static probe_verdict session_headers(probe *p)
{
    long status;
    const char *const headers[] = {"x-claude-code-session-id: sess-0815", "session-id: sess-0815", "thread-id: sess-0815", "x-session-affinity: sess-0815",
                                   "openai-organization: sess-0815", "anthropic-workspace: sess-0815", "cookie: s=sess-0815", NULL};
    return !sent_on(p, headers, &status)       ? probe_say(p, PROBE_FAILED, "status %ld", status)
           : seen_header_holds(p, "sess-0815") ? probe_say(p, PROBE_BROKEN, "a session header went to the provider")
                                               : probe_say(p, PROBE_HELD, "none of them went to the provider");
}

static probe_verdict tag_stays(probe *p)
{
    long status;
    return !sent_on(p, (const char *const[]){"x-custos-repo: probe/tag-0815", NULL}, &status) ? probe_say(p, PROBE_FAILED, "status %ld", status)
           : seen_header_holds(p, "tag-0815") || strstr(seen_body(p), "tag-0815") ? probe_say(p, PROBE_BROKEN, "the repository's name went to the provider")
                                                                                   : probe_say(p, PROBE_HELD, "it did not go to the provider");
}

static probe_verdict key_stays(probe *p)
{
    long status;
    char line[100];
    snprintf(line, sizeof line, "authorization: Bearer %s", p->key_b);
    return !sent_on(p, (const char *const[]){line, NULL}, &status) ? probe_say(p, PROBE_FAILED, "status %ld", status)
           : seen_header_holds(p, p->key_b) || strstr(seen_body(p), p->key_b) ? probe_say(p, PROBE_BROKEN, "the caller's key went to the provider")
                                                                               : probe_say(p, PROBE_HELD, "the provider saw another credential");
}

/* --- keys --- */

static probe_verdict refused(probe *p, const char *key, const char *const *headers)
{
    char mark[16];
    probe_answer a;
    probe_word(mark, 12);
    bool ok = send(p, key, headers, body_of("sink", false, json_string(mark)), &a);
    long status = a.status;
    probe_answer_free(&a);
    if (!ok || !probe_see(p))
        return probe_say(p, PROBE_FAILED, "nothing answered");
    return probe_sink_saw(p, mark)     ? probe_say(p, PROBE_BROKEN, "the provider received the request")
           : status >= 400             ? probe_say(p, PROBE_HELD, "refused with %ld, and nothing was forwarded", status)
                                       : probe_say(p, PROBE_FAILED, "status %ld", status);
}

/* A revocation is in force everywhere within five seconds. */
static probe_verdict revoked_key(probe *p)
{
    while (cu_mono_ns() - p->revoked_ns < REVOKED_NS)
        usleep(50000);
    return refused(p, p->key_revoked, NULL);
}

static probe_verdict no_key(probe *p) { return refused(p, NULL, NULL); }

static probe_verdict guessed_key(probe *p)
{
    char key[64];
    snprintf(key, sizeof key, "%s", p->key_a);
    key[strlen(key) - 1] = key[strlen(key) - 1] == 'a' ? 'b' : 'a';
    return refused(p, key, NULL);
}

static probe_verdict key_id_as_key(probe *p) { return refused(p, p->id_a, NULL); }

static probe_verdict surrogate_header(probe *p)
{
    char line[100];
    snprintf(line, sizeof line, "anthropic-beta: %s\"", p->surrogate);
    return refused(p, p->key_b, (const char *const[]){line, NULL});
}

/* --- other APIs --- */

static probe_verdict typed_at(probe *p, const char *key, const char *path, const char *fmt)
{
    char body[1000];
    probe_answer a;
    const char *at = strchr(fmt, '@');
    snprintf(body, sizeof body, "%.*s%s%s", (int)(at - fmt), fmt, p->surrogate, at + 1);
    bool ok = probe_post(p, path, key, NULL, body, &a);
    return not_restored(p, ok, &a);
}

static probe_verdict in_chat(probe *p)
{
    return typed_at(p, p->key_b, "/vendor/sink/v1/chat/completions", "{\"model\":\"sink\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"say @\"}]}");
}

static probe_verdict in_chat_tool(probe *p)
{
    return typed_at(p, p->key_b, "/vendor/sink/v1/chat/completions",
                    "{\"model\":\"sink\",\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"{\\\"a\\\":\\\"@\\\"}\"}]}");
}

static probe_verdict in_responses(probe *p)
{
    return typed_at(p, p->key_b, "/vendor/sink/v1/responses", "{\"model\":\"sink\",\"stream\":true,\"input\":\"say @\"}");
}

static probe_verdict in_gemini(probe *p)
{
    return typed_at(p, p->key_b, "/vendor/sink/v1beta/models/sink:streamGenerateContent?alt=sse", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"say @\"}]}]}");
}

/* The provider keeps A's conversation; B, and then A, go on with it by its id. */
static probe_verdict previous_response(probe *p)
{
    static const char go_on[] = "{\"model\":\"sink\",\"previous_response_id\":\"resp_sink\",\"input\":\"say @\"}";
    char body[300];
    probe_answer a;
    snprintf(body, sizeof body, "{\"model\":\"sink\",\"input\":\"%s\"}", p->value);
    bool ok = probe_post(p, "/vendor/sink/v1/responses", p->key_a, NULL, body, &a) && a.status == 200;
    probe_answer_free(&a);
    probe_verdict v = ok ? typed_at(p, p->key_b, "/vendor/sink/v1/responses", go_on) : probe_say(p, PROBE_FAILED, "tenant A could not ask");
    if (v != PROBE_HELD)
        return v;
    char exchange[40], saw[120];
    memcpy(exchange, p->exchange, sizeof exchange);
    memcpy(saw, p->saw, sizeof saw);
    bool own = typed_at(p, p->key_a, "/vendor/sink/v1/responses", go_on) == PROBE_BROKEN; /* to its owner it must come back */
    memcpy(p->exchange, exchange, sizeof exchange);
    memcpy(p->saw, saw, sizeof saw);
    return own ? v : probe_say(p, PROBE_FAILED, "the value did not come back to its owner either");
}

/* --- code --- */

/* Whether an answer to B that holds this text raises an alarm. */
static probe_verdict shown(probe *p, const char *sent_by_a, bool expected)
{
    probe_answer a;
    long long before = probe_status(p, "isolation", "probe_leak_suspected"), now = before;
    /* a third request of A, so that the sink's memory holds it; as a reading tool would send it */
    if (before < 0 || !ask(p, p->key_a, "sink", false, sent_by_a, &a))
        return probe_say(p, PROBE_FAILED, "tenant A could not ask");
    probe_answer_free(&a);
    bool ok = ask(p, p->key_b, "sink-recall", true, "show me some code", &a) && a.status == 200 && a.text.n > 1000;
    probe_answer_free(&a);
    for (int i = 0; ok && i < (expected ? 100 : 30) && now <= before; i++) {
        usleep(50000);
        now = probe_status(p, "isolation", "probe_leak_suspected");
    }
    if (!ok)
        return probe_say(p, PROBE_FAILED, "the sink did not show the code");
    return (now > before) == expected ? probe_say(p, PROBE_HELD, expected ? "an incident was raised" : "no alarm was raised")
                                    : probe_say(p, PROBE_BROKEN, expected ? "no incident was raised" : "a false alarm was raised");
}

static probe_verdict code_leak(probe *p) { return shown(p, p->code, true); }

/* The same code as another tool lays it out. */
static probe_verdict code_leak_laid_out(probe *p)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    unsigned line = 1;
    cu_buf_str(&b, "     1\t");
    for (const char *s = p->code; *s; s++) {
        cu_buf_byte(&b, (uint8_t)*s);
        if (*s == '\n')
            cu_buf_fmt(&b, "// step\n%6u\t  ", ++line);
    }
    return shown(p, cu_buf_cstr(&b), true);
}

/* What both have sent belongs to neither. */
static probe_verdict common_code(probe *p)
{
    static const char text[] =
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint compare(const void *first, const void *second)\n{\n    const int *left = first, *right = second;\n"
        "    return *left < *right ? -1 : *left > *right;\n}\nint main(int argc, char **argv)\n{\n    size_t count = 0, room = 16;\n    int *values = malloc(room * sizeof *values);\n"
        "    while (values && scanf(\"%d\", &values[count]) == 1) {\n        if (++count == room) {\n            int *larger = realloc(values, 2 * room * sizeof *values);\n"
        "            if (!larger)\n                break;\n            values = larger;\n            room *= 2;\n        }\n    }\n    qsort(values, count, sizeof *values, compare);\n"
        "    for (size_t index = 0; index < count; index++)\n        printf(\"%d\\n\", values[index]);\n    free(values);\n    return EXIT_SUCCESS;\n}\n"
        "static void reverse(char *text)\n{\n    size_t length = strlen(text);\n    for (size_t index = 0; index < length / 2; index++) {\n        char other = text[index];\n"
        "        text[index] = text[length - 1 - index];\n        text[length - 1 - index] = other;\n    }\n}\n";
    probe_answer a;
    if (!ask(p, p->key_b, "sink", false, text, &a))
        return probe_say(p, PROBE_FAILED, "tenant B could not ask");
    probe_answer_free(&a);
    return shown(p, text, false);
}

/* --- the list --- */

const probe_attack probe_isolation_attacks[] = {
    {"surrogate-text", "B types A's surrogate in a message", in_text},
    {"surrogate-deltas", "B types A's surrogate, and the stream of the answer cuts it", in_deltas},
    {"surrogate-tool-result", "B sends A's surrogate as a tool's result", in_tool_result},
    {"surrogate-nested-json", "A's surrogate in JSON in a string, streamed", in_nested_json},
    {"surrogate-escaped", "A's surrogate spelled with \\u escapes", escaped},
    {"surrogate-thinking", "the model thinks A's surrogate", in_thinking},
    {"surrogate-thinking-deltas", "the model thinks A's surrogate, streamed", in_thinking_deltas},
    {"surrogate-tool-input", "the model writes A's surrogate into a file", in_tool_input},
    {"surrogate-tool-deltas", "the model writes A's surrogate into a file, its JSON in pieces", in_tool_deltas},
    {"surrogate-code", "the model writes A's surrogate between quotes of a program", in_code},
    {"surrogate-beside-own", "A's surrogate beside a value of B's own", beside_own},
    {"surrogate-typed-by-owner", "A types a surrogate whose value this request did not bring", placeholder_typed},
    {"surrogate-recalled", "a provider shows B what A sent before", recalled},
    {"surrogate-chat", "A's surrogate through OpenAI's chat, streamed", in_chat},
    {"surrogate-chat-tool", "A's surrogate in a tool's result of OpenAI's chat, JSON in a string", in_chat_tool},
    {"surrogate-responses", "A's surrogate through OpenAI's responses, which say it several times", in_responses},
    {"surrogate-gemini", "A's surrogate through Gemini, streamed", in_gemini},
    {"same-value", "B sends the value that A sent", same_value},
    {"same-text-memo", "B sends a long text that was scanned for A", through_memo},
    {"tenant-header", "B names A's tenant in headers", tenant_header},
    {"identity-headers", "B names A as a proxy in front would", forwarded_header},
    {"tag-of-other-tenant", "B tags the request with a repository of A", tag_header},
    {"second-key", "B's key, and A's in a second header", second_header},
    {"tenant-in-body", "B names A's tenant in the body", tenant_in_body},
    {"cache-key", "both use the same prompt_cache_key", cache_key},
    {"cache-key-stolen", "B uses the cache key that A has outside", stolen_cache_key},
    {"user", "both are called the same in user", user_member},
    {"safety-identifier", "both use the same safety_identifier", safety_identifier},
    {"user-id", "both send the same metadata.user_id, JSON in a string", user_id},
    {"session-id", "both use the same session_id", session_member},
    {"client-metadata", "both send the same client_metadata", client_metadata},
    {"session-headers", "B sends session, organisation and cookie headers", session_headers},
    {"tag-header-upstream", "the repository's tag on its way to the provider", tag_stays},
    {"key-upstream", "the caller's key on its way to the provider", key_stays},
    {"previous-response", "B goes on with a response of A that the provider keeps", previous_response},
    {"key-revoked", "a revoked key", revoked_key},
    {"key-none", "no key", no_key},
    {"key-guessed", "A's key with one character changed", guessed_key},
    {"key-id", "the public id of A's key as a key", key_id_as_key},
    {"surrogate-header", "A's surrogate in a header of the API", surrogate_header},
    {"code-leak", "an answer to B holds code that A sent", code_leak},
    {"code-leak-laid-out", "an answer to B holds A's code with line numbers and comments", code_leak_laid_out},
    {"code-common", "an answer to B holds code that both sent", common_code},
};
const size_t probe_isolation_n = sizeof probe_isolation_attacks / sizeof *probe_isolation_attacks;

/* --- before the first --- */

static void make_code(probe *p)
{
    char name[16];
    size_t at = 0;
    for (int i = 0; i < 60; i++) {
        uint32_t r;
        cu_random(&r, sizeof r);
        probe_word(name, 9);
        at += (size_t)snprintf(p->code + at, sizeof p->code - at, "    int %s = fold_%u(slot->%c%u, %u);\n", name, r & 0xff, 'a' + (int)(r >> 9 & 15), r >> 13 & 0x3ff,
                               r >> 23 & 0x7f);
    }
}

bool probe_isolation_setup(probe *p)
{
    if (!probe_new_key(p, "probe-a", 3600, 0, p->key_revoked, p->id_revoked) || !probe_drop_key(p, p->id_revoked))
        return (probe_say(p, PROBE_FAILED, "a key could not be issued and revoked"), false);
    p->revoked_ns = cu_mono_ns();
    char user[16], host[16];
    probe_answer a;
    probe_word(user, 10);
    probe_word(host, 10);
    snprintf(p->value, sizeof p->value, "%s@%s.net", user, host);
    probe_word(user, 10);
    snprintf(p->value_b, sizeof p->value_b, "%s@%s.org", user, host);
    make_code(p);
    bool ok = ask(p, p->key_a, "sink", false, p->value, &a) && a.status == 200;
    if (!ok)
        probe_say(p, PROBE_FAILED, "tenant probe-a was answered with %ld", a.status);
    else if (!probe_see(p) || strstr(seen_body(p), p->value) || !surrogate_in(seen_body(p), p->surrogate))
        ok = (probe_say(p, PROBE_FAILED, "the value was not replaced on its way out"), false);
    else if (!holds(&a.text, p->value))
        ok = (probe_say(p, PROBE_FAILED, "the value did not come back to its owner"), false);
    probe_answer_free(&a);
    return ok;
}
