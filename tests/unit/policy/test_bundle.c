/* A bundle comes back as it was written; a changed one is refused; decisions follow the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "policy/decide.h"

static cu_bundle_tenant tenant = {.name = {(const uint8_t *)"acme", 4}, .key_id = 'a', .act = {1}};
static cu_bundle_vendor vendors[3];
static cu_bundle_key keys[40];
static char ids[40][8];

static cu_bundle sample(void)
{
    for (size_t i = 0; i < 40; i++) {
        ids[i][0] = 'k';
        ids[i][1] = (char)('0' + i);
        keys[i] = (cu_bundle_key){.id = cu_str(ids[i]), .user = CU_LIT("dev"), .revoked = i == 3, .expires_ns = i == 4 ? 5 : 0};
        cu_sha256_of(cu_str(ids[i]), &keys[i].hash);
    }
    vendors[0] = (cu_bundle_vendor){.name = CU_LIT("one"), .api = CU_LIT("anthropic"), .models = CU_LIT("m-*,x"), .decision = CU_VENDOR_APPROVED, .until_ns = 100};
    vendors[1] = (cu_bundle_vendor){.name = CU_LIT("two"), .api = CU_LIT("anthropic")};
    vendors[2] = (cu_bundle_vendor){.name = CU_LIT("no"), .api = CU_LIT("anthropic"), .decision = CU_VENDOR_REFUSED};
    return (cu_bundle){.version = 7, .made_ns = 9, .tenants = &tenant, .tenants_n = 1, .vendors = vendors, .vendors_n = 3, .keys = keys, .keys_n = 40};
}

static void comes_back(void **state)
{
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_bundle_encode(&b, &out), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&out), &a, &back, &f), CU_OK);
    assert_int_equal(back.version, 7);
    for (int i = 0; i < 40; i++) {
        const cu_bundle_key *k = cu_bundle_find_key(&back, cu_str(ids[i]));
        assert_non_null(k);
        assert_true(cu_eq_str(k->id, ids[i]));
        assert_int_equal(cu_decide_key(k, 50), i == 3 ? CU_DECISION_KEY_REVOKED : i == 4 ? CU_DECISION_KEY_EXPIRED : CU_DECISION_ALLOW);
    }
    assert_null(cu_bundle_find_key(&back, CU_LIT("other")));
    assert_int_equal(cu_decide_key(NULL, 0), CU_DECISION_BAD_KEY);
}

static void any_change_is_refused(void **state)
{
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 64 << 20);
    assert_int_equal(cu_bundle_encode(&b, &out), CU_OK);
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] ^= 4;
        assert_int_equal(cu_bundle_decode(cu_buf_view(&out), &a, &back, &f), CU_CORRUPT);
        out.p[i] ^= 4;
        assert_int_equal(cu_bundle_decode(cu_slice(cu_buf_view(&out), 0, i), &a, &back, &f), CU_CORRUPT);
    }
}

static void vendors_are_chosen_and_judged(void **state)
{
    cu_bundle b = sample();
    cu_vendor_state s;
    cu_bytes api = CU_LIT("anthropic");
    assert_ptr_equal(cu_decide_vendor(&b, api, CU_NONE, CU_LIT("m-9")), &vendors[0]);
    assert_ptr_equal(cu_decide_vendor(&b, api, CU_NONE, CU_LIT("x")), &vendors[0]);
    assert_ptr_equal(cu_decide_vendor(&b, api, CU_NONE, CU_LIT("xx")), &vendors[1]);
    assert_ptr_equal(cu_decide_vendor(&b, api, CU_LIT("no"), CU_LIT("m-9")), &vendors[2]);
    assert_null(cu_decide_vendor(&b, api, CU_LIT("three"), CU_NONE));
    assert_int_equal(cu_decide_vendor_state(&vendors[0], 99, &s), CU_DECISION_ALLOW);
    assert_int_equal(cu_decide_vendor_state(&vendors[0], 100, &s), CU_DECISION_VENDOR_EXPIRED);
    assert_int_equal(cu_decide_vendor_state(&vendors[1], 1, &s), CU_DECISION_ALLOW);
    assert_int_equal(s, CU_VENDOR_UNASSESSED);
    assert_int_equal(cu_decide_vendor_state(&vendors[2], 1, &s), CU_DECISION_VENDOR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(any_change_is_refused),
        cmocka_unit_test(vendors_are_chosen_and_judged),
    };
    return cmocka_run_group_tests_name("policy/bundle", tests, NULL, NULL);
}
