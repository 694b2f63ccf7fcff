/* One message to one channel: mail by SMTP, or a signed POST. */
#include <curl/curl.h>
#include <stdio.h>
#include <time.h>
#include "notify.h"

#define BODY_MAX 16384u

static int stopped(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    return *((const app *)arg)->stop;
}

/* What a server says back is of no interest, and not kept. */
static size_t drop(char *p, size_t size, size_t n, void *arg)
{
    return size * n;
}

static CURL *begin(app *a, const char *url, const char *protocols)
{
    CURL *c = curl_easy_init();
    if (!c)
        return NULL;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    if (a->config->notify.ca)
        curl_easy_setopt(c, CURLOPT_CAINFO, a->config->notify.ca);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 15L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, stopped);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
    return c;
}

/* --- webhook --- */

static char *payload(const notify_message *m)
{
    json_t *v = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:O}", "id", m->key, "kind", m->kind, "type", m->type, "label", m->label, "at", m->at, "link", m->link, "fields", m->fields);
    char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(v);
    return text;
}

/* X-Custos-Signature: t=SECONDS,v1=HEX of HMAC-SHA256 over "SECONDS.BODY": who repeats an old message is found by its time. */
static void sign(const cu_notify_channel *c, const char *body, char out[160])
{
    cu_sha256 d;
    char seconds[24], hex[2 * CU_SHA256_LEN + 1];
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)(cu_now_ns() / 1000000000));
    cu_hmac_sha256_3(cu_str(c->secret), cu_str(seconds), CU_LIT("."), cu_str(body), &d);
    cu_hex(hex, d.b, sizeof d.b);
    snprintf(out, 160, "X-Custos-Signature: t=%s,v1=%s", seconds, hex);
}

static bool post(app *a, const cu_notify_channel *ch, const notify_message *m, char why[200])
{
    char signature[160];
    long status = 0;
    char *body = payload(m);
    CURL *c = body ? begin(a, ch->webhook, "http,https") : NULL;
    if (!c) {
        free(body);
        snprintf(why, 200, "memory ran out");
        return false;
    }
    sign(ch, body, signature);
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), signature);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    free(body);
    if (rc != CURLE_OK)
        snprintf(why, 200, "%.150s", curl_easy_strerror(rc));
    else if (status < 200 || status > 299)
        snprintf(why, 200, "it answers with %ld", status);
    return rc == CURLE_OK && status >= 200 && status <= 299;
}

/* --- mail --- */

typedef struct {
    const cu_buf *text;
    size_t at;
} reading_mail;

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    reading_mail *r = arg;
    size_t left = r->text->n - r->at, room = size * n, take = left < room ? left : room;
    memcpy(to, r->text->p + r->at, take);
    r->at += take;
    return take;
}

/* Labels are plain text of our own; anything else would have to be encoded, and is left out. */
static void put_plain(cu_buf *b, const char *s)
{
    for (; *s; s++)
        cu_buf_byte(b, *s >= ' ' && *s < 0x7f ? (uint8_t)*s : (uint8_t)'?');
}

static void put_fields(cu_buf *b, const json_t *fields)
{
    const char *key;
    json_t *x;
    json_object_foreach((json_t *)(uintptr_t)fields, key, x) {
        char *text = json_is_string(x) ? NULL : json_dumps(x, JSON_COMPACT | JSON_ENCODE_ANY);
        put_plain(b, key);
        cu_buf_str(b, ": ");
        put_plain(b, text ? text : json_is_string(x) ? json_string_value(x) : "");
        cu_buf_str(b, "\r\n");
        free(text);
    }
}

static void write_mail(const app *a, const cu_notify_channel *ch, const notify_message *m, cu_buf *b)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)(cu_now_ns() / 1000000000);
    struct tm t;
    gmtime_r(&now, &t);
    cu_buf_fmt(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\nFrom: <%s>\r\nTo: <%s>\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec,
               a->config->notify.from, ch->mail);
    cu_buf_str(b, "Subject: Custos: ");
    put_plain(b, m->label);
    cu_buf_fmt(b, "\r\nMessage-ID: <%s.%s@custos>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", ch->name, m->key);
    put_plain(b, m->label);
    cu_buf_fmt(b, "\r\n%s\r\n\r\n", m->at);
    put_fields(b, m->fields);
    cu_buf_fmt(b, "\r\nIn the console: %s\r\n", m->link);
}

static bool mail(app *a, const cu_notify_channel *ch, const notify_message *m, char why[200])
{
    const cu_config_notify *n = &a->config->notify;
    char from[300], to[300];
    cu_buf text CU_CLEAN_BUF = CU_BUF(BODY_MAX);
    write_mail(a, ch, m, &text);
    CURL *c = cu_buf_err(&text) == CU_OK ? begin(a, n->smtp, "smtp,smtps") : NULL;
    if (!c) {
        snprintf(why, 200, "the message is too long, or memory ran out");
        return false;
    }
    snprintf(from, sizeof from, "<%s>", n->from);
    snprintf(to, sizeof to, "<%s>", ch->mail);
    reading_mail r = {&text, 0};
    struct curl_slist *list = curl_slist_append(NULL, to);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, list);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(c, CURLOPT_READDATA, &r);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    if (!n->smtp_here)
        curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL); /* without STARTTLS nothing is sent */
    if (n->user) {
        curl_easy_setopt(c, CURLOPT_USERNAME, n->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, n->password);
    }
    CURLcode rc = curl_easy_perform(c);
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    if (rc != CURLE_OK)
        snprintf(why, 200, "%.150s", curl_easy_strerror(rc));
    return rc == CURLE_OK;
}

bool notify_deliver(app *a, const cu_notify_channel *c, const notify_message *m, char why[200])
{
    why[0] = 0;
    return c->mail ? mail(a, c, m, why) : post(a, c, m, why);
}
