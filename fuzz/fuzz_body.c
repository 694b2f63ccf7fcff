/* Sealed bodies: any bytes at all, and what was sealed with any of its bytes changed. */
#include "ledger/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t data_secret[CU_X25519_KEY] = {1, 2, 3}, person_secret[CU_X25519_KEY] = {4, 5};
    static uint8_t data_pk[CU_X25519_KEY], person_pk[CU_X25519_KEY];
    static cu_buf sealed;
    static cu_sha256 digest, was;
    cu_body_about about = {.class = 2, .personal = true, .exchange = "01JDZ0V6N8QXW5T9C3B7M1K2RE"};
    cu_sha256 commitment;
    cu_buf text CU_CLEAN_BUF = CU_BUF(1 << 20), changed CU_CLEAN_BUF = CU_BUF(1 << 20);
    if (!sealed.n) {
        sealed = CU_BUF(4096);
        CU_ASSERT(cu_x25519_public(data_secret, data_pk) == CU_OK && cu_x25519_public(person_secret, person_pk) == CU_OK);
        CU_ASSERT(cu_body_seal(&about, data_pk, person_pk, CU_LIT("a question"), &sealed, &digest, &was) == CU_OK);
    }
    cu_err e = cu_body_open(cu_bytes_of(data, n), data_secret, person_secret, &text, &commitment);
    CU_ASSERT(e == CU_CORRUPT || e == CU_TOO_BIG || e == CU_NOMEM);
    if (cu_body_read(cu_bytes_of(data, n), &about) == CU_OK)
        CU_ASSERT(about.part < CU_BODY_PARTS && strlen(about.exchange) == CU_ID_LEN - 1 && n >= CU_BODY_EXTRA);
    cu_buf_add(&changed, cu_buf_view(&sealed));
    bool any = false;
    for (size_t i = 0; i + 1 < n && i < 16; i += 2) {
        changed.p[data[i] % changed.n] ^= data[i + 1];
    }
    any = !cu_eq(cu_buf_view(&changed), cu_buf_view(&sealed));
    cu_buf_reset(&text);
    e = cu_body_open(cu_buf_view(&changed), data_secret, person_secret, &text, &commitment);
    CU_ASSERT(any ? e == CU_CORRUPT : e == CU_OK && memcmp(&commitment, &was, sizeof was) == 0 && cu_eq_str(cu_buf_view(&text), "a question"));
    return 0;
}
