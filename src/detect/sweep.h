/* Private to detect/: one pass over a text that says where a closer look pays. 64 bytes at a time are
 * turned into bit masks, one a kind of byte; everything else reads the masks. */
#ifndef CUSTOS_DETECT_SWEEP_H
#define CUSTOS_DETECT_SWEEP_H

#include "literals.h"

#define CU_BLOCK 64u
#define CU_BLOCKS_MAX 128u                  /* whose masks are kept */
#define CU_BLOCKS_ROOM (CU_BLOCKS_MAX + 16u) /* registers of eight blocks read and write that far */

/* The masks of blocks in a row, each kind for itself, so that several blocks fill a register. [0] is the
 * block before the first. */
typedef uint64_t cu_mask_row[CU_BLOCKS_ROOM];
typedef struct {
    cu_mask_row upper, lower, digit, joint, dash; /* the classes of token.h */
    cu_mask_row escape;    /* "%" and "&" begin escapes */
    cu_mask_row backslash;
    cu_mask_row literal;   /* a window of a literal may begin */
} cu_masks;

/* What only the readers of personal data ask for. */
typedef struct {
    cu_mask_row at, colon, plus;
    cu_mask_row space, sign, point, open; /* " -./)" are signs, ".," points; "(" */
    cu_mask_row high, lead; /* 0x80 and above; 0xc3 to 0xc5, which begin most letters of Latin scripts */
} cu_signs;

/* Fills [1] to [blocks] of every row; what stands behind may be written over. 64 * blocks +
 * CU_LITERAL_WINDOW - 1 bytes are read from p; blocks <= CU_BLOCKS_MAX + 1. literals and signs may be
 * NULL. */
typedef void cu_classify_fn(const cu_literals *literals, const uint8_t *p, size_t blocks, cu_masks *out, cu_signs *signs);
cu_classify_fn cu_classify_plain;
#if defined(__x86_64__)
cu_classify_fn cu_classify_avx2, cu_classify_avx512;
#endif
/* The fastest that this processor runs. */
cu_classify_fn *cu_classifier(void);

/* Of the marked places of blocks at p, those whose bytes have the hash of a literal, in order, with a bit that says
 * whether it is the hash of three bytes or of four; `places` has room for all that is marked. Three bytes behind the
 * blocks are read. Returns how many. */
#define CU_PLACE_HASH(four) ((four) ? 0x4000u : 0x8000u)
#define CU_PLACE(x) ((x) & 0x3fffu)
_Static_assert(CU_BLOCKS_MAX * CU_BLOCK <= CU_PLACE(UINT16_MAX) + 1, "a place leaves two bits free");
typedef size_t cu_places_fn(const cu_literals *literals, const uint8_t *p, const uint64_t *marked, size_t blocks, uint16_t *places);
cu_places_fn cu_places_plain;
#if defined(__x86_64__)
cu_places_fn cu_places_avx2, cu_places_avx512;
#endif
cu_places_fn *cu_placer(void);

/* begins.c: takes out of `literal`, of blocks [1] to [blocks], what stands in `begin` alone but where no
 * word begins; adds what stands in `any`. Word: see cu_literals_add(). */
void cu_literal_begins(cu_masks *m, const uint64_t *begin, const uint64_t *any, size_t blocks);

/* token_runs.c: runs[b] has bits where 16 bytes of a run of letters, digits and joints begin, in blocks
 * around which that run may hold a token (token.h); most blocks have none. Block b is [b + 1] of m; [0] and
 * [blocks + 1] are read. */
void cu_token_runs(const cu_masks *m, size_t blocks, uint64_t *runs);

/* stops.c: where a hand-written reader may begin, and digits with four more in the 15 bytes behind them; in
 * the same way. */
void cu_find_stops(const cu_masks *m, const cu_signs *s, size_t blocks, uint64_t *stops);
void cu_find_numbers(const cu_masks *m, size_t blocks, uint64_t *numbers);

/* Compiled for each width of registers. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define CU_FOR_WIDTHS __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3")))
#else
#define CU_FOR_WIDTHS
#endif

#endif
