/* What is done with 64 bytes at a time is what is done with them one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "blocks.h"
#include "wire/json.h"

#define ROUNDS 20000u
#define MAX 400u

static uint32_t random_state = 7;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(random_state >> 4) * n >> 28);
}

/* Escapes, rows of backslashes, line ends, now and then what stops a walk. */
static size_t fill(uint8_t *p, size_t n, bool valid)
{
    static const char *const often[] = {"a", "static int", "\\n", "\\\\", "\\\"", "\\\\\\\\", "    ", "\\t", "\\/\\b\\f\\r"};
    static const char *const seldom[] = {"\\u00e9", "\xc3\xa9", "\\ud83d\\ude00", "\"", "\x01", "\\x", "\\u00", "\xff"};
    size_t i = 0, rare = valid ? 3 : 8, one_in = 1 + below(60);
    while (i < n) {
        const char *s = below(one_in) == 0 && one_in > 1 ? seldom[below((uint32_t)rare)] : often[below(9)];
        if (i + strlen(s) > n)
            break;
        memcpy(p + i, s, strlen(s));
        i += strlen(s);
    }
    return i;
}

/* The first byte that is neither plain nor of a simple escape. */
static size_t first_odd(const uint8_t *p, size_t i, size_t n)
{
    while (i < n) {
        if (p[i] == '\\' && i + 1 < n && memchr("\"\\/bfnrt", p[i + 1], 8))
            i += 2;
        else if (p[i] == '\\' || p[i] == '"' || p[i] < 0x20 || p[i] >= 0x80)
            return i;
        else
            i++;
    }
    return n;
}

static bool has_slash(const uint8_t *p, size_t from, size_t to)
{
    return to > from && memchr(p + from, '\\', to - from) != NULL;
}

/* A walk may end early when no 64 bytes are left, but never within an escape. */
static void walk_of(size_t (*walk)(const uint8_t *, size_t, size_t, bool *), const uint8_t *p, size_t from, size_t n)
{
    bool escaped = false;
    size_t odd = first_odd(p, from, n), at = walk(p, from, n, &escaped);
    assert_true(at <= odd && (at == odd || at + 65 > n));
    assert_int_equal(first_odd(p, at, n), odd);
    assert_true(escaped || !has_slash(p, from, at));
    assert_true(!escaped || has_slash(p, from, at + 1));
}

static void walks_like_byte_by_byte(void **state)
{
    uint8_t text[MAX];
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t n = fill(text, below(MAX), false), from = n ? below((uint32_t)n) : 0;
        walk_of(cu_blocks_walk_narrow, text, from, n);
        if (cu_blocks_wide())
            walk_of(cu_blocks_walk, text, from, n);
    }
}

/* From any byte, as a decoder of one escape after the other reads it. */
static size_t slowly(const uint8_t *p, size_t n, uint8_t *to)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(MAX);
    for (size_t i = 0; i < n;) { /* pieces of less than 64 bytes are not read 64 at a time */
        size_t len = p[i] != '\\' ? 1 : p[i + 1] != 'u' ? 2 : p[i + 2] == 'd' ? 12 : 6;
        cu_json_unescape(cu_bytes_of(p + i, len), &out);
        i += len;
    }
    assert_int_equal(out.err, CU_OK);
    if (out.n)
        memcpy(to, out.p, out.n);
    return out.n;
}

static void unescapes_like_byte_by_byte(void **state)
{
    uint8_t text[MAX], wanted[MAX], got[MAX + 1];
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t n = fill(text, below(MAX), true), want = slowly(text, n, wanted);
        cu_buf out = {got, 0, n, n, CU_OK};
        got[n] = 0x5a; /* not a byte more than there is room for */
        cu_json_unescape(cu_bytes_of(text, n), &out);
        assert_int_equal(out.n, want);
        assert_memory_equal(got, wanted, want);
        assert_int_equal(got[n], 0x5a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_like_byte_by_byte),
        cmocka_unit_test(unescapes_like_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
