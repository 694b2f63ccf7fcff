#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/custos-file-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void replace_is_whole_and_leaves_no_temporary(void **state)
{
    (void)state;
    int fd CU_CLEAN_FD = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(cu_file_replace(fd, "a", CU_LIT("one"), 0640), CU_OK);
    assert_int_equal(cu_file_replace(fd, "a", CU_LIT("second"), 0640), CU_OK);
    cu_buf b CU_CLEAN_BUF = CU_BUF(100);
    assert_int_equal(cu_file_read(fd, "a", &b), CU_OK);
    assert_string_equal(cu_buf_cstr(&b), "second");
    struct stat st;
    assert_int_equal(fstatat(fd, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    int files = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        files += e->d_name[0] != '.';
    closedir(d);
    assert_int_equal(files, 1);
}

static void read_stops_at_the_ceiling(void **state)
{
    (void)state;
    int fd CU_CLEAN_FD = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(cu_file_replace(fd, "b", CU_LIT("0123456789"), 0600), CU_OK);
    cu_buf exact CU_CLEAN_BUF = CU_BUF(10), small CU_CLEAN_BUF = CU_BUF(9);
    assert_int_equal(cu_file_read(fd, "b", &exact), CU_OK);
    assert_int_equal(exact.n, 10);
    assert_int_equal(cu_file_read(fd, "b", &small), CU_TOO_BIG);
    assert_int_equal(cu_file_read(fd, "none", &exact), CU_NOT_FOUND);
}

static void mkdirs_makes_the_whole_path(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/x/y/z", dir);
    assert_int_equal(cu_mkdirs(path, 0755), CU_OK);
    assert_int_equal(cu_mkdirs(path, 0755), CU_OK);
    snprintf(path, sizeof path, "%s/a/b", dir);
    int fd CU_CLEAN_FD = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(cu_file_replace(fd, "a", CU_LIT("a file"), 0600), CU_OK);
    assert_int_not_equal(cu_mkdirs(path, 0755), CU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replace_is_whole_and_leaves_no_temporary),
        cmocka_unit_test(read_stops_at_the_ceiling),
        cmocka_unit_test(mkdirs_makes_the_whole_path),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
