#include "oidc_http.h"
#include <curl/curl.h>
#include <stdio.h>

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

static int stopped(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    return *((const app *)arg)->stop;
}

bool oidc_http_may(const char *url)
{
    static const char *const here[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    bool ok = strncmp(url, "https://", 8) == 0;
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(here[i]);
        ok |= strncmp(url, here[i], n) == 0 && (url[n] == ':' || url[n] == '/');
    }
    for (const char *p = url; *p && ok; p++)
        ok = *p > ' ' && *p < 0x7f && *p != '@' && *p != '#' && *p != '"' && *p != '\\';
    return ok;
}

void oidc_put_pair(cu_buf *b, const char *name, const char *value)
{
    cu_buf_fmt(b, "&%s=", name);
    for (const char *p = value; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p);
        if (plain)
            cu_buf_byte(b, (uint8_t)*p);
        else
            cu_buf_fmt(b, "%%%02X", (uint8_t)*p);
    }
}

/* Both parts are form-encoded before they are joined. */
static void set_client(CURL *c, const app *a)
{
    cu_buf id CU_CLEAN_BUF = CU_BUF(4096), secret CU_CLEAN_BUF = CU_BUF(16384);
    oidc_put_pair(&id, "i", a->config->signin.oidc.client_id);
    oidc_put_pair(&secret, "s", a->config->signin.oidc.client_secret);
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(c, CURLOPT_USERNAME, cu_buf_cstr(&id) + 3);
    curl_easy_setopt(c, CURLOPT_PASSWORD, cu_buf_cstr(&secret) + 3);
}

cu_err oidc_http(const app *a, const char *url, const cu_buf *form, cu_buf *out, cu_fault *f)
{
    long status = 0;
    CURL *c = curl_easy_init();
    if (!c)
        return CU_NOMEM;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 3L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, stopped);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
    if (form) {
        set_client(c, a);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)form->n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, form->p);
    }
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK)
        return cu_fail(f, CU_IO, "the provider cannot be asked: %.150s", rc == CURLE_WRITE_ERROR ? "its answer is too large" : curl_easy_strerror(rc));
    return status == 200 ? CU_OK : cu_fail(f, CU_IO, "the provider answers with %ld", status);
}
