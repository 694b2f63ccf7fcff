#include "admin.h"

#define ANSWER_MAX ((size_t)96 << 20)
#include <stdio.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>

/* Whoever signed in with custos person signin acts; nobody else could make such a token. */
static void set_session(CURL *c)
{
    char cookie[100];
    const char *s = getenv("CUSTOS_SESSION");
    if (!s || !*s)
        return;
    snprintf(cookie, sizeof cookie, "custos_session=%.64s", s);
    curl_easy_setopt(c, CURLOPT_COOKIE, cookie);
}

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

cu_err cu_admin_call(const char *run_dir, const char *method, const char *path, cu_bytes body, long *status,
                     cu_buf *out, cu_fault *f)
{
    char sock[4200], url[512];
    CURL *c = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    *status = 0;
    if (!c || !headers)
        return CU_NOMEM;
    snprintf(sock, sizeof sock, "%s/admin.sock", run_dir);
    snprintf(url, sizeof url, "http://localhost%s", path);
    curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, sock);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 120L);
    set_session(c);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    if (body.n) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    }
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK)
        return cu_fail(f, CU_STATE, "Custos does not answer at %.200s (%s); start it with custos serve, with the same --config", sock,
                       curl_easy_strerror(rc));
    return CU_OK;
}

typedef struct {
    CURL *c;
    FILE *to;
    cu_buf *problem;
} streamed;

static size_t stream_on(char *p, size_t size, size_t n, void *arg)
{
    const streamed *s = arg;
    long status = 0;
    curl_easy_getinfo(s->c, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 || status == 201)
        return fwrite(p, size, n, s->to) * size;
    cu_buf_put(s->problem, p, size * n);
    return s->problem->err ? 0 : size * n;
}

cu_err cu_admin_stream(const char *run_dir, const char *method, const char *path, cu_bytes body, FILE *to, long *status, cu_buf *problem,
                       cu_fault *f)
{
    char sock[4200], url[4200];
    streamed s = {curl_easy_init(), to, problem};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    *status = 0;
    if (!s.c || !headers)
        return CU_NOMEM;
    snprintf(sock, sizeof sock, "%s/admin.sock", run_dir);
    snprintf(url, sizeof url, "http://localhost%s", path);
    curl_easy_setopt(s.c, CURLOPT_UNIX_SOCKET_PATH, sock);
    curl_easy_setopt(s.c, CURLOPT_URL, url);
    curl_easy_setopt(s.c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(s.c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(s.c, CURLOPT_WRITEFUNCTION, stream_on);
    set_session(s.c);
    curl_easy_setopt(s.c, CURLOPT_WRITEDATA, &s);
    curl_easy_setopt(s.c, CURLOPT_PROXY, "");
    if (body.n) {
        curl_easy_setopt(s.c, CURLOPT_POSTFIELDSIZE, (long)body.n);
        curl_easy_setopt(s.c, CURLOPT_POSTFIELDS, body.p);
    }
    CURLcode rc = curl_easy_perform(s.c);
    curl_easy_getinfo(s.c, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(s.c);
    if (rc == CURLE_WRITE_ERROR || ferror(to))
        return cu_fail(f, CU_IO, "the answer could not be written");
    if (rc != CURLE_OK)
        return cu_fail(f, CU_STATE, "Custos does not answer at %.200s (%s); start it with custos serve, with the same --config", sock, curl_easy_strerror(rc));
    return CU_OK;
}

int cu_open_config(const cu_run *r, cu_arena *a, cu_config *c, char run_dir[4096])
{
    cu_fault f = {0};
    cu_arena_init(a, 64u << 20);
    cu_err e = cu_config_load(cu_run_option(r, "config"), false, a, c, &f);
    if (e == CU_OK)
        e = cu_run_dir(c, run_dir, 4096);
    return e == CU_OK ? 0 : cu_run_fault(r, e, &f);
}

int cu_admin_problem(const cu_run *r, long status, cu_buf *out)
{
    json_t *p = json_loadb((const char *)out->p, out->n, 0, NULL);
    const char *detail = json_string_value(json_object_get(p, "detail"));
    int rc = cu_run_fail(r, status == 404 ? CU_NOT_FOUND : CU_STATE, "%s", detail ? detail : "the daemon refused");
    json_decref(p);
    return rc;
}

int cu_admin_document(const cu_run *r, const char *run_dir, const char *method, const char *path, cu_bytes in, cu_buf *out)
{
    char *text = NULL;
    size_t n = 0;
    long status;
    cu_fault f = {0};
    cu_buf problem CU_CLEAN_BUF = CU_BUF(1u << 20);
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return cu_run_fail(r, CU_NOMEM, "out of memory");
    cu_err e = cu_admin_stream(run_dir, method, path, in, to, &status, &problem, &f);
    fclose(to);
    bool fine = e == CU_OK && (status == 200 || status == 201);
    if (fine)
        cu_buf_put(out, text, n);
    free(text);
    if (fine)
        return cu_buf_err(out) == CU_OK ? 0 : cu_run_fail(r, CU_TOO_BIG, "the daemon's answer is too long");
    return e != CU_OK ? cu_run_fault(r, e, &f) : cu_admin_problem(r, status, &problem);
}

int cu_admin_json(const cu_run *r, const char *run_dir, const char *method, const char *path, json_t *in, json_t **out)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    char *text = in ? json_dumps(in, JSON_COMPACT) : NULL;
    json_decref(in);
    int rc = cu_admin_document(r, run_dir, method, path, cu_str(text), &body);
    free(text);
    if (rc)
        return rc;
    *out = json_loadb((const char *)body.p, body.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the daemon's answer is no JSON");
}
