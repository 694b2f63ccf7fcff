/* Calls of tools of all clients → artefacts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/buf.h"
#include "inspect/artefact.h"

static cu_arena forever;
static cu_tools tools;

static int setup(void **state)
{
    cu_fault f = {0};
    char path[4096];
    cu_arena_init(&forever, 64 << 20);
    snprintf(path, sizeof path, "%s/tools.yaml", getenv("CUSTOS_CATALOG"));
    return cu_tools_load(path, &forever, &tools, &f) != CU_OK;
}

static int teardown(void **state)
{
    cu_arena_free(&forever);
    return 0;
}

static void put(cu_buf *b, cu_artefacts a)
{
    for (size_t i = 0; i < a.n; i++)
        cu_buf_fmt(b, "%s%s|%.*s|%.*s|%.*s%s", i ? " ; " : "", cu_artefact_kind_name(a.v[i].kind), CU_FMT(a.v[i].lang), CU_FMT(a.v[i].path),
                   CU_FMT(a.v[i].text), a.v[i].open ? "|open" : "");
    if (a.unread)
        cu_buf_str(b, "unread");
}

static void expect(const char *tool, bool raw, const char *args, const char *want)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_artefacts out;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    const cu_tool_call c = {cu_str(tool), CU_LIT("t"), cu_str(args), raw};
    cu_arena_init(&a, 64 << 20);
    assert_int_equal(cu_artefacts_of(&tools, &c, &a, &out), CU_OK);
    put(&b, out);
    for (size_t i = 0; i < out.n; i++)
        assert_true(cu_eq_str(out.v[i].call, "t"));
    assert_string_equal(cu_buf_cstr(&b), want);
}

static void clients(void **state)
{
    expect("Bash", false, "{\"command\":\"ls\",\"description\":\"x y\",\"timeout\":3}", "command|sh||ls");
    expect("Write", false, "{\"file_path\":\"a/b.py\",\"content\":\"x = 1\"}", "code|python|a/b.py|x = 1");
    expect("Write", false, "{\"content\":\"x = 1\",\"file_path\":\"a/b.py\"}", "code|python|a/b.py|x = 1");
    expect("Edit", false, "{\"file_path\":\"a.go\",\"old_string\":\"gone\",\"new_string\":\"new\",\"replace_all\":true}", "code|go|a.go|new");
    expect("MultiEdit", false, "{\"file_path\":\"a.ts\",\"edits\":[{\"old_string\":\"o\",\"new_string\":\"n\"},{\"old_string\":\"p\",\"new_string\":\"m\"}]}",
           "code|typescript|a.ts|n ; code|typescript|a.ts|m");
    expect("NotebookEdit", false, "{\"notebook_path\":\"a.ipynb\",\"new_source\":\"import os\"}", "code||a.ipynb|import os");
    expect("WebFetch", false, "{\"url\":\"http://h/\",\"prompt\":\"what is it\"}", "url|||http://h/");
    expect("exec_command", false, "{\"cmd\":\"ls -l\",\"workdir\":\"/x\"}", "command|sh||ls -l");
    expect("write_stdin", false, "{\"session_id\":1,\"chars\":\"ls\\n\"}", "command|sh||ls\n");
    expect("shell", false, "{\"command\":[\"bash\",\"-lc\",\"it's\"]}", "command|sh||'bash' '-lc' 'it'\\''s' ; command|sh||bash ; command|sh||-lc ; command|sh||it's");
    expect("run_commands", false, "{\"commands\":[\"ls -l\",\"git status\"]}", "command|sh||ls -l ; command|sh||git status");
    expect("run_shell_command", false, "{\"command\":\"ls\",\"dir_path\":\"/a\"}", "command|sh||ls");
    expect("write_file", false, "{\"file_path\":\"x.js\",\"content\":\"1\"}", "code|javascript|x.js|1");
    expect("replace", false, "{\"file_path\":\"x.js\",\"old_string\":\"1\",\"new_string\":\"2\"}", "code|javascript|x.js|2");
    expect("edit", false, "{\"filePath\":\"x.rs\",\"oldString\":\"1\",\"newString\":\"2\"}", "code|rust|x.rs|2");
    expect("bash", false, "{\"command\":\"ls\",\"workdir\":\".\"}", "command|sh||ls");
    expect("mcp__box__run_shell_command", false, "{\"command\":\"ls\"}", "command|sh||ls");
    expect("create", false, "{\"path\":\"Dockerfile\",\"file_text\":\"FROM x\"}", "code|dockerfile|Dockerfile|FROM x");
}

static void unlisted(void **state)
{
    expect("my_runner", false, "{\"cmd\":\"ls -l\",\"note\":\"two words\",\"to\":\"http://h/\"}", "command|sh||ls -l ; code|||two words ; url|||http://h/");
    expect("py", false, "{\"code\":\"import os\"}", "command|unknown||import os");
    expect("deep", false, "{\"a\":[{\"b\":{\"script\":\"ls -l\"}}]}", "command|sh||ls -l");
    expect("odd", false, "{\"c\\u006fmmand\":\"ls -l\"}", "command|sh||ls -l");
    expect("Bash", false, "{\"command\":\"ls", "unread");
    expect("Bash", false, "", "");
    expect("Bash", false, " {} ", "");
}

static void patches(void **state)
{
    static const char patch[] = "*** Begin Patch\n*** Add File: a.py\n+x = 1\n+y = 2\n*** Update File: b.sh\n@@\n same\n-old\n+new\n*** End Patch\n";
    expect("apply_patch", true, patch, "patch|python|a.py|x = 1\ny = 2\n ; patch|sh|b.sh|new\n");
    expect("apply_patch", false, "{\"input\":\"*** Begin Patch\\n*** Add File: a.py\\n+x\\n*** End Patch\"}", "patch|python|a.py|x\n");
    expect("exec_command", false, "{\"cmd\":\"apply_patch <<'E'\\n*** Begin Patch\\n*** Add File: a.c\\n+x\\n*** End Patch\\nE\"}",
           "command|sh||apply_patch <<'E'\n*** Begin Patch\n*** Add File: a.c\n+x\n*** End Patch\nE ; patch|c|a.c|x\n");
    expect("patch", false, "{\"diff\":\"--- a/x.go\\n+++ b/x.go\\n@@ -1 +1 @@\\n-a\\n+b\\n\"}", "patch|go|x.go|b\n");
    expect("apply_patch", false, "{\"type\":\"update_file\",\"path\":\"q.rb\",\"diff\":\"@@\\n-a\\n+b\\n\"}", "patch|ruby|q.rb|b\n");
}

/* What the tools of a program are told; the program itself comes first. */
static void calls_of(const char *program, const char *want)
{
    cu_buf all CU_CLEAN_BUF = CU_BUF(65536);
    const char *end = strstr(want, "|open|");
    cu_buf_fmt(&all, "command|javascript||%s%s%s", program, end == want ? "|open" : "", *want ? " ; " : "");
    cu_buf_str(&all, end == want ? want + 6 : want);
    if (end == want && !want[6])
        all.n -= 3;
    expect("exec", true, program, cu_buf_cstr(&all));
}

static void code_mode(void **state)
{
    calls_of("const r = await tools.exec_command({ cmd: \"ls\", workdir: '/x' });\ntext(r)", "command|sh||ls");
    calls_of("tools.exec_command({cmd:'a'+\"b\" + `c`})", "command|sh||abc");
    calls_of("const c = 'l' + 's'; let d = `${c} -l`; tools.exec_command({cmd:d})", "command|sh||ls -l");
    calls_of("const cmd='ls'; tools.exec_command({cmd})", "command|sh||ls");
    calls_of("tools['exec_command']({\"cmd\":\"\\x6cs\\u{20}\\u002d\"})", "command|sh||ls -");
    calls_of("tools.exec_command({cmd:`ls ${dir} x`})", "command|sh||ls ${unknown} x");
    calls_of("tools.exec_command({cmd: get()})", "command|sh||${unknown}|open");
    calls_of("tools.exec_command({cmd:['bash','-lc','ls']})", "command|sh||'bash' '-lc' 'ls'");
    calls_of("await Promise.all([tools.exec_command({cmd:'a'}), tools.exec_command({cmd:'b'})])", "command|sh||a ; command|sh||b");
    calls_of("tools.update_plan({x: tools.exec_command({cmd:'a'})})", "url|||${unknown} ; command|sh||a");
    calls_of("tools.apply_patch(\"*** Begin Patch\\n*** Add File: a.py\\n+x\\n*** End Patch\")", "patch|python|a.py|x\n");
    calls_of("// tools.exec_command({cmd:'no'})\n/* tools */ 1", "");
    calls_of("const s = /[\"/]/; tools.exec_command({cmd:'a'})", "command|sh||a");
    /* what cannot be followed */
    calls_of("const t = tools; t.exec_command({cmd:'a'})", "|open|");
    calls_of("const run = tools.exec_command; run({cmd:'a'})", "|open|");
    calls_of("const {exec_command} = tools; exec_command({cmd:'a'})", "|open|command|sh||a");
    calls_of("tools?.exec_command({cmd:'a'})", "|open|");
    calls_of("tools [x]({cmd:'a'})", "|open|command|sh||a");
    calls_of("globalThis['to'+'ols'].exec_command({cmd:'a'})", "|open|");
    calls_of("if (a) /\"/.test(b); tools.exec_command({cmd:\"a\"})", "|open|");
}

static void fences(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_artefacts out = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    cu_arena_init(&a, 1 << 24);
    assert_int_equal(cu_artefacts_in_text(&tools, CU_LIT("a\n```python title=\"x\"\nx = 1\n```\n~~~\n```\nno\n~~~\n  ```sh\nls\n"), &a, &out), CU_OK);
    put(&b, out);
    assert_string_equal(cu_buf_cstr(&b), "code|python||x = 1\n ; code|||```\nno\n ; code|sh||ls\n");

    /* the file's name in the line above, or behind the fence */
    static const struct {
        const char *text, *said;
    } named[] = {
        {"app/main.py\n```\nx\n```\n", "code|python|app/main.py|x\n"},          {"Put this into `package.json`:\n\n```json\n{}\n```\n", "code|json|package.json|{}\n"},
        {"**requirements.txt**\n```\nflask\n```\n", "code|text|requirements.txt|flask\n"}, {"```pom.xml\n<a/>\n```\n", "code|xml|pom.xml|<a/>\n"},
        {"```python:app/x.py\nx\n```\n", "code|python|app/x.py|x\n"},            {"Call `requests.get`:\n```python\nx\n```\n", "code|python||x\n"},
        {"a.py\n```\nx\n```\n```\ny\n```\n", "code|python|a.py|x\n ; code|||y\n"}, {"See a.py and b.py\n```\nx\n```\n", "code|||x\n"},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        out = (cu_artefacts){0};
        cu_buf_reset(&b);
        assert_int_equal(cu_artefacts_in_text(&tools, cu_str(named[i].text), &a, &out), CU_OK);
        put(&b, out);
        assert_string_equal(cu_buf_cstr(&b), named[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients), cmocka_unit_test(unlisted), cmocka_unit_test(patches), cmocka_unit_test(code_mode), cmocka_unit_test(fences),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
