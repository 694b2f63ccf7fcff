#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "catalog/config.h"

static cu_arena arena;
static cu_fault fault;
static cu_config config;
static char dir[] = "/tmp/custos-config-XXXXXX";

static cu_err load_file(const char *name, const char *text)
{
    cu_arena_free(&arena);
    cu_arena_init(&arena, (size_t)64 << 20);
    fault = (cu_fault){0};
    if (text)
        assert_int_equal(cu_file_replace(AT_FDCWD, name, cu_str(text), 0600), CU_OK);
    return cu_config_load(name, true, &arena, &config, &fault);
}

static cu_err load(const char *text)
{
    return load_file("c.yaml", text);
}

/* A folder of its own, which is the working directory. */
static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    cu_arena_free(&arena);
    unlink("c.yaml");
    unlink("secret");
    return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void nothing_said_means_the_defaults(void **state)
{
    (void)state;
    char expected[100];
    cu_arena_free(&arena);
    cu_arena_init(&arena, (size_t)64 << 20);
    assert_int_equal(cu_config_load(NULL, true, &arena, &config, &fault), CU_OK);
    assert_null(config.file);
    assert_int_equal(load("# nothing\n"), CU_OK);
    snprintf(expected, sizeof expected, "%s/state", dir);
    assert_string_equal(config.state_dir, expected);
    snprintf(expected, sizeof expected, "%s/state/log", dir);
    assert_string_equal(config.log_dir, expected);
    assert_int_equal(config.listen_n, 1);
    assert_string_equal(config.listen[0].url, "http://127.0.0.1:4180");
    assert_true(config.listen[0].loopback && config.embedded);
    assert_string_equal(config.tenants[0].name, "default");
}

static void all_that_can_be_said_is_read(void **state)
{
    (void)state;
    assert_int_equal(cu_file_replace(AT_FDCWD, "secret", CU_LIT("not-a-real-one\n"), 0600), CU_OK);
    assert_int_equal(load("state_dir: /srv//custos/./state/\nlog_dir: logs\nworkers: 2\nmax_body_mib: 8\n"
                          "listen:\n  - address: '[::1]:4180'\n  - {address: 0.0.0.0:4443, tls: {certificate: a.pem, key: /b.pem}}\n"
                          "tenants: [{name: acme}, {name: b-2}]\n"
                          "vendors:\n  main:\n    api: anthropic\n    base_url: https://api.example.com:8443/base//\n"
                          "    credential: file:secret\n    models: claude-*\n"
                          "    assessment: {decision: approved, by: J. Doe, until: 2028-02-29}\n"
                          "  near:\n    api: anthropic\n    base_url: http://[::1]:9000\n"),
                     CU_OK);
    assert_string_equal(config.state_dir, "/srv/custos/state");
    assert_string_equal(config.log_dir + strlen(dir), "/logs");
    assert_string_equal(config.listen[0].host, "::1");
    assert_string_equal(config.listen[1].url, "https://127.0.0.1:4443");
    assert_string_equal(config.listen[1].tls_cert + strlen(dir), "/a.pem");
    const cu_config_vendor *v = config.vendors;
    assert_string_equal(v->host, "api.example.com");
    assert_int_equal(v->port, 8443);
    assert_string_equal(v->path, "/base");
    assert_string_equal(v->credential, "not-a-real-one");
    assert_true(v->assessment.given && !config.embedded);
    assert_string_equal(v[1].host, "::1");
    assert_int_equal(v[1].port, 9000);
    assert_string_equal(v[1].path, "");
}

static void callers_limits_and_terms(void **state)
{
    (void)state;
    assert_int_equal(load("allow_unassessed: true\ntrusted_ca: ca.pem\nmetrics: {listen: '127.0.0.1:9464'}\nlockout: {failures: 0}\n"
                          "listen: [{address: '127.0.0.1:4443', tls: {certificate: a, key: b, client_ca: c, client_crl: d, client_required: true}}]\n"
                          "tenants: [{name: acme, limits: {tokens_per_day: 5000, spend_per_day: 12.5}}]\n"
                          "callers:\n  - {certificate: 'dns:ci.example.org', tenant: acme, service: ci, scopes: {models: [a, 'b*'], tools: Read},\n"
                          "     limits: {requests_per_minute: 60, tokens_per_minute: 9, concurrent: 2}}\n"
                          "prices: [{models: 'm*', input: '3', output: '15.25', cache_read: '0.000001'}]\n"
                          "vendors:\n  a:\n    api: anthropic\n    base_url: https://a.example\n    allow_private: true\n    plan: e\n"
                          "    plans: {free: {training: allowed}, e: {training: none, retention: none, mismatch: set}}\n"
                          "    pins: [sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=]\n    assessment: {decision: approved, by: X, soc2: none}\n"
                          "  b:\n    api: anthropic\n    base_url: https://b.example\n    profile: standard\n    upstreams: ['https://c.example:8443/', 'https://[::1]']\n"
                          "    balance: session\n    timeouts: {connect: 2}\n"
                          "    assessment: {decision: approved, by: X, soc2: none}\n"),
                     CU_OK);
    assert_true(config.allow_unassessed && config.listen[0].client_required && config.trusted_ca);
    assert_string_equal(config.listen[0].client_crl + strlen(dir), "/d");
    assert_int_equal(config.metrics->port, 9464);
    assert_int_equal(config.callers.lockout_failures, 0);
    assert_int_equal(config.tenants[0].limits.spend_per_day, 12500000);
    const cu_config_caller *c = config.callers.callers;
    assert_true(c->service && c->scopes.vendors == NULL);
    assert_string_equal(c->scopes.models, "a,b*");
    assert_string_equal(c->scopes.tools, "Read");
    assert_int_equal(c->limits.concurrent, 2);
    const cu_config_price *p = config.callers.prices;
    assert_true(p->input == 3000000 && p->output == 15250000 && p->cache_read == 1 && p->cache_write == 3000000);
    const cu_vendor_terms *t = &config.vendors[0].terms;
    assert_true(t->strict && t->allow_private && t->no_training && t->no_retention && t->mismatch == 1 && t->pins_n == 1);
    assert_false(config.vendors[1].terms.strict);
    assert_int_equal(config.vendors[0].upstreams_n, 1);
    assert_int_equal(config.vendors[0].terms.read_s, CU_VENDOR_READ_S);
    const cu_config_vendor *v = &config.vendors[1];
    assert_true(v->upstreams_n == 3 && v->upstreams[1].port == 8443 && v->upstreams[2].loopback && !v->upstreams[0].loopback);
    assert_string_equal(v->upstreams[2].host, "::1");
    assert_true(v->terms.spread && v->terms.own_timeouts && v->terms.connect_s == 2 && v->terms.send_s == CU_VENDOR_SEND_S);
}

/* Each is refused at its line, and the message says what was expected. */
static void capture_is_read(void **state)
{
    assert_int_equal(load("tenants:\n  - name: a\n  - name: b\ncapture:\n  read_within_minutes: 5\n  tenants:\n    a: {keep: {internal: 30, restricted: 7}, failing: refuse, readers: [rae, sam], approvers: [pat]}\n    b: {keep: {public: 1}}\n"), CU_OK);
    const cu_config_kept *k = cu_capture_of(&config.capture, "a");
    assert_int_equal(config.capture.read_within_minutes, 5);
    assert_int_equal(k->days[CU_DATA_PUBLIC], 0);
    assert_int_equal(k->days[CU_DATA_INTERNAL], 30);
    assert_int_equal(k->days[CU_DATA_RESTRICTED], 7);
    assert_true(k->refuse && cu_capture_names(k->readers, "sam") && !cu_capture_names(k->readers, "pat") && cu_capture_names(k->approvers, "pat"));
    k = cu_capture_of(&config.capture, "b");
    assert_true(!k->refuse && k->days[CU_DATA_PUBLIC] == 1 && !cu_capture_names(k->readers, "rae"));
    assert_null(cu_capture_of(&config.capture, "c"));
    static const char *const wrong[][2] = {
        {"capture: 1\n", "capture"}, {"capture: {}\n", "capture needs tenants"}, {"capture: {tenants: {x: {keep: {internal: 1}}}}\n", "no tenant x"},
        {"capture: {tenants: {default: {}}}\n", "needs keep"}, {"capture: {tenants: {default: {keep: {secret: 1}}}}\n", "data classes"},
        {"capture: {tenants: {default: {keep: {internal: 0}}}}\n", "keep"}, {"capture: {tenants: {default: {keep: {internal: 1}, failing: maybe}}}\n", "failing"},
        {"capture: {tenants: {default: {keep: {internal: 1}, readers: rae}}}\n", "readers"}, {"capture: {tenants: {default: {keep: {internal: 1}, who: []}}}\n", "who"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_not_equal(load(wrong[i][0]), CU_OK);
        if (!strstr(fault.text, wrong[i][1]) || !strstr(fault.text, "c.yaml:"))
            fail_msg("%s: %s", wrong[i][0], fault.text);
    }
}

static void personal_data_passes_for_a_purpose(void **state)
{
    assert_int_equal(load("tenants:\n  - name: acme\n    actions: {PHONE_NUMBER: {allow: on-call lists}, EMAIL_ADDRESS: allow, SECRET: allow, IBAN: block}\n"), CU_OK);
    const cu_config_tenant *t = &config.tenants[0];
    assert_int_equal(t->act[CU_TYPE_PHONE_NUMBER], 0);
    assert_string_equal(t->purpose[CU_TYPE_PHONE_NUMBER], "on-call lists");
    assert_int_equal(t->act[CU_TYPE_EMAIL_ADDRESS], 1); /* nobody said what for */
    assert_true(t->unstated[CU_TYPE_EMAIL_ADDRESS] && !t->purpose[CU_TYPE_EMAIL_ADDRESS]);
    assert_int_equal(t->act[CU_TYPE_SECRET], 0);
    assert_false(t->unstated[CU_TYPE_SECRET]);
    assert_int_equal(t->act[CU_TYPE_IBAN], 2);
}

static void mistakes_are_named(void **state)
{
    (void)state;
#define VENDOR "vendors:\n  x:\n    api: anthropic\n    base_url: "
    static const struct {
        const char *text;
        uint32_t line;
        const char *says;
    } wrong[] = {
        {"state_dirs: x\n", 1, "unknown key \"state_dirs\""},
        {"\"state_dir log_dir\": x\n", 1, "unknown key"},
        {"\"\": x\n", 1, "unknown key"},
        {"state_dir: [a]\n", 1, "state_dir must be a text"},
        {"- a\n", 1, "must be a map"},
        {"workers: 0\n", 1, "number from 1 to 64"},
        {"workers: 4x\n", 1, "number from 1 to 64"},
        {"workers: \"4\"\n", 1, "number from 1 to 64"},
        {"workers: 99999999999999999999999\n", 1, "number from 1 to 64"},
        {"tenants:\n  - name: a\n    actions: {IBAN: {allow: [x]}}\n", 3, "must be a text"},
        {"tenants:\n  - name: a\n    actions: {IBAN: {replace: x}}\n", 3, "{allow: PURPOSE}"},
        {"\nlisten: {}\n", 2, "listen must be a list"},
        {"listen: []\n", 1, "at least one"},
        {"listen:\n  - 127.0.0.1:80\n", 2, "must be a map"},
        {"listen:\n  - address: 127.0.0.1\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: 127.0.0.1:0\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: 127.0.0.1:65536\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: 127.0.0.1:80x\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: '::1:80'\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: '[::1'\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: ':80'\n", 2, "ADDRESS:PORT"},
        {"listen:\n  - address: 192.0.2.1:80\n", 2, "plain HTTP is refused"},
        {"listen:\n  - address: '[::]:80'\n", 2, "plain HTTP is refused"},
        {"listen:\n  - {address: 0.0.0.0:443, tls: {certificate: a}}\n", 2, "certificate and key"},
        {"listen:\n  - address: 127.0.0.1:80\n  - address: 127.0.0.1:80\n", 3, "given twice"},
        {"tenants:\n  - name: A\n", 2, "a tenant needs a name"},
        {"tenants:\n  - name: org\n", 2, "a tenant needs a name"},
        {"tenants:\n  - name: a/b\n", 2, "a tenant needs a name"},
        {"tenants:\n  - name: a\n  - name: a\n", 3, "given twice"},
        {"tenants:\n  - name: probe-a\n", 2, "a tenant needs a name"},
        {"isolation: {pseudonyms: maybe}\n", 1, "on or off"},
        {"isolation: {other: on}\n", 1, "unknown key \"other\""},
        {"vendors:\n  v: {api: anthropic, base_url: 'https://h', credentials: [a]}\n", 2, "credentials is a map"},
        {"vendors:\n  v: {api: anthropic, base_url: 'https://h', credentials: {nobody: 'env:HOME'}}\n", 1, "there is no tenant nobody"},
        {"vendors:\n  v: {api: anthropic, base_url: 'https://h', credentials: {default: secret}}\n", 2, "env:NAME or file:PATH"},
        {"access:\n  - {id: a, then: cut}\n  - {id: b, then: no}\n", 3, "then is allow"},
        {"vendors: [a]\n", 1, "vendors must be a map"},
        {"allow_unassessed: yes\n", 1, "true or false"},
        {"lockout: {failure: 3}\n", 1, "unknown key"},
        {"lockout: {seconds: 0}\n", 1, "number from 1 to 86400"},
        {"metrics: {listen: '192.0.2.1:80'}\n", 1, "loopback address"},
        {"metrics: {}\n", 1, "needs listen"},
        {"metrics: {listen: '127.0.0.1:1'}\nlisten: [{address: '127.0.0.1:1'}]\n", 1, "given twice"},
        {"tenants: [{name: a, limits: {requests_per_minute: 0}}]\n", 1, "number from 1"},
        {"tenants: [{name: a, limits: {requests_per_minute: 100000001}}]\n", 1, "number from 1"},
        {"tenants: [{name: a, limits: {spend_per_day: '1.2345678'}}]\n", 1, "an amount like"},
        {"tenants: [{name: a, limits: {spend_per_day: '-1'}}]\n", 1, "an amount like"},
        {"tenants: [{name: a, limits: {spend_per_day: '0'}}]\n", 1, "must be above 0"},
        {"listen:\n  - {address: '127.0.0.1:1', tls: {certificate: a, key: b, client_crl: c}}\n", 2, "needs client_ca"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default}\n", 2, "either user or service"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default, user: u, service: s}\n", 2, "either user or service"},
        {"callers:\n  - {certificate: 'dns:', tenant: default, user: u}\n", 2, "certificate is dns:NAME"},
        {"callers:\n  - {certificate: 'ck-x', tenant: default, user: u}\n", 2, "certificate is dns:NAME"},
        {"callers:\n  - {certificate: 'dns:a', tenant: other, user: u}\n", 2, "no tenant other"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default, user: 'a b'}\n", 2, "without blanks"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default, user: a}\n  - {certificate: 'dns:a', tenant: default, user: b}\n", 3, "given twice"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default, user: a, scopes: {model: x}}\n", 2, "unknown key"},
        {"callers:\n  - {certificate: 'dns:a', tenant: default, user: a, scopes: {models: []}}\n", 2, "at least one name"},
        {"prices: [{models: a, input: 1}]\n", 1, "input and output"},
        {"prices: [{models: a, input: 1, output: 99999999}]\n", 1, "at most one million"},
        {VENDOR "https://a\n    profile: lax\n", 5, "one of: standard strict"},
        {VENDOR "https://a\n    plan: x\n    plans: {y: {}}\n", 5, "not among plans"},
        {VENDOR "https://a\n    plans: {y: {}}\n", 5, "needs plan"},
        {VENDOR "https://a\n    plan: y\n    plans: {y: {retention: 30}}\n", 6, "one of: none allowed"},
        {VENDOR "https://a\n    upstreams: https://b\n", 5, "must be a list"},
        {VENDOR "https://a\n    upstreams: [ftp://b]\n", 5, "an entry of upstreams must begin with https://"},
        {VENDOR "https://a\n    upstreams: [https://b/v1]\n", 5, "scheme and the path"},
        {VENDOR "http://localhost\n    upstreams: [http://b]\n", 5, "loopback only"},
        {VENDOR "https://a\n    upstreams: ['https://A:443']\n", 5, "given twice"},
        {VENDOR "https://a\n    upstreams: [https://b, https://c, https://d, https://e, https://f, https://g, https://h, https://i]\n", 5, "more than 7"},
        {VENDOR "https://a\n    balance: random\n", 5, "one of: order session"},
        {VENDOR "https://a\n    timeouts: {read: 0}\n", 5, "from 1 to 3600"},
        {VENDOR "https://a\n    timeouts: {wait: 1}\n", 5, "unknown key"},
        {VENDOR "https://a\n    pins: [sha256/AAAA]\n", 5, "a pin is sha256/"},
        {VENDOR "https://a\n    assessment: {decision: approved, by: X, soc2: type3}\n", 5, "none, type1 or type2"},
        {"vendors:\n  sink: {api: anthropic, base_url: https://a}\n", 2, "built in"},
        {VENDOR "ftp://a\n", 4, "https://"},
        {VENDOR "http://a.example\n", 4, "loopback only"},
        {VENDOR "http://127.0.0.1.example\n", 4, "loopback only"},
        {VENDOR "https://\n", 4, "needs a host"},
        {VENDOR "https://:443\n", 4, "needs a host"},
        {VENDOR "https://a:b\n", 4, "needs a host"},
        {VENDOR "https://a:443x\n", 4, "needs a host"},
        {VENDOR "https://a:1:2\n", 4, "needs a host"},
        {VENDOR "https://a:70000\n", 4, "needs a host"},
        {VENDOR "https://1.2.3\n", 4, "needs a host"},
        {VENDOR "https://[::1\n", 4, "needs a host"},
        {VENDOR "https://u:p@a\n", 4, "no user"},
        {VENDOR "https://a/?q\n", 4, "no user"},
        {VENDOR "https://a/;b\n", 4, "cannot stand"},
        {VENDOR "https://a\n    credential: abc\n", 5, "never the value"},
        {VENDOR "https://a\n    credential: 'env:'\n", 5, "never the value"},
        {VENDOR "https://a\n    credential: env:CUSTOS_NOT_SET\n", 5, "CUSTOS_NOT_SET is not set"},
        {VENDOR "https://a\n    credential: file:/nonexistent\n", 5, "not found"},
        {VENDOR "https://a\n    assessment: {decision: maybe, by: x}\n", 5, "approved or refused"},
        {VENDOR "https://a\n    assessment: {decision: approved, by: x, until: 2027-02-30}\n", 5, "must be a date"},
        {VENDOR "https://a\n    assessment: {decision: approved, by: x, until: 31.12.2027}\n", 5, "must be a date"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(load(wrong[i].text), CU_CONFIG);
        char place[40];
        snprintf(place, sizeof place, "c.yaml:%u: ", wrong[i].line);
        if (!strstr(fault.text, place) || !strstr(fault.text, wrong[i].says))
            fail_msg("%s gave: %s", wrong[i].text, fault.text);
    }
}

static void a_file_that_is_named_must_be_there(void **state)
{
    (void)state;
    assert_int_not_equal(load_file("no-such-file.yaml", NULL), CU_OK);
    assert_non_null(strstr(fault.text, "no-such-file.yaml"));
}

/* One folder, however it is written, has one run directory; a socket in it has a name that fits. */
static void run_directories(void **state)
{
    (void)state;
    char one[4096], other[4096], tight[8], text[400];
    assert_int_equal(load("state_dir: /tmp/a\n"), CU_OK);
    assert_int_equal(cu_run_dir(&config, one, sizeof one), CU_OK);
    assert_int_equal(cu_run_dir(&config, tight, sizeof tight), CU_TOO_BIG);
    assert_int_equal(load("state_dir: /tmp/.//a/\n"), CU_OK);
    assert_int_equal(cu_run_dir(&config, other, sizeof other), CU_OK);
    assert_string_equal(one, other);
    snprintf(text, sizeof text, "state_dir: /tmp/%0200d\n", 1);
    assert_int_equal(load(text), CU_OK);
    assert_int_equal(cu_run_dir(&config, other, sizeof other), CU_OK);
    assert_true(strlen(other) + strlen("/signer/sock") < 108);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_means_the_defaults), cmocka_unit_test(all_that_can_be_said_is_read),
        cmocka_unit_test(callers_limits_and_terms), cmocka_unit_test(capture_is_read), cmocka_unit_test(personal_data_passes_for_a_purpose), cmocka_unit_test(mistakes_are_named), cmocka_unit_test(a_file_that_is_named_must_be_there), cmocka_unit_test(run_directories),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
