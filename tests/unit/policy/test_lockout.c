/* Addresses that keep trying are locked out, others are not; and which addresses a provider may have. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "policy/address.h"
#include "policy/lockout.h"

#define S 1000000000ull
#define T0 (1000 * S)

static const cu_lockout_rule rule = {3, 60};

static void address(uint32_t n, uint8_t out[16])
{
    memset(out, 0, 16);
    memcpy(out + 12, &n, 4);
}

static void too_many_failures(void **state)
{
    cu_lockout *t = calloc(1, sizeof *t);
    uint8_t a[16], b[16];
    address(1, a);
    address(2, b);
    assert_false(cu_lockout_failed(t, rule, a, T0));
    cu_lockout_good(t, a, 77, T0 + 1);
    assert_false(cu_lockout_failed(t, rule, a, T0 + S));
    assert_int_equal(cu_lockout_wait(t, a, 5, T0 + S), 0);
    assert_true(cu_lockout_failed(t, rule, a, T0 + 2 * S));
    assert_int_equal(cu_lockout_wait(t, a, 5, T0 + 2 * S), 60 * S);
    assert_int_equal(cu_lockout_wait(t, a, 77, T0 + 2 * S), 0); /* worked before */
    assert_int_equal(cu_lockout_wait(t, b, 5, T0 + 2 * S), 0);
    cu_lockout_good(t, b, 5, T0 + 2 * S); /* of an address that never failed nothing is kept */
    assert_int_equal(t->used, 1);
    assert_int_equal(cu_lockout_wait(t, a, 5, T0 + 62 * S), 0);
    free(t);
}

static void slow_tries_do_not_add_up(void **state)
{
    cu_lockout *t = calloc(1, sizeof *t);
    uint8_t a[16];
    address(1, a);
    for (int i = 0; i < 20; i++)
        assert_false(cu_lockout_failed(t, rule, a, T0 + (uint64_t)i * 31 * S));
    assert_false(cu_lockout_failed(t, (cu_lockout_rule){0, 60}, a, T0));
    free(t);
}

/* However many addresses come, the table stays as it is, and who is locked out stays so as long as
 * his set has others to push out. */
static void the_table_is_bounded(void **state)
{
    cu_lockout *t = calloc(1, sizeof *t);
    uint8_t a[16], other[16];
    t->seed = 12345;
    address(1, a);
    for (int i = 0; i < 3; i++)
        cu_lockout_failed(t, rule, a, T0);
    for (uint32_t i = 2; i < 100000; i++) {
        address(i, other);
        cu_lockout_failed(t, rule, other, T0 + i);
    }
    assert_int_equal(t->used, CU_LOCKOUT_SETS * CU_LOCKOUT_WAYS);
    assert_true(cu_lockout_wait(t, a, 5, T0 + S) > 0);
    free(t);
}

static void addresses(void **state)
{
    static const struct {
        const char *text;
        bool public;
    } cases[] = {
        {"8.8.8.8", true}, {"0.1.2.3", false}, {"10.0.0.1", false}, {"100.63.255.255", true}, {"100.64.0.1", false}, {"100.127.255.255", false},
        {"100.128.0.0", true}, {"127.0.0.1", false}, {"169.254.169.254", false}, {"172.15.255.255", true}, {"172.16.0.1", false},
        {"172.31.255.255", false}, {"172.32.0.0", true}, {"192.0.0.8", false}, {"192.0.2.1", false}, {"192.168.1.1", false}, {"192.169.0.1", true},
        {"198.18.0.1", false}, {"198.20.0.1", true}, {"198.51.100.1", false}, {"203.0.113.9", false}, {"224.0.0.1", false},
        {"239.255.255.255", false}, {"240.0.0.1", false}, {"255.255.255.255", false}, {"1.1.1.1", true},
        {"2606:4700::1111", true}, {"::", false}, {"::1", false}, {"::ffff:10.0.0.1", false}, {"::ffff:8.8.8.8", true}, {"::8.8.8.8", false},
        {"64:ff9b::a9fe:a9fe", false}, {"64:ff9b::808:808", true}, {"2002:a00:1::1", false}, {"2002:808:808::1", true}, {"fc00::1", false},
        {"fd00:ec2::254", false}, {"fe80::1", false}, {"fec0::1", false}, {"ff02::1", false}, {"2001:db8::1", false}, {"2001::1", false},
        {"100::1", false}, {"3fff:1000::1", true}, {"3fff::1", false}, {"4000::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t a[16];
        bool v6 = strchr(cases[i].text, ':') != NULL;
        assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, cases[i].text, a), 1);
        bool got = v6 ? cu_address_is_public_v6(a) : cu_address_is_public_v4(a);
        if (got != cases[i].public)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_failures), cmocka_unit_test(slow_tries_do_not_add_up),
        cmocka_unit_test(the_table_is_bounded), cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests_name("policy/lockout", tests, NULL, NULL);
}
