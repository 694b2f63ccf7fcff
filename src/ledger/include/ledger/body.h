/* A body that is kept: sealed by a gateway to public keys, opened by whoever holds the secret ones. What the
 * log says of it are the digest of the sealed file and a commitment to the text, whose random opening lies
 * inside. AES-256-GCM under a key that X25519 (RFC 7748) gives of a key pair made for this body alone, of
 * which the secret half is forgotten at once. docs/formats/bodies.md describes the file. */
#ifndef CUSTOS_LEDGER_BODY_H
#define CUSTOS_LEDGER_BODY_H

#include "base/agree.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/seal.h"

#define CU_BODY_KEY 16u                /* bytes of a data key's id */
#define CU_BODY_HEAD 88u               /* bytes before the box */
#define CU_BODY_OPENING 32u
#define CU_BODY_EXTRA (CU_BODY_HEAD + CU_SEAL_EXTRA + CU_BODY_OPENING)
#define CU_BODY_MAX ((size_t)256 << 20) /* bytes of text */
#define CU_BODY_NAME 96u               /* of a file's name, with the NUL */

typedef enum { CU_BODY_REQUEST, CU_BODY_ANSWER, CU_BODY_PARTS } cu_body_part;
const char *cu_body_part_name(unsigned part); /* "request" */

typedef struct {
    uint8_t part, class;   /* cu_body_part, cu_data_class */
    bool personal;         /* the person's key is needed as well */
    char exchange[CU_ID_LEN];
    uint8_t key[CU_BODY_KEY];
} cu_body_about;

/* Appends the file. person: NULL for a service. */
cu_err cu_body_seal(const cu_body_about *about, const uint8_t data_pk[CU_X25519_KEY], const uint8_t *person_pk, cu_bytes text, cu_buf *out,
                    cu_sha256 *digest, cu_sha256 *commitment) CU_MUST;
/* CU_CORRUPT when it does not begin like one, or is too short. */
cu_err cu_body_read(cu_bytes file, cu_body_about *about) CU_MUST;
/* Appends the text. CU_CORRUPT: other keys, or not what was sealed. person: of about->personal, else NULL. */
cu_err cu_body_open(cu_bytes file, const uint8_t data_secret[CU_X25519_KEY], const uint8_t *person_secret, cu_buf *text,
                    cu_sha256 *commitment) CU_MUST;
/* EXCHANGE.PART.PERSON, the person being a pseudonym or the word service. */
void cu_body_name(const char *exchange, unsigned part, cu_bytes person, char out[CU_BODY_NAME]);
/* The person of such a name; empty: it is none. */
cu_bytes cu_body_name_person(const char *name);

#endif
