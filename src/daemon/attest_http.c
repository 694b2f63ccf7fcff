#include <curl/curl.h>
#include <stdio.h>
#include "attest.h"

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

static int stopped(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    return *((const app *)arg)->stop;
}

cu_err attest_http(const app *a, const char *url, const char *type, cu_bytes body, size_t ceiling, long *status, cu_buf *out, char why[200])
{
    char header[100];
    CURL *c = curl_easy_init();
    snprintf(header, sizeof header, "Content-Type: %.60s", type ? type : "");
    struct curl_slist *headers = type ? curl_slist_append(NULL, header) : NULL;
    *status = 0;
    if (!c || (type && !headers))
        return CU_NOMEM;
    out->ceiling = out->n + ceiling;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 3L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 8L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, stopped);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
    if (type) {
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    }
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK)
        snprintf(why, 200, "%.150s", rc == CURLE_WRITE_ERROR ? "its answer is too large" : curl_easy_strerror(rc));
    return rc == CURLE_OK ? CU_OK : CU_IO;
}
