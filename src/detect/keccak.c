/* Keccak-256 as Ethereum and Monero use it: the submission of 2011, whose padding begins with 01, not
 * SHA3-256 of FIPS 202, which OpenSSL has. */
#include "checksum.h"
#include <string.h>

#define RATE 136u /* bytes taken between two permutations */

static uint64_t turn(uint64_t x, unsigned n)
{
    return n ? x << n | x >> (64 - n) : x;
}

static void permute(uint64_t s[25])
{
    static const uint64_t round_constant[24] = {
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
        0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
        0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
        0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
    static const uint8_t offset[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                       25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    for (int r = 0; r < 24; r++) {
        uint64_t c[5], b[25];
        for (int x = 0; x < 5; x++)
            c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
        for (int i = 0; i < 25; i++)
            s[i] ^= c[(i + 4) % 5] ^ turn(c[(i + 1) % 5], 1);
        for (int x = 0; x < 5; x++)
            for (int y = 0; y < 5; y++)
                b[y + 5 * ((2 * x + 3 * y) % 5)] = turn(s[x + 5 * y], offset[x + 5 * y]);
        for (int i = 0; i < 25; i++)
            s[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        s[0] ^= round_constant[r];
    }
}

void cu_keccak256(cu_bytes in, uint8_t out[32])
{
    uint64_t s[25] = {0};
    uint8_t block[RATE];
    for (bool last = false; !last;) {
        size_t n = in.n < RATE ? in.n : RATE;
        last = n < RATE;
        memset(block, 0, sizeof block);
        if (n)
            memcpy(block, in.p, n);
        if (last) {
            block[n] = 0x01;
            block[RATE - 1] |= 0x80;
        }
        for (size_t i = 0; i < RATE; i++)
            s[i / 8] ^= (uint64_t)block[i] << (8 * (i % 8));
        permute(s);
        in = cu_slice(in, n, in.n);
    }
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(s[i / 8] >> (8 * (i % 8)));
}
