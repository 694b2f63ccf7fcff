#include "form.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* scrypt (RFC 7914): 64 MiB and about 0.2 s for a guess */
#define SCRYPT_N 65536u
#define SCRYPT_R 8u
#define SCRYPT_P 1u
#define SCRYPT_MEMORY (80u << 20)

void backup_head_text(const backup_head *h, cu_buf *out)
{
    char salt[2 * BACKUP_SALT + 1];
    cu_hex(salt, h->salt, BACKUP_SALT);
    cu_buf_fmt(out, "{\"entries\":%llu,\"made\":\"%s\",\"salt\":\"%s\",\"secrets\":%s,\"v\":1}\n", (unsigned long long)h->entries, h->made, salt,
               h->secrets ? "true" : "false");
}

/* Exactly what backup_head_text() writes. */
cu_err backup_head_parse(cu_bytes text, backup_head *out)
{
    char line[BACKUP_HEAD_MAX + 1], number[21] = "", salt[2 * BACKUP_SALT + 1] = "", secrets[6] = "";
    cu_buf again CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    *out = (backup_head){0};
    if (text.n > BACKUP_HEAD_MAX)
        return CU_TOO_BIG;
    if (text.n)
        memcpy(line, text.p, text.n);
    line[text.n] = 0;
    if (sscanf(line, "{\"entries\":%20[0-9],\"made\":\"%24[0-9TZ:.-]\",\"salt\":\"%32[0-9a-f]\",\"secrets\":%5[a-z],\"v\":1}", number, out->made, salt, secrets) != 4)
        return CU_SYNTAX;
    out->entries = strtoull(number, NULL, 10);
    out->secrets = strcmp(secrets, "true") == 0;
    if (strlen(out->made) != CU_TIME_LEN - 1 || !cu_unhex(out->salt, BACKUP_SALT, cu_str(salt)))
        return CU_SYNTAX;
    backup_head_text(out, &again);
    return again.err == CU_OK && cu_eq(cu_buf_view(&again), text) ? CU_OK : CU_SYNTAX;
}

cu_err backup_keys_derive(cu_bytes passphrase, const uint8_t salt[BACKUP_SALT], backup_keys *out)
{
    uint8_t both[sizeof *out];
    if (EVP_PBE_scrypt((const char *)passphrase.p, passphrase.n, salt, BACKUP_SALT, SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY, both, sizeof both) != 1)
        return CU_NOMEM;
    memcpy(out, both, sizeof *out);
    cu_wipe(both, sizeof both);
    return CU_OK;
}

void backup_authentic(const backup_keys *k, cu_bytes lines, char hex[65])
{
    cu_sha256 mac;
    cu_hmac_sha256(cu_bytes_of(k->list, sizeof k->list), lines, &mac);
    cu_hex(hex, mac.b, sizeof mac.b);
}
