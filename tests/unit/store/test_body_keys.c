/* Data keys of bodies: found by day, destroyed so that no byte of the secret half is left in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <fcntl.h>
#include "base/file.h"
#include "store/body_keys.h"

static char path[64];
static cu_body_keys *keys;

static int make(void **state)
{
    cu_fault f;
    strcpy(path, "/tmp/custos-body-keys-XXXXXX");
    if (!mkdtemp(path))
        return 1;
    strcat(path, "/body-keys.db");
    return cu_body_keys_open(path, &keys, &f) != CU_OK;
}

static int clean(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[80];
    cu_body_keys_close(keys);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    *strrchr(path, '/') = 0;
    return rmdir(path);
}

static bool holds(const char *mark)
{
    static const char *const ends[] = {"", "-wal"};
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        char name[80];
        cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        cu_err e = cu_file_read(AT_FDCWD, name, &b);
        assert_true(e == CU_OK || e == CU_NOT_FOUND);
        any |= cu_find(cu_buf_view(&b), cu_str(mark), 0) != (size_t)-1;
    }
    return any;
}

static void add(const char *id, const char *tenant, uint8_t class, uint32_t day)
{
    cu_body_key k = {.class = class, .day = day, .keep_days = 7};
    snprintf(k.id, sizeof k.id, "%s", id);
    snprintf(k.tenant, sizeof k.tenant, "%s", tenant);
    snprintf((char *)k.sealed, sizeof k.sealed, "sealed-%s", id);
    assert_int_equal(cu_body_keys_add(keys, &k), CU_OK);
    assert_int_equal(cu_body_keys_add(keys, &k), CU_EXISTS);
}

static void found_by_day_and_listed_by_tenant(void **state)
{
    cu_body_key k, *list;
    size_t n;
    add("a1", "acme", 1, 20000);
    add("a2", "acme", 1, 20001);
    add("a3", "acme", 2, 20000);
    add("b1", "beta", 1, 20000);
    assert_int_equal(cu_body_keys_find(keys, "acme", 1, 20001, &k), CU_OK);
    assert_string_equal(k.id, "a2");
    assert_int_equal(k.keep_days, 7);
    assert_string_equal((char *)k.sealed, "sealed-a2");
    assert_int_equal(cu_body_keys_find(keys, "acme", 3, 20001, &k), CU_NOT_FOUND);
    assert_int_equal(cu_body_keys_get(keys, "b1", &k), CU_OK);
    assert_string_equal(k.tenant, "beta");
    assert_int_equal(cu_body_keys_list(keys, "acme", &list, &n), CU_OK);
    assert_int_equal(n, 3);
    assert_string_equal(list[2].id, "a2"); /* oldest first */
    free(list);
    assert_int_equal(cu_body_keys_list(keys, NULL, &list, &n), CU_OK);
    assert_int_equal(n, 4);
    free(list);
}

static void a_destroyed_one_leaves_no_byte(void **state)
{
    cu_body_key k;
    assert_true(holds("sealed-a1"));
    assert_int_equal(cu_body_keys_drop(keys, "a1"), CU_OK); /* nothing: it is not destroyed */
    assert_int_equal(cu_body_keys_get(keys, "a1", &k), CU_OK);
    assert_false(k.destroyed);
    assert_int_equal(cu_body_keys_destroy(keys, "a1"), CU_OK);
    assert_false(holds("sealed-a1"));
    assert_true(holds("sealed-a2"));
    assert_int_equal(cu_body_keys_get(keys, "a1", &k), CU_OK);
    assert_true(k.destroyed);
    assert_int_equal(cu_body_keys_drop(keys, "a1"), CU_OK);
    assert_int_equal(cu_body_keys_get(keys, "a1", &k), CU_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found_by_day_and_listed_by_tenant), cmocka_unit_test(a_destroyed_one_leaves_no_byte)};
    return cmocka_run_group_tests(tests, make, clean);
}
