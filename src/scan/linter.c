#include "linter.h"
#include <stdio.h>
#include <string.h>

const char *linter_text(linter *l, cu_bytes t)
{
    size_t n = t.n < CU_LINTER_MAX_TEXT ? t.n : CU_LINTER_MAX_TEXT;
    while (n < t.n && n && (t.p[n] & 0xc0) == 0x80)
        n--; /* no half of a character */
    char *to = cu_arena_str(l->a, cu_slice(t, 0, n));
    for (char *p = to; p && *p; p++)
        *p = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
    return to;
}

uint32_t linter_rule(linter *l, cu_bytes id, cu_bytes title, cu_severity severity)
{
    char name[300];
    size_t at = (size_t)snprintf(name, sizeof name, "%s/", l->tool);
    for (size_t i = 0; i < id.n && at + 1 < sizeof name; i++) /* ids stand in JSON, comments and files */
        name[at++] = (id.p[i] > ' ' && id.p[i] < 0x7f && !strchr("\"\\<>&'`", id.p[i])) ? (char)id.p[i] : '-';
    cu_bytes whole = cu_bytes_of(name, at);
    for (size_t i = 0; i < l->out->rules_n; i++)
        if (cu_eq_str(whole, l->out->rules[i].id))
            return (uint32_t)i;
    if (l->out->rules_n == CU_LINTER_MAX_RULES)
        return UINT32_MAX;
    cu_rule *r = &l->out->rules[l->out->rules_n];
    *r = (cu_rule){.id = cu_arena_str(l->a, whole), .type = CU_TYPE_CODE, .title = linter_text(l, title.n ? title : id), .severity = severity, .confidence = 80,
                   .advice = "See the documentation of the linter's rule."};
    r->message = r->title;
    return r->id && r->title ? (uint32_t)l->out->rules_n++ : UINT32_MAX;
}

cu_err linter_add(linter *l, cu_linter_result r)
{
    if (l->out->n == CU_LINTER_MAX_RESULTS)
        return cu_fail(l->f, CU_TOO_BIG, "%s: more than %u results", l->tool, CU_LINTER_MAX_RESULTS);
    if (!r.path || !r.message || r.rule == UINT32_MAX)
        return cu_fail(l->f, CU_TOO_BIG, "%s: more rules or text than is kept", l->tool);
    l->out->v[l->out->n++] = r;
    return CU_OK;
}

cu_err cu_linter_parse(const char *tool, cu_linter_form form, cu_bytes text, cu_arena *a, cu_linter_report *out, cu_fault *f)
{
    linter l = {tool, a, out, f};
    *out = (cu_linter_report){0};
    if (text.n > CU_LINTER_MAX_BYTES)
        return cu_fail(f, CU_TOO_BIG, "%s wrote more than %zu MiB", tool, CU_LINTER_MAX_BYTES >> 20);
    if (!cu_utf8_valid(text, NULL))
        return cu_fail(f, CU_UTF8, "%s wrote what is not UTF-8", tool);
    out->rules = cu_arena_alloc(a, CU_LINTER_MAX_RULES * sizeof *out->rules);
    out->v = cu_arena_alloc(a, CU_LINTER_MAX_RESULTS * sizeof *out->v);
    if (!out->rules || !out->v)
        return CU_NOMEM;
    return form == CU_LINTER_SARIF ? linter_read_sarif(&l, text) : linter_read_junit(&l, text);
}
