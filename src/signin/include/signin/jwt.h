/* ID tokens: a JWS in compact form (RFC 7515) that holds a JWT (RFC 7519), checked as OpenID Connect Core
 * 1.0 section 3.1.3.7 asks. RS256, ES256 and EdDSA (Ed25519, RFC 8037) through OpenSSL; no other algorithm
 * is known, "none" and keys that a token brings itself least of all. */
#ifndef CUSTOS_SIGNIN_JWT_H
#define CUSTOS_SIGNIN_JWT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_JWT_MAX 16384u   /* bytes of a token */
#define CU_JWKS_MAX 65536u  /* bytes of a key set */
#define CU_JWT_LEEWAY_S 60u /* for clocks that differ */

typedef struct {
    const char *issuer, *audience, *nonce; /* exactly these */
    uint64_t now_s;                        /* Unix seconds */
} cu_jwt_want;

/* The claims (a JSON object) of a token that one of the keys of `jwks` (RFC 7517) signed and that says what is
 * wanted: iss, aud (and azp when there are several), exp, iat, nbf, nonce, sub. CU_SYNTAX: it is none;
 * CU_SIGNATURE: nobody of ours signed it; CU_DENIED: it says something else; f says what, never a value. */
cu_err cu_jwt_check(cu_bytes token, cu_bytes jwks, const cu_jwt_want *w, cu_buf *claims, cu_fault *f) CU_MUST;
/* RFC 4648 section 5, without padding. */
void cu_base64url(cu_buf *out, cu_bytes data);
cu_err cu_unbase64url(cu_buf *out, cu_bytes text) CU_MUST;

#endif
