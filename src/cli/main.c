/* custos: finds the verb, checks its options against the verb's own table, runs it, or hands it on to the
 * program that has all verbs. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "suggest.h"
#include "verb.h"
#include "verbs.h"

static bool is_verb(const cu_verb *v, int argc, char **argv, int *used)
{
    int i = 1;
    for (const char *word = v->name; *word; i++) {
        size_t n = strcspn(word, " ");
        if (i >= argc || strlen(argv[i]) != n || strncmp(argv[i], word, n) != 0)
            return false;
        word += n + (word[n] == ' ');
    }
    *used = i;
    return true;
}

static int option_index(const cu_verb *v, const char *name, size_t n)
{
    for (int i = 0; v->options[i].name; i++)
        if (strlen(v->options[i].name) == n && strncmp(v->options[i].name, name, n) == 0)
            return i;
    return -1;
}

static bool format_known(const cu_verb *v, const char *format)
{
    size_t n = strlen(format);
    for (const char *p = v->formats; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strncmp(p, format, n) == 0 && (p[n] == 0 || p[n] == '|'))
            return true;
    return false;
}

/* Takes one option; *i stands on it and moves past its value. */
static int take_option(cu_run *r, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *eq = strchr(name, '='), *value = NULL;
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    int index = option_index(r->verb, name, n);
    bool format = n == 6 && strncmp(name, "format", 6) == 0 && r->verb->formats;
    if (index < 0 && !format)
        return cu_run_fail(r, CU_CONFIG, "unknown option --%.*s; see `custos help %s`", (int)n,
                           name, r->verb->name);
    if (format || r->verb->options[index].value) {
        if (!eq && *i + 1 >= argc)
            return cu_run_fail(r, CU_CONFIG, "--%.*s needs a value", (int)n, name);
        value = eq ? eq + 1 : argv[++*i];
    } else if (eq) {
        return cu_run_fail(r, CU_CONFIG, "--%.*s takes no value", (int)n, name);
    }
    if (format) {
        if (!format_known(r->verb, value))
            return cu_run_fail(r, CU_CONFIG, "--format %s is not one of %s", value,
                               r->verb->formats);
        r->format = value;
        r->json = strcmp(value, "json") == 0;
    } else {
        r->given[index] = value ? value : "";
    }
    return CU_EXIT_FINE;
}

static int parse(cu_run *r, int argc, char **argv, int from)
{
    bool literal = false;
    for (int i = from; i < argc; i++) {
        if (!literal && strcmp(argv[i], "--") == 0) {
            literal = true;
        } else if (!literal && strncmp(argv[i], "--", 2) == 0) {
            int rc = take_option(r, argc, argv, &i);
            if (rc)
                return rc;
        } else if (!literal && argv[i][0] == '-' && argv[i][1]) {
            return cu_run_fail(r, CU_CONFIG, "unknown option %s; see `custos help %s`", argv[i],
                               r->verb->name);
        } else if (!r->verb->operands[0]) {
            return cu_run_fail(r, CU_CONFIG, "takes no operand, but \"%s\" was given", argv[i]);
        } else {
            r->args[r->args_n++] = argv[i];
        }
    }
    return CU_EXIT_FINE;
}

static const cu_verb *verb_named(const char *name)
{
    for (size_t i = 0; cu_verbs[i]; i++)
        if (strcmp(cu_verbs[i]->name, name) == 0)
            return cu_verbs[i];
    return NULL;
}

static const cu_verb *choose(int argc, char **argv, int *used)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        *used = argc < 2 ? 1 : 2;
        return verb_named("help");
    }
    if (strcmp(argv[1], "--version") == 0) {
        *used = 2;
        return verb_named("version");
    }
    for (size_t i = 0; cu_verbs[i]; i++)
        if (is_verb(cu_verbs[i], argc, argv, used))
            return cu_verbs[i];
    return NULL;
}

static bool asks_help(int argc, char **argv, int from)
{
    for (int i = from; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* Returns only when that failed. */
static int run_elsewhere(char **argv)
{
    char path[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (slash) {
        snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "%s", cu_verbs_elsewhere);
        execv(path, argv);
    }
    fprintf(stderr, "custos: %s, which belongs beside this program, cannot be run: %s\n", cu_verbs_elsewhere, strerror(errno));
    return CU_EXIT_FAILED;
}

static bool needs_server(const cu_run *r)
{
    for (int i = 0; r->verb->options[i].name; i++)
        if (r->verb->options[i].server && r->given[i])
            return true;
    return false;
}

static int run_verb(cu_run *r, int argc, char **argv, int from)
{
    if (asks_help(argc, argv, from) && strcmp(r->verb->name, "help") != 0) {
        const char *about = r->verb->name;
        if (cu_verbs_elsewhere)
            return run_elsewhere(argv);
        r->verb = verb_named("help");
        r->args[r->args_n++] = about;
        return r->verb->run(r);
    }
    int rc = parse(r, argc, argv, from);
    if (rc != CU_EXIT_FINE)
        return rc;
    return cu_verbs_elsewhere && needs_server(r) ? run_elsewhere(argv) : r->verb->run(r);
}

int main(int argc, char **argv)
{
    int used = 1;
    const cu_verb *v = choose(argc, argv, &used);
    if (!v && cu_verbs_elsewhere)
        return run_elsewhere(argv);
    if (!v) {
        cu_suggest_verb(stderr, argv[1]);
        return CU_EXIT_FAILED;
    }
    cu_run r = {.verb = v, .format = "text"};
    r.args = calloc((size_t)argc + 1, sizeof *r.args);
    if (!r.args)
        return CU_EXIT_FAILED;
    int rc = run_verb(&r, argc, argv, used);
    free(r.args);
    return rc;
}
