#include "comply/agreement.h"
#include <string.h>

static int hex_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One value, decoded into out of `size` bytes with its NUL. */
static cu_err decode(cu_bytes v, const char *field, char *out, size_t size, cu_fault *f)
{
    size_t n = 0, bad;
    for (size_t i = 0; i < v.n; i++) {
        int c = v.p[i] == '+' ? ' ' : v.p[i];
        if (c == '%') {
            int high = i + 2 < v.n ? hex_of(v.p[i + 1]) : -1, low = i + 2 < v.n ? hex_of(v.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return cu_fail(f, CU_SYNTAX, "%s: a %% begins two hex digits", field);
            c = high * 16 + low;
            i += 2;
        }
        if (c < 0x20 || c == 0x7f)
            return cu_fail(f, CU_SYNTAX, "%s holds a control character", field);
        if (n + 1 >= size)
            return cu_fail(f, CU_TOO_BIG, "%s is longer than %zu bytes", field, size - 1);
        out[n++] = (char)c;
    }
    out[n] = 0;
    if (n == 0)
        return cu_fail(f, CU_SYNTAX, "%s is empty", field);
    return cu_utf8_valid(cu_bytes_of(out, n), &bad) ? CU_OK : cu_fail(f, CU_UTF8, "%s is no UTF-8", field);
}

static cu_err check(const cu_agreement *a, cu_fault *f)
{
    static const char *const purposes[] = {"evaluation", "renewal", "audit", "other"};
    const char *at = strchr(a->mail, '@');
    bool known = false;
    if (!a->report[0] || a->report[strspn(a->report, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return cu_fail(f, CU_SYNTAX, "report is missing");
    if (!a->name[0])
        return cu_fail(f, CU_SYNTAX, "name is missing");
    if (!at || at == a->mail || !at[1] || strchr(at + 1, '@') || strpbrk(a->mail, " <>"))
        return cu_fail(f, CU_SYNTAX, "mail is an address such as jo@example.org");
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
        known |= strcmp(a->purpose, purposes[i]) == 0;
    if (!known)
        return cu_fail(f, CU_SYNTAX, "purpose is evaluation, renewal, audit or other");
    return a->agreed ? CU_OK : cu_fail(f, CU_SYNTAX, "the terms were not agreed to");
}

cu_err cu_agreement_parse(cu_bytes form, cu_agreement *out, cu_fault *f)
{
    char agree[8] = "";
    *out = (cu_agreement){.agreed = false};
    const struct {
        const char *name;
        char *to;
        size_t size;
    } fields[] = {{"report", out->report, sizeof out->report}, {"name", out->name, sizeof out->name}, {"mail", out->mail, sizeof out->mail},
                  {"purpose", out->purpose, sizeof out->purpose}, {"agree", agree, sizeof agree}};
    if (form.n > CU_AGREEMENT_FORM_MAX)
        return cu_fail(f, CU_TOO_BIG, "the form is longer than %u bytes", CU_AGREEMENT_FORM_MAX);
    for (size_t at = 0; at < form.n;) {
        size_t end = at, equal, k = 0;
        while (end < form.n && form.p[end] != '&')
            end++;
        for (equal = at; equal < end && form.p[equal] != '=';)
            equal++;
        while (k < sizeof fields / sizeof *fields && !cu_eq_str(cu_slice(form, at, equal), fields[k].name))
            k++;
        if (k == sizeof fields / sizeof *fields || equal == end)
            return cu_fail(f, CU_SYNTAX, "the fields are report, name, mail, purpose and agree");
        if (fields[k].to[0])
            return cu_fail(f, CU_SYNTAX, "%s is given twice", fields[k].name);
        CU_TRY(decode(cu_slice(form, equal + 1, end), fields[k].name, fields[k].to, fields[k].size, f));
        at = end + 1;
    }
    out->agreed = strcmp(agree, "yes") == 0;
    return check(out, f);
}
