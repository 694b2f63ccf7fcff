#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/sign.h"
#include "gate.h"

#define PAYLOAD_TYPE "application/vnd.in-toto+json"
#define STATEMENT_MAX ((size_t)1 << 20)

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static json_t *subjects(const gate_verdict *v)
{
    const char *commit = text_of(v->change, "id"), *artifact = desk_text(v->deploy, "artifact");
    json_t *list = json_pack("[{s:o,s:{s:s}}]", "name", json_sprintf("git+%s@%s", desk_text(v->change, "repo"), commit), "digest", strlen(commit) == 40 ? "gitCommit" : "sha256",
                             commit);
    if (*artifact)
        json_array_append_new(list, json_pack("{s:o,s:{s:s}}", "name", json_sprintf("artifact of %s", desk_text(v->change, "repo")), "digest", "sha256", artifact));
    return list;
}

/* Reports of tests and scans by their digests. */
static json_t *inputs(const gate_verdict *v)
{
    json_t *list = json_array(), *x;
    const char *name;
    json_object_foreach(v->tests, name, x)
        json_array_append_new(list, json_pack("{s:o,s:{s:s}}", "uri", json_sprintf("junit:%s", name), "digest", "sha256", text_of(x, "report")));
    json_object_foreach(v->scans, name, x)
        json_array_append_new(list, json_pack("{s:o,s:{s:s}}", "uri", json_sprintf("sarif:%s", name), "digest", "sha256", text_of(x, "report")));
    return list;
}

static json_t *values_of(const json_t *object)
{
    json_t *list = json_array(), *x;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)object, name, x)
        json_array_append(list, x);
    return list;
}

/* Persons stand by their pseudonyms: the statement leaves the house. */
static json_t *statement(app *a, const gate_verdict *v)
{
    char now[CU_TIME_LEN];
    const cu_config_gate *g = v->gate;
    cu_time_text(cu_now_ns(), now);
    json_t *predicate = json_pack("{s:{s:o},s:s,s:o,s:{s:o},s:o,s:s,s:[s],s:s}", "verifier", "id", json_sprintf("https://%s/gate", a->origin), "timeVerified", now, "resourceUri",
                                  json_sprintf("git+%s@%s", desk_text(v->change, "repo"), text_of(v->change, "id")), "policy", "uri", json_sprintf("custos:gate/%s", g->env),
                                  "inputAttestations", inputs(v), "verificationResult", "PASSED", "verifiedLevels", "SLSA_BUILD_LEVEL_UNEVALUATED", "slsaVersion", "1.0");
    json_t *own = json_pack("{s:s,s:s,s:b,s:b,s:{s:i,s:b,s:b,s:b},s:O,s:o,s:o,s:o}", "environment", g->env, "deployment", text_of(v->deploy, "id"), "emergency", v->emergency, "assistant",
                            json_is_true(json_object_get(json_object_get(v->change, "fields"), "assistant")), "required", "approvals", (int)g->approvals, "tests", g->tests, "scans", g->scans,
                            "review", g->review, "approvals", v->approvals, "tests", values_of(v->tests), "scans", values_of(v->scans), "reviews", values_of(v->reviews));
    json_object_set_new(predicate, "custos_approval", own);
    return json_pack("{s:s,s:o,s:s,s:o}", "_type", "https://in-toto.io/Statement/v1", "subject", subjects(v), "predicateType", "https://slsa.dev/verification_summary/v1", "predicate",
                     predicate);
}

/* Pre-authentication encoding of DSSE v1. */
static void encode(cu_buf *out, cu_bytes payload)
{
    cu_buf_fmt(out, "DSSEv1 %zu %s %zu ", strlen(PAYLOAD_TYPE), PAYLOAD_TYPE, payload.n);
    cu_buf_add(out, payload);
}

json_t *gate_envelope(app *a, const gate_verdict *v, cu_fault *f)
{
    uint8_t seed[CU_ED25519_KEY], pk[CU_ED25519_KEY], sig[CU_ED25519_SIG];
    char keyid[2 * CU_SHA256_LEN + 1];
    cu_sha256 d;
    cu_buf pae CU_CLEAN_BUF = CU_BUF(STATEMENT_MAX), body CU_CLEAN_BUF = CU_BUF(STATEMENT_MAX), sig64 CU_CLEAN_BUF = CU_BUF(256);
    json_t *s = statement(a, v);
    char *payload = json_dumps(s, JSON_COMPACT);
    json_decref(s);
    cu_err e = payload ? keystore_gate_key(a, seed, f) : CU_NOMEM;
    if (e == CU_OK)
        e = cu_ed25519_public(seed, pk);
    if (e == CU_OK) {
        encode(&pae, cu_str(payload));
        e = cu_buf_err(&pae) == CU_OK ? cu_ed25519_sign(seed, cu_buf_view(&pae), sig) : cu_buf_err(&pae);
    }
    cu_wipe(seed, sizeof seed);
    if (e == CU_OK) {
        cu_base64(&body, cu_str(payload));
        cu_base64(&sig64, cu_bytes_of(sig, sizeof sig));
        cu_sha256_of(cu_bytes_of(pk, sizeof pk), &d);
        cu_hex(keyid, d.b, sizeof d.b);
        e = cu_buf_err(&body);
    }
    free(payload);
    if (e != CU_OK) {
        (void)!cu_fail(f, e, "the statement could not be signed: %s", cu_err_text(e));
        return NULL;
    }
    return json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "payloadType", PAYLOAD_TYPE, "payload", cu_buf_cstr(&body), "signatures", "keyid", keyid, "sig", cu_buf_cstr(&sig64));
}

cu_err gate_public_key(app *a, cu_buf *pem, cu_fault *f)
{
    uint8_t seed[CU_ED25519_KEY], pk[CU_ED25519_KEY];
    char *text = NULL;
    CU_TRY(keystore_gate_key(a, seed, f));
    cu_err e = cu_ed25519_public(seed, pk);
    cu_wipe(seed, sizeof seed);
    if (e != CU_OK)
        return e;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pk, sizeof pk);
    BIO *b = BIO_new(BIO_s_mem());
    long n = key && b && PEM_write_bio_PUBKEY(b, key) == 1 ? BIO_get_mem_data(b, &text) : 0;
    if (n > 0)
        cu_buf_put(pem, text, (size_t)n);
    BIO_free(b);
    EVP_PKEY_free(key);
    return n > 0 ? cu_buf_err(pem) : CU_NOMEM;
}
