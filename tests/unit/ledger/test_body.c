/* What is sealed to two keys opens with both, and with nothing else; the parts of the file are where the
 * format says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "ledger/body.h"

static const uint8_t data_secret[CU_X25519_KEY] = {8}, person_secret[CU_X25519_KEY] = {16}, other[CU_X25519_KEY] = {24};
static uint8_t data_pk[CU_X25519_KEY], person_pk[CU_X25519_KEY];
static const cu_body_about hers = {.part = CU_BODY_ANSWER, .class = 2, .personal = true, .exchange = "01JDZ0V6N8QXW5T9C3B7M1K2RE", .key = {9, 8, 7}};

static void seal(const cu_body_about *about, cu_bytes text, cu_buf *file, cu_sha256 *digest, cu_sha256 *commitment)
{
    assert_int_equal(cu_body_seal(about, data_pk, about->personal ? person_pk : NULL, text, file, digest, commitment), CU_OK);
    assert_int_equal(file->n, text.n + CU_BODY_EXTRA);
}

static void comes_back(void **state)
{
    const size_t sizes[] = {0, 1, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int personal = 0; personal < 2; personal++) {
            cu_body_about about = hers, back;
            cu_buf file CU_CLEAN_BUF = CU_BUF(2 << 20), text CU_CLEAN_BUF = CU_BUF(2 << 20);
            cu_sha256 digest, commitment, again;
            uint8_t *body = calloc(1, sizes[i] + 1);
            about.personal = personal;
            seal(&about, cu_bytes_of(body, sizes[i]), &file, &digest, &commitment);
            cu_sha256_of(cu_buf_view(&file), &again);
            assert_memory_equal(&again, &digest, sizeof digest);
            assert_int_equal(cu_body_read(cu_buf_view(&file), &back), CU_OK);
            assert_memory_equal(&back, &about, sizeof about);
            assert_int_equal(cu_body_open(cu_buf_view(&file), data_secret, personal ? person_secret : NULL, &text, &again), CU_OK);
            assert_true(cu_eq(cu_buf_view(&text), cu_bytes_of(body, sizes[i])));
            assert_memory_equal(&again, &commitment, sizeof commitment);
            free(body);
        }
}

static void no_other_key_opens_it(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(4096), text CU_CLEAN_BUF = CU_BUF(4096);
    cu_sha256 digest, commitment;
    seal(&hers, CU_LIT("question"), &file, &digest, &commitment);
    cu_bytes f = cu_buf_view(&file);
    assert_int_equal(cu_body_open(f, other, person_secret, &text, &commitment), CU_CORRUPT);
    assert_int_equal(cu_body_open(f, data_secret, other, &text, &commitment), CU_CORRUPT);
    assert_int_equal(cu_body_open(f, data_secret, NULL, &text, &commitment), CU_CORRUPT);
    assert_int_equal(cu_body_open(f, person_secret, data_secret, &text, &commitment), CU_CORRUPT);
    assert_int_equal(text.n, 0);
}

static void every_changed_bit_is_noticed(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(4096), text CU_CLEAN_BUF = CU_BUF(4096);
    cu_sha256 digest, commitment;
    seal(&hers, CU_LIT("question"), &file, &digest, &commitment);
    for (size_t i = 0; i < file.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            file.p[i] ^= (uint8_t)(1u << bit);
            assert_int_equal(cu_body_open(cu_buf_view(&file), data_secret, person_secret, &text, &commitment), CU_CORRUPT);
            file.p[i] ^= (uint8_t)(1u << bit);
        }
        assert_int_equal(cu_body_open(cu_slice(cu_buf_view(&file), 0, i), data_secret, person_secret, &text, &commitment), CU_CORRUPT);
    }
}

/* The same text twice: nothing of the files or the entries is the same. */
static void the_same_text_is_not_seen(void **state)
{
    cu_buf a CU_CLEAN_BUF = CU_BUF(4096), b CU_CLEAN_BUF = CU_BUF(4096);
    cu_sha256 da, db, ca, cb;
    seal(&hers, CU_LIT("question"), &a, &da, &ca);
    seal(&hers, CU_LIT("question"), &b, &db, &cb);
    assert_memory_equal(a.p, b.p, 56);
    assert_memory_not_equal(a.p + 56, b.p + 56, 32);
    assert_memory_not_equal(a.p + 88, b.p + 88, a.n - 88);
    assert_memory_not_equal(&da, &db, sizeof da);
    assert_memory_not_equal(&ca, &cb, sizeof ca);
}

static void names(void **state)
{
    char name[CU_BODY_NAME];
    cu_body_name(hers.exchange, CU_BODY_ANSWER, CU_LIT("p_0f3a6c1d9b2e4f70815a6c1d9b2e4f70"), name);
    assert_string_equal(name, "01JDZ0V6N8QXW5T9C3B7M1K2RE.answer.p_0f3a6c1d9b2e4f70815a6c1d9b2e4f70");
    assert_true(cu_eq_str(cu_body_name_person(name), "p_0f3a6c1d9b2e4f70815a6c1d9b2e4f70"));
    cu_body_name(hers.exchange, CU_BODY_REQUEST, CU_LIT("ci"), name);
    assert_string_equal(name, "01JDZ0V6N8QXW5T9C3B7M1K2RE.request.service");
    static const char *const none[] = {"", ".", "a.b.c", "01JDZ0V6N8QXW5T9C3B7M1K2RE", "01JDZ0V6N8QXW5T9C3B7M1K2RE.request", "01JDZ0V6N8QXW5T9C3B7M1K2RE.request.x.y"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(cu_body_name_person(none[i]).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(no_other_key_opens_it), cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(the_same_text_is_not_seen), cmocka_unit_test(names),
    };
    if (cu_x25519_public(data_secret, data_pk) != CU_OK || cu_x25519_public(person_secret, person_pk) != CU_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
