#include "signin/jwt.h"
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include "base/digest.h"

#define PART_MAX CU_JWT_MAX
#define KEYS_MAX 64u
#define RSA_MIN 256u  /* bytes of a modulus: 2048 bits */
#define RSA_MAX 1024u

/* --- base64url --- */

void cu_base64url(cu_buf *out, cu_bytes data)
{
    size_t from = out->n;
    cu_base64(out, data);
    for (size_t i = from; i < out->n; i++)
        out->p[i] = out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i];
    while (out->n > from && out->p[out->n - 1] == '=')
        out->n--;
}

cu_err cu_unbase64url(cu_buf *out, cu_bytes text)
{
    cu_buf plain CU_CLEAN_BUF = CU_BUF(text.n + 4);
    if (text.n % 4 == 1)
        return CU_SYNTAX;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '+' || c == '/' || c == '=')
            return CU_SYNTAX;
        cu_buf_byte(&plain, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (plain.n % 4)
        cu_buf_byte(&plain, '=');
    CU_TRY(cu_buf_err(&plain));
    return cu_unbase64(out, cu_buf_view(&plain));
}

/* --- keys --- */

typedef enum { RS256, ES256, EDDSA, ALGORITHMS } algorithm;
static const struct {
    const char *alg, *kty, *crv;
} algorithms[ALGORITHMS] = {{"RS256", "RSA", NULL}, {"ES256", "EC", "P-256"}, {"EdDSA", "OKP", "Ed25519"}};

static const char *word(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static bool bytes_of(const json_t *jwk, const char *name, cu_buf *out)
{
    const char *s = json_string_value(json_object_get(jwk, name));
    return s && cu_unbase64url(out, cu_str(s)) == CU_OK && out->n > 0;
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *rsa_key(const json_t *jwk)
{
    cu_buf n CU_CLEAN_BUF = CU_BUF(RSA_MAX), e CU_CLEAN_BUF = CU_BUF(8);
    if (!bytes_of(jwk, "n", &n) || !bytes_of(jwk, "e", &e) || n.n < RSA_MIN)
        return NULL;
    BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (bn && be && bld && BN_is_odd(be) && !BN_is_one(be) && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
        key = from_params("RSA", bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(bn);
    BN_free(be);
    return key;
}

static EVP_PKEY *ec_key(const json_t *jwk)
{
    cu_buf x CU_CLEAN_BUF = CU_BUF(32), y CU_CLEAN_BUF = CU_BUF(32);
    uint8_t point[65] = {4};
    if (!bytes_of(jwk, "x", &x) || !bytes_of(jwk, "y", &y) || x.n != 32 || y.n != 32)
        return NULL;
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = from_params("EC", bld); /* refuses a point that is not on the curve */
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static EVP_PKEY *ed_key(const json_t *jwk)
{
    cu_buf x CU_CLEAN_BUF = CU_BUF(32);
    return bytes_of(jwk, "x", &x) && x.n == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.p, x.n) : NULL;
}

static EVP_PKEY *key_of(const json_t *jwk, algorithm a)
{
    const char *use = word(jwk, "use"), *alg = word(jwk, "alg");
    if (strcmp(word(jwk, "kty"), algorithms[a].kty) != 0 || (algorithms[a].crv && strcmp(word(jwk, "crv"), algorithms[a].crv) != 0))
        return NULL;
    if ((use[0] && strcmp(use, "sig") != 0) || (alg[0] && strcmp(alg, algorithms[a].alg) != 0 && !(a == EDDSA && strcmp(alg, "Ed25519") == 0)))
        return NULL;
    return a == RS256 ? rsa_key(jwk) : a == ES256 ? ec_key(jwk) : ed_key(jwk);
}

/* --- signature --- */

/* JWS has r and s side by side (RFC 7518 section 3.4), OpenSSL wants them in DER. */
static bool to_der(cu_bytes sig, cu_buf *out)
{
    if (sig.n != 64)
        return false;
    ECDSA_SIG *s = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig.p, 32, NULL), *t = BN_bin2bn(sig.p + 32, 32, NULL);
    unsigned char *der = NULL;
    int n = 0;
    if (s && r && t && ECDSA_SIG_set0(s, r, t) == 1) {
        r = t = NULL; /* they are its own now */
        n = i2d_ECDSA_SIG(s, &der);
    }
    if (n > 0)
        cu_buf_put(out, der, (size_t)n);
    OPENSSL_free(der);
    BN_free(r);
    BN_free(t);
    ECDSA_SIG_free(s);
    return n > 0 && out->err == CU_OK;
}

static bool signed_by(EVP_PKEY *key, algorithm a, cu_bytes text, cu_bytes sig)
{
    cu_buf der CU_CLEAN_BUF = CU_BUF(128);
    if (a == ES256) {
        if (!to_der(sig, &der))
            return false;
        sig = cu_buf_view(&der);
    }
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok = m && EVP_DigestVerifyInit(m, NULL, a == EDDSA ? NULL : EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(m, sig.p, sig.n, text.p, text.n) == 1;
    EVP_MD_CTX_free(m);
    return ok;
}

/* By the key that the token names; by any that fits when it names none. */
static bool one_signed(const json_t *keys, const char *kid, algorithm a, cu_bytes text, cu_bytes sig)
{
    const json_t *jwk;
    size_t i;
    json_array_foreach(keys, i, jwk) {
        if (i == KEYS_MAX)
            return false;
        if (kid[0] && strcmp(word(jwk, "kid"), kid) != 0)
            continue;
        EVP_PKEY *key = key_of(jwk, a);
        bool ok = key && signed_by(key, a, text, sig);
        EVP_PKEY_free(key);
        if (ok)
            return true;
    }
    return false;
}

static json_t *object_of(cu_bytes part)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(PART_MAX);
    if (cu_unbase64url(&text, part) != CU_OK)
        return NULL;
    json_t *o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

static cu_err check_signature(const json_t *head, cu_bytes text, cu_bytes sig64, cu_bytes jwks, cu_fault *f)
{
    cu_buf sig CU_CLEAN_BUF = CU_BUF(RSA_MAX);
    algorithm a = RS256;
    while (a < ALGORITHMS && strcmp(word(head, "alg"), algorithms[a].alg) != 0)
        a++;
    if (a == ALGORITHMS)
        return cu_fail(f, CU_UNSUPPORTED, "the token is not signed with RS256, ES256 or EdDSA");
    if (json_object_get(head, "crit"))
        return cu_fail(f, CU_UNSUPPORTED, "the token demands an extension (crit)");
    if (cu_unbase64url(&sig, sig64) != CU_OK)
        return cu_fail(f, CU_SYNTAX, "the token's signature is not base64url");
    json_t *set = jwks.n <= CU_JWKS_MAX ? json_loadb((const char *)jwks.p, jwks.n, 0, NULL) : NULL;
    bool ok = one_signed(json_object_get(set, "keys"), word(head, "kid"), a, text, cu_buf_view(&sig));
    json_decref(set);
    return ok ? CU_OK : cu_fail(f, CU_SIGNATURE, "no key of the provider signed the token");
}

/* --- claims --- */

static bool number(const json_t *o, const char *name, uint64_t *out)
{
    const json_t *v = json_object_get(o, name);
    double d = json_number_value(v);
    *out = json_is_number(v) && d >= 0 && d < 1e15 ? (uint64_t)d : 0;
    return json_is_number(v) && d >= 0 && d < 1e15;
}

static bool for_us(const json_t *claims, const char *audience)
{
    const json_t *aud = json_object_get(claims, "aud"), *azp = json_object_get(claims, "azp"), *v;
    size_t i;
    bool found = json_is_string(aud) && strcmp(json_string_value(aud), audience) == 0;
    json_array_foreach(aud, i, v)
        found |= json_is_string(v) && strcmp(json_string_value(v), audience) == 0;
    if (!found || (json_array_size(aud) > 1 && !azp))
        return false;
    return !azp || (json_is_string(azp) && strcmp(json_string_value(azp), audience) == 0);
}

static const char *refused(const json_t *c, const cu_jwt_want *w)
{
    uint64_t exp, iat, nbf;
    const char *sub = word(c, "sub");
    if (strcmp(word(c, "iss"), w->issuer) != 0)
        return "iss: the token is of another issuer";
    if (!for_us(c, w->audience))
        return "aud, azp: the token is for somebody else";
    if (!number(c, "exp", &exp) || exp + CU_JWT_LEEWAY_S <= w->now_s)
        return "exp: the token has ended";
    if (!number(c, "iat", &iat) || iat > w->now_s + CU_JWT_LEEWAY_S)
        return "iat: the token is of the future";
    if (json_object_get(c, "nbf") && (!number(c, "nbf", &nbf) || nbf > w->now_s + CU_JWT_LEEWAY_S))
        return "nbf: the token is not valid yet";
    if (!w->nonce[0] || strcmp(word(c, "nonce"), w->nonce) != 0)
        return "nonce: the token is of another sign-in";
    return !sub[0] || strlen(sub) > 255 ? "sub: the token names nobody" : NULL;
}

static cu_err check_claims(cu_bytes part, const cu_jwt_want *w, cu_buf *claims, cu_fault *f)
{
    json_t *c = object_of(part);
    const char *why = c ? refused(c, w) : NULL;
    cu_err e = !c ? cu_fail(f, CU_SYNTAX, "the token's claims are no JSON object") : why ? cu_fail(f, CU_DENIED, "%s", why) : CU_OK;
    if (e == CU_OK)
        e = cu_unbase64url(claims, part);
    json_decref(c);
    return e;
}

cu_err cu_jwt_check(cu_bytes token, cu_bytes jwks, const cu_jwt_want *w, cu_buf *claims, cu_fault *f)
{
    size_t one = token.n <= CU_JWT_MAX ? cu_find(token, CU_LIT("."), 0) : (size_t)-1;
    size_t two = one == (size_t)-1 ? one : cu_find(token, CU_LIT("."), one + 1);
    if (two == (size_t)-1 || cu_find(token, CU_LIT("."), two + 1) != (size_t)-1)
        return cu_fail(f, CU_SYNTAX, "the token does not have three parts, or is too long");
    json_t *head = object_of(cu_slice(token, 0, one));
    if (!head)
        return cu_fail(f, CU_SYNTAX, "the token's header is no JSON object");
    cu_err e = check_signature(head, cu_slice(token, 0, two), cu_slice(token, two + 1, token.n), jwks, f);
    json_decref(head);
    return e == CU_OK ? check_claims(cu_slice(token, one + 1, two), w, claims, f) : e;
}
