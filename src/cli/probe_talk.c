#include "probe_talk.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "signin/totp.h"

#define ANSWER_MAX ((size_t)16 << 20)

/* --- asking --- */

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

/* The value of the session's cookie, as a header to send. */
static size_t take_cookie(char *p, size_t size, size_t n, void *to)
{
    static const char name[] = "custos_session=";
    char line[400];
    snprintf(line, sizeof line, "%.*s", (int)(size * n), p);
    char *at = strncasecmp(line, "set-cookie:", 11) == 0 ? strstr(line, name) : NULL;
    if (at) {
        at[strcspn(at, ";\r\n")] = 0;
        snprintf(to, sizeof ((probe_person *)0)->session, "Cookie: %.120s", at);
    }
    return size * n;
}

static long over_http(const probe *in, const char *session, char *cookie, const char *method, const char *path, const char *body, cu_buf *out)
{
    char url[900];
    long status = 0;
    CURL *c = curl_easy_init();
    if (!c)
        return 0;
    struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json");
    if (session && *session)
        h = curl_slist_append(h, session);
    snprintf(url, sizeof url, "%s%s", in->url, path);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    if (body || strcmp(method, "GET") != 0)
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body ? body : "{}");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    if (cookie) {
        curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_cookie);
        curl_easy_setopt(c, CURLOPT_HEADERDATA, cookie);
    }
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    /* our own gateway on this machine, whose certificate is made for its public name */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    if (curl_easy_perform(c) == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(h);
    curl_easy_cleanup(c);
    return status;
}

long probe_api(probe *in, const probe_person *who, const char *method, const char *path, const char *body, json_t **out)
{
    cu_buf answer CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    long status = 0;
    if (in->foreign || who)
        status = over_http(in, who ? who->session : NULL, NULL, method, path, body, &answer);
    else if (cu_admin_call(in->run_dir, method, path, body ? cu_str(body) : CU_NONE, &status, &answer, NULL) != CU_OK)
        status = 0;
    if (out)
        *out = json_loadb((const char *)answer.p, answer.n, 0, NULL);
    return status;
}

long probe_step(probe *in, const probe_person *who, const char *type, const char *fields, json_t **out)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(8192);
    cu_buf_fmt(&body, "{\"type\":\"%s\",\"fields\":{%s}}", type, fields);
    return probe_api(in, who, "POST", "/api/v1/records", cu_buf_cstr(&body), out);
}

/* --- persons --- */

static int letter(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* RFC 4648, as the daemon shows a secret; false when it is not one of 20 bytes. */
static bool secret_of(const char *text, uint8_t out[20])
{
    uint64_t bits = 0;
    unsigned have = 0, n = 0;
    for (; text && *text && n < 20; text++) {
        int v = letter(*text);
        if (v < 0)
            return false;
        bits = bits << 5 | (unsigned)v;
        if ((have += 5) >= 8)
            out[n++] = (uint8_t)(bits >> (have -= 8));
    }
    return n == 20;
}

void probe_code(const probe_person *who, unsigned later, char out[8])
{
    uint64_t step = cu_now_ns() / 1000000000 / CU_TOTP_STEP_S + later;
    snprintf(out, 8, "%06u", cu_totp_code(cu_bytes_of(who->secret, sizeof who->secret), step, 6) % 1000000);
}

/* Whoever holds the invitation chooses a password and proves the authenticator. */
static bool take_invitation(probe *in, const char *token, probe_person *out)
{
    char body[400], code[8];
    cu_buf answer CU_CLEAN_BUF = CU_BUF(65536), joined CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(body, sizeof body, "{\"token\":\"%.120s\"}", token);
    if (over_http(in, NULL, NULL, "POST", "/api/v1/invitations", body, &answer) != 200)
        return false;
    json_t *shown = json_loadb((const char *)answer.p, answer.n, 0, NULL);
    bool ok = secret_of(json_string_value(json_object_get(shown, "secret")), out->secret);
    json_decref(shown);
    probe_code(out, 0, code);
    snprintf(body, sizeof body, "{\"token\":\"%.120s\",\"password\":\"%s\",\"code\":\"%s\"}", token, out->password, code);
    ok = ok && over_http(in, NULL, out->session, "POST", "/api/v1/invitations/accept", body, &joined) == 200 && out->session[0];
    cu_wipe(body, sizeof body);
    return ok;
}

bool probe_join(probe *in, const char *role, probe_person *out)
{
    char body[200];
    json_t *made = NULL;
    *out = (probe_person){.name = "probe-"};
    probe_word(out->name + 6, 8);
    probe_word(out->password, 24);
    if (in->foreign)
        return true;
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"role\":\"%s\"}", out->name, role);
    long status = probe_api(in, NULL, "POST", "/api/v1/people", body, &made);
    const char *token = json_string_value(json_object_get(made, "invitation"));
    bool ok = status == 201 && token && take_invitation(in, token, out);
    json_decref(made);
    return ok;
}

/* --- judging --- */

probe_verdict probe_must_refuse(probe *p, long status)
{
    return status == 0                    ? probe_say(p, PROBE_FAILED, "nothing answered")
           : status >= 200 && status < 300 ? probe_say(p, PROBE_BROKEN, "it was taken (%ld)", status)
           : status >= 400 && status < 500 ? probe_say(p, PROBE_HELD, "refused with %ld", status)
                                           : probe_say(p, PROBE_FAILED, "status %ld", status);
}

static json_t *among(json_t *all, const char *member, const char *value)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(all, "items"), i, x) {
        const char *its = member ? json_string_value(json_object_get(json_object_get(x, "body"), member)) : NULL;
        if (!member || (its && strcmp(its, value) == 0))
            return json_incref(x);
    }
    return NULL;
}

json_t *probe_entry(probe *in, const char *log, const char *type, const char *member, const char *value, unsigned ms)
{
    char path[200];
    json_t *found = NULL;
    snprintf(path, sizeof path, "/api/v1/logs/%s/entries?type=%s&bodies=yes&limit=200", log, type);
    for (uint64_t began = cu_mono_ns(); !found; usleep(100000)) {
        json_t *all = NULL;
        if (probe_api(in, NULL, "GET", path, NULL, &all) == 200)
            found = among(all, member, value);
        json_decref(all);
        if ((cu_mono_ns() - began) / 1000000 >= ms)
            break;
    }
    return found;
}

bool probe_real_key(probe *in, const char *user, const char *scopes, char key[64], char id[64])
{
    return probe_real_key_of(in, "default", user, scopes, key, id);
}

bool probe_real_key_of(probe *in, const char *tenant, const char *user, const char *scopes, char key[64], char id[64])
{
    char body[600];
    json_t *made = NULL;
    snprintf(body, sizeof body, "{\"tenant\":\"%s\",\"user\":\"%s\",\"name\":\"probe\"%s%s}", tenant, user, scopes ? ",\"scopes\":" : "", scopes ? scopes : "");
    long status = probe_api(in, NULL, "POST", "/api/v1/keys", body, &made);
    const char *k = json_string_value(json_object_get(made, "key")), *i = json_string_value(json_object_get(made, "id"));
    snprintf(key, 64, "%s", in->foreign ? "any" : k ? k : "");
    snprintf(id, 64, "%s", i ? i : "");
    json_decref(made);
    return in->foreign || (status == 201 && k && i);
}

bool probe_send(probe *in, const char *vendor, const char *key, const char *const *headers, const char *text, probe_answer *a)
{
    char path[120], body[2000];
    snprintf(path, sizeof path, "/vendor/%s/v1/messages", vendor);
    snprintf(body, sizeof body, "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", text);
    return probe_post(in, path, key, headers, body, a);
}
