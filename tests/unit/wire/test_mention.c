/* What a conversation says about files, in every shape: who names "secret", and what is cut for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "wire/mention.h"

static cu_tools tools;
static cu_arena tools_arena;

static void mentions(cu_bytes body, bool files, cu_arena *a, cu_mentions *m)
{
    cu_json_strings s;
    cu_json_tree t;
    cu_fault f = {0};
    cu_arena_init(a, 256u << 20);
    if (cu_json_walk(body, a, &s, &f) != CU_OK)
        fail_msg("%s in %.*s", f.text, CU_FMT(body));
    assert_int_equal(cu_json_tree_of(body, &s, a, &t), CU_OK);
    assert_int_equal(cu_mentions_of(&tools, &t, files, a, m, &f), CU_OK);
}

/* The body with every place cut that a path with "secret" in it leads to. */
static void cut(const char *text, cu_buf *out)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_mentions m;
    cu_bytes body = cu_str(text);
    size_t done = 0;
    mentions(body, true, &a, &m);
    for (size_t at = 0; at < body.n;) { /* in the order of the text */
        const cu_cut_at *next = NULL;
        for (size_t i = 0; i < m.n; i++)
            if (m.v[i].at != CU_TREE_NONE && cu_find(m.v[i].path, CU_LIT("secret"), 0) != (size_t)-1 && m.at[m.v[i].at].start >= at &&
                (!next || m.at[m.v[i].at].start < next->start))
                next = &m.at[m.v[i].at];
        if (!next)
            break;
        cu_buf_add(out, cu_slice(body, done, next->start));
        cu_cut_put((cu_cut_form)next->form, CU_LIT("N"), out);
        done = at = next->end;
    }
    cu_buf_add(out, cu_slice(body, done, body.n));
}

#define USE(name, input) "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"" name "\",\"input\":" input "}"
#define RESULT(content) "{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":" content "}"
#define TURN(use, result) "{\"messages\":[{\"role\":\"assistant\",\"content\":[" use "]},{\"role\":\"user\",\"content\":[" result "]}]}"

static const struct {
    const char *body, *want;
} shapes[] = {
    /* Anthropic */
    {TURN(USE("Read", "{\"file_path\":\"/p/secret/a.c\"}"), RESULT("\"x\\ny\"")), TURN(USE("Read", "{\"file_path\":\"/p/secret/a.c\"}"), RESULT("\"N\""))},
    {TURN(USE("Read", "{\"file_path\":\"/p/s\\u0065cret/a.c\"}"), RESULT("[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"image\",\"source\":{\"data\":\"AA\"}}]")),
     TURN(USE("Read", "{\"file_path\":\"/p/s\\u0065cret/a.c\"}"), RESULT("\"N\""))},
    {TURN(USE("Read", "{\"file_path\":\"/p/open/a.c\"}"), RESULT("\"secret\"")), NULL},
    {TURN(USE("Edit", "{\"file_path\":\"secret/a\",\"old_string\":\"x\",\"new_string\":\"y\"}"), RESULT("\"ok\"")),
     TURN(USE("Edit", "{\"custos\":\"N\"}"), RESULT("\"N\""))},
    {TURN(USE("Bash", "{\"command\":\"cat secret/a | head\",\"description\":\"see\"}"), RESULT("\"x\"")),
     TURN(USE("Bash", "{\"command\":\"cat secret/a | head\",\"description\":\"see\"}"), RESULT("\"N\""))},
    {TURN(USE("Bash", "{\"command\":\"bash -c \\\"cat 'sec'ret/a\\\"\"}"), RESULT("\"x\"")),
     TURN(USE("Bash", "{\"command\":\"bash -c \\\"cat 'sec'ret/a\\\"\"}"), RESULT("\"N\""))},
    {TURN(USE("Bash", "{\"command\":\"git show HEAD:secret/a\"}"), RESULT("\"x\"")), TURN(USE("Bash", "{\"command\":\"git show HEAD:secret/a\"}"), RESULT("\"N\""))},
    {TURN(USE("Bash", "{\"command\":\"cat > secret/a <<E\\nkey\\nE\"}"), RESULT("\"x\"")), TURN(USE("Bash", "{\"custos\":\"N\"}"), RESULT("\"N\""))},
    {TURN(USE("Grep", "{\"pattern\":\"secret\",\"path\":\"src\"}"), RESULT("\"src/a.c:1:x\"")), NULL},
    {TURN(USE("Grep", "{\"pattern\":\"x\",\"path\":\".\"}"), RESULT("\"src/a.c:1:x\\nsrc/secret/b.c:7:key\"")),
     TURN(USE("Grep", "{\"pattern\":\"x\",\"path\":\".\"}"), RESULT("\"N\""))},
    {TURN(USE("Glob", "{\"pattern\":\"secret/**\"}"), RESULT("\"secret/a.c\"")), NULL},
    {TURN(USE("mcp__files__get", "{\"where\":\"secret/a.c\"}"), RESULT("\"x\"")), TURN(USE("mcp__files__get", "{\"where\":\"secret/a.c\"}"), RESULT("\"N\""))},
    {TURN(USE("mcp__fs__read_file", "{\"path\":\"secret\"}"), RESULT("\"x\"")), TURN(USE("mcp__fs__read_file", "{\"path\":\"secret\"}"), RESULT("\"N\""))},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"look:\\n<file path=\\\"secret/a\\\">\\nkey\\n</file>\"}]}", "{\"messages\":[{\"role\":\"user\",\"content\":\"look:\\nN\"}]}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"secret/a.c: is it good?\"}]}", NULL},
    /* Chat */
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"read\",\"arguments\":\"{\\\"filePath\\\":\\\"secret/a\\\"}\"}}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"x\"}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"read\",\"arguments\":\"{\\\"filePath\\\":\\\"secret/a\\\"}\"}}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"N\"}]}"},
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"write\",\"arguments\":\"{\\\"filePath\\\":\\\"secret/a\\\",\\\"content\\\":\\\"k\\\"}\"}}]}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"write\",\"arguments\":\"{\\\"custos\\\":\\\"N\\\"}\"}}]}]}"},
    /* Responses */
    {"{\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"exec_command\",\"arguments\":\"{\\\"cmd\\\":\\\"cat secret/a\\\"}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"x\"}]}",
     "{\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"exec_command\",\"arguments\":\"{\\\"cmd\\\":\\\"cat secret/a\\\"}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"N\"}]}"},
    {"{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"apply_patch\",\"input\":\"*** Begin Patch\\n*** Update File: secret/a\\n-k\\n+k\\n\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"ok\"}]}",
     "{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"apply_patch\",\"input\":\"N\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"N\"}]}"},
    {"{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"exec\",\"input\":\"await tools.exec_command({cmd:\\\"cat secret/a\\\"})\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":[{\"text\":\"k\"}]}]}",
     "{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"name\":\"exec\",\"input\":\"await tools.exec_command({cmd:\\\"cat secret/a\\\"})\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"N\"}]}"},
    {"{\"input\":[{\"type\":\"local_shell_call\",\"call_id\":\"c\",\"action\":{\"command\":[\"cat\",\"secret/a\"]}},{\"type\":\"local_shell_call_output\",\"call_id\":\"c\",\"output\":\"x\"}]}",
     "{\"input\":[{\"type\":\"local_shell_call\",\"call_id\":\"c\",\"action\":{\"command\":[\"cat\",\"secret/a\"]}},{\"type\":\"local_shell_call_output\",\"call_id\":\"c\",\"output\":\"N\"}]}"},
    /* Gemini: results answer in order */
    {"{\"contents\":[{\"parts\":[{\"functionCall\":{\"name\":\"read_file\",\"args\":{\"file_path\":\"a\"}}},{\"functionCall\":{\"name\":\"read_file\",\"args\":{\"file_path\":\"secret/a\"}}}]},"
     "{\"parts\":[{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"output\":\"x\"}}},{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"output\":\"k\"}}}]}]}",
     "{\"contents\":[{\"parts\":[{\"functionCall\":{\"name\":\"read_file\",\"args\":{\"file_path\":\"a\"}}},{\"functionCall\":{\"name\":\"read_file\",\"args\":{\"file_path\":\"secret/a\"}}}]},"
     "{\"parts\":[{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"output\":\"x\"}}},{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"custos\":\"N\"}}}]}]}"},
};

static void every_shape_is_cut(void **state)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
        cut(shapes[i].body, &out);
        const char *want = shapes[i].want ? shapes[i].want : shapes[i].body;
        if (strcmp(cu_buf_cstr(&out), want) != 0)
            fail_msg("case %zu:\n%s\nmust be\n%s", i, cu_buf_cstr(&out), want);
    }
}

static bool named(const cu_mentions *m, const char *path, const char *folder, bool pattern)
{
    for (size_t i = 0; i < m->n; i++)
        if (cu_eq_str(m->v[i].path, path) && cu_eq_str(m->v[i].folder, folder) && m->v[i].pattern == pattern)
            return true;
    return false;
}

static void commands_name_paths(void **state)
{
    static const struct {
        const char *command, *path, *folder;
        bool pattern;
    } t[] = {
        {"cat a.c", "a.c", "", false}, {"cat LICENSE", "LICENSE", "", false}, {"cd sub && cat a.c", "a.c", "sub", false},
        {"cd /x; cd y; cat a", "a", "/x/y", false}, {"git -C lib show HEAD:b/c.h", "b/c.h", "lib", false},
        {"tar --file=x/y.tar -t", "x/y.tar", "", false}, {"cat 'my dir/a b'", "my dir/a b", "", false}, {"cat my\\\\ dir/a", "my dir/a", "", false},
        {"sh -c 'sh -c \\\"cat deep/x\\\"'", "deep/x", "", false}, {"cat src/*.c", "src/*.c", "", true}, {"cat $HOME/x", "*/x", "", true},
        {"cat ${D}/x", "*/x", "", true}, {"cat src/{a,b}/x", "src/*/x", "", true}, {"cat a[12].c", "a*.c", "", true}, {"x=$(cat q/r)", "q/r", "", false},
        {"curl -d @p/q http://h", "p/q", "", false}, {"cat<a/b>c/d", "c/d", "", false}, {"head a.c:10", "a.c", "", false},
        {"type sub\\\\a.c", "sub\\a.c", "", false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_mentions m;
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        cu_buf_fmt(&b, TURN(USE("Bash", "{\"command\":\"%s\"}"), RESULT("\"x\"")), t[i].command);
        mentions(cu_buf_view(&b), true, &a, &m);
        if (!named(&m, t[i].path, t[i].folder, t[i].pattern))
            fail_msg("%s does not name %s in %s", t[i].command, t[i].path, t[i].folder);
    }
}

static void folders_are_found(void **state)
{
    static const char *const bodies[] = {
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi there\"}],\"system\":[{\"type\":\"text\",\"text\":\"You.\\n<env>\\n  Working directory: /home/x/p\\nIs\"}]}",
        "{\"system\":\"# Environment\\n - Primary working directory: /home/x/p\\n\"}",
        "{\"input\":[{\"type\":\"message\",\"content\":[{\"type\":\"input_text\",\"text\":\"<environment_context>\\n  <cwd>/home/x/p</cwd>\\n\"}]}]}",
        "{\"contents\":[{\"parts\":[{\"text\":\"Hello.\\nI'm currently working in the directory: /home/x/p\\n\"}]}]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_mentions m;
        mentions(cu_str(bodies[i]), false, &a, &m);
        assert_int_equal(m.n, 0);
        assert_int_equal(m.folders_n, 1);
        if (!cu_eq_str(m.folders[0], "/home/x/p"))
            fail_msg("%zu: %.*s", i, CU_FMT(m.folders[0]));
    }
}

static void trees_know_their_spans(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_json_tree t;
    cu_fault f;
    cu_bytes body = CU_LIT("{\"q\":[1,{\"c\":\"x\"},\"y\",[]],\"n\":12,\"m\":{\"z\":0,\"w\":\"v\"}}");
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_json_walk(body, &a, &s, &f), CU_OK);
    assert_int_equal(cu_json_tree_of(body, &s, &a, &t), CU_OK);
    uint32_t q = cu_json_member(&t, 0, "q"), m = cu_json_member(&t, 0, "m");
    assert_true(cu_eq_str(cu_slice(body, t.v[q].start, t.v[q].end), "[1,{\"c\":\"x\"},\"y\",[]]"));
    assert_true(cu_eq_str(cu_slice(body, t.v[m].start, t.v[m].end), "{\"z\":0,\"w\":\"v\"}"));
    assert_int_equal(cu_json_member(&t, 0, "n"), CU_TREE_NONE);
    assert_true(cu_json_says(&t, cu_json_member(&t, m, "w"), "v"));
    assert_false(cu_json_says(&t, cu_json_member(&t, m, "z"), "v"));
}

/* A long conversation costs in proportion to its length. */
static void many_calls(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_mentions m;
    cu_buf b CU_CLEAN_BUF = CU_BUF(64u << 20);
    cu_buf_str(&b, "{\"messages\":[{\"content\":[");
    for (int i = 0; i < 20000; i++)
        cu_buf_fmt(&b, "%s{\"type\":\"tool_use\",\"id\":\"t%d\",\"name\":\"Read\",\"input\":{\"file_path\":\"f%d\"}},{\"type\":\"tool_result\",\"tool_use_id\":\"t%d\",\"content\":\"x\"}",
                   i ? "," : "", i, i, i);
    cu_buf_str(&b, "]}]}");
    mentions(cu_buf_view(&b), true, &a, &m);
    assert_int_equal(m.n, 40000);
    assert_true(cu_eq_str(m.v[39999].path, "f19999") || cu_eq_str(m.v[m.n - 1].path, "f19999"));
}

static int setup(void **state)
{
    cu_fault f = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/tools.yaml", getenv("CUSTOS_CATALOG"));
    cu_arena_init(&tools_arena, 4 << 20);
    if (cu_tools_load(path, &tools_arena, &tools, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    cu_arena_free(&tools_arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_know_their_spans), cmocka_unit_test(every_shape_is_cut), cmocka_unit_test(commands_name_paths),
        cmocka_unit_test(folders_are_found), cmocka_unit_test(many_calls),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
