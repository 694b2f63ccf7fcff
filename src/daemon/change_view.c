/* A change as an approver reads it: each line with where it comes from, and beside it what the rules find there. Values
 * that are findings are left out of the text unless the reader opened them. */
#include <stdio.h>
#include <stdlib.h>
#include "change_diff.h"
#include "change_marks.h"
#include "limited.h"
#include "provenance.h"

#define LINE_MAX 2000u /* bytes that are shown of a line */

typedef struct {
    call *c;
    marking m;
    json_t *scans;
    cu_arena *a;
    size_t lines;          /* shown so far */
    json_t *files;
    prov *p;
    prov_file *v;          /* one a file, in its order */
    json_t ***at;          /* the line's object of each print */
} viewing;

/* One file on its way. */
typedef struct {
    viewing *w;
    const cu_change_file *x;
    side_marks side[2];
    json_t *hunks, *hunk;
    bool *added;           /* by number of the new side's line */
    size_t added_n;
    prov_file *prints;
    json_t **of;           /* of each print */
    size_t cap;
    cu_print_joining open;
} file;

/* --- lines --- */

static cu_err begin_hunk(file *k, uint32_t before, uint32_t after)
{
    k->hunk = json_array();
    return json_array_append_new(k->hunks, json_pack("{s:I,s:I,s:o}", "before", (json_int_t)before, "after", (json_int_t)after, "lines", k->hunk)) == 0 ? CU_OK : CU_NOMEM;
}

static void put_joined(void *arg, uint32_t first, uint32_t lines, const cu_print_line *p)
{
    file *k = arg;
    prov_file *t = k->prints;
    if (t->joined_n < k->cap)
        t->joined[t->joined_n++] = (prov_joined){first, lines, *p};
}

static void put_print(file *k, uint32_t number, cu_bytes text, json_t *line)
{
    prov_file *t = k->prints;
    cu_print_join_next(&k->open, number, text, put_joined, k);
    if (t->n == k->cap)
        return;
    cu_print_line_of(text, &t->given[t->n]);
    if (!t->given[t->n].weight)
        return;
    t->number[t->n] = number;
    k->of[t->n++] = line;
}

static cu_err on_line(void *arg, char kind, uint32_t before, uint32_t after, cu_bytes text)
{
    file *k = arg;
    const char word[2] = {kind, 0};
    if (kind == '@')
        return begin_hunk(k, before, after);
    if (++k->w->lines > CHANGE_LINES)
        return CU_TOO_BIG;
    unsigned s = kind == '-' ? 0 : 1;
    json_t *line = json_pack("{s:s}", "kind", word);
    if (before)
        json_object_set_new(line, "before", json_integer(before));
    if (after)
        json_object_set_new(line, "after", json_integer(after));
    marks_put(&k->w->m, &k->side[s], s ? after : before, text, LINE_MAX, line);
    if (kind == '+' && after < k->added_n)
        k->added[after] = true;
    if (kind == '+')
        put_print(k, after, text, line);
    return json_array_append_new(k->hunk, line) == 0 ? CU_OK : CU_NOMEM;
}

/* --- findings --- */

static bool touches(const file *k, json_int_t from, json_int_t to)
{
    for (json_int_t i = from; i <= to && i > 0 && (size_t)i < k->added_n; i++)
        if (k->added[i])
            return true;
    return false;
}

/* Those on lines that the change adds; others were there before, and are counted. */
static void keep_findings(const file *k, json_t *found, json_t *to)
{
    json_t *kept = json_array(), *x;
    size_t i, elsewhere = 0;
    json_array_foreach(found, i, x) {
        if (touches(k, json_integer_value(json_object_get(x, "line")), json_integer_value(json_object_get(x, "end_line"))))
            json_array_append(kept, x);
        else
            elsewhere++;
    }
    json_object_set_new(to, "findings", kept);
    json_object_set_new(to, "elsewhere", json_integer((json_int_t)elsewhere));
}

static bool same_path(const char *told, const char *path)
{
    size_t n = strlen(told), m = strlen(path);
    return strcmp(told, path) == 0 || (n > m && told[0] == '/' && told[n - m - 1] == '/' && strcmp(told + n - m, path) == 0);
}

static void add_scans(const file *k, json_t *found)
{
    json_t *x;
    size_t i;
    json_array_foreach(k->w->scans, i, x)
        if (same_path(json_string_value(json_object_get(x, "path")), k->x->path)) {
            json_t *one = json_deep_copy(x);
            json_object_del(one, "path");
            json_object_set_new(one, "kind", json_string("scan"));
            json_array_append_new(found, one);
        }
}

/* --- a file --- */

static json_t *head_of(const cu_change_file *x)
{
    json_t *to = json_pack("{s:o,s:s}", "path", marks_text(cu_str(x->path)), "change", cu_change_kind_name(x->kind));
    if (x->from)
        json_object_set_new(to, "from", marks_text(cu_str(x->from)));
    if (x->mode[0] != x->mode[1] && x->mode[0] && x->mode[1])
        json_object_set_new(to, "mode", json_sprintf("%06o to %06o", x->mode[0], x->mode[1]));
    else if (x->mode[1] && x->mode[1] != 0100644)
        json_object_set_new(to, "mode", json_sprintf("%06o", x->mode[1]));
    return to;
}

static cu_err room(file *k, prov_file *prints, json_t ***of)
{
    size_t lines = 2;
    for (size_t i = 0; i < k->x->text[1].n; i++)
        lines += k->x->text[1].p[i] == '\n';
    k->added_n = lines;
    k->added = cu_arena_alloc(k->w->a, lines * sizeof *k->added);
    k->cap = lines < PROV_LINES ? lines : PROV_LINES;
    k->of = *of = cu_arena_alloc(k->w->a, (k->cap + 1) * sizeof *k->of);
    k->prints = prints;
    CU_TRY(prov_file_room(prints, k->x->path, k->cap, k->cap));
    prints->n = 0;
    return k->added && k->of ? CU_OK : CU_NOMEM;
}

static cu_err put_file(viewing *w, const cu_change_file *x, prov_file *prints, json_t ***of, cu_fault *f)
{
    file k = {.w = w, .x = x, .hunks = json_array()};
    json_t *to = head_of(x), *found = json_array();
    json_array_append_new(w->files, to);
    json_object_set_new(to, "hunks", k.hunks);
    cu_err e = room(&k, prints, of);
    if (x->left_out)
        json_object_set_new(to, "left_out", json_string(x->left_out));
    for (unsigned s = 0; s < 2 && e == CU_OK && !x->left_out; s++)
        e = marks_find(&w->m, x->text[s], &k.side[s]);
    if (e == CU_OK)
        e = cu_change_lines(x, on_line, &k);
    prov_file_join(prints);
    if (e == CU_TOO_BIG) {
        json_object_set_new(to, "left_out", json_string("too many lines"));
        e = CU_OK;
    }
    if (e == CU_OK && x->mode[1] && !x->left_out)
        e = marks_judge(&w->m, x->path, x->text[1], &k.side[1], to, found, f);
    add_scans(&k, found);
    keep_findings(&k, found, to);
    json_decref(found);
    return e;
}

/* --- the whole --- */

static void put_sources(viewing *w, size_t n, json_t *out)
{
    size_t lines = 0, from = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < w->v[i].n; k++) {
            const prov_file *t = &w->v[i];
            lines++;
            if (!t->source[k])
                continue;
            from++;
            json_object_set_new(w->at[i][k], "from", json_string(w->p->sources[t->source[k] - 1].exchange));
            if (t->alike[k])
                json_object_set_new(w->at[i][k], "alike", json_true());
        }
    json_object_set_new(out, "lines", json_integer((json_int_t)lines));
    json_object_set_new(out, "from_assistant", json_integer((json_int_t)from));
    json_object_set_new(out, "exchanges", prov_sources_json(w->c, w->p));
}

static cu_err view(viewing *w, const cu_change *x, json_t *out, cu_fault *f)
{
    w->p = cu_arena_alloc(w->a, sizeof *w->p);
    w->v = cu_arena_alloc(w->a, (x->n + 1) * sizeof *w->v);
    w->at = cu_arena_alloc(w->a, (x->n + 1) * sizeof *w->at);
    cu_err e = w->p && w->v && w->at ? CU_OK : CU_NOMEM;
    size_t n = 0;
    for (; e == CU_OK && n < x->n; n++)
        e = put_file(w, &x->files[n], &w->v[n], &w->at[n], f);
    if (e == CU_OK)
        e = prov_trace_all(w->c, w->p, w->v, n, f);
    if (e == CU_OK)
        put_sources(w, n, out);
    for (size_t i = 0; w->v && i < n; i++)
        prov_file_free(&w->v[i]);
    return e;
}

json_t *change_view(call *c, const cu_change *x, bool opened, size_t *values, cu_fault *f)
{
    cu_arena arena CU_CLEAN_ARENA;
    json_t *scans = change_scans(c->a, x->id), *files = json_array();
    json_t *out = json_pack("{s:s,s:s,s:I,s:b,s:o}", "change", x->id, "base", x->base, "commits", (json_int_t)x->commits, "opened", opened, "files", files);
    cu_arena_init(&arena, CHANGE_MEMORY);
    viewing w = {.c = c, .scans = scans, .files = files, .a = &arena};
    cu_err e = marks_begin(&w.m, c->a, &arena, opened);
    if (e == CU_OK)
        e = view(&w, x, out, f);
    *values = w.m.values;
    json_object_set_new(out, "values", json_integer((json_int_t)w.m.values));
    marks_end(&w.m);
    json_decref(scans);
    if (e == CU_OK)
        return out;
    json_decref(out);
    if (!f->code)
        (void)cu_fail(f, e, "%s", cu_err_text(e));
    return NULL;
}
