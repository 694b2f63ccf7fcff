/* Private to detect/: many literals at once, in any case of their letters. A sweep over the text tests
 * six bytes at each place against 16 groups of literals (the idea of Teddy, in Hyperscan and in
 * BurntSushi's aho-corasick: a table a place, one bit a group, and-ed); here is what it needs, and the
 * exact answer for the few places that pass. */
#ifndef CUSTOS_DETECT_LITERALS_H
#define CUSTOS_DETECT_LITERALS_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_LITERAL_MAX 40u
#define CU_LITERAL_GROUPS 16u
#define CU_LITERAL_WINDOW 6u

typedef struct {
    uint8_t text[CU_LITERAL_MAX]; /* lower case */
    uint8_t length;
    bool word_end;    /* behind it stands a byte that is no letter, digit or separator */
    uint8_t window;   /* where in text the bytes stand that the sweep looks at */
    uint8_t group;
    uint8_t window_n; /* how many: 3 to 6 */
    uint16_t next;    /* of the same hash; UINT16_MAX: none */
    uint32_t meaning; /* the caller's */
} cu_literal;

typedef struct {
    cu_literal *v;
    size_t n, cap;
    /* Bit g of table[g / 8][place][byte & 127]: group g has a literal with that byte there. */
    uint8_t table[2][CU_LITERAL_WINDOW][128];
    /* The same for the two halves of a byte, for processors that look up 16 entries at a time. */
    uint8_t low[2][CU_LITERAL_WINDOW][16], high[2][CU_LITERAL_WINDOW][16];
    uint64_t seen[2][1024]; /* by hash of a window of 3, of 4 bytes */
    uint16_t *head;         /* by hash, 4096 of each */
} cu_literals;

/* text of 3 to CU_LITERAL_MAX bytes. */
cu_err cu_literals_add(cu_literals *l, cu_bytes text, bool word_end, uint32_t meaning) CU_MUST;
/* After the last: builds the tables. Which group and window each literal gets takes a while to find out:
 * layout (2 bytes a literal), when it is not empty, says it; a wrong one is CU_CORRUPT. */
cu_err cu_literals_ready(cu_literals *l, cu_bytes layout) CU_MUST;
void cu_literals_free(cu_literals *l);

/* The window at `at` passed: each literal that stands there is told, with its begin. at + 4 bytes of t
 * (or zeros behind its end) are at p. */
typedef cu_err (*cu_literal_fn)(void *arg, const cu_literal *x, size_t start);
cu_err cu_literals_at(const cu_literals *l, cu_bytes t, const uint8_t *p, size_t at, cu_literal_fn tell, void *arg) CU_MUST;

#endif
