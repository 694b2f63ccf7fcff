/* What a repository is called, and that no credential and no folder gets into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "scan/repository.h"

static void addresses_lose_user_password_and_port(void **state)
{
    static const char *const cases[][2] = {
        {"https://github.com/acme/shop.git", "github.com/acme/shop"},
        {"https://user:pa/ss@github.com/acme/shop", "github.com/acme/shop"}, /* not escaped as it should be */
        {"https://user:p?a#s@github.com/acme/shop", "github.com/acme/shop"},
        {"https://github.com/acme/shop?ref=a@b", "github.com/acme/shop"},
        {"https://user:pass@git.example.com:8443/acme/shop.git/", "git.example.com/acme/shop"},
        {"https://a@b@git.example.com/acme/shop", "git.example.com/acme/shop"},
        {"https://token@git.example.com/acme/shop.git?private_token=x#y", "git.example.com/acme/shop"},
        {"git@github.com:acme/shop.git", "github.com/acme/shop"},
        {"github.com:acme/shop", "github.com/acme/shop"},
        {"ssh://git@git.example.com:22/~ada/shop.git", "git.example.com/_ada/shop"},
        {"git@host:/srv/git/shop.git", "host/srv/git/shop"},
        {"https://[2001:db8::1]:8443/acme/shop", "_2001_db8__1__8443/acme/shop"},
        {"/home/ada/secret-project/shop.git", "shop"},
        {"/home/ada/shop/.git", "shop"},
        {"../other/shop/", "shop"},
        {"file:///home/ada/shop.git", "shop"},
        {"./shop", "shop"},
        {"shop", "shop"},
        {"/srv/..", "_."},
        {"/srv/\xc3\xa4pfel und birnen", "__pfel_und_birnen"},
        {"https://git.example.com//acme///.hidden", "git.example.com/acme/_hidden"},
        {"/", ""},
        {"", ""},
        {"https://", ""},
        {"@:", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *exact = strdup(cases[i][0]), name[CU_REPOSITORY_NAME + 1];
        cu_repository_name(exact, name);
        assert_string_equal(name, cases[i][1]);
        free(exact);
    }
}

static void a_long_name_loses_its_front(void **state)
{
    char address[600] = "https://host/", name[CU_REPOSITORY_NAME + 1];
    memset(address + 13, 'a', 200);
    strcpy(address + 213, "/group/shop");
    cu_repository_name(address, name);
    assert_true(strlen(name) <= CU_REPOSITORY_NAME);
    assert_string_equal(name + strlen(name) - 10, "group/shop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_lose_user_password_and_port),
        cmocka_unit_test(a_long_name_loses_its_front),
    };
    return cmocka_run_group_tests_name("repository", tests, NULL, NULL);
}
