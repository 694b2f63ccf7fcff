/* Lines of code, and where they came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "inspect/print.h"

static bool same(const char *a, const char *b)
{
    cu_print_line x, y;
    cu_print_line_of(cu_str(a), &x);
    cu_print_line_of(cu_str(b), &y);
    return x.weight && memcmp(x.exact, y.exact, sizeof x.exact) == 0;
}

static bool alike(const char *a, const char *b)
{
    cu_print_line x, y;
    cu_print_line_of(cu_str(a), &x);
    cu_print_line_of(cu_str(b), &y);
    return x.weight && memcmp(x.shape, y.shape, sizeof x.shape) == 0;
}

static void forms(void **state)
{
    assert_true(same("    const a = f('x', 1);", "const a=f( \"x\",1 )"));
    assert_true(same("\tkey: value_of(it),", "key : value_of( it )"));
    assert_false(same("return alpha;", "return beta;"));
    assert_false(same("return 'a b';", "return 'ab';"));
    assert_true(alike("return alpha;", "return beta;"));
    assert_false(alike("return alpha;", "yield alpha;"));
    assert_true(same("# it's a comment of three", "#  it's a comment of three"));
}

static void says_nothing(void **state)
{
    static const char *const lines[] = {"", "   ", "}", "});", "else {", "return;", "a b", "*/"};
    static char longer[CU_PRINT_LINE + 2];
    cu_print_line l;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cu_print_line_of(cu_str(lines[i]), &l);
        assert_int_equal(l.weight, 0);
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[5] = ' ';
    cu_print_line_of(cu_str(longer), &l);
    assert_int_equal(l.weight, 0);
    cu_print_line_of(cu_bytes_of(longer, CU_PRINT_LINE), &l);
    assert_int_equal(l.weight, 2);
    cu_print_line_of(CU_LIT("it said 'unfinished \\"), &l); /* the last byte escapes what is not there */
    assert_true(l.weight > 0);
}

static void keyed(void **state)
{
    static const uint8_t one[32] = {1}, two[32] = {2};
    cu_hmac_key a, b;
    cu_print_line l;
    cu_print x, y, z;
    uint8_t bytes[CU_PRINT_LEN];
    cu_print_line_of(CU_LIT("return total + rounding;"), &l);
    cu_print_key(one, &a);
    cu_print_key(two, &b);
    cu_print_keyed(&a, &l, &x);
    cu_print_keyed(&b, &l, &y);
    assert_true(x.exact != y.exact);
    assert_true(x.exact >> 40 == 0 && x.shape >> 24 == 0);
    cu_print_put(&x, bytes);
    cu_print_get(bytes, &z);
    assert_true(z.exact == x.exact && z.shape == x.shape);
}

static bool has_secret(void *arg, cu_bytes line)
{
    return cu_find(line, CU_LIT("hunter"), 0) != SIZE_MAX;
}

static void collects(void **state)
{
    static const uint8_t commit_key[32] = {9};
    cu_hmac_key key;
    cu_prints p;
    cu_print_key(commit_key, &key);
    const cu_artefact code = {.kind = CU_ARTEFACT_CODE, .text = CU_LIT("int total = 0;\n}\n\npassword = hunter2\nreturn total + one;")};
    const cu_artefact short_command = {.kind = CU_ARTEFACT_COMMAND, .text = CU_LIT("ls -l /tmp/somewhere")};
    const cu_artefact url = {.kind = CU_ARTEFACT_URL, .text = CU_LIT("https://example.com/a/b\n")};
    cu_prints_begin(&p, &key);
    p.secret = has_secret;
    cu_prints_add(&p, &code);
    cu_prints_add(&p, &short_command);
    cu_prints_add(&p, &url);
    assert_int_equal(p.out.n, 2 * CU_PRINT_LEN);
    for (unsigned i = 0; i < CU_PRINTS_MAX; i++)
        cu_prints_add(&p, &code);
    assert_int_equal(p.out.n, CU_PRINTS_MAX * CU_PRINT_LEN);
    assert_int_equal(p.left_out, CU_PRINTS_MAX + 2 - CU_PRINTS_MAX + CU_PRINTS_MAX);
    cu_prints_end(&p);
}

#define N 40
static cu_print line(unsigned exact, unsigned shape)
{
    return (cu_print){.exact = exact, .shape = shape, .weight = 6};
}

static void aligned(void **state)
{
    cu_print file[N], wrote[N];
    uint8_t of[N] = {0};
    size_t n;
    for (unsigned i = 0; i < N; i++)
        file[i] = wrote[i] = line(100 + i, 500 + i);
    file[10].exact = 1;                      /* renamed: alike, between lines that are the same */
    file[20] = line(2, 3);                   /* somebody's own */
    assert_int_equal(cu_prints_align(file, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, N - 1);
    assert_int_equal(of[9], CU_PRINT_SAME);
    assert_int_equal(of[10], CU_PRINT_ALIKE);
    assert_int_equal(of[20], CU_PRINT_FREE);
}

/* The second half first: found in the second round. */
static void moved(void **state)
{
    cu_print file[N], wrote[N];
    uint8_t of[N] = {0};
    size_t n;
    for (unsigned i = 0; i < N; i++) {
        wrote[i] = line(100 + i, 500 + i);
        file[i] = line(100 + (i + N / 2) % N, 500 + (i + N / 2) % N);
    }
    assert_int_equal(cu_prints_align(file, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, N);
}

/* All over the file names were changed, but in two lines. */
static void names_changed(void **state)
{
    cu_print file[N], wrote[N];
    uint8_t of[N] = {0};
    size_t n;
    for (unsigned i = 0; i < N; i++) {
        wrote[i] = line(100 + i, 500 + i);
        file[i] = line(900 + i, i < 20 ? 500 + i : 700 + i);
    }
    file[4] = wrote[4];
    file[12] = wrote[12];
    assert_int_equal(cu_prints_align(file, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, 20);
    assert_int_equal(of[0], CU_PRINT_ALIKE);
    assert_int_equal(of[12], CU_PRINT_SAME);
    assert_int_equal(of[20], CU_PRINT_FREE);
    memset(of, 0, sizeof of);
    file[4].exact = file[12].exact = 1; /* nothing is the same: nobody is named */
    assert_int_equal(cu_prints_align(file, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, 0);
}

/* One line in common, however long, and lines that are merely alike, name nobody. */
static void by_chance(void **state)
{
    cu_print file[N], wrote[N];
    uint8_t of[N] = {0};
    size_t n;
    for (unsigned i = 0; i < N; i++) {
        wrote[i] = line(100 + i, 500);
        file[i] = line(900 + i, 500);
    }
    wrote[3].weight = 12;
    file[7] = wrote[3]; /* in a table, whose rows are all alike */
    assert_int_equal(cu_prints_align(file, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, 0);
    memset(of, 1, sizeof of); /* all taken */
    assert_int_equal(cu_prints_align(wrote, N, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, 0);
    assert_int_equal(cu_prints_align(file, 0, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, 0);
}

/* --- lines that were broken --- */

typedef struct {
    cu_print_line is[64];
    uint32_t first[64], lines[64];
    size_t n;
} gathered;

static void gather(void *arg, uint32_t first, uint32_t lines, const cu_print_line *p)
{
    gathered *g = arg;
    assert_true(g->n < 64);
    g->first[g->n] = first;
    g->lines[g->n] = lines;
    g->is[g->n++] = *p;
}

/* Whether lines n of these, from the first on, have the print of `one`. */
static bool was_one(const char *const *broken, size_t n, const char *one)
{
    cu_print_joining j = {0};
    gathered g = {.n = 0};
    cu_print_line p;
    bool hit = false;
    for (size_t i = 0; i < n; i++)
        cu_print_join_next(&j, (uint32_t)(7 + i), cu_str(broken[i]), gather, &g);
    cu_print_line_of(cu_str(one), &p);
    for (size_t i = 0; i < g.n; i++)
        hit |= g.first[i] == 7 && g.lines[i] == n && memcmp(g.is[i].exact, p.exact, sizeof p.exact) == 0;
    return hit;
}

static void broken_lines(void **state)
{
    assert_true(was_one((const char *const[]){"call_of(alpha, beta,", "        gamma);"}, 2, "call_of(alpha, beta, gamma);"));
    assert_true(was_one((const char *const[]){"x = call_of(", "    alpha,", "    beta,", ")"}, 4, "x = call_of(alpha, beta)")); /* with a formatter's last comma */
    assert_true(was_one((const char *const[]){"const a = alpha", "    .map(beta)", "    .filter(gamma)"}, 3, "const a = alpha.map(beta).filter(gamma)"));
    assert_true(was_one((const char *const[]){"if (alpha &&", "    beta) {"}, 2, "if (alpha && beta) {"));
    assert_true(was_one((const char *const[]){"say(\"a ( b\",", "    beta);"}, 2, "say(\"a ( b\", beta);"));
    assert_false(was_one((const char *const[]){"alpha = one();", "beta = two();"}, 2, "alpha = one(); beta = two();"));
    assert_false(was_one((const char *const[]){"call_of(alpha,", "", "    beta);"}, 3, "call_of(alpha, gamma);"));
}

static void joining_keeps_to_its_ceilings(void **state)
{
    static char longer[CU_PRINT_LINE];
    cu_print_joining j = {0};
    gathered g = {.n = 0};
    for (uint32_t i = 1; i < 12; i++)
        cu_print_join_next(&j, i, CU_LIT("alpha, beta,"), gather, &g);
    for (size_t i = 0; i < g.n; i++)
        assert_in_range(g.lines[i], 2, CU_PRINT_JOINED);
    memset(longer, 'a', sizeof longer - 1);
    longer[9] = '(';
    for (uint32_t i = 20; i < 24; i++) { /* together no line any more */
        g.n = 0;
        cu_print_join_next(&j, i, cu_str(longer), gather, &g);
        assert_int_equal(g.n, 0);
    }
    cu_print_join_next(&j, 90, CU_LIT("beta, gamma)"), gather, &g); /* not the next line */
    assert_int_equal(g.n, 0);
    cu_print_join_next(&j, UINT32_MAX, CU_NONE, gather, &g);
}

static void broken_lines_are_found(void **state)
{
    cu_print file[N + 1], wrote[N];
    uint8_t of[N + 1] = {0};
    size_t n;
    for (unsigned i = 0; i < N; i++)
        file[i < 10 ? i : i + 1] = wrote[i] = line(100 + i, 500 + i);
    file[10] = line(1, 1); /* the two halves of the tenth */
    file[11] = line(2, 2);
    const cu_print_join joins[] = {{10, 11, wrote[10]}, {20, 21, line(3, 3)}, {38, 41, wrote[12]}, {5, 4, wrote[13]}};
    assert_int_equal(cu_prints_align_joined(file, N + 1, joins, 4, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, N + 1);
    assert_int_equal(of[10], CU_PRINT_SAME);
    assert_int_equal(of[11], CU_PRINT_SAME);
    memset(of, 0, sizeof of);
    of[11] = CU_PRINT_SAME; /* another exchange's: taken */
    assert_int_equal(cu_prints_align_joined(file, N + 1, joins, 4, wrote, N, of, &n), CU_OK);
    assert_int_equal(n, N - 1);
    assert_int_equal(of[10], CU_PRINT_FREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms), cmocka_unit_test(says_nothing), cmocka_unit_test(keyed), cmocka_unit_test(collects),
        cmocka_unit_test(aligned), cmocka_unit_test(moved), cmocka_unit_test(names_changed), cmocka_unit_test(by_chance),
        cmocka_unit_test(broken_lines), cmocka_unit_test(joining_keeps_to_its_ceilings), cmocka_unit_test(broken_lines_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
