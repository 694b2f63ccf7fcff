#include "desk_fields.h"
#include <stdio.h>
#include <stdlib.h>

bool desk_is_person(const cu_event_field *f)
{
    return f->type == CU_FIELD_WORD && cu_eq_str(f->sensitivity, "personal");
}

static const cu_event_field *field_of(const cu_event_field *v, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (cu_eq_str(v[i].name, name))
            return &v[i];
    return NULL;
}

/* 2026-12-31, or a time without its milliseconds. */
static json_t *time_text(const char *s)
{
    size_t n = strlen(s);
    if (n == 10)
        return json_sprintf("%sT00:00:00.000Z", s);
    return n == 20 && s[19] == 'Z' ? json_sprintf("%.19s.000Z", s) : json_string(s);
}

/* "a, b" as a list. */
static json_t *word_list(const char *s)
{
    json_t *list = json_array();
    while (*s) {
        s += strspn(s, ", \n");
        size_t n = strcspn(s, ", \n");
        if (n)
            json_array_append_new(list, json_stringn(s, n));
        s += n;
    }
    return list;
}

static json_t *number_text(const char *s)
{
    return *s && strlen(s) <= 15 && strspn(s, "0123456789") == strlen(s) ? json_integer((json_int_t)strtoll(s, NULL, 10)) : json_string(s);
}

static cu_err person(app *a, const char *tenant, const char *name, json_t **out, cu_fault *f)
{
    char p[CU_PSEUDONYM_LEN];
    if (!*name || is_pseudonym(name) || strcmp(name, "operator") == 0) {
        *out = json_string(name);
        return CU_OK;
    }
    pthread_mutex_lock(&a->lock);
    cu_err e = person_of(a, tenant, name, p, f);
    pthread_mutex_unlock(&a->lock);
    *out = e == CU_OK ? json_string(p) : NULL;
    return e;
}

/* A text read as what the field is. */
static cu_err from_text(app *a, const cu_event_field *k, const char *tenant, const char *s, json_t **out, cu_fault *f)
{
    if (desk_is_person(k))
        return person(a, tenant, s, out, f);
    *out = k->type == CU_FIELD_TIME ? time_text(s)
           : k->type == CU_FIELD_NUMBER ? number_text(s)
           : k->type == CU_FIELD_WORDS ? word_list(s)
           : k->type == CU_FIELD_BOOL && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0) ? json_boolean(s[0] == 't')
           : json_string(s);
    return CU_OK;
}

static cu_err object(app *a, const cu_event_field *v, size_t n, const char *tenant, json_t *given, const char *what, json_t **out, cu_fault *f);

static cu_err list(app *a, const cu_event_field *k, const char *tenant, json_t *given, const char *name, json_t **out, cu_fault *f)
{
    json_t *x;
    size_t i;
    *out = json_array();
    json_array_foreach(given, i, x) {
        json_t *one = NULL;
        cu_err e = object(a, k->fields, k->fields_n, tenant, x, name, &one, f);
        if (e != CU_OK)
            return e;
        json_array_append_new(*out, one);
    }
    return CU_OK;
}

static cu_err value(app *a, const cu_event_field *k, const char *tenant, json_t *x, const char *name, json_t **out, cu_fault *f)
{
    if (json_is_string(x))
        return from_text(a, k, tenant, json_string_value(x), out, f);
    if (k->type == CU_FIELD_OBJECT && json_is_object(x))
        return object(a, k->fields, k->fields_n, tenant, x, name, out, f);
    if (k->type == CU_FIELD_LIST && json_is_array(x))
        return list(a, k, tenant, x, name, out, f);
    *out = json_incref(x);
    return CU_OK;
}

static cu_err unknown(const cu_event_field *v, size_t n, const char *name, const char *what, cu_fault *f)
{
    char known[200];
    size_t at = 0;
    known[0] = 0;
    for (size_t i = 0; i < n && at + v[i].name.n + 3 < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%.*s", i ? ", " : "", CU_FMT(v[i].name));
    return cu_fail(f, CU_SYNTAX, "%.60s has no field %.60s; it has %s", what, name, known);
}

static cu_err object(app *a, const cu_event_field *v, size_t n, const char *tenant, json_t *given, const char *what, json_t **out, cu_fault *f)
{
    const char *name;
    json_t *x;
    *out = json_object();
    if (!json_is_object(given))
        return cu_fail(f, CU_SYNTAX, "%.60s: an object is expected", what);
    json_object_foreach(given, name, x) {
        const cu_event_field *k = field_of(v, n, name);
        json_t *one = NULL;
        if (!k)
            return unknown(v, n, name, what, f);
        if (k->optional && (json_is_null(x) || (json_is_string(x) && json_string_length(x) == 0 && !k->may_be_empty)))
            continue; /* left out */
        CU_TRY(value(a, k, tenant, x, name, &one, f));
        json_object_set_new(*out, name, one);
    }
    return CU_OK;
}

/* What may be empty, and was not given, is empty. */
static void put_empty(const cu_event *e, json_t *to)
{
    char name[CU_EVENT_NAME];
    for (size_t i = 0; i < e->fields_n; i++) {
        const cu_event_field *k = &e->fields[i];
        snprintf(name, sizeof name, "%.*s", CU_FMT(k->name));
        if (!k->optional && k->may_be_empty && (k->type == CU_FIELD_TEXT || k->type == CU_FIELD_WORD) && !json_object_get(to, name))
            json_object_set_new(to, name, json_string(""));
    }
}

cu_err desk_fields(app *a, const cu_event *e, const char *tenant, json_t *given, json_t **out, cu_fault *f)
{
    char type[CU_EVENT_NAME];
    snprintf(type, sizeof type, "%.*s", CU_FMT(e->type));
    cu_err err = object(a, e->fields, e->fields_n, tenant, given, type, out, f);
    if (err == CU_OK)
        put_empty(e, *out);
    if (err != CU_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return err;
}
