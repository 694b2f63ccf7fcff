#include "change_marks.h"
#include "inspect/code.h"

cu_err marks_begin(marking *m, app *a, cu_arena *arena, bool opened)
{
    *m = (marking){.a = a, .arena = arena, .opened = opened, .rules = rules_hold(a)};
    return cu_scratch_new(rules_engine(m->rules), &m->scratch);
}

void marks_end(marking *m)
{
    cu_findings_free(&m->found);
    cu_scratch_free(m->scratch);
    rules_release(m->a, m->rules);
}

json_t *marks_text(cu_bytes t)
{
    json_t *v = json_stringn((const char *)t.p, t.n);
    cu_buf b CU_CLEAN_BUF = CU_BUF(6 * t.n + 64);
    if (v)
        return v;
    cu_buf_json_string(&b, t);
    return json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* --- values --- */

static cu_err find_lines(marking *m, side_marks *s)
{
    size_t n = 1;
    for (size_t i = 0; i < s->text.n; i++)
        n += s->text.p[i] == '\n';
    s->lines = cu_arena_alloc(m->arena, n * sizeof *s->lines);
    if (!s->lines)
        return CU_NOMEM;
    s->lines_n = 1;
    for (size_t i = 0; i < s->text.n; i++)
        if (s->text.p[i] == '\n')
            s->lines[s->lines_n++] = (uint32_t)i + 1;
    return CU_OK;
}

cu_err marks_find(marking *m, cu_bytes text, side_marks *s)
{
    *s = (side_marks){.text = text};
    m->found.n = 0;
    CU_TRY(find_lines(m, s));
    CU_TRY(cu_detect(rules_engine(m->rules), m->scratch, text, &m->found));
    s->v = cu_arena_alloc(m->arena, (m->found.n + 1) * sizeof *s->v);
    if (!s->v)
        return CU_NOMEM;
    for (size_t i = 0; i < m->found.n; i++)
        if (cu_type_class((cu_type)m->found.v[i].type) != CU_CLASS_NONE && m->found.v[i].confidence >= CU_DETECT_DEFAULT_MIN)
            s->v[s->n++] = m->found.v[i];
    return CU_OK;
}

/* The first finding that ends behind `at`. */
static size_t finding_at(const side_marks *s, uint32_t at)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->v[mid].end <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void put_text(json_t *parts, cu_bytes text)
{
    if (text.n)
        json_array_append_new(parts, json_pack("{s:o}", "text", marks_text(text)));
}

static void put_value(marking *m, json_t *parts, const cu_finding *g, cu_bytes value)
{
    json_t *one = json_pack("{s:s,s:s}", "value", cu_type_text((cu_type)g->type), "rule", cu_engine_rule_id(rules_engine(m->rules), g->rule));
    if (m->opened)
        json_object_set_new(one, "text", marks_text(value));
    json_array_append_new(parts, one);
    m->values++;
}

/* Not in the middle of a character. */
static size_t cut_at(cu_bytes text, size_t most)
{
    size_t n = text.n < most ? text.n : most;
    while (n && n < text.n && (text.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

void marks_put(marking *m, const side_marks *s, uint32_t number, cu_bytes text, size_t most, json_t *line)
{
    const uint32_t from = number && number <= s->lines_n ? s->lines[number - 1] : 0;
    size_t shown = cut_at(text, most), i = finding_at(s, from), at = 0;
    json_t *parts = json_array();
    for (; i < s->n && s->v[i].start < from + shown; i++) {
        size_t begin = s->v[i].start > from ? s->v[i].start - from : 0, end = s->v[i].end - from < text.n ? s->v[i].end - from : text.n;
        if (begin < at || end <= begin)
            continue;
        put_text(parts, cu_slice(text, at, begin));
        put_value(m, parts, &s->v[i], cu_slice(text, begin, end));
        at = end;
    }
    if (shown < text.n)
        json_object_set_new(line, "cut", json_integer((json_int_t)(text.n - (at > shown ? at : shown))));
    if (json_array_size(parts) == 0) {
        json_object_set_new(line, "text", marks_text(cu_slice(text, 0, shown)));
    } else {
        put_text(parts, cu_slice(text, at < shown ? at : shown, shown));
        json_object_set(line, "parts", parts);
    }
    json_decref(parts);
}

/* --- findings --- */

static uint32_t line_of(const side_marks *s, uint32_t at)
{
    size_t lo = 0, hi = s->lines_n;
    while (lo + 1 < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->lines[mid] <= at)
            lo = mid;
        else
            hi = mid;
    }
    return (uint32_t)lo + 1;
}

static void add_values(const marking *m, const side_marks *s, json_t *found)
{
    const cu_rules *rules = cu_engine_rules(rules_engine(m->rules));
    for (size_t i = 0; i < s->n; i++) {
        const cu_rule *r = &rules->v[s->v[i].rule];
        json_array_append_new(found, json_pack("{s:s,s:I,s:I,s:s,s:s,s:s}", "kind", "value", "line", (json_int_t)line_of(s, s->v[i].start), "end_line",
                                               (json_int_t)line_of(s, s->v[i].end ? s->v[i].end - 1 : 0), "rule", r->id, "severity", cu_severity_name(r->severity), "message",
                                               r->title));
    }
}

static void add_code(const cu_code_verdict *v, json_t *found)
{
    for (size_t i = 0; i < v->n; i++) {
        const cu_code_finding *g = &v->v[i];
        json_t *one = json_pack("{s:s,s:I,s:I,s:s,s:s,s:s,s:s}", "kind", "code", "line", (json_int_t)g->line, "end_line", (json_int_t)g->end_line, "rule", g->rule->id, "severity",
                                cu_severity_name(g->rule->severity), "message", g->rule->message, "fix", g->rule->fix);
        if (g->rule->cwe_n)
            json_object_set_new(one, "cwe", json_integer((json_int_t)g->rule->cwe[0]));
        json_array_append_new(found, one);
    }
}

/* The rules are read when a change is first looked at, and a language when one first has it. */
static cu_err need(app *a, cu_code_lang lang, cu_fault *f)
{
    pthread_mutex_lock(&a->code_lock);
    cu_err e = a->code ? CU_OK : cu_code_open_lazy(cu_catalog_dir(), &a->code, f);
    if (e == CU_OK)
        e = cu_code_need(a->code, lang, f);
    pthread_mutex_unlock(&a->code_lock);
    return e;
}

cu_err marks_judge(marking *m, const char *path, cu_bytes text, const side_marks *s, json_t *file, json_t *found, cu_fault *f)
{
    const cu_code_lang lang = cu_code_lang_of(CU_NONE, cu_str(path), text);
    cu_code_verdict v = {.why = "no such language"};
    if (lang < CU_CODE_LANG_COUNT) {
        CU_TRY(need(m->a, lang, f));
        CU_TRY(cu_code_judge(m->a->code, lang, cu_str(path), text, m->arena, &v));
    }
    if (!v.judged)
        json_object_set_new(file, "not_judged", json_string(v.why ? v.why : "not read"));
    add_code(&v, found);
    add_values(m, s, found);
    return CU_OK;
}
