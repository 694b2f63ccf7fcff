/* Every value is found wherever it stands, however many there are to look for, and in the order of the body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "residue.h"

#define VALUES_MAX 60u
#define VALUE_MAX 64u
#define HITS_MAX 4000u

typedef struct {
    size_t start, end;
} place;

typedef struct {
    place v[HITS_MAX];
    size_t n;
} places;

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(random_state >> 4) * n >> 28);
}

static cu_err note(void *arg, size_t start, size_t end, const cu_issued *it, uint32_t level)
{
    places *p = arg;
    assert_true(p->n < HITS_MAX);
    assert_int_equal(level, 0);
    assert_int_equal(it->plain.n, end - start);
    p->v[p->n++] = (place){start, end};
    return CU_OK;
}

static bool word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool stands(cu_bytes body, size_t at, cu_bytes value)
{
    return body.n - at >= value.n && memcmp(body.p + at, value.p, value.n) == 0 && !(at > 0 && word(body.p[at - 1]) && word(value.p[0])) &&
           !(at + value.n < body.n && word(body.p[at + value.n]) && word(value.p[value.n - 1]));
}

/* Byte by byte: the longest that begins there, and nothing inside of it. */
static void slowly(const cu_issued *v, size_t n, cu_bytes body, places *p)
{
    p->n = 0;
    for (size_t i = 0; i < body.n;) {
        size_t longest = 0;
        for (size_t k = 0; k < n; k++)
            if (v[k].plain.n > longest && stands(body, i, v[k].plain))
                longest = v[k].plain.n;
        if (longest)
            p->v[p->n++] = (place){i, i + longest};
        i += longest ? longest : 1;
    }
}

static void hold_against(const cu_issued *v, size_t n, cu_bytes body)
{
    static places fast, slow;
    const cu_issued_map m = {.v = (cu_issued *)(uintptr_t)v, .n = n};
    fast.n = 0;
    assert_int_equal(cu_residue(&m, body, 0, note, &fast), CU_OK);
    slowly(v, n, body, &slow);
    assert_int_equal(fast.n, slow.n);
    assert_memory_equal(fast.v, slow.v, slow.n * sizeof *slow.v);
}

/* Few letters, so that forms resemble each other and what stands around them; a digit, so that they are looked for. */
static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)"abc1 -"[below(6)];
}

static void finds_what_a_look_at_every_byte_finds(void **state)
{
    static uint8_t text[VALUES_MAX][VALUE_MAX], body[20000];
    cu_issued v[VALUES_MAX];
    for (unsigned round = 0; round < 300; round++) {
        size_t n = 1 + below(VALUES_MAX), size = round % 3 ? 1 + below(3000) : 17000 + below(3000);
        for (size_t k = 0; k < n; k++) {
            size_t len = 8 + below(VALUE_MAX - 8 + 1);
            fill(text[k], len);
            text[k][below((uint32_t)len)] = '7';
            v[k] = (cu_issued){.type = CU_TYPE_SECRET, .plain = cu_bytes_of(text[k], len), .value = cu_bytes_of(text[k], len)};
        }
        fill(body, size);
        for (unsigned k = 0; k < 40; k++) { /* at any place, also at the ends, beside and upon each other */
            const cu_issued *it = &v[below((uint32_t)n)];
            if (it->plain.n <= size)
                memcpy(body + (k == 0 ? 0 : k == 1 ? size - it->plain.n : below((uint32_t)(size - it->plain.n + 1))), it->plain.p, it->plain.n);
        }
        hold_against(v, n, cu_bytes_of(body, size));
    }
}

#define ONE "k-12345678-z"

/* One value, at each place of a body of each length around it. */
static void finds_one_at_every_place(void **state)
{
    const cu_issued v = {.type = CU_TYPE_SECRET, .plain = CU_LIT(ONE), .value = CU_LIT(ONE)};
    const cu_issued_map m = {.v = (cu_issued *)(uintptr_t)&v, .n = 1};
    uint8_t body[120];
    for (size_t before = 0; before < 50; before++)
        for (size_t after = 0; after < 50; after++) {
            places p = {.n = 0};
            memset(body, '.', sizeof body);
            memcpy(body + before, ONE, sizeof ONE - 1);
            assert_int_equal(cu_residue(&m, cu_bytes_of(body, before + sizeof ONE - 1 + after), 0, note, &p), CU_OK);
            assert_int_equal(p.n, 1);
            assert_int_equal(p.v[0].start, before);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_look_at_every_byte_finds),
        cmocka_unit_test(finds_one_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
