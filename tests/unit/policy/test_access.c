/* Patterns, places and rules, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "policy/access.h"
#include "policy/glob.h"
#include "policy/path.h"

static void paths_fit(void **state)
{
    static const struct {
        const char *glob, *path;
        bool fits;
    } t[] = {
        {"src/keys/**", "src/keys/a.c", true}, {"src/keys/**", "src/keys", true}, {"src/keys/**", "src/keys/b/c/d", true},
        {"src/keys/**", "src/keysmith/a.c", false}, {"src/keys", "src/keys/a.c", true}, {"src/keys/", "src/keys/a.c", true},
        {"/src/keys", "src/keys/a.c", true}, {"src/keys", "x/src/keys/a.c", false}, {"**/keys", "x/src/keys/a.c", true},
        {"**/keys/*.c", "keys/a.c", true}, {"**/keys/*.c", "x/keys/b/a.c", false}, {"*.pem", "a/b/c.pem", true},
        {"*.pem", "c.pem", true}, {"*.pem", "c.pem.txt", false}, {"/*.pem", "a/c.pem", false}, {"secret", "a/secret/b", true},
        {"a/**/z", "a/z", true}, {"a/**/z", "a/b/c/z", true}, {"a/**/z", "a/b/c/zz", false}, {"a/*/z", "a/b/c/z", false},
        {"a/b*c*d/x", "a/bcxcxd/x", true}, {"a/**/b*/c", "a/q/bq/d/bz/c", true}, {"a/?.c", "a/b.c", true}, {"a/?.c", "a//c", false},
        {"SRC/Keys/**", "src/keys/A.C", true}, {"**", "any/thing", true}, {"*", "any/thing", true}, {"", "x", false},
        {"a/**/b/**/c/*", "a/1/b/2/b/3/c/4", true}, {"*a*b*c", "xxaxxbxxbxxc", true}, {"*a*b*c", "xxaxxbxxbxxd", false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (cu_glob_path(cu_str(t[i].glob), cu_str(t[i].path)) != t[i].fits)
            fail_msg("%s on %s must be %d", t[i].glob, t[i].path, t[i].fits);
    char deep[6000];
    memset(deep, 'a', sizeof deep);
    assert_true(cu_glob_path(CU_LIT("x"), cu_bytes_of(deep, sizeof deep))); /* too long: never let through unseen */
    assert_false(cu_glob_name(CU_LIT("acme/*"), CU_LIT("acme/x/y")));
    assert_true(cu_glob_name(CU_LIT("acme/*"), CU_LIT("Acme/x")));
}

static void patterns_meet(void **state)
{
    static const struct {
        const char *glob, *words;
        bool meets;
    } t[] = {
        {"secret/**", "sec*/key", true}, {"secret/**", "s?cret/*", true}, {"secret/**", "src/*", false}, {"*.pem", "*.c", false},
        {"*.pem", "a/*", true}, {"*.pem", "*.p*", true}, {"a/**/z", "a/*/*/z", true}, {"a/**/z", "b/*/*/z", false},
        {"src/keys/*.c", "src/*/a.c", true}, {"src/keys/*.c", "src/*/a.h", false}, {"secret", "*", true}, {"src/hsm/**", "**/a.c", true},
        {"a*b", "a?*c", false}, {"deep/er", "*", false}, {"*.pem", "doc*/a.txt", false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (cu_glob_meets(cu_str(t[i].glob), cu_str(t[i].words)) != t[i].meets)
            fail_msg("%s with %s must be %d", t[i].glob, t[i].words, t[i].meets);
}

static void paths_join(void **state)
{
    static const struct {
        const char *base, *path, *want;
    } t[] = {
        {"", "/a//b/./c/../d/", "/a/b/d"}, {"/home/x/p", "src/a.c", "/home/x/p/src/a.c"}, {"/home/x/p", "../q/a", "/home/x/q/a"},
        {"/home/x/p", "/etc/x", "/etc/x"}, {"/a", "../../../b", "/b"}, {"", "../b", "b"}, {"", "a/../../b", "b"},
        {"C:\\Work\\p", "src\\a.c", "/Work/p/src/a.c"}, {"", "C:/Work/p", "/Work/p"}, {"", "file:///a/b", "/a/b"}, {"/a", "", "/a"},
        {"", "~/x", "/~/x"}, {"/a/b", ".", "/a/b"}, {"rel", "x", "rel/x"}, {"", "", ""},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
        cu_path_join(cu_str(t[i].base), cu_str(t[i].path), &b);
        assert_string_equal(cu_buf_cstr(&b), t[i].want);
    }
}

static const char yaml[] =
    "groups: {hsm: [ana, bo]}\n"
    "repositories:\n"
    "  - {name: acme/website, class: public, paths: [{path: drafts/**, class: internal}]}\n"
    "  - {name: acme/payments, class: confidential, directories: ['**/pay'], paths: [{path: src/hsm/**, class: restricted}, "
    "{path: docs/**, class: public}, {path: docs/keys.md, class: restricted}, {path: '*.pem', class: restricted}]}\n"
    "  - {name: acme/vault, class: restricted}\n"
    "  - {name: 'other/*', tenant: other, class: internal}\n"
    "access:\n"
    "  - {id: hsm-team, who: ['group:hsm', 'key:k9'], class: restricted, vendor: anthropic, plan: 'enterprise*', then: allow}\n"
    "  - {id: no-robots, who: 'service:ci', class: [confidential, restricted], then: refuse}\n"
    "  - {id: vault-never, repository: acme/vault, then: refuse}\n"
    "  - {id: hide, class: restricted, then: cut}\n";

static void load(cu_arena *a, cu_access *x)
{
    const cu_yaml *root;
    cu_fault f = {0};
    cu_arena_init(a, 1 << 20);
    assert_int_equal(cu_yaml_parse(cu_str(yaml), a, &root, &f), CU_OK);
    if (cu_access_read(root, "t.yaml", a, x, &f) != CU_OK)
        fail_msg("%s", f.text);
}

static void places(void **state)
{
    static const struct {
        const char *header, *cwd, *path, *name, *class;
    } t[] = {
        {"acme/payments", "", "src/hsm/a.c", "acme/payments", "restricted"},
        {"acme/payments", "", "src/a.c", "acme/payments", "confidential"},
        {"acme/payments", "", "docs/a.md", "acme/payments", "public"},
        {"acme/payments", "", "docs/keys.md", "acme/payments", "restricted"}, /* the strictest that fits */
        {"", "/home/x/pay/src", "hsm/a.c", "acme/payments", "restricted"},
        {"", "/home/x/pay/src", "../docs/a.md", "acme/payments", "public"},
        {"", "/home/x/pay", "/home/x/pay/src/hsm/../hsm/a.c", "acme/payments", "restricted"},
        {"acme/website", "/home/x/pay", "src/hsm/a.c", "acme/payments", "restricted"}, /* a header is a claim */
        {"acme/website", "/home/x/anything", "drafts/a", "acme/website", "internal"},
        {"acme/website", "/home/x/anything", "/home/x/pay/k/x.pem", "acme/payments", "restricted"},
        {"acme/website", "/home/x/anything", "../pay/src/hsm/x", "acme/payments", "restricted"},
        {"acme/website", "/home/x/anything", "/etc/passwd", "", "confidential"},
        {"", "/home/x/website", "a.html", "acme/website", "public"},
        {"", "/home/x/unknown", "a.c", "", "confidential"}, {"", "", "a.c", "", "confidential"},
        {"nobody/knows", "", "a.c", "nobody/knows", "confidential"}, {"other/a", "", "a.c", "other/a", "confidential"},
        {"", "C:\\Users\\x\\pay", "SRC\\HSM\\a.c", "acme/payments", "restricted"},
    };
    cu_arena a CU_CLEAN_ARENA;
    cu_access x;
    load(&a, &x);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_access_scene s;
        cu_access_place p;
        cu_buf room CU_CLEAN_BUF = CU_BUF(16384);
        assert_int_equal(cu_access_scene_of(&x, CU_LIT("acme"), cu_str(t[i].header), cu_str(t[i].cwd), &a, &s), CU_OK);
        assert_int_equal(cu_access_file(&x, &s, CU_LIT("acme"), cu_str(t[i].path), false, &room, &p), CU_OK);
        if (!cu_eq_str(p.name, t[i].name) || strcmp(cu_data_class_name(p.class), t[i].class) != 0)
            fail_msg("case %zu: %.*s %s", i, CU_FMT(p.name), cu_data_class_name(p.class));
    }
}

static void shell_patterns_are_never_milder(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_access x;
    cu_access_scene s;
    cu_access_place p;
    cu_buf room CU_CLEAN_BUF = CU_BUF(16384);
    load(&a, &x);
    assert_int_equal(cu_access_scene_of(&x, CU_LIT("acme"), CU_LIT("acme/payments"), CU_NONE, &a, &s), CU_OK);
    assert_int_equal(cu_access_file(&x, &s, CU_LIT("acme"), CU_LIT("src/h*/a.c"), true, &room, &p), CU_OK);
    assert_int_equal(p.class, CU_DATA_RESTRICTED);
    assert_int_equal(cu_access_file(&x, &s, CU_LIT("acme"), CU_LIT("doc*/a.txt"), true, &room, &p), CU_OK);
    assert_int_equal(p.class, CU_DATA_CONFIDENTIAL);
}

static void rules_decide(void **state)
{
    static const struct {
        const char *user, *key, *vendor, *plan, *repo;
        bool service, file;
        uint8_t class;
        const char *rule;
        cu_access_act act;
    } t[] = {
        {"ana", "k1", "anthropic", "enterprise-zdr", "acme/payments", false, true, CU_DATA_RESTRICTED, "hsm-team", CU_ACCESS_ALLOW},
        {"ana", "k1", "anthropic", "", "acme/payments", false, true, CU_DATA_RESTRICTED, "hide", CU_ACCESS_CUT},
        {"ana", "k1", "openai", "enterprise", "acme/payments", false, true, CU_DATA_RESTRICTED, "hide", CU_ACCESS_CUT},
        {"eve", "k9", "anthropic", "enterprise", "", false, true, CU_DATA_RESTRICTED, "hsm-team", CU_ACCESS_ALLOW},
        {"ci", "k1", "anthropic", "", "acme/payments", true, true, CU_DATA_CONFIDENTIAL, "no-robots", CU_ACCESS_REFUSE},
        {"ci", "k1", "anthropic", "", "acme/payments", false, true, CU_DATA_CONFIDENTIAL, "builtin.allow", CU_ACCESS_ALLOW},
        {"eve", "k1", "anthropic", "", "acme/vault", false, false, CU_DATA_RESTRICTED, "vault-never", CU_ACCESS_REFUSE},
        {"eve", "k1", "anthropic", "", "acme/website", false, false, CU_DATA_PUBLIC, "builtin.allow", CU_ACCESS_ALLOW},
    };
    cu_arena a CU_CLEAN_ARENA, b CU_CLEAN_ARENA;
    cu_access x, back;
    cu_buf code CU_CLEAN_BUF = CU_BUF(1 << 20);
    load(&a, &x);
    cu_access_encode(&x, &code);
    cu_arena_init(&b, 1 << 20);
    assert_int_equal(cu_access_decode(cu_buf_view(&code), &b, &back), CU_OK);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const cu_access_who who = {CU_LIT("acme"), cu_str(t[i].user), cu_str(t[i].key), t[i].service, cu_str(t[i].vendor), cu_str(t[i].plan)};
        const cu_access_place p = {NULL, cu_str(t[i].repo), SIZE_MAX, t[i].class};
        cu_access_verdict v = cu_access_decide(&back, &who, &p, t[i].file);
        if (v.act != t[i].act || !cu_eq_str(v.rule, t[i].rule))
            fail_msg("case %zu: %.*s", i, CU_FMT(v.rule));
    }
    const cu_scopes scopes = {.repos = CU_LIT("acme/*"), .classes = CU_LIT("public,internal,confidential")};
    const cu_access_who eve = {.tenant = CU_LIT("acme"), .user = CU_LIT("eve")};
    cu_access_place in = {&back.repos[1], CU_LIT("acme/payments"), SIZE_MAX, CU_DATA_CONFIDENTIAL}, out = {NULL, CU_LIT("acme/made-up"), SIZE_MAX, CU_DATA_CONFIDENTIAL};
    assert_int_equal(cu_access_judge(&back, &scopes, &eve, &in, false).act, CU_ACCESS_ALLOW);
    assert_int_equal(cu_access_judge(&back, &scopes, &eve, &out, false).act, CU_ACCESS_REFUSE); /* a name alone opens nothing */
    assert_int_equal(cu_access_judge(&back, &scopes, &eve, &out, true).act, CU_ACCESS_ALLOW);
    in.class = CU_DATA_RESTRICTED;
    assert_true(cu_eq_str(cu_access_judge(&back, &scopes, &eve, &in, true).rule, "builtin.key-scope"));
    const cu_access none = {0};
    const cu_access_place p = {NULL, CU_NONE, SIZE_MAX, CU_DATA_RESTRICTED};
    const cu_access_who who = {0};
    assert_int_equal(cu_access_decide(&none, &who, &p, true).act, CU_ACCESS_CUT);
    assert_int_equal(cu_access_decide(&none, &who, &p, false).act, CU_ACCESS_REFUSE);
    assert_false(cu_access_has_files(&none));
    assert_true(cu_access_has_files(&x));
}

static void damaged_tables_are_refused(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_access x, back;
    cu_buf code CU_CLEAN_BUF = CU_BUF(1 << 20);
    load(&a, &x);
    cu_access_encode(&x, &code);
    for (size_t i = 0; i < code.n; i++) {
        cu_arena b CU_CLEAN_ARENA;
        cu_arena_init(&b, 4 << 20);
        assert_int_equal(cu_access_decode(cu_slice(cu_buf_view(&code), 0, i), &b, &back), CU_CORRUPT);
        for (int bit = 0; bit < 8; bit += 7) { /* may be another valid table; must not crash */
            code.p[i] ^= (uint8_t)(1 << bit);
            cu_arena c CU_CLEAN_ARENA;
            cu_arena_init(&c, 4 << 20);
            (void)!cu_access_decode(cu_buf_view(&code), &c, &back);
            code.p[i] ^= (uint8_t)(1 << bit);
        }
    }
}

static void mistakes_have_a_line(void **state)
{
    static const struct {
        const char *text, *says;
    } t[] = {
        {"repositories: [{name: a}]", "needs name"}, {"repositories: [{name: a, class: top}]", "class is public"},
        {"repositories: [{name: a, class: public, path: x}]", "unknown key \"path\""},
        {"access: [{id: x, then: maybe}]", "allow, cut or refuse"}, {"access: [{id: x, then: cut}, {id: x, then: cut}]", "twice"},
        {"access: [{id: x, then: cut, who: bob}]", "user:NAME"}, {"access: [{id: x, then: cut, who: 'group:g'}]", "which groups does not have"},
        {"access: [{id: builtin.x, then: cut}]", "needs id"}, {"groups: [a]", "must be a map"}, {"repositories: []", "at least one"},
        {"repositories: [{name: a, class: public, paths: [{path: x}]}]", "needs path"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_access x;
        cu_fault f = {0};
        const cu_yaml *root;
        cu_arena_init(&a, 1 << 20);
        assert_int_equal(cu_yaml_parse(cu_str(t[i].text), &a, &root, &f), CU_OK);
        assert_int_equal(cu_access_read(root, "t.yaml", &a, &x, &f), CU_CONFIG);
        if (!strstr(f.text, t[i].says) || f.line != 1)
            fail_msg("%s: %s", t[i].text, f.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_fit), cmocka_unit_test(patterns_meet), cmocka_unit_test(paths_join), cmocka_unit_test(places),
        cmocka_unit_test(shell_patterns_are_never_milder), cmocka_unit_test(rules_decide), cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(mistakes_have_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
