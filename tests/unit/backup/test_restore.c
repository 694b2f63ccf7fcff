/* A small backup, cut at each of its bytes and with each byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive.h"
#include "base/file.h"
#include "form.h"

static char base[64], to[96], partial[128];

static void make(cu_buf *out)
{
    const backup_head h = {.made = "2026-11-26T01:02:03.004Z", .entries = 3};
    archive *a;
    uint64_t bytes;
    cu_sha256 manifest;
    cu_buf head CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    int fd CU_CLEAN_FD = memfd_create("backup", MFD_CLOEXEC);
    backup_head_text(&h, &head);
    assert_int_equal(archive_new(fd, 0, &a), CU_OK);
    archive_put(a, "backup.json", cu_buf_view(&head));
    archive_put(a, "origin", CU_LIT("custos.local/1"));
    archive_put(a, "log/org/checkpoint", CU_LIT("c"));
    assert_int_equal(archive_end(a, &bytes, &manifest), CU_OK);
    uint8_t piece[4096];
    assert_true(bytes < sizeof piece && pread(fd, piece, sizeof piece, 0) == (ssize_t)bytes);
    cu_buf_put(out, piece, (size_t)bytes);
}

static cu_err restore(cu_bytes file)
{
    cu_backup_report r;
    cu_fault f = {0};
    const cu_restore_with with = {0};
    struct stat st;
    int fd CU_CLEAN_FD = memfd_create("backup", MFD_CLOEXEC);
    assert_int_equal(cu_write_all(fd, file), CU_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    cu_err e = cu_backup_restore(fd, to, &with, &r, &f);
    assert_int_not_equal(stat(partial, &st), 0);
    assert_int_equal(stat(to, &st) == 0, e == CU_OK);
    assert_true(e == CU_OK || f.text[0]);
    return e;
}

static void drop(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", to);
    assert_int_equal(system(command), 0);
}

static void whole(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536), text CU_CLEAN_BUF = CU_BUF(64);
    char path[160];
    make(&b);
    assert_int_equal(restore(cu_buf_view(&b)), CU_OK);
    snprintf(path, sizeof path, "%s/origin", to);
    assert_int_equal(cu_file_read(AT_FDCWD, path, &text), CU_OK);
    assert_true(cu_eq_str(cu_buf_view(&text), "custos.local/1"));
    drop();
    assert_int_equal(mkdir(to, 0700), 0); /* an empty folder is as good as none */
    assert_int_equal(restore(cu_buf_view(&b)), CU_OK);
    drop();
}

static void a_folder_that_holds_something(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    char path[160];
    cu_backup_report r;
    cu_fault f = {0};
    const cu_restore_with with = {0};
    make(&b);
    snprintf(path, sizeof path, "%s/mine", to);
    assert_int_equal(mkdir(to, 0700), 0);
    assert_int_equal(cu_file_replace(AT_FDCWD, path, CU_LIT("x"), 0600), CU_OK);
    int fd CU_CLEAN_FD = memfd_create("backup", MFD_CLOEXEC);
    assert_int_equal(cu_write_all(fd, cu_buf_view(&b)), CU_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(cu_backup_restore(fd, to, &with, &r, &f), CU_EXISTS);
    assert_int_equal(access(path, F_OK), 0);
    drop();
}

static void cut_anywhere(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    make(&b);
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(restore(cu_slice(cu_buf_view(&b), 0, n)), CU_OK);
}

static void changed_anywhere(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    size_t refused = 0;
    make(&b);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x10;
        cu_err e = restore(cu_buf_view(&b));
        refused += e != CU_OK;
        if (e == CU_OK)
            drop();
        b.p[i] ^= 0x10;
    }
    assert_true(refused + 8 >= b.n); /* bits of zstd's header that change nothing of what comes out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole), cmocka_unit_test(a_folder_that_holds_something), cmocka_unit_test(cut_anywhere), cmocka_unit_test(changed_anywhere)};
    snprintf(base, sizeof base, "/tmp/unit-backup.XXXXXX");
    if (!mkdtemp(base))
        return 1;
    snprintf(to, sizeof to, "%s/to", base);
    snprintf(partial, sizeof partial, "%s.partial", to);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(base) == 0 ? rc : 1;
}
