/* Arithmetic of check digits; which number uses what stands in national*.c. */
#include "checksum.h"
#include "engine.h"

static bool separates(uint8_t c)
{
    return c == ' ' || c == '.' || c == '-' || c == '/' || c == '+' || c == '(' || c == ')';
}

size_t cu_compact(cu_bytes v, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        if (separates(c))
            continue;
        if (c == 0xc3 && i + 1 < v.n && (v.p[i + 1] == 0x91 || v.p[i + 1] == 0xb1)) {
            c = CU_COMPACT_ENYE;
            i++;
        } else if (c >= 'a' && c <= 'z') {
            c -= 'a' - 'A';
        } else if (!cu_alnum(c) && c != '&') {
            return 0;
        }
        if (n == CU_COMPACT_MAX)
            return 0;
        out[n++] = (char)c;
    }
    out[n] = 0;
    return n;
}

static bool fits(char c, char form)
{
    bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z';
    switch (form) {
    case '9':
        return digit;
    case 'A':
        return letter;
    case 'X':
        return digit || letter;
    case '*':
        return digit || letter || c == '&' || c == CU_COMPACT_ENYE;
    default:
        return false;
    }
}

bool cu_has_form(const char *text, size_t n, const char *forms)
{
    for (const char *f = forms; f; f = strchr(f, '|') ? strchr(f, '|') + 1 : NULL) {
        size_t i = 0;
        while (i < n && fits(text[i], f[i]))
            i++;
        if (i == n && (f[i] == 0 || f[i] == '|'))
            return true;
    }
    return false;
}

int cu_weighted(const char *d, cu_weights w)
{
    int sum = 0;
    for (size_t i = 0; i < w.n; i++)
        sum += cu_value(d[i]) * w.v[i];
    return sum;
}

int cu_weighted_digits(const char *d, cu_weights w)
{
    int sum = 0;
    for (size_t i = 0; i < w.n; i++) {
        int product = cu_value(d[i]) * w.v[i];
        sum += product / 10 + product % 10;
    }
    return sum;
}

bool cu_luhn_text(const char *d, size_t n)
{
    return cu_luhn((const uint8_t *)d, n);
}

bool cu_verhoeff(const char *d, size_t n)
{
    /* Permutation of a digit at place i mod 8, counted from the right. */
    static const char permuted[8][11] = {"0123456789", "1576283094", "5803796142", "8916043527",
                                         "9453126870", "4286573901", "2793806415", "7046913258"};
    int c = 0;
    for (size_t i = 0; i < n; i++) {
        int p = permuted[i % 8][d[n - 1 - i] - '0'] - '0';
        /* Rotations are 0 to 4, reflections 5 to 9. */
        if (c < 5)
            c = p < 5 ? (c + p) % 5 : 5 + (c + p - 5) % 5;
        else
            c = p < 5 ? 5 + cu_mod(c - 5 - p, 5) : cu_mod(c - p, 5);
    }
    return n > 0 && c == 0;
}

bool cu_mod11_10(const char *d, size_t n)
{
    int p = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        int s = (p + cu_value(d[i])) % 10;
        p = (s ? s : 10) * 2 % 11;
    }
    return n > 1 && cu_value(d[n - 1]) == (11 - p) % 10;
}

bool cu_mod11_2(const char *d, size_t n)
{
    int p = 0;
    for (size_t i = 0; i + 1 < n; i++)
        p = (p + cu_value(d[i])) * 2 % 11;
    return n > 1 && (p + (d[n - 1] == 'X' ? 10 : cu_value(d[n - 1]))) % 11 == 1;
}

unsigned cu_rest(const char *d, size_t n, unsigned modulus)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++)
        rest = (rest * 10 + (unsigned)cu_value(d[i])) % modulus;
    return rest;
}

unsigned cu_number(const char *d, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)cu_value(d[i]);
    return v;
}

char cu_letter23(unsigned rest)
{
    return "TRWAGMYFPDXBNJZSQVHLCKE"[rest % 23];
}

char cu_icao_digit(const char *d, size_t n)
{
    static const int weights[] = {7, 3, 1};
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += cu_value(d[i]) * weights[i % 3];
    return (char)('0' + sum % 10);
}

bool cu_ean13(const char *d)
{
    return cu_weighted(d, CU_W(1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)) % 10 == 0;
}

bool cu_day(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year < 100 || year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool cu_yymmdd(const char *d)
{
    return cu_day(cu_number(d, 2), cu_number(d + 2, 2), cu_number(d + 4, 2));
}

bool cu_ddmmyy(const char *d)
{
    return cu_day(cu_number(d + 4, 2), cu_number(d + 2, 2), cu_number(d, 2));
}

bool cu_yyyymmdd(const char *d)
{
    unsigned year = cu_number(d, 4);
    return year >= 1850 && year <= 2099 && cu_day(year, cu_number(d + 4, 2), cu_number(d + 6, 2));
}
