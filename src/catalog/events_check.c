/* Holds the body of an entry against its type: one pass, no memory, so that every entry can be held
 * against it. Bodies come from our own writers and, when a log is read, from whoever wrote the disk. */
#include "catalog/events.h"

#define WORDS_MAX 4096u /* of a list or of counts */

typedef struct {
    cu_bytes text;
    size_t i;
    cu_bytes at;   /* name of the member being read */
    cu_fault *f;
} cursor;

static cu_err wrong(cursor *c, const char *what)
{
    if (c->f)
        c->f->offset = c->i;
    size_t n = c->at.n < CU_EVENT_NAME ? c->at.n : CU_EVENT_NAME;
    return cu_fail(c->f, CU_SYNTAX, "%.*s%s%s (byte %zu)", (int)n, (const char *)c->at.p, n ? ": " : "", what, c->i);
}

static bool take(cursor *c, char b)
{
    bool is = c->i < c->text.n && c->text.p[c->i] == (uint8_t)b;
    c->i += is;
    return is;
}

static bool hex_digits(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] >= 'a' && b.p[i] <= 'f')))
            return false;
    return true;
}

static bool escape_at(cursor *c)
{
    uint8_t e = c->i + 1 < c->text.n ? c->text.p[c->i + 1] : 0;
    if (e == 'u' && c->i + 6 <= c->text.n && hex_digits(cu_slice(c->text, c->i + 2, c->i + 6))) {
        c->i += 6;
        return true;
    }
    c->i += 2;
    return e && strchr("\"\\/bfnrt", e);
}

/* A string, with its escapes as they stand. */
static cu_err string(cursor *c, cu_bytes *out, bool *plain)
{
    *plain = true;
    if (!take(c, '"'))
        return wrong(c, "a text is expected");
    size_t from = c->i;
    while (c->i < c->text.n && c->text.p[c->i] != '"') {
        uint8_t b = c->text.p[c->i];
        if (b < 0x20)
            return wrong(c, "a control character in a text");
        *plain &= b > 0x20 && b < 0x7f && b != '\\';
        if (b != '\\')
            c->i++;
        else if (!escape_at(c))
            return wrong(c, "an unknown escape");
    }
    *out = cu_slice(c->text, from, c->i);
    return take(c, '"') ? CU_OK : wrong(c, "the text does not end");
}

static cu_err number(cursor *c)
{
    size_t from = c->i;
    while (c->i < c->text.n && c->text.p[c->i] >= '0' && c->text.p[c->i] <= '9')
        c->i++;
    size_t n = c->i - from;
    return n == 0 || n > 18 || (n > 1 && c->text.p[from] == '0') ? wrong(c, "a whole number of at most 18 digits is expected") : CU_OK;
}

static cu_err boolean(cursor *c)
{
    cu_bytes rest = cu_slice(c->text, c->i, c->text.n);
    size_t n = cu_starts(rest, CU_LIT("true")) ? 4 : cu_starts(rest, CU_LIT("false")) ? 5 : 0;
    c->i += n;
    return n ? CU_OK : wrong(c, "true or false is expected");
}

static bool is_id(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] >= 'A' && b.p[i] <= 'Z')))
            return false;
    return b.n == 26;
}

static bool is_time(cu_bytes b)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    for (size_t i = 0; i < b.n && i < sizeof form - 1; i++)
        if (form[i] == '0' ? b.p[i] < '0' || b.p[i] > '9' : b.p[i] != (uint8_t)form[i])
            return false;
    return b.n == sizeof form - 1;
}

static bool is_listed(const cu_event_field *f, cu_bytes b)
{
    for (size_t i = 0; i < f->words_n; i++)
        if (cu_eq(f->words[i], b))
            return true;
    return false;
}

static cu_err textual(cursor *c, const cu_event_field *f)
{
    cu_bytes s;
    bool plain;
    CU_TRY(string(c, &s, &plain));
    if (s.n == 0)
        return f->may_be_empty ? CU_OK : wrong(c, "must not be empty");
    switch (f->type) {
    case CU_FIELD_TEXT: return s.n <= f->max ? CU_OK : wrong(c, "the text is too long");
    case CU_FIELD_WORD: return plain && s.n <= f->max ? CU_OK : wrong(c, "a word without blanks, quotes and letters beyond ASCII is expected, and not too long");
    case CU_FIELD_DIGEST: return s.n == 64 && hex_digits(s) ? CU_OK : wrong(c, "64 hexadecimal digits are expected");
    case CU_FIELD_HEX: return s.n <= 128 && hex_digits(s) ? CU_OK : wrong(c, "hexadecimal digits are expected");
    case CU_FIELD_ID: return is_id(s) ? CU_OK : wrong(c, "an id of 26 characters is expected");
    case CU_FIELD_TIME: return is_time(s) ? CU_OK : wrong(c, "a time like 2026-11-26T09:00:00.000Z is expected");
    default: return is_listed(f, s) ? CU_OK : wrong(c, "is none of its words");
    }
}

/* "a","b"] */
static cu_err words(cursor *c)
{
    cu_bytes s;
    bool plain;
    if (!take(c, '['))
        return wrong(c, "a list is expected");
    if (take(c, ']'))
        return CU_OK;
    for (unsigned n = 0; n < WORDS_MAX; n++) {
        CU_TRY(string(c, &s, &plain));
        if (!plain || s.n == 0)
            return wrong(c, "a list of words is expected");
        if (take(c, ']'))
            return CU_OK;
        if (!take(c, ','))
            return wrong(c, "a comma is expected");
    }
    return wrong(c, "the list is too long");
}

/* "EMAIL_ADDRESS":2,…} */
static cu_err counts(cursor *c)
{
    cu_bytes key, last = CU_NONE;
    bool plain;
    if (!take(c, '{'))
        return wrong(c, "an object is expected");
    if (take(c, '}'))
        return CU_OK;
    for (unsigned n = 0; n < WORDS_MAX; n++) {
        CU_TRY(string(c, &key, &plain));
        if (!plain || (n && cu_cmp(last, key) >= 0) || !take(c, ':'))
            return wrong(c, "ascending names with numbers are expected");
        last = key;
        CU_TRY(number(c));
        if (take(c, '}'))
            return CU_OK;
        if (!take(c, ','))
            return wrong(c, "a comma is expected");
    }
    return wrong(c, "too many names");
}

static cu_err object(cursor *c, const cu_event_field *fields, size_t n);

static cu_err list(cursor *c, const cu_event_field *f)
{
    if (!take(c, '['))
        return wrong(c, "a list is expected");
    if (take(c, ']'))
        return CU_OK;
    for (unsigned k = 0; k < WORDS_MAX; k++) {
        CU_TRY(object(c, f->fields, f->fields_n));
        if (take(c, ']'))
            return CU_OK;
        if (!take(c, ','))
            return wrong(c, "a comma is expected");
    }
    return wrong(c, "the list is too long");
}

static cu_err value(cursor *c, const cu_event_field *f)
{
    switch (f->type) {
    case CU_FIELD_NUMBER: return number(c);
    case CU_FIELD_BOOL: return boolean(c);
    case CU_FIELD_WORDS: return words(c);
    case CU_FIELD_COUNTS: return counts(c);
    case CU_FIELD_OBJECT: return object(c, f->fields, f->fields_n);
    case CU_FIELD_LIST: return list(c, f);
    default: return textual(c, f);
    }
}

/* The first field from i on that must be there, or n. */
static size_t next_required(const cu_event_field *fields, size_t n, size_t i)
{
    while (i < n && fields[i].optional)
        i++;
    return i;
}

/* Fields stand in the order of their names, and so do members: both are walked once. Depth is bounded
 * by that of the registry. */
static cu_err object(cursor *c, const cu_event_field *fields, size_t n)
{
    size_t i = 0;
    bool plain;
    if (!take(c, '{'))
        return wrong(c, "an object is expected");
    for (bool first = true; !take(c, '}'); first = false) {
        cu_bytes key;
        if (!first && !take(c, ','))
            return wrong(c, "a comma is expected");
        CU_TRY(string(c, &key, &plain));
        size_t required = next_required(fields, n, i);
        while (i < n && !cu_eq(fields[i].name, key))
            i++;
        c->at = i < n ? fields[i].name : required < n ? fields[required].name : key;
        if (i == n || !take(c, ':'))
            return wrong(c, required < n ? "is missing, or another member stands where it belongs" : "no field of this type, given twice or out of order");
        if (required < i) {
            c->at = fields[required].name;
            return wrong(c, "is missing");
        }
        CU_TRY(value(c, &fields[i++]));
    }
    i = next_required(fields, n, i);
    if (i == n)
        return CU_OK;
    c->at = fields[i].name;
    return wrong(c, "is missing");
}

cu_err cu_event_check(const cu_event *e, cu_bytes body, cu_fault *f)
{
    cursor c = {.text = body, .f = f};
    CU_TRY(object(&c, e->fields, e->fields_n));
    return c.i == body.n ? CU_OK : wrong(&c, "something follows the body");
}

static bool belongs(const cu_event *e, cu_bytes tenant)
{
    bool org = cu_eq_str(tenant, "org"), anchor = cu_eq_str(tenant, "anchor");
    switch (e->log) {
    case CU_EVENT_TENANT: return !org && !anchor;
    case CU_EVENT_ORG: return org;
    case CU_EVENT_ANCHOR: return anchor;
    default: return !anchor;
    }
}

cu_err cu_events_check(const cu_events *all, cu_bytes type, cu_bytes tenant, cu_bytes body, cu_fault *f)
{
    const cu_event *e = cu_event_find(all, type);
    if (!e)
        return cu_fail(f, CU_NOT_FOUND, "no event of type %.*s is registered", type.n < CU_EVENT_NAME ? (int)type.n : (int)CU_EVENT_NAME, (const char *)type.p);
    if (!belongs(e, tenant))
        return cu_fail(f, CU_DENIED, "%.*s does not belong into this log", CU_FMT(e->type));
    return cu_event_check(e, body, f);
}
