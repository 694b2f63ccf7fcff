/* Persons have a pseudonym each, keyed by a key of their own, and that is what leaves, bundles and
 * projections hold. Key and name lie sealed in the vault: erasing them leaves a word that leads nowhere. */
#include <stdio.h>
#include "app.h"

#define NAME_MAX_BYTES (PERSON_NAME - 1u)

static cu_err lookup_of(const uint8_t kek[CU_SEAL_KEY], const char *name, cu_sha256 *out)
{
    if (!*name || strlen(name) > NAME_MAX_BYTES)
        return CU_TOO_BIG;
    cu_hmac_sha256_3(cu_bytes_of(kek, CU_SEAL_KEY), CU_LIT("custos person lookup\0"), cu_str(name), CU_NONE, out);
    return CU_OK;
}

static cu_err make(app *a, const uint8_t kek[CU_SEAL_KEY], const char *name, const cu_sha256 *lookup, cu_vault_person *p)
{
    uint8_t text[32 + NAME_MAX_BYTES];
    cu_sha256 mac;
    cu_buf box CU_CLEAN_BUF = CU_BUF(sizeof p->sealed);
    size_t n = strlen(name);
    cu_random(text, 32);
    memcpy(text + 32, name, n);
    cu_hmac_sha256_3(cu_bytes_of(text, 32), CU_LIT("custos person\0"), cu_str(p->tenant), cu_bytes_of(name, n), &mac);
    memcpy(p->pseudonym, "p_", 2);
    cu_hex(p->pseudonym + 2, mac.b, 16);
    cu_err e = cu_seal(kek, cu_str(p->pseudonym), cu_bytes_of(text, 32 + n), &box);
    cu_wipe(text, sizeof text);
    if (e != CU_OK)
        return e;
    memcpy(p->sealed, box.p, box.n);
    p->sealed_n = box.n;
    return cu_vault_person_add(a->vault, p, lookup);
}

static cu_err find_or_make(app *a, const char *tenant, const char *name, bool may_make, char out[CU_PSEUDONYM_LEN], cu_fault *f)
{
    uint8_t kek[CU_SEAL_KEY];
    cu_sha256 lookup;
    cu_vault_person p = {0};
    CU_TRY(keystore_kek(a, tenant, kek, f));
    cu_err e = lookup_of(kek, name, &lookup);
    if (e == CU_OK)
        e = cu_vault_person_find(a->vault, tenant, &lookup, &p);
    if (e == CU_NOT_FOUND && may_make) {
        snprintf(p.tenant, sizeof p.tenant, "%s", tenant);
        e = make(a, kek, name, &lookup, &p);
    }
    cu_wipe(kek, sizeof kek);
    memcpy(out, p.pseudonym, CU_PSEUDONYM_LEN);
    return e == CU_OK || e == CU_NOT_FOUND ? e : cu_fail(f, e, "vault.db: %s", cu_err_text(e));
}

cu_err person_of(app *a, const char *tenant, const char *name, char out[CU_PSEUDONYM_LEN], cu_fault *f)
{
    return find_or_make(a, tenant, name, true, out, f);
}

cu_err person_find(app *a, const char *tenant, const char *name, char out[CU_PSEUDONYM_LEN], cu_fault *f)
{
    return find_or_make(a, tenant, name, false, out, f);
}

bool is_pseudonym(const char *text)
{
    return strlen(text) == CU_PSEUDONYM_LEN - 1 && strncmp(text, "p_", 2) == 0 && strspn(text + 2, "0123456789abcdef") == CU_PSEUDONYM_LEN - 3;
}

/* Key (32 bytes) and name of who is behind a pseudonym. */
static cu_err open_person(app *a, const char *pseudonym, cu_buf *text)
{
    cu_vault_person p;
    uint8_t kek[CU_SEAL_KEY];
    cu_fault f;
    CU_TRY(cu_vault_person_get(a->vault, pseudonym, &p));
    CU_TRY(keystore_kek(a, p.tenant, kek, &f));
    cu_err e = cu_unseal(kek, cu_str(p.pseudonym), cu_bytes_of(p.sealed, p.sealed_n), text);
    cu_wipe(kek, sizeof kek);
    return e == CU_OK && text->n <= 32 ? CU_CORRUPT : e;
}

void person_name(app *a, const char *pseudonym, char out[PERSON_NAME])
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_PERSON_SEALED_MAX);
    snprintf(out, PERSON_NAME, "%s", pseudonym);
    if (!is_pseudonym(pseudonym))
        return;
    cu_err e = open_person(a, pseudonym, &text);
    if (e == CU_NOT_FOUND)
        snprintf(out, PERSON_NAME, "erased");
    if (e == CU_OK)
        snprintf(out, PERSON_NAME, "%.*s", (int)(text.n - 32), (const char *)text.p + 32);
}

cu_err person_body_secret(app *a, const char *pseudonym, uint8_t secret[32])
{
    cu_buf person CU_CLEAN_BUF = CU_BUF(CU_PERSON_SEALED_MAX);
    cu_sha256 mac;
    CU_TRY(open_person(a, pseudonym, &person));
    cu_hmac_sha256_3(cu_bytes_of(person.p, 32), CU_LIT("custos body secret\0"), CU_NONE, CU_NONE, &mac);
    memcpy(secret, mac.b, 32);
    cu_wipe(&mac, sizeof mac);
    return CU_OK;
}

cu_err person_word(app *a, const char *pseudonym, const char *text, char out[17])
{
    cu_buf person CU_CLEAN_BUF = CU_BUF(CU_PERSON_SEALED_MAX);
    cu_sha256 mac;
    CU_TRY(open_person(a, pseudonym, &person));
    cu_hmac_sha256_3(cu_bytes_of(person.p, 32), CU_LIT("custos word\0"), cu_str(text), CU_NONE, &mac);
    cu_hex(out, mac.b, 8);
    return CU_OK;
}
