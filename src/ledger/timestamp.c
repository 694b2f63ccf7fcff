/* OpenSSL does the work; what is asked of it stands here. */
#include "ledger/timestamp.h"
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <limits.h>
#include <time.h>

static cu_err from_ssl(cu_fault *f, cu_err e, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    cu_fail(f, e, "%s%s%.100s", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return e;
}

static TS_MSG_IMPRINT *imprint_of(cu_bytes data)
{
    cu_sha256 h;
    TS_MSG_IMPRINT *m = TS_MSG_IMPRINT_new();
    X509_ALGOR *algo = X509_ALGOR_new();
    cu_sha256_of(data, &h);
    bool ok = m && algo && X509_ALGOR_set0(algo, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 && TS_MSG_IMPRINT_set_algo(m, algo) == 1 &&
              TS_MSG_IMPRINT_set_msg(m, h.b, sizeof h) == 1;
    X509_ALGOR_free(algo);
    if (!ok)
        TS_MSG_IMPRINT_free(m);
    return ok ? m : NULL;
}

static ASN1_INTEGER *nonce_of(const uint8_t nonce[CU_TIMESTAMP_NONCE])
{
    BIGNUM *n = BN_bin2bn(nonce, CU_TIMESTAMP_NONCE, NULL);
    ASN1_INTEGER *i = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    BN_free(n);
    return i;
}

cu_err cu_timestamp_request(cu_bytes data, const uint8_t nonce[CU_TIMESTAMP_NONCE], cu_buf *out)
{
    TS_REQ *q = TS_REQ_new();
    TS_MSG_IMPRINT *m = imprint_of(data);
    ASN1_INTEGER *n = nonce_of(nonce);
    unsigned char *der = NULL;
    int len = -1;
    if (q && m && n && TS_REQ_set_version(q, 1) == 1 && TS_REQ_set_msg_imprint(q, m) == 1 && TS_REQ_set_nonce(q, n) == 1 &&
        TS_REQ_set_cert_req(q, 1) == 1)
        len = i2d_TS_REQ(q, &der);
    if (len > 0)
        cu_buf_put(out, der, (size_t)len);
    OPENSSL_free(der);
    ASN1_INTEGER_free(n);
    TS_MSG_IMPRINT_free(m);
    TS_REQ_free(q);
    ERR_clear_error();
    return len > 0 ? cu_buf_err(out) : CU_INTERNAL;
}

static bool time_of(TS_TST_INFO *info, uint64_t *out)
{
    struct tm tm = {0};
    const ASN1_GENERALIZEDTIME *t = info ? TS_TST_INFO_get_time(info) : NULL;
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    time_t at = timegm(&tm);
    *out = at > 0 ? (uint64_t)at : 0;
    return at > 0;
}

static X509_STORE *store_of(const char *ca_file)
{
    X509_STORE *s = X509_STORE_new();
    if (!s || X509_STORE_load_file(s, ca_file) != 1) {
        X509_STORE_free(s);
        return NULL;
    }
    return s;
}

/* All certificates of the text; NULL when there is none or one is malformed. */
static X509_STORE *store_in(cu_bytes pem)
{
    X509_STORE *s = X509_STORE_new();
    BIO *in = pem.n && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    size_t n = 0;
    bool ok = s && in;
    for (X509 *c; ok && (c = PEM_read_bio_X509(in, NULL, NULL, NULL)); n++) {
        ok = X509_STORE_add_cert(s, c) == 1;
        X509_free(c);
    }
    ok = ok && n > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; /* the end, and nothing else */
    BIO_free(in);
    if (ok)
        ERR_clear_error();
    else
        X509_STORE_free(s);
    return ok ? s : NULL;
}

static cu_err verify(TS_RESP *r, cu_bytes data, const uint8_t *nonce, X509_STORE *store, cu_fault *f)
{
    TS_VERIFY_CTX *c = TS_VERIFY_CTX_new();
    TS_REQ *q = TS_REQ_new();
    TS_MSG_IMPRINT *m = imprint_of(data);
    ASN1_INTEGER *n = nonce ? nonce_of(nonce) : NULL;
    cu_err e = CU_INTERNAL;
    bool ready = c && q && m && (n || !nonce) && TS_REQ_set_version(q, 1) == 1 && TS_REQ_set_msg_imprint(q, m) == 1 &&
                 (!n || TS_REQ_set_nonce(q, n) == 1) && TS_REQ_to_TS_VERIFY_CTX(q, c);
    if (ready) {
        TS_VERIFY_CTX_add_flags(c, TS_VFY_SIGNATURE);
        TS_VERIFY_CTX_set_store(c, store); /* now its */
        e = TS_RESP_verify_response(c, r) == 1 ? CU_OK : from_ssl(f, CU_SIGNATURE, "the time stamp does not hold");
    } else {
        X509_STORE_free(store);
    }
    ASN1_INTEGER_free(n);
    TS_MSG_IMPRINT_free(m);
    TS_REQ_free(q);
    TS_VERIFY_CTX_free(c);
    return e;
}

/* store is released. Certificates end before logs do: the chain is checked as of the time that the token states. */
static cu_err check(cu_bytes answer, cu_bytes data, const uint8_t *nonce, X509_STORE *store, uint64_t *time, cu_fault *f)
{
    const unsigned char *p = answer.p;
    TS_RESP *r = answer.n && answer.n <= CU_TIMESTAMP_MAX ? d2i_TS_RESP(NULL, &p, (long)answer.n) : NULL;
    if (!r || p != answer.p + answer.n) {
        TS_RESP_free(r);
        X509_STORE_free(store);
        ERR_clear_error();
        return cu_fail(f, CU_SYNTAX, "this is no RFC 3161 answer");
    }
    cu_err e = CU_OK;
    long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(r)));
    if (status != 0 && status != 1) /* granted, granted with modifications */
        e = cu_fail(f, CU_STATE, "the time stamp authority refused (status %ld)", status);
    else if (!time_of(TS_RESP_get_tst_info(r), time))
        e = cu_fail(f, CU_SYNTAX, "the time stamp states no time");
    if (e == CU_OK) {
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)*time);
        e = verify(r, data, nonce, store, f);
    } else {
        X509_STORE_free(store);
    }
    TS_RESP_free(r);
    ERR_clear_error();
    return e;
}

static cu_err no_store(cu_fault *f)
{
    return from_ssl(f, CU_CONFIG, "the certificates of the time stamp authority cannot be read");
}

cu_err cu_timestamp_check(cu_bytes answer, cu_bytes data, const uint8_t *nonce, const char *ca_file, uint64_t *time, cu_fault *f)
{
    X509_STORE *store = store_of(ca_file);
    return store ? check(answer, data, nonce, store, time, f) : no_store(f);
}

cu_err cu_timestamp_check_by(cu_bytes answer, cu_bytes data, cu_bytes ca_pem, uint64_t *time, cu_fault *f)
{
    X509_STORE *store = store_in(ca_pem);
    return store ? check(answer, data, NULL, store, time, f) : no_store(f);
}
