/* Private to detect/: what a text must hold to be worth a closer look. Most rules ask for a token that
 * somebody drew at random, or for a long number; where none stands, they need not be tried. Both
 * questions are monotone: what a part of a text holds, the text holds. */
#ifndef CUSTOS_DETECT_TOKEN_H
#define CUSTOS_DETECT_TOKEN_H

#include "base/bytes.h"

#define CU_TOKEN_MIN 16u /* bytes of letters, digits and _ - + / in a row */

/* A row of letters, digits and _ - + / that looks drawn: 16 letters and digits in a row among which is
 * a digit, or four capitals and four small letters, or nothing but capitals and digits; or the groups of a UUID (RFC 9562) with a digit; or
 * 20 bytes in which the kind of character changes ten times (six times, twice to or from a digit). */
bool cu_has_token(cu_bytes t);

/* Five digits among 16 bytes. */
bool cu_has_digits(cu_bytes t);

/* Bits of the class of a byte. */
enum { CU_IS_UPPER = 1, CU_IS_LOWER = 2, CU_IS_DIGIT = 4, CU_IS_JOINT = 8 /* _ - + / */ };
#define CU_IS_ALNUM (CU_IS_UPPER | CU_IS_LOWER | CU_IS_DIGIT)
extern const uint8_t cu_byte_class[256];

#endif
