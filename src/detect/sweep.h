/* Private to detect/: one pass over a text that says where a closer look pays. 64 bytes at a time are
 * turned into bit masks, one a kind of byte; everything else reads the masks. */
#ifndef CUSTOS_DETECT_SWEEP_H
#define CUSTOS_DETECT_SWEEP_H

#include "literals.h"

#define CU_BLOCK 64u

typedef struct {
    uint64_t upper, lower, digit, joint, dash; /* the classes of token.h */
    uint64_t percent, ampersand; /* which begin escapes */
    uint64_t literal;            /* a window of a literal may begin */
} cu_block; /* one line of the cache */

/* What only the readers of personal data ask for. */
typedef struct {
    uint64_t at, colon, plus;
    uint64_t space, sign, point, open, escape; /* " -./)" are signs, ".," points; "(" and "\" */
    uint64_t high, lead;  /* 0x80 and above; 0xc3 to 0xc5, which begin most letters of Latin scripts */
} cu_signs;

/* Fills out[0..blocks) and signs[0..blocks). 64 * blocks + CU_LITERAL_WINDOW - 1 bytes are read from p. literals
 * and signs may be NULL. */
typedef void cu_classify_fn(const cu_literals *literals, const uint8_t *p, size_t blocks, cu_block *out, cu_signs *signs);
cu_classify_fn cu_classify_plain;
#if defined(__x86_64__)
cu_classify_fn cu_classify_avx2, cu_classify_avx512;
#endif
/* The fastest that this processor runs. */
cu_classify_fn *cu_classifier(void);

/* Of the marked places of blocks at p, those whose bytes have the hash of a literal, in order; `places` has
 * room for all that is marked. Three bytes behind the blocks are read. Returns how many. */
#define CU_BLOCKS_MAX 256u
typedef size_t cu_places_fn(const cu_literals *literals, const uint8_t *p, const cu_block *m, size_t blocks, uint16_t *places);
cu_places_fn cu_places_plain;
#if defined(__x86_64__)
cu_places_fn cu_places_avx512;
#endif
cu_places_fn *cu_placer(void);

/* token_runs.c: runs[b] has bits where 16 bytes of a run of letters, digits and joints begin, in blocks
 * around which that run may hold a token (token.h); most blocks have none. m[-1] and m[blocks] are read,
 * blocks <= CU_BLOCKS_MAX. */
void cu_token_runs(const cu_block *m, size_t blocks, uint64_t *runs);

/* stops.c: where a hand-written reader may begin, and digits with four more in the 15 bytes behind them; in
 * the same way. */
void cu_find_stops(const cu_block *m, const cu_signs *s, size_t blocks, uint64_t *stops);
void cu_find_numbers(const cu_block *m, size_t blocks, uint64_t *numbers);

#endif
