/* What a commit changes: gathered from a repository, worked out again from git's objects alone, and refused or unseen
 * when any byte of them is another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <ftw.h>
#include <unistd.h>
#include "change.h"

static char dir[] = "/tmp/custos-change-XXXXXX";
static git_repository *repo;
static git_oid first, second, merge;

typedef struct {
    const char *path, *text;
} given;

/* A commit of these files alone; folders one deep. */
static void commit(const given *v, size_t n, const git_oid *const *parents, size_t parents_n, git_oid *out)
{
    git_index *index;
    git_oid tree;
    git_tree *t;
    git_signature *who;
    git_commit *list[2] = {NULL};
    assert_int_equal(git_repository_index(&index, repo), 0);
    git_index_clear(index);
    for (size_t i = 0; i < n; i++) {
        git_index_entry e = {.mode = GIT_FILEMODE_BLOB, .path = v[i].path};
        assert_int_equal(git_index_add_from_buffer(index, &e, v[i].text, strlen(v[i].text)), 0);
    }
    assert_int_equal(git_index_write_tree(&tree, index), 0);
    assert_int_equal(git_tree_lookup(&t, repo, &tree), 0);
    assert_int_equal(git_signature_new(&who, "A", "a@example.com", 1700000000, 0), 0);
    for (size_t i = 0; i < parents_n; i++)
        assert_int_equal(git_commit_lookup(&list[i], repo, parents[i]), 0);
    assert_int_equal(git_commit_create(out, repo, NULL, who, who, NULL, "m", t, parents_n, (const git_commit *[]){list[0], list[1]}), 0);
    for (size_t i = 0; i < parents_n; i++)
        git_commit_free(list[i]);
    git_signature_free(who);
    git_tree_free(t);
    git_index_free(index);
}

static int setup(void **state)
{
    (void)state;
    static const given one[] = {{"a.c", "int a;\nint b;\n"}, {"gone.txt", "left\n"}, {"moved.txt", "the same text\n"}, {"src/x.py", "x = 1\n"}};
    static const given two[] = {{"a.c", "int a;\nint c;\n"}, {"new/moved.txt", "the same text\n"}, {"src/x.py", "x = 1\n"}, {"src/y.py", "y = 1\ny = 2\n"}};
    static const given three[] = {{"a.c", "int a;\nint c;\n"}, {"src/y.py", "y = 1\n"}};
    git_libgit2_init();
    if (!mkdtemp(dir) || git_repository_init(&repo, dir, 0) != 0)
        return -1;
    commit(one, 4, NULL, 0, &first);
    commit(two, 4, (const git_oid *const[]){&first}, 1, &second);
    commit(three, 2, (const git_oid *const[]){&second, &first}, 2, &merge);
    return 0;
}

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    git_repository_free(repo);
    git_libgit2_shutdown();
    return nftw(dir, forget, 16, FTW_DEPTH | FTW_PHYS);
}

static void hex_of(const git_oid *id, char out[41])
{
    git_oid_tostr(out, 41, id);
}

static cu_err note(void *arg, char kind, uint32_t before, uint32_t after, cu_bytes text)
{
    cu_buf_fmt(arg, "%c%u,%u %.*s\n", kind, before, after, CU_FMT(text));
    return CU_OK;
}

static void say(const cu_change *x, cu_buf *out)
{
    for (size_t i = 0; i < x->n; i++) {
        const cu_change_file *f = &x->files[i];
        cu_buf_fmt(out, "%s %s%s%s%s%s\n", cu_change_kind_name(f->kind), f->path, f->from ? " from " : "", f->from ? f->from : "", f->left_out ? " not shown: " : "", f->left_out ? f->left_out : "");
        assert_int_equal(cu_change_lines(f, note, out), CU_OK);
    }
}

static void gathers(const git_oid *id, const char *base, cu_buf *objects)
{
    char hex[41];
    cu_arena a CU_CLEAN_ARENA;
    cu_change what;
    cu_fault f = {0};
    cu_arena_init(&a, (size_t)64 << 20);
    hex_of(id, hex);
    assert_int_equal(cu_change_gather(dir, hex, base, objects, &what, &a, &f), CU_OK);
    assert_string_equal(what.id, hex);
}

static void reads(const git_oid *id, cu_bytes objects, size_t commits, const char *expected)
{
    char hex[41];
    cu_arena a CU_CLEAN_ARENA;
    cu_change x;
    cu_fault f = {0};
    cu_buf seen CU_CLEAN_BUF = CU_BUF(65536);
    cu_arena_init(&a, (size_t)64 << 20);
    hex_of(id, hex);
    assert_int_equal(cu_change_read(objects, hex, &a, &x, &f), CU_OK);
    assert_int_equal(x.commits, commits);
    say(&x, &seen);
    assert_string_equal(cu_buf_cstr(&seen), expected);
}

#define SECOND "modified a.c\n@1,1 \n 1,1 int a;\n-2,0 int b;\n+0,2 int c;\ndeleted gone.txt\n@1,0 \n-1,0 left\nrenamed new/moved.txt from moved.txt\nadded src/y.py\n@0,1 \n+0,1 y = 1\n+0,2 y = 2\n"

static void shown_as_git_has_it(void **state)
{
    (void)state;
    cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64), root CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64), m CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64), wide CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64);
    char base[41];
    gathers(&second, NULL, &o);
    reads(&second, cu_buf_view(&o), 1, SECOND);
    gathers(&first, NULL, &root);
    reads(&first, cu_buf_view(&root), 1,
          "added a.c\n@0,1 \n+0,1 int a;\n+0,2 int b;\nadded gone.txt\n@0,1 \n+0,1 left\nadded moved.txt\n@0,1 \n+0,1 the same text\nadded src/x.py\n@0,1 \n+0,1 x = 1\n");
    gathers(&merge, NULL, &m);
    reads(&merge, cu_buf_view(&m), 1, "deleted new/moved.txt\n@1,0 \n-1,0 the same text\ndeleted src/x.py\n@1,0 \n-1,0 x = 1\nmodified src/y.py\n@1,1 \n 1,1 y = 1\n-2,0 y = 2\n");
    hex_of(&first, base);
    gathers(&merge, base, &wide);
    reads(&merge, cu_buf_view(&wide), 2,
          "modified a.c\n@1,1 \n 1,1 int a;\n-2,0 int b;\n+0,2 int c;\ndeleted gone.txt\n@1,0 \n-1,0 left\ndeleted moved.txt\n@1,0 \n-1,0 the same text\ndeleted src/x.py\n@1,0 \n-1,0 x = 1\nadded src/y.py\n@0,1 \n+0,1 y = 1\n");
}

static void bases_stand_behind(void **state)
{
    (void)state;
    cu_arena a CU_CLEAN_ARENA;
    cu_change what;
    cu_fault f = {0};
    char hex[41], base[41];
    cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64);
    cu_arena_init(&a, (size_t)64 << 20);
    hex_of(&first, hex);
    hex_of(&second, base);
    assert_int_equal(cu_change_gather(dir, hex, base, &o, &what, &a, &f), CU_CONFIG);
    assert_int_equal(cu_change_gather(dir, "nothing", NULL, &o, &what, &a, &f), CU_NOT_FOUND);
    assert_int_equal(cu_change_gather("/nowhere", hex, NULL, &o, &what, &a, &f), CU_NOT_FOUND);
    cu_buf_reset(&o);
    gathers(&second, NULL, &o);
    assert_int_equal(cu_change_read(cu_buf_view(&o), hex, &a, &what, &f), CU_CORRUPT); /* of another commit */
    hex_of(&second, hex);
    memset(o.p + strlen(CU_CHANGE_MAGIC), 0, CU_OBJECT_ID); /* as if it began from nothing */
    assert_int_equal(cu_change_read(cu_buf_view(&o), hex, &a, &what, &f), CU_CORRUPT);
    memcpy(o.p + strlen(CU_CHANGE_MAGIC), merge.id, CU_OBJECT_ID);
    assert_int_equal(cu_change_read(cu_buf_view(&o), hex, &a, &what, &f), CU_CORRUPT);
    assert_int_equal(cu_change_read(cu_buf_view(&o), "0123", &a, &what, &f), CU_UNSUPPORTED);
}

/* Whatever is changed on the way: refused, or a file is missing and said to be; never another text. */
static void holds(cu_bytes in)
{
    char hex[41], *line, *rest = NULL;
    cu_arena a CU_CLEAN_ARENA;
    cu_change x;
    cu_fault f = {0};
    cu_buf seen CU_CLEAN_BUF = CU_BUF(65536);
    cu_arena_init(&a, (size_t)64 << 20);
    hex_of(&second, hex);
    cu_err e = cu_change_read(in, hex, &a, &x, &f);
    if (e != CU_OK) {
        assert_true(e == CU_CORRUPT || e == CU_SYNTAX);
        return;
    }
    assert_int_equal(x.n, 4);
    say(&x, &seen);
    char *text = strdup(cu_buf_cstr(&seen));
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *cut = strstr(line, " not shown: too large");
        if (cut)
            *cut = 0;
        assert_non_null(strstr(SECOND, line));
    }
    free(text);
}

static void no_byte_can_be_another(void **state)
{
    (void)state;
    cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64);
    gathers(&second, NULL, &o);
    for (size_t i = 0; i < o.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            o.p[i] ^= (uint8_t)(1u << bit);
            holds(cu_buf_view(&o));
            o.p[i] ^= (uint8_t)(1u << bit);
        }
        holds(cu_slice(cu_buf_view(&o), 0, i));
    }
}

/* --- folders that no git writes --- */

static void object(cu_buf *o, char type, cu_bytes text, git_oid *id)
{
    const uint8_t head[5] = {(uint8_t)type, (uint8_t)(text.n >> 24), (uint8_t)(text.n >> 16), (uint8_t)(text.n >> 8), (uint8_t)text.n};
    assert_int_equal(git_odb_hash(id, text.p, text.n, type == 'c' ? GIT_OBJECT_COMMIT : type == 't' ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB), 0);
    cu_buf_put(o, head, 5);
    cu_buf_add(o, text);
}

static void entry(cu_buf *t, const char *mode, const char *name, const git_oid *id)
{
    cu_buf_fmt(t, "%s %s", mode, name);
    cu_buf_byte(t, 0);
    cu_buf_put(t, id->id, 20);
}

static cu_err read_tree(cu_buf *o, cu_buf *tree, cu_fault *f)
{
    char hex[41];
    git_oid t, c;
    cu_arena a CU_CLEAN_ARENA;
    cu_change x;
    cu_buf text CU_CLEAN_BUF = CU_BUF(4096);
    cu_arena_init(&a, (size_t)64 << 20);
    object(o, 't', cu_buf_view(tree), &t);
    hex_of(&t, hex);
    cu_buf_fmt(&text, "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nm\n", hex);
    object(o, 'c', cu_buf_view(&text), &c);
    hex_of(&c, hex);
    return cu_change_read(cu_buf_view(o), hex, &a, &x, f);
}

static void begin(cu_buf *o)
{
    static const uint8_t none[20];
    cu_buf_add(o, CU_LIT(CU_CHANGE_MAGIC));
    cu_buf_put(o, none, 20);
}

static void malformed_folders_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *mode[2], *name[2];
        cu_err want;
    } v[] = {{{"100644", "100644"}, {"a", "b"}, CU_OK},          {{"100644", "100644"}, {"b", "a"}, CU_CORRUPT}, {{"100644", "100644"}, {"a", "a"}, CU_CORRUPT},
             {{"100644", "100644"}, {"..", "a"}, CU_CORRUPT},    {{"100644", "100644"}, {"a", "a/b"}, CU_CORRUPT}, {{"100644", "100644"}, {"", "a"}, CU_CORRUPT},
             {{"10064x", "100644"}, {"a", "b"}, CU_CORRUPT},     {{"100644", "40000"}, {"a", "b"}, CU_CORRUPT}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES), t CU_CLEAN_BUF = CU_BUF(4096);
        cu_fault f = {0};
        git_oid blob;
        begin(&o);
        object(&o, 'b', CU_LIT("x\n"), &blob);
        entry(&t, v[i].mode[0], v[i].name[0], &blob);
        entry(&t, v[i].mode[1], v[i].name[1], &blob);
        assert_int_equal(read_tree(&o, &t, &f), v[i].want);
    }
}

/* Ten folders in each of ten folders, and so on: few objects, files without end. */
static void bombs_end(void **state)
{
    (void)state;
    for (unsigned leaf = 0; leaf < 2; leaf++) {
        cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES), t CU_CLEAN_BUF = CU_BUF(65536);
        cu_fault f = {0};
        git_oid id;
        begin(&o);
        object(&o, 'b', CU_LIT("x\n"), &id);
        if (leaf)
            entry(&t, "100644", "f", &id);
        for (unsigned d = 0; d < 12; d++) {
            object(&o, 't', cu_buf_view(&t), &id);
            cu_buf_reset(&t);
            for (char c[2] = "a"; c[0] <= 'j'; c[0]++)
                entry(&t, "40000", c, &id);
        }
        assert_int_equal(read_tree(&o, &t, &f), CU_TOO_BIG);
    }
    cu_buf o CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES), t CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    git_oid id;
    begin(&o);
    for (unsigned d = 0; d < 80; d++) {
        object(&o, 't', cu_buf_view(&t), &id);
        cu_buf_reset(&t);
        entry(&t, "40000", "d", &id);
    }
    assert_int_equal(read_tree(&o, &t, &f), CU_DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shown_as_git_has_it), cmocka_unit_test(bases_stand_behind), cmocka_unit_test(no_byte_can_be_another),
        cmocka_unit_test(malformed_folders_are_refused), cmocka_unit_test(bombs_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
