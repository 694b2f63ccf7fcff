/* A bundle comes back as it was written; a changed one is refused; decisions follow the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "policy/decide.h"

static const uint8_t seed[CU_ED25519_KEY] = {1, 2, 3};
static uint8_t pk[CU_ED25519_KEY];
static cu_bundle_price price = {.models = {(const uint8_t *)"m-*", 3}, .input = 3, .output = 15, .cache_read = 1, .cache_write = 4};

static cu_bundle_tenant tenant = {.name = {(const uint8_t *)"acme", 4}, .key_id = 'a', .act = {1}};
static cu_bundle_vendor vendors[3];
static cu_bundle_key keys[40];
static char ids[40][8];

static cu_bundle sample(void)
{
    for (size_t i = 0; i < 40; i++) {
        ids[i][0] = 'k';
        ids[i][1] = (char)('0' + i);
        keys[i] = (cu_bundle_key){.id = cu_str(ids[i]), .user = CU_LIT("dev"), .revoked = i == 3, .expires_ns = i == 4 ? 5 : 0,
                                  .service = i == 5, .scopes = {.models = CU_LIT("m-*"), .tools = CU_LIT("Read,Write")},
                                  .limits = {.requests_per_minute = i, .spend_per_day = 7000000}};
        cu_sha256_of(cu_str(ids[i]), &keys[i].hash);
    }
    vendors[0] = (cu_bundle_vendor){.name = CU_LIT("one"), .api = CU_LIT("anthropic"), .models = CU_LIT("m-*,x"), .decision = CU_VENDOR_APPROVED, .until_ns = 100};
    vendors[1] = (cu_bundle_vendor){.name = CU_LIT("two"), .api = CU_LIT("anthropic")};
    vendors[2] = (cu_bundle_vendor){.name = CU_LIT("no"), .api = CU_LIT("anthropic"), .decision = CU_VENDOR_REFUSED};
    return (cu_bundle){.version = 7, .made_ns = 9, .tenants = &tenant, .tenants_n = 1, .vendors = vendors, .vendors_n = 3, .keys = keys, .keys_n = 40,
                       .prices = &price, .prices_n = 1, .lockout_failures = 20, .lockout_seconds = 60};
}

static const cu_bundle_key *find_key(const cu_bundle *b, cu_bytes presented)
{
    cu_sha256 hash;
    cu_sha256_of(presented, &hash);
    return cu_bundle_find_hash(b, &hash);
}

static void comes_back(void **state)
{
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_bundle_encode(&b, seed, &out), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), CU_OK);
    assert_int_equal(back.version, 7);
    assert_memory_equal(&back.digest, &b.digest, sizeof b.digest);
    assert_int_equal(back.prices[0].output, 15);
    assert_int_equal(back.lockout_seconds, 60);
    assert_true(cu_eq_str(find_key(&back, cu_str(ids[9]))->scopes.tools, "Read,Write"));
    assert_int_equal(find_key(&back, cu_str(ids[9]))->limits.requests_per_minute, 9);
    assert_true(find_key(&back, cu_str(ids[5]))->service);
    for (int i = 0; i < 40; i++) {
        const cu_bundle_key *k = find_key(&back, cu_str(ids[i]));
        assert_non_null(k);
        assert_true(cu_eq_str(k->id, ids[i]));
        assert_int_equal(cu_decide_key(k, 50), i == 3 ? CU_DECISION_KEY_REVOKED : i == 4 ? CU_DECISION_KEY_EXPIRED : CU_DECISION_ALLOW);
    }
    assert_null(find_key(&back, CU_LIT("other")));
    assert_int_equal(cu_decide_key(NULL, 0), CU_DECISION_BAD_KEY);
}

/* Of bodies: the day's key, and whose they are; a bundle of before has no such section. */
static void body_keys_are_found(void **state)
{
    cu_bundle_body_key of[] = {{.tenant = 0, .day = 20000, .class = 1, .id = {5}, .pk = {6}}, {.tenant = 0, .day = 20001, .class = 1, .refuse = true, .pk = {7}}};
    cu_bundle_body_person persons[] = {{CU_LIT("p_a"), {1}}, {CU_LIT("p_b"), {2}}, {CU_LIT("p_c"), {3}}};
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20), bad CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    bool kept, refuse;
    b.body_keys = of;
    b.body_keys_n = 2;
    b.body_persons = persons;
    b.body_persons_n = 3;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_bundle_encode(&b, seed, &out), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), CU_OK);
    const cu_bundle_body_key *k = cu_bundle_body_key_of(&back, 0, 1, 20001, &kept, &refuse);
    assert_true(k && kept && refuse && k->pk[0] == 7);
    assert_int_equal(cu_bundle_body_key_of(&back, 0, 1, 20000, &kept, &refuse)->id[0], 5);
    assert_null(cu_bundle_body_key_of(&back, 0, 1, 20002, &kept, &refuse));
    assert_true(kept); /* bodies are to be kept, and cannot be today */
    assert_null(cu_bundle_body_key_of(&back, 0, 2, 20000, &kept, &refuse));
    assert_false(kept);
    assert_int_equal(cu_bundle_body_person_of(&back, CU_LIT("p_b"))->pk[0], 2);
    assert_null(cu_bundle_body_person_of(&back, CU_LIT("p_d")));
    of[1].class = CU_DATA_CLASSES;
    assert_int_equal(cu_bundle_encode(&b, seed, &bad), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&bad), pk, &a, &back, &f), CU_CORRUPT);
    of[1].class = 1;
    persons[2].user = CU_LIT("p_b");
    cu_buf_reset(&bad);
    assert_int_equal(cu_bundle_encode(&b, seed, &bad), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&bad), pk, &a, &back, &f), CU_CORRUPT);
}

static void any_change_is_refused(void **state)
{
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 64 << 20);
    assert_int_equal(cu_bundle_encode(&b, seed, &out), CU_OK);
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] ^= 4;
        assert_int_not_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), CU_OK);
        out.p[i] ^= 4;
        assert_int_not_equal(cu_bundle_decode(cu_slice(cu_buf_view(&out), 0, i), pk, &a, &back, &f), CU_OK);
    }
}

/* The file with `more` behind its sections, signed anew. */
static void with_section(const cu_buf *file, const char *more, size_t n, const uint8_t key[CU_ED25519_KEY], cu_buf *out)
{
    cu_sha256 digest;
    uint8_t text[8 + 32] = "CUBUNDL3", sig[CU_ED25519_SIG];
    cu_buf body CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_buf_add(&body, cu_slice(cu_buf_view(file), 8 + CU_ED25519_SIG, file->n));
    cu_buf_put(&body, more, n);
    cu_sha256_of(cu_buf_view(&body), &digest);
    memcpy(text + 8, &digest, 32);
    assert_int_equal(cu_ed25519_sign(key, cu_bytes_of(text, sizeof text), sig), CU_OK);
    cu_buf_put(out, text, 8);
    cu_buf_put(out, sig, sizeof sig);
    cu_buf_add(out, cu_buf_view(&body));
}

static void only_the_daemons_key_signs(void **state)
{
    static const uint8_t other[CU_ED25519_KEY] = {9};
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_bundle_encode(&b, other, &out), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), CU_SIGNATURE);
}

static void unknown_sections(void **state)
{
    static const struct {
        const char *more;
        size_t n;
        cu_err want;
    } cases[] = {
        {"", 0, CU_OK},
        {"note\3\0\0\0\0\0\0\0abc", 15, CU_OK},           /* may be passed over */
        {"RULE\3\0\0\0\0\0\0\0abc", 15, CU_CORRUPT},      /* could forbid something */
        {"KEYS\0\0\0\0\0\0\0\0", 12, CU_CORRUPT},         /* twice */
        {"note\4\0\0\0\0\0\0\0abc", 15, CU_CORRUPT},      /* longer than the file */
        {"note\377\377\377\377\377\377\377\377abc", 15, CU_CORRUPT},
        {"no", 2, CU_CORRUPT},
    };
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_bundle_encode(&b, seed, &file), CU_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
        with_section(&file, cases[i].more, cases[i].n, seed, &out);
        assert_int_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), cases[i].want);
    }
}

/* A certificate's name is no key: what a header can hold never finds it. */
static void certificates_are_apart_from_keys(void **state)
{
    cu_bundle b = sample(), back;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f;
    cu_arena_init(&a, 1 << 20);
    cu_bundle_certificate_hash(CU_LIT("dns:ci.example.org"), &keys[7].hash);
    keys[7].id = CU_LIT("ci");
    assert_int_equal(cu_bundle_encode(&b, seed, &out), CU_OK);
    assert_int_equal(cu_bundle_decode(cu_buf_view(&out), pk, &a, &back, &f), CU_OK);
    assert_true(cu_eq_str(cu_bundle_find_certificate(&back, CU_LIT("dns:ci.example.org"))->id, "ci"));
    assert_null(find_key(&back, CU_LIT("dns:ci.example.org")));
    assert_null(cu_bundle_find_certificate(&back, cu_str(ids[9])));
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
    assert_int_equal(cu_decide_vendor_state(&vendors[1], 1, &s), CU_DECISION_VENDOR_UNASSESSED);
    assert_int_equal(s, CU_VENDOR_UNASSESSED);
    assert_int_equal(cu_decide_vendor_state(&vendors[2], 1, &s), CU_DECISION_VENDOR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(body_keys_are_found), cmocka_unit_test(any_change_is_refused),
        cmocka_unit_test(only_the_daemons_key_signs), cmocka_unit_test(unknown_sections),
        cmocka_unit_test(certificates_are_apart_from_keys),
        cmocka_unit_test(vendors_are_chosen_and_judged),
    };
    if (cu_ed25519_public(seed, pk) != CU_OK)
        return 1;
    return cmocka_run_group_tests_name("policy/bundle", tests, NULL, NULL);
}
