/* Decoding, and the way back: every place of the text leads to the bytes it came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "decode.h"

static void expect(cu_encoding e, cu_bytes raw, const char *text)
{
    uint8_t to[256];
    size_t used, n = cu_decode(e, raw, true, to, &used);
    assert_int_equal(used, raw.n);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(to, text, n);
    /* cut anywhere: what was whole before, then the rest, is the same text */
    for (size_t cut = 0; cut <= raw.n; cut++) {
        size_t first_used, second_used;
        size_t first = cu_decode(e, cu_slice(raw, 0, cut), false, to, &first_used);
        size_t second = cu_decode(e, cu_slice(raw, first_used, raw.n), true, to + first, &second_used);
        assert_int_equal(first + second, strlen(text));
        assert_memory_equal(to, text, first + second);
    }
}

static void utf16(void **state)
{
    (void)state;
    expect(CU_ENCODED_UTF16LE, CU_LIT("a\0\xac\x20\x34\xd8\x1e\xdd\n\0"), "a€𝄞\n");
    expect(CU_ENCODED_UTF16BE, CU_LIT("\0a\x20\xac\xd8\x34\xdd\x1e\0\n"), "a€𝄞\n");
    expect(CU_ENCODED_UTF16LE, CU_LIT("\x34\xd8" "a\0\x1e\xdd" "b\0"), "\xef\xbf\xbd" "a\xef\xbf\xbd" "b");
    expect(CU_ENCODED_UTF16LE, CU_LIT("a\0b"), "a\xef\xbf\xbd");
    expect(CU_ENCODED_UTF16LE, CU_LIT("a\0\x34\xd8"), "a\xef\xbf\xbd");
}

static void json(void **state)
{
    (void)state;
    expect(CU_ENCODED_JSON, CU_LIT("a\\nb\\\"c\\\\n\\/\\u0041\\u20ac\\ud834\\udd1e"), "a\nb\"c\\n/A€𝄞");
    expect(CU_ENCODED_JSON, CU_LIT("\\ud834x\\udd1e\\uXYZW\\q\\"), "\xef\xbf\xbdx\xef\xbf\xbd\\uXYZW\\q\\");
    expect(CU_ENCODED_JSON, CU_LIT("cut \\u00"), "cut \\u00");
}

static void steps_lead_back(void **state)
{
    (void)state;
    cu_bytes raw = CU_LIT("x\\u0041\\n\n\\ud834\\udd1e");
    size_t at = 0, lines = 0, columns = 0;
    for (cu_step s; (s = cu_decode_step(CU_ENCODED_JSON, cu_slice(raw, at, raw.n), true)).raw;) {
        at += s.raw;
        lines += s.newline;
        columns = s.newline ? 0 : columns + s.column;
    }
    assert_int_equal(at, raw.n);
    assert_int_equal(lines, 1); /* a written-out newline ends no line of the file */
    assert_int_equal(columns, 12);
}

static void kinds(void **state)
{
    (void)state;
    size_t skip;
    assert_int_equal(cu_encoding_of(CU_LIT("\xff\xfe" "a\0"), &skip), CU_ENCODED_UTF16LE);
    assert_int_equal(skip, 2);
    assert_int_equal(cu_encoding_of(CU_LIT("\xfe\xff\0a"), &skip), CU_ENCODED_UTF16BE);
    assert_int_equal(cu_encoding_of(CU_LIT("\xef\xbb\xbf" "a"), &skip), CU_ENCODED_NOT);
    assert_int_equal(skip, 3);
    assert_int_equal(cu_encoding_of(CU_LIT("a\0b\0c\0d\0e\0"), &skip), CU_ENCODED_UTF16LE);
    assert_int_equal(skip, 0);
    assert_int_equal(cu_encoding_of(CU_LIT("\0a\0b\0c\0d\0e"), &skip), CU_ENCODED_UTF16BE);
    assert_int_equal(cu_encoding_of(CU_LIT("text\0text text text"), &skip), CU_ENCODED_BINARY);
    assert_int_equal(cu_encoding_of(CU_LIT("\0\0\0\0\0\0\0\0\0\0"), &skip), CU_ENCODED_BINARY);
    assert_int_equal(cu_encoding_of(CU_LIT("\xff\xfe\0\0a\0\0\0"), &skip), CU_ENCODED_BINARY);
    assert_int_equal(cu_encoding_of(CU_LIT(""), &skip), CU_ENCODED_NOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(utf16), cmocka_unit_test(json),
                                       cmocka_unit_test(steps_lead_back), cmocka_unit_test(kinds)};
    return cmocka_run_group_tests_name("scan/decode", tests, NULL, NULL);
}
