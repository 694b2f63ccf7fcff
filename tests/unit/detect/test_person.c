/* Persons' names: by lists, by titles, by the words before them; not in code. */
#include "fixture.h"

static void names_in_prose(void **state)
{
    (void)state;
    expect(CU_TYPE_PERSON, "we asked [Hannelore Brinkmann] about it");
    expect(CU_TYPE_PERSON, "sent by [José M. Quintana].");
    expect(CU_TYPE_PERSON, "then [Pieter van der Veen] left");
    expect(CU_TYPE_PERSON, "[Svetlana], when do you come?");
    expect(CU_TYPE_PERSON, "ask Dr. [Zsofira Kranzow] about it");
    expect(CU_TYPE_PERSON, "My name is [Ylvindra]");
    expect(CU_TYPE_PERSON, "Cc: [Tobbe Lundkvarn] <tobbe@firma.se>");
    expect(CU_TYPE_PERSON, "we met [Ashwenna Yoshida] and went on");
    expect(CU_TYPE_PERSON, "that is [Anjali]'s chair");
}

/* Two that can be nothing but names make names of the others; one does not. */
static void names_in_a_row(void **state)
{
    (void)state;
    static const char row[] = "They had four: Ylvin, Ingeborg, Svetlana and Mabby.";
    static const char *const members[] = {"Ylvin", "Ingeborg", "Svetlana", "Mabby"};
    assert_int_equal(cu_detect(engine, scratch, cu_str(row), &found), CU_OK);
    assert_int_equal(found.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(found.v[i].type, CU_TYPE_PERSON);
        assert_memory_equal(row + found.v[i].start, members[i], found.v[i].end - found.v[i].start);
    }
    assert_int_equal(cu_detect(engine, scratch, cu_str("They had four: Ylvin, Ingeborg, Torquilla and Mabby."), &found), CU_OK);
    assert_int_equal(found.n, 1);
    expect(CU_TYPE_PERSON, "x = \"Who? \\\"[Ingeborg]\\'s uncle\\\"\"");
    expect(CU_TYPE_PERSON, "This is [Zoe]'s book.");
}

static void not_in_code(void **state)
{
    (void)state;
    expect_none(CU_TYPE_PERSON, "class HannahSmith extends Base {}");
    expect_none(CU_TYPE_PERSON, "import Carlos.Ortega.core;");
    expect_none(CU_TYPE_PERSON, "x = Svetlana(y); {z}");
    expect_none(CU_TYPE_PERSON, "friend Document;");
    expect_none(CU_TYPE_PERSON, "Virginia Park Station");
    expect_none(CU_TYPE_PERSON, "I will come in May");
    expect_none(CU_TYPE_PERSON, "Dear Customer, thank you");
}

static void nothing_crosses_a_separator(void **state)
{
    (void)state;
    static const char text[] = "then Pieter \0van der Veen\0 left";
    assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(text, sizeof text - 1), &found), CU_OK);
    for (size_t i = 0; i < found.n; i++)
        assert_null(memchr(text + found.v[i].start, 0, found.v[i].end - found.v[i].start));
}

static void hostile(void **state)
{
    (void)state;
    static const char *const runs[] = {"Anna ", "A", "Anna van der ", "\xc3", "\xc3\x89", "Mr. ", "O'", "Jean-",
                                       "A. ", "Anna Smith ", "<a@b.de>", "my name is ", "Anna, Ingeborg, ", "X, Ingeborg and "};
    survives_cuts("Dr. Zsófia van der Kranzow-O'Neil Jr. <z.k@firma.de> Mr. É");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        linear_in(runs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_prose),
        cmocka_unit_test(names_in_a_row),
        cmocka_unit_test(not_in_code),
        cmocka_unit_test(nothing_crosses_a_separator),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
