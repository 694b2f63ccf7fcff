/* `custos redact` and `custos restore`: filters. What was replaced is kept in a sealed map, so that a
 * later restore gives back the bytes exactly (docs/formats/redaction-map.md). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"
#include "catalog/rules.h"
#include "detect/detect.h"
#include "redact_map.h"
#include "verb.h"
#include "verbs.h"

#define TEXT_MAX ((size_t)200 << 20)

/* $XDG_STATE_HOME/custos, ~/.local/state/custos. */
static cu_err state_file(const cu_run *r, const char *option, const char *name, cu_arena *a, char **path,
                         cu_fault *f)
{
    const char *given = cu_run_option(r, option), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (given) {
        *path = cu_arena_str(a, cu_str(given));
        return *path ? CU_OK : CU_NOMEM;
    }
    if (!(state && state[0] == '/') && !(home && home[0] == '/'))
        return cu_fail(f, CU_NOT_FOUND, "there is no home directory for the key; name one with --%s", option);
    char *dir = state && state[0] == '/' ? cu_arena_fmt(a, "%s/custos", state)
                                         : cu_arena_fmt(a, "%s/.local/state/custos", home);
    if (!dir)
        return CU_NOMEM;
    if (cu_mkdirs(dir, 0700) != CU_OK)
        return cu_fail(f, CU_IO, "%.200s cannot be made", dir);
    *path = cu_arena_fmt(a, "%s/%s", dir, name);
    return *path ? CU_OK : CU_NOMEM;
}

/* 64 hex digits in a file that only its owner reads; `make`: made when it is missing. */
static cu_err load_key(const char *path, bool make, uint8_t key[32], cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(256);
    struct stat st;
    char hex[66];
    if (stat(path, &st) != 0 && errno == ENOENT && make) {
        cu_random(key, 32);
        cu_hex(hex, key, 32);
        hex[64] = '\n';
        cu_err e = cu_file_replace(AT_FDCWD, path, cu_bytes_of(hex, 65), 0600);
        cu_wipe(hex, sizeof hex);
        return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    }
    if (stat(path, &st) == 0 && (st.st_mode & 077))
        return cu_fail(f, CU_DENIED, "%.200s can be read by others; chmod 600 it", path);
    cu_err e = cu_file_read(AT_FDCWD, path, &text);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    if (!cu_unhex(key, 32, cu_buf_view(&text)))
        return cu_fail(f, CU_SYNTAX, "%.200s is no key: 64 hex digits are expected", path);
    return CU_OK;
}

static cu_err read_all(int fd, cu_buf *out, cu_fault *f)
{
    for (;;) {
        uint8_t *room = cu_buf_room(out, 65536);
        if (!room)
            return cu_fail(f, CU_TOO_BIG, "the input is larger than %zu MiB", TEXT_MAX >> 20);
        ssize_t n = read(fd, room, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cu_fail(f, cu_errno_err(errno), "standard input: %s", strerror(errno));
        if (n == 0)
            return CU_OK;
        out->n += (size_t)n;
    }
}

typedef struct {
    uint32_t start, end;
    cu_type type;
} span;

/* Findings, and what already looks like a surrogate: that is replaced as well, so that restoring
 * cannot take it for one of ours. */
static cu_err spans_of(cu_bytes t, const cu_findings *found, unsigned min, span **out, size_t *n)
{
    size_t room = found->n + 1, at = 0, k = 0;
    for (size_t i = 0; (i = cu_find(t, CU_LIT(CU_SURROGATE_MARK), i)) != (size_t)-1; i += 7)
        room++;
    span *v = calloc(room, sizeof *v);
    if (!v)
        return CU_NOMEM;
    *n = 0;
    while (at < t.n) {
        size_t mark = cu_find(t, CU_LIT(CU_SURROGATE_MARK), at);
        while (mark != (size_t)-1 && !(t.n - mark >= CU_SURROGATE_LEN && cu_surrogate_valid(t.p + mark)))
            mark = cu_find(t, CU_LIT(CU_SURROGATE_MARK), mark + 1);
        while (k < found->n && (found->v[k].end <= at || found->v[k].confidence < min))
            k++;
        bool finding = k < found->n && (mark == (size_t)-1 || found->v[k].start < mark + CU_SURROGATE_LEN);
        if (!finding && mark == (size_t)-1)
            break;
        span s = {(uint32_t)mark, (uint32_t)mark + CU_SURROGATE_LEN, CU_TYPE_SECRET};
        if (finding) {
            s = (span){found->v[k].start > at ? found->v[k].start : (uint32_t)at, found->v[k].end,
                       (cu_type)found->v[k].type};
            if (mark != (size_t)-1 && mark < s.end) { /* the look-alike goes with what holds it */
                s.start = mark < s.start ? (uint32_t)mark : s.start;
                s.end = mark + CU_SURROGATE_LEN > s.end ? (uint32_t)mark + CU_SURROGATE_LEN : s.end;
            }
        }
        v[(*n)++] = s;
        at = s.end;
    }
    *out = v;
    return CU_OK;
}

static cu_err replace_all(cu_bytes t, const span *v, size_t n, const cu_surrogate_key *key, cu_redact_map *map,
                          cu_buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        char surrogate[CU_SURROGATE_LEN];
        cu_bytes value = cu_slice(t, v[i].start, v[i].end);
        cu_surrogate_make(key, v[i].type, value, surrogate);
        CU_TRY(cu_redact_map_add(map, surrogate, value));
        cu_buf_add(out, cu_slice(t, at, v[i].start));
        cu_buf_put(out, surrogate, CU_SURROGATE_LEN);
        at = v[i].end;
    }
    cu_buf_add(out, cu_slice(t, at, t.n));
    return cu_buf_err(out);
}

static cu_err redact(cu_bytes text, const uint8_t key[32], unsigned min, cu_redact_map *map, cu_buf *out,
                     uint64_t *replaced, cu_fault *f)
{
    const char *catalog = cu_catalog_dir();
    cu_engine *engine = NULL;
    cu_scratch *scratch = NULL;
    cu_findings found = {0};
    span *v = NULL;
    size_t n = 0;
    cu_surrogate_key k = {.key_id = 'l'};
    memcpy(k.key, key, 32);
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    cu_err e = cu_engine_open(catalog, NULL, cu_engine_cache_dir(), &engine, f);
    if (e == CU_OK && (e = cu_scratch_new(engine, &scratch)) == CU_OK)
        e = cu_detect(engine, scratch, text, &found);
    if (e == CU_OK && (e = spans_of(text, &found, min, &v, &n)) == CU_OK)
        e = replace_all(text, v, n, &k, map, out);
    *replaced = n;
    free(v);
    cu_findings_free(&found);
    cu_scratch_free(scratch);
    cu_engine_free(engine);
    cu_wipe(&k, sizeof k);
    return e;
}

typedef struct {
    uint8_t key[32];
    char *map_path;
    cu_arena arena;
    cu_buf in, out;
    cu_redact_map map;
} filter;

static cu_err begin(const cu_run *r, bool make, filter *x, cu_fault *f)
{
    char *key_path;
    cu_arena_init(&x->arena, (size_t)512 << 20);
    x->in = CU_BUF(TEXT_MAX);
    x->out = CU_BUF((size_t)2 << 30);
    x->map = (cu_redact_map){0};
    CU_TRY(state_file(r, "key-file", "redact.key", &x->arena, &key_path, f));
    CU_TRY(state_file(r, "map", "redact.map", &x->arena, &x->map_path, f));
    /* The input first: in `custos redact | … | custos restore` the map is written meanwhile. */
    CU_TRY(read_all(STDIN_FILENO, &x->in, f));
    CU_TRY(load_key(key_path, make, x->key, f));
    return cu_redact_map_load(&x->map, x->map_path, x->key, &x->arena, f);
}

static int end(const cu_run *r, cu_err e, filter *x, cu_fault *f)
{
    if (e == CU_OK)
        e = cu_write_all(STDOUT_FILENO, cu_buf_view(&x->out));
    cu_redact_map_free(&x->map);
    cu_buf_free(&x->in);
    cu_buf_free(&x->out);
    cu_arena_free(&x->arena);
    cu_wipe(x->key, sizeof x->key);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, f);
}

static int run_redact(const cu_run *r)
{
    filter x;
    cu_fault f = {0};
    uint64_t replaced = 0;
    cu_err e = begin(r, true, &x, &f);
    if (e == CU_OK)
        e = redact(cu_buf_view(&x.in), x.key, CU_DETECT_FLOOR, &x.map, &x.out, &replaced, &f);
    /* The map is durable before the text that needs it leaves. */
    if (e == CU_OK && replaced)
        e = cu_redact_map_save(&x.map, x.map_path, x.key, &f);
    if (e == CU_OK && isatty(STDERR_FILENO))
        fprintf(stderr, "custos redact: %llu places replaced\n", (unsigned long long)replaced);
    return end(r, e, &x, &f);
}

static int run_restore(const cu_run *r)
{
    filter x;
    cu_fault f = {0};
    cu_err e = begin(r, false, &x, &f);
    cu_bytes t = e == CU_OK ? cu_buf_view(&x.in) : CU_NONE;
    for (size_t at = 0; e == CU_OK && at < t.n;) {
        size_t mark = cu_find(t, CU_LIT(CU_SURROGATE_MARK), at), upto = mark == (size_t)-1 ? t.n : mark;
        cu_bytes value;
        cu_buf_add(&x.out, cu_slice(t, at, upto));
        at = upto;
        if (upto == t.n)
            break;
        bool ours = t.n - upto >= CU_SURROGATE_LEN && cu_redact_map_find(&x.map, t.p + upto, &value);
        cu_buf_add(&x.out, ours ? value : cu_slice(t, upto, upto + 7));
        at += ours ? CU_SURROGATE_LEN : 7;
        e = cu_buf_err(&x.out);
    }
    return end(r, e, &x, &f);
}

#define FILES {"key-file", "FILE", "64 hex digits, readable by its owner only; made by redact when missing."}, \
              {"map", "FILE", "The sealed map of what was replaced."}

const cu_verb cu_verb_redact = {
    .name = "redact", .group = "find", .operands = "", .run = run_redact,
    .summary = "Replaces personal data and secrets in standard input by surrogates.",
    .details = "The same value becomes the same surrogate each time. What was replaced is kept, sealed, in "
               "a map beside the key (~/.local/state/custos), so that `custos restore` gives back every byte.",
    .options = {FILES},
};

const cu_verb cu_verb_restore = {
    .name = "restore", .group = "find", .operands = "", .run = run_restore,
    .summary = "Puts the values back that `custos redact` replaced.",
    .details = "Reads standard input. Surrogates that the map does not know stay as they are.",
    .options = {FILES},
};
