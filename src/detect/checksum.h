/* Private to detect/: arithmetic that the numbers of states and of industry have in common. All work
 * on compact text: digits and capitals, nothing between them (cu_compact). */
#ifndef CUSTOS_DETECT_CHECKSUM_H
#define CUSTOS_DETECT_CHECKSUM_H

#include "base/bytes.h"

#define CU_COMPACT_MAX 32u
#define CU_COMPACT_ENYE '~' /* stands for the letter N with tilde, two bytes in UTF-8 */

/* Takes out what people write between digits (space . - + / and brackets) and raises letters; '&' is
 * kept. out holds CU_COMPACT_MAX + 1 bytes. Returns the length; 0 when there is anything else or the
 * text is too long. */
size_t cu_compact(cu_bytes value, char *out);
/* Has the text one of the forms? '9' digit, 'A' letter, 'X' either, '*' either or & or enye;
 * alternatives are parted by '|'. */
bool cu_has_form(const char *text, size_t n, const char *forms);

/* 0 to 9 for a digit, 10 to 35 for a letter. */
static inline int cu_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 0;
}
/* Remainder that is never negative. */
static inline int cu_mod(int a, int m)
{
    return ((a % m) + m) % m;
}

typedef struct {
    const int8_t *v;
    size_t n;
} cu_weights;
#define CU_W(...)                                                                                  \
    ((cu_weights){(const int8_t[]){__VA_ARGS__}, sizeof((const int8_t[]){__VA_ARGS__})})

/* Sum of value times weight over the first w.n characters. */
int cu_weighted(const char *d, cu_weights w);
/* The same, but the digits of each product are added (Luhn's way of adding). */
int cu_weighted_digits(const char *d, cu_weights w);
/* ISO/IEC 7812-1 annex B over n digits, the last is the check digit. */
bool cu_luhn_text(const char *d, size_t n);
/* Verhoeff 1969: dihedral group of order ten; the last of n digits is the check digit. */
bool cu_verhoeff(const char *d, size_t n);
/* ISO/IEC 7064 MOD 11,10: the last of n digits is the check digit. */
bool cu_mod11_10(const char *d, size_t n);
/* ISO/IEC 7064 MOD 11-2: the last of n characters is the check character, X stands for ten. */
bool cu_mod11_2(const char *d, size_t n);
/* Digits as one number, its remainder. */
unsigned cu_rest(const char *d, size_t n, unsigned modulus);
unsigned cu_number(const char *d, size_t n); /* at most nine digits */
/* Letter of the Spanish identity numbers. */
char cu_letter23(unsigned rest);
/* ICAO Doc 9303-3, 4.9: weights 7 3 1 over digits and letters. Returns the check digit. */
char cu_icao_digit(const char *d, size_t n);
/* EAN-13: weights 1 3. */
bool cu_ean13(const char *d);

/* keccak.c */
void cu_keccak256(cu_bytes in, uint8_t out[32]);

/* A day that exists. A year below 100 has no century: 29 February is good when year % 4 is 0. */
bool cu_day(unsigned year, unsigned month, unsigned day);
bool cu_yymmdd(const char *d);
bool cu_ddmmyy(const char *d);
bool cu_yyyymmdd(const char *d); /* 1850 to 2099 */

#endif
