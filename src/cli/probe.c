/* What probes do to a running Custos: requests, what the sink saw, keys of their own tenants. */
#include "probe.h"
#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"

#define ANSWER_MAX ((size_t)4 << 20)

/* --- requests --- */

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

static size_t one_header(char *p, size_t size, size_t n, void *to)
{
    size_t len = size * n;
    probe_answer *a = to;
    if (len > 12 && strncasecmp(p, "request-id: ", 12) == 0) {
        snprintf(a->exchange, sizeof a->exchange, "%.*s", (int)(len - 12), p + 12);
        a->exchange[strcspn(a->exchange, "\r\n")] = 0;
    }
    return len;
}

/* A content type among the further ones takes the place of ours. */
static struct curl_slist *headers_of(const char *key, const char *const *more)
{
    char line[200];
    bool typed = more && more[0] && strncasecmp(more[0], "content-type:", 13) == 0;
    struct curl_slist *h = typed ? NULL : curl_slist_append(NULL, "Content-Type: application/json");
    if (key) {
        snprintf(line, sizeof line, "x-api-key: %s", key);
        h = curl_slist_append(h, line);
    }
    for (size_t i = 0; more && more[i]; i++)
        h = curl_slist_append(h, more[i]);
    cu_wipe(line, sizeof line);
    return h;
}

/* --- what a model said --- */

static void join_block(const json_t *b, cu_buf *out)
{
    static const char *const members[] = {"text", "thinking", "partial_json"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *t = json_object_get(b, members[i]);
        if (json_is_string(t))
            cu_buf_add(out, cu_bytes_of(json_string_value(t), json_string_length(t)));
    }
    const json_t *input = json_object_get(b, "input");
    if (json_object_size(input)) {
        char *s = json_dumps(input, JSON_COMPACT);
        cu_buf_str(out, s ? s : "");
        free(s);
    }
}

static void add_string(const json_t *t, cu_buf *out)
{
    if (json_is_string(t))
        cu_buf_add(out, cu_bytes_of(json_string_value(t), json_string_length(t)));
}

/* An event, or a whole answer, of any API. */
static void join_event(const json_t *e, cu_buf *out)
{
    const char *type = json_string_value(json_object_get(e, "type"));
    const json_t *choice = json_array_get(json_object_get(e, "choices"), 0), *candidate = json_array_get(json_object_get(e, "candidates"), 0);
    join_block(json_object_get(e, "delta"), out);
    join_block(json_object_get(e, "content_block"), out);
    if (type && strcmp(type, "response.output_text.delta") == 0)
        add_string(json_object_get(e, "delta"), out);
    add_string(json_object_get(json_object_get(choice, "delta"), "content"), out);
    add_string(json_object_get(json_object_get(choice, "message"), "content"), out);
    add_string(json_object_get(json_array_get(json_object_get(json_object_get(candidate, "content"), "parts"), 0), "text"), out);
    const json_t *part = json_array_get(json_object_get(json_array_get(json_object_get(e, "output"), 0), "content"), 0);
    add_string(json_object_get(part, "text"), out);
}

static void join_text(cu_bytes body, cu_buf *out)
{
    json_t *whole = json_loadb((const char *)body.p, body.n, 0, NULL), *b;
    size_t i;
    json_array_foreach(json_object_get(whole, "content"), i, b)
        join_block(b, out);
    join_event(whole, out);
    for (size_t at = 0; !whole && (at = cu_find(body, CU_LIT("data: "), at)) != (size_t)-1;) {
        size_t end = cu_find(body, CU_LIT("\n"), at);
        end = end == (size_t)-1 ? body.n : end;
        json_t *e = json_loadb((const char *)body.p + at + 6, end - at - 6, 0, NULL);
        join_event(e, out);
        json_decref(e);
        at = end;
    }
    json_decref(whole);
}

bool probe_post(probe *p, const char *path, const char *key, const char *const *headers, const char *body, probe_answer *out)
{
    char url[600];
    *out = (probe_answer){.body = CU_BUF(ANSWER_MAX), .text = CU_BUF(ANSWER_MAX)};
    CURL *c = curl_easy_init();
    struct curl_slist *h = headers_of(key, headers);
    if (!c || !h)
        return false;
    snprintf(url, sizeof url, "%s%s", p->url, path);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
    if (body)
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &out->body);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, one_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, out);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    /* our own gateway on this machine, whose certificate is made for its public name */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
    curl_slist_free_all(h);
    curl_easy_cleanup(c);
    join_text(cu_buf_view(&out->body), &out->text);
    snprintf(p->exchange, sizeof p->exchange, "%s", out->exchange);
    return rc == CURLE_OK;
}

void probe_answer_free(probe_answer *a)
{
    cu_buf_free(&a->body);
    cu_buf_free(&a->text);
}

/* The newest of what the sink received; that holds this text, when one is given. */
static bool see(probe *p, const char *text)
{
    cu_buf url CU_CLEAN_BUF = CU_BUF(8192), out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    CURL *c = curl_easy_init();
    if (!c)
        return false;
    char *has = text ? curl_easy_escape(c, text, 0) : NULL;
    cu_buf_fmt(&url, "%s/__sink/last%s%s", p->sink, has ? "?has=" : "", has ? has : "");
    curl_easy_setopt(c, CURLOPT_URL, cu_buf_cstr(&url));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &out);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    CURLcode rc = curl_easy_perform(c);
    curl_free(has);
    curl_easy_cleanup(c);
    json_t *all = rc == CURLE_OK ? json_loadb((const char *)out.p, out.n, 0, NULL) : NULL;
    json_decref(p->seen);
    p->seen = json_incref(json_array_get(all, 0));
    json_decref(all);
    return p->seen != NULL;
}

bool probe_see(probe *p)
{
    return see(p, NULL);
}

probe_verdict probe_say(probe *p, probe_verdict v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->saw, sizeof p->saw, fmt, ap);
    va_end(ap);
    return v;
}

long long probe_status(const probe *p, const char *group, const char *name)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    long status;
    if (cu_admin_call(p->run_dir, "GET", "/api/v1/probes", CU_NONE, &status, &out, NULL) != CU_OK || status != 200)
        return -1;
    json_t *all = json_loadb((const char *)out.p, out.n, 0, NULL);
    const json_t *v = json_object_get(json_object_get(json_object_get(all, group), name), "count");
    long long n = json_is_integer(v) ? json_integer_value(v) : -1;
    json_decref(all);
    return n;
}

/* --- keys --- */

bool probe_new_key(const probe *p, const char *tenant, unsigned seconds, unsigned per_minute, char key[64], char id[64])
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536), body CU_CLEAN_BUF = CU_BUF(256);
    long status;
    cu_buf_fmt(&body, "{\"tenant\":\"%s\",\"seconds\":%u", tenant, seconds);
    if (per_minute)
        cu_buf_fmt(&body, ",\"requests_per_minute\":%u", per_minute);
    cu_buf_byte(&body, '}');
    if (cu_admin_call(p->run_dir, "POST", "/api/v1/probe-keys", cu_buf_view(&body), &status, &out, NULL) != CU_OK || status != 201)
        return false;
    json_t *k = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *the_key = json_string_value(json_object_get(k, "key")), *the_id = json_string_value(json_object_get(k, "id"));
    snprintf(key, 64, "%s", the_key ? the_key : "");
    snprintf(id, 64, "%s", the_id ? the_id : "");
    json_decref(k);
    return key[0] != 0;
}

bool probe_drop_key(const probe *p, const char *id)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    char path[120];
    long status = 0;
    snprintf(path, sizeof path, "/api/v1/keys/%s", id);
    if (*id == 0 || (cu_admin_call(p->run_dir, "DELETE", path, CU_NONE, &status, &out, NULL) == CU_OK && status == 204))
        return true;
    fprintf(stderr, "custos probe: the key %s could not be revoked; it ends by itself within the hour\n", id);
    return false;
}

bool probe_find_sink(probe *p)
{
    char path[4200];
    cu_buf port CU_CLEAN_BUF = CU_BUF(16);
    snprintf(path, sizeof path, "%s/sink.port", p->run_dir);
    if (cu_file_read(AT_FDCWD, path, &port) != CU_OK)
        return false;
    snprintf(p->sink, sizeof p->sink, "http://127.0.0.1:%d", atoi(cu_buf_cstr(&port)));
    return true;
}

bool probe_sink_saw(probe *p, const char *text)
{
    return see(p, text);
}

void probe_word(char *out, size_t n)
{
    cu_random(out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + (unsigned char)out[i] % 26);
    out[n] = 0;
}
