/* What a scanner said of a change, line by line: kept beside the change, so that it stands beside the code. What it
 * wrote is data of somebody else: cut, and not kept where it looks like a secret. */
#include <stdio.h>
#include <stdlib.h>
#include "change_diff.h"
#include "scan/linter.h"

#define RESULTS 2000u
#define MESSAGE 300u

static json_t *text_json(app *a, const char *text)
{
    size_t n = strlen(text);
    if (n > MESSAGE)
        for (n = MESSAGE; n && ((uint8_t)text[n] & 0xc0) == 0x80; n--)
            ;
    json_t *v = text_is_clean(a, cu_bytes_of(text, n)) ? json_stringn(text, n) : json_string("(looked like a secret)");
    return v ? v : json_string("(not UTF-8)");
}

/* "./a/b" and "file:///home/ci/repo/a/b" both end with the path that git knows. */
static const char *path_of(const char *path)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return strncmp(path, "file://", 7) == 0 ? path + 7 : path;
}

static json_t *result_json(app *a, const char *tool, const cu_linter_report *r, const cu_linter_result *x)
{
    const cu_rule *rule = &r->rules[x->rule];
    return json_pack("{s:o,s:o,s:I,s:I,s:s,s:s,s:o}", "tool", text_json(a, tool), "path", text_json(a, path_of(x->path)), "line", (json_int_t)x->line, "end_line",
                     (json_int_t)(x->end_line ? x->end_line : x->line), "rule", rule->id, "severity", cu_severity_name(rule->severity), "message", text_json(a, x->message));
}

static void part_of(const char *tool, char out[33])
{
    cu_sha256 d;
    cu_sha256_of(cu_str(tool), &d);
    cu_hex(out, d.b, 16);
}

cu_err change_scan_keep(app *a, const char *change, const char *tool, cu_bytes sarif, cu_fault *f)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_linter_report r;
    char part[33];
    json_t *list = json_array();
    cu_arena_init(&arena, CHANGE_MEMORY);
    cu_err e = cu_linter_parse(tool, CU_LINTER_SARIF, sarif, &arena, &r, f);
    for (size_t i = 0, n = 0; e == CU_OK && i < r.n && n < RESULTS; i++)
        if (*r.v[i].path && r.v[i].line && ++n)
            json_array_append_new(list, result_json(a, tool, &r, &r.v[i]));
    char *text = e == CU_OK ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    part_of(tool, part);
    if (text)
        e = change_keep(a, change, part, cu_str(text), f);
    free(text);
    return e;
}

typedef struct {
    app *a;
    const char *change;
    json_t *all;
} reading;

static void read_part(void *arg, const char *part)
{
    reading *r = arg;
    cu_buf text CU_CLEAN_BUF = CU_BUF(CHANGE_KEPT_BYTES);
    cu_fault f = {0};
    if (change_find(r->a, r->change, part, &text, &f) != CU_OK)
        return;
    json_t *list = json_loadb((const char *)text.p, text.n, 0, NULL);
    if (json_is_array(list))
        json_array_extend(r->all, list);
    json_decref(list);
}

json_t *change_scans(app *a, const char *change)
{
    reading r = {a, change, json_array()};
    change_parts(a, change, read_part, &r);
    return r.all;
}
