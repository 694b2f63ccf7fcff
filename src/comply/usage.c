#include "usage_form.h"
#include <stdlib.h>
#include <string.h>

const char *const cu_billed_class_names[CU_BILLED_CLASSES] = {"input", "output", "cache_read", "cache_write"};

void cu_billed_free(cu_billed *u)
{
    free(u->v);
    *u = (cu_billed){0};
}

static int compare(const cu_billed_row *r, const char *day, const char *model)
{
    int c = strcmp(r->day, day);
    return c ? c : strcmp(r->model, model);
}

static cu_err insert(cu_billed *u, size_t at, const char *day, const char *model)
{
    if (u->n == CU_BILLED_ROWS)
        return CU_TOO_BIG;
    if (u->n == u->cap) {
        size_t cap = u->cap ? 2 * u->cap : 64;
        cu_billed_row *v = realloc(u->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        u->v = v;
        u->cap = cap;
    }
    memmove(&u->v[at + 1], &u->v[at], (u->n - at) * sizeof *u->v);
    u->v[at] = (cu_billed_row){0};
    memcpy(u->v[at].day, day, sizeof u->v->day);
    memcpy(u->v[at].model, model, strlen(model) + 1);
    u->n++;
    return CU_OK;
}

cu_err cu_billed_add(cu_billed *u, const char *day, const char *model, const uint64_t n[CU_BILLED_CLASSES])
{
    size_t from = 0, to = u->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (compare(&u->v[mid], day, model) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    if (from == u->n || compare(&u->v[from], day, model) != 0)
        CU_TRY(insert(u, from, day, model));
    for (size_t c = 0; c < CU_BILLED_CLASSES; c++) {
        if (n[c] > CU_BILLED_TOKENS_MAX - u->v[from].n[c])
            return CU_TOO_BIG;
        u->v[from].n[c] += n[c];
    }
    return CU_OK;
}

static bool digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

/* Length of what says which version is meant, at the end. */
static size_t version_len(const char *s, size_t n)
{
    if (n > 9 && s[n - 9] == '-' && digits(s + n - 8, 8))
        return 9;
    if (n > 11 && s[n - 11] == '-' && digits(s + n - 10, 4) && s[n - 6] == '-' && digits(s + n - 5, 2) && s[n - 3] == '-' && digits(s + n - 2, 2))
        return 11;
    if (n > 7 && strcmp(s + n - 7, "-latest") == 0)
        return 7;
    return n > 2 && strcmp(s + n - 2, "-0") == 0 ? 2 : 0;
}

cu_err cu_billed_model(cu_bytes name, char out[CU_BILLED_MODEL + 1])
{
    if (name.n > CU_BILLED_MODEL)
        return CU_SYNTAX;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\')
            return CU_SYNTAX;
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[name.n] = 0;
    size_t n = name.n;
    for (size_t k; (k = version_len(out, n));)
        out[n -= k] = 0;
    return CU_OK;
}

bool usage_day(cu_bytes text, char day[11])
{
    static const uint8_t last[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *s = (const char *)text.p;
    if (text.n < 10 || !digits(s, 4) || s[4] != '-' || !digits(s + 5, 2) || s[7] != '-' || !digits(s + 8, 2) ||
        (text.n > 10 && s[10] != 'T' && s[10] != ' '))
        return false;
    unsigned month = (unsigned)(s[5] - '0') * 10 + (unsigned)(s[6] - '0'), d = (unsigned)(s[8] - '0') * 10 + (unsigned)(s[9] - '0');
    if (month < 1 || month > 12 || d < 1 || d > last[month - 1])
        return false;
    memcpy(day, s, 10);
    day[10] = 0;
    return true;
}

bool usage_number(cu_bytes text, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    for (; i < text.n && text.p[i] != '.'; i++) {
        bool comma = text.p[i] == ',' && i > 0 && i + 3 < text.n && digits((const char *)text.p + i + 1, 3);
        if (comma)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(text.p[i] - '0');
        if (*out > CU_BILLED_TOKENS_MAX)
            return false;
    }
    if (text.n && i == 0)
        return false;
    for (size_t k = i + 1; k < text.n; k++)
        if (text.p[k] != '0')
            return false; /* no part of a token */
    return i == text.n || i + 1 < text.n;
}

cu_err cu_billed_parse(cu_bytes file, cu_billed *out, cu_fault *f)
{
    size_t i = 0;
    *out = (cu_billed){0};
    if (file.n > CU_BILLED_FILE_MAX)
        return cu_fail(f, CU_TOO_BIG, "the export is larger than %zu MiB; split it by time", CU_BILLED_FILE_MAX >> 20);
    if (file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0)
        file = cu_slice(file, 3, file.n);
    while (i < file.n && strchr(" \t\r\n", file.p[i]) && file.p[i])
        i++;
    bool json = i < file.n && (file.p[i] == '{' || file.p[i] == '[');
    cu_err e = json ? usage_json(file, out, f) : usage_csv(file, out, f);
    if (e != CU_OK)
        cu_billed_free(out);
    return e == CU_NOMEM ? cu_fail(f, e, "%s", cu_err_text(e)) : e;
}
