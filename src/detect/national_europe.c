/* Numbers of European states. d is compact text of one of the forms in national.h. */
#include "national.h"

bool cu_is_uk_nhs(const char *d)
{
    return d[0] != '0' && cu_weighted(d, CU_W(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0;
}

/* No check digit: prefixes that are never given out, suffix A to D. */
bool cu_is_uk_nino(const char *d)
{
    static const char never[] = "BG GB KN NK NT TN ZZ";
    for (size_t i = 0; i + 1 < sizeof never; i += 3)
        if (memcmp(never + i, d, 2) == 0)
            return false;
    return !strchr("DFIQUV", d[0]) && !strchr("DFIOQUV", d[1]) && (!d[8] || strchr("ABCD", d[8]));
}

bool cu_is_uk_utr(const char *d)
{
    int rest = cu_weighted(d + 1, CU_W(6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11;
    return d[0] == "21987654321"[rest];
}

/* Five of the surname filled with 9, decade, month (+50 for women), day, year, initials. */
bool cu_is_uk_driver(const char *d)
{
    unsigned month = cu_number(d + 6, 2), day = cu_number(d + 8, 2);
    bool filled = false;
    for (size_t i = 0; i < 5; i++) {
        if (cu_value(d[i]) < 10 && d[i] != '9')
            return false;
        if (filled && d[i] != '9')
            return false;
        filled = d[i] == '9';
    }
    return d[0] != '9' && cu_day(0, month > 50 ? month - 50 : month, day) &&
           (cu_value(d[11]) > 9 || d[11] == '9') && (cu_value(d[12]) > 9 || d[12] == '9');
}

/* Modulus 23; a second letter (A to I, older W) counts nine times. */
bool cu_is_ie_ppsn(const char *d)
{
    int sum = cu_weighted(d, CU_W(8, 7, 6, 5, 4, 3, 2));
    if (d[8] && d[8] != 'W') {
        if (d[8] > 'I')
            return false;
        sum += 9 * (d[8] - 'A' + 1);
    }
    return d[7] == "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23];
}

/* Of the first ten digits exactly one stands twice or three times. */
bool cu_is_de_tax_id(const char *d)
{
    unsigned count[10] = {0}, repeated = 0;
    for (size_t i = 0; i < 10; i++)
        count[d[i] - '0']++;
    for (size_t i = 0; i < 10; i++) {
        if (count[i] > 3)
            return false;
        repeated += count[i] > 1;
    }
    return d[0] != '0' && repeated == 1 && cu_mod11_10(d, 11);
}

/* The letter becomes two digits, A 01 to Z 26. */
static void spell_letter(char letter, char *out)
{
    int n = letter - 'A' + 1;
    out[0] = (char)('0' + n / 10);
    out[1] = (char)('0' + n % 10);
}

bool cu_is_de_svnr(const char *d)
{
    char t[14] = {0};
    unsigned area = cu_number(d, 2), day = cu_number(d + 2, 2), month = cu_number(d + 4, 2);
    memcpy(t, d, 8);
    spell_letter(d[8], t + 8);
    memcpy(t + 10, d + 9, 3);
    /* The serial number may be carried into the day when a day's numbers run out. */
    return area >= 2 && area <= 89 && cu_day(0, month, day > 50 ? day - 50 : day) &&
           cu_weighted_digits(t, CU_W(2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)) % 10 == cu_value(t[12]);
}

/* Vowels and what could be misread are not used in a German document's number. */
bool cu_is_de_id_card(const char *d)
{
    for (size_t i = 0; i < 9; i++)
        if (cu_value(d[i]) > 9 && !strchr("CFGHJKLMNPRTVWXYZ", d[i]))
            return false;
    return (!d[10] || d[10] == 'D') && cu_icao_digit(d, 9) == d[9];
}

bool cu_is_de_kvnr(const char *d)
{
    char t[12] = {0};
    spell_letter(d[0], t);
    memcpy(t + 2, d + 1, 9);
    return cu_weighted_digits(t, CU_W(1, 2, 1, 2, 1, 2, 1, 2, 1, 2)) % 10 == cu_value(t[10]);
}

/* The fourth digit is the check digit. Months 13 to 15 are given out when a day is exhausted. */
bool cu_is_at_svnr(const char *d)
{
    unsigned month = cu_number(d + 6, 2);
    return d[0] != '0' && cu_day(cu_number(d + 8, 2), month > 12 && month < 16 ? 1 : month,
                                 cu_number(d + 4, 2)) &&
           cu_weighted(d, CU_W(3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == cu_value(d[3]);
}

bool cu_is_ch_ahv(const char *d)
{
    return memcmp(d, "756", 3) == 0 && cu_ean13(d);
}

/* 97 minus the rest of the first thirteen; 2A counts as 19 and 2B as 18. Months above 12 mark births
 * whose date is not known. */
bool cu_is_fr_nir(const char *d)
{
    char t[16];
    unsigned month = cu_number(d + 3, 2);
    memcpy(t, d, sizeof t);
    if (d[6] == 'A' || d[6] == 'B') {
        t[5] = '1';
        t[6] = d[6] == 'A' ? '9' : '8';
    }
    return strchr("123478", d[0]) && cu_value(t[6]) < 10 && (d[6] < 'A' || d[5] == '2') &&
           ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50) &&
           cu_number(t + 5, 2) > 0 && 97 - cu_rest(t, 13, 97) == cu_number(t + 13, 2);
}

bool cu_is_fr_spi(const char *d)
{
    return d[0] <= '3' && cu_rest(d, 10, 511) == cu_number(d + 10, 3);
}

/* K, L and M go before seven digits for those without a number of their own. */
bool cu_is_es_nif(const char *d)
{
    if (cu_value(d[0]) < 10)
        return cu_letter23(cu_number(d, 8)) == d[8];
    return strchr("KLM", d[0]) && cu_letter23(cu_number(d + 1, 7)) == d[8];
}

bool cu_is_es_nie(const char *d)
{
    if (d[0] < 'X' || d[0] > 'Z')
        return false;
    return cu_letter23(cu_number(d + 1, 7) + (unsigned)(d[0] - 'X') * 10000000u) == d[8];
}

/* Province and serial as one number, modulus 97; a serial below ten million has no leading zero. */
bool cu_is_es_ssn(const char *d)
{
    unsigned province = cu_number(d, 2), serial = cu_number(d + 2, 8);
    unsigned long long number = province * (serial < 10000000u ? 10000000ull : 100000000ull) + serial;
    return province >= 1 && (province <= 53 || province == 66) && serial > 0 &&
           number % 97 == cu_number(d + 10, 2);
}

/* Letters that stand for digits where two persons would share a code. */
static int omocode(char c)
{
    static const char letters[] = "LMNPQRSTUV";
    if (c >= '0' && c <= '9')
        return c - '0';
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* Decree of 23 December 1976, table of the odd places. */
bool cu_is_it_fiscal_code(const char *d)
{
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
                                  14, 16, 10, 22, 25, 24, 23};
    static const uint8_t digits[] = {6, 7, 9, 10, 12, 13, 14};
    static const char months[] = "ABCDEHLMPRST";
    int sum = 0;
    const char *month = strchr(months, d[8]);
    for (size_t i = 0; i < sizeof digits; i++)
        if (omocode(d[digits[i]]) < 0)
            return false;
    for (size_t i = 0; i < 15; i++) {
        int v = cu_value(d[i]) % 36;
        v = v > 9 ? v - 10 : v;
        sum += i % 2 ? v : odd[v];
    }
    int year = omocode(d[6]) * 10 + omocode(d[7]), day = omocode(d[9]) * 10 + omocode(d[10]);
    return month && cu_day((unsigned)year, (unsigned)(month - months) + 1,
                           (unsigned)(day > 40 ? day - 40 : day)) && d[15] == 'A' + sum % 26;
}

/* Luhn; digits eight to ten are the office. */
bool cu_is_it_vat(const char *d)
{
    unsigned office = cu_number(d + 7, 3);
    return cu_number(d, 7) > 0 && ((office >= 1 && office <= 100) || office == 120 ||
                                   office == 121 || office == 888 || office == 999) &&
           cu_luhn_text(d, 11);
}

bool cu_is_pt_nif(const char *d)
{
    int rest = cu_weighted(d, CU_W(9, 8, 7, 6, 5, 4, 3, 2)) % 11;
    return strchr("1235679", d[0]) && cu_value(d[8]) == (rest < 2 ? 0 : 11 - rest);
}

bool cu_is_nl_bsn(const char *d)
{
    return cu_number(d, 9) >= 1000000 &&
           cu_mod(cu_weighted(d, CU_W(9, 8, 7, 6, 5, 4, 3, 2, -1)), 11) == 0;
}

/* 97 minus the rest, with a 2 before the number for births since 2000. Months carry +20 or +40 for
 * those not in the register; month and day are 00 when they are not known. */
bool cu_is_be_nn(const char *d)
{
    char t[11] = "2";
    unsigned month = cu_number(d + 2, 2) % 20, day = cu_number(d + 4, 2), check = cu_number(d + 9, 2);
    memcpy(t + 1, d, 9);
    return cu_number(d + 2, 2) < 53 && cu_number(d + 6, 3) > 0 &&
           (month == 0 || day == 0 ? month <= 12 && day <= 31 : cu_day(cu_number(d, 2), month, day)) &&
           (97 - cu_rest(d, 9, 97) == check || 97 - cu_rest(t, 10, 97) == check);
}

/* Both over the first eleven digits: the twelfth by Luhn, the thirteenth by Verhoeff. */
bool cu_is_lu_id(const char *d)
{
    char t[13] = {0};
    memcpy(t, d, 11);
    t[11] = d[12];
    return cu_yyyymmdd(d) && cu_luhn_text(d, 12) && cu_verhoeff(t, 12);
}

/* The modulus is no longer kept since 2007: the date is all there is. */
bool cu_is_dk_cpr(const char *d)
{
    return cu_ddmmyy(d) && cu_number(d + 6, 4) > 0;
}

/* Luhn over ten digits; a coordination number has the day plus 60. */
bool cu_is_se_pnr(const char *d)
{
    unsigned century = 0;
    if (strlen(d) == 12) {
        century = cu_number(d, 2);
        if (century < 18 || century > 20)
            return false;
        d += 2;
    }
    unsigned day = cu_number(d + 4, 2);
    return cu_day(century * 100 + cu_number(d, 2), cu_number(d + 2, 2), day > 60 ? day - 60 : day) &&
           cu_number(d + 6, 3) > 0 && cu_luhn_text(d, 10);
}

/* Day plus 40: D number; month plus 40: given out by a hospital. */
bool cu_is_no_fnr(const char *d)
{
    unsigned day = cu_number(d, 2), month = cu_number(d + 2, 2);
    return cu_day(cu_number(d + 4, 2), month > 40 ? month - 40 : month, day > 40 ? day - 40 : day) &&
           cu_weighted(d, CU_W(3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0 &&
           cu_weighted(d, CU_W(5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0;
}

/* The sign between date and number names the century; - and + went with the separators. */
bool cu_is_fi_hetu(const char *d)
{
    size_t at = 6 + (cu_value(d[6]) > 9);
    char number[10] = {0};
    if (at == 7 && !strchr("ABCDEFUVWXY", d[6]))
        return false;
    memcpy(number, d, 6);
    memcpy(number + 6, d + at, 3);
    return cu_ddmmyy(d) && cu_number(d + at, 3) >= 2 &&
           d[at + 3] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[cu_rest(number, 9, 31)];
}

/* The ninth digit checks, the tenth is the century. Companies have the day plus 40. */
bool cu_is_is_kennitala(const char *d)
{
    unsigned day = cu_number(d, 2);
    return strchr("089", d[9]) && cu_day(cu_number(d + 4, 2), cu_number(d + 2, 2),
                                         day > 40 ? day - 40 : day) &&
           cu_weighted(d, CU_W(3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0;
}

/* The month carries the century: +80 1800, +20 2000, +40 2100, +60 2200. */
bool cu_is_pl_pesel(const char *d)
{
    static const unsigned centuries[] = {1900, 2000, 2100, 2200, 1800};
    unsigned month = cu_number(d + 2, 2);
    return cu_day(centuries[month / 20] + cu_number(d, 2), month % 20, cu_number(d + 4, 2)) &&
           cu_weighted(d, CU_W(1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0;
}

bool cu_is_pl_nip(const char *d)
{
    return d[0] != '0' && cu_weighted(d, CU_W(6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == cu_value(d[9]);
}

bool cu_is_pl_regon(const char *d)
{
    int first = cu_weighted(d, CU_W(8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10;
    return first == cu_value(d[8]) &&
           (!d[9] || cu_weighted(d, CU_W(2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)) % 11 % 10 ==
                         cu_value(d[13]));
}

bool cu_is_pl_id_card(const char *d)
{
    return cu_weighted(d, CU_W(7, 3, 1, 0, 7, 3, 1, 7, 3)) % 10 == cu_value(d[3]);
}

/* Women have the month plus 50; plus 20 more when a day is exhausted. Until 1985 a rest of ten was
 * written as 0. */
bool cu_is_cz_rc(const char *d)
{
    unsigned month = cu_number(d + 2, 2) % 50;
    bool whole = cu_rest(d, 10, 11) == 0;
    return cu_day(cu_number(d, 2), month > 20 ? month - 20 : month, cu_number(d + 4, 2)) &&
           (whole || (d[9] == '0' && cu_rest(d, 9, 11) == 10 && cu_number(d, 2) >= 54 &&
                      cu_number(d, 2) <= 85));
}

/* 8, days since 1867, serial, check. */
bool cu_is_hu_tax(const char *d)
{
    return d[0] == '8' && cu_weighted(d, CU_W(1, 2, 3, 4, 5, 6, 7, 8, 9)) % 11 == cu_value(d[9]);
}

bool cu_is_hu_taj(const char *d)
{
    return cu_weighted(d, CU_W(3, 7, 3, 7, 3, 7, 3, 7)) % 10 == cu_value(d[8]);
}

bool cu_is_ro_cnp(const char *d)
{
    unsigned county = cu_number(d + 7, 2);
    int rest = cu_weighted(d, CU_W(2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11;
    return d[0] != '0' && cu_yymmdd(d + 1) && county >= 1 && (county <= 52 || county == 70) &&
           cu_number(d + 9, 3) > 0 && (rest == 10 ? 1 : rest) == cu_value(d[12]);
}

/* Month plus 20: 1800s, plus 40: 2000s. */
bool cu_is_bg_egn(const char *d)
{
    static const unsigned centuries[] = {1900, 1800, 2000};
    unsigned month = cu_number(d + 2, 2);
    return month < 60 && cu_day(centuries[month / 20] + cu_number(d, 2), month % 20, cu_number(d + 4, 2)) &&
           cu_weighted(d, CU_W(2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == cu_value(d[9]);
}

bool cu_is_hr_oib(const char *d)
{
    return cu_mod11_10(d, 11);
}

/* Numbers whose sum leaves one are not given out. */
bool cu_is_jmbg(const char *d)
{
    unsigned year = cu_number(d + 4, 3);
    int rest = cu_weighted(d, CU_W(7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11;
    return cu_day(year < 850 ? 2000 + year : 1000 + year, cu_number(d + 2, 2), cu_number(d, 2)) &&
           (year < 100 || year >= 850) && rest != 1 && (11 - rest) % 11 == cu_value(d[12]);
}

bool cu_is_si_emso(const char *d)
{
    return d[7] == '5' && cu_is_jmbg(d);
}

bool cu_is_gr_amka(const char *d)
{
    return cu_ddmmyy(d) && cu_luhn_text(d, 11);
}

bool cu_is_gr_afm(const char *d)
{
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += (d[i] - '0') << (8 - i);
    return sum % 11 % 10 == cu_value(d[8]);
}

/* Estonia and Lithuania: when the first weights leave ten, the second are used. */
bool cu_is_isikukood(const char *d)
{
    int rest = cu_weighted(d, CU_W(1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11;
    if (rest == 10)
        rest = cu_weighted(d, CU_W(3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10;
    unsigned century = 1700 + (unsigned)(cu_value(d[0]) + 1) / 2 * 100;
    return d[0] >= '1' && d[0] <= '8' && rest == cu_value(d[10]) &&
           cu_day(century + cu_number(d + 1, 2), cu_number(d + 3, 2), cu_number(d + 5, 2));
}

/* Those given out since July 2017 begin with 32 to 39 and tell nothing. */
bool cu_is_lv_pk(const char *d)
{
    if (d[0] == '3' && d[1] >= '2')
        return true;
    return cu_ddmmyy(d) && d[6] <= '2' &&
           (1 + cu_weighted(d, CU_W(10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11 % 10 == cu_value(d[10]);
}

bool cu_is_tr_id(const char *d)
{
    int odd = cu_weighted(d, CU_W(1, 0, 1, 0, 1, 0, 1, 0, 1));
    int even = cu_weighted(d, CU_W(0, 1, 0, 1, 0, 1, 0, 1));
    return d[0] != '0' && cu_mod(odd * 7 - even, 10) == cu_value(d[9]) &&
           (odd + even + cu_value(d[9])) % 10 == cu_value(d[10]);
}

/* Ten digits: a company; twelve: a person. */
bool cu_is_ru_inn(const char *d)
{
    if (cu_number(d, 2) == 0)
        return false;
    if (!d[10])
        return cu_weighted(d, CU_W(2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == cu_value(d[9]);
    return cu_weighted(d, CU_W(7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == cu_value(d[10]) &&
           cu_weighted(d, CU_W(3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == cu_value(d[11]);
}

bool cu_is_ru_snils(const char *d)
{
    int sum = cu_weighted(d, CU_W(9, 8, 7, 6, 5, 4, 3, 2, 1));
    return cu_number(d, 9) > 1001998 && sum % 101 % 100 == (int)cu_number(d + 9, 2);
}

/* The first five digits are days since the end of 1899: 01.01.1900 to about 2050. */
bool cu_is_ua_tax(const char *d)
{
    unsigned days = cu_number(d, 5);
    return days >= 1 && days < 55000 &&
           cu_mod(cu_weighted(d, CU_W(-1, 5, 7, 9, 4, 6, 10, 5, 7)), 11) % 10 == cu_value(d[9]);
}
