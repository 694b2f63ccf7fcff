#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/digest.h"
#include "signin/password.h"

static void a_hash_holds_its_password_alone(void **state)
{
    char word[33], hash[CU_PASSWORD_HASH], again[CU_PASSWORD_HASH];
    uint8_t r[16];
    cu_random(r, sizeof r);
    cu_hex(word, r, sizeof r);
    assert_int_equal(cu_password_hash(cu_str(word), hash), CU_OK);
    assert_int_equal(cu_password_hash(cu_str(word), again), CU_OK);
    assert_string_not_equal(hash, again); /* salted */
    assert_ptr_equal(strstr(hash, "$argon2id$v=19$m=65536,t=3,p=1$"), hash);
    assert_null(strstr(hash, word));
    assert_true(cu_password_holds(hash, cu_str(word)));
    word[7] = word[7] == '0' ? '1' : '0';
    assert_false(cu_password_holds(hash, cu_str(word)));
    assert_false(cu_password_holds(hash, CU_NONE));
}

static void what_is_no_hash_holds_nothing(void **state)
{
    static const char *const not[] = {"", "$argon2id$", "plain", "$argon2i$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$"};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        assert_false(cu_password_holds(not[i], CU_LIT("anything at all")));
}

static void weak_ones_are_refused(void **state)
{
    char longest[CU_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "abcde", 5);
    longest[CU_PASSWORD_MAX + 1] = 0;
    assert_non_null(cu_password_refused(CU_LIT("elevenchars"), "ada"));
    assert_null(cu_password_refused(CU_LIT("twelve chars"), "ada"));
    assert_non_null(cu_password_refused(cu_str(longest), "ada"));
    longest[CU_PASSWORD_MAX] = 0;
    assert_null(cu_password_refused(cu_str(longest), "ada"));
    assert_non_null(cu_password_refused(CU_LIT("aaaabbbbaaaabbbb"), "ada"));
    assert_non_null(cu_password_refused(CU_LIT("Grace-hopper-1906"), "grace"));
    assert_null(cu_password_refused(CU_LIT("a long sentence here"), "al")); /* two letters are everywhere */
    assert_non_null(cu_password_refused(CU_LIT("with\0a zero byte in it"), "ada"));
    assert_non_null(cu_password_refused(CU_LIT("not \xff utf-8 at all"), "ada"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_holds_its_password_alone),
        cmocka_unit_test(what_is_no_hash_holds_nothing),
        cmocka_unit_test(weak_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
