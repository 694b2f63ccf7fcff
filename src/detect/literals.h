/* Private to detect/: many literals at once, in any case of their letters. A sweep over the text tests
 * up to eight bytes at each place against 16 groups of literals (the idea of Teddy, in Hyperscan and in
 * BurntSushi's aho-corasick: a table a place, one bit a group, and-ed); here is what it needs, and the
 * exact answer for the few places that pass. Half of the groups hold what counts only where a word begins,
 * and are asked only there: what names are made of stands inside of words five times as often. */
#ifndef CUSTOS_DETECT_LITERALS_H
#define CUSTOS_DETECT_LITERALS_H

#include "base/bytes.h"
#include "base/error.h"
#include <string.h>

#define CU_LITERAL_MAX 40u
#define CU_LITERAL_BANKS 2u /* tables of 8 groups; ... */
#define CU_LITERAL_BEGIN 0u /* ... this one of literals at the begin of a word, whose window begins with them */
#define CU_LITERAL_GROUPS (8u * CU_LITERAL_BANKS)
#define CU_LITERAL_WINDOW 8u
#define CU_LITERAL_SLOTS 16384u
#define CU_LITERAL_SEEN 65536u /* hashes of which is known whether a literal's window has them; four to a slot */

/* What of a literal is compared first: the eight bytes from its begin on, bit 0x20 of each set. */
typedef struct {
    uint64_t head, mask;
    uint16_t index;
    uint8_t window;
} cu_literal_check;

/* Bit c & 31 of place k: byte c may stand there, k bytes behind those that are hashed. */
#define CU_LITERAL_NEXT 4u
typedef struct {
    uint32_t may[CU_LITERAL_NEXT];
} cu_literal_next;

typedef struct {
    uint8_t text[CU_LITERAL_MAX]; /* lower case */
    uint8_t length;
    bool word_begin;  /* it counts only where a word begins (cu_literal_begins() in sweep.h) */
    bool word_end;    /* behind it stands a byte that is no letter, digit or separator */
    uint8_t window;   /* where in text the bytes stand that the sweep looks at */
    uint8_t group;
    uint8_t window_n; /* how many: 3 to CU_LITERAL_WINDOW */
    uint32_t meaning; /* the caller's */
} cu_literal;

/* Of a byte all but the bit that is a letter's case and the highest: letters of either case are the same,
 * digits and signs the same as what no text holds. Less than 64. */
static inline uint8_t cu_literal_code(uint8_t c)
{
    return (uint8_t)((c >> 1 & 0x20) | (c & 0x1f));
}

/* How often four bytes stand in source text, in a million: of those that stand there CU_GRAM_LEAST
 * times or oftener; 0: not one of them. */
#define CU_GRAM_LEAST 125
float cu_gram_share(const uint8_t four[4]);

typedef struct {
    cu_literal *v;
    size_t n, cap;
    /* Bit g of code[g / 8][place][cu_literal_code() of a byte]: group g has a literal with that byte there. */
    uint8_t code[CU_LITERAL_BANKS][CU_LITERAL_WINDOW][64];
    /* The same for the two halves of a byte, for processors that look up 16 entries at a time. */
    uint8_t low[CU_LITERAL_BANKS][CU_LITERAL_WINDOW][16], high[CU_LITERAL_BANKS][CU_LITERAL_WINDOW][16];
    uint64_t seen[2][CU_LITERAL_SEEN / 64]; /* by hash of the first three, of the first four bytes of a window */
    uint8_t three[2][64];   /* of hashes of three bytes, bits for the lower nine and for the upper nine */
    cu_literal_check *checks; /* ordered by slot, three bytes before four */
    uint16_t *first;        /* by slot, CU_LITERAL_SLOTS of each, and one behind */
    cu_literal_next *next;  /* at the index of the first check of a slot, for all of them */
} cu_literals;

/* text of 3 to CU_LITERAL_MAX bytes. */
cu_err cu_literals_add(cu_literals *l, cu_bytes text, bool word_begin, bool word_end, uint32_t meaning) CU_MUST;
/* After the last: finds a group and a window for each (this takes a while), and builds the tables. */
cu_err cu_literals_arrange(cu_literals *l) CU_MUST;
/* The same where groups and windows are known: CU_CORRUPT when they are not possible. */
cu_err cu_literals_ready(cu_literals *l) CU_MUST;
void cu_literals_free(cu_literals *l);

/* Of three (four: 0) or of four bytes, the first of which is the lowest; bit 0x20 of each is set. */
static inline uint32_t cu_literal_hash(uint32_t v, unsigned four)
{
    return ((four ? v : v & 0xffffffu) * 0x9e3779b1u) >> 16;
}

/* The slot of three (four: 0) or of four bytes at p, if a literal's window has their hash, or CU_NO_HASH. Four bytes
 * are read. */
#define CU_NO_HASH UINT32_MAX
static inline uint32_t cu_literals_seen(const cu_literals *l, const uint8_t *p, unsigned four)
{
    uint32_t v, h;
    memcpy(&v, p, 4);
    h = cu_literal_hash(v | 0x20202020u, four);
    return l->seen[four][h / 64] >> (h % 64) & 1 ? h / (CU_LITERAL_SEEN / CU_LITERAL_SLOTS) : CU_NO_HASH;
}

/* The slot of bytes whose hash a literal's window has, if what stands behind them may be the literal's too, or
 * CU_NO_HASH. Eight bytes are read. */
static inline uint32_t cu_literals_hash(const cu_literals *l, const uint8_t *p, unsigned four)
{
    uint32_t v, h;
    memcpy(&v, p, 4);
    h = cu_literal_hash(v | 0x20202020u, four) / (CU_LITERAL_SEEN / CU_LITERAL_SLOTS);
    const uint32_t *may = l->next[l->first[four * CU_LITERAL_SLOTS + h]].may;
    p += 3 + four;
    return may[0] >> (p[0] & 31) & may[1] >> (p[1] & 31) & may[2] >> (p[2] & 31) & may[3] >> (p[3] & 31) & 1 ? h : CU_NO_HASH;
}

/* Each literal whose window of that hash stands at `at` is told, with its begin. */
typedef cu_err (*cu_literal_fn)(void *arg, const cu_literal *x, size_t start);
cu_err cu_literals_at(const cu_literals *l, cu_bytes t, uint32_t hash, unsigned four, size_t at, cu_literal_fn tell, void *arg) CU_MUST;

#endif
