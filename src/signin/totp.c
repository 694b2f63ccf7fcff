#include "signin/totp.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include "base/digest.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

uint32_t cu_totp_code(cu_bytes secret, uint64_t step, unsigned digits)
{
    static const uint32_t tens[] = {1000000, 10000000, 100000000};
    uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    CU_ASSERT(digits >= 6 && digits <= 8);
    for (size_t i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    CU_ASSERT(HMAC(EVP_sha1(), secret.p, (int)secret.n, counter, sizeof counter, mac, &n) && n == 20);
    const uint8_t *at = mac + (mac[19] & 15); /* dynamic truncation, RFC 4226 section 5.3 */
    uint32_t v = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    cu_wipe(mac, sizeof mac);
    return v % tens[digits - 6];
}

bool cu_totp_holds(cu_bytes secret, cu_bytes text, uint64_t now_s, uint64_t last, uint64_t *step)
{
    bool held = false;
    char code[8];
    if (text.n != 6)
        return false;
    for (uint64_t s = now_s / CU_TOTP_STEP_S - 1; s <= now_s / CU_TOTP_STEP_S + 1; s++) {
        snprintf(code, sizeof code, "%06u", cu_totp_code(secret, s, 6));
        bool same = cu_equal_ct(code, text.p, 6);
        if (same && s > last && !held) {
            held = true;
            *step = s;
        }
    }
    return held;
}

void cu_base32(cu_buf *out, cu_bytes data)
{
    uint32_t bits = 0;
    unsigned n = 0;
    for (size_t i = 0; i < data.n; i++) {
        bits = (bits << 8 | data.p[i]) & 0xffff;
        for (n += 8; n >= 5; n -= 5)
            cu_buf_byte(out, (uint8_t)letters[bits >> (n - 5) & 31]);
    }
    if (n)
        cu_buf_byte(out, (uint8_t)letters[bits << (5 - n) & 31]);
}

void cu_totp_uri(cu_buf *out, const char *name, cu_bytes secret)
{
    cu_buf_str(out, "otpauth://totp/Custos:");
    for (const char *p = name; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p);
        if (plain)
            cu_buf_byte(out, (uint8_t)*p);
        else
            cu_buf_fmt(out, "%%%02X", (uint8_t)*p);
    }
    cu_buf_str(out, "?secret=");
    cu_base32(out, secret);
    cu_buf_str(out, "&issuer=Custos");
}

void cu_recovery_code(char out[CU_RECOVERY_CODE])
{
    uint8_t r[CU_RECOVERY_CODE];
    cu_random(r, sizeof r);
    for (size_t i = 0; i < CU_RECOVERY_CODE - 1; i++) {
        char c = letters[r[i] & 31];
        out[i] = i == 5 ? '-' : c >= 'A' ? (char)(c + 32) : c;
    }
    out[CU_RECOVERY_CODE - 1] = 0;
    cu_wipe(r, sizeof r);
}
