/* Numbers of states in Asia, Africa, the Middle East and the Pacific. d is compact text of one of the
 * forms in national.h. */
#include "national.h"

bool cu_is_il_id(const char *d)
{
    return cu_luhn_text(d, 9) && cu_number(d, 9) > 1000;
}

/* 784, year of birth, serial, Luhn. */
bool cu_is_ae_id(const char *d)
{
    unsigned year = cu_number(d + 3, 4);
    return memcmp(d, "784", 3) == 0 && year >= 1900 && year <= 2050 && cu_luhn_text(d, 15);
}

/* 1 for citizens, 2 for residents. */
bool cu_is_sa_id(const char *d)
{
    return (d[0] == '1' || d[0] == '2') && cu_luhn_text(d, 10);
}

/* The eleventh digit is the citizenship. */
bool cu_is_za_id(const char *d)
{
    return cu_yymmdd(d) && d[10] <= '2' && cu_luhn_text(d, 13);
}

/* Century (2: 1900, 3: 2000), date, governorate, serial. The last digit's sum is not published. */
bool cu_is_eg_id(const char *d)
{
    unsigned place = cu_number(d + 7, 2);
    unsigned century = d[0] == '2' ? 1900 : 2000;
    return (d[0] == '2' || d[0] == '3') && ((place >= 1 && place <= 35) || place == 88) &&
           cu_day(century + cu_number(d + 1, 2), cu_number(d + 3, 2), cu_number(d + 5, 2));
}

bool cu_is_in_aadhaar(const char *d)
{
    return d[0] >= '2' && cu_verhoeff(d, 12);
}

/* The fourth letter is the kind of holder; the check letter's rule is not published. */
bool cu_is_in_pan(const char *d)
{
    return strchr("ABCFGHJLPTK", d[3]) && cu_number(d + 5, 4) > 0;
}

/* State, PAN, number of the registration, Z, check character of modulus 36. */
bool cu_is_in_gstin(const char *d)
{
    unsigned state = cu_number(d, 2);
    int sum = 0;
    for (int i = 0; i < 14; i++) {
        int product = cu_value(d[i]) * (1 + i % 2);
        sum += product / 36 + product % 36;
    }
    return ((state >= 1 && state <= 38) || state == 97 || state == 99) && cu_is_in_pan(d + 2) &&
           (36 - sum % 36) % 36 == cu_value(d[14]);
}

/* A state's two letters, or the Bharat series that begins with its year. */
bool cu_is_in_vehicle(const char *d)
{
    static const char states[] = "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN "
                                 "MP MZ NL OD OR PB PY RJ SK TG TN TR TS UA UK UP WB";
    if (cu_value(d[0]) < 10)
        return memcmp(d + 2, "BH", 2) == 0 && cu_number(d, 2) >= 21;
    for (size_t i = 0; i + 1 < sizeof states; i += 3)
        if (memcmp(states + i, d, 2) == 0)
            return true;
    return false;
}

/* GB 11643: place, date of birth, serial, MOD 11-2. Places begin with 11 to 82. */
bool cu_is_cn_id(const char *d)
{
    unsigned place = cu_number(d, 2);
    return place >= 11 && place <= 82 && cu_yyyymmdd(d + 6) && (d[17] == 'X' || cu_value(d[17]) < 10) &&
           cu_mod11_2(d, 18);
}

/* One or two letters, six digits, a check digit where A is ten. A missing letter counts 36. */
bool cu_is_hk_id(const char *d)
{
    size_t letters = cu_value(d[1]) > 9 ? 2 : 1;
    const char *rest = d + letters;
    int sum = letters == 2 ? cu_value(d[0]) * 9 + cu_value(d[1]) * 8 : 36 * 9 + cu_value(d[0]) * 8;
    sum += cu_weighted(rest, CU_W(7, 6, 5, 4, 3, 2, 1));
    return cu_value(rest[6]) <= 10 && sum % 11 == 0;
}

/* The letter is a place and becomes two digits. 1 and 2: citizens; 8 and 9: residents. */
bool cu_is_tw_id(const char *d)
{
    static const char places[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO"; /* 10 to 35 */
    int place = (int)(strchr(places, d[0]) - places) + 10;
    return strchr("1289", d[1]) &&
           (place / 10 + place % 10 * 9 + cu_weighted(d + 1, CU_W(8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0;
}

bool cu_is_jp_my_number(const char *d)
{
    int rest = cu_weighted(d, CU_W(6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11;
    return cu_value(d[11]) == (rest < 2 ? 0 : 11 - rest);
}

/* Since October 2020 the last digits are random; before, a sum of modulus 11. */
bool cu_is_kr_rrn(const char *d)
{
    static const unsigned centuries[] = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
    unsigned year = centuries[cu_value(d[6])] + cu_number(d, 2);
    int rest = cu_weighted(d, CU_W(2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11, check = cu_value(d[12]);
    bool foreign = d[6] >= '5' && d[6] <= '8';
    if (!cu_day(year, cu_number(d + 2, 2), cu_number(d + 4, 2)))
        return false;
    return year * 100 + cu_number(d + 2, 2) >= 202010 || (11 - rest) % 10 == check ||
           (foreign && (13 - rest) % 10 == check);
}

bool cu_is_sg_nric(const char *d)
{
    int sum = cu_weighted(d + 1, CU_W(2, 7, 6, 5, 4, 3, 2));
    switch (d[0]) {
    case 'S':
        return d[8] == "JZIHGFEDCBA"[sum % 11];
    case 'T':
        return d[8] == "JZIHGFEDCBA"[(sum + 4) % 11];
    case 'F':
        return d[8] == "XWUTRQPNMLK"[sum % 11];
    case 'G':
        return d[8] == "XWUTRQPNMLK"[(sum + 4) % 11];
    case 'M':
        return d[8] == "XWUTRQPNJLK"[(sum + 3) % 11];
    default:
        return false;
    }
}

/* Date, place of birth, serial; no check digit. */
bool cu_is_my_nric(const char *d)
{
    unsigned place = cu_number(d + 6, 2);
    bool unused = place == 0 || (place >= 17 && place <= 20) || place == 69 || place == 70 ||
                  place == 73 || place == 80 || place == 81 || (place >= 94 && place <= 97);
    return cu_yymmdd(d) && !unused;
}

bool cu_is_th_id(const char *d)
{
    int sum = cu_weighted(d, CU_W(13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2));
    return d[0] >= '1' && d[0] <= '8' && (11 - sum % 11) % 10 == cu_value(d[12]);
}

/* Province, regency, district, date (day plus 40 for women), serial. */
bool cu_is_id_nik(const char *d)
{
    unsigned day = cu_number(d + 6, 2), province = cu_number(d, 2);
    return province >= 11 && province <= 97 && cu_number(d + 2, 2) > 0 && cu_number(d + 4, 2) > 0 &&
           cu_day(cu_number(d + 10, 2), cu_number(d + 8, 2), day > 40 ? day - 40 : day) &&
           cu_number(d + 12, 4) > 0;
}

/* Province 001 to 096, sex and century, year, serial. */
bool cu_is_vn_id(const char *d)
{
    unsigned province = cu_number(d, 3);
    return province >= 1 && province <= 96 && d[3] <= '3' && cu_number(d + 6, 6) > 0;
}

/* Eight digits: those given out before 1989 or so, with weights of their own. */
bool cu_is_au_tfn(const char *d)
{
    if (!d[8])
        return cu_weighted(d, CU_W(10, 7, 8, 4, 6, 3, 5, 1)) % 11 == 0;
    return cu_weighted(d, CU_W(1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0;
}

/* The ninth digit checks; then comes the issue, and perhaps the place on the card. */
bool cu_is_au_medicare(const char *d)
{
    return d[0] >= '2' && d[0] <= '6' && d[9] != '0' &&
           cu_weighted(d, CU_W(1, 3, 7, 9, 1, 3, 7, 9)) % 10 == cu_value(d[8]);
}

/* One is taken from the first digit. */
bool cu_is_au_abn(const char *d)
{
    return d[0] != '0' &&
           (cu_weighted(d, CU_W(10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0;
}

bool cu_is_au_acn(const char *d)
{
    return cu_mod(-cu_weighted(d, CU_W(8, 7, 6, 5, 4, 3, 2, 1)), 10) == cu_value(d[8]);
}

/* When the first weights ask for ten, the second are used; ten again is not given out. */
bool cu_is_nz_ird(const char *d)
{
    char t[10] = "0";
    size_t n = strlen(d);
    memcpy(t + (n == 8), d, n);
    unsigned number = cu_number(t, 9);
    int check = cu_mod(-cu_weighted(t, CU_W(3, 2, 7, 6, 5, 4, 3, 2)), 11);
    if (check == 10)
        check = cu_mod(-cu_weighted(t, CU_W(7, 4, 3, 2, 5, 2, 7, 6)), 11);
    return number >= 10000000 && number <= 150000000 && check == cu_value(t[8]);
}

/* HISO 10046: I and O are not used, A is 1 and Z is 24. The new form ends in two letters. */
static int nhi_value(char c)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    const char *at = strchr(letters, c);
    return c >= '0' && c <= '9' ? c - '0' : at ? (int)(at - letters) + 1 : -1;
}

bool cu_is_nz_nhi(const char *d)
{
    int sum = 0;
    for (int i = 0; i < 7; i++) {
        int v = nhi_value(d[i]);
        if (v < 0)
            return false;
        sum += i < 6 ? v * (7 - i) : 0;
    }
    if (cu_value(d[6]) > 9)
        return nhi_value(d[6]) == 23 - sum % 23;
    return sum % 11 != 0 && (11 - sum % 11) % 10 == cu_value(d[6]);
}
