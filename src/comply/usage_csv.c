/* Tables of Anthropic's console, OpenAI's dashboard, and Google Cloud's billing reports (RFC 4180). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "usage_form.h"

#define COLUMNS 64u
#define CELL 1024u
#define PREAMBLE 30u /* lines that may stand before the heads of columns */

typedef struct {
    cu_bytes rest;
    char cells[COLUMNS][CELL];
    size_t lengths[COLUMNS], n;
    uint64_t line;
    cu_fault *f;
} table;

typedef enum { ROLE_DAY, ROLE_DAY_END, ROLE_MODEL, ROLE_SKU, ROLE_UNIT, ROLE_AMOUNT, ROLE_TOKENS, ROLE_OPTIONAL = 16 } role;

typedef struct {
    const char *name;
    unsigned role;
    cu_billed_class class;
} column;

typedef struct {
    const char *form;
    unsigned classes;
    column columns[9];
} form;

static const form forms[] = {
    {"anthropic-csv", 15, {{"usage_date_utc", ROLE_DAY, 0}, {"model_version", ROLE_MODEL, 0}, {"usage_input_tokens_no_cache", ROLE_TOKENS, CU_BILLED_INPUT},
                           {"usage_output_tokens", ROLE_TOKENS, CU_BILLED_OUTPUT}, {"usage_input_tokens_cache_read", ROLE_TOKENS, CU_BILLED_CACHE_READ},
                           {"usage_input_tokens_cache_write", ROLE_TOKENS | ROLE_OPTIONAL, CU_BILLED_CACHE_WRITE},
                           {"usage_input_tokens_cache_write_5m", ROLE_TOKENS | ROLE_OPTIONAL, CU_BILLED_CACHE_WRITE},
                           {"usage_input_tokens_cache_write_1h", ROLE_TOKENS | ROLE_OPTIONAL, CU_BILLED_CACHE_WRITE}}},
    {"openai-csv", 7, {{"start_time_iso", ROLE_DAY, 0}, {"model", ROLE_MODEL | ROLE_OPTIONAL, 0}, {"input_tokens", ROLE_TOKENS, CU_BILLED_INPUT},
                       {"output_tokens", ROLE_TOKENS, CU_BILLED_OUTPUT}, {"input_cached_tokens", ROLE_TOKENS | ROLE_OPTIONAL, CU_BILLED_CACHE_READ}}},
    {"google-csv", 7, {{"Date", ROLE_DAY, 0}, {"SKU description", ROLE_SKU, 0}, {"Usage amount", ROLE_AMOUNT, 0}, {"Usage unit", ROLE_UNIT, 0}}},
    {"google-csv", 7, {{"Usage start date", ROLE_DAY, 0}, {"Usage end date", ROLE_DAY_END, 0}, {"SKU description", ROLE_SKU, 0},
                       {"Usage amount", ROLE_AMOUNT, 0}, {"Usage unit", ROLE_UNIT, 0}}},
};
#define FORMS (sizeof forms / sizeof *forms)

static cu_err wrong(table *t, const char *what)
{
    cu_err e = cu_fail(t->f, CU_SYNTAX, "line %llu of the export: %s", (unsigned long long)t->line, what);
    if (t->f)
        t->f->line = (uint32_t)t->line;
    return e;
}

/* One cell; *end: what stands behind it ends the line. */
static cu_err read_cell(table *t, bool *end)
{
    char *to = t->cells[t->n];
    size_t n = 0, i = 0;
    bool quoted = t->rest.n && t->rest.p[0] == '"';
    for (i = quoted; i < t->rest.n; i++) {
        uint8_t c = t->rest.p[i];
        if (quoted && c == '"') {
            if (i + 1 < t->rest.n && t->rest.p[i + 1] == '"')
                i++;
            else
                break;
        } else if (!quoted && (c == ',' || c == '\n' || c == '"')) {
            break;
        }
        if (c == 0 || n == CELL - 1)
            return wrong(t, "a cell is longer than 1,023 bytes or holds a NUL");
        to[n++] = (char)c;
    }
    if (quoted && (i == t->rest.n || t->rest.p[i] != '"'))
        return wrong(t, "a quotation mark is not closed");
    i += quoted;
    if (!quoted && n && to[n - 1] == '\r')
        n--;
    if (quoted && i < t->rest.n && t->rest.p[i] == '\r')
        i++;
    if (i < t->rest.n && t->rest.p[i] != ',' && t->rest.p[i] != '\n')
        return wrong(t, "behind a quoted cell stands something else than a comma");
    to[n] = 0;
    t->lengths[t->n++] = n;
    *end = i == t->rest.n || t->rest.p[i] == '\n';
    t->rest = cu_slice(t->rest, i < t->rest.n ? i + 1 : i, t->rest.n);
    return CU_OK;
}

/* CU_NOT_FOUND at the end of the file. */
static cu_err read_line(table *t)
{
    bool end = false;
    t->n = 0;
    if (t->rest.n == 0)
        return CU_NOT_FOUND;
    t->line++;
    while (!end) {
        if (t->n == COLUMNS)
            return wrong(t, "it has more than 64 cells");
        CU_TRY(read_cell(t, &end));
    }
    return CU_OK;
}

static bool is_blank(const table *t)
{
    return t->n == 1 && t->lengths[0] == 0;
}

static size_t find(const table *t, const char *name)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->cells[i], name) != 0)
        i++;
    return i;
}

/* Whether these are the heads of that form; at: where each of its columns stands, COLUMNS: nowhere. */
static bool fits(const table *t, const form *m, size_t at[9])
{
    for (size_t i = 0; i < 9; i++) {
        at[i] = COLUMNS;
        if (!m->columns[i].name)
            continue;
        size_t k = find(t, m->columns[i].name);
        if (k == t->n && !(m->columns[i].role & ROLE_OPTIONAL))
            return false;
        at[i] = k < t->n ? k : COLUMNS;
    }
    return true;
}

/* The model in a name of Google's, as "gemini-2.5-flash-lite"; false: it is of no model that we know to be one. */
static bool sku_model(const char *sku, char out[CU_BILLED_MODEL + 1])
{
    static const char *const words[] = {"pro", "flash", "lite", "ultra", "nano"};
    char low[CELL], *at, *save = NULL;
    size_t n = 0;
    for (; sku[n]; n++)
        low[n] = (char)tolower((unsigned char)sku[n]);
    low[n] = 0;
    if (!(at = strstr(low, "gemini ")))
        return false;
    n = (size_t)snprintf(out, CU_BILLED_MODEL + 1, "gemini");
    for (char *w = strtok_r(at + 7, " -", &save); w; w = strtok_r(NULL, " -", &save)) {
        bool version = w[0] >= '0' && w[0] <= '9' && strspn(w, "0123456789.") == strlen(w) && strlen(w) <= 4, known = version;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            known |= strcmp(w, words[i]) == 0;
        if (!known)
            break;
        if (n + strlen(w) + 1 < CU_BILLED_MODEL)
            n += (size_t)snprintf(out + n, CU_BILLED_MODEL + 1 - n, "-%s", w);
    }
    return n > 6;
}

/* A row of Google's: only what is counted in tokens of a text. */
static bool sku_counts(const char *sku, const char *unit, uint64_t amount, uint64_t n[CU_BILLED_CLASSES])
{
    char low[CELL];
    size_t k = 0;
    for (; sku[k]; k++)
        low[k] = (char)tolower((unsigned char)sku[k]);
    low[k] = 0;
    if ((strcmp(unit, "count") != 0 && strcmp(unit, "tokens") != 0) || strstr(low, "request") || strstr(low, "grounding") || strstr(low, "storage"))
        return false;
    if (strstr(low, "cach")) { /* Google bills the rest as input; an answer counts both as its prompt */
        n[CU_BILLED_CACHE_READ] = n[CU_BILLED_INPUT] = amount;
        return true;
    }
    if (strstr(low, "output"))
        n[CU_BILLED_OUTPUT] = amount;
    else if (strstr(low, "input"))
        n[CU_BILLED_INPUT] = amount;
    else
        return false;
    return true;
}

typedef struct {
    char day[11], end[11], model[CU_BILLED_MODEL + 1];
    const char *sku, *unit;
    uint64_t amount, n[CU_BILLED_CLASSES];
} line;

static cu_err take_cell(table *t, const column *c, size_t at, line *l)
{
    uint64_t v;
    cu_bytes cell = cu_bytes_of(t->cells[at], t->lengths[at]);
    switch (c->role & ~(unsigned)ROLE_OPTIONAL) {
    case ROLE_DAY:
        return usage_day(cell, l->day) ? CU_OK : wrong(t, "its day is none (2026-03-22)");
    case ROLE_DAY_END:
        return usage_day(cell, l->end) ? CU_OK : wrong(t, "its last day is none (2026-03-22)");
    case ROLE_MODEL:
        return cu_billed_model(cell, l->model) == CU_OK ? CU_OK : wrong(t, "its model's name is longer than 64 bytes, or holds blanks or other signs");
    case ROLE_SKU:
        l->sku = t->cells[at];
        return CU_OK;
    case ROLE_UNIT:
        l->unit = t->cells[at];
        return CU_OK;
    default:
        if (!usage_number(cell, &v))
            return c->role == ROLE_AMOUNT ? (l->amount = UINT64_MAX, CU_OK) : wrong(t, "a count of tokens is no whole number");
        if (c->role == ROLE_AMOUNT)
            l->amount = v;
        else
            l->n[c->class] += v;
        return CU_OK;
    }
}

static cu_err take_line(table *t, const form *m, const size_t at[9], cu_billed *out)
{
    line l = {.day = ""};
    for (size_t i = 0; i < 9; i++) {
        if (at[i] == COLUMNS)
            continue;
        if (at[i] >= t->n)
            return wrong(t, "it has fewer cells than there are heads");
        CU_TRY(take_cell(t, &m->columns[i], at[i], &l));
    }
    out->lines++;
    if (l.sku && (!sku_model(l.sku, l.model) || !sku_counts(l.sku, l.unit, l.amount, l.n))) {
        out->passed++;
        return CU_OK;
    }
    if (l.sku && l.amount == UINT64_MAX)
        return wrong(t, "a count of tokens is no whole number");
    if (l.end[0] && strcmp(l.day, l.end) != 0)
        return wrong(t, "it covers more than one day: make the report by day (Reports, group by SKU, time range by day)");
    cu_err e = cu_billed_add(out, l.day, l.model, l.n);
    return e == CU_TOO_BIG ? cu_fail(t->f, e, "the export has more than %u days and models, or more tokens than can be", CU_BILLED_ROWS) : e;
}

/* Google's rows of totals at the end name no day. */
static bool is_total(const table *t, const form *m, const size_t at[9])
{
    return strcmp(m->form, "google-csv") == 0 && at[0] < t->n && t->lengths[at[0]] == 0;
}

static cu_err read_rows(table *t, const form *m, const size_t at[9], cu_billed *out)
{
    cu_err e;
    out->form = m->form;
    out->classes = m->classes;
    while ((e = read_line(t)) == CU_OK)
        if (!is_blank(t) && !is_total(t, m, at))
            CU_TRY(take_line(t, m, at, out));
    if (e != CU_NOT_FOUND)
        return e;
    return out->lines ? CU_OK : cu_fail(t->f, CU_UNSUPPORTED, "the export has no rows, so it says nothing");
}

cu_err usage_csv(cu_bytes file, cu_billed *out, cu_fault *f)
{
    static _Thread_local table t;
    size_t at[9];
    cu_err e = CU_OK;
    t.rest = file;
    t.n = 0;
    t.line = 0;
    t.f = f;
    for (unsigned i = 0; i < PREAMBLE && (e = read_line(&t)) == CU_OK; i++)
        for (size_t m = 0; m < FORMS; m++)
            if (fits(&t, &forms[m], at))
                return read_rows(&t, &forms[m], at, out);
    return e != CU_OK && e != CU_NOT_FOUND
               ? e
               : cu_fail(f, CU_UNSUPPORTED, "this is no export that is known: no line has the heads of Anthropic's, OpenAI's or Google's table (docs/formats/usage.md)");
}
