/* Values without a literal anchor: the sweep stops at '@', ':', '-', '+' and at the first digit of a
 * run, and here is looked closer. */
#include "engine.h"

static bool ends_token(cu_bytes t, size_t i)
{
    return i >= t.n || !(cu_alnum(t.p[i]) || t.p[i] == '_');
}

/* Digits with single separators from `from`; *end past the last digit. Returns how many digits. */
static size_t digits(cu_bytes t, size_t from, const char *separators, uint8_t *out, size_t max,
                     size_t *end)
{
    size_t n = 0, i = from;
    *end = from;
    while (i < t.n && n < max) {
        if (cu_digit(t.p[i])) {
            out[n++] = t.p[i++];
            *end = i;
        } else if (n && t.p[i] && strchr(separators, t.p[i]) && i + 1 < t.n && i == *end) {
            i++;
        } else {
            break;
        }
    }
    return n;
}

/* Issuer ranges: ISO/IEC 7812 as published by the networks. */
static bool card_prefix(const uint8_t *d, size_t n)
{
    unsigned two = (unsigned)((d[0] - '0') * 10 + d[1] - '0');
    unsigned four = two * 100 + (unsigned)((d[2] - '0') * 10 + d[3] - '0');
    if (d[0] == '4')
        return n == 13 || n == 16 || n == 19;
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
        return n == 16;
    if (two == 34 || two == 37)
        return n == 15;
    if (two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059))
        return n == 14 || n == 16 || n == 19;
    return (two == 65 || four == 6011 || two == 62 || (four >= 3528 && four <= 3589) ||
            (four >= 6440 && four <= 6499)) && (n == 16 || n == 19);
}

/* Printed in groups of four, or as American Express (4-6-5) and Diners (4-6-4) do; or in one piece. */
static bool card_groups(cu_bytes t, size_t from, size_t end)
{
    static const char *const known[] = {"4444", "44443", "465", "464", "4333"};
    char groups[8] = "";
    size_t n = 0, run = 0;
    uint8_t separator = 0;
    for (size_t i = from; i <= end; i++) {
        if (i < end && cu_digit(t.p[i])) {
            run++;
            continue;
        }
        if (run > 9 || n + 1 == sizeof groups || (i < end && separator && t.p[i] != separator))
            return n == 0 && i == end;
        separator = i < end ? t.p[i] : separator;
        groups[n++] = (char)('0' + run);
        run = 0;
    }
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(groups, known[k]) == 0)
            return true;
    return false;
}

/* 1.3000000000002, 12.50: digits of a fraction. */
static bool of_a_fraction(cu_bytes t, size_t from, size_t end)
{
    return (from > 1 && t.p[from - 1] == '.' && cu_digit(t.p[from - 2])) ||
           (end + 1 < t.n && t.p[end] == '.' && cu_digit(t.p[end + 1]));
}

static cu_err card(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    uint8_t d[20];
    size_t end, n = digits(t, i, " -", d, sizeof d, &end);
    if (n < 13 || n > 19 || !ends_token(t, end) || !card_prefix(d, n) || !cu_luhn(d, n) ||
        !card_groups(t, i, end) || of_a_fraction(t, i, end))
        return CU_OK;
    *past = end;
    return cu_found(e, out, e->finder[CU_FIND_CARD], i, end);
}

/* SSA: never 000, 666 or 9xx; group and serial never zero. */
static cu_err ssn(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    static const char shape[] = "ddd-dd-dddd";
    if (t.n - i < 11 || !ends_token(t, i + 11) || (t.n - i > 11 && t.p[i + 11] == '-'))
        return CU_OK;
    for (size_t k = 0; k < 11; k++)
        if (shape[k] == 'd' ? !cu_digit(t.p[i + k]) : t.p[i + k] != '-')
            return CU_OK;
    const uint8_t *p = t.p + i;
    if (p[0] == '9' || memcmp(p, "000", 3) == 0 || memcmp(p, "666", 3) == 0 ||
        memcmp(p + 4, "00", 2) == 0 || memcmp(p + 7, "0000", 4) == 0)
        return CU_OK;
    *past = i + 11;
    return cu_found(e, out, e->finder[CU_FIND_SSN], i, i + 11);
}

/* ITU-T E.164: + or 00, country code without a leading zero, 8 to 15 digits in all. */
static cu_err phone(const cu_engine *e, cu_bytes t, size_t i, size_t prefix, size_t *past,
                    cu_findings *out)
{
    uint8_t d[16];
    size_t at = i + prefix, n = 0, last = at;
    unsigned groups = 0;
    while (at < t.n && n < sizeof d) {
        uint8_t c = t.p[at];
        if (cu_digit(c)) {
            if (prefix == 2 && n && at > last && c == '0' && at + 1 < t.n && t.p[at + 1] == '0')
                return CU_OK; /* 0063 0073 0067: a table of codes */
            groups += n == 0 || at > last;
            d[n++] = c;
            last = ++at;
        } else if (n && strchr(" -.()/", c) && c && at - last < 3) {
            at++;
        } else {
            break;
        }
    }
    if (n < 8 || n > 15 || d[0] == '0' || !ends_token(t, last) || (prefix == 2 && groups < 2))
        return CU_OK;
    *past = last;
    return cu_found(e, out, e->finder[CU_FIND_PHONE], i, last);
}

/* i stands on the first check digit, behind two capitals. */
static cu_err iban(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    char compact[34];
    size_t n = 0, at = i - 2, ends[35] = {0};
    if (!cu_starts_token(t, at) && !(at >= 1 && t.p[at - 1] == '_'))
        return CU_OK;
    while (at < t.n && n < sizeof compact) {
        uint8_t c = t.p[at];
        if (cu_digit(c) || (c >= 'A' && c <= 'Z')) {
            compact[n++] = (char)c;
            ends[n] = ++at;
        } else if ((c == ' ' || c == '-') && n && at == ends[n]) {
            at++;
        } else {
            break;
        }
    }
    for (size_t k = n; k >= 15; k--) {
        if (!cu_iban_valid(compact, k) || !ends_token(t, ends[k]))
            continue;
        *past = ends[k];
        return cu_found(e, out, e->finder[CU_FIND_IBAN], i - 2, ends[k]);
    }
    return CU_OK;
}

static bool capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* Cheap: most numbers of a program are short and stand alone. */
static bool may_be_phone(cu_bytes t, size_t i, size_t run)
{
    if (run - i > 6)
        return run - i < 16;
    if (run - i < 2 || t.n - run < 3 || !(t.p[run] == ' ' || t.p[run] == '-' || t.p[run] == '.' ||
                                          t.p[run] == '/' || t.p[run] == ')'))
        return false;
    return cu_digit(t.p[run + 1]) || t.p[run + 1] == ' ' || t.p[run + 1] == '(';
}

/* Cheap looks at what stands behind the run: few numbers go on as a longer one would. */
static bool goes_on(cu_bytes t, size_t run, uint8_t by)
{
    return run + 1 < t.n && t.p[run] == by && cu_digit(t.p[run + 1]);
}

static bool may_be_card(cu_bytes t, size_t i, size_t run)
{
    return t.p[i] >= '2' && t.p[i] <= '6' && (run - i >= 13 || (run - i <= 6 && (goes_on(t, run, ' ') || goes_on(t, run, '-'))));
}

/* i is the first digit of a run. The first reading that holds wins; *past is where to go on. */
static cu_err number(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    size_t run = i;
    while (run < t.n && cu_digit(t.p[run]))
        run++;
    *past = run;
    if (i >= 2 && capital(t.p[i - 1]) && capital(t.p[i - 2]) && run - i >= 2)
        CU_TRY(iban(e, t, i, past, out));
    if (*past == run && i && capital(t.p[i - 1]))
        return cu_find_official(e, t, i, run, past, out);
    if (*past != run || !cu_starts_token(t, i))
        return CU_OK;
    if (run - i <= 3 && goes_on(t, run, '.'))
        CU_TRY(cu_find_ipv4(e, t, i, past, out));
    if (*past == run && run - i == 3 && goes_on(t, run, '-'))
        CU_TRY(ssn(e, t, i, past, out));
    if (*past == run && may_be_card(t, i, run))
        CU_TRY(card(e, t, i, past, out));
    if (*past == run && t.n - i > 2 && t.p[i] == '0' && t.p[i + 1] == '0' && !(i && t.p[i - 1] == '.'))
        CU_TRY(phone(e, t, i, 2, past, out));
    if (*past == run)
        CU_TRY(cu_find_address(e, t, i, run, past, out));
    if (*past == run && may_be_phone(t, i, run))
        CU_TRY(cu_find_national(e, t, i, past, out));
    if (*past == run)
        CU_TRY(cu_find_official(e, t, i, run, past, out));
    return CU_OK;
}

cu_err cu_tokenize_at(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    *past = i + 1;
    switch (t.p[i]) {
    case '@':
        return cu_find_email(e, t, i, out);
    case ':':
        if (t.n - i > 14 && t.p[i + 3] == ':' && i > 1)
            CU_TRY(cu_find_mac(e, t, i, past, out));
        return *past == i + 1 ? cu_find_ipv6(e, t, past, out) : CU_OK;
    case '-':
        return t.n - i > 14 && t.p[i + 3] == '-' && i > 1 ? cu_find_mac(e, t, i, past, out) : CU_OK;
    case '+':
        if (i + 1 < t.n && cu_digit(t.p[i + 1]) && cu_starts_token(t, i) && !(i && t.p[i - 1] == '+')) /* "C++14" */
            return phone(e, t, i, 1, past, out);
        return CU_OK;
    default:
        return number(e, t, i, past, out);
    }
}
