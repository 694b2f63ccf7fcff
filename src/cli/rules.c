/* `custos rules check`: rules prove themselves by their own examples. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "desk_answer.h"
#include "base/arena.h"
#include "base/file.h"
#include "catalog/rules.h"
#include "detect/detect.h"
#include "inspect/injected.h"
#include "verb.h"
#include "verbs.h"

static void tell(void *arg, const cu_rule *r, const cu_rule_example *x, const char *why)
{
    (void)arg;
    fprintf(stderr, "%s:%u: rule %s %s: %.*s\n", r->file, r->line, r->id, why, CU_FMT(x->text));
}

static int report(const cu_run *r, const cu_rules *rules, size_t wrong)
{
    if (r->json)
        printf("{\"rules\":%zu,\"wrong\":%zu}\n", rules->n, wrong);
    else
        printf("%zu rules, %zu examples that do not hold\n", rules->n, wrong);
    return wrong ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

/* Rules that would slow every scan down. */
static cu_err tell_dear(const cu_rules *rules, const cu_engine *engine, size_t *wrong)
{
    for (size_t i = 0; i < rules->n; i++) {
        char why[CU_DEAR_MAX];
        bool dear;
        CU_TRY(cu_rule_dear(engine, i, why, &dear));
        if (dear)
            fprintf(stderr, "%s:%u: rule %s %s\n", rules->v[i].file, rules->v[i].line, rules->v[i].id, why);
        *wrong += dear;
    }
    return CU_OK;
}

static int run_check(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_rules rules;
    cu_engine *engine = NULL;
    size_t wrong = 0;
    const char *dir = r->args_n ? r->args[0] : NULL, *catalog = cu_catalog_dir();
    cu_arena_init(&a, (size_t)64 << 20);
    if (!dir && catalog)
        dir = cu_arena_fmt(&a, "%s/rules", catalog);
    if (!dir || r->args_n > 1)
        return cu_run_fail(r, CU_NOT_FOUND, "name one folder of rules");
    cu_err e = cu_rules_load(dir, &a, &rules, &f);
    if (e == CU_OK)
        e = cu_engine_compile(&rules, &engine, &f);
    if (e == CU_OK)
        e = cu_rules_prove(&rules, engine, tell, NULL, &wrong);
    if (e == CU_OK)
        e = tell_dear(&rules, engine, &wrong);
    cu_engine_free(engine);
    return e == CU_OK ? report(r, &rules, wrong) : cu_run_fault(r, e, &f);
}

const cu_verb cu_verb_rules_check = {
    .name = "rules check", .group = "find", .operands = "[DIR]", .run = run_check,
    .summary = "check detection rules against their own examples",
    .details = "DIR holds the folders secrets/ and pii/; without it, the rules that come with Custos "
               "are checked. So is what a rule costs: by its literals it must not be tried too often. Exit "
               "status: 0 all hold, 1 an example does not hold or a rule costs too much, 2 a file was "
               "refused.",
    .formats = "text|json",
};

/* An image that fits is left as it is: open() found it beside the program. */
static bool is_there(const char *path, const cu_engine *e)
{
    struct stat st;
    return strcmp(path, "") != 0 && stat(path, &st) == 0 && cu_engine_from_image(e);
}

static cu_err injected_image(const char *catalog, const char *path, cu_fault *f)
{
    cu_injected *j;
    CU_TRY(cu_injected_open(catalog, path, &j, f));
    cu_err e = cu_injected_from_image(j) ? CU_OK : cu_injected_write_image(j, path);
    cu_injected_free(j);
    return e;
}

static int run_image(const cu_run *r)
{
    cu_fault f = {0};
    cu_engine *engine = NULL;
    const char *catalog = cu_catalog_dir();
    if (r->args_n < 1 || r->args_n > 2 || !catalog)
        return cu_run_fail(r, CU_CONFIG, "name the file to write");
    cu_err e = cu_engine_open(catalog, NULL, NULL, &engine, &f);
    if (e == CU_OK && !is_there(r->args[0], engine))
        e = cu_engine_write_image(engine, r->args[0]);
    cu_engine_free(engine);
    if (e == CU_OK && r->args_n == 2)
        e = injected_image(catalog, r->args[1], &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

const cu_verb cu_verb_rules_image = {
    .name = "rules image", .group = "find", .operands = "FILE [INJECTED]", .run = run_image,
    .summary = "write the compiled form of the shipped rules, for quick starts on CPUs like this one",
    .details = "FILE takes the rules that find; INJECTED those for planted instructions. A file that fits is left as it is.",
};

/* --- custos rules reload --- */

static int run_reload(const cu_run *r)
{
    json_t *o;
    int rc = cu_desk_answer(r, "POST", "/api/v1/rules/reload", CU_LIT("{}"), &o);
    if (rc)
        return rc;
    if (!r->json)
        printf(json_is_true(json_object_get(o, "changed")) ? "%lld rules are in force; requests that began before keep theirs.\n"
                                                           : "Nothing has changed: %lld rules are in force.\n",
               (long long)json_integer_value(json_object_get(o, "rules")));
    json_decref(o);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_rules_reload = {
    .name = "rules reload", .group = "guard", .operands = "", .run = run_reload, .formats = "text|json",
    .summary = "puts the changed rules of custos.yaml's folder in force, without a restart",
    .details = "The folder that `rules` in custos.yaml names is read again, compiled and proved by its examples. "
               "A wrong rule is refused with file, line and reason, and the rules before stay in force. The change "
               "is an entry of the organisation's log; gateway and /try have it within a second.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};

/* --- custos rules cost --- */

typedef struct {
    uint64_t bytes;
    unsigned limit;   /* percent of the whole */
    unsigned dear;    /* rules above it */
} cost;

static void tell_cost(void *arg, const cu_rule *r, uint64_t alone, uint64_t all, uint64_t found)
{
    cost *c = arg;
    double share = 100.0 * (double)alone / (double)(all ? all : 1);
    bool dear = share > c->limit;
    c->dear += dear;
    printf("%6.2f %% %8.0f MB/s %8llu found  %s%s\n", share, (double)c->bytes * 1000 / (double)(alone ? alone : 1),
           (unsigned long long)found, r->id, dear ? "  TOO DEAR" : "");
}

static int run_cost(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)200 << 20);
    cu_fault f = {0};
    cu_rules rules;
    const char *limit = cu_run_option(r, "limit"), *catalog = cu_catalog_dir();
    const char *extra = cu_run_option(r, "rules");
    cu_arena_init(&a, (size_t)64 << 20);
    char *dir = catalog ? cu_arena_fmt(&a, "%s/rules", catalog) : NULL;
    if (!dir || r->args_n < 1)
        return cu_run_fail(r, CU_CONFIG, "name files of text to measure on");
    cu_err e = cu_rules_load_both(dir, extra, &a, &rules, &f);
    for (int i = 0; i < r->args_n && e == CU_OK; i++)
        if ((e = cu_file_read(AT_FDCWD, r->args[i], &text)) != CU_OK)
            cu_fail(&f, e, "%.200s: %s", r->args[i], cu_err_text(e));
    cost c = {text.n, limit ? (unsigned)atoi(limit) : 100, 0};
    if (e == CU_OK)
        e = cu_rules_cost(&rules, cu_buf_view(&text), tell_cost, &c, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return c.dear ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_rules_cost = {
    .name = "rules cost", .group = "find", .operands = "FILE...", .run = run_cost,
    .summary = "show what each detection rule costs over the text of the files",
    .details = "Each rule is compiled and run alone; its share is its CPU time against that of all rules "
               "together. A pass over the text has a price of its own, so that shares add up to far more "
               "than 100. Exit status: 1 when a rule is above --limit.",
    .options = {{"limit", "PERCENT", "Fail when a rule alone takes more than this share of the whole."},
                {"rules", "DIR", "Rules of your own besides the shipped ones."}},
};
