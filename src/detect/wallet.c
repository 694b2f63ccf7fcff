/* Checksums of wallet addresses: base58check (Bitcoin wiki) and bech32, bech32m (BIP 173, BIP 350). */
#include "base/digest.h"
#include "engine.h"

bool cu_wallet_base58(cu_bytes v)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint8_t raw[25] = {0};
    cu_sha256 once, twice;
    for (size_t i = 0; i < v.n; i++) {
        const char *at = v.p[i] ? strchr(digits, v.p[i]) : NULL;
        unsigned carry = at ? (unsigned)(at - digits) : 58;
        if (carry == 58)
            return false;
        for (size_t k = sizeof raw; k-- > 0;) {
            carry += raw[k] * 58u;
            raw[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry)
            return false;
    }
    cu_sha256_of(cu_bytes_of(raw, 21), &once);
    cu_sha256_of(cu_bytes_of(once.b, 32), &twice);
    return memcmp(twice.b, raw + 21, 4) == 0;
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
