/* The table of validators of national and official numbers, and those of the Americas and of
 * vehicles and devices. */
#include "national.h"
#include "engine.h"

static bool all_the_same(const char *d, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (d[i] != d[0])
            return false;
    return true;
}

/* 000000000 and 999999999 fulfil many a sum and are nobody's number. */
static bool holds(cu_bytes value, const char *forms, bool (*check)(const char *d))
{
    char d[CU_COMPACT_MAX + 1];
    size_t n = cu_compact(value, d);
    return n > 0 && cu_has_form(d, n, forms) && !all_the_same(d, n) && check(d);
}

#define X(id, name, forms)                                                                         \
    static bool valid_##id(cu_bytes value)                                                         \
    {                                                                                              \
        return holds(value, forms, cu_is_##id);                                                    \
    }
CU_NATIONAL(X)
#undef X

cu_validator cu_national_by_name(const char *name)
{
    static const struct {
        const char *name;
        cu_validator valid;
    } table[] = {
#define X(id, text, forms) {text, valid_##id},
        CU_NATIONAL(X)
#undef X
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].valid;
    return NULL;
}

bool cu_is_us_ssn(const char *d)
{
    unsigned area = cu_number(d, 3);
    return area != 0 && area != 666 && area < 900 && cu_number(d + 3, 2) && cu_number(d + 5, 4);
}

bool cu_is_us_itin(const char *d)
{
    unsigned group = cu_number(d + 3, 2);
    return d[0] == '9' && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                           (group >= 90 && group <= 92) || group >= 94);
}

/* Prefixes of the campuses and of the internet that the IRS lists. */
bool cu_is_us_ein(const char *d)
{
    static const char never[] = "00 07 08 09 17 18 19 28 29 49 69 70 78 79 89 96 97";
    for (const char *p = never; *p; p += p[2] ? 3 : 2)
        if (memcmp(p, d, 2) == 0)
            return false;
    return true;
}

/* Luhn over 80840 and the number. 80840 alone adds 24. */
bool cu_is_us_npi(const char *d)
{
    char full[] = "80840dddddddddd";
    memcpy(full + 5, d, 10);
    return (d[0] == '1' || d[0] == '2') && cu_luhn_text(full, 15);
}

bool cu_is_us_mbi(const char *d)
{
    for (size_t i = 0; i < 11; i++)
        if (strchr("SLOIBZ", d[i]))
            return false;
    return d[0] != '0';
}

bool cu_is_us_dea(const char *d)
{
    return strchr("ABCDEFGHJKLMPRSTUX", d[0]) && (d[1] == '9' || cu_value(d[1]) > 9) &&
           cu_weighted(d + 2, CU_W(1, 2, 1, 2, 1, 2)) % 10 == cu_value(d[8]);
}

bool cu_is_us_aba(const char *d)
{
    unsigned first = cu_number(d, 2);
    return (first <= 12 || (first >= 21 && first <= 32) || (first >= 61 && first <= 72) ||
            first == 80) && cu_weighted(d, CU_W(3, 7, 1, 3, 7, 1, 3, 7, 1)) % 10 == 0;
}

bool cu_is_ca_sin(const char *d)
{
    return d[0] != '0' && d[0] != '8' && cu_luhn_text(d, 9);
}

/* Eleven minus the rest of eleven; ten and eleven become 0. */
static int under_ten(int sum)
{
    int rest = sum % 11;
    return rest < 2 ? 0 : 11 - rest;
}

bool cu_is_br_cpf(const char *d)
{
    return under_ten(cu_weighted(d, CU_W(10, 9, 8, 7, 6, 5, 4, 3, 2))) == cu_value(d[9]) &&
           under_ten(cu_weighted(d, CU_W(11, 10, 9, 8, 7, 6, 5, 4, 3, 2))) == cu_value(d[10]);
}

/* Since July 2026 with letters too: a character counts as its ASCII code minus 48. */
bool cu_is_br_cnpj(const char *d)
{
    static const int8_t weights[] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
    int first = 0, second = 0;
    for (size_t i = 0; i < 13; i++) {
        first += i < 12 ? (d[i] - '0') * weights[i + 1] : 0;
        second += (d[i] - '0') * weights[i];
    }
    return under_ten(first) == cu_value(d[12]) && under_ten(second) == cu_value(d[13]) &&
           memcmp(d, "00000000", 8) != 0;
}

bool cu_is_br_pis(const char *d)
{
    return under_ten(cu_weighted(d, CU_W(3, 2, 9, 8, 7, 6, 5, 4, 3, 2))) == cu_value(d[10]);
}

/* Ordinal in 0-9, A-N, enye, O-Z. The form admits no enye in a CURP (X is written instead). */
static int curp_value(char c)
{
    return cu_value(c) + (c > 'N' && c <= 'Z');
}

bool cu_is_mx_curp(const char *d)
{
    static const char states[] = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT "
                                 "QR SP SL SR TC TS TL VZ YN ZS NE";
    int sum = 0;
    bool state = false;
    for (size_t i = 0; i + 1 < sizeof states; i += 3)
        state = state || memcmp(states + i, d + 11, 2) == 0;
    for (int i = 0; i < 17; i++)
        sum += curp_value(d[i]) * (18 - i);
    return state && strchr("HMX", d[10]) && cu_yymmdd(d + 4) &&
           (10 - sum % 10) % 10 == cu_value(d[17]);
}

/* Ordinal in 0-9, A-N, &, O-Z, space, enye. A company has a space for its missing letter. */
static int rfc_value(char c)
{
    if (c == '&')
        return 24;
    if (c == CU_COMPACT_ENYE)
        return 38;
    return c == ' ' ? 37 : cu_value(c) + (c > 'N' && c <= 'Z');
}

bool cu_is_mx_rfc(const char *d)
{
    char full[14] = " ";
    size_t n = strlen(d), letters = n - 9;
    int sum = 0;
    memcpy(full + (n == 12), d, n);
    for (size_t i = 0; i < letters; i++)
        if (d[i] >= '0' && d[i] <= '9')
            return false;
    for (int i = 0; i < 12; i++)
        sum += rfc_value(full[i]) * (13 - i);
    int check = (11 - sum % 11) % 11;
    return cu_yymmdd(d + letters) && full[12] == (check == 10 ? 'A' : (char)('0' + check));
}

/* A sum that would need the digit ten is given another prefix, so ten never stands. */
bool cu_is_ar_cuit(const char *d)
{
    static const char prefixes[] = "20 23 24 25 26 27 30 33 34";
    for (size_t i = 0; i + 1 < sizeof prefixes; i += 3)
        if (memcmp(prefixes + i, d, 2) == 0)
            return cu_weighted(d, CU_W(5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0;
    return false;
}

bool cu_is_cl_rut(const char *d)
{
    size_t n = strlen(d) - 1;
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += cu_value(d[n - 1 - i]) * (int)(2 + i % 6);
    int check = 11 - sum % 11;
    return d[0] != '0' && d[n] == (check == 11 ? '0' : check == 10 ? 'K' : (char)('0' + check));
}

bool cu_is_co_nit(const char *d)
{
    static const int8_t weights[] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43};
    size_t n = strlen(d) - 1;
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += cu_value(d[n - 1 - i]) * weights[i];
    int rest = sum % 11;
    return d[0] != '0' && cu_value(d[n]) == (rest < 2 ? rest : 11 - rest);
}

bool cu_is_pe_ruc(const char *d)
{
    unsigned kind = cu_number(d, 2);
    int check = 11 - cu_weighted(d, CU_W(5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11;
    return (kind == 10 || kind == 15 || kind == 16 || kind == 17 || kind == 20) &&
           check % 10 == cu_value(d[10]);
}

bool cu_is_ve_rif(const char *d)
{
    static const char kinds[] = "VEJPG"; /* count as 1 to 5, times four */
    const char *kind = strchr(kinds, d[0]);
    if (!kind)
        return false;
    int sum = (int)(kind - kinds + 1) * 4 + cu_weighted(d + 1, CU_W(3, 2, 7, 6, 5, 4, 3, 2));
    return under_ten(sum) == cu_value(d[9]);
}

/* Two digits of the province, a third below 6 for persons, Luhn. */
bool cu_is_ec_cedula(const char *d)
{
    unsigned province = cu_number(d, 2);
    return ((province >= 1 && province <= 24) || province == 30) && d[2] < '6' &&
           cu_luhn_text(d, 10);
}

bool cu_is_uy_cedula(const char *d)
{
    return d[0] != '0' && cu_mod(-cu_weighted(d, CU_W(2, 9, 8, 7, 6, 3, 4)), 10) == cu_value(d[7]);
}

/* ISO 3779: no I, O, Q; digits at the end; not without both letters and digits. */
bool cu_is_vin_form(const char *d)
{
    unsigned letters = 0;
    for (size_t i = 0; i < 17; i++) {
        if (strchr("IOQ", d[i]))
            return false;
        letters += cu_value(d[i]) > 9;
    }
    return letters >= 2 && letters <= 13 && cu_value(d[14]) < 10 && cu_value(d[15]) < 10 &&
           cu_value(d[16]) < 10;
}

/* 49 CFR 565.15(c): the ninth place is a check digit. */
bool cu_is_vin(const char *d)
{
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    static const char letters[] = "12345678012345070923456789"; /* A to Z */
    int sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (cu_value(d[i]) > 9 ? letters[d[i] - 'A'] - '0' : cu_value(d[i])) * weights[i];
    return cu_is_vin_form(d) && d[8] == (sum % 11 == 10 ? 'X' : (char)('0' + sum % 11));
}

/* 3GPP TS 23.003 annex B; the first two digits name the body that gave out the type code. */
bool cu_is_imei(const char *d)
{
    static const char bodies[] = "01 10 30 33 35 44 45 49 50 51 52 53 54 86 91 98 99";
    for (size_t i = 0; i + 1 < sizeof bodies; i += 3)
        if (memcmp(bodies + i, d, 2) == 0)
            return cu_luhn_text(d, 15);
    return false;
}

/* ITU-T E.212: mobile country codes of regions 2 to 7. */
bool cu_is_imsi(const char *d)
{
    return d[0] >= '2' && d[0] <= '7';
}

bool cu_is_iccid(const char *d)
{
    return d[0] == '8' && d[1] == '9' && cu_luhn_text(d, strlen(d));
}
