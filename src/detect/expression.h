/* Private to detect/: an expression of a rule taken apart, to learn what every match of it must hold.
 * The dialect is the part of PCRE2 (pcre2pattern(3)) that rules use; whatever is not understood is
 * said to be so, and such a rule is looked for everywhere. */
#ifndef CUSTOS_DETECT_EXPRESSION_H
#define CUSTOS_DETECT_EXPRESSION_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_EXPR_ENDLESS 100000u /* the width of what has no upper bound */

typedef enum { CU_EXPR_SET, CU_EXPR_ALL_OF, CU_EXPR_ONE_OF, CU_EXPR_REPEAT } cu_expr_kind;

typedef struct cu_expr {
    cu_expr_kind kind;
    uint8_t set[32];        /* CU_EXPR_SET: one byte of these, as bits */
    uint8_t *members;       /* ... and as a list of n */
    uint32_t min, max;      /* CU_EXPR_REPEAT of part[0] */
    struct cu_expr **part;  /* of ALL_OF and ONE_OF; assertions of no width are left out */
    size_t n;
    bool edge;              /* an empty ALL_OF that stands for \b, \A or ^ */
} cu_expr;

/* CU_UNSUPPORTED: a construct that is not understood. Nodes live in the arena. */
cu_err cu_expr_parse(const char *pattern, cu_arena *a, cu_expr **out) CU_MUST;

/* Bytes of the longest match, at most CU_EXPR_ENDLESS. */
uint32_t cu_expr_width(const cu_expr *x);
/* Every byte of every match is one of set. */
bool cu_expr_within(const cu_expr *x, const uint8_t set[32]);

/* A text that matches (look-ahead aside), drawn by *state; at most cap bytes are written, the count is
 * returned. Repetitions are mostly as short as they may be. */
size_t cu_expr_sample(const cu_expr *x, uint64_t *state, uint8_t *out, size_t cap);

/* Literals of which every match holds at least one, in lower case. */
#define CU_NEEDLES_MAX 64u
#define CU_NEEDLE_LEN 24u
typedef struct {
    uint8_t text[CU_NEEDLES_MAX][CU_NEEDLE_LEN];
    uint8_t length[CU_NEEDLES_MAX];
    size_t n;        /* 0: there are none of 3 bytes or more */
    uint32_t before; /* a match begins at most so many bytes before its literal */
} cu_needles;
void cu_expr_needles(const cu_expr *x, cu_needles *out);
/* In every match those of its needles that begin with a letter or digit stand where a word begins, as
 * cu_literal_begins() has it. */
bool cu_expr_begins_word(const cu_expr *x, const cu_needles *needles);
/* How often one of them is expected in a byte of source text; 1: everywhere. */
double cu_needles_hits(const cu_needles *n);

static inline bool cu_in_set(const uint8_t set[32], uint8_t c)
{
    return set[c >> 3] >> (c & 7) & 1;
}

#endif
