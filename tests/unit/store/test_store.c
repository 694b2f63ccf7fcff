/* The register is durable although a round's transaction is open, and is not undone with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "scratch.h"


static void *add_key(void *arg)
{
    cu_store_key k = {.id = "k_1", .tenant = "acme", .user = "dev", .created = "2026-11-24T00:00:00.000Z"};
    *(cu_err *)arg = cu_store_key_add(s, &k);
    return NULL;
}

static void a_key_waits_for_the_round_and_stays(void **state)
{
    pthread_t t;
    cu_err added = CU_INTERNAL;
    cu_store_key *k;
    size_t n;
    cu_fault f;
    assert_int_equal(cu_store_begin(s), CU_OK);
    assert_int_equal(pthread_create(&t, NULL, add_key, &added), 0);
    usleep(100000);
    assert_int_equal(cu_store_delivered(s, CU_LIT("org")), 0); /* the round goes on meanwhile */
    assert_int_equal(cu_store_end(s), CU_OK);
    pthread_join(t, NULL);
    assert_int_equal(added, CU_OK);
    cu_store_close(s); /* as after a crash: what was told is there */
    assert_int_equal(cu_store_open(path, &s, &f), CU_OK);
    assert_int_equal(cu_store_keys(s, &k, &n), CU_OK);
    assert_int_equal(n, 1);
    assert_string_equal(k[0].user, "dev");
    free(k);
    cu_store_key gone;
    assert_int_equal(cu_store_key_revoke(s, "k_1", &gone), CU_OK);
    assert_int_equal(cu_store_key_revoke(s, "k_2", &gone), CU_NOT_FOUND);
}

static void *rounds_without_a_gap(void *arg)
{
    for (_Atomic bool *stop = arg; !*stop;) {
        assert_int_equal(cu_store_begin(s), CU_OK);
        usleep(20000);
        assert_int_equal(cu_store_end(s), CU_OK);
    }
    return NULL;
}

static void the_register_is_let_in_between_rounds(void **state)
{
    pthread_t t;
    _Atomic bool stop = false;
    uint64_t n = 0;
    assert_int_equal(pthread_create(&t, NULL, rounds_without_a_gap, &stop), 0);
    for (uint64_t i = 1; i <= 30; i++) {
        assert_int_equal(cu_store_next(s, "let in", &n), CU_OK);
        assert_int_equal(n, i);
    }
    stop = true;
    pthread_join(t, NULL);
}

static void counters_grow_and_notes_change(void **state)
{
    uint64_t a, b;
    bool changed;
    assert_int_equal(cu_store_next(s, "bundle", &a), CU_OK);
    assert_int_equal(cu_store_next(s, "bundle", &b), CU_OK);
    assert_int_equal(b, a + 1);
    assert_int_equal(cu_store_note(s, "x", "one", &changed), CU_OK);
    assert_true(changed);
    assert_int_equal(cu_store_note(s, "x", "one", &changed), CU_OK);
    assert_false(changed);
}

static void terms_of_a_key(void **state)
{
    cu_store_key k = {.id = "k_2", .tenant = "acme", .user = "ci", .created = "2026-11-25T00:00:00.000Z", .service = true, .shown = "ck-abcdef",
                      .models = "m,n*", .requests_per_minute = 60, .spend_per_day = 5000000, .replaces = "k_1", .hash = {{1}}};
    cu_store_key back;
    assert_int_equal(cu_store_key_add(s, &k), CU_OK);
    assert_int_equal(cu_store_key_get(s, "k_2", &back), CU_OK);
    assert_true(back.service && back.requests_per_minute == 60 && back.spend_per_day == 5000000);
    assert_string_equal(back.models, "m,n*");
    assert_string_equal(back.replaces, "k_1");
    assert_string_equal(back.last_used, "");
    cu_store_key limited = {.id = "k_1", .concurrent = 3}; /* a key of before terms were kept */
    assert_int_equal(cu_store_key_limit(s, &limited), CU_OK);
    assert_int_equal(cu_store_key_get(s, "k_1", &back), CU_OK);
    assert_int_equal(back.concurrent, 3);
    assert_int_equal(cu_store_key_expire(s, "k_2", 77), CU_OK);
    assert_int_equal(cu_store_key_get(s, "k_2", &back), CU_OK);
    assert_int_equal(back.expires_ns, 77);
    assert_int_equal(cu_store_key_get(s, "k_3", &back), CU_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_waits_for_the_round_and_stays), cmocka_unit_test(the_register_is_let_in_between_rounds), cmocka_unit_test(counters_grow_and_notes_change), cmocka_unit_test(terms_of_a_key),
    };
    return cmocka_run_group_tests_name("store", tests, make_store, clean);
}
