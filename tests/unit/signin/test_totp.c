#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/digest.h"
#include "signin/totp.h"

#define secret CU_LIT("12345678901234567890")

/* RFC 6238 appendix B, SHA-1. */
static void the_published_vectors(void **state)
{
    static const struct {
        uint64_t at;
        uint32_t code;
    } v[] = {{59, 94287082}, {1111111109, 7081804}, {1111111111, 14050471}, {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        assert_int_equal(cu_totp_code(secret, v[i].at / 30, 8), v[i].code);
}

static void one_step_to_each_side_and_never_twice(void **state)
{
    char code[8];
    uint64_t now = 1234567890, step, at = now / 30;
    for (int d = -2; d <= 2; d++) {
        snprintf(code, sizeof code, "%06u", cu_totp_code(secret, at + (uint64_t)(int64_t)d, 6));
        assert_int_equal(cu_totp_holds(secret, cu_str(code), now, 0, &step), d >= -1 && d <= 1);
        if (d >= -1 && d <= 1) {
            assert_int_equal(step, at + (uint64_t)(int64_t)d);
            assert_false(cu_totp_holds(secret, cu_str(code), now, step, &step)); /* replayed */
            assert_true(cu_totp_holds(secret, cu_str(code), now, step - 1, &step));
        }
    }
    static const char *const not[] = {"", "00000", "0000000", "abcdef", "      "};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        assert_false(cu_totp_holds(secret, cu_str(not[i]), now, 0, &step));
}

/* RFC 4648 section 10. */
static void base32_vectors(void **state)
{
    static const char *const v[][2] = {{"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"fooba", "MZXW6YTB"}, {"foobar", "MZXW6YTBOI"}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(64);
        cu_base32(&b, cu_str(v[i][0]));
        assert_string_equal(cu_buf_cstr(&b), v[i][1]);
    }
}

static void names_cannot_break_out_of_the_address(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_totp_uri(&b, "a&b?c/d e\xc3\xa9", secret);
    assert_string_equal(cu_buf_cstr(&b), "otpauth://totp/Custos:a%26b%3Fc%2Fd%20e%C3%A9?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Custos");
}

static void recovery_codes_are_drawn(void **state)
{
    char a[CU_RECOVERY_CODE], b[CU_RECOVERY_CODE];
    cu_recovery_code(a);
    cu_recovery_code(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), CU_RECOVERY_CODE - 1);
    assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 5);
    assert_int_equal(a[5], '-');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors),
        cmocka_unit_test(one_step_to_each_side_and_never_twice),
        cmocka_unit_test(base32_vectors),
        cmocka_unit_test(names_cannot_break_out_of_the_address),
        cmocka_unit_test(recovery_codes_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
