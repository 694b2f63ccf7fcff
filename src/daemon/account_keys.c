#include "accounts.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/seal.h"

static const char *word(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static uint64_t number(const json_t *o, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(o, name));
    return v > 0 ? (uint64_t)v : 0;
}

static bool read_form(cu_bytes text, account_keys *k)
{
    json_t *o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *v;
    size_t i;
    *k = (account_keys){.step = number(o, "step"), .next_until = number(o, "next_until"), .invite_until = number(o, "invite_until")};
    snprintf(k->password, sizeof k->password, "%s", word(o, "password"));
    snprintf(k->issuer, sizeof k->issuer, "%s", word(o, "issuer"));
    snprintf(k->subject, sizeof k->subject, "%s", word(o, "subject"));
    k->has_totp = cu_unhex(k->totp, sizeof k->totp, cu_str(word(o, "totp")));
    bool good = json_is_object(o) && (!k->next_until || cu_unhex(k->next_totp, sizeof k->next_totp, cu_str(word(o, "next_totp")))) &&
                (!k->invite_until || cu_unhex(&k->invite, sizeof k->invite, cu_str(word(o, "invite"))));
    json_array_foreach(json_object_get(o, "recovery"), i, v)
        if (k->recovery_n < RECOVERY_CODES && json_is_string(v) && cu_unhex(&k->recovery[k->recovery_n], 32, cu_str(json_string_value(v))))
            k->recovery_n++;
    json_decref(o);
    return good;
}

static void put_hex(cu_buf *b, const char *name, const void *p, size_t n)
{
    char hex[65];
    cu_hex(hex, p, n);
    cu_buf_json_kv_str(b, name, hex);
    cu_wipe(hex, sizeof hex);
}

static void put_form(cu_buf *b, const account_keys *k)
{
    char hex[65];
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "password", k->password);
    cu_buf_json_kv_u64(b, "step", k->step);
    cu_buf_json_kv_u64(b, "next_until", k->next_until);
    cu_buf_json_kv_u64(b, "invite_until", k->invite_until);
    cu_buf_json_kv_str(b, "issuer", k->issuer);
    cu_buf_json_kv_str(b, "subject", k->subject);
    if (k->has_totp)
        put_hex(b, "totp", k->totp, sizeof k->totp);
    if (k->next_until)
        put_hex(b, "next_totp", k->next_totp, sizeof k->next_totp);
    if (k->invite_until)
        put_hex(b, "invite", &k->invite, sizeof k->invite);
    cu_buf_json_key(b, "recovery");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->recovery_n; i++) {
        cu_hex(hex, &k->recovery[i], 32);
        cu_buf_fmt(b, "%s\"%s\"", i ? "," : "", hex);
    }
    cu_buf_str(b, "]}");
}

cu_err account_keys_load(app *a, const char *person, account_keys *out, cu_fault *f)
{
    uint8_t kek[CU_SEAL_KEY];
    cu_buf box CU_CLEAN_BUF = CU_BUF(CU_CREDENTIAL_SEALED_MAX), text CU_CLEAN_BUF = CU_BUF(CU_CREDENTIAL_SEALED_MAX);
    *out = (account_keys){0};
    cu_err e = cu_vault_credential_get(a->vault, person, &box);
    if (e == CU_NOT_FOUND)
        return e;
    if (e == CU_OK)
        e = keystore_kek(a, CU_TENANT_ORG, kek, f);
    if (e == CU_OK)
        e = cu_unseal(kek, cu_str(person), cu_buf_view(&box), &text);
    cu_wipe(kek, sizeof kek);
    if (e == CU_OK && !read_form(cu_buf_view(&text), out))
        e = CU_CORRUPT;
    return e == CU_OK ? CU_OK : cu_fail(f, e, "vault.db: what a person signs in with cannot be read: %s", cu_err_text(e));
}

cu_err account_keys_save(app *a, const char *person, const account_keys *k, cu_fault *f)
{
    uint8_t kek[CU_SEAL_KEY];
    cu_buf box CU_CLEAN_BUF = CU_BUF(CU_CREDENTIAL_SEALED_MAX), text CU_CLEAN_BUF = CU_BUF(CU_CREDENTIAL_SEALED_MAX - CU_SEAL_EXTRA);
    put_form(&text, k);
    CU_TRY(keystore_kek(a, CU_TENANT_ORG, kek, f));
    cu_err e = cu_buf_err(&text);
    if (e == CU_OK)
        e = cu_seal(kek, cu_str(person), cu_buf_view(&text), &box);
    cu_wipe(kek, sizeof kek);
    if (e == CU_OK)
        e = cu_vault_credential_put(a->vault, person, cu_buf_view(&box));
    return e == CU_OK ? CU_OK : cu_fail(f, e, "vault.db: %s", cu_err_text(e));
}

/* 55 random bits behind the seal: a plain digest is enough. */
static void digest_of(const char *code, cu_sha256 *out)
{
    cu_sha256_of3(CU_LIT("custos recovery code\0"), cu_str(code), CU_NONE, out);
}

void recovery_codes_new(account_keys *k, char codes[RECOVERY_CODES][CU_RECOVERY_CODE])
{
    k->recovery_n = RECOVERY_CODES;
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        cu_recovery_code(codes[i]);
        digest_of(codes[i], &k->recovery[i]);
    }
}

bool recovery_code_use(account_keys *k, const char *code)
{
    cu_sha256 h;
    digest_of(code, &h);
    for (size_t i = 0; i < k->recovery_n; i++)
        if (cu_equal_ct(&k->recovery[i], &h, sizeof h)) {
            k->recovery[i] = k->recovery[--k->recovery_n];
            return true;
        }
    return false;
}
