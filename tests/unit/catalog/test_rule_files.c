/* Rule files that are cut off: every truncation is refused with file and line, or is whole rules. */
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
#include "base/buf.h"
#include "base/file.h"
#include "catalog/rules.h"

/* A file with every key, every kind of scalar and every form of value. */
static const char every_key[] =
    "# a comment\n"
    "rules:\n"
    "  - id: rule-a\n    type: SECRET\n    title: 'it''s A'\n    pattern: \"ka_([a-z0-9]{8})\"\n"
    "    validator: mixed\n    by_context: true\n    severity: low\n    action: block\n    confidence: 90\n"
    "    source: \"a \\u00e9 b\"\n    examples:\n      - 'ka_[[1a2b3c4d]]'\n      - |\n        ka_[[1a2b3c4d]]\n        next\n"
    "      - >-\n        k is\n        ka_[[<lowerdigit*8>]]\n    counter_examples: [a, 'b', \"c\"]\n"
    "  - {id: rule-b, type: SECRET, title: B, anchors: [heroku, 'sin '], value: '[a-f0-9]{8}', reach: 40, words: [key, pass],\n"
    "     confidence: 5, source: none, examples: ['heroku key [[0a1b2c3d]]', '[[b]]', '[[c]]'], counter_examples: [a, b, c]}\n"
    "  - id: rule-c\n    type: EMAIL_ADDRESS\n    title: C\n    finder: email\n    confidence: 90\n    source: none\n"
    "    examples: ['[[a]]', '[[b]]', '[[c]]']\n    counter_examples: [a, b, c]\n";

static char dir[] = "/tmp/custos-test-rules-XXXXXX", file[64];

static int make_dir(void **state)
{
    char sub[64];
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(sub, sizeof sub, "%s/pii", dir);
    mkdir(sub, 0700);
    snprintf(sub, sizeof sub, "%s/secrets", dir);
    mkdir(sub, 0700);
    snprintf(file, sizeof file, "%s/secrets/a.yaml", dir);
    return 0;
}

static int remove_dir(void **state)
{
    char sub[64];
    (void)state;
    unlink(file);
    snprintf(sub, sizeof sub, "%s/pii", dir);
    rmdir(sub);
    snprintf(sub, sizeof sub, "%s/secrets", dir);
    rmdir(sub);
    return rmdir(dir);
}

/* How many rules the first n bytes are; refused: 0, and the message names the file. */
static size_t load(cu_bytes text)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_rules rules = {0};
    cu_fault f = {0};
    FILE *to = fopen(file, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(text.p, 1, text.n, to), text.n);
    assert_int_equal(fclose(to), 0);
    cu_arena_init(&a, 64u << 20);
    if (cu_rules_load(dir, &a, &rules, &f) == CU_OK) {
        assert_true(rules.n > 0);
        return rules.n;
    }
    if (!strstr(f.text, "holds no rule") && !strstr(f.text, file))
        fail_msg("cut at %zu: \"%s\" does not name the file", text.n, f.text);
    return 0;
}

static void every_truncation(void **state)
{
    const cu_bytes all = cu_bytes_of(every_key, sizeof every_key - 1);
    size_t most = 0;
    (void)state;
    assert_int_equal(load(all), 3);
    for (size_t n = 0; n < all.n; n++) {
        size_t got = load(cu_slice(all, 0, n));
        assert_true(got >= most || got == 0);
        most = got > most ? got : most;
    }
    assert_true(most >= 2);
}

static void every_byte_replaced(void **state)
{
    static const uint8_t by[] = {0, '\n', ' ', '\t', '-', ':', '\'', '[', '{', '&', '*', '!', '|', 0x80, 0xff};
    char copy[sizeof every_key];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof every_key; i++)
        for (size_t k = i % 3; k < sizeof by; k += 3) {
            memcpy(copy, every_key, sizeof copy);
            copy[i] = (char)by[k];
            assert_true(load(cu_bytes_of(copy, sizeof copy - 1)) <= 3);
        }
}

/* The files that ship, cut at places that share no period with their lines. */
static void shipped_files_cut(void **state)
{
    static const char *const subs[] = {"secrets", "pii"};
    unsigned files = 0;
    (void)state;
    for (int s = 0; s < 2; s++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", RULES_DIR, subs[s]);
        DIR *d = opendir(path);
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));) {
            cu_buf text CU_CLEAN_BUF = CU_BUF(4u << 20);
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s/%.200s", RULES_DIR, subs[s], e->d_name);
            assert_int_equal(cu_file_read(AT_FDCWD, path, &text), CU_OK);
            for (size_t n = 0; n < text.n; n += 1999)
                (void)load(cu_slice(cu_buf_view(&text), 0, n));
            assert_true(load(cu_buf_view(&text)) > 0);
            files++;
        }
        closedir(d);
    }
    assert_true(files > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte_replaced),
        cmocka_unit_test(shipped_files_cut),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
