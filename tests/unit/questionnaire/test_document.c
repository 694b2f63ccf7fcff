/* Files of buyers: what is found in them, where answers go, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "container.h"

static cu_arena arena;

static int begin(void **state)
{
    cu_arena_init(&arena, CU_QARENA);
    return 0;
}

static int end(void **state)
{
    cu_arena_free(&arena);
    return 0;
}

static cu_qdocument *read_text(const char *text, size_t n)
{
    cu_qdocument *d = NULL;
    cu_fault f = {0};
    cu_err e = cu_qdocument_read(cu_bytes_of(text, n), &arena, &d, &f);
    if (e != CU_OK)
        fail_msg("%s", f.text);
    return d;
}

#define READ(text) read_text("" text "", sizeof(text) - 1)

static void asked(const cu_qdocument *d, size_t i, const char *id, const char *text)
{
    assert_true(i < d->asked_n);
    if (!cu_eq_str(d->asked[i].id, id) || !cu_eq_str(d->asked[i].text, text))
        fail_msg("%zu is %.*s: %.*s", i, CU_FMT(d->asked[i].id), CU_FMT(d->asked[i].text));
}

static void heads_name_columns(void **state)
{
    const cu_qdocument *d = READ("Assessment of suppliers,,,\r\nRef,Requirement,Compliant (Yes/No),Comments\r\nSection 1,,,\r\nR1,Data is encrypted at rest,,\r\nR2,\"Do you log, always?\",,\r\n");
    assert_int_equal(d->asked_n, 2);
    asked(d, 0, "R1", "Data is encrypted at rest");
    asked(d, 1, "R2", "Do you log, always?");
    assert_int_equal(d->asked[0].choice_col, 2);
    assert_int_equal(d->asked[0].answer_col, 3);
    assert_true(cu_eq_str(d->asked[0].section, "Section 1"));
}

static void without_a_head_the_look_decides(void **state)
{
    const cu_qdocument *d = READ("1.1;Is MFA used by admins?;\n1.2;Describe your backups in detail;\n;A note of ours;\n");
    assert_int_equal(d->asked_n, 2);
    asked(d, 0, "1.1", "Is MFA used by admins?");
    asked(d, 1, "1.2", "Describe your backups in detail");
    assert_int_equal(d->asked[0].answer_col, 2);
    d = READ("3.4 Do you test restores?\nQ5) Is there a bug bounty?\nHow are keys rotated?\n");
    asked(d, 0, "3.4", "Do you test restores?");
    asked(d, 1, "Q5", "Is there a bug bounty?");
    asked(d, 2, "Q3", "How are keys rotated?");
}

static void quotes_and_encodings(void **state)
{
    const cu_qdocument *d = READ("id\tquestion\r1\t\"Is \"\"zero\"\" retention on?\r\nreally\"\r");
    asked(d, 0, "1", "Is \"zero\" retention on?\r\nreally");
    d = READ("id,question\n1,M\xfcller asks: is it on?\n");
    asked(d, 0, "1", "M\xc3\xbcller asks: is it on?");
    d = READ("\xff\xfei\0d\0,\0q\0u\0e\0s\0t\0i\0o\0n\0\n\0001\0,\0I\0s\0 \0i\0t\0 \0\x3d\xd8\x00\xde?\0\n\0");
    asked(d, 0, "1", "Is it \xf0\x9f\x98\x80?");
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        cu_err e;
    } bad[] = {{"", 0, CU_SYNTAX}, {"a,b\n1,2\n", 8, CU_NOT_FOUND}, {"id,question\n1,\"open", 20, CU_SYNTAX}, {"a\0b", 3, CU_SYNTAX}, {"PK\3\4", 4, CU_CORRUPT}, {"%PDF-1", 6, CU_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cu_qdocument *d;
        cu_fault f = {0};
        assert_int_equal(cu_qdocument_read(cu_bytes_of(bad[i].text, bad[i].n), &arena, &d, &f), bad[i].e);
        assert_true(f.text[0]);
    }
}

static void formulas_become_text(void **state)
{
    static const char *const pairs[][2] = {{"=1+1", "\"'=1+1\""}, {"+a", "\"'+a\""}, {"-a", "\"'-a\""}, {"@a", "\"'@a\""}, {"\ta", "\"'\ta\""}, {"a=1", "\"a=1\""}, {"a\"b", "\"a\"\"b\""}, {"", "\"\""}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(100);
        cu_qcsv_cell(&b, cu_str(pairs[i][0]));
        assert_string_equal(cu_buf_cstr(&b), pairs[i][1]);
    }
}

static cu_bytes pack(const member *v, size_t n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1u << 20);
    container c = {(member *)(uintptr_t)v, n};
    assert_int_equal(container_write(&c, &b, NULL), CU_OK);
    cu_bytes out = cu_arena_dup(&arena, cu_buf_view(&b));
    assert_non_null(out.p);
    return out;
}

static void a_prefix_of_a_workbook_is_kept(void **state)
{
    const member v[] = {{CU_LIT("xl/workbook.xml"), CU_LIT("<x:workbook xmlns:x='m' xmlns:r='r'><x:sheets><x:sheet name='S' r:id='a'/></x:sheets></x:workbook>"), 0},
                        {CU_LIT("xl/_rels/workbook.xml.rels"), CU_LIT("<Relationships><Relationship Id='a' Target='/xl/worksheets/one.xml'/></Relationships>"), 0},
                        {CU_LIT("xl/worksheets/one.xml"), CU_LIT("<x:worksheet xmlns:x='m'><x:sheetData><x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>Question</x:t></x:is></x:c><x:c t='str'><x:v>Answer</x:v></x:c></x:row>"
                                                                  "<x:row r='2'><x:c r='A2' t='inlineStr'><x:is><x:r><x:t>Is data </x:t></x:r><x:r><x:t>encrypted?</x:t></x:r></x:is></x:c></x:row></x:sheetData></x:worksheet>"), 0}};
    cu_bytes file = pack(v, 3);
    cu_qdocument *d = read_text((const char *)file.p, file.n);
    cu_buf out CU_CLEAN_BUF = CU_BUF(1u << 20);
    cu_fault f = {0};
    container c;
    asked(d, 0, "Q1", "Is data encrypted?");
    assert_int_equal(cu_qdocument_fill(file, d, &(cu_qfilling){CU_LIT("a < b"), NULL}, &out, &f), CU_OK);
    assert_int_equal(container_read(cu_buf_view(&out), &arena, &c, &f), CU_OK);
    assert_true(cu_find(c.v[2].content, CU_LIT("encrypted?</x:t></x:r></x:is></x:c><x:c r=\"B2\" t=\"inlineStr\"><x:is><x:t xml:space=\"preserve\">a &lt; b</x:t></x:is></x:c></x:row>"), 0) != (size_t)-1);
    assert_true(cu_eq(c.v[0].content, v[0].content) && cu_eq(c.v[1].content, v[1].content));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(heads_name_columns), cmocka_unit_test(without_a_head_the_look_decides), cmocka_unit_test(quotes_and_encodings),
                                       cmocka_unit_test(what_is_refused), cmocka_unit_test(formulas_become_text), cmocka_unit_test(a_prefix_of_a_workbook_is_kept)};
    return cmocka_run_group_tests(tests, begin, end);
}
