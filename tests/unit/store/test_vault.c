#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "store/vault.h"
#include <fcntl.h>

static cu_vault *open_at(char path[64])
{
    cu_fault f = {0};
    cu_vault *v;
    strcpy(path, "/tmp/custos-vault-XXXXXX");
    assert_non_null(mkdtemp(path));
    strcat(path, "/vault.db");
    assert_int_equal(cu_vault_open(path, &v, &f), CU_OK);
    return v;
}

static void close_at(cu_vault *v, char path[64])
{
    char name[80];
    static const char *const ends[] = {"", "-wal", "-shm"};
    cu_vault_close(v);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    *strrchr(path, '/') = 0;
    rmdir(path);
}

static void add(cu_vault *v, unsigned n, const char *tenant)
{
    cu_vault_person p = {.sealed_n = 100};
    cu_sha256 lookup;
    snprintf(p.pseudonym, sizeof p.pseudonym, "p_%032x", n);
    snprintf(p.tenant, sizeof p.tenant, "%s", tenant);
    memset(p.sealed, 0, sizeof p.sealed);
    snprintf((char *)p.sealed, sizeof p.sealed, "sealed-mark-%s-%06u", tenant, n);
    cu_sha256_of(cu_bytes_of(&n, sizeof n), &lookup);
    assert_int_equal(cu_vault_person_add(v, &p, &lookup), CU_OK);
    assert_int_equal(cu_vault_person_add(v, &p, &lookup), CU_EXISTS);
}

static bool holds(const char *path, const char *end, const char *mark)
{
    char name[80];
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    snprintf(name, sizeof name, "%s%s", path, end);
    cu_err e = cu_file_read(AT_FDCWD, name, &b);
    assert_true(e == CU_OK || e == CU_NOT_FOUND);
    return cu_find(cu_buf_view(&b), cu_str(mark), 0) != (size_t)-1;
}

static void finds_by_name_and_pseudonym(void **state)
{
    char path[64];
    cu_vault *v = open_at(path);
    cu_vault_person p;
    cu_sha256 lookup;
    unsigned n = 7;
    add(v, n, "acme");
    cu_sha256_of(cu_bytes_of(&n, sizeof n), &lookup);
    assert_int_equal(cu_vault_person_find(v, "acme", &lookup, &p), CU_OK);
    assert_string_equal((char *)p.sealed, "sealed-mark-acme-000007");
    assert_int_equal(p.sealed_n, 100);
    assert_int_equal(cu_vault_person_find(v, "beta", &lookup, &p), CU_NOT_FOUND);
    assert_int_equal(cu_vault_person_get(v, "p_00000000000000000000000000000007", &p), CU_OK);
    assert_string_equal(p.tenant, "acme");
    assert_int_equal(cu_vault_person_get(v, "p_00000000000000000000000000000008", &p), CU_NOT_FOUND);
    close_at(v, path);
}

/* Enough persons for many pages; of the one, nothing is left in the file or its log. */
static void destroyed_is_overwritten(void **state)
{
    char path[64];
    cu_vault *v = open_at(path);
    cu_vault_person p;
    uint64_t count;
    for (unsigned n = 0; n < 400; n++)
        add(v, n, n % 2 ? "acme" : "beta");
    assert_true(holds(path, "", "sealed-mark-acme-000201") || holds(path, "-wal", "sealed-mark-acme-000201"));
    assert_int_equal(cu_vault_count(v, "acme", "p_000000000000000000000000000000c9", &count), CU_OK);
    assert_int_equal(count, 1);
    assert_int_equal(cu_vault_destroy(v, "beta", "p_000000000000000000000000000000c9"), CU_OK); /* not hers */
    assert_int_equal(cu_vault_person_get(v, "p_000000000000000000000000000000c9", &p), CU_OK);
    assert_int_equal(cu_vault_destroy(v, "acme", "p_000000000000000000000000000000c9"), CU_OK);
    assert_int_equal(cu_vault_person_get(v, "p_000000000000000000000000000000c9", &p), CU_NOT_FOUND);
    assert_false(holds(path, "", "sealed-mark-acme-000201") || holds(path, "-wal", "sealed-mark-acme-000201"));
    assert_true(holds(path, "", "sealed-mark-acme-000203") && holds(path, "", "sealed-mark-beta-000200"));
    assert_int_equal(cu_vault_destroy(v, "acme", NULL), CU_OK);
    assert_false(holds(path, "", "sealed-mark-acme") || holds(path, "-wal", "sealed-mark-acme"));
    assert_int_equal(cu_vault_count(v, "beta", NULL, &count), CU_OK);
    assert_int_equal(count, 200);
    close_at(v, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_by_name_and_pseudonym), cmocka_unit_test(destroyed_is_overwritten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
