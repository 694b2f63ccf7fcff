/* /api/v1/changes/{commit}/diff: taken from who has the repository, shown to who decides. */
#include <stdio.h>
#include <stdlib.h>
#include "change_diff.h"
#include "desk.h"
#include "paths.h"

#define PURPOSE_MAX 200u

static unsigned refused(call *c, cu_err e, const cu_fault *f)
{
    const char *why = f->code ? f->text : cu_err_text(e);
    if (e == CU_NOT_FOUND)
        return problem(c, 404, "Not here", "%s.", why);
    return problem(c, e == CU_TOO_BIG ? 413 : e == CU_NOMEM || e == CU_IO || e == CU_NOSPC ? 503 : 400, "Not taken", "%s.", why);
}

/* --- taking it --- */

typedef struct {
    size_t added, removed;
} counting;

static cu_err count(void *arg, char kind, uint32_t before, uint32_t after, cu_bytes text)
{
    counting *n = arg;
    (void)before;
    (void)after;
    (void)text;
    n->added += kind == '+';
    n->removed += kind == '-';
    return CU_OK;
}

static cu_err fields_of(const cu_change *x, cu_bytes objects, json_t **out)
{
    counting n = {0};
    size_t left_out = 0;
    cu_sha256 d;
    char hex[2 * CU_SHA256_LEN + 1];
    for (size_t i = 0; i < x->n; i++) {
        left_out += x->files[i].left_out != NULL;
        CU_TRY(cu_change_lines(&x->files[i], count, &n));
    }
    cu_sha256_of(objects, &d);
    cu_hex(hex, d.b, sizeof d.b);
    *out = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:s}", "change", x->id, "base", x->base, "commits", (json_int_t)x->commits, "files", (json_int_t)x->n, "lines_added",
                     (json_int_t)n.added, "lines_removed", (json_int_t)n.removed, "left_out", (json_int_t)left_out, "objects", hex);
    return *out ? CU_OK : CU_NOMEM;
}

/* First the file, then the entry that says it is there; without the entry it goes again. */
static cu_err take(call *c, cu_bytes objects, cu_arena *arena, json_t **record, cu_fault *f)
{
    const desk_actor who = {.actor = c->actor, .roles = c->role, .system = true};
    cu_change x;
    json_t *fields = NULL;
    CU_TRY(cu_change_read(objects, c->args[0], arena, &x, f));
    CU_TRY(fields_of(&x, objects, &fields));
    cu_err e = change_keep(c->a, x.id, "", objects, f);
    if (e == CU_OK)
        e = desk_take(c->a, &who, "change.shown", NULL, fields, record, f);
    if (e != CU_OK)
        change_forget(c->a, x.id);
    json_decref(fields);
    return e;
}

/* {"objects": base64 of what cu_change_gather() wrote} */
unsigned take_change_diff(call *c)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_buf objects CU_CLEAN_BUF = CU_BUF(CHANGE_KEPT_BYTES);
    cu_fault f = {0};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL), *text = json_object_get(in, "objects"), *record = NULL;
    json_t *change = desk_raw(c->a, "change", c->args[0]);
    const char *state = json_string_value(json_object_get(change, "state"));
    cu_arena_init(&arena, CHANGE_MEMORY);
    cu_err e = !state ? cu_fail(&f, CU_NOT_FOUND, "there is no change %.64s", c->args[0])
               : strcmp(state, "registered") != 0 ? cu_fail(&f, CU_STATE, "a newer commit stands on the branch")
               : !json_is_string(text) ? cu_fail(&f, CU_SYNTAX, "objects, a text in base64, is needed")
                                       : cu_unbase64(&objects, cu_bytes_of(json_string_value(text), json_string_length(text)));
    if (e == CU_OK)
        e = take(c, cu_buf_view(&objects), &arena, &record, &f);
    json_decref(change);
    json_decref(in);
    if (e != CU_OK)
        return e == CU_STATE || e == CU_TIMEOUT ? desk_refused(c, e, &f) : refused(c, e, &f);
    desk_name_persons(c->a, record);
    unsigned status = answer_json(c, record);
    return status == 200 ? 201 : status;
}

/* --- showing it --- */

static cu_err look(call *c, bool opened, size_t *values, json_t **out, cu_fault *f)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_buf objects CU_CLEAN_BUF = CU_BUF(CHANGE_KEPT_BYTES);
    cu_change x;
    cu_arena_init(&arena, CHANGE_MEMORY);
    CU_TRY(change_find(c->a, c->args[0], "", &objects, f));
    CU_TRY(cu_change_read(cu_buf_view(&objects), c->args[0], &arena, &x, f));
    *out = change_view(c, &x, opened, values, f);
    desk_name_persons(c->a, *out);
    return *out ? CU_OK : f->code ? f->code : CU_NOMEM;
}

unsigned answer_change_diff(call *c)
{
    size_t values;
    json_t *out = NULL;
    cu_fault f = {0};
    cu_err e = look(c, false, &values, &out, &f);
    return e == CU_OK ? answer_json(c, out) : refused(c, e, &f);
}

/* {"purpose": why}. Values that were found are shown to who answers for them; the entry comes first. */
unsigned open_change_diff(call *c)
{
    const desk_actor who = {.actor = c->actor, .roles = c->role, .system = true};
    size_t values = 0;
    cu_fault f = {0};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL), *out = NULL, *record = NULL;
    const char *purpose = json_string_value(json_object_get(in, "purpose"));
    size_t n = purpose ? strlen(purpose) : 0;
    if (n == 0 || n > PURPOSE_MAX || !text_is_clean(c->a, cu_str(purpose))) {
        json_decref(in);
        return problem(c, 400, "Malformed", "purpose is needed: why the values are looked at, in at most %u bytes, without a secret in it.", PURPOSE_MAX);
    }
    cu_err e = look(c, true, &values, &out, &f);
    json_t *fields = json_pack("{s:s,s:s,s:I}", "change", c->args[0], "purpose", purpose, "values", (json_int_t)values);
    if (e == CU_OK)
        e = desk_take(c->a, &who, "change.values_shown", NULL, fields, &record, &f);
    json_decref(fields);
    json_decref(record);
    json_decref(in);
    if (e == CU_OK)
        return answer_json(c, out);
    json_decref(out);
    return e == CU_STATE || e == CU_TIMEOUT ? desk_refused(c, e, &f) : refused(c, e, &f);
}
