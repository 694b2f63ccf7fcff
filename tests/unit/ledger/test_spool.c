/* What was committed is read back, whatever happened to the end of the segment; damage before the
 * end is not taken for an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>
#include "ledger/spool.h"

static char dir[] = "/tmp/custos-spool-XXXXXX";
static int spool_fd;

static void clear_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlinkat(spool_fd, e->d_name, 0);
    closedir(d);
}

static int make(void **state)
{
    if (!mkdtemp(dir))
        return -1;
    spool_fd = open(dir, O_RDONLY | O_DIRECTORY);
    return spool_fd < 0;
}

static int clean(void **state)
{
    clear_dir();
    close(spool_fd);
    return rmdir(dir);
}

static cu_leaf_in leaf(const char *body)
{
    return (cu_leaf_in){.type = CU_LIT("test.entry"), .tenant = CU_LIT("acme"), .actor = CU_LIT("me"),
                        .body = cu_str(body)};
}

/* Three batches of one leaf; returns the segment's name. */
static void three_batches(char segment[128])
{
    cu_spool_writer *w;
    cu_fault f;
    clear_dir();
    assert_int_equal(cu_spool_open(spool_fd, "gw", &w, &f), CU_OK);
    for (int i = 0; i < 3; i++) {
        cu_leaf_in in = leaf(i == 0 ? "{\"n\":0}" : i == 1 ? "{\"n\":1}" : "{\"n\":2}");
        assert_int_equal(cu_spool_write(w, &in, NULL), CU_OK);
    }
    cu_spool_close(w);
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".seg"))
            snprintf(segment, 128, "%.120s", e->d_name);
    closedir(d);
}

static cu_err read_all(const char *segment, unsigned *batches, cu_buf *out)
{
    cu_spool_cursor c = {0};
    cu_fault f;
    cu_buf_reset(out);
    return cu_spool_read(spool_fd, segment, &c, out, batches, &f);
}

static void committed_leaves_come_back_chained(void **state)
{
    char segment[128];
    unsigned n;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_sha256 prev = {0};
    three_batches(segment);
    assert_int_equal(read_all(segment, &n, &out), CU_OK);
    assert_int_equal(n, 3);
    cu_bytes rest = cu_buf_view(&out);
    for (uint64_t i = 0; i < 3; i++) {
        cu_leaf l;
        size_t len = (size_t)rest.p[0] << 8 | rest.p[1];
        cu_bytes bytes = cu_slice(rest, 2, 2 + len);
        assert_int_equal(cu_leaf_parse(bytes, &l), CU_OK);
        assert_int_equal(l.seq, i);
        assert_memory_equal(&l.prev, &prev, sizeof prev);
        cu_sha256_of(bytes, &prev);
        for (size_t cut = 0; cut < bytes.n; cut++) {
            cu_leaf part;
            assert_int_not_equal(cu_leaf_parse(cu_slice(bytes, 0, cut), &part), CU_OK);
        }
        rest = cu_slice(rest, 2 + len, rest.n);
    }
    assert_int_equal(rest.n, 0);
}

static void a_torn_end_is_dropped_and_damage_before_it_is_not(void **state)
{
    char segment[128];
    unsigned n;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    three_batches(segment);
    int fd = openat(spool_fd, segment, O_RDWR);
    for (size_t at = 0; at < 300; at += 3) { /* batches stand at 4096, 8192 and 12288 */
        for (int batch = 0; batch < 3; batch++) {
            off_t where = 4096 * (batch + 1) + (off_t)at;
            uint8_t was, is;
            assert_int_equal(pread(fd, &was, 1, where), 1);
            is = was ^ 0x10;
            assert_int_equal(pwrite(fd, &is, 1, where), 1);
            assert_int_equal(read_all(segment, &n, &out), batch == 2 ? CU_OK : CU_CORRUPT);
            assert_int_equal(n, batch);
            assert_int_equal(pwrite(fd, &was, 1, where), 1);
        }
    }
    close(fd);
}

/* The digest of a batch is over the digests of its leaves: where one leaf ends and the next begins is part of it. */
static void every_byte_of_a_batch_of_several_counts(void **state)
{
    cu_spool_writer *w;
    cu_fault f;
    unsigned n;
    uint64_t ticket;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    clear_dir();
    assert_int_equal(cu_spool_open(spool_fd, "gw", &w, &f), CU_OK);
    for (int i = 0; i < 3; i++) {
        cu_leaf_in in = leaf(i == 1 ? "{\"longer\":\"than the others\"}" : "{\"n\":2}");
        assert_int_equal(cu_spool_stage(w, &in, NULL, &ticket), CU_OK);
    }
    cu_spool_seal(w);
    assert_int_equal(cu_spool_commit(w), CU_OK);
    cu_spool_close(w);
    char segment[128] = "";
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".seg"))
            snprintf(segment, sizeof segment, "%.120s", e->d_name);
    closedir(d);
    assert_int_equal(read_all(segment, &n, &out), CU_OK);
    assert_int_equal(n, 1);
    int fd = openat(spool_fd, segment, O_RDWR);
    for (size_t at = 0, all = 104 + out.n; at < all; at++) {
        uint8_t was, is;
        assert_int_equal(pread(fd, &was, 1, 4096 + (off_t)at), 1);
        for (unsigned bit = 0; bit < 8; bit += 3) {
            is = was ^ (uint8_t)(1u << bit);
            assert_int_equal(pwrite(fd, &is, 1, 4096 + (off_t)at), 1);
            assert_int_equal(read_all(segment, &n, &out), CU_OK);
            assert_int_equal(n, 0); /* a torn end, never other leaves */
        }
        assert_int_equal(pwrite(fd, &was, 1, 4096 + (off_t)at), 1);
    }
    assert_int_equal(read_all(segment, &n, &out), CU_OK);
    assert_int_equal(n, 1);
    close(fd);
}

static void a_damaged_header_is_not_an_empty_segment(void **state)
{
    char segment[128];
    unsigned n;
    uint8_t was, is;
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    three_batches(segment);
    int fd = openat(spool_fd, segment, O_RDWR);
    for (off_t at = 0; at < 112; at++) {
        assert_int_equal(pread(fd, &was, 1, at), 1);
        is = was ^ 1;
        assert_int_equal(pwrite(fd, &is, 1, at), 1);
        assert_int_equal(read_all(segment, &n, &out), CU_CORRUPT);
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    close(fd);
}

static void a_hole_is_found_before_the_segment_is_given_up(void **state)
{
    char segment[128];
    unsigned n;
    static const uint8_t zeros[4096];
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_spool_cursor c = {0};
    cu_fault f;
    three_batches(segment);
    int fd = openat(spool_fd, segment, O_RDWR);
    assert_int_equal(cu_spool_read(spool_fd, segment, &c, &out, &n, &f), CU_OK);
    assert_int_equal(cu_spool_check_end(spool_fd, segment, &c, &f), CU_OK);
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, 8192), 4096); /* a write that was lost */
    c = (cu_spool_cursor){0};
    assert_int_equal(cu_spool_read(spool_fd, segment, &c, &out, &n, &f), CU_OK);
    assert_int_equal(n, 1);
    assert_int_equal(cu_spool_check_end(spool_fd, segment, &c, &f), CU_CORRUPT);
    close(fd);
}

static void names_are_taken_once(void **state)
{
    cu_spool_writer *a, *b;
    cu_fault f;
    clear_dir();
    assert_int_equal(cu_spool_open(spool_fd, "gw", &a, &f), CU_OK);
    assert_int_equal(cu_spool_open(spool_fd, "gw", &b, &f), CU_OK);
    assert_string_equal(cu_spool_name(a), "gw-0");
    assert_string_equal(cu_spool_name(b), "gw-1");
    assert_false(cu_spool_writer_gone(spool_fd, "gw-0"));
    cu_spool_close(a);
    assert_true(cu_spool_writer_gone(spool_fd, "gw-0"));
    cu_spool_close(b);
}

static void a_full_disk_voids_the_batch_and_the_writer_recovers(void **state)
{
    char place[] = "/tmp/custos-full-XXXXXX";
    cu_spool_writer *w;
    cu_fault f;
    uint64_t ticket;
    static uint8_t block[1 << 20];
    if (!mkdtemp(place) || mount("tmpfs", place, "tmpfs", 0, "size=8m") != 0) {
        rmdir(place);
        print_message("no right to mount a small file system\n");
        skip();
    }
    int fd = open(place, O_RDONLY | O_DIRECTORY);
    int filler = openat(fd, "filler", O_WRONLY | O_CREAT, 0600);
    while (write(filler, block, sizeof block) > 0)
        ;
    assert_int_equal(cu_spool_space(fd), CU_NOSPC);
    assert_int_equal(cu_spool_open(fd, "gw", &w, &f), CU_OK);
    cu_leaf_in in = leaf("{}");
    assert_int_equal(cu_spool_stage(w, &in, NULL, &ticket), CU_OK);
    cu_spool_seal(w);
    assert_int_equal(cu_spool_commit(w), CU_NOSPC);
    assert_true(cu_spool_failed(w) >= ticket && cu_spool_committed(w) < ticket);
    assert_int_equal(ftruncate(filler, 0), 0);
    assert_int_equal(cu_spool_write(w, &in, NULL), CU_OK);
    cu_spool_close(w);
    close(filler);
    close(fd);
    umount(place);
    rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_leaves_come_back_chained),
        cmocka_unit_test(a_torn_end_is_dropped_and_damage_before_it_is_not),
        cmocka_unit_test(every_byte_of_a_batch_of_several_counts),
        cmocka_unit_test(a_damaged_header_is_not_an_empty_segment),
        cmocka_unit_test(a_hole_is_found_before_the_segment_is_given_up),
        cmocka_unit_test(names_are_taken_once),
        cmocka_unit_test(a_full_disk_voids_the_batch_and_the_writer_recovers),
    };
    return cmocka_run_group_tests_name("ledger/spool", tests, make, clean);
}
