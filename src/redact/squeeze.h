/* A large text made short before it is authenticated: of each block of a text two sums of carry-less products
 * with words of a random key, as CLNH does (Lemire and Kaser, "Faster 64-bit universal hashing using carry-less
 * multiplications", 2016). Two blocks that differ give the same two sums with a chance of 2^-128, whoever chose
 * them without the key. */
#ifndef CUSTOS_REDACT_SQUEEZE_H
#define CUSTOS_REDACT_SQUEEZE_H

#include <stddef.h>
#include <stdint.h>

#define CU_SQUEEZE_BLOCK 1024u
#define CU_SQUEEZED 32u

/* key: two blocks. out: CU_SQUEEZED bytes for each of n blocks. */
typedef void cu_squeeze_fn(const uint8_t *blocks, size_t n, const uint8_t *key, uint8_t *out);

/* Those that this machine has, the fastest first; NULL behind the last. All give the same. */
cu_squeeze_fn *cu_squeeze_nth(unsigned i);

#endif
