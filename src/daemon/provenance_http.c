/* POST /api/v1/provenance: digests of the lines that a commit adds → where they come from. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "desk.h"
#include "limited.h"
#include "paths.h"
#include "provenance.h"

#define MAY_LINK (ROLE_SOCKET | ROLE_OWNER | ROLE_COMPLIANCE | ROLE_SECURITY | ROLE_DEVELOPER)
#define SHOWN 50u /* exchanges that an entry names */

/* "17:5:0123…:4567…": number, words, digests. */
static bool read_line(const char *text, uint32_t *number, cu_print_line *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '1' || *text > '9' || *end != ':' || n > 10000000)
        return false;
    const char *w = end + 1;
    unsigned long words = strtoul(w, &end, 10);
    if (*w < '1' || *w > '9' || words > CU_PRINT_LINE || *end != ':' || strlen(end) != 2 * (1 + 2 * CU_PRINT_DIGEST) || end[1 + 2 * CU_PRINT_DIGEST] != ':')
        return false;
    *number = (uint32_t)n;
    out->weight = (uint32_t)words;
    return cu_unhex(out->exact, CU_PRINT_DIGEST, cu_bytes_of(end + 1, 2 * CU_PRINT_DIGEST)) &&
           cu_unhex(out->shape, CU_PRINT_DIGEST, cu_bytes_of(end + 2 + 2 * CU_PRINT_DIGEST, 2 * CU_PRINT_DIGEST));
}

/* "17+3:12:0123…": three lines from 17 on, as one. */
static bool read_joined(const char *text, prov_joined *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10), lines = 0, words = 0;
    if (*text < '1' || *text > '9' || *end != '+' || n > 10000000 || end[1] < '2' || end[1] > '9' || end[2] != ':')
        return false;
    lines = (unsigned long)(end[1] - '0');
    const char *w = end + 3;
    words = strtoul(w, &end, 10);
    if (*w < '1' || *w > '9' || words > CU_PRINT_LINE || *end != ':' || strlen(end) != 1 + 2 * CU_PRINT_DIGEST || lines > CU_PRINT_JOINED)
        return false;
    *out = (prov_joined){.number = (uint32_t)n, .lines = (uint32_t)lines, .given = {.weight = (uint32_t)words}};
    return cu_unhex(out->given.exact, CU_PRINT_DIGEST, cu_bytes_of(end + 1, 2 * CU_PRINT_DIGEST));
}

typedef struct {
    size_t lines, joined; /* of all files */
} counted;

static cu_err read_file(const json_t *v, prov_file *out, counted *all, cu_fault *f)
{
    const json_t *lines = json_object_get(v, "lines"), *joined = json_object_get(v, "joined"), *path = json_object_get(v, "path"), *x;
    size_t n = json_array_size(lines), m = json_array_size(joined), i;
    if (!json_is_string(path) || !json_is_array(lines) || (joined && !json_is_array(joined)))
        return cu_fail(f, CU_SYNTAX, "files: each has a path and lines, and may have joined");
    if ((all->lines += n) > PROV_LINES || (all->joined += m) > CU_PRINT_JOINS)
        return cu_fail(f, CU_TOO_BIG, "at most %u lines and %u joined ones", PROV_LINES, CU_PRINT_JOINS);
    CU_TRY(prov_file_room(out, json_string_value(path), n, m));
    json_array_foreach(lines, i, x)
        if (!json_is_string(x) || !read_line(json_string_value(x), &out->number[i], &out->given[i]))
            return cu_fail(f, CU_SYNTAX, "line %zu of %.100s is not NUMBER:WORDS:DIGEST:DIGEST", i + 1, out->path);
    json_array_foreach(joined, i, x)
        if (!json_is_string(x) || !read_joined(json_string_value(x), &out->joined[i]))
            return cu_fail(f, CU_SYNTAX, "joined %zu of %.100s is not NUMBER+LINES:WORDS:DIGEST", i + 1, out->path);
    out->joined_n = m;
    prov_file_join(out);
    return CU_OK;
}

static json_t *ranges_of(const prov *p, const prov_file *x)
{
    json_t *ranges = json_array(), *last = NULL;
    uint16_t source = 0;
    for (size_t i = 0; i < x->n; i++) {
        if (!x->source[i] || x->source[i] != source || !last) {
            source = x->source[i];
            last = source ? json_pack("{s:s,s:I,s:I,s:I,s:I}", "exchange", p->sources[source - 1].exchange, "start", (json_int_t)x->number[i], "end", (json_int_t)x->number[i],
                                      "lines", (json_int_t)0, "alike", (json_int_t)0)
                          : NULL;
            if (last)
                json_array_append_new(ranges, last);
        }
        if (!last)
            continue;
        json_object_set_new(last, "end", json_integer((json_int_t)x->number[i]));
        json_object_set_new(last, "lines", json_integer(json_integer_value(json_object_get(last, "lines")) + 1));
        json_object_set_new(last, "alike", json_integer(json_integer_value(json_object_get(last, "alike")) + x->alike[i]));
    }
    return ranges;
}

typedef struct {
    call *c;
    json_t *out;
    size_t lines;
} naming;

/* What the log says of the exchange; the person as pseudonym, named where the whole is. */
static void describe(void *arg, const cu_store_exchange *x)
{
    static const char *const keep[] = {"client", "model", "user", "vendor"};
    naming *n = arg;
    json_t *request = x->request ? json_loads(x->request, 0, NULL) : NULL;
    json_t *one = json_pack("{s:s,s:s,s:s,s:I}", "id", x->id, "at", x->at, "tenant", x->tenant, "lines", (json_int_t)n->lines);
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        if (json_object_get(request, keep[i]))
            json_object_set(one, keep[i], json_object_get(request, keep[i]));
    if (limit_tenant(n->c, x->tenant) && limit_time(n->c, x->at))
        json_array_append_new(n->out, one);
    else
        json_decref(one);
    json_decref(request);
}

static int by_lines(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    json_int_t n = json_integer_value(json_object_get(x, "lines")), m = json_integer_value(json_object_get(y, "lines"));
    return n != m ? (n < m ? 1 : -1) : strcmp(json_string_value(json_object_get(x, "id")), json_string_value(json_object_get(y, "id")));
}

json_t *prov_sources_json(call *c, const prov *p)
{
    json_t *all = json_array(), *sorted = json_array(), *list[PROV_SOURCES];
    for (size_t i = 0; i < p->sources_n; i++) {
        naming n = {.c = c, .out = all, .lines = p->sources[i].lines};
        if (n.lines && cu_store_exchanges(c->a->store, p->sources[i].exchange, NULL, 0, 1, describe, &n) != CU_OK)
            json_array_clear(all);
    }
    size_t n = json_array_size(all);
    for (size_t i = 0; i < n; i++)
        list[i] = json_array_get(all, i);
    if (n > 1)
        qsort(list, n, sizeof *list, by_lines);
    for (size_t i = 0; i < n; i++)
        json_array_append(sorted, list[i]);
    json_decref(all);
    return sorted;
}

/* An entry beside the change, when it is registered: what the gate and its desk show. */
static cu_err link_change(call *c, const char *change, const json_t *out, cu_fault *f)
{
    const desk_actor who = {.actor = c->actor, .roles = c->role, .system = true};
    const json_t *sources = json_object_get(out, "exchanges"), *x;
    json_t *record = NULL, *ids = json_array(), *fields;
    const char *person = "";
    size_t i;
    json_array_foreach(sources, i, x) {
        if (i < SHOWN)
            json_array_append(ids, json_object_get(x, "id"));
        if (!*person && json_is_string(json_object_get(x, "user")))
            person = json_string_value(json_object_get(x, "user"));
    }
    fields = json_pack("{s:s,s:o,s:O,s:O,s:O,s:b}", "change", change, "exchanges", ids, "from_assistant", json_object_get(out, "from_assistant"), "lines",
                       json_object_get(out, "lines"), "share", json_object_get(out, "share"), "assistant", json_integer_value(json_object_get(out, "from_assistant")) > 0);
    if (is_pseudonym(person)) { /* of the tenant; the desk keeps those of the organisation, by the same name */
        char name[PERSON_NAME];
        person_name(c->a, person, name);
        if (strcmp(name, "erased") != 0)
            json_object_set_new(fields, "prompted_by", json_string(name));
    }
    cu_err e = desk_take(c->a, &who, "change.linked", NULL, fields, &record, f);
    json_decref(record);
    json_decref(fields);
    return e;
}

cu_err prov_trace_all(call *c, prov *p, prov_file *v, size_t n, cu_fault *f)
{
    const cu_config *g = c->a->config;
    for (size_t t = 0; t < g->tenants_n; t++)
        for (size_t i = 0; limit_tenant(c, g->tenants[t].name) && i < n; i++)
            CU_TRY(prov_trace(c->a, p, g->tenants[t].name, &v[i], f));
    return CU_OK;
}

static cu_err trace_all(call *c, json_t *files, prov *p, prov_file *v, size_t *n, cu_fault *f)
{
    counted all = {0};
    size_t i;
    json_t *x;
    json_array_foreach(files, i, x) {
        cu_err e = read_file(x, &v[i], &all, f);
        *n = i + 1;
        CU_TRY(e);
    }
    return prov_trace_all(c, p, v, *n, f);
}

static json_t *result(call *c, const prov *p, const prov_file *v, size_t n)
{
    json_t *files = json_array();
    size_t lines = 0, from = 0;
    for (size_t i = 0; i < n; i++) {
        lines += v[i].n;
        for (size_t k = 0; k < v[i].n; k++)
            from += v[i].source[k] != 0;
        json_array_append_new(files, json_pack("{s:s,s:I,s:o}", "path", v[i].path, "lines", (json_int_t)v[i].n, "ranges", ranges_of(p, &v[i])));
    }
    return json_pack("{s:o,s:o,s:I,s:I,s:I}", "files", files, "exchanges", prov_sources_json(c, p), "lines", (json_int_t)lines, "from_assistant", (json_int_t)from, "share",
                     (json_int_t)(lines ? from * 1000 / lines : 0));
}

/* {"files":[{"path":…,"lines":["17:5:…:…"],"joined":["17+3:12:…"]}],"change":"…"} */
unsigned answer_provenance(call *c)
{
    cu_fault f = {0};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL), *files = json_object_get(in, "files");
    const char *change = json_string_value(json_object_get(in, "change"));
    if (change && !(c->role & MAY_LINK)) {
        json_decref(in);
        return problem(c, 403, "Not for your role", "Owners, compliance, security and developers record what a change comes from.");
    }
    prov *p = calloc(1, sizeof *p);
    prov_file *v = calloc(PROV_FILES + 1, sizeof *v);
    size_t n = 0;
    cu_err e = !p || !v ? CU_NOMEM : !json_is_array(files) || json_array_size(files) > PROV_FILES ? cu_fail(&f, CU_SYNTAX, "files: a list of at most %u", PROV_FILES)
                                                                                                  : trace_all(c, files, p, v, &n, &f);
    json_t *out = e == CU_OK ? result(c, p, v, n) : NULL;
    for (size_t i = 0; v && i < n; i++)
        prov_file_free(&v[i]);
    free(v);
    free(p);
    if (out && change)
        e = link_change(c, change, out, &f);
    json_decref(in);
    if (e != CU_OK) {
        json_decref(out);
        return change && e != CU_SYNTAX ? desk_refused(c, e, &f) : problem(c, e == CU_SYNTAX ? 400 : e == CU_TOO_BIG ? 413 : 503, "Nothing was traced", "%s", f.code ? f.text : cu_err_text(e));
    }
    desk_name_persons(c->a, out);
    return answer_json(c, out);
}
