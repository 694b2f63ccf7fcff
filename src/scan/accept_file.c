/* The baseline as a file: JSON lines, the first of which is the head with the key
 * (docs/formats/baseline.md). Strict: an unknown or missing field is an error with its line. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "accept_in.h"
#include "base/file.h"

bool cu_accept_day(cu_bytes t, uint64_t *end_ns)
{
    struct tm day = {0}, back;
    int v[3] = {0};
    if (t.n != 10 || t.p[4] != '-' || t.p[7] != '-')
        return false;
    for (size_t i = 0, part = 0; i < 10; i++) {
        if (i == 4 || i == 7) {
            part++;
            continue;
        }
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
        v[part] = v[part] * 10 + (t.p[i] - '0');
    }
    if (v[0] < 1970 || v[0] > 2500 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31)
        return false;
    day.tm_year = v[0] - 1900, day.tm_mon = v[1] - 1, day.tm_mday = v[2];
    time_t at = timegm(&day);
    if (!gmtime_r(&at, &back) || back.tm_mday != v[2])
        return false; /* 30 February */
    *end_ns = ((uint64_t)at + 86400) * 1000000000u - 1;
    return true;
}

/* A line as JSON object with exactly these text fields; the reference is the caller's. */
static json_t *read_fields(cu_bytes line, const char *const *names, size_t n, const char **values)
{
    json_t *o = line.n > BASELINE_MAX_LINE ? NULL
                : json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(o) && json_object_size(o) == n;
    for (size_t i = 0; good && i < n; i++) {
        values[i] = json_string_value(json_object_get(o, names[i]));
        good = values[i] != NULL;
    }
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static bool read_head(cu_bytes line, uint8_t key[32])
{
    static const char *const names[] = {"custos", "version", "salt"};
    const char *v[3];
    json_t *o = read_fields(line, names, 3, v);
    bool good = o && strcmp(v[0], "baseline") == 0 && strcmp(v[1], "1") == 0 &&
                cu_unhex(key, 32, cu_str(v[2]));
    json_decref(o);
    return good;
}

/* Why the line is no entry, or NULL. With a NULL, the line is only looked at. */
static const char *read_entry(cu_accept *a, cu_bytes line)
{
    static const char *const names[] = {"path", "rule", "hash", "first_seen", "reviewed_by", "reason",
                                        "expires"};
    const char *v[7], *wrong = NULL;
    cu_sha256 hash;
    uint64_t seen, until = NEVER;
    json_t *o = read_fields(line, names, 7, v);
    if (!o)
        return "is no JSON object with the texts path, rule, hash, first_seen, reviewed_by, reason, "
               "expires";
    if (!cu_unhex(hash.b, sizeof hash.b, cu_str(v[2])))
        wrong = "hash is not 64 hex digits";
    else if (!cu_accept_day(cu_str(v[3]), &seen))
        wrong = "first_seen is no date (YYYY-MM-DD)";
    else if (*v[6] && !cu_accept_day(cu_str(v[6]), &until))
        wrong = "expires is neither empty nor a date (YYYY-MM-DD)";
    else if (strlen(v[4]) > REASON_MAX || strlen(v[5]) > REASON_MAX || !*v[1] || !*v[0])
        wrong = "a text is empty or too long";
    else if (a && cu_accept_find(a, &hash))
        wrong = "stands there twice";
    if (!wrong && a) {
        entry *e = cu_accept_insert(a, &hash);
        if (e) {
            e->path = cu_arena_str(&a->strings, cu_str(v[0]));
            e->rule = cu_arena_str(&a->strings, cu_str(v[1]));
            e->reviewed_by = cu_arena_str(&a->strings, cu_str(v[4]));
            e->reason = cu_arena_str(&a->strings, cu_str(v[5]));
            memcpy(e->first_seen, v[3], DAY_LEN);
            memcpy(e->expires, v[6], strlen(v[6]) + 1);
            e->expires_ns = until;
        }
        if (!e || !e->path || !e->rule || !e->reviewed_by || !e->reason)
            wrong = "is one more than fits";
    }
    json_decref(o);
    return wrong;
}

static cu_bytes next_line(cu_bytes *rest)
{
    const uint8_t *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    size_t n = nl ? (size_t)(nl - rest->p) : rest->n;
    cu_bytes line = cu_slice(*rest, 0, n);
    *rest = cu_slice(*rest, nl ? n + 1 : n, rest->n);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

cu_err cu_accept_read_baseline(cu_accept *a, const char *path, cu_bytes text, cu_fault *f)
{
    cu_bytes rest = text;
    if (!read_head(next_line(&rest), a->key))
        return cu_fail(f, CU_SYNTAX, "%s:1: is not the head of a baseline; `custos baseline write` "
                                     "makes one", path);
    for (uint32_t n = 2; rest.n; n++) {
        cu_bytes line = next_line(&rest);
        const char *wrong = line.n ? read_entry(a, line) : NULL; /* an empty line of a merge */
        if (wrong) {
            if (f)
                f->line = n;
            return cu_fail(f, CU_SYNTAX, "%s:%u: %s", path, n, wrong);
        }
    }
    return CU_OK;
}

bool cu_accept_own_file(cu_bytes text)
{
    uint8_t key[32];
    cu_bytes rest = text;
    if (!cu_starts(text, CU_LIT("{\"custos\":\"baseline\"")) || !read_head(next_line(&rest), key))
        return false;
    while (rest.n) {
        cu_bytes line = next_line(&rest);
        if (line.n && read_entry(NULL, line))
            return false;
    }
    return true;
}

static int by_place(const void *x, const void *y)
{
    const entry *a = *(const entry *const *)x, *b = *(const entry *const *)y;
    int by_path = strcmp(a->path, b->path), by_rule = strcmp(a->rule, b->rule);
    return by_path ? by_path : by_rule ? by_rule : memcmp(&a->hash, &b->hash, sizeof a->hash);
}

static void write_entry(const entry *e, cu_buf *b)
{
    char hex[65];
    cu_hex(hex, e->hash.b, sizeof e->hash.b);
    cu_buf_str(b, "{\"path\":");
    cu_buf_json_string(b, cu_str(e->path));
    cu_buf_json_kv_str(b, "rule", e->rule);
    cu_buf_json_kv_str(b, "hash", hex);
    cu_buf_json_kv_str(b, "first_seen", e->first_seen);
    cu_buf_json_kv_str(b, "reviewed_by", e->reviewed_by);
    cu_buf_json_kv_str(b, "reason", e->reason);
    cu_buf_json_kv_str(b, "expires", e->expires);
    cu_buf_str(b, "}\n");
}

/* Sorted by place, so that two branches that both changed it merge line by line. */
cu_err cu_accept_write(const cu_accept *a, const char *path, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(BASELINE_MAX_BYTES);
    char salt[65];
    size_t n = 0;
    const entry **sorted = calloc(a->n + 1, sizeof *sorted);
    if (!sorted)
        return CU_NOMEM;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].added)
            sorted[n++] = &a->v[i];
    qsort(sorted, n, sizeof *sorted, by_place);
    cu_hex(salt, a->key, sizeof a->key);
    cu_buf_fmt(&b, "{\"custos\":\"baseline\",\"version\":\"1\",\"salt\":\"%s\"}\n", salt);
    for (size_t i = 0; i < n; i++)
        write_entry(sorted[i], &b);
    free(sorted);
    cu_err e = cu_buf_err(&b);
    if (e == CU_OK)
        e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%s: %s", path, cu_err_text(e));
}
