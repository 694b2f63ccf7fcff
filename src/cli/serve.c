/* custos serve, the programs it starts (internal verbs), signin and check-config. */
#include "serve/serve.h"
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "admin.h"
#include "base/log.h"
#include "base/digest.h"
#include "catalog/overlay.h"
#include "comply/checklist.h"
#include "daemon/daemon.h"
#include "detect/detect.h"
#include "ledger/signer.h"
#include "serve/sink.h"

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

static volatile int stop;

static void on_signal(int number)
{
    stop = 1;
}

/* A handler and no thread: a thread would keep the capabilities that the daemon gives up. */
static void watch_signals(void)
{
    const struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* One field of an answer of the admin socket; "" when it did not come. */
static void ask(const char *run_dir, const char *path, const char *body, const char *field, char *out, size_t n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f;
    long status;
    out[0] = 0;
    if (cu_admin_call(run_dir, "POST", path, cu_str(body), &status, &b, &f) != CU_OK || status != 201)
        return;
    json_t *o = json_loadb((const char *)b.p, b.n, 0, NULL);
    const char *s = json_string_value(json_object_get(o, field));
    snprintf(out, n, "%s", s ? s : "");
    json_decref(o);
}

static void base_url(const cu_config *c, char *out, size_t n)
{
    snprintf(out, n, "%s", c->listen[0].url);
}

static void welcome(const cu_config *c, const char *run_dir)
{
    char key[80], token[80], body[200], base[200];
    snprintf(body, sizeof body, "{\"tenant\":\"%s\",\"user\":\"operator\",\"name\":\"printed-at-start\"}", c->tenants[0].name);
    ask(run_dir, "/api/v1/keys", body, "key", key, sizeof key);
    ask(run_dir, "/api/v1/signin-tokens", "{}", "token", token, sizeof token);
    base_url(c, base, sizeof base);
    printf("\nCustos is running. Ctrl-C stops it.\n\n");
    printf("  Console       %s/#/signin/%s  (this link works once, for 15 minutes)\n", base, token);
    printf("  Checklist     %s/audit\n  Try it        %s/try\n", base, base);
    printf("  Virtual key   %s  (tenant %s)\n\n", key, c->tenants[0].name);
    printf("Point an assistant here:\n");
    printf("  Claude Code   ANTHROPIC_BASE_URL=%s ANTHROPIC_AUTH_TOKEN=%s claude\n", base, key);
    printf("  Anthropic SDK ANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=%s <your program>\n", base, key);
    printf("  Codex         CUSTOS_KEY=%s codex -c model_provider=custos -c 'model_providers.custos={name=\"custos\",base_url=\"%s/v1\","
           "env_key=\"CUSTOS_KEY\",wire_api=\"responses\"}'\n", key, base);
    printf("  Gemini CLI    GOOGLE_GEMINI_BASE_URL=%s GEMINI_API_KEY=%s gemini\n", base, key);
    printf("  OpenAI SDK    OPENAI_BASE_URL=%s/v1 OPENAI_API_KEY=%s <your program>\n", base, key);
    printf("  opencode      ANTHROPIC_API_KEY=%s OPENCODE_CONFIG_CONTENT='{\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"%s/v1\"}}}}' opencode\n\n",
           key, base);
    if (c->embedded)
        printf("No vendor is configured: the built-in sink answers. See the main job in another terminal:\n  build/custos demo\n");
    fflush(stdout);
}

/* Rules of the customer's are proved before anything is started, and compiled once for all. */
static cu_err check_rules(const cu_config *c, const char *cache, size_t *n, cu_fault *f)
{
    cu_engine *engine = NULL;
    const char *catalog = cu_catalog_dir();
    *n = 0;
    if (!c->rules)
        return CU_OK;
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    CU_TRY(cu_engine_open(catalog, c->rules, cache, &engine, f));
    *n = cu_engine_rules(engine)->n;
    cu_engine_free(engine);
    return CU_OK;
}

static int serve(const cu_run *r)
{
    size_t n;
    cu_arena a CU_CLEAN_ARENA;
    cu_config c;
    cu_fault f = {0};
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_config_load(cu_run_option(r, "config"), true, &a, &c, &f);
    const char *cache = e == CU_OK && c.rules ? cu_arena_fmt(&a, "%s/rules", c.state_dir) : NULL;
    if (e == CU_OK)
        e = check_rules(&c, cache, &n, &f);
    if (e == CU_OK)
        e = cu_serve(&c, cu_run_option(r, "quiet") ? NULL : welcome, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

static int run_daemon(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_config c;
    cu_fault f = {0};
    watch_signals();
    cu_say_init("custos daemon", CU_LOG_INFO);
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_config_load(cu_run_option(r, "config"), true, &a, &c, &f);
    if (e == CU_OK)
        e = cu_daemon_run(&c, &stop, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

/* The state folder is opened before root is given up, so that the path above it may be closed. */
static cu_err signer_open(const cu_config *c, int *listen_fd, int *state_fd, cu_fault *f)
{
    char path[4200], run_dir[4096];
    CU_TRY(cu_run_dir(c, run_dir, sizeof run_dir));
    snprintf(path, sizeof path, "%s/signer", c->state_dir);
    *state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*state_fd < 0)
        return cu_fail(f, CU_IO, "%.200s cannot be opened", path);
    snprintf(path, sizeof path, "%s/signer/sock", run_dir);
    CU_TRY(cu_listen_unix(path, 0600, listen_fd, f));
    if (getuid() != 0)
        return CU_OK;
    if (setgroups(0, NULL) != 0 || setgid(CU_SIGNER_UID) != 0 || setuid(CU_SIGNER_UID) != 0)
        return cu_fail(f, CU_DENIED, "the signer could not take its own uid");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the change of uid took it away */
    return CU_OK;
}

static int run_signer(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_config c;
    cu_fault f = {0};
    int listen_fd = -1, state_fd = -1;
    watch_signals();
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_config_load(cu_run_option(r, "config"), false, &a, &c, &f);
    if (e == CU_OK)
        e = signer_open(&c, &listen_fd, &state_fd, &f);
    if (e == CU_OK)
        e = cu_signer_run(listen_fd, state_fd, &stop, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

static int run_sink(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    cu_fault f = {0};
    char run_dir[4096], path[4200];
    watch_signals();
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/sink.port", run_dir);
    cu_err e = cu_sink_run(path, &stop, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

static int signin(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], token[80], base[200];
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    ask(run_dir, "/api/v1/signin-tokens", "{}", "token", token, sizeof token);
    if (!token[0])
        return cu_run_fail(r, CU_STATE, "Custos does not answer; start it with custos serve");
    base_url(&c, base, sizeof base);
    printf(r->json ? "{\"url\":\"%s/#/signin/%s\"}\n" : "%s/#/signin/%s\n", base, token);
    return CU_EXIT_FINE;
}

/* The customer's folder beside the shipped catalogue: read as the daemon would. */
static cu_err check_catalog(const cu_config *c, cu_fault *f)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_events *events;
    cu_catalogue *catalogue;
    cu_checklist *checklist;
    const char *dir = cu_catalog_dir();
    cu_arena_init(&a, (size_t)64 << 20);
    if (!c->catalog || !dir)
        return CU_OK;
    CU_TRY(cu_overlay_use(dir, c->catalog, f));
    CU_TRY(cu_events_load(dir, &a, &events, f));
    CU_TRY(cu_catalogue_load(dir, events, &a, &catalogue, f));
    return cu_checklist_load(dir, catalogue, &a, &checklist, f);
}

static void tell_unstated(const cu_config *c)
{
    for (size_t i = 0; i < c->tenants_n; i++)
        for (int t = 0; t < CU_TYPE_COUNT; t++)
            if (c->tenants[i].unstated[t])
                fprintf(stderr, "Tenant %s: %s is allowed without a purpose and will be replaced; write {allow: PURPOSE}.\n", c->tenants[i].name, cu_type_name((cu_type)t));
}

static int check_config(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_config c;
    cu_fault f = {0};
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_config_load(r->args_n ? r->args[0] : cu_run_option(r, "config"), true, &a, &c, &f);
    size_t rules = 0;
    if (e == CU_OK)
        e = check_rules(&c, cu_engine_cache_dir(), &rules, &f);
    if (e == CU_OK)
        e = check_catalog(&c, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    tell_unstated(&c);
    if (r->json)
        printf("{\"ok\":true,\"tenants\":%zu,\"vendors\":%zu,\"listen\":%zu,\"rules\":%zu}\n", c.tenants_n, c.vendors_n, c.listen_n, rules);
    else
        printf("%s is good: %zu tenants, %zu vendors, %zu addresses.\n", c.file ? c.file : "The default configuration", c.tenants_n, c.vendors_n,
               c.listen_n);
    if (!r->json && rules)
        printf("With %s there are %zu rules, and their examples hold.\n", c.rules, rules);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_serve = {
    .name = "serve", .group = "guard", .operands = "", .run = serve,
    .summary = "run Custos: gateway, daemon, signer, console",
    .details = "Starts and watches nginx with the gateway module, the daemon, the signer and the built-in sink "
               "provider. Ctrl-C stops all of them. Without a configuration it listens on 127.0.0.1:4180, keeps its "
               "state in ./state and answers from the sink.",
    .options = {CONFIG, {"quiet", NULL, "do not issue a key and print how to connect"}},
};
const cu_verb cu_verb_signin = {
    .name = "signin", .group = "guard", .operands = "", .run = signin, .formats = "text|json",
    .summary = "make a one-time sign-in link for the console", .options = {CONFIG},
};
const cu_verb cu_verb_check_config = {
    .name = "check-config", .group = "guard", .operands = "[FILE]", .run = check_config, .formats = "text|json",
    .summary = "check a configuration and say what is wrong, with its line", .options = {CONFIG},
};
const cu_verb cu_verb_daemon = {.name = "daemon", .group = "internal", .operands = "", .run = run_daemon, .summary = "the daemon", .options = {CONFIG}};
const cu_verb cu_verb_signer = {.name = "signer", .group = "internal", .operands = "", .run = run_signer, .summary = "the signer", .options = {CONFIG}};
const cu_verb cu_verb_sink = {.name = "sink", .group = "internal", .operands = "", .run = run_sink, .summary = "the sink provider", .options = {CONFIG}};
