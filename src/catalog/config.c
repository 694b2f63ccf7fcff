/* custos.yaml: a strict walk over the YAML tree. Each key is known or refused by name and line. */
#include "catalog/config.h"
#include "address.h"
#include "linters.h"
#include "reading.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"
#include "catalog/known_list.h"
#include "catalog/yaml.h"

#define MAX_LISTEN 16u
#define MAX_TENANTS 10000u
#define MAX_VENDORS 1000u
#define CREDENTIAL_MAX 8192u

typedef struct {
    reading r;
    bool resolve;
    cu_config *c;
} load;

/* From the working directory, without "." and doubled slashes: one folder has one spelling, because
 * the run directory's name is derived from it. */
static cu_err absolute(cu_arena *a, const char *path, char **out)
{
    char cwd[PATH_MAX] = "";
    if (path[0] != '/' && !getcwd(cwd, sizeof cwd))
        return cu_errno_err(errno);
    char *to = cu_arena_alloc(a, strlen(cwd) + strlen(path) + 3);
    *out = to;
    if (!to)
        return CU_NOMEM;
    to = stpcpy(to, strcmp(cwd, "/") == 0 ? "" : cwd);
    for (size_t n; *path; path += n) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n == 0 || (n == 1 && path[0] == '.'))
            continue;
        *to++ = '/';
        to = mempcpy(to, path, n);
    }
    if (to == *out)
        *to++ = '/';
    *to = 0;
    return CU_OK;
}

static cu_err path_of(const load *l, const cu_yaml *n, const char *name, char **out)
{
    char *text = NULL;
    CU_TRY(reading_text(&l->r, n, name, &text));
    return absolute(l->r.a, text, out);
}

static cu_err number_of(const load *l, const cu_yaml *n, const char *name, uint32_t min, uint32_t max, uint32_t *out)
{
    char *end = NULL, *s;
    if (n->kind != CU_YAML_SCALAR || n->quoted)
        return reading_wrong(&l->r, n, "%s must be a number from %u to %u", name, min, max);
    CU_TRY(reading_text(&l->r, n, name, &s));
    unsigned long v = strtoul(s, &end, 10);
    if (*end || s[0] < '0' || s[0] > '9' || v < min || v > max)
        return reading_wrong(&l->r, n, "%s must be a number from %u to %u", name, min, max);
    *out = (uint32_t)v;
    return CU_OK;
}

static cu_err flag_of(const load *l, const cu_yaml *n, const char *name, bool *out)
{
    if (n->kind != CU_YAML_SCALAR || n->quoted || !reading_is_one_of(n->text, "true false"))
        return reading_wrong(&l->r, n, "%s must be true or false", name);
    *out = cu_eq_str(n->text, "true");
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

/* mTLS: client_ca and what goes with it. */
static cu_err client_certificates(const load *l, const cu_yaml *tls, cu_config_listen *out)
{
    const cu_yaml *ca = cu_yaml_get(tls, "client_ca"), *crl = cu_yaml_get(tls, "client_crl"), *required = cu_yaml_get(tls, "client_required");
    if (!ca)
        return crl || required ? reading_wrong(&l->r, crl ? crl : required, "this needs client_ca: who signs the clients' certificates") : CU_OK;
    CU_TRY(path_of(l, ca, "client_ca", &out->client_ca));
    if (crl)
        CU_TRY(path_of(l, crl, "client_crl", &out->client_crl));
    return required ? flag_of(l, required, "client_required", &out->client_required) : CU_OK;
}

static cu_err one_listen(const load *l, const cu_yaml *n, cu_config_listen *out)
{
    CU_TRY(reading_only(&l->r, n, "an entry of listen", "address tls"));
    const cu_yaml *address = cu_yaml_get(n, "address"), *tls = cu_yaml_get(n, "tls");
    if (!address)
        return reading_wrong(&l->r, n, "an entry of listen needs an address, like 127.0.0.1:4180");
    CU_TRY(reading_text(&l->r, address, "address", &out->text));
    if (!address_literal(l->r.a, out->text, &out->host, &out->port))
        return reading_wrong(&l->r, address, "address must be ADDRESS:PORT, like 127.0.0.1:4180 or [::1]:4180");
    out->loopback = address_is_loopback(out->host);
    if (tls) {
        CU_TRY(reading_only(&l->r, tls, "tls", "certificate key client_ca client_crl client_required"));
        const cu_yaml *cert = cu_yaml_get(tls, "certificate"), *key = cu_yaml_get(tls, "key");
        if (!cert || !key)
            return reading_wrong(&l->r, tls, "tls needs certificate and key, two paths of PEM files");
        CU_TRY(path_of(l, cert, "certificate", &out->tls_cert));
        CU_TRY(path_of(l, key, "key", &out->tls_key));
        CU_TRY(client_certificates(l, tls, out));
    }
    if (!out->loopback && !out->tls_cert)
        return reading_wrong(&l->r, address, "%s is not loopback: plain HTTP is refused there; add tls: {certificate: FILE, key: FILE}",
                     out->text);
    return CU_OK;
}

static cu_err list_of(const load *l, const cu_yaml *n, const char *name, size_t max, size_t item, void **out, size_t *count)
{
    *count = 0;
    if (n->kind != CU_YAML_LIST || !n->first)
        return reading_wrong(&l->r, n, "%s must be a list with at least one entry", name);
    for (const cu_yaml *k = n->first; k; k = k->next)
        ++*count;
    if (*count > max)
        return reading_wrong(&l->r, n, "%s has more than %zu entries", name, max);
    *out = cu_arena_alloc(l->r.a, *count * item);
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err read_listen(const load *l, const cu_yaml *n)
{
    size_t i = 0;
    CU_TRY(list_of(l, n, "listen", MAX_LISTEN, sizeof *l->c->listen, (void **)&l->c->listen, &l->c->listen_n));
    for (const cu_yaml *k = n->first; k; k = k->next, i++) {
        CU_TRY(one_listen(l, k, &l->c->listen[i]));
        for (size_t j = 0; j < i; j++)
            if (l->c->listen[j].port == l->c->listen[i].port && strcmp(l->c->listen[j].host, l->c->listen[i].host) == 0)
                return reading_wrong(&l->r, k, "the address %s is given twice", l->c->listen[i].text);
    }
    return CU_OK;
}

/* Private addresses, public numbers of companies and the like stay; personal data and secrets do not. */
static void default_actions(cu_config_tenant *t)
{
    for (int i = 0; i < CU_TYPE_COUNT; i++)
        t->act[i] = cu_type_class((cu_type)i) == CU_CLASS_NONE ? 0 : 1;
}

/* allow, replace, block; or {allow: PURPOSE}. Personal data that nobody says a purpose for does not pass. */
static cu_err one_action(const load *l, const cu_yaml *n, cu_type type, cu_config_tenant *t)
{
    static const char *const names[] = {"allow", "replace", "block"};
    const cu_yaml *why = cu_yaml_get(n, "allow");
    unsigned a = 0;
    if (n->kind == CU_YAML_MAP && why) {
        CU_TRY(reading_only(&l->r, n, "an action", "allow"));
        CU_TRY(reading_text(&l->r, why, "allow", &t->purpose[type]));
        if (strlen(t->purpose[type]) > CU_PURPOSE_MAX)
            return reading_wrong(&l->r, why, "a purpose has at most %u bytes", CU_PURPOSE_MAX);
    } else {
        while (a < 3 && !(n->kind == CU_YAML_SCALAR && cu_eq_str(n->text, names[a])))
            a++;
    }
    if (a == 3)
        return reading_wrong(&l->r, n, "the action for %s is allow, replace, block, or {allow: PURPOSE}", cu_type_name(type));
    t->unstated[type] = a == 0 && !t->purpose[type] && cu_type_class(type) == CU_CLASS_PII;
    t->act[type] = t->unstated[type] ? 1 : (uint8_t)a;
    return CU_OK;
}

/* actions: {PHONE_NUMBER: {allow: on-call lists}, SECRET: block} */
static cu_err read_actions(const load *l, const cu_yaml *n, cu_config_tenant *t)
{
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(&l->r, n, "actions is a map from types to what is done with them");
    for (const cu_yaml *k = n->first; k; k = k->next) {
        cu_type type = cu_type_by_name(k->key);
        if (type == CU_TYPE_COUNT)
            return reading_wrong(&l->r, k, "\"%.*s\" is no type of finding; docs/formats/rules.md lists them", CU_FMT(k->key));
        CU_TRY(one_action(l, k, type, t));
    }
    return CU_OK;
}

static cu_err count_value(void *arg, cu_bytes value)
{
    ++*(unsigned *)arg;
    return CU_OK;
}

/* The list itself is read when the policy bundle is made; here, whether it can be. */
static cu_err read_known(const load *l, const cu_yaml *n, cu_config_tenant *t)
{
    unsigned values = 0, left_out = 0;
    cu_fault why = {0};
    CU_TRY(path_of(l, n, "known_secrets", &t->known_secrets));
    if (!l->resolve)
        return CU_OK;
    if (cu_known_list_read(t->known_secrets, count_value, &values, &left_out, &why) != CU_OK)
        return reading_wrong(&l->r, n, "known_secrets: %.150s", why.text);
    return values ? CU_OK : reading_wrong(&l->r, n, "known_secrets: the list holds no value of at least %u bytes", CU_KNOWN_MIN);
}

static cu_err read_tenants(const load *l, const cu_yaml *n)
{
    size_t i = 0;
    CU_TRY(list_of(l, n, "tenants", MAX_TENANTS, sizeof *l->c->tenants, (void **)&l->c->tenants, &l->c->tenants_n));
    for (const cu_yaml *k = n->first; k; k = k->next, i++) {
        CU_TRY(reading_only(&l->r, k, "an entry of tenants", "name actions known_secrets limits"));
        const cu_yaml *name = cu_yaml_get(k, "name");
        if (!name || name->kind != CU_YAML_SCALAR || !is_name(name->text) || cu_eq_str(name->text, "org") ||
            cu_eq_str(name->text, "anchor") || cu_starts(name->text, CU_LIT("probe-")))
            return reading_wrong(&l->r, k, "a tenant needs a name of a-z, 0-9 and -, at most 63 characters, and not org, anchor or probe-…");
        CU_TRY(reading_text(&l->r, name, "name", &l->c->tenants[i].name));
        default_actions(&l->c->tenants[i]);
        const cu_yaml *actions = cu_yaml_get(k, "actions");
        if (actions)
            CU_TRY(read_actions(l, actions, &l->c->tenants[i]));
        if (cu_yaml_get(k, "limits"))
            CU_TRY(cu_config_read_limits(l->r.path, cu_yaml_get(k, "limits"), l->r.a, &l->c->tenants[i].limits, l->r.f));
        const cu_yaml *known = cu_yaml_get(k, "known_secrets");
        if (known)
            CU_TRY(read_known(l, known, &l->c->tenants[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(l->c->tenants[j].name, l->c->tenants[i].name) == 0)
                return reading_wrong(&l->r, name, "the tenant %s is given twice", l->c->tenants[i].name);
    }
    return CU_OK;
}

/* name: of the key, for messages. */
static cu_err read_url(const load *l, const cu_yaml *n, const char *name, cu_config_vendor *v)
{
    bool v6, has_port;
    CU_TRY(reading_text(&l->r, n, name, &v->base_url));
    bool https = strncmp(v->base_url, "https://", 8) == 0;
    if (!https && strncmp(v->base_url, "http://", 7) != 0)
        return reading_wrong(&l->r, n, "%s must begin with https:// (or http:// for loopback)", name);
    const char *host = v->base_url + (https ? 8 : 7);
    size_t authority = strcspn(host, "/"), end = strlen(host);
    if (strpbrk(host, "@?#"))
        return reading_wrong(&l->r, n, "%s must be scheme, host, port and path only: no user, query or fragment", name);
    for (const char *p = host; *p; p++)
        if ((unsigned char)*p < 0x21 || (unsigned char)*p > 0x7e || strchr("\\\"';{}$", *p))
            return reading_wrong(&l->r, n, "%s holds a character that cannot stand in an address", name);
    v->port = https ? 443 : 80;
    if (!address_authority(l->r.a, cu_bytes_of(host, authority), &v->host, &v->port, &v6, &has_port) || (!v6 && !address_is_host_name(v->host)))
        return reading_wrong(&l->r, n, "%s needs a host and, if any, a port from 1 to 65535, like https://api.example.com:8443", name);
    while (end > authority && host[end - 1] == '/')
        end--;
    v->scheme = cu_arena_str(l->r.a, https ? CU_LIT("https") : CU_LIT("http"));
    v->path = cu_arena_str(l->r.a, cu_bytes_of(host + authority, end - authority));
    if (!v->scheme || !v->path)
        return CU_NOMEM;
    v->loopback = address_is_loopback(v->host);
    if (!https && !v->loopback)
        return reading_wrong(&l->r, n, "%s: http is allowed for loopback only; use https", name);
    return CU_OK;
}

/* What stands in for base_url when that does not answer. One request is made for all of them, so scheme
 * and path are the same. */
static cu_err read_upstreams(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    v->upstreams[v->upstreams_n++] = (cu_config_upstream){v->host, v->port, v->loopback};
    if (n && (n->kind != CU_YAML_LIST || !n->first))
        return reading_wrong(&l->r, n, "upstreams must be a list of addresses like base_url, in order of preference");
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next) {
        cu_config_vendor one = {0};
        if (v->upstreams_n == CU_VENDOR_UPSTREAMS)
            return reading_wrong(&l->r, k, "upstreams has more than %u entries", CU_VENDOR_UPSTREAMS - 1);
        CU_TRY(read_url(l, k, "an entry of upstreams", &one));
        if (strcmp(one.scheme, v->scheme) != 0 || strcmp(one.path, v->path) != 0)
            return reading_wrong(&l->r, k, "an entry of upstreams must have the scheme and the path of base_url; host and port may differ");
        for (size_t i = 0; i < v->upstreams_n; i++)
            if (strcasecmp(v->upstreams[i].host, one.host) == 0 && v->upstreams[i].port == one.port)
                return reading_wrong(&l->r, k, "this upstream is given twice; base_url is the first of them");
        v->upstreams[v->upstreams_n++] = (cu_config_upstream){one.host, one.port, one.loopback};
    }
    return CU_OK;
}

static cu_err resolve(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CREDENTIAL_MAX);
    const char *s = v->credential_source;
    if (strncmp(s, "env:", 4) == 0) {
        const char *value = getenv(s + 4);
        if (!value || !*value)
            return reading_wrong(&l->r, n, "credential: the environment variable %.60s is not set", s + 4);
        cu_buf_str(&b, value);
    } else {
        cu_err e = cu_file_read(AT_FDCWD, s + 5, &b);
        if (e != CU_OK)
            return reading_wrong(&l->r, n, "credential: %.100s: %s", s + 5, cu_err_text(e));
    }
    cu_bytes value = cu_buf_view(&b);
    while (value.n && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
        value.n--;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 0x21 || value.p[i] > 0x7e)
            return reading_wrong(&l->r, n, "credential: it must be one line of printable ASCII without blanks");
    v->credential = cu_arena_str(l->r.a, value);
    return v->credential ? CU_OK : CU_NOMEM;
}

static cu_err read_credential(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    CU_TRY(reading_text(&l->r, n, "credential", &v->credential_source));
    if ((strncmp(v->credential_source, "env:", 4) != 0 || !v->credential_source[4]) &&
        (strncmp(v->credential_source, "file:", 5) != 0 || !v->credential_source[5]))
        return reading_wrong(&l->r, n, "credential must be env:NAME or file:PATH, never the value itself");
    return l->resolve ? resolve(l, n, v) : CU_OK;
}

/* credentials: {TENANT: env:NAME} */
static cu_err read_credentials(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    size_t count = 0;
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    if (n->kind != CU_YAML_MAP || count > MAX_TENANTS)
        return reading_wrong(&l->r, n, "credentials is a map from tenants to env:NAME or file:PATH");
    v->credentials = cu_arena_alloc(l->r.a, (count + 1) * sizeof *v->credentials);
    if (!v->credentials)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next) {
        cu_config_vendor one = {.credential = cu_arena_str(l->r.a, CU_LIT(""))};
        CU_TRY(read_credential(l, k, &one));
        v->credentials[v->credentials_n].tenant = cu_arena_str(l->r.a, k->key);
        v->credentials[v->credentials_n++].credential = one.credential;
    }
    return CU_OK;
}

/* Each names a tenant that there is. */
static cu_err check_credentials(const load *l, const cu_yaml *root)
{
    for (size_t i = 0; i < l->c->vendors_n; i++)
        for (size_t k = 0; k < l->c->vendors[i].credentials_n; k++) {
            const char *name = l->c->vendors[i].credentials[k].tenant;
            bool known = l->c->tenants_n == 0 && strcmp(name, "default") == 0;
            for (size_t t = 0; t < l->c->tenants_n; t++)
                known |= strcmp(l->c->tenants[t].name, name) == 0;
            if (!known)
                return reading_wrong(&l->r, root, "credentials of the vendor %s: there is no tenant %.63s", l->c->vendors[i].name, name);
        }
    return CU_OK;
}

/* Where it comes from, never the key itself. */
static cu_err read_master_key(const load *l, const cu_yaml *n)
{
    CU_TRY(reading_text(&l->r, n, "master_key", &l->c->master_key));
    const char *s = l->c->master_key;
    bool file = strncmp(s, "file:/", 6) == 0 && s[6], credential = strncmp(s, "credential:", 11) == 0 && s[11] && !strchr(s + 11, '/');
    if (!file && !credential && (strncmp(s, "pkcs11:", 7) != 0 || !s[7]))
        return reading_wrong(&l->r, n, "master_key must be file:/PATH, credential:NAME (of systemd) or pkcs11:URI, never the key itself");
    return CU_OK;
}

static cu_err read_assessment(const load *l, const cu_yaml *n, cu_config_assessment *as)
{
    struct tm tm = {0};
    CU_TRY(reading_only(&l->r, n, "assessment", "decision by until soc2"));
    const cu_yaml *decision = cu_yaml_get(n, "decision"), *by = cu_yaml_get(n, "by"), *until = cu_yaml_get(n, "until");
    if (!decision || !by)
        return reading_wrong(&l->r, n, "assessment needs decision (approved or refused) and by (who decided)");
    CU_TRY(reading_text(&l->r, decision, "decision", &as->decision));
    CU_TRY(reading_text(&l->r, by, "by", &as->by));
    if (strcmp(as->decision, "approved") != 0 && strcmp(as->decision, "refused") != 0)
        return reading_wrong(&l->r, decision, "decision must be approved or refused");
    as->given = true;
    if (cu_yaml_get(n, "soc2")) {
        CU_TRY(reading_text(&l->r, cu_yaml_get(n, "soc2"), "soc2", &as->soc2));
        if (!reading_is_one_of(cu_str(as->soc2), "none type1 type2"))
            return reading_wrong(&l->r, cu_yaml_get(n, "soc2"), "soc2 must be none, type1 or type2: the report that was read");
    }
    if (!until)
        return CU_OK;
    CU_TRY(reading_text(&l->r, until, "until", &as->until));
    const char *end = strptime(as->until, "%Y-%m-%d", &tm);
    int day = tm.tm_mday;
    bool real = end && !*end && strlen(as->until) == 10 && timegm(&tm) != -1 && tm.tm_mday == day; /* not February 30 */
    return real ? CU_OK : reading_wrong(&l->r, until, "until must be a date, like 2027-12-31");
}

static cu_err one_vendor(const load *l, const cu_yaml *n, cu_config_vendor *v)
{
    if (!is_name(n->key) || cu_eq_str(n->key, "sink"))
        return reading_wrong(&l->r, n, "a vendor's name is a-z, 0-9 and -, at most 63 characters, and not sink, which is built in");
    v->name = cu_arena_str(l->r.a, n->key);
    if (!v->name)
        return CU_NOMEM;
    v->credential = cu_arena_str(l->r.a, CU_LIT(""));
    CU_TRY(reading_only(&l->r, n, v->name, "api base_url upstreams credential credentials models assessment " CU_VENDOR_TERM_KEYS));
    const cu_yaml *api = cu_yaml_get(n, "api"), *url = cu_yaml_get(n, "base_url"), *k;
    if (!api || !url)
        return reading_wrong(&l->r, n, "a vendor needs api and base_url");
    CU_TRY(reading_text(&l->r, api, "api", &v->api));
    if (!reading_is_one_of(cu_str(v->api), "anthropic openai gemini"))
        return reading_wrong(&l->r, api, "api must be anthropic, openai or gemini: what the server speaks, whoever runs it");
    CU_TRY(read_url(l, url, "base_url", v));
    CU_TRY(read_upstreams(l, cu_yaml_get(n, "upstreams"), v));
    if ((k = cu_yaml_get(n, "credential")))
        CU_TRY(read_credential(l, k, v));
    if ((k = cu_yaml_get(n, "credentials")))
        CU_TRY(read_credentials(l, k, v));
    if ((k = cu_yaml_get(n, "models")))
        CU_TRY(reading_text(&l->r, k, "models", &v->models));
    if ((k = cu_yaml_get(n, "assessment")))
        CU_TRY(read_assessment(l, k, &v->assessment));
    v->terms.no_soc2 = v->assessment.soc2 && strcmp(v->assessment.soc2, "none") == 0;
    CU_TRY(cu_config_read_terms(l->r.path, n, l->r.a, &v->terms, l->r.f));
    return CU_OK;
}

static cu_err read_vendors(const load *l, const cu_yaml *n)
{
    size_t count = 0;
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(&l->r, n, "vendors must be a map from name to vendor");
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    if (count > MAX_VENDORS)
        return reading_wrong(&l->r, n, "vendors has more than %u entries", MAX_VENDORS);
    l->c->vendors = cu_arena_alloc(l->r.a, (count + 1) * sizeof *l->c->vendors);
    if (!l->c->vendors)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next)
        CU_TRY(one_vendor(l, k, &l->c->vendors[l->c->vendors_n++]));
    return CU_OK;
}

/* A certificate's caller belongs to a tenant that there is. */
static cu_err read_callers(const load *l, const cu_yaml *n)
{
    CU_TRY(cu_config_read_callers(l->r.path, n, l->r.a, &l->c->callers, l->r.f));
    size_t i = 0;
    for (const cu_yaml *k = n->first; k; k = k->next, i++) {
        bool known = l->c->tenants_n == 0 && strcmp(l->c->callers.callers[i].tenant, "default") == 0;
        for (size_t t = 0; t < l->c->tenants_n; t++)
            known |= strcmp(l->c->tenants[t].name, l->c->callers.callers[i].tenant) == 0;
        if (!known)
            return reading_wrong(&l->r, k, "there is no tenant %.63s", l->c->callers.callers[i].tenant);
    }
    return CU_OK;
}

static cu_err read_metrics(const load *l, const cu_yaml *n)
{
    CU_TRY(reading_only(&l->r, n, "metrics", "listen"));
    const cu_yaml *at = cu_yaml_get(n, "listen");
    cu_config_listen *m = cu_arena_alloc(l->r.a, sizeof *m);
    if (!m)
        return CU_NOMEM;
    if (!at)
        return reading_wrong(&l->r, n, "metrics needs listen: a loopback address, like 127.0.0.1:9464");
    CU_TRY(reading_text(&l->r, at, "listen", &m->text));
    if (!address_literal(l->r.a, m->text, &m->host, &m->port) || !address_is_loopback(m->host))
        return reading_wrong(&l->r, at, "metrics.listen must be a loopback address and a port, like 127.0.0.1:9464");
    for (size_t i = 0; i < l->c->listen_n; i++)
        if (l->c->listen[i].port == m->port && strcmp(l->c->listen[i].host, m->host) == 0)
            return reading_wrong(&l->r, at, "the address %s is given twice", m->text);
    l->c->metrics = m;
    return CU_OK;
}

/* traces: {endpoint: https://collector.example/v1/traces, header: x-team, credential: env:NAME, upstream: true} */
static cu_err read_traces(const load *l, const cu_yaml *n, cu_config_traces *out)
{
    const cu_yaml *k;
    cu_config_vendor one = {.credential = cu_arena_str(l->r.a, CU_LIT(""))};
    CU_TRY(reading_only(&l->r, n, "traces", "endpoint header credential upstream"));
    if (!(k = cu_yaml_get(n, "endpoint")))
        return reading_wrong(&l->r, n, "traces needs endpoint: where spans are sent, like http://127.0.0.1:4318/v1/traces");
    CU_TRY(read_url(l, k, "traces.endpoint", &one));
    out->endpoint = one.base_url;
    if ((k = cu_yaml_get(n, "credential")))
        CU_TRY(read_credential(l, k, &one));
    out->credential = one.credential;
    out->header = cu_arena_str(l->r.a, CU_LIT("authorization"));
    if ((k = cu_yaml_get(n, "header")))
        CU_TRY(reading_text(&l->r, k, "header", &out->header));
    if (!out->header || !out->header[0] || strlen(out->header) > 64 || out->header[strspn(out->header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")])
        return reading_wrong(&l->r, k ? k : n, "traces.header is the name of a header: letters, digits, - and _");
    if ((k = cu_yaml_get(n, "upstream")))
        CU_TRY(flag_of(l, k, "upstream", &out->upstream));
    return CU_OK;
}

static cu_err read_probes(const load *l, const cu_yaml *n)
{
    const cu_yaml *k;
    cu_config_probes *p = &l->c->probes;
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&l->r, n, "probes", "schedule after min_free_mib"));
    if ((k = cu_yaml_get(n, "schedule")))
        CU_TRY(flag_of(l, k, "schedule", &p->schedule));
    if ((k = cu_yaml_get(n, "after")))
        CU_TRY(number_of(l, k, "after", 1, 86400, &p->after));
    if ((k = cu_yaml_get(n, "min_free_mib")))
        CU_TRY(number_of(l, k, "min_free_mib", 1, 1000000000, &p->min_free_mib));
    return CU_OK;
}

static cu_err read_capture(const load *l, const cu_yaml *root)
{
    cu_config_capture *c = &l->c->capture;
    CU_TRY(cu_capture_read(root, l->r.path, l->r.a, c, l->r.f));
    for (size_t i = 0; i < c->tenants_n; i++) {
        bool known = l->c->tenants_n == 0 && strcmp(c->tenants[i].tenant, "default") == 0;
        for (size_t t = 0; t < l->c->tenants_n; t++)
            known |= strcmp(l->c->tenants[t].name, c->tenants[i].tenant) == 0;
        if (!known)
            return reading_wrong(&l->r, cu_yaml_get(root, "capture"), "capture: there is no tenant %.63s", c->tenants[i].tenant);
    }
    return CU_OK;
}

static cu_err read_guard(const load *l, const cu_yaml *root)
{
    cu_guard_config *g = &l->c->guard;
    CU_TRY(cu_guard_config_read(root, l->r.path, l->r.a, g, l->r.f));
    for (size_t i = 0; i < g->n; i++) {
        bool known = g->v[i].tier != CU_TIER_TENANT;
        for (size_t t = 0; t < l->c->tenants_n; t++)
            known |= cu_eq_str(g->v[i].name, l->c->tenants[t].name);
        if (!known)
            return reading_wrong(&l->r, cu_yaml_get(root, "guard"), "guard.tenants names %.*s, which is no tenant", CU_FMT(g->v[i].name));
        if (g->v[i].rules)
            CU_TRY(absolute(l->r.a, g->v[i].rules, &g->v[i].rules));
    }
    return CU_OK;
}

static cu_err read_root(load *l, const cu_yaml *root)
{
    const cu_yaml *n;
    CU_TRY(reading_only(&l->r, root, "the configuration", "state_dir log_dir rules workers max_body_mib listen tenants vendors allow_unassessed callers prices "
                "lockout metrics traces trusted_ca repositories access groups isolation guard master_key witness timestamps probes signin notify capture linters gates hooks catalog capacity holders"));
    if ((n = cu_yaml_get(root, "state_dir")))
        CU_TRY(path_of(l, n, "state_dir", &l->c->state_dir));
    if ((n = cu_yaml_get(root, "log_dir")))
        CU_TRY(path_of(l, n, "log_dir", &l->c->log_dir));
    if ((n = cu_yaml_get(root, "rules")))
        CU_TRY(path_of(l, n, "rules", &l->c->rules));
    if ((n = cu_yaml_get(root, "catalog")))
        CU_TRY(path_of(l, n, "catalog", &l->c->catalog));
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
    if ((n = cu_yaml_get(root, "allow_unassessed")))
        CU_TRY(flag_of(l, n, "allow_unassessed", &l->c->allow_unassessed));
    if ((n = cu_yaml_get(root, "trusted_ca")))
        CU_TRY(path_of(l, n, "trusted_ca", &l->c->trusted_ca));
    if ((n = cu_yaml_get(root, "callers")))
        CU_TRY(read_callers(l, n));
    if ((n = cu_yaml_get(root, "prices")))
        CU_TRY(cu_config_read_prices(l->r.path, n, l->r.a, &l->c->callers, l->r.f));
    if ((n = cu_yaml_get(root, "lockout")))
        CU_TRY(cu_config_read_lockout(l->r.path, n, &l->c->callers, l->r.f));
    if ((n = cu_yaml_get(root, "metrics")))
        CU_TRY(read_metrics(l, n));
    if ((n = cu_yaml_get(root, "master_key")))
        CU_TRY(read_master_key(l, n));
    if ((n = cu_yaml_get(root, "traces")))
        CU_TRY(read_traces(l, n, &l->c->traces));
    CU_TRY(check_credentials(l, root));
    CU_TRY(cu_access_read(root, l->r.path, l->r.a, &l->c->access, l->r.f));
    CU_TRY(cu_attest_read(root, l->r.path, l->r.a, &l->c->attest, l->r.f));
    cu_config_attest *at = &l->c->attest;
    if (at->policy)
        CU_TRY(absolute(l->r.a, at->policy, &at->policy));
    if (at->tsa_ca)
        CU_TRY(absolute(l->r.a, at->tsa_ca, &at->tsa_ca));
    CU_TRY(cu_gates_read(root, l->r.path, l->r.a, &l->c->gates, l->r.f));
    CU_TRY(cu_hooks_read(root, l->r.path, l->resolve, l->r.a, &l->c->hooks, l->r.f));
    CU_TRY(cu_signin_read(root, l->r.path, l->resolve, l->r.a, &l->c->signin, l->r.f));
    CU_TRY(cu_notify_config_read(root, l->r.path, l->resolve, l->r.a, &l->c->notify, l->r.f));
    CU_TRY(cu_isolation_read(root, l->r.path, &l->c->isolation, l->r.f));
    CU_TRY(read_guard(l, root));
    CU_TRY(read_probes(l, cu_yaml_get(root, "probes")));
    CU_TRY(read_capture(l, root));
    CU_TRY(cu_holders_read(root, l->r.path, &l->c->holders, l->r.f));
    CU_TRY(linters_read(root, l->r.path, l->r.a, l->c, l->r.f));
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

/* The tenants of custos probe, behind the others. The last blocks what the others replace. */
static cu_err add_probes(load *l)
{
    cu_config *c = l->c;
    cu_config_tenant *v = cu_arena_alloc(l->r.a, (c->tenants_n + CU_PROBE_TENANTS) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    memcpy(v, c->tenants, c->tenants_n * sizeof *v);
    for (size_t i = 0; i < CU_PROBE_TENANTS; i++) {
        v[c->tenants_n + i].name = cu_arena_fmt(l->r.a, "probe-%c", (char)('a' + i));
        default_actions(&v[c->tenants_n + i]);
        for (size_t t = 0; i == 2 && t < CU_TYPE_COUNT; t++)
            v[c->tenants_n + i].act[t] = v[c->tenants_n + i].act[t] ? 2 : 0;
        if (!v[c->tenants_n + i].name)
            return CU_NOMEM;
    }
    c->tenants = v;
    return CU_OK;
}

/* What a configuration that says nothing means. */
static cu_err fill_defaults(load *l)
{
    cu_config *c = l->c;
    static const cu_config_listen listen = {.loopback = true, .port = 4180};
    if (!c->state_dir)
        CU_TRY(absolute(l->r.a, "state", &c->state_dir));
    if (!c->log_dir)
        c->log_dir = cu_arena_fmt(l->r.a, "%s/log", c->state_dir);
    if (!c->listen_n) {
        c->listen = cu_arena_alloc(l->r.a, sizeof *c->listen);
        if (!c->listen)
            return CU_NOMEM;
        c->listen[0] = listen;
        c->listen[0].host = cu_arena_str(l->r.a, CU_LIT("127.0.0.1"));
        c->listen[0].text = cu_arena_str(l->r.a, CU_LIT("127.0.0.1:4180"));
        c->listen_n = 1;
    }
    if (!c->tenants_n) {
        c->tenants = cu_arena_alloc(l->r.a, sizeof *c->tenants);
        if (!c->tenants)
            return CU_NOMEM;
        c->tenants[0].name = cu_arena_str(l->r.a, CU_LIT("default"));
        default_actions(&c->tenants[0]);
        c->tenants_n = 1;
    }
    for (size_t i = 0; i < c->listen_n; i++)
        CU_TRY(set_url(l->r.a, &c->listen[i]));
    CU_TRY(add_probes(l));
    if (!c->gates.v)
        CU_TRY(cu_gates_read(NULL, l->r.path, l->r.a, &c->gates, l->r.f));
    c->embedded = c->vendors_n == 0;
    return c->log_dir ? CU_OK : CU_NOMEM;
}

cu_err cu_config_load(const char *path, bool resolve_credentials, cu_arena *a, cu_config *out, cu_fault *f)
{
    *out = (cu_config){.workers = 4, .max_body_mib = 32, .callers = {.lockout_failures = 20, .lockout_seconds = 60}, .isolation = {true, true}, .probes = {true, 300, 1024},
                        .signin = {.idle_s = 3600, .session_s = 43200}};
    load l = {.r = {.path = path ? path : "custos.yaml", .a = a, .f = f}, .resolve = resolve_credentials, .c = out};
    const cu_yaml *root = NULL;
    if (path || access("custos.yaml", F_OK) == 0) {
        CU_TRY(absolute(a, l.r.path, &out->file));
        CU_TRY(cu_yaml_load(l.r.path, a, &root, f));
        CU_TRY(read_root(&l, root));
    }
    CU_TRY(cu_capacity_read(root, l.r.path, a, &out->capacity, f));
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
