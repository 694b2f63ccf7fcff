/* Wordings of criteria out of a customer's OSCAL catalog. */
#include "comply/wordings.h"
#include <jansson.h>
#include <string.h>

#define DEPTH_MAX 16u /* of groups, controls and parts */

typedef struct {
    const cu_catalogue *c;
    cu_buf *texts;
    size_t taken, unknown;
} reader;

/* Letters in upper case, digits and dots: "cc-6.1", "CC 6.1" and "CC6.1" are the same. */
static void plain_id(const char *s, char out[40])
{
    size_t n = 0;
    for (; *s && n < 39; s++)
        if ((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || *s == '.')
            out[n++] = *s;
        else if (*s >= 'a' && *s <= 'z')
            out[n++] = (char)(*s - 'a' + 'A');
    out[n] = 0;
}

size_t cu_criterion_spelled(const cu_catalogue *c, const char *id)
{
    char want[40];
    plain_id(id, want);
    for (size_t i = 0; i < c->criteria_n; i++)
        if (cu_eq_str(c->criteria[i].id, want))
            return i;
    return SIZE_MAX;
}

static const char *string_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* Prose of a part and of those within, a line each; guidance and points of focus are parts of other names, and stay out. */
static void add_prose(const json_t *parts, cu_buf *out, unsigned depth)
{
    const json_t *p;
    size_t i;
    json_array_foreach(parts, i, p) {
        if (strcmp(string_of(p, "name"), "statement") != 0 && strcmp(string_of(p, "name"), "item") != 0)
            continue;
        if (*string_of(p, "prose"))
            cu_buf_fmt(out, "%s%s", out->n ? "\n" : "", string_of(p, "prose"));
        if (depth < DEPTH_MAX)
            add_prose(json_object_get(p, "parts"), out, depth + 1);
    }
}

static size_t criterion_of(const reader *d, const json_t *control)
{
    const json_t *p;
    size_t i;
    json_array_foreach(json_object_get(control, "props"), i, p)
        if (strcmp(string_of(p, "name"), "label") == 0 && cu_criterion_spelled(d->c, string_of(p, "value")) != SIZE_MAX)
            return cu_criterion_spelled(d->c, string_of(p, "value"));
    return cu_criterion_spelled(d->c, string_of(control, "id"));
}

static void walk(reader *d, const json_t *node, unsigned depth)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(node, "controls"), i, x) {
        size_t at = criterion_of(d, x);
        if (at == SIZE_MAX) {
            d->unknown++;
        } else if (!d->texts[at].n) {
            add_prose(json_object_get(x, "parts"), &d->texts[at], 0);
            d->taken += d->texts[at].n > 0;
        }
        if (depth < DEPTH_MAX)
            walk(d, x, depth + 1);
    }
    json_array_foreach(json_object_get(node, "groups"), i, x)
        if (depth < DEPTH_MAX)
            walk(d, x, depth + 1);
}

cu_err cu_wordings_of_oscal(const cu_catalogue *c, cu_bytes file, cu_buf *texts, size_t *taken, size_t *unknown, cu_fault *f)
{
    reader d = {c, texts, 0, 0};
    json_error_t wrong;
    json_t *all = json_loadb((const char *)file.p, file.n, JSON_REJECT_DUPLICATES, &wrong);
    const json_t *catalog = json_object_get(all, "catalog");
    if (json_is_object(catalog))
        walk(&d, catalog, 0);
    cu_err e = json_is_object(catalog) ? CU_OK : cu_fail(f, CU_SYNTAX, all ? "this is no OSCAL catalog: it has no object \"catalog\"" : "line %d: %.100s", wrong.line, wrong.text);
    json_decref(all);
    *taken = d.taken;
    *unknown = d.unknown;
    if (e == CU_OK && !d.taken)
        e = cu_fail(f, CU_NOT_FOUND, "no control of this catalog has the id, or the label, of a criterion and a statement");
    return e;
}
