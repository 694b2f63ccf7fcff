/* One spelling for a name: small letters without diacritics. Shared by the program that builds the
 * table of names and by the one that reads it. */
#ifndef CUSTOS_DETECT_NAME_FOLD_H
#define CUSTOS_DETECT_NAME_FOLD_H

#include <stddef.h>
#include <stdint.h>

#define CU_NAME_MAX 24u   /* bytes of a folded name */
#define CU_NAME_SLOTS 32768u
#define CU_NAME_POOL (1u << 24) /* bytes of all names, at most: above them a slot has the hash's highest bits */

enum { CU_NAME_GIVEN = 1, CU_NAME_FAMILY = 2, CU_NAME_TITLE = 4, CU_NAME_WORD = 8,
       CU_NAME_GIVEN_VAGUE = 16, CU_NAME_FAMILY_VAGUE = 32 };

/* U+00C0 to U+017F, Latin; '?' has no base letter. */
static const char cu_fold_base[193] =
    "aaaaaaaceeeeiiiidnooooo?ouuuuytsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* Folds the word t[0..n); 0 when it is too long or holds anything but letters, ' and -. */
static inline size_t cu_name_fold(const uint8_t *t, size_t n, char *out)
{
    size_t w = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = t[i];
        if (w + 1 >= CU_NAME_MAX)
            return 0;
        if (c >= 0xc3 && c <= 0xc5 && i + 1 < n && (t[i + 1] & 0xc0) == 0x80) {
            unsigned u = ((c & 0x1fu) << 6 | (t[++i] & 0x3fu)) - 0xc0;
            out[w++] = cu_fold_base[u];
        } else if (c == 0xc8 && i + 1 < n && t[i + 1] >= 0x98 && t[i + 1] <= 0x9b) {
            out[w++] = t[++i] < 0x9a ? 's' : 't'; /* Romanian, with a comma below */
        } else if (c >= 'A' && c <= 'Z') {
            out[w++] = (char)(c + 32);
        } else if ((c >= 'a' && c <= 'z') || c == '\'' || c == '-') {
            out[w++] = (char)c;
        } else {
            return 0;
        }
    }
    out[w] = 0;
    return w;
}

static inline uint32_t cu_name_hash(const char *folded, size_t n)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)folded[i]) * 16777619u;
    return h ^ h >> 15;
}

/* Of the letters with which a word begins, six at most, in either case: for a filter of 32 KB that most words do
 * not pass. The first is the lowest byte of `word`. */
#define CU_NAME_FIRST 32768u
#define CU_NAME_PREFIX 6u
#define CU_EACH_BYTE(b) (0x0101010101010101ull * (b))
/* The highest bit of the first byte that is no letter of ASCII, or of the one behind the prefix. */
static inline uint64_t cu_name_stop(uint64_t word)
{
    uint64_t small = (word | CU_EACH_BYTE(0x20)) & CU_EACH_BYTE(0x7f);
    uint64_t below = ~(small + CU_EACH_BYTE(0x80 - 'a')), above = small + CU_EACH_BYTE(0x7f - 'z');
    uint64_t other = ((below | above | word) & CU_EACH_BYTE(0x80)) | 0x80ull << (8 * CU_NAME_PREFIX);
    return other & (0 - other);
}

static inline uint32_t cu_name_key(uint64_t word, uint64_t stop)
{
    uint64_t letters = (word | CU_EACH_BYTE(0x20)) & (stop / 0x80 - 1);
    return (uint32_t)(letters * 0x9e3779b97f4a7c15ull >> 46);
}

#endif
