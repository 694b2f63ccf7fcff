#include "ledger/body.h"
#include <stdio.h>
#include <stdlib.h>

#define MAGIC "CUBODY01"
#define AT_PART 8u
#define AT_CLASS 9u
#define AT_PERSONAL 10u
#define AT_ZERO 11u
#define AT_KEY 12u
#define AT_EXCHANGE (AT_KEY + CU_BODY_KEY)
#define AT_SENDER (CU_BODY_HEAD - CU_X25519_KEY)
#define CLASSES 4u

_Static_assert(AT_EXCHANGE + CU_ID_LEN - 1 + 2 == AT_SENDER, "the head's fields fill it");

static const char *const part_names[CU_BODY_PARTS] = {"request", "answer"};

const char *cu_body_part_name(unsigned part)
{
    return part < CU_BODY_PARTS ? part_names[part] : "";
}

/* secret with both others, or with the first alone. `sender` made the pair for this body; who opens has the
 * others' secrets and takes the sender's public key. */
static cu_err mix(uint8_t own[2][CU_X25519_KEY], uint8_t other[2][CU_X25519_KEY], const uint8_t *sender, uint8_t receiver[2][CU_X25519_KEY],
                  size_t n, uint8_t key[CU_SEAL_KEY])
{
    static const char *const labels[2] = {"custos body data key", "custos body person key"};
    uint8_t parts[2][32] = {{0}};
    cu_sha256 mac;
    cu_err e = CU_OK;
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = cu_x25519_agree(own[i], other[i], cu_str(labels[i]), sender, receiver[i], parts[i]);
    cu_hmac_sha256(cu_bytes_of(parts, sizeof parts), CU_LIT("custos body\0"), &mac);
    memcpy(key, mac.b, CU_SEAL_KEY);
    cu_wipe(parts, sizeof parts);
    cu_wipe(&mac, sizeof mac);
    return e;
}

static void commit(const uint8_t opening[CU_BODY_OPENING], cu_bytes text, cu_sha256 *out)
{
    cu_hmac_sha256(cu_bytes_of(opening, CU_BODY_OPENING), text, out);
}

static void put_head(const cu_body_about *about, const uint8_t *sender, uint8_t head[CU_BODY_HEAD])
{
    memset(head, 0, CU_BODY_HEAD);
    memcpy(head, MAGIC, 8);
    head[AT_PART] = about->part;
    head[AT_CLASS] = about->class;
    head[AT_PERSONAL] = about->personal;
    memcpy(head + AT_KEY, about->key, CU_BODY_KEY);
    memcpy(head + AT_EXCHANGE, about->exchange, CU_ID_LEN - 1);
    memcpy(head + AT_SENDER, sender, CU_X25519_KEY);
}

/* Opening and text in one piece, as it is sealed; wiped by its owner. */
static cu_err seal_text(const uint8_t key[CU_SEAL_KEY], const uint8_t head[CU_BODY_HEAD], cu_bytes text, cu_buf *out, cu_sha256 *commitment)
{
    cu_buf inner CU_CLEAN_BUF = CU_BUF(text.n + CU_BODY_OPENING);
    uint8_t opening[CU_BODY_OPENING];
    cu_random(opening, sizeof opening);
    commit(opening, text, commitment);
    cu_buf_put(&inner, opening, sizeof opening);
    cu_buf_add(&inner, text);
    cu_wipe(opening, sizeof opening);
    CU_TRY(cu_buf_err(&inner));
    cu_buf_put(out, head, CU_BODY_HEAD);
    CU_TRY(cu_buf_err(out));
    return cu_seal(key, cu_bytes_of(head, CU_BODY_HEAD), cu_buf_view(&inner), out);
}

cu_err cu_body_seal(const cu_body_about *about, const uint8_t data_pk[CU_X25519_KEY], const uint8_t *person_pk, cu_bytes text, cu_buf *out,
                    cu_sha256 *digest, cu_sha256 *commitment)
{
    uint8_t own[2][CU_X25519_KEY], sender[CU_X25519_KEY], receiver[2][CU_X25519_KEY] = {{0}}, key[CU_SEAL_KEY], head[CU_BODY_HEAD];
    size_t from = out->n;
    if (text.n > CU_BODY_MAX)
        return CU_TOO_BIG;
    CU_ASSERT(about->part < CU_BODY_PARTS && about->class < CLASSES && about->personal == (person_pk != NULL) &&
              strlen(about->exchange) == CU_ID_LEN - 1);
    cu_random(own[0], CU_X25519_KEY);
    memcpy(own[1], own[0], CU_X25519_KEY);
    memcpy(receiver[0], data_pk, CU_X25519_KEY);
    if (person_pk)
        memcpy(receiver[1], person_pk, CU_X25519_KEY);
    cu_err e = cu_x25519_public(own[0], sender);
    if (e == CU_OK)
        e = mix(own, receiver, sender, receiver, person_pk ? 2 : 1, key);
    cu_wipe(own, sizeof own);
    put_head(about, sender, head);
    if (e == CU_OK)
        e = seal_text(key, head, text, out, commitment);
    cu_wipe(key, sizeof key);
    if (e == CU_OK)
        cu_sha256_of(cu_slice(cu_buf_view(out), from, out->n), digest);
    return e;
}

cu_err cu_body_read(cu_bytes file, cu_body_about *about)
{
    if (file.n < CU_BODY_EXTRA || file.n > CU_BODY_MAX + CU_BODY_EXTRA || !cu_starts(file, CU_LIT(MAGIC)))
        return CU_CORRUPT;
    *about = (cu_body_about){.part = file.p[AT_PART], .class = file.p[AT_CLASS], .personal = file.p[AT_PERSONAL]};
    memcpy(about->key, file.p + AT_KEY, CU_BODY_KEY);
    memcpy(about->exchange, file.p + AT_EXCHANGE, CU_ID_LEN - 1);
    static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    bool zeros = !file.p[AT_ZERO] && !file.p[AT_SENDER - 2] && !file.p[AT_SENDER - 1];
    return zeros && about->part < CU_BODY_PARTS && about->class < CLASSES && file.p[AT_PERSONAL] <= 1 &&
                   strspn(about->exchange, base32) == CU_ID_LEN - 1
               ? CU_OK
               : CU_CORRUPT;
}

cu_err cu_body_open(cu_bytes file, const uint8_t data_secret[CU_X25519_KEY], const uint8_t *person_secret, cu_buf *text, cu_sha256 *commitment)
{
    cu_body_about about;
    uint8_t own[2][CU_X25519_KEY] = {{0}}, sender[2][CU_X25519_KEY], receiver[2][CU_X25519_KEY] = {{0}}, key[CU_SEAL_KEY];
    cu_buf inner CU_CLEAN_BUF = CU_BUF(file.n);
    CU_TRY(cu_body_read(file, &about));
    if (about.personal != (person_secret != NULL))
        return CU_CORRUPT;
    memcpy(own[0], data_secret, CU_X25519_KEY);
    if (person_secret)
        memcpy(own[1], person_secret, CU_X25519_KEY);
    cu_err e = cu_x25519_public(own[0], receiver[0]);
    if (e == CU_OK && person_secret)
        e = cu_x25519_public(own[1], receiver[1]);
    for (size_t i = 0; i < 2; i++)
        memcpy(sender[i], file.p + AT_SENDER, CU_X25519_KEY);
    if (e == CU_OK)
        e = mix(own, sender, sender[0], receiver, person_secret ? 2 : 1, key);
    cu_wipe(own, sizeof own);
    if (e == CU_OK)
        e = cu_unseal(key, cu_slice(file, 0, CU_BODY_HEAD), cu_slice(file, CU_BODY_HEAD, file.n), &inner);
    cu_wipe(key, sizeof key);
    if (e != CU_OK)
        return e;
    CU_ASSERT(inner.n >= CU_BODY_OPENING);
    cu_bytes plain = cu_slice(cu_buf_view(&inner), CU_BODY_OPENING, inner.n);
    commit(inner.p, plain, commitment);
    cu_buf_add(text, plain);
    return cu_buf_err(text);
}

void cu_body_name(const char *exchange, unsigned part, cu_bytes person, char out[CU_BODY_NAME])
{
    bool whole = person.n == 34 && person.p[0] == 'p' && person.p[1] == '_';
    snprintf(out, CU_BODY_NAME, "%s.%s.%.*s", exchange, cu_body_part_name(part), whole ? 34 : 7, whole ? (const char *)person.p : "service");
}

cu_bytes cu_body_name_person(const char *name)
{
    const char *dot = strchr(name, '.'), *last = dot ? strchr(dot + 1, '.') : NULL;
    bool whole = last && !strchr(last + 1, '.') && dot == name + CU_ID_LEN - 1;
    return whole ? cu_str(last + 1) : CU_NONE;
}
