/* custos demo: one coding request through the gateway to the built-in sink, and what each side saw. */
#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>
#include "admin.h"
#include "base/digest.h"
#include "base/file.h"
#include "ledger/log.h"

#define PLANTED 3
#define SEALED_MS 30000u /* how long a sealed entry is waited for; ordinarily it is there at once */

typedef struct {
    const cu_run *r;
    cu_config config;
    char run_dir[4096], base[200], key[80], id[64];
    char value[PLANTED][80];
    cu_buf prompt, body, got, seen;
} demo;

/* Invented at each run; in this file there is nothing that looks like a secret. */
static void plant(demo *d)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t rnd[16];
    char digits[17] = "4";
    int sum = 0;
    cu_random(rnd, sizeof rnd);
    snprintf(d->value[0], sizeof d->value[0], "%s.%c%c%s", "ada", 'a' + rnd[0] % 26, 'a' + rnd[1] % 26, "@example.org");
    for (int i = 1; i < 15; i++)
        digits[i] = (char)('0' + rnd[i] % 10);
    for (int i = 0; i < 15; i++) { /* Luhn: every second digit from the right is doubled */
        int v = digits[i] - '0';
        v = i % 2 == 0 ? v * 2 : v;
        sum += v > 9 ? v - 9 : v;
    }
    digits[15] = (char)('0' + (10 - sum % 10) % 10);
    snprintf(d->value[1], sizeof d->value[1], "%s", digits);
    snprintf(d->value[2], sizeof d->value[2], "%s%s", "AK", "IA");
    cu_random(rnd, sizeof rnd);
    for (int i = 0; i < 16; i++)
        d->value[2][4 + i] = upper[rnd[i] & 31];
    cu_buf_fmt(&d->prompt, "Why does this fail?\n\n  aws_access_key_id = %s\n  notify = \"%s\"\n  test_card = %s  # checkout\n", d->value[2],
               d->value[0], d->value[1]);
}

static size_t receive(char *p, size_t size, size_t n, void *to)
{
    cu_buf_put(to, p, size * n);
    return cu_buf_err(to) == CU_OK ? size * n : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *to)
{
    demo *d = to;
    if (n > 12 && strncasecmp(p, "request-id: ", 12) == 0)
        snprintf(d->id, sizeof d->id, "%.*s", (int)strcspn(p + 12, "\r\n"), p + 12);
    return size * n;
}

static cu_err http(demo *d, const char *url, const char *key, cu_bytes body, cu_buf *out, long *status, cu_fault *f)
{
    char header[120];
    CURL *c = curl_easy_init();
    struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json");
    if (!c || !h)
        return CU_NOMEM;
    h = curl_slist_append(h, "anthropic-version: 2023-06-01");
    snprintf(header, sizeof header, "x-api-key: %s", key ? key : "");
    if (key)
        h = curl_slist_append(h, header);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, d);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L); /* our own listener on this machine */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    if (body.n) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    }
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(h);
    curl_easy_cleanup(c);
    return rc == CURLE_OK ? CU_OK : cu_fail(f, CU_STATE, "%.100s does not answer: %s", url, curl_easy_strerror(rc));
}

static cu_err issue_key(demo *d, cu_fault *f)
{
    char body[200];
    long status;
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(body, sizeof body, "{\"tenant\":\"%s\",\"user\":\"demo\"}", d->config.tenants[0].name);
    CU_TRY(cu_admin_call(d->run_dir, "POST", "/api/v1/keys", cu_str(body), &status, &out, f));
    json_t *o = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *key = json_string_value(json_object_get(o, "key"));
    snprintf(d->key, sizeof d->key, "%s", key ? key : "");
    json_decref(o);
    return d->key[0] ? CU_OK : cu_fail(f, CU_STATE, "no key could be issued for the demonstration");
}

/* The text of a stream, as a client puts it together. */
static void assemble(cu_buf *stream, cu_buf *text)
{
    char *save = NULL;
    char *copy = strdup(cu_buf_cstr(stream));
    for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "data: ", 6) != 0)
            continue;
        json_t *e = json_loads(line + 6, 0, NULL);
        const char *piece = json_string_value(json_object_get(json_object_get(e, "delta"), "text"));
        if (piece)
            cu_buf_str(text, piece);
        json_decref(e);
    }
    free(copy);
}

static cu_err send_request(demo *d, cu_fault *f)
{
    char url[300];
    long status;
    cu_buf answer CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    cu_buf_str(&d->body, "{\"model\":\"sink\",\"max_tokens\":1024,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":");
    cu_buf_json_string(&d->body, cu_buf_view(&d->prompt));
    cu_buf_str(&d->body, "}]}");
    snprintf(url, sizeof url, "%s/vendor/sink/v1/messages", d->base);
    CU_TRY(http(d, url, d->key, cu_buf_view(&d->body), &answer, &status, f));
    if (status != 200)
        return cu_fail(f, CU_STATE, "the gateway answered %ld: %.200s", status, cu_buf_cstr(&answer));
    assemble(&answer, &d->got);
    return CU_OK;
}

/* What arrived at the sink: the body, and the headers with it. */
static cu_err ask_sink(demo *d, cu_fault *f)
{
    char path[4200], url[100];
    long status;
    cu_buf port CU_CLEAN_BUF = CU_BUF(32), out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    snprintf(path, sizeof path, "%s/sink.port", d->run_dir);
    CU_TRY(cu_file_read(AT_FDCWD, path, &port));
    snprintf(url, sizeof url, "http://127.0.0.1:%s/__sink/last", cu_buf_cstr(&port));
    CU_TRY(http(d, url, NULL, CU_NONE, &out, &status, f));
    json_t *all = json_loadb((const char *)out.p, out.n, 0, NULL), *last = json_array_get(all, 0);
    const char *body = json_string_value(json_object_get(last, "body"));
    char *headers = json_dumps(json_object_get(last, "headers"), JSON_COMPACT);
    cu_buf_fmt(&d->seen, "%s\n", headers ? headers : "");
    if (body)
        cu_buf_str(&d->seen, body);
    free(headers);
    json_decref(all);
    return body ? CU_OK : cu_fail(f, CU_STATE, "the sink has seen nothing");
}

static void show(const char *title, cu_bytes text)
{
    printf("── %s ", title);
    for (size_t i = strlen(title); i < 70; i++)
        fputs("─", stdout);
    printf("\n%.*s%s\n", CU_FMT(text), text.n && text.p[text.n - 1] == '\n' ? "" : "\n");
}

static bool sealed_entry(demo *d, json_t **entry)
{
    char path[200];
    for (unsigned waited_ms = 0; waited_ms < SEALED_MS; waited_ms += 100, usleep(100000)) {
        cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
        cu_fault f;
        long status;
        snprintf(path, sizeof path, "/api/v1/exchanges/%.40s", d->id);
        if (cu_admin_call(d->run_dir, "GET", path, CU_NONE, &status, &out, &f) != CU_OK || status != 200)
            continue;
        json_t *x = json_loadb((const char *)out.p, out.n, 0, NULL);
        *entry = json_incref(json_array_get(json_object_get(x, "entries"), 0));
        json_decref(x);
        if (*entry)
            return true;
    }
    return false;
}

static bool fetch(demo *d, const char *log, const char *what, json_int_t index, cu_buf *out)
{
    char path[300];
    cu_fault f;
    long status;
    snprintf(path, sizeof path, "/api/v1/logs/%.80s/%s%lld", log, what, (long long)index);
    return cu_admin_call(d->run_dir, "GET", path, CU_NONE, &status, out, &f) == CU_OK && status == 200;
}

static bool show_proof(demo *d)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(65536), proof CU_CLEAN_BUF = CU_BUF(65536), vkey CU_CLEAN_BUF = CU_BUF(4096);
    cu_fault f = {0};
    json_t *entry = NULL;
    if (!sealed_entry(d, &entry)) {
        printf("The entry was not sealed within %u seconds; custos status says why.\n", SEALED_MS / 1000);
        return false;
    }
    const char *log = json_string_value(json_object_get(entry, "log"));
    json_int_t index = json_integer_value(json_object_get(entry, "index"));
    bool ok = fetch(d, log, "entries/", index, &leaf) && fetch(d, log, "proof?index=", index, &proof) &&
              fetch(d, log, "vkey?", index, &vkey);
    show("4  The sealed entry, and its proof", cu_buf_view(&leaf));
    printf("%s\n", cu_buf_cstr(&proof));
    ok = ok && cu_log_proof_verify(cu_buf_view(&proof), cu_buf_view(&leaf), cu_buf_view(&vkey), &f) == CU_OK;
    printf("%s The proof %s for entry %lld of log %s.\n", ok ? "✓" : "✗", ok ? "verifies" : f.text, (long long)index, log);
    json_decref(entry);
    return ok;
}

static bool check(const char *what, bool ok)
{
    printf("%s %s\n", ok ? "✓" : "✗", what);
    return ok;
}

static int run_demo(const cu_run *r)
{
    demo d = {.r = r, .prompt = CU_BUF(8192), .body = CU_BUF(65536), .got = CU_BUF(65536), .seen = CU_BUF((size_t)4 << 20)};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_fault f = {0};
    bool clean = true, ok;
    int rc = cu_open_config(r, &a, &d.config, d.run_dir);
    if (rc)
        return rc;
    snprintf(d.base, sizeof d.base, "%s", d.config.listen[0].url);
    plant(&d);
    cu_err e = issue_key(&d, &f);
    if (e == CU_OK)
        e = send_request(&d, &f);
    if (e == CU_OK)
        e = ask_sink(&d, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    show("1  What the client sent", cu_buf_view(&d.body));
    show("2  What the provider saw", cu_buf_view(&d.seen));
    show("3  What the client got back", cu_buf_view(&d.got));
    ok = show_proof(&d);
    for (int i = 0; i < PLANTED; i++)
        clean &= cu_find(cu_buf_view(&d.seen), cu_str(d.value[i]), 0) == (size_t)-1;
    clean &= cu_find(cu_buf_view(&d.seen), cu_str(d.key), 0) == (size_t)-1;
    ok &= check("None of the three values, nor the key, reached the provider.", clean);
    ok &= check("The client got every value back, byte for byte.", cu_eq(cu_buf_view(&d.got), cu_buf_view(&d.prompt)));
    cu_buf_free(&d.prompt);
    cu_buf_free(&d.body);
    cu_buf_free(&d.got);
    cu_buf_free(&d.seen);
    return ok ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

const cu_verb cu_verb_demo = {
    .name = "demo", .group = "guard", .operands = "", .run = run_demo,
    .summary = "send a sample request through the gateway and show what each side saw",
    .details = "Needs a running custos serve and no provider account. The values in it are invented at each run.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
