#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/ids.h"

static void utf8_accepts_and_refuses(void **state)
{
    (void)state;
    size_t at = 0;
    assert_true(cu_utf8_valid(CU_LIT("plain ascii, long enough for words"), NULL));
    assert_true(cu_utf8_valid(CU_LIT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), NULL));
    static const char *const bad[] = {"\x80", "\xc0\xaf", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe0\x80\xaf", "\xff", "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cu_utf8_valid(cu_str(bad[i]), NULL));
    assert_false(cu_utf8_valid(CU_LIT("0123456789abc\xffzz"), &at));
    assert_int_equal(at, 13);
}

static void buffers_stop_at_their_ceiling(void **state)
{
    (void)state;
    cu_buf b CU_CLEAN_BUF = CU_BUF(10);
    cu_buf_str(&b, "0123456789");
    assert_int_equal(cu_buf_err(&b), CU_OK);
    assert_string_equal(cu_buf_cstr(&b), "0123456789");
    cu_buf_byte(&b, 'x');
    assert_int_equal(cu_buf_err(&b), CU_TOO_BIG);
    assert_int_equal(b.n, 10);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1000);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv(&b, "a", CU_LIT("x\"\\\n\x01\xc3\xa9\xff"));
    cu_buf_json_kv_u64(&b, "b", 7);
    cu_buf_byte(&b, '}');
    assert_string_equal(cu_buf_cstr(&b),
                        "{\"a\":\"x\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\",\"b\":7}");
}

static void kept_memory_of_an_arena_is_wiped(void **state)
{
    cu_arena a, b;
    cu_arena_keep_ready(1);
    cu_arena_init(&a, 100000);
    uint8_t *first = cu_arena_raw(&a, 8000);
    assert_non_null(first);
    memset(first, 0xaa, 8000);
    cu_arena_free(&a);
    cu_arena_init(&b, 100000);
    uint8_t *again = cu_arena_raw(&b, 8000);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 8000; i++)
        assert_int_equal(again[i], 0);
    cu_arena_keep_ready(0);
    cu_arena_free(&b); /* and now it goes back */
}

static void arena_keeps_its_ceiling(void **state)
{
    (void)state;
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 100000);
    assert_non_null(cu_arena_alloc(&a, 60000));
    assert_null(cu_arena_alloc(&a, 60000));
    cu_bytes d = cu_arena_dup(&a, CU_LIT("abc"));
    assert_true(cu_eq_str(d, "abc"));
}

/* FIPS 180-4 "abc"; RFC 4231 test case 2. */
static void digests_match_their_vectors(void **state)
{
    (void)state;
    cu_sha256 d, e;
    char hex[65];
    cu_sha256_of(CU_LIT("abc"), &d);
    cu_hex(hex, d.b, 32);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cu_hmac_sha256(CU_LIT("Jefe"), CU_LIT("what do ya want for nothing?"), &d);
    cu_hex(hex, d.b, 32);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    cu_hasher *h = cu_hasher_new(CU_LIT("Jefe"));
    cu_hasher_add(h, CU_LIT("what do ya want "));
    cu_hasher_add(h, CU_LIT("for nothing?"));
    cu_hasher_end(h, &e);
    assert_memory_equal(d.b, e.b, 32);
}

static void base64_is_strict(void **state)
{
    (void)state;
    cu_buf b CU_CLEAN_BUF = CU_BUF(100);
    cu_base64(&b, CU_LIT("foob"));
    assert_string_equal(cu_buf_cstr(&b), "Zm9vYg==");
    cu_buf_reset(&b);
    assert_int_equal(cu_unbase64(&b, CU_LIT("Zm9vYg==")), CU_OK);
    assert_true(cu_eq_str(cu_buf_view(&b), "foob"));
    static const char *const bad[] = {"Zm9vYg", "Zm9vYh==", "Zm9v Yg=", "=m9v", "Zm=v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(cu_unbase64(&b, cu_str(bad[i])), CU_SYNTAX);
}

static void ids_sort_by_time(void **state)
{
    (void)state;
    char a[CU_ID_LEN], b[CU_ID_LEN], t[CU_TIME_LEN];
    cu_id_at(1000000000ULL, a);
    cu_id_at(2000000000ULL, b);
    assert_int_equal(strlen(a), 26);
    assert_true(strcmp(a, b) < 0);
    cu_time_text(1767225600123000000ULL, t);
    assert_string_equal(t, "2026-01-01T00:00:00.123Z");
}

/* The low-level functions against those that OpenSSL would have us use, at lengths around its blocks. */
static void digests_agree_with_evp(void **state)
{
    (void)state;
    uint8_t text[300], key[80], want[EVP_MAX_MD_SIZE];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31 + 7);
    memset(key, 0x5a, sizeof key);
    for (size_t n = 0; n < sizeof text; n++) {
        cu_sha256 got;
        unsigned len = 0;
        assert_int_equal(EVP_Digest(text, n, want, &len, EVP_sha256(), NULL), 1);
        cu_sha256_of3(cu_bytes_of(text, n / 3), cu_bytes_of(text + n / 3, n - n / 3), CU_NONE, &got);
        assert_memory_equal(got.b, want, sizeof got.b);
        size_t key_n = n % sizeof key + 1;
        assert_non_null(HMAC(EVP_sha256(), key, (int)key_n, text, n, want, &len));
        cu_hmac_sha256_3(cu_bytes_of(key, key_n), cu_bytes_of(text, n / 2), cu_bytes_of(text + n / 2, n - n / 2), CU_NONE, &got);
        assert_memory_equal(got.b, want, sizeof got.b);
        cu_hmac_key made;
        cu_hmac_key_of(cu_bytes_of(key, key_n), &made);
        for (int twice = 0; twice < 2; twice++) {
            cu_hmac_keyed_3(&made, cu_bytes_of(text, n / 3), cu_bytes_of(text + n / 3, n / 3), cu_bytes_of(text + 2 * (n / 3), n - 2 * (n / 3)), &got);
            assert_memory_equal(got.b, want, sizeof got.b);
        }
        cu_hasher *keyed = cu_hasher_new_keyed(&made);
        assert_non_null(keyed);
        cu_hasher_add(keyed, cu_bytes_of(text, n));
        cu_hasher_end(keyed, &got);
        assert_memory_equal(got.b, want, sizeof got.b);
        cu_hasher *h = cu_hasher_new(cu_bytes_of(key, key_n));
        assert_non_null(h);
        for (size_t i = 0; i < n; i++)
            cu_hasher_add(h, cu_bytes_of(text + i, 1));
        cu_hasher_end(h, &got);
        assert_memory_equal(got.b, want, sizeof got.b);
    }
}

static void times_agree_with_the_library(void **state)
{
    (void)state;
    for (uint64_t s = 0; s < 8000000000ULL; s += 86400ULL * 13 + 40271) {
        char got[CU_TIME_LEN], want[64];
        time_t t = (time_t)s;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.007Z", &tm);
        cu_time_text(s * 1000000000ULL + 7999999, got);
        assert_string_equal(got, want);
    }
}

/* Every byte at every place of a word of eight. */
static void every_byte_is_escaped_where_it_stands(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x80; c++)
        for (size_t at = 0; at < 17; at++) {
            char text[18], want[40];
            cu_buf b CU_CLEAN_BUF = CU_BUF(200);
            memset(text, 'a', 17);
            text[at] = (char)c;
            const char *as = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
            int n = snprintf(want, sizeof want, "%.*s", (int)at, text);
            if (as)
                n += snprintf(want + n, sizeof want - (size_t)n, "%s", as);
            else
                n += snprintf(want + n, sizeof want - (size_t)n, c < 0x20 ? "\\u%04x" : "%c", c);
            snprintf(want + n, sizeof want - (size_t)n, "%.*s", (int)(16 - at), text + at + 1);
            cu_buf_json_escape(&b, cu_bytes_of(text, 17));
            assert_string_equal(cu_buf_cstr(&b), want);
        }
}

static void a_child_draws_other_identifiers(void **state)
{
    (void)state;
    char mine[CU_ID_LEN], theirs[CU_ID_LEN] = "";
    int p[2], status;
    cu_id_at(0, mine);
    assert_int_equal(pipe(p), 0);
    pid_t child = fork();
    if (child == 0) {
        cu_id_at(0, theirs);
        _exit(write(p[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    assert_int_equal(read(p[0], theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(p[0]);
    close(p[1]);
    cu_id_at(0, mine);
    assert_string_not_equal(mine, theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_accepts_and_refuses),
        cmocka_unit_test(buffers_stop_at_their_ceiling),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(arena_keeps_its_ceiling),
        cmocka_unit_test(kept_memory_of_an_arena_is_wiped),
        cmocka_unit_test(digests_match_their_vectors),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(digests_agree_with_evp),
        cmocka_unit_test(times_agree_with_the_library),
        cmocka_unit_test(every_byte_is_escaped_where_it_stands),
        cmocka_unit_test(a_child_draws_other_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
