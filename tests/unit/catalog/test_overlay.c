/* A customer's folder beside the shipped one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "catalog/overlay.h"

static char shipped[] = "/tmp/custos-shipped-XXXXXX", own[] = "/tmp/custos-own-XXXXXX";

static void put(const char *dir, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void drop(const char *dir, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

static int make(void **state)
{
    return !mkdtemp(shipped) || !mkdtemp(own);
}

static int clean(void **state)
{
    static const char *const names[] = {"controls.yaml", "criteria.yaml", "events.yaml"};
    for (size_t i = 0; i < 3; i++) {
        drop(shipped, names[i]);
        drop(own, names[i]);
    }
    return rmdir(shipped) | rmdir(own);
}

/* The tree as text, unmistakably. */
static void write_out(const cu_yaml *n, cu_buf *b)
{
    if (n->kind == CU_YAML_SCALAR) {
        cu_buf_add(b, n->text);
        return;
    }
    cu_buf_byte(b, n->kind == CU_YAML_MAP ? '{' : '[');
    for (const cu_yaml *k = n->first; k; k = k->next) {
        if (n->kind == CU_YAML_MAP)
            cu_buf_fmt(b, "%.*s:", CU_FMT(k->key));
        write_out(k, b);
        if (k->next)
            cu_buf_byte(b, ',');
    }
    cu_buf_byte(b, n->kind == CU_YAML_MAP ? '}' : ']');
}

static void both(const char *base, const char *over, const char *want)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    const cu_yaml *root;
    char path[200];
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_arena_init(&a, 1u << 20);
    put(shipped, "controls.yaml", base);
    put(own, "controls.yaml", over);
    assert_int_equal(cu_overlay_use(shipped, own, &f), CU_OK);
    snprintf(path, sizeof path, "%s/controls.yaml", shipped);
    if (cu_yaml_load(path, &a, &root, &f) != CU_OK)
        fail_msg("%s", f.text);
    write_out(root, &b);
    assert_string_equal(cu_buf_cstr(&b), want);
}

static void parts_are_merged(void **state)
{
    const char *base = "a: 1\nm: {x: 1, y: [p, q]}\nlist:\n  - {id: one, t: 1, s: [u]}\n  - {id: two, t: 2}\n";
    both(base, "b: 2\n", "{a:1,m:{x:1,y:[p,q]},list:[{id:one,t:1,s:[u]},{id:two,t:2}],b:2}");
    both(base, "a: 9\nm: {y: [r], z: 3}\n", "{a:9,m:{x:1,y:[r],z:3},list:[{id:one,t:1,s:[u]},{id:two,t:2}]}");
    both(base, "list: [{id: two, t: 8, n: new}, {id: three}]\n", "{a:1,m:{x:1,y:[p,q]},list:[{id:one,t:1,s:[u]},{id:two,t:8,n:new},{id:three}]}");
    both(base, "list: [{id: one, remove: true}]\n", "{a:1,m:{x:1,y:[p,q]},list:[{id:two,t:2}]}");
    both(base, "list: [{id: one, s: [v, w]}]\n", "{a:1,m:{x:1,y:[p,q]},list:[{id:one,t:1,s:[v,w]},{id:two,t:2}]}");
    both(base, "", "{a:1,m:{x:1,y:[p,q]},list:[{id:one,t:1,s:[u]},{id:two,t:2}]}");
    both(base, "list: [plain, words]\n", "{a:1,m:{x:1,y:[p,q]},list:[plain,words]}");
}

static void places_name_their_file(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    const cu_yaml *root;
    char path[200];
    cu_arena_init(&a, 1u << 20);
    put(shipped, "controls.yaml", "list: [{id: one}]\n");
    put(own, "controls.yaml", "\nlist:\n  - {id: two}\n");
    assert_int_equal(cu_overlay_use(shipped, own, &f), CU_OK);
    snprintf(path, sizeof path, "%s/controls.yaml", shipped);
    assert_int_equal(cu_yaml_load(path, &a, &root, &f), CU_OK);
    const cu_yaml *list = cu_yaml_get(root, "list");
    assert_null(list->first->file);
    assert_int_equal(list->first->next->line, 3);
    assert_int_equal(strncmp(list->first->next->file, own, strlen(own)), 0);
    put(own, "controls.yaml", "list: [\n");
    assert_int_not_equal(cu_yaml_load(path, &a, &root, &f), CU_OK);
    assert_non_null(strstr(f.text, own));
}

static void other_files_are_refused(void **state)
{
    cu_fault f = {0};
    drop(own, "controls.yaml");
    put(own, "events.yaml", "");
    assert_int_equal(cu_overlay_use(shipped, own, &f), CU_CONFIG);
    assert_non_null(strstr(f.text, "events.yaml is no file that is read"));
    drop(own, "events.yaml");
    assert_int_equal(cu_overlay_use(shipped, "/tmp/there/is/none", &f), CU_NOT_FOUND);
    assert_int_equal(cu_overlay_use(shipped, NULL, &f), CU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_merged),
        cmocka_unit_test(places_name_their_file),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
