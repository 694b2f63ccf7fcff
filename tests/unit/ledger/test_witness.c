/* Notes, cosignatures, policies and the witness's rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/sign.h"
#include "ledger/timestamp.h"
#include "merkle.h"
#include "trust.h"

#define LOG "example.org/log"

static char dir[] = "/tmp/custos-witness-XXXXXX";
static int dirfd_;
static uint8_t log_seed[32] = {1};
static cu_sha256 leaves[64];

static cu_err node(void *arg, unsigned level, uint64_t index, cu_sha256 *out)
{
    const cu_sha256 *v = arg;
    if (level == 0) {
        *out = v[index];
        return CU_OK;
    }
    cu_sha256 l, r;
    CU_TRY(node(arg, level - 1, 2 * index, &l));
    CU_TRY(node(arg, level - 1, 2 * index + 1, &r));
    merkle_pair(&l, &r, out);
    return CU_OK;
}

static int make(void **state)
{
    for (unsigned i = 0; i < 64; i++)
        merkle_leaf(cu_bytes_of(&i, sizeof i), &leaves[i]);
    return mkdtemp(dir) && (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) >= 0 ? 0 : -1;
}

static void empty_dir(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlinkat(dirfd_, e->d_name, 0);
    closedir(d);
}

static int clean(void **state)
{
    empty_dir();
    close(dirfd_);
    return rmdir(dir);
}

static void vkey_of(const char *name, uint8_t type, const uint8_t seed[32], cu_buf *out)
{
    uint8_t pk[32];
    assert_int_equal(cu_ed25519_public(seed, pk), CU_OK);
    note_key_text(cu_str(name), type, pk, out);
}

static void note_of(cu_sha256 *v, uint64_t size, const uint8_t seed[32], cu_buf *out)
{
    cu_checkpoint cp = {.origin = LOG, .size = size};
    cu_buf text CU_CLEAN_BUF = CU_BUF(1024);
    assert_int_equal(merkle_root(node, v, size, &cp.root), CU_OK);
    checkpoint_text(&cp, &text);
    cu_buf_add(out, cu_buf_view(&text));
    cu_buf_byte(out, '\n');
    assert_int_equal(note_sign_line(cu_buf_view(&text), CU_LIT(LOG), seed, out), CU_OK);
}

static cu_witness *open_witness(cu_trust **logs)
{
    static char key[512];
    cu_buf policy CU_CLEAN_BUF = CU_BUF(1024), k CU_CLEAN_BUF = CU_BUF(512);
    cu_witness *w = NULL;
    cu_fault f = {0};
    if (!key[0]) {
        assert_int_equal(cu_witness_key_new("w.example.org", &k), CU_OK);
        snprintf(key, sizeof key, "%s", cu_buf_cstr(&k));
    }
    cu_buf_str(&policy, "log ");
    vkey_of(LOG, NOTE_ED25519, log_seed, &policy);
    assert_int_equal(cu_trust_parse(cu_buf_view(&policy), false, logs, &f), CU_OK);
    assert_int_equal(cu_witness_open(dirfd_, cu_str(key), *logs, &w, &f), CU_OK);
    return w;
}

static unsigned add(cu_witness *w, cu_sha256 *v, uint64_t old, uint64_t size, cu_buf *out)
{
    merkle_proof p = {.n = 0};
    cu_buf r CU_CLEAN_BUF = CU_BUF(CU_WITNESS_REQUEST_MAX);
    if (old && old < size)
        assert_int_equal(merkle_consistency(node, v, old, size, &p), CU_OK);
    cu_buf_fmt(&r, "old %llu\n", (unsigned long long)old);
    for (size_t i = 0; i < p.n; i++)
        cu_base64(&r, cu_bytes_of(&p.v[i], 32)), cu_buf_byte(&r, '\n');
    cu_buf_byte(&r, '\n');
    note_of(v, size, log_seed, &r);
    cu_buf_reset(out);
    return cu_witness_add(w, cu_buf_view(&r), 1700000000, out);
}

/* The example of signed-note.md: its key is not printed there, but its form is. */
static void test_note_of_the_specification(void **state)
{
    static const char note[] = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned \xc3\xa8 subito sera.\n\n"
                               "\xe2\x80\x94 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    cu_bytes text, lines;
    note_signature s;
    assert_int_equal(note_split(cu_str(note), &text, &lines), CU_OK);
    assert_true(cu_eq(text, cu_slice(cu_str(note), 0, text.n)) && text.p[text.n - 2] == '.');
    assert_int_equal(note_next(&lines, &s), CU_OK);
    assert_true(cu_eq_str(s.name, "quasimodo.example/salvatore") && s.n == 64 && lines.n == 0);
    for (size_t n = 0; n < sizeof note - 1; n++) { /* every truncation is refused, or has no whole signature */
        cu_bytes t, l;
        if (note_split(cu_bytes_of(note, n), &t, &l) == CU_OK)
            assert_int_not_equal(note_next(&l, &s), CU_OK);
    }
}

/* golang.org/x/mod/sumdb/note: PeterNeumann's key and text, which are in its documentation. */
static void test_note_of_another_implementation(void **state)
{
    note_key k;
    assert_int_equal(note_key_parse(CU_LIT("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), NOTE_ED25519, &k), CU_OK);
    static const char text[] = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    static const char line[] = "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    cu_bytes rest = cu_str(line);
    note_signature s;
    assert_int_equal(note_next(&rest, &s), CU_OK);
    assert_true(note_is_by(&s, &k));
    assert_int_equal(cu_ed25519_verify(k.pk, cu_str(text), s.sig), CU_OK);
}

static void test_cosignature(void **state)
{
    cu_trust *t;
    cu_fault f = {0};
    uint8_t seed[32] = {7};
    uint64_t at;
    cu_buf policy CU_CLEAN_BUF = CU_BUF(1024), note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_bytes text, lines;
    cu_buf_str(&policy, "witness w ");
    vkey_of("w.example.org", NOTE_COSIGNATURE, seed, &policy);
    cu_buf_str(&policy, "\nquorum w\n");
    assert_int_equal(cu_trust_parse(cu_buf_view(&policy), true, &t, &f), CU_OK);
    note_of(leaves, 5, log_seed, &note);
    assert_int_equal(cu_trust_cosigned(t, 0, cu_buf_view(&note), &at, NULL), CU_NOT_FOUND);
    assert_int_equal(note_split(cu_buf_view(&note), &text, &lines), CU_OK);
    cu_buf line CU_CLEAN_BUF = CU_BUF(1024);
    assert_int_equal(cosign(text, CU_LIT("w.example.org"), seed, 1679315147, &line), CU_OK);
    cu_buf_add(&note, cu_buf_view(&line));
    assert_int_equal(cu_trust_cosigned(t, 0, cu_buf_view(&note), &at, NULL), CU_OK);
    assert_int_equal(at, 1679315147);
    for (size_t i = 0; i < text.n; i++) { /* over another text it is false, or no note at all */
        note.p[i] ^= 1;
        assert_int_not_equal(cu_trust_cosigned(t, 0, cu_buf_view(&note), &at, NULL), CU_OK);
        note.p[i] ^= 1;
    }
    cu_trust_free(t);
}

static void test_policy(void **state)
{
    cu_trust *t;
    cu_fault f = {0};
    cu_buf p CU_CLEAN_BUF = CU_BUF(8192);
    for (uint8_t i = 1; i <= 4; i++) {
        uint8_t seed[32] = {i};
        char name[8];
        snprintf(name, sizeof name, "w%u", i);
        cu_buf_fmt(&p, "  witness %s ", name);
        vkey_of(name, NOTE_COSIGNATURE, seed, &p);
        cu_buf_str(&p, i == 1 ? "\thttps://w.example.org/\n" : "\n");
    }
    size_t base = p.n;
    cu_buf_str(&p, "# a comment\ngroup a 2 w1 w2 w3\n\ngroup all all a w4\nquorum all\n");
    assert_int_equal(cu_trust_parse(cu_buf_view(&p), true, &t, &f), CU_OK);
    assert_string_equal(cu_trust_url(t, 0), "https://w.example.org/");
    for (unsigned bits = 0; bits < 16; bits++) {
        bool have[CU_TRUST_WITNESSES] = {bits & 1, bits & 2, bits & 4, bits & 8};
        assert_int_equal(cu_trust_holds(t, have), (have[0] + have[1] + have[2] >= 2) && have[3]);
    }
    cu_trust_free(t);
    static const char *const bad[] = {"quorum w5\n", "", "group a 0 w1\nquorum a\n", "group a 4 w1 w2\nquorum a\n", "group a 1 b\nquorum a\n",
                                      "group w1 1 w2\nquorum w1\n", "group a 1 w1\ngroup b 1 w1\nquorum a\n", "group none 1 w1\nquorum none\n",
                                      "quorum w1\nquorum w1\n", "quorom w1\n", "group a any\nquorum a\n", "group a 1 w1 w1\nquorum a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p.n = base;
        cu_buf_str(&p, bad[i]);
        assert_int_equal(cu_trust_parse(cu_buf_view(&p), true, &t, &f), CU_SYNTAX);
        assert_true(f.line >= 4);
    }
}

static void test_witness_follows_the_log(void **state)
{
    cu_trust *logs;
    cu_witness *w = open_witness(&logs);
    cu_buf out CU_CLEAN_BUF = CU_BUF(8192);
    cu_sha256 fork[64];
    memcpy(fork, leaves, sizeof fork);
    fork[3].b[0] ^= 1;
    assert_int_equal(add(w, leaves, 0, 10, &out), 200);
    assert_int_equal(add(w, leaves, 10, 10, &out), 200);
    assert_int_equal(add(w, leaves, 10, 33, &out), 200);
    assert_int_equal(add(w, leaves, 10, 40, &out), 409); /* another old size */
    assert_string_equal(cu_buf_cstr(&out), "33\n");
    assert_int_equal(add(w, leaves, 0, 40, &out), 409);
    assert_int_equal(add(w, leaves, 10, 20, &out), 409); /* back */
    assert_int_equal(add(w, fork, 33, 33, &out), 409);   /* another tree of this size */
    assert_int_equal(add(w, fork, 33, 40, &out), 422);   /* a fork with the fork's own proof */
    log_seed[0] ^= 1;
    assert_int_equal(add(w, leaves, 33, 40, &out), 403);
    log_seed[0] ^= 1;
    cu_witness_close(w);
    cu_trust_free(logs);
    w = open_witness(&logs); /* after a restart it still knows */
    assert_int_equal(add(w, fork, 33, 40, &out), 422);
    assert_int_equal(add(w, leaves, 33, 40, &out), 200);
    cu_witness_close(w);
    cu_trust_free(logs);
    empty_dir();
}

static void test_witness_refuses_what_is_no_request(void **state)
{
    cu_trust *logs;
    cu_witness *w = open_witness(&logs);
    cu_buf out CU_CLEAN_BUF = CU_BUF(8192), r CU_CLEAN_BUF = CU_BUF(8192);
    cu_buf_str(&r, "old 0\n\n");
    note_of(leaves, 10, log_seed, &r);
    for (size_t n = 0; n < r.n; n++) {
        cu_buf_reset(&out);
        unsigned status = cu_witness_add(w, cu_slice(cu_buf_view(&r), 0, n), 1, &out);
        assert_true(status == 400 || status == 403);
    }
    static const char *const bad[] = {"old 00\n\n", "old 1x\n\n", "old -1\n\n", "olf 0\n\n", "old 0\nAAAA\n\n", "old 99999999999999999999\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cu_buf_reset(&r);
        cu_buf_str(&r, bad[i]);
        note_of(leaves, 10, log_seed, &r);
        cu_buf_reset(&out);
        assert_int_equal(cu_witness_add(w, cu_buf_view(&r), 1, &out), 400);
    }
    assert_int_equal(add(w, leaves, 11, 10, &out), 400);
    cu_witness_close(w);
    cu_trust_free(logs);
    empty_dir();
}

/* State that cannot be written: no signature leaves. */
static void test_witness_signs_nothing_it_cannot_keep(void **state)
{
    cu_trust *logs;
    cu_witness *w = open_witness(&logs);
    cu_sha256 h;
    char name[65];
    cu_buf out CU_CLEAN_BUF = CU_BUF(8192);
    cu_sha256_of(CU_LIT(LOG), &h);
    cu_hex(name, h.b, 32);
    assert_int_equal(mkdirat(dirfd_, name, 0755), 0); /* in the place of the file */
    assert_int_equal(add(w, leaves, 0, 10, &out), 500);
    unlinkat(dirfd_, name, AT_REMOVEDIR);
    int fd = openat(dirfd_, name, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, "forged\n", 7), 7);
    close(fd);
    assert_int_equal(add(w, leaves, 0, 10, &out), 500);
    cu_witness_close(w);
    cu_trust_free(logs);
    empty_dir();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note_of_the_specification), cmocka_unit_test(test_note_of_another_implementation),
        cmocka_unit_test(test_cosignature), cmocka_unit_test(test_policy), cmocka_unit_test(test_witness_follows_the_log),
        cmocka_unit_test(test_witness_refuses_what_is_no_request), cmocka_unit_test(test_witness_signs_nothing_it_cannot_keep),
    };
    return cmocka_run_group_tests_name("ledger/witness", tests, make, clean);
}
