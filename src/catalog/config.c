/* custos.yaml: a strict walk over the YAML tree. Each key is known or refused by name and line. */
#include "catalog/config.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"
#include "catalog/yaml.h"

#define MAX_LISTEN 16u
#define MAX_TENANTS 10000u
#define MAX_VENDORS 1000u
#define CREDENTIAL_MAX 8192u

typedef struct {
    const char *path;
    bool resolve;
    cu_arena *a;
    cu_config *c;
    cu_fault *f;
} load;

static cu_err wrong(const load *l, const cu_yaml *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static cu_err wrong(const load *l, const cu_yaml *n, const char *fmt, ...)
{
    char text[220];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cu_fail(l->f, CU_CONFIG, "%.80s:%u: %s", l->path, n->line, text);
    if (l->f)
        l->f->line = n->line;
    return CU_CONFIG;
}

/* keys: names separated by blanks, for the message as well. */
static cu_err only(const load *l, const cu_yaml *map, const char *where, const char *keys)
{
    if (map->kind != CU_YAML_MAP)
        return wrong(l, map, "%s must be a map", where);
    for (const cu_yaml *k = map->first; k; k = k->next) {
        char name[66];
        snprintf(name, sizeof name, " %.*s ", k->key.n < 60 ? (int)k->key.n : 60, (const char *)k->key.p);
        char list[200];
        snprintf(list, sizeof list, " %s ", keys);
        if (!strstr(list, name))
            return wrong(l, k, "unknown key \"%.40s\" in %s; known are: %s", name + 1, where, keys);
    }
    return CU_OK;
}

static cu_err text_of(const load *l, const cu_yaml *n, const char *name, char **out)
{
    if (n->kind != CU_YAML_SCALAR || n->text.n == 0 || memchr(n->text.p, 0, n->text.n))
        return wrong(l, n, "%s must be a text", name);
    *out = cu_arena_str(l->a, n->text);
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err number_of(const load *l, const cu_yaml *n, const char *name, uint32_t min, uint32_t max, uint32_t *out)
{
    char *end = NULL, *s;
    if (n->kind != CU_YAML_SCALAR || n->quoted)
        return wrong(l, n, "%s must be a number from %u to %u", name, min, max);
    CU_TRY(text_of(l, n, name, &s));
    unsigned long v = strtoul(s, &end, 10);
    if (*end || s[0] < '0' || s[0] > '9' || v < min || v > max)
        return wrong(l, n, "%s must be a number from %u to %u", name, min, max);
    *out = (uint32_t)v;
    return CU_OK;
}

/* Names of tenants and vendors appear in paths and logs. */
static bool is_name(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= 'a' && b.p[i] <= 'z') || (b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] == '-' && i)))
            return false;
    return b.n > 0 && b.n <= 63;
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

/* "host:port", "[v6]:port". */
static bool split_address(cu_arena *a, const char *text, char **host, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    char *end;
    if (!colon || colon == text)
        return false;
    cu_bytes h = cu_bytes_of(text, (size_t)(colon - text));
    bool v6 = h.p[0] == '[' && h.p[h.n - 1] == ']';
    if (v6)
        h = cu_slice(h, 1, h.n - 1);
    else if (memchr(h.p, ':', h.n))
        return false;
    unsigned long p = strtoul(colon + 1, &end, 10);
    if (*end || colon[1] < '0' || colon[1] > '9' || p == 0 || p > 65535)
        return false;
    *host = cu_arena_str(a, h);
    *port = (uint16_t)p;
    struct in_addr v4;
    struct in6_addr six;
    return *host && (v6 ? inet_pton(AF_INET6, *host, &six) == 1
                        : inet_pton(AF_INET, *host, &v4) == 1 || strcmp(*host, "localhost") == 0);
}

static cu_err one_listen(const load *l, const cu_yaml *n, cu_config_listen *out)
{
    CU_TRY(only(l, n, "an entry of listen", "address tls"));
    const cu_yaml *address = cu_yaml_get(n, "address"), *tls = cu_yaml_get(n, "tls");
    if (!address)
        return wrong(l, n, "an entry of listen needs an address, like 127.0.0.1:4180");
    CU_TRY(text_of(l, address, "address", &out->text));
    if (!split_address(l->a, out->text, &out->host, &out->port))
        return wrong(l, address, "address must be ADDRESS:PORT, like 127.0.0.1:4180 or [::1]:4180");
    out->loopback = is_loopback(out->host);
    if (tls) {
        CU_TRY(only(l, tls, "tls", "certificate key"));
        const cu_yaml *cert = cu_yaml_get(tls, "certificate"), *key = cu_yaml_get(tls, "key");
        if (!cert || !key)
            return wrong(l, tls, "tls needs certificate and key, two paths of PEM files");
        CU_TRY(text_of(l, cert, "certificate", &out->tls_cert));
        CU_TRY(text_of(l, key, "key", &out->tls_key));
    }
    if (!out->loopback && !out->tls_cert)
        return wrong(l, address, "%s is not loopback: plain HTTP is refused there; add tls: {certificate: FILE, key: FILE}",
                     out->text);
    return CU_OK;
}

static cu_err list_of(const load *l, const cu_yaml *n, const char *name, size_t max, size_t item, void **out, size_t *count)
{
    *count = 0;
    if (n->kind != CU_YAML_LIST || !n->first)
        return wrong(l, n, "%s must be a list with at least one entry", name);
    for (const cu_yaml *k = n->first; k; k = k->next)
        ++*count;
    if (*count > max)
        return wrong(l, n, "%s has more than %zu entries", name, max);
    *out = cu_arena_alloc(l->a, *count * item);
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err read_listen(const load *l, const cu_yaml *n)
{
    size_t i = 0;
    CU_TRY(list_of(l, n, "listen", MAX_LISTEN, sizeof *l->c->listen, (void **)&l->c->listen, &l->c->listen_n));
    for (const cu_yaml *k = n->first; k; k = k->next)
        CU_TRY(one_listen(l, k, &l->c->listen[i++]));
    return CU_OK;
}

static cu_err read_tenants(const load *l, const cu_yaml *n)
{
    size_t i = 0;
    CU_TRY(list_of(l, n, "tenants", MAX_TENANTS, sizeof *l->c->tenants, (void **)&l->c->tenants, &l->c->tenants_n));
    for (const cu_yaml *k = n->first; k; k = k->next, i++) {
        CU_TRY(only(l, k, "an entry of tenants", "name"));
        const cu_yaml *name = cu_yaml_get(k, "name");
        if (!name || name->kind != CU_YAML_SCALAR || !is_name(name->text) || cu_eq_str(name->text, "org") ||
            cu_eq_str(name->text, "anchor"))
            return wrong(l, k, "a tenant needs a name of a-z, 0-9 and -, at most 63 characters, and not org or anchor");
        CU_TRY(text_of(l, name, "name", &l->c->tenants[i].name));
        for (size_t j = 0; j < i; j++)
            if (strcmp(l->c->tenants[j].name, l->c->tenants[i].name) == 0)
                return wrong(l, name, "the tenant %s is given twice", l->c->tenants[i].name);
    }
    return CU_OK;
}

static cu_err read_url(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    CU_TRY(text_of(l, n, "base_url", &v->base_url));
    bool https = strncmp(v->base_url, "https://", 8) == 0;
    if (!https && strncmp(v->base_url, "http://", 7) != 0)
        return wrong(l, n, "base_url must begin with https:// (or http:// for loopback)");
    const char *host = v->base_url + (https ? 8 : 7);
    size_t end = strcspn(host, "/");
    if (end == 0 || strpbrk(host, "@?# \\\"';{}$") != NULL)
        return wrong(l, n, "base_url must be scheme, host, port and path only");
    for (const char *p = host; *p; p++)
        if ((unsigned char)*p < 0x21 || (unsigned char)*p > 0x7e)
            return wrong(l, n, "base_url must be printable ASCII");
    cu_bytes authority = cu_bytes_of(host, end);
    const uint8_t *colon = memrchr(authority.p, ':', authority.n);
    if (colon && memchr(colon, ']', authority.n - (size_t)(colon - authority.p)))
        colon = NULL;
    v->port = https ? 443 : 80;
    if (colon) {
        unsigned long port = strtoul((const char *)colon + 1, NULL, 10);
        if (port == 0 || port > 65535)
            return wrong(l, n, "base_url has no valid port");
        v->port = (uint16_t)port;
        authority.n = (size_t)(colon - authority.p);
    }
    if (authority.n > 2 && authority.p[0] == '[')
        authority = cu_slice(authority, 1, authority.n - 1);
    v->scheme = cu_arena_str(l->a, https ? CU_LIT("https") : CU_LIT("http"));
    v->host = cu_arena_str(l->a, authority);
    size_t path = strlen(host + end);
    while (path && host[end + path - 1] == '/')
        path--;
    v->path = cu_arena_str(l->a, cu_bytes_of(host + end, path));
    if (!v->scheme || !v->host || !v->path)
        return CU_NOMEM;
    if (!https && !is_loopback(v->host))
        return wrong(l, n, "base_url: http is allowed for loopback only; use https");
    return CU_OK;
}

static cu_err resolve(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CREDENTIAL_MAX);
    const char *s = v->credential_source;
    if (strncmp(s, "env:", 4) == 0) {
        const char *value = getenv(s + 4);
        if (!value || !*value)
            return wrong(l, n, "credential: the environment variable %.60s is not set", s + 4);
        cu_buf_str(&b, value);
    } else {
        cu_err e = cu_file_read(AT_FDCWD, s + 5, &b);
        if (e != CU_OK)
            return wrong(l, n, "credential: %.100s: %s", s + 5, cu_err_text(e));
    }
    cu_bytes value = cu_buf_view(&b);
    while (value.n && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
        value.n--;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 0x21 || value.p[i] > 0x7e)
            return wrong(l, n, "credential: it must be one line of printable ASCII without blanks");
    v->credential = cu_arena_str(l->a, value);
    return v->credential ? CU_OK : CU_NOMEM;
}

static cu_err read_credential(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    CU_TRY(text_of(l, n, "credential", &v->credential_source));
    if ((strncmp(v->credential_source, "env:", 4) != 0 || !v->credential_source[4]) &&
        (strncmp(v->credential_source, "file:", 5) != 0 || !v->credential_source[5]))
        return wrong(l, n, "credential must be env:NAME or file:PATH, never the value itself");
    return l->resolve ? resolve(l, n, v) : CU_OK;
}

static cu_err read_assessment(const load *l, const cu_yaml *n, cu_config_assessment *as)
{
    struct tm tm = {0};
    CU_TRY(only(l, n, "assessment", "decision by until"));
    const cu_yaml *decision = cu_yaml_get(n, "decision"), *by = cu_yaml_get(n, "by"), *until = cu_yaml_get(n, "until");
    if (!decision || !by)
        return wrong(l, n, "assessment needs decision (approved or refused) and by (who decided)");
    CU_TRY(text_of(l, decision, "decision", &as->decision));
    CU_TRY(text_of(l, by, "by", &as->by));
    if (strcmp(as->decision, "approved") != 0 && strcmp(as->decision, "refused") != 0)
        return wrong(l, decision, "decision must be approved or refused");
    as->given = true;
    if (!until)
        return CU_OK;
    CU_TRY(text_of(l, until, "until", &as->until));
    const char *end = strptime(as->until, "%Y-%m-%d", &tm);
    return end && !*end && strlen(as->until) == 10 ? CU_OK : wrong(l, until, "until must be a date, like 2027-12-31");
}

static cu_err one_vendor(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    if (!is_name(n->key) || cu_eq_str(n->key, "sink"))
        return wrong(l, n, "a vendor's name is a-z, 0-9 and -, at most 63 characters, and not sink, which is built in");
    v->name = cu_arena_str(l->a, n->key);
    if (!v->name)
        return CU_NOMEM;
    v->credential = cu_arena_str(l->a, CU_LIT(""));
    CU_TRY(only(l, n, v->name, "api base_url credential models assessment"));
    const cu_yaml *api = cu_yaml_get(n, "api"), *url = cu_yaml_get(n, "base_url"), *k;
    if (!api || !url)
        return wrong(l, n, "a vendor needs api and base_url");
    CU_TRY(text_of(l, api, "api", &v->api));
    if (strcmp(v->api, "anthropic") != 0)
        return wrong(l, api, "api must be anthropic");
    CU_TRY(read_url(l, url, v));
    if ((k = cu_yaml_get(n, "credential")))
        CU_TRY(read_credential(l, k, v));
    if ((k = cu_yaml_get(n, "models")))
        CU_TRY(text_of(l, k, "models", &v->models));
    if ((k = cu_yaml_get(n, "assessment")))
        CU_TRY(read_assessment(l, k, &v->assessment));
    return CU_OK;
}

static cu_err read_vendors(const load *l, const cu_yaml *n)
{
    size_t count = 0;
    if (n->kind != CU_YAML_MAP)
        return wrong(l, n, "vendors must be a map from name to vendor");
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    if (count > MAX_VENDORS)
        return wrong(l, n, "vendors has more than %u entries", MAX_VENDORS);
    l->c->vendors = cu_arena_alloc(l->a, (count + 1) * sizeof *l->c->vendors);
    if (!l->c->vendors)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next)
        CU_TRY(one_vendor(l, k, &l->c->vendors[l->c->vendors_n++]));
    return CU_OK;
}

static cu_err absolute(cu_arena *a, const char *path, char **out)
{
    char cwd[PATH_MAX];
    if (path[0] == '/') {
        *out = cu_arena_str(a, cu_str(path));
    } else {
        if (!getcwd(cwd, sizeof cwd))
            return cu_errno_err(errno);
        if (strncmp(path, "./", 2) == 0)
            path += 2;
        *out = cu_arena_fmt(a, "%s/%s", cwd, path);
    }
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err read_root(load *l, const cu_yaml *root)
{
    const cu_yaml *n;
    char *text;
    CU_TRY(only(l, root, "the configuration", "state_dir log_dir workers max_body_mib listen tenants vendors"));
    if ((n = cu_yaml_get(root, "state_dir"))) {
        CU_TRY(text_of(l, n, "state_dir", &text));
        CU_TRY(absolute(l->a, text, &l->c->state_dir));
    }
    if ((n = cu_yaml_get(root, "log_dir"))) {
        CU_TRY(text_of(l, n, "log_dir", &text));
        CU_TRY(absolute(l->a, text, &l->c->log_dir));
    }
    if ((n = cu_yaml_get(root, "workers")))
        CU_TRY(number_of(l, n, "workers", 1, 64, &l->c->workers));
    if ((n = cu_yaml_get(root, "max_body_mib")))
        CU_TRY(number_of(l, n, "max_body_mib", 1, 256, &l->c->max_body_mib));
    if ((n = cu_yaml_get(root, "listen")))
        CU_TRY(read_listen(l, n));
    if ((n = cu_yaml_get(root, "tenants")))
        CU_TRY(read_tenants(l, n));
    if ((n = cu_yaml_get(root, "vendors")))
        CU_TRY(read_vendors(l, n));
    return CU_OK;
}

/* "Every address" is none to connect to. */
static cu_err set_url(cu_arena *a, cu_config_listen *l)
{
    const char *host = strcmp(l->host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(l->host, "::") == 0 ? "::1" : l->host;
    bool v6 = strchr(host, ':') != NULL;
    l->url = cu_arena_fmt(a, "%s://%s%s%s:%u", l->tls_cert ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "", l->port);
    return l->url ? CU_OK : CU_NOMEM;
}

/* What a configuration that says nothing means. */
static cu_err fill_defaults(load *l)
{
    cu_config *c = l->c;
    static const cu_config_listen listen = {.loopback = true, .port = 4180};
    if (!c->state_dir)
        CU_TRY(absolute(l->a, "state", &c->state_dir));
    if (!c->log_dir)
        c->log_dir = cu_arena_fmt(l->a, "%s/log", c->state_dir);
    if (!c->listen_n) {
        c->listen = cu_arena_alloc(l->a, sizeof *c->listen);
        if (!c->listen)
            return CU_NOMEM;
        c->listen[0] = listen;
        c->listen[0].host = cu_arena_str(l->a, CU_LIT("127.0.0.1"));
        c->listen[0].text = cu_arena_str(l->a, CU_LIT("127.0.0.1:4180"));
        c->listen_n = 1;
    }
    if (!c->tenants_n) {
        c->tenants = cu_arena_alloc(l->a, sizeof *c->tenants);
        if (!c->tenants)
            return CU_NOMEM;
        c->tenants[0].name = cu_arena_str(l->a, CU_LIT("default"));
        c->tenants_n = 1;
    }
    for (size_t i = 0; i < c->listen_n; i++)
        CU_TRY(set_url(l->a, &c->listen[i]));
    c->embedded = c->vendors_n == 0;
    return c->log_dir ? CU_OK : CU_NOMEM;
}

cu_err cu_config_load(const char *path, bool resolve_credentials, cu_arena *a, cu_config *out, cu_fault *f)
{
    *out = (cu_config){.workers = 4, .max_body_mib = 32};
    load l = {.path = path ? path : "custos.yaml", .resolve = resolve_credentials, .a = a, .c = out, .f = f};
    const cu_yaml *root = NULL;
    if (path || access("custos.yaml", F_OK) == 0) {
        CU_TRY(absolute(a, l.path, &out->file));
        CU_TRY(cu_yaml_load(l.path, a, &root, f));
        CU_TRY(read_root(&l, root));
    }
    return fill_defaults(&l);
}

cu_err cu_run_dir(const cu_config *c, char *out, size_t n)
{
    cu_sha256 h;
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256_of(cu_str(c->state_dir), &h);
    cu_hex(hex, h.b, sizeof h);
    int len = getuid() == 0 ? snprintf(out, n, "/run/custos-%.8s", hex) : snprintf(out, n, "%s/run", c->state_dir);
    if (getuid() != 0 && len + sizeof "/admin.sock" > 100)
        len = snprintf(out, n, "/tmp/custos-%u-%.8s", getuid(), hex);
    return len > 0 && (size_t)len < n ? CU_OK : CU_TOO_BIG;
}
