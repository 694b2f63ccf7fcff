/* What the formats of a report share: masking, clean text, places, advice. */
#include "report_form.h"

#define BULLETS "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2" /* 6, whatever the length */
#define DOTS "\xe2\x80\xa6"
#define UNKNOWN "\xef\xbf\xbd"

const cu_rule *cu_report_rule(const cu_report_options *o, const cu_scan_finding *f)
{
    static const cu_rule none = {.id = "unknown", .title = "unknown rule", .type = CU_TYPE_SECRET,
                                 .severity = CU_SEVERITY_MEDIUM, .source = ""};
    return o->rules && f->rule < o->rules->n ? &o->rules->v[f->rule] : &none;
}

bool cu_report_suppressed(const cu_scan_finding *f)
{
    return f->accepted == CU_ACCEPT_BASELINE || f->accepted == CU_ACCEPT_FILE ||
           f->accepted == CU_ACCEPT_INLINE;
}

bool cu_report_hidden(const cu_report_options *o, const cu_scan_finding *f)
{
    return cu_report_suppressed(f) && !o->accepted;
}

bool cu_report_shows(const cu_rule *r)
{
    for (size_t i = 0; i < r->cwe_n; i++)
        if (r->cwe[i] == 798 || r->cwe[i] == 259)
            return false;
    return r->type == CU_TYPE_CODE;
}

const char *cu_report_advice(const cu_rule *r)
{
    if (r->advice)
        return r->advice;
    if (r->type == CU_TYPE_PRIVATE_KEY)
        return "Replace the key pair and revoke what trusts the old one; then take the key out of the "
               "file and its history.";
    if (cu_type_class(r->type) == CU_CLASS_SECRET)
        return "Revoke it at its issuer and issue a new one; then read it from the environment or a "
               "secret store.";
    if (r->type == CU_TYPE_CREDIT_CARD || r->type == CU_TYPE_CARD_CVV || r->type == CU_TYPE_PIN_CODE)
        return "Delete it; use the payment provider's token or its published test numbers.";
    if (cu_type_class(r->type) == CU_CLASS_PII)
        return "Delete it or replace it by an invented value; if it must stay, accept it with a reason.";
    return "Check whether it should be here; otherwise replace it by an invented value.";
}

size_t cu_report_char(cu_bytes t, size_t i)
{
    for (size_t n = 1; n <= 4 && i + n <= t.n; n++)
        if (cu_utf8_valid(cu_slice(t, i, i + n), NULL))
            return n;
    return 0;
}

uint64_t cu_report_utf16(cu_bytes t)
{
    uint64_t units = 0;
    for (size_t i = 0; i < t.n;) {
        size_t n = cu_report_char(t, i);
        units += n == 4 ? 2 : 1;
        i += n ? n : 1;
    }
    return units;
}

/* U+0080..9F, U+200E/F, U+2028..202E, U+2066..2069, U+FEFF */
static bool unfit(const uint8_t *p, size_t n)
{
    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80)
        return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x81)
        return p[2] >= 0xa6 && p[2] <= 0xa9;
    return n == 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf;
}

static size_t clean_one(cu_bytes t, size_t i, cu_buf *out)
{
    size_t n = cu_report_char(t, i);
    if (n == 1 && t.p[i] == '\t')
        cu_buf_byte(out, ' ');
    else if (n == 0 || unfit(t.p + i, n))
        cu_buf_str(out, UNKNOWN);
    else
        cu_buf_put(out, t.p + i, n);
    return n ? n : 1;
}

void cu_report_clean(cu_bytes t, cu_buf *out)
{
    for (size_t i = 0; i < t.n;)
        i += clean_one(t, i, out);
}

static bool word(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0x80;
}

/* A part without a value in it. When it is not known what else the line holds, its words are
 * hidden. */
static void show(const cu_scan_finding *f, size_t from, size_t to, cu_buf *out)
{
    cu_bytes t = cu_slice(f->line_text, from, to);
    if (f->others) {
        cu_report_clean(t, out);
        return;
    }
    for (size_t i = 0; i < t.n;) {
        size_t begin = i;
        while (i < t.n && word(t.p[i]))
            i++;
        if (i > begin)
            cu_buf_str(out, DOTS);
        else
            i += clean_one(t, i, out);
    }
}

#define MIN_AGAIN 4u /* bytes of a value that is masked wherever it stands in the line */

/* The next place to mask at or after `at`: this value, the same one again, or another one. */
static cu_scan_span next_value(const cu_scan_finding *f, size_t at)
{
    cu_scan_span best = {f->line_text.n, f->line_text.n};
    if (f->in_line_end == f->in_line) /* nothing of it is hidden */
        return best;
    if (f->in_line_end > at && f->in_line < best.start)
        best = (cu_scan_span){f->in_line, f->in_line_end};
    size_t again = f->value.n >= MIN_AGAIN ? cu_find(f->line_text, f->value, at) : (size_t)-1;
    if (again != (size_t)-1 && again < best.start)
        best = (cu_scan_span){again, again + f->value.n};
    for (size_t i = 0; i < f->others_n; i++)
        if (f->others[i].end > at && f->others[i].start < best.start)
            best = f->others[i];
    return best;
}

void cu_report_masked(const cu_scan_finding *f, cu_buf *out)
{
    size_t at = 0, n = f->line_text.n;
    bool cut = f->in_line + 1 < f->column;
    while (cut && at < n && (f->line_text.p[at] & 0xc0) == 0x80)
        at++; /* the window begins inside a character */
    if (cut)
        cu_buf_str(out, DOTS);
    while (at < n) {
        cu_scan_span s = next_value(f, at);
        size_t from = s.start < at ? at : s.start;
        if (from > at)
            show(f, at, from, out);
        if (from >= n)
            break;
        cu_buf_str(out, BULLETS);
        at = s.end;
    }
}

const char *cu_report_path(const cu_report_options *o, const cu_scan_finding *f)
{
    const char *p = f->source && f->source->path ? f->source->path : "";
    size_t n = o->root ? strlen(o->root) : 0;
    while (n > 1 && o->root[n - 1] == '/')
        n--;
    if (n && strncmp(p, o->root, n) == 0 && p[n] == '/' && strcmp(o->root, "/") != 0)
        for (p += n; *p == '/';)
            p++;
    while (p[0] == '.' && p[1] == '/')
        for (p++; *p == '/';)
            p++;
    return p;
}
