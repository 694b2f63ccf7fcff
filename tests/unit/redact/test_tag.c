/* Tags of texts: the same for the same text, another for any other, whatever a machine computes them with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/bytes.h"
#include "tag.h"

#define BLOCK CU_SQUEEZE_BLOCK
#define MOST (40 * BLOCK + 1)

static const uint8_t rules[32] = {1};
static uint8_t text[MOST];
static cu_tag_key key;

static int fresh(void **state)
{
    cu_tag_key_new(&key);
    cu_random(text, sizeof text);
    return 0;
}

/* a times b without carries, bit by bit. */
static void add_product(uint64_t a, uint64_t b, uint64_t sum[2])
{
    for (unsigned i = 0; i < 64; i++)
        if (b >> i & 1) {
            sum[0] ^= a << i;
            sum[1] ^= i ? a >> (64 - i) : 0;
        }
}

static void by_the_book(const uint8_t *p, const uint8_t *k, uint64_t sum[2])
{
    sum[0] = sum[1] = 0;
    for (size_t i = 0; i < BLOCK; i += 16) {
        uint64_t v[2], w[2];
        memcpy(v, p + i, sizeof v);
        memcpy(w, k + i, sizeof w);
        add_product(v[0] ^ w[0], v[1] ^ w[1], sum);
    }
}

static void every_way_to_squeeze_gives_what_the_book_says(void **state)
{
    for (unsigned i = 0; cu_squeeze_nth(i); i++) {
        uint8_t out[3][CU_SQUEEZED];
        cu_squeeze_nth(i)(text + 3, 3, key.blocks, out[0]);
        for (unsigned n = 0; n < 3; n++) {
            uint64_t want[2][2];
            by_the_book(text + 3 + n * BLOCK, key.blocks, want[0]);
            by_the_book(text + 3 + n * BLOCK, key.blocks + BLOCK, want[1]);
            assert_memory_equal(out[n], want, sizeof want);
        }
    }
}

static void tag(uint32_t tenant, size_t n, uint8_t out[CU_MEMO_TAG])
{
    assert_true(cu_tag_of(&key, tenant, rules, cu_bytes_of(text, n), out));
}

static void any_bit_and_any_end_makes_another_tag(void **state)
{
    static const size_t sizes[] = {1, 1023, 1024, 1025, 4095, 4096, 33 * BLOCK + 7, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint8_t want[CU_MEMO_TAG], got[CU_MEMO_TAG];
        tag(1, sizes[s], want);
        tag(1, sizes[s], got);
        assert_memory_equal(got, want, sizeof got);
        tag(2, sizes[s], got);
        assert_memory_not_equal(got, want, sizeof got);
        tag(1, sizes[s] - 1, got);
        assert_memory_not_equal(got, want, sizeof got);
        for (size_t at = 0; at < sizes[s]; at += at + 2 < sizes[s] ? 61 : 1) {
            text[at] ^= 1u << at % 8;
            tag(1, sizes[s], got);
            assert_memory_not_equal(got, want, sizeof got);
            text[at] ^= 1u << at % 8;
        }
    }
}

static void beginnings_are_tagged_in_one_pass_as_each_by_itself(void **state)
{
    static const uint32_t ends[] = {10, 1024, 1025, 3000, 3001, 5 * BLOCK, 9 * BLOCK, 39 * BLOCK + 1};
    enum { N = sizeof ends / sizeof *ends };
    uint8_t all[N][CU_MEMO_TAG], one[1][CU_MEMO_TAG];
    assert_true(cu_tags_of(&key, 1, rules, cu_bytes_of(text, MOST), ends, N, all));
    for (size_t i = 0; i < N; i++) {
        assert_true(cu_tags_of(&key, 1, rules, cu_bytes_of(text, ends[i]), &ends[i], 1, one));
        assert_memory_equal(all[i], one[0], CU_MEMO_TAG);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(all[i], all[k], CU_MEMO_TAG);
        tag(1, ends[i], one[0]); /* a text is no beginning */
        assert_memory_not_equal(all[i], one[0], CU_MEMO_TAG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_way_to_squeeze_gives_what_the_book_says, fresh),
        cmocka_unit_test_setup(any_bit_and_any_end_makes_another_tag, fresh),
        cmocka_unit_test_setup(beginnings_are_tagged_in_one_pass_as_each_by_itself, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
