/* `custos redact` and `custos restore`: filters from standard input to standard output. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "catalog/rules.h"
#include "redact/filter.h"
#include "verb.h"
#include "verbs.h"

#define KEY_TEXT 65 /* 64 hex digits and a line end */

/* A file in $XDG_STATE_HOME/custos (XDG Base Directory Specification), whose folder is made. */
static cu_err state_file(const cu_run *r, const char *option, const char *name, char out[PATH_MAX], cu_fault *f)
{
    const char *given = cu_run_option(r, option), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char dir[PATH_MAX - 64];
    if (given) {
        if ((size_t)snprintf(out, PATH_MAX, "%s", given) >= PATH_MAX)
            return cu_fail(f, CU_TOO_BIG, "--%s: the path is too long", option);
        return CU_OK;
    }
    bool own = state && state[0] == '/';
    if (!own && !(home && home[0] == '/'))
        return cu_fail(f, CU_CONFIG, "neither XDG_STATE_HOME nor HOME is set; name a file with --%s", option);
    if ((size_t)snprintf(dir, sizeof dir, "%s%s/custos", own ? state : home, own ? "" : "/.local/state") >= sizeof dir)
        return cu_fail(f, CU_TOO_BIG, "the path of the state folder is too long");
    cu_err e = cu_mkdirs(dir, 0700);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", dir, cu_err_text(e));
    snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return CU_OK;
}

static cu_err read_key(const char *path, uint8_t key[CU_MAP_KEY], cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(KEY_TEXT + 1);
    struct stat st;
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e == CU_NOT_FOUND)
        return cu_fail(f, e, "%s: there is no key; `custos redact` makes one", path);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", path, cu_err_text(e));
    if (stat(path, &st) != 0 || (st.st_mode & 077))
        return cu_fail(f, CU_DENIED, "%s can be read by others; chmod 600 it", path);
    if (b.n == KEY_TEXT && b.p[KEY_TEXT - 1] == '\n')
        b.n--;
    if (!cu_unhex(key, CU_MAP_KEY, cu_buf_view(&b)))
        return cu_fail(f, CU_SYNTAX, "%s: a key is 64 hex digits", path);
    return CU_OK;
}

/* Complete or absent, and never in place of one that another process made meanwhile. */
static cu_err make_key(const char *path, cu_fault *f)
{
    uint8_t key[CU_MAP_KEY];
    char text[KEY_TEXT + 1], tmp[PATH_MAX], id[CU_ID_LEN];
    cu_random(key, sizeof key);
    cu_hex(text, key, sizeof key);
    text[KEY_TEXT - 1] = '\n';
    cu_id_new(id);
    if ((size_t)snprintf(tmp, sizeof tmp, "%s.%s", path, id) >= sizeof tmp)
        return cu_fail(f, CU_TOO_BIG, "--key-file: the path is too long");
    cu_err e = cu_file_replace(AT_FDCWD, tmp, cu_bytes_of(text, KEY_TEXT), 0600);
    if (e == CU_OK && link(tmp, path) != 0 && errno != EEXIST)
        e = cu_errno_err(errno);
    unlink(tmp);
    cu_wipe(key, sizeof key);
    cu_wipe(text, sizeof text);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%s: %s", path, cu_err_text(e));
}

static cu_err from_stdin(void *arg, uint8_t *to, size_t room, size_t *got)
{
    (void)arg;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, to, room);
        if (n < 0 && errno == EINTR)
            continue;
        *got = n > 0 ? (size_t)n : 0;
        return n < 0 ? cu_errno_err(errno) : CU_OK;
    }
}

static cu_err to_stdout(void *arg, cu_bytes text)
{
    (void)arg;
    return cu_write_all(STDOUT_FILENO, text);
}

static int types_of(const cu_run *r, cu_filter *w)
{
    const char *only = cu_run_option(r, "only"), *min = cu_run_option(r, "min-confidence");
    char *end = NULL;
    for (unsigned t = 0; t < CU_TYPE_COUNT; t++)
        w->only[t] = !only;
    for (const char *p = only; p && *p;) {
        cu_bytes name = cu_bytes_of(p, strcspn(p, ","));
        cu_type t = cu_type_by_name(name);
        if (t == CU_TYPE_COUNT)
            return cu_run_fail(r, CU_CONFIG, "--only: \"%.*s\" is not a type", CU_FMT(name));
        w->only[t] = true;
        p += name.n + (p[name.n] == ',');
    }
    w->min_confidence = min ? (unsigned)strtoul(min, &end, 10) : CU_DETECT_FLOOR;
    if (min && (*end || end == min || w->min_confidence > 100))
        return cu_run_fail(r, CU_CONFIG, "--min-confidence is a percentage, 0 to 100");
    return CU_EXIT_FINE;
}

static cu_err redact(const cu_run *r, cu_filter *w, cu_filter_facts *facts, cu_fault *f)
{
    char key[PATH_MAX], map[PATH_MAX];
    const char *catalog = cu_catalog_dir();
    cu_engine *engine = NULL;
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    CU_TRY(state_file(r, "key-file", "redact.key", key, f));
    CU_TRY(state_file(r, "map", "redact.map", map, f));
    if (access(key, F_OK) != 0)
        CU_TRY(make_key(key, f));
    CU_TRY(read_key(key, w->key, f));
    cu_err e = cu_engine_open(catalog, cu_run_option(r, "rules"), cu_engine_cache_dir(), &engine, f);
    w->engine = engine;
    if (e == CU_OK)
        e = cu_scratch_new(engine, &w->scratch);
    if (e == CU_OK)
        e = cu_map_open(map, w->key, true, &w->map, f);
    if (e == CU_OK)
        e = cu_filter_redact(w, facts, f);
    cu_map_free(w->map);
    cu_scratch_free(w->scratch);
    cu_engine_free(engine);
    return e;
}

static int run_redact(const cu_run *r)
{
    cu_filter w = {.in = from_stdin, .out = to_stdout};
    cu_filter_facts facts = {0};
    cu_fault f = {0};
    int rc = types_of(r, &w);
    if (rc)
        return rc;
    cu_err e = redact(r, &w, &facts, &f);
    cu_wipe(w.key, sizeof w.key);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (cu_run_option(r, "count") || (facts.replaced && isatty(STDERR_FILENO)))
        fprintf(stderr, "custos redact: %llu places replaced in %llu bytes\n", (unsigned long long)facts.replaced,
                (unsigned long long)facts.bytes);
    return CU_EXIT_FINE;
}

/* Key and map are looked for when the first surrogate comes: the other end of a pipe may be making
 * them just now. */
static cu_err open_map(void *arg, cu_map **map, cu_fault *f)
{
    const cu_run *r = arg;
    char key_path[PATH_MAX], map_path[PATH_MAX];
    uint8_t key[CU_MAP_KEY];
    CU_TRY(state_file(r, "key-file", "redact.key", key_path, f));
    CU_TRY(state_file(r, "map", "redact.map", map_path, f));
    CU_TRY(read_key(key_path, key, f));
    cu_err e = cu_map_open(map_path, key, false, map, f);
    cu_wipe(key, sizeof key);
    return e;
}

static int run_restore(const cu_run *r)
{
    union { const cu_run *in; void *out; } run = {r};
    cu_filter w = {.in = from_stdin, .out = to_stdout, .open_map = open_map, .open_arg = run.out};
    cu_filter_facts facts = {0};
    char key_path[PATH_MAX];
    uint8_t key[CU_MAP_KEY];
    cu_fault f = {0};
    cu_err e = state_file(r, "key-file", "redact.key", key_path, &f);
    if (e == CU_OK && access(key_path, F_OK) == 0) /* a key that others read is said at once */
        e = read_key(key_path, key, &f);
    cu_wipe(key, sizeof key);
    if (e == CU_OK)
        e = cu_filter_restore(&w, &facts, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

#define FILES {"key-file", "FILE", "Key of surrogates and map; redact.key in the state folder otherwise."}, \
              {"map", "FILE", "Sealed map of surrogates to values; redact.map in the state folder otherwise."}

const cu_verb cu_verb_redact = {
    .name = "redact", .group = "find", .operands = "", .run = run_redact,
    .summary = "replace personal data and secrets in standard input by surrogates",
    .details = "Text goes from standard input to standard output. The same value gets the same surrogate as long as "
               "the key is the same. What was replaced is kept in a sealed map, from which `custos restore` puts it "
               "back. The state folder is $XDG_STATE_HOME/custos, or ~/.local/state/custos; a missing key is made "
               "there. What no rule describes is not replaced.",
    .options = {FILES, {"only", "TYPES", "Replace only these types, separated by commas."},
                {"min-confidence", "N", "Replace only findings of at least N percent."},
                {"rules", "DIR", "Rules of your own besides the shipped ones, in the folders secrets/ and pii/."},
                {"count", NULL, "Say on standard error how many places were replaced."}},
};

const cu_verb cu_verb_restore = {
    .name = "restore", .group = "find", .operands = "", .run = run_restore,
    .summary = "put values back where `custos redact` set surrogates",
    .details = "Text goes from standard input to standard output; surrogates that the map does not know stay as they "
               "are. Restoring what was redacted gives the same bytes again.",
    .options = {FILES},
};
