/* restore(redact(x)) is x: random and hostile inputs, small windows, any cut of the stream. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"
#include "redact/filter.h"

static cu_engine *engine;
static cu_scratch *scratch;
static uint8_t key[32];
static char dir[] = "/tmp/custos-filter-XXXXXX";
static char map_path[64];
static uint64_t seed = 42;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

typedef struct {
    cu_bytes rest;
    size_t step; /* 0: random pieces */
} source;

static cu_err give(void *arg, uint8_t *to, size_t room, size_t *got)
{
    source *s = arg;
    size_t n = s->step ? s->step : 1 + below(3000);
    n = n < room ? n : room;
    n = n < s->rest.n ? n : s->rest.n;
    if (n)
        memcpy(to, s->rest.p, n);
    s->rest = cu_slice(s->rest, n, s->rest.n);
    *got = n;
    return CU_OK;
}

static cu_err keep(void *arg, cu_bytes text)
{
    cu_buf_add(arg, text);
    return cu_buf_err(arg);
}

static cu_err open_map(void *arg, cu_map **map, cu_fault *f)
{
    (void)arg;
    return cu_map_open(map_path, key, false, map, f);
}

static void redact(cu_bytes x, size_t window, cu_buf *out)
{
    source s = {x, 0};
    cu_filter w = {.engine = engine, .scratch = scratch, .window = window, .in = give, .in_arg = &s, .out = keep, .out_arg = out};
    cu_filter_facts facts;
    cu_fault f = {0};
    memset(w.only, 1, sizeof w.only);
    memcpy(w.key, key, 32);
    assert_int_equal(cu_map_open(map_path, key, true, &w.map, &f), CU_OK);
    if (cu_filter_redact(&w, &facts, &f) != CU_OK)
        fail_msg("%s", f.text);
    cu_map_free(w.map);
}

static void restore(cu_bytes x, size_t step, cu_buf *out)
{
    source s = {x, step};
    cu_filter w = {.open_map = open_map, .in = give, .in_arg = &s, .out = keep, .out_arg = out};
    cu_filter_facts facts;
    cu_fault f = {0};
    if (cu_filter_restore(&w, &facts, &f) != CU_OK)
        fail_msg("%s", f.text);
}

static void holds(cu_bytes x, size_t window, size_t step)
{
    cu_buf once CU_CLEAN_BUF = CU_BUF((size_t)1 << 30), back CU_CLEAN_BUF = CU_BUF((size_t)1 << 30);
    redact(x, window, &once);
    restore(cu_buf_view(&once), step, &back);
    if (!cu_eq(x, cu_buf_view(&back))) {
        (void)!cu_file_replace(AT_FDCWD, "/tmp/custos-filter-failed", x, 0600);
        fail_msg("not the same: %zu bytes, window %zu", x.n, window);
    }
}

/* A surrogate of the map's own key for a value, so that a hostile text can hold it. */
static void own(const char *value, cu_type type, char out[CU_SURROGATE_LEN])
{
    cu_surrogate_key k;
    cu_filter_surrogate_key(key, &k);
    cu_surrogate_make(&k, type, cu_str(value), out);
}

static void mail(cu_buf *b, unsigned i)
{
    cu_buf_fmt(b, "person.%u@customer-mail.org", i);
}

/* A value that is found by the words before it, and from then on wherever it stands. */
static void secret(cu_buf *b, unsigned i)
{
    for (unsigned k = 0; k < 40; k++)
        cu_buf_byte(b, (uint8_t)"ABCDEFGHabcdefgh01234567"[(i * 7 + k * (k + i + 3)) % 24]);
}

static void named_secret(cu_buf *b, unsigned i)
{
    cu_buf_str(b, " aws_secret_access_key = \"");
    secret(b, i);
    cu_buf_str(b, "\" ");
}

static void piece(cu_buf *b)
{
    char s[CU_SURROGATE_LEN], value[64];
    unsigned i = below(12);
    snprintf(value, sizeof value, "person.%u@customer-mail.org", i);
    own(value, CU_TYPE_EMAIL_ADDRESS, s);
    switch (below(14)) {
    case 0: mail(b, i); break;
    case 1: cu_buf_put(b, s, CU_SURROGATE_LEN); break;
    case 2: cu_buf_put(b, s, 1 + below(CU_SURROGATE_LEN)); break; /* cut */
    case 3: cu_buf_put(b, s, 30 + below(6)); cu_buf_fmt(b, "(415) 555-26%02u", 10 + i); break;   /* cut, and a finding behind it */
    case 4: cu_buf_str(b, "CUSTOS_"); break;
    case 5: cu_buf_put(b, "CUSTOS_", 1 + below(7)); break;
    case 6: named_secret(b, i); break;
    case 7: secret(b, i); break;
    case 8: cu_buf_byte(b, 0); break;
    case 9: cu_buf_str(b, " \n"); break;
    case 10: for (unsigned k = below(40); k; k--) cu_buf_byte(b, (uint8_t)below(256)); break;
    case 11: for (unsigned k = below(200); k; k--) cu_buf_byte(b, "abc XYZ_\n"[below(9)]); break;
    case 12: s[CU_SURROGATE_LEN - 1] ^= 1; cu_buf_put(b, s, CU_SURROGATE_LEN); break; /* damaged */
    default: cu_buf_put(b, s, CU_SURROGATE_LEN); cu_buf_put(b, s, below(CU_SURROGATE_LEN)); mail(b, i);
    }
}

static void any_text_comes_back(void **state)
{
    (void)state;
    for (int round = 0; round < 1000; round++) {
        cu_buf x CU_CLEAN_BUF = CU_BUF((size_t)1 << 24);
        for (unsigned n = below(round % 10 ? 30 : 600); n; n--)
            piece(&x);
        holds(cu_buf_view(&x), 4096 + below(4096), below(3) ? 0 : 1 + below(50));
    }
}

/* The one place where text and surrogate together look like a surrogate: 35 bytes of one that ends in
 * C, and a finding behind it, whose surrogate begins with C. */
static void a_surrogate_completed_by_the_next_one_comes_back(void **state)
{
    (void)state;
    int tried = 0;
    for (unsigned i = 0; tried < 20; i++) {
        char s[CU_SURROGATE_LEN], value[64];
        cu_buf x CU_CLEAN_BUF = CU_BUF(4096);
        snprintf(value, sizeof value, "person.%u@customer-mail.org", i);
        own(value, CU_TYPE_EMAIL_ADDRESS, s);
        if (s[CU_SURROGATE_LEN - 1] != 'C')
            continue;
        tried++;
        cu_buf_fmt(&x, "%s ", value); /* so that it is in the map */
        named_secret(&x, i);
        cu_buf_put(&x, s, CU_SURROGATE_LEN - 1);
        cu_buf_str(&x, "(415) 555-2671 "); /* begins with no letter, so it may stand behind one */
        cu_buf_put(&x, s, CU_SURROGATE_LEN - 1);
        mail(&x, i + 1);
        cu_buf_put(&x, s, CU_SURROGATE_LEN - 1);
        secret(&x, i); /* found without its words, so it may begin anywhere */
        cu_buf_put(&x, s, CU_SURROGATE_LEN - 1);
        cu_buf_put(&x, s, CU_SURROGATE_LEN);
        holds(cu_buf_view(&x), 4096, 0);
    }
}

static void what_is_redacted_twice_is_restored_twice(void **state)
{
    cu_buf x CU_CLEAN_BUF = CU_BUF(4096), once CU_CLEAN_BUF = CU_BUF(4096);
    (void)state;
    mail(&x, 1);
    redact(cu_buf_view(&x), 0, &once);
    assert_null(strstr(cu_buf_cstr(&once), "@"));
    holds(cu_buf_view(&once), 0, 0);
}

static void a_long_text_passes_through_small_windows(void **state)
{
    cu_buf x CU_CLEAN_BUF = CU_BUF((size_t)1 << 24), once CU_CLEAN_BUF = CU_BUF((size_t)1 << 26);
    (void)state;
    while (x.n < 3000000)
        piece(&x);
    holds(cu_buf_view(&x), 4096, 0);
    holds(cu_buf_view(&x), 70000, 0);
    holds(cu_buf_view(&x), 0, 0);
    cu_buf_reset(&x);
    for (unsigned i = 0; x.n < 500000; i++) {
        cu_buf_str(&x, " some text between the values, ");
        mail(&x, i);
    }
    redact(cu_buf_view(&x), 8192, &once);
    assert_null(memchr(once.p, '@', once.n)); /* none was missed at a seam */
}

static void the_map_is_sealed_and_survives_a_torn_record(void **state)
{
    cu_buf x CU_CLEAN_BUF = CU_BUF(4096), once CU_CLEAN_BUF = CU_BUF(4096), file CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_map *m = NULL;
    cu_fault f = {0};
    struct stat st;
    uint8_t other[32] = {1};
    (void)state;
    assert_int_equal(unlink(map_path), 0);
    mail(&x, 7);
    redact(cu_buf_view(&x), 0, &once);
    assert_int_equal(stat(map_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(cu_file_read(AT_FDCWD, map_path, &file), CU_OK);
    assert_int_equal(cu_find(cu_buf_view(&file), CU_LIT("customer"), 0), (size_t)-1);
    assert_int_equal(cu_map_open(map_path, other, false, &m, &f), CU_CORRUPT);
    for (size_t i = 0; i < file.n; i++) { /* any changed byte is seen, and never taken for a torn end */
        file.p[i] ^= 1;
        assert_int_equal(cu_file_replace(AT_FDCWD, map_path, cu_buf_view(&file), 0600), CU_OK);
        cu_err e = cu_map_open(map_path, key, false, &m, &f);
        assert_int_equal(e, CU_CORRUPT);
        assert_int_equal(cu_map_open(map_path, key, true, &m, &f), CU_CORRUPT);
        file.p[i] ^= 1;
    }
    for (size_t n = 0; n < file.n; n++) { /* torn anywhere: the next writer goes on */
        assert_int_equal(cu_file_replace(AT_FDCWD, map_path, cu_slice(cu_buf_view(&file), 0, n), 0600), CU_OK);
        holds(cu_buf_view(&x), 0, 0);
    }
}

static int before_all(void **state)
{
    cu_fault f = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(map_path, sizeof map_path, "%s/map", dir);
    cu_random(key, sizeof key);
    assert_int_equal(cu_engine_open(RULES_DIR "/..", NULL, NULL, &engine, &f), CU_OK);
    assert_int_equal(cu_scratch_new(engine, &scratch), CU_OK);
    return 0;
}

static int after_all(void **state)
{
    (void)state;
    unlink(map_path);
    return rmdir(dir) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_comes_back),
        cmocka_unit_test(a_surrogate_completed_by_the_next_one_comes_back),
        cmocka_unit_test(what_is_redacted_twice_is_restored_twice),
        cmocka_unit_test(a_long_text_passes_through_small_windows),
        cmocka_unit_test(the_map_is_sealed_and_survives_a_torn_record),
    };
    return cmocka_run_group_tests_name("filter", tests, before_all, after_all);
}
