#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "form.h"

static void a_head_is_read_as_written(void **state)
{
    const backup_head h = {.made = "2026-11-26T01:02:03.004Z", .entries = 77, .secrets = true, .salt = {1, 2, 3}};
    backup_head got;
    cu_buf b CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    backup_head_text(&h, &b);
    assert_int_equal(backup_head_parse(cu_buf_view(&b), &got), CU_OK);
    assert_string_equal(got.made, h.made);
    assert_true(got.entries == 77 && got.secrets && memcmp(got.salt, h.salt, BACKUP_SALT) == 0);
}

/* Each prefix, each changed byte: another text, or refused. */
static void nothing_else_is_read(void **state)
{
    const backup_head h = {.made = "2026-11-26T01:02:03.004Z", .entries = 77};
    backup_head got;
    cu_buf b CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    backup_head_text(&h, &b);
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(backup_head_parse(cu_slice(cu_buf_view(&b), 0, n), &got), CU_OK);
    for (size_t i = 0; i < b.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            b.p[i] ^= (uint8_t)(1u << bit);
            cu_buf again CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
            if (backup_head_parse(cu_buf_view(&b), &got) == CU_OK) {
                backup_head_text(&got, &again);
                assert_true(cu_eq(cu_buf_view(&again), cu_buf_view(&b)));
            }
            b.p[i] ^= (uint8_t)(1u << bit);
        }
}

static void keys_depend_on_passphrase_and_salt(void **state)
{
    const uint8_t salt[2][BACKUP_SALT] = {{1}, {2}};
    backup_keys a, b, c, d;
    char x[65], y[65];
    assert_int_equal(backup_keys_derive(CU_LIT("one long phrase"), salt[0], &a), CU_OK);
    assert_int_equal(backup_keys_derive(CU_LIT("one long phrase"), salt[0], &b), CU_OK);
    assert_int_equal(backup_keys_derive(CU_LIT("one long phrase"), salt[1], &c), CU_OK);
    assert_int_equal(backup_keys_derive(CU_LIT("two long phrase"), salt[0], &d), CU_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    assert_memory_not_equal(&a, &d, sizeof a);
    assert_memory_not_equal(a.seal, a.list, sizeof a.list);
    backup_authentic(&a, CU_LIT("lines"), x);
    backup_authentic(&a, CU_LIT("line"), y);
    assert_string_not_equal(x, y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_head_is_read_as_written), cmocka_unit_test(nothing_else_is_read),
                                       cmocka_unit_test(keys_depend_on_passphrase_and_salt)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
