/* Packed bundles: what is read back, and that nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <libdeflate.h>
#include <stdlib.h>
#include "packed.h"

/* A file as packing makes it of `plain`; size: what its trailer states. */
static void make(cu_bytes plain, uint32_t size, cu_buf *out)
{
    struct libdeflate_compressor *z = libdeflate_alloc_compressor(6);
    uint32_t crc = libdeflate_crc32(0, plain.p, plain.n);
    uint8_t *to = cu_buf_room(out, PACKED_HEAD + plain.n + 100);
    assert_non_null(to);
    size_t n = libdeflate_deflate_compress(z, plain.p, plain.n, to + PACKED_HEAD, plain.n + 100);
    libdeflate_free_compressor(z);
    assert_true(n > 0);
    out->n = PACKED_HEAD + n;
    for (int i = 0; i < 4; i++)
        cu_buf_byte(out, (uint8_t)(crc >> (8 * i)));
    for (int i = 0; i < 4; i++)
        cu_buf_byte(out, (uint8_t)(size >> (8 * i)));
    packed_head(out->p, cu_bytes_of(out->p + PACKED_HEAD, out->n - PACKED_HEAD));
}

static cu_bytes text(void)
{
    static uint8_t b[6000];
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(i % 97 < 60 ? i % 97 : i * i % 251);
    return cu_bytes_of(b, sizeof b);
}

static void reads_back(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 16), out CU_CLEAN_BUF = CU_BUF(1 << 16);
    make(text(), (uint32_t)text().n, &file);
    cu_buf_str(&out, "before");
    assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_OK);
    assert_int_equal(out.n, 6 + text().n);
    assert_memory_equal(out.p + 6, text().p, text().n);
}

static void each_bit(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 16), out CU_CLEAN_BUF = CU_BUF(1 << 16);
    make(text(), (uint32_t)text().n, &file);
    for (size_t i = 0; i < file.n * 8; i++) {
        file.p[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_TORN);
        assert_int_equal(out.n, 0);
        file.p[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_OK);
}

static void cut_or_longer(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 16), out CU_CLEAN_BUF = CU_BUF(1 << 16);
    make(text(), (uint32_t)text().n, &file);
    size_t whole = file.n;
    for (size_t n = 0; n < whole; n++)
        assert_int_equal(packed_read(cu_bytes_of(file.p, n), &out), CU_TORN);
    cu_buf_byte(&file, 0);
    assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_TORN);
}

/* Whoever makes a file with a header that belongs to it, and lies behind that. */
static void lies(void **state)
{
    static const uint32_t sizes[] = {0, 1, 5999, 6001, 0xffffffff, TILE_BYTES_MAX, TILE_BYTES_MAX + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 16), out CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
        make(text(), sizes[i], &file);
        assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_TORN);
        assert_int_equal(out.n, 0);
    }
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 17), two CU_CLEAN_BUF = CU_BUF(1 << 17), out CU_CLEAN_BUF = CU_BUF(1 << 17);
    make(text(), (uint32_t)text().n, &file);
    cu_buf_add(&two, cu_buf_view(&file)); /* a second member, which gunzip would read */
    cu_buf_add(&two, cu_buf_view(&file));
    packed_head(two.p, cu_bytes_of(two.p + PACKED_HEAD, two.n - PACKED_HEAD));
    assert_int_equal(packed_read(cu_buf_view(&two), &out), CU_TORN);
    two.p[two.n - 8 - 1] ^= 1; /* of the deflate stream: another content, which its CRC-32 is not of */
    packed_head(two.p, cu_bytes_of(two.p + PACKED_HEAD, two.n - PACKED_HEAD));
    assert_int_equal(packed_read(cu_buf_view(&two), &out), CU_TORN);
}

static void no_room(void **state)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(1 << 16), out CU_CLEAN_BUF = CU_BUF(100);
    make(text(), (uint32_t)text().n, &file);
    assert_int_equal(packed_read(cu_buf_view(&file), &out), CU_TOO_BIG);
}

static void paths(void **state)
{
    char path[TILE_PATH_MAX];
    packed_path(1234067, path);
    assert_string_equal(path, "tile/entries/x001/x234/067.gz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back), cmocka_unit_test(each_bit), cmocka_unit_test(cut_or_longer),
        cmocka_unit_test(lies), cmocka_unit_test(no_room), cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
