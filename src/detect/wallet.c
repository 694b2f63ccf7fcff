/* Checksums of wallet addresses: base58check (Bitcoin wiki), bech32, bech32m (BIP 173, BIP 350), EIP-55,
 * Monero. */
#include "base/digest.h"
#include "checksum.h"
#include "engine.h"

static const char bitcoin_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/* xrpl.org: base58 encodings */
static const char ripple_digits[] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/* v as a number of n bytes, big end first. */
static bool base58(cu_bytes v, const char *digits, uint8_t *raw, size_t n)
{
    memset(raw, 0, n);
    for (size_t i = 0; i < v.n; i++) {
        const char *at = v.p[i] ? strchr(digits, v.p[i]) : NULL;
        unsigned carry = at ? (unsigned)(at - digits) : 58;
        if (carry == 58)
            return false;
        for (size_t k = n; k-- > 0;) {
            carry += raw[k] * 58u;
            raw[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry)
            return false;
    }
    return true;
}

static bool base58check(cu_bytes v, const char *digits)
{
    uint8_t raw[25];
    cu_sha256 once, twice;
    if (!base58(v, digits, raw, sizeof raw))
        return false;
    cu_sha256_of(cu_bytes_of(raw, 21), &once);
    cu_sha256_of(cu_bytes_of(once.b, 32), &twice);
    return memcmp(twice.b, raw + 21, 4) == 0;
}

bool cu_wallet_base58(cu_bytes v)
{
    return base58check(v, bitcoin_digits);
}

bool cu_wallet_ripple(cu_bytes v)
{
    return base58check(v, ripple_digits);
}

/* Solana: a public key of 32 bytes, without a checksum; the first digit of a shorter one would be small. */
bool cu_wallet_solana(cu_bytes v)
{
    uint8_t raw[32];
    return v.n >= 43 && base58(v, bitcoin_digits, raw, sizeof raw) && raw[0] != 0;
}

/* Monero: blocks of 11 digits are 8 bytes each, the last 7 digits 5; the last 4 bytes are of Keccak-256
 * over the rest (getmonero.org: base58, address). */
bool cu_wallet_monero(cu_bytes v)
{
    uint8_t raw[69], hash[32];
    if (v.n != 95)
        return false;
    for (size_t k = 0; k < 9; k++) {
        size_t digits = k < 8 ? 11 : 7, bytes = k < 8 ? 8 : 5;
        if (!base58(cu_slice(v, 11 * k, 11 * k + digits), bitcoin_digits, raw + 8 * k, bytes))
            return false;
    }
    cu_keccak256(cu_bytes_of(raw, 65), hash);
    return memcmp(hash, raw + 65, 4) == 0;
}

/* EIP-55: a letter is upper case where the digit of the hash of the lower-case address is 8 or more. An
 * address of one case has no checksum. */
bool cu_wallet_eip55(cu_bytes v)
{
    uint8_t low[40], hash[32];
    bool upper = false, lower = false;
    if (v.n != 42)
        return false;
    for (size_t i = 0; i < 40; i++) {
        uint8_t c = v.p[i + 2];
        low[i] = c >= 'A' && c <= 'F' ? c + 32 : c;
    }
    cu_keccak256(cu_bytes_of(low, 40), hash);
    for (size_t i = 0; i < 40; i++) {
        uint8_t c = v.p[i + 2];
        if (cu_digit(c))
            continue;
        bool high = (i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4) > 7;
        if (high != (c < 'a'))
            return false;
        upper |= high;
        lower |= !high;
    }
    return upper && lower;
}

static uint32_t step(uint32_t c, uint32_t value)
{
    static const uint32_t g[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = c >> 25;
    c = (c & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        c ^= top >> i & 1 ? g[i] : 0;
    return c;
}

bool cu_wallet_bech32(cu_bytes v)
{
    static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    size_t one = v.n;
    uint32_t c = 1;
    while (one > 0 && v.p[one - 1] != '1')
        one--;
    if (one < 2)
        return false;
    for (size_t i = 0; i + 1 < one; i++)
        c = step(c, (v.p[i] | 32u) >> 5);
    c = step(c, 0);
    for (size_t i = 0; i + 1 < one; i++)
        c = step(c, (v.p[i] | 32u) & 31);
    for (size_t i = one; i < v.n; i++) {
        const char *at = strchr(digits, v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] + 32 : v.p[i]);
        if (!at || !v.p[i])
            return false;
        c = step(c, (uint32_t)(at - digits));
    }
    return c == 1 || c == 0x2bc830a3;
}
