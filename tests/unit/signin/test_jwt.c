/* Tokens that are signed here, with keys that are made here; and each thing that may be wrong with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include "base/digest.h"
#include "signin/jwt.h"

#define NOW 1800000000u

typedef struct {
    const char *alg, *kid;
    EVP_PKEY *key;
} signer;

static signer signers[3];
static cu_buf jwks = {.ceiling = CU_JWKS_MAX};
static const cu_jwt_want want = {.issuer = "https://id.example", .audience = "custos", .nonce = "n-1", .now_s = NOW};

static void put64(cu_buf *b, const char *name, const uint8_t *p, size_t n)
{
    cu_buf_fmt(b, ",\"%s\":\"", name);
    cu_base64url(b, cu_bytes_of(p, n));
    cu_buf_byte(b, '"');
}

static void put_bn(cu_buf *b, EVP_PKEY *key, const char *param, const char *name, size_t width)
{
    uint8_t raw[512];
    BIGNUM *v = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &v), 1);
    int n = width ? BN_bn2binpad(v, raw, (int)width) : BN_bn2bin(v, raw);
    put64(b, name, raw, (size_t)n);
    BN_free(v);
}

static int make_keys(void **state)
{
    uint8_t raw[32];
    size_t n = sizeof raw;
    signers[0] = (signer){"RS256", "r", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)};
    signers[1] = (signer){"ES256", "e", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
    signers[2] = (signer){"EdDSA", "d", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    cu_buf_str(&jwks, "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"use\":\"sig\"");
    put_bn(&jwks, signers[0].key, OSSL_PKEY_PARAM_RSA_N, "n", 0);
    put_bn(&jwks, signers[0].key, OSSL_PKEY_PARAM_RSA_E, "e", 0);
    cu_buf_str(&jwks, "},{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\"");
    put_bn(&jwks, signers[1].key, OSSL_PKEY_PARAM_EC_PUB_X, "x", 32);
    put_bn(&jwks, signers[1].key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", 32);
    cu_buf_str(&jwks, "},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"d\"");
    EVP_PKEY_get_raw_public_key(signers[2].key, raw, &n);
    put64(&jwks, "x", raw, n);
    cu_buf_str(&jwks, "}]}");
    return jwks.err;
}

static int free_keys(void **state)
{
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(signers[i].key);
    cu_buf_free(&jwks);
    return 0;
}

static void sign(const signer *s, cu_buf *token)
{
    uint8_t sig[512], flat[64];
    size_t n = sizeof sig;
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_DigestSignInit(m, NULL, strcmp(s->alg, "EdDSA") == 0 ? NULL : EVP_sha256(), NULL, s->key);
    assert_int_equal(EVP_DigestSign(m, sig, &n, token->p, token->n), 1);
    EVP_MD_CTX_free(m);
    cu_buf_byte(token, '.');
    if (strcmp(s->alg, "ES256") == 0) {
        const unsigned char *at = sig;
        ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &at, (long)n);
        BN_bn2binpad(ECDSA_SIG_get0_r(es), flat, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(es), flat + 32, 32);
        ECDSA_SIG_free(es);
        cu_base64url(token, cu_bytes_of(flat, 64));
    } else {
        cu_base64url(token, cu_bytes_of(sig, n));
    }
}

static void token_of(const signer *s, const char *head, const char *claims, cu_buf *out)
{
    cu_base64url(out, cu_str(head));
    cu_buf_byte(out, '.');
    cu_base64url(out, cu_str(claims));
    sign(s, out);
}

static void claims_of(char out[512], const char *iss, const char *aud, long exp, const char *nonce, const char *more)
{
    snprintf(out, 512, "{\"iss\":\"%s\",\"aud\":%s,\"exp\":%ld,\"iat\":%u,\"nonce\":\"%s\",\"sub\":\"s1\"%s}", iss, aud, exp, NOW - 5, nonce, more);
}

static cu_err check(const signer *s, const char *head, const char *claims, cu_fault *f)
{
    cu_buf token CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX), out CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
    *f = (cu_fault){0};
    token_of(s, head, claims, &token);
    cu_err e = cu_jwt_check(cu_buf_view(&token), cu_buf_view(&jwks), &want, &out, f);
    if (e == CU_OK)
        assert_string_equal(cu_buf_cstr(&out), claims);
    else
        assert_int_equal(out.n, 0);
    return e;
}

static void each_algorithm_holds_with_its_own_key(void **state)
{
    char claims[512], head[100];
    cu_fault f;
    claims_of(claims, want.issuer, "\"custos\"", NOW + 60, "n-1", "");
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            snprintf(head, sizeof head, "{\"alg\":\"%s\",\"kid\":\"%s\"}", signers[i].alg, signers[k].kid);
            assert_int_equal(check(&signers[i], head, claims, &f), i == k ? CU_OK : CU_SIGNATURE);
        }
    assert_int_equal(check(&signers[0], "{\"alg\":\"RS256\"}", claims, &f), CU_OK); /* without a kid, any that fits */
}

static void other_algorithms_are_not_known(void **state)
{
    static const char *const heads[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{}", "{\"alg\":\"RS512\"}", "{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}",
                                        "{\"alg\":[\"RS256\"]}"};
    char claims[512];
    cu_fault f;
    claims_of(claims, want.issuer, "\"custos\"", NOW + 60, "n-1", "");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        assert_int_equal(check(&signers[0], heads[i], claims, &f), CU_UNSUPPORTED);
}

static void what_is_said_must_be_wanted(void **state)
{
    static const struct {
        const char *iss, *aud;
        long exp;
        const char *nonce, *more, *names;
    } v[] = {
        {"https://id.example/", "\"custos\"", NOW + 60, "n-1", "", "iss"},
        {"https://evil.example", "\"custos\"", NOW + 60, "n-1", "", "iss"},
        {"https://id.example", "\"other\"", NOW + 60, "n-1", "", "aud"},
        {"https://id.example", "[\"custos\",\"other\"]", NOW + 60, "n-1", "", "azp"},
        {"https://id.example", "[\"custos\",\"other\"]", NOW + 60, "n-1", ",\"azp\":\"other\"", "azp"},
        {"https://id.example", "\"custos\"", NOW + 60, "n-1", ",\"azp\":7", "azp"},
        {"https://id.example", "\"custos\"", NOW - 61, "n-1", "", "exp"},
        {"https://id.example", "\"custos\"", NOW + 60, "n-2", "", "nonce"},
        {"https://id.example", "\"custos\"", NOW + 60, "", "", "nonce"},
        {"https://id.example", "\"custos\"", NOW + 60, "n-1", ",\"nbf\":1800000061", "nbf"},
        {"https://id.example", "\"custos\"", NOW + 60, "n-1", ",\"nbf\":\"soon\"", "nbf"},
    };
    char claims[512];
    cu_fault f;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        claims_of(claims, v[i].iss, v[i].aud, v[i].exp, v[i].nonce, v[i].more);
        assert_int_equal(check(&signers[1], "{\"alg\":\"ES256\",\"kid\":\"e\"}", claims, &f), CU_DENIED);
        assert_non_null(strstr(f.text, v[i].names));
    }
    claims_of(claims, want.issuer, "[\"custos\",\"other\"]", NOW + 60, "n-1", ",\"azp\":\"custos\"");
    assert_int_equal(check(&signers[1], "{\"alg\":\"ES256\",\"kid\":\"e\"}", claims, &f), CU_OK);
    assert_int_equal(check(&signers[2], "{\"alg\":\"EdDSA\",\"kid\":\"d\"}", "{\"iss\":\"https://id.example\",\"aud\":\"custos\",\"exp\":1800000060,\"iat\":1,\"nonce\":\"n-1\"}", &f), CU_DENIED);
    assert_non_null(strstr(f.text, "sub"));
    assert_int_equal(check(&signers[2], "{\"alg\":\"EdDSA\",\"kid\":\"d\"}", "{\"iss\":\"https://id.example\",\"iss\":\"https://evil.example\"}", &f), CU_SYNTAX);
}

static void a_changed_byte_is_found(void **state)
{
    char claims[512];
    cu_fault f;
    cu_buf token CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
    claims_of(claims, want.issuer, "\"custos\"", NOW + 60, "n-1", "");
    token_of(&signers[2], "{\"alg\":\"EdDSA\",\"kid\":\"d\"}", claims, &token);
    for (size_t i = 0; i < token.n; i++) {
        cu_buf out CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
        uint8_t was = token.p[i];
        token.p[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(cu_jwt_check(cu_buf_view(&token), cu_buf_view(&jwks), &want, &out, &f), CU_OK);
        assert_int_not_equal(cu_jwt_check(cu_bytes_of(token.p, i), cu_buf_view(&jwks), &want, &out, &f), CU_OK);
        assert_int_equal(out.n, 0);
        token.p[i] = was;
    }
}

static void broken_key_sets_sign_nothing(void **state)
{
    static const char *const sets[] = {"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[7,null,{}]}", "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
                                       "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}"};
    char claims[512];
    cu_fault f;
    claims_of(claims, want.issuer, "\"custos\"", NOW + 60, "n-1", "");
    for (size_t k = 0; k < 3; k++) {
        char head[64];
        cu_buf token CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX), out CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
        snprintf(head, sizeof head, "{\"alg\":\"%s\"}", signers[k].alg);
        token_of(&signers[k], head, claims, &token);
        for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
            assert_int_equal(cu_jwt_check(cu_buf_view(&token), cu_str(sets[i]), &want, &out, &f), CU_SIGNATURE);
    }
}

static void base64url_is_strict(void **state)
{
    static const char *const not[] = {"A", "AA=", "AA==", "A+", "A/", "A A", "AB", "AAB"};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(16);
        assert_int_not_equal(cu_unbase64url(&b, cu_str(not[i])), CU_OK);
    }
    cu_buf b CU_CLEAN_BUF = CU_BUF(16), back CU_CLEAN_BUF = CU_BUF(16);
    cu_base64url(&b, CU_LIT("\xfb\xff\xfe\x01"));
    assert_string_equal(cu_buf_cstr(&b), "-__-AQ");
    assert_int_equal(cu_unbase64url(&back, cu_buf_view(&b)), CU_OK);
    assert_memory_equal(back.p, "\xfb\xff\xfe\x01", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_holds_with_its_own_key),
        cmocka_unit_test(other_algorithms_are_not_known),
        cmocka_unit_test(what_is_said_must_be_wanted),
        cmocka_unit_test(a_changed_byte_is_found),
        cmocka_unit_test(broken_key_sets_sign_nothing),
        cmocka_unit_test(base64url_is_strict),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
