/* What was looked at and accepted. An entry is HMAC(key, rule, path, value): another value in the
 * same place is a new finding, and the file gives no value away to those who cannot guess it. */
#include "accept_in.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"

/* Folds "a//./b" to "a/b"; .. is folded where there is a name to take back. */
static void fold(const char *from, char *to, size_t cap)
{
    size_t n = 0;
    bool rooted = from[0] == '/';
    if (rooted)
        to[n++] = '/';
    while (*from) {
        size_t len = strcspn(from, "/");
        bool up = len == 2 && from[0] == '.' && from[1] == '.';
        if (up && n > rooted && !(n >= 2 && memcmp(to + n - 2, "..", 2) == 0)) {
            while (n > rooted && to[n - 1] != '/')
                n--;
            n -= n > (size_t)rooted;
        } else if (len && !(len == 1 && from[0] == '.') && n + len + 2 < cap) {
            if (n && to[n - 1] != '/')
                to[n++] = '/';
            memcpy(to + n, from, len);
            n += len;
        }
        from += len + (from[len] == '/');
    }
    to[n] = 0;
}

void cu_accept_path(const cu_accept *a, const cu_scan_source *s, char out[PATH_MAX * 2])
{
    char whole[PATH_MAX * 2], folded[PATH_MAX * 2];
    size_t base = strlen(a->base);
    const char *path = s->path ? s->path : "";
    /* paths of a history begin at the repository's root already */
    bool as_named = s->commit || strcmp(path, "-") == 0 || strlen(path) >= PATH_MAX;
    if (as_named) {
        fold(path, out, (size_t)PATH_MAX * 2);
        return;
    }
    snprintf(whole, sizeof whole, "%s%s%s", path[0] == '/' ? "" : a->cwd, path[0] == '/' ? "" : "/",
             path);
    fold(whole, folded, sizeof folded);
    bool below = strncmp(folded, a->base, base) == 0 && (folded[base] == '/' || base == 1);
    snprintf(out, (size_t)PATH_MAX * 2, "%s", below ? folded + base + (base > 1) : folded);
}

static void hash_of(const cu_accept *a, const char *rule, const char *path, cu_bytes value,
                    cu_sha256 *out)
{
    cu_hasher *h = cu_hasher_new(cu_bytes_of(a->key, sizeof a->key));
    CU_ASSERT(h);
    cu_hasher_add(h, CU_LIT("custos baseline v1\0"));
    cu_hasher_add(h, cu_bytes_of(rule, strlen(rule) + 1));
    cu_hasher_add(h, cu_bytes_of(path, strlen(path) + 1));
    cu_hasher_add(h, value);
    cu_hasher_end(h, out);
}

/* Slot that holds the hash, or the free one where it belongs. */
static uint32_t *slot(const cu_accept *a, const cu_sha256 *hash)
{
    uint64_t h;
    memcpy(&h, hash->b, sizeof h);
    for (size_t i = (size_t)h & (a->index_n - 1);; i = (i + 1) & (a->index_n - 1))
        if (a->index[i] == 0 || memcmp(&a->v[a->index[i] - 1].hash, hash, sizeof *hash) == 0)
            return &a->index[i];
}

entry *cu_accept_find(const cu_accept *a, const cu_sha256 *hash)
{
    if (a->n == 0)
        return NULL;
    uint32_t at = *slot(a, hash);
    return at ? &a->v[at - 1] : NULL;
}

static bool grow(cu_accept *a)
{
    size_t cap = a->cap ? a->cap * 2 : 64;
    entry *v = realloc(a->v, cap * sizeof *v);
    if (v)
        a->v = v;
    uint32_t *index = calloc(cap * 2, sizeof *index);
    if (!v || !index) {
        free(index);
        return false;
    }
    free(a->index);
    a->index = index;
    a->index_n = cap * 2;
    a->cap = cap;
    for (size_t i = 0; i < a->n; i++)
        *slot(a, &a->v[i].hash) = (uint32_t)i + 1;
    return true;
}

entry *cu_accept_insert(cu_accept *a, const cu_sha256 *hash)
{
    if (a->n >= BASELINE_MAX_ENTRIES || (a->n == a->cap && !grow(a)))
        return NULL;
    *slot(a, hash) = (uint32_t)a->n + 1;
    entry *e = &a->v[a->n++];
    *e = (entry){.hash = *hash, .rule = "", .path = "", .reviewed_by = "", .reason = "",
                 .expires_ns = NEVER};
    return e;
}

static cu_err fresh(const char *base_of, uint64_t now_ns, cu_accept **out, cu_fault *f)
{
    cu_accept *a = calloc(1, sizeof *a);
    char dir[PATH_MAX];
    if (!a)
        return CU_NOMEM;
    cu_arena_init(&a->strings, (size_t)256 << 20);
    pthread_mutex_init(&a->lock, NULL);
    cu_random(a->key, sizeof a->key);
    a->now_ns = now_ns;
    *out = a;
    if (!getcwd(a->cwd, sizeof a->cwd))
        return cu_fail(f, cu_errno_err(errno), "the current folder has no name");
    const char *slash = base_of ? strrchr(base_of, '/') : NULL;
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - base_of) + 1 : 1, slash ? base_of : ".");
    if (!realpath(dir, a->base))
        return cu_fail(f, cu_errno_err(errno), "%s: there is no such folder", dir);
    return CU_OK;
}

typedef cu_err (*reader)(cu_accept *a, const char *path, cu_bytes text, cu_fault *f);

static cu_err read_with(cu_accept *a, const char *path, size_t ceiling, int own, reader read,
                        cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(ceiling);
    const cu_scan_source self = {.path = path};
    char key_path[PATH_MAX * 2];
    cu_err e = cu_file_read(AT_FDCWD, path, &text);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", path, cu_err_text(e));
    cu_accept_path(a, &self, key_path);
    snprintf(a->own[own], sizeof a->own[own], "%.*s", PATH_MAX - 1, key_path);
    return read(a, path, cu_buf_view(&text), f);
}

static cu_err load(const char *baseline, bool read_it, const char *ignore_file, uint64_t now_ns,
                   cu_accept **out, cu_fault *f)
{
    cu_accept *a = NULL;
    cu_err e = fresh(baseline ? baseline : ignore_file, now_ns, &a, f);
    if (e == CU_OK && baseline && read_it)
        e = read_with(a, baseline, BASELINE_MAX_BYTES, 0, cu_accept_read_baseline, f);
    if (e == CU_OK && ignore_file)
        e = read_with(a, ignore_file, IGNORE_MAX_BYTES, 1, cu_accept_read_ignores, f);
    if (e != CU_OK) {
        cu_accept_free(a);
        a = NULL;
    }
    *out = a;
    return e;
}

cu_err cu_accept_load(const char *baseline, const char *ignore_file, uint64_t now_ns, cu_accept **out,
                      cu_fault *f)
{
    return load(baseline, true, ignore_file, now_ns, out, f);
}

cu_err cu_accept_create(const char *path, const char *ignore_file, uint64_t now_ns, cu_accept **out,
                        cu_fault *f)
{
    return load(path, false, ignore_file, now_ns, out, f);
}

void cu_accept_free(cu_accept *a)
{
    if (!a)
        return;
    cu_wipe(a->key, sizeof a->key);
    cu_arena_free(&a->strings);
    pthread_mutex_destroy(&a->lock);
    free(a->v);
    free(a->index);
    free(a->ignores);
    free(a);
}

const uint8_t *cu_accept_key(const cu_accept *a)
{
    return a->key;
}

void cu_accept_on_warning(cu_accept *a, cu_accept_warning fn, void *arg)
{
    a->warn = fn;
    a->warn_arg = arg;
}

void cu_accept_collect(cu_accept *a)
{
    a->collecting = true;
}

/* The lock and the memory of warnings are all that judge() changes of a shared, const object. */
static cu_accept *inner(const cu_accept *a)
{
    union { const cu_accept *in; cu_accept *out; } u = {a};
    return u.out;
}

static void warn_once(const cu_accept *shared, const cu_scan_finding *f, const char *what)
{
    cu_accept *a = inner(shared);
    const char *path = f->source->path ? f->source->path : "";
    uint64_t h = 1469598103934665603ull ^ f->line; /* FNV-1a */
    for (const char *p = path; *p; p++)
        h = (h ^ (uint8_t)*p) * 1099511628211ull;
    h |= 1;
    pthread_mutex_lock(&a->lock);
    uint64_t *known = &a->warned[h >> 8 & (WARNED - 1)];
    if (a->warn && *known != h)
        a->warn(a->warn_arg, path, f->line, what);
    *known = h;
    pthread_mutex_unlock(&a->lock);
}

static bool rule_fits(const char *wanted, const char *rule_id)
{
    return strcmp(wanted, "*") == 0 || strcmp(wanted, rule_id) == 0;
}

static void say(char *why, size_t n, cu_bytes reason, const char *by, const char *until, bool past)
{
    if (n)
        snprintf(why, n, "%.*s%s%s%s%s%s%s", CU_FMT(reason), *by || *until ? " (" : "", by,
                 *by && *until ? ", " : "", *until ? (past ? "expired after " : "until ") : "", until,
                 *by || *until ? ")" : "");
}

static cu_accept_how by_ignore_file(const cu_accept *a, const char *path, const char *rule_id, char *why,
                                    size_t n)
{
    cu_accept_how how = CU_ACCEPT_NO;
    for (size_t i = 0; i < a->ignores_n; i++) {
        const ignore_line *g = &a->ignores[i];
        if (!rule_fits(g->rule, rule_id) || !cu_accept_glob(g->glob, path))
            continue;
        bool past = a->now_ns > g->expires_ns;
        say(why, n, cu_str(g->reason), "", g->expires, past);
        if (!past)
            return CU_ACCEPT_FILE;
        how = CU_ACCEPT_EXPIRED;
    }
    return how;
}

static cu_accept_how by_baseline(const cu_accept *a, const char *path, const cu_scan_finding *f,
                                 const char *rule_id, char *why, size_t n)
{
    cu_sha256 hash;
    if (a->n == 0)
        return CU_ACCEPT_NO;
    hash_of(a, rule_id, path, f->value, &hash);
    const entry *e = cu_accept_find(a, &hash);
    if (!e)
        return CU_ACCEPT_NO;
    bool past = a->now_ns > e->expires_ns;
    say(why, n, *e->reason ? cu_str(e->reason) : CU_LIT("in the baseline, not reviewed"),
        e->reviewed_by, e->expires, past);
    return past ? CU_ACCEPT_EXPIRED : CU_ACCEPT_BASELINE;
}

static cu_accept_how collect(const cu_accept *a, const cu_scan_finding *f, const char *rule_id)
{
    return cu_accept_add(inner(a), f, rule_id) == CU_OK ? CU_ACCEPT_BASELINE : CU_ACCEPT_NO;
}

cu_accept_how cu_accept_explain(const cu_accept *a, const cu_scan_finding *f, const char *rule_id,
                                char *why, size_t n)
{
    char path[PATH_MAX * 2];
    if (n)
        why[0] = 0;
    cu_accept_path(a, f->source, path);
    if (path[0] && (strcmp(path, a->own[0]) == 0 || strcmp(path, a->own[1]) == 0)) {
        say(why, n, CU_LIT("this file says what is accepted"), "", "", false);
        return CU_ACCEPT_FILE;
    }
    cu_accept_how how = by_ignore_file(a, path, rule_id, why, n);
    if (how == CU_ACCEPT_FILE)
        return how;
    mark m = cu_accept_inline(f, rule_id);
    if (m.accepted) {
        say(why, n, m.reason, "", "", false);
        return CU_ACCEPT_INLINE;
    }
    if (m.warning)
        warn_once(a, f, m.warning);
    if (a->collecting)
        return collect(a, f, rule_id);
    char other[REASON_MAX + 64] = "";
    cu_accept_how second = by_baseline(a, path, f, rule_id, other, sizeof other);
    if (second == CU_ACCEPT_NO)
        return how;
    if (n)
        snprintf(why, n, "%s", other);
    return second;
}

cu_accept_how cu_accept_judge(const cu_accept *a, const cu_scan_finding *f, const char *rule_id)
{
    return cu_accept_explain(a, f, rule_id, NULL, 0);
}

static cu_err add(cu_accept *a, const cu_sha256 *hash, const char *rule, const char *path)
{
    char now[CU_TIME_LEN];
    entry *e = cu_accept_find(a, hash);
    if (!e) {
        e = cu_accept_insert(a, hash);
        if (!e)
            return a->n >= BASELINE_MAX_ENTRIES ? CU_TOO_BIG : CU_NOMEM;
        cu_time_text(a->now_ns, now);
        memcpy(e->first_seen, now, DAY_LEN - 1);
        e->rule = cu_arena_str(&a->strings, cu_str(rule));
        e->path = cu_arena_str(&a->strings, cu_str(path));
        if (!e->rule || !e->path)
            return CU_NOMEM;
    }
    e->added = true;
    return CU_OK;
}

cu_err cu_accept_add(cu_accept *a, const cu_scan_finding *f, const char *rule_id)
{
    char path[PATH_MAX * 2];
    cu_sha256 hash;
    cu_accept_path(a, f->source, path);
    hash_of(a, rule_id, path, f->value, &hash);
    pthread_mutex_lock(&a->lock);
    cu_err e = add(a, &hash, rule_id, path);
    pthread_mutex_unlock(&a->lock);
    return e;
}

size_t cu_accept_count(const cu_accept *a)
{
    return a->n;
}

void cu_accept_at(const cu_accept *a, size_t i, cu_accept_entry *out)
{
    const entry *e = &a->v[i];
    *out = (cu_accept_entry){e->rule, e->path, e->first_seen, e->reviewed_by, e->reason, e->expires,
                             a->now_ns > e->expires_ns, e->added};
}

cu_err cu_accept_review(cu_accept *a, size_t i, const char *by, const char *reason, const char *expires)
{
    entry *e = &a->v[i];
    uint64_t until = NEVER;
    e->added = true;
    if (!by)
        return CU_OK;
    if (strlen(by) > REASON_MAX || strlen(reason) > REASON_MAX ||
        (*expires && !cu_accept_day(cu_str(expires), &until)))
        return CU_SYNTAX;
    e->reviewed_by = cu_arena_str(&a->strings, cu_str(by));
    e->reason = cu_arena_str(&a->strings, cu_str(reason));
    if (!e->reviewed_by || !e->reason)
        return CU_NOMEM;
    snprintf(e->expires, sizeof e->expires, "%s", expires);
    e->expires_ns = until;
    return CU_OK;
}
