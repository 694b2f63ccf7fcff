/* Postal addresses of several countries, in whole. */
#include "fixture.h"

static void whole_addresses(void **state)
{
    (void)state;
    expect(CU_TYPE_ADDRESS, "at [48 Wexbrook Avenue, Apt. 7, Dunmere, OH 44999] now");
    expect(CU_TYPE_ADDRESS, "nach [Lindenhofstraße 12a, 99998 Musterhausen] bitte");
    expect(CU_TYPE_ADDRESS, "sito in [Via Garofani 9], ufficio");
    expect(CU_TYPE_ADDRESS, "au [12 rue de la Verrine, 75999 Villefort], merci");
    expect(CU_TYPE_ADDRESS, "mail to [PSC 77, Box 810\nAPO AE 09999] please");
    expect(CU_TYPE_ADDRESS, "write to [P.O. Box 4417] today");
    expect(CU_TYPE_ADDRESS, "write to [po box 4417] today");
    expect(CU_TYPE_ADDRESS, "at [48 Wexbrook Avenue, Dunmere DN4 9QX] now");
    expect(CU_TYPE_ADDRESS, "at [48 N. Wexbrook Street, Dunmere K9Z 4X1, Canada] now");
    expect(CU_TYPE_ADDRESS, "to [psc 77, box 810\napo ae 09999] please");
    expect(CU_TYPE_ADDRESS, "in [Torquil Moss vei 41, 0999 Dunmere] bor");
    expect(CU_TYPE_ADDRESS, "a [Garofan utca 12. 9999 Dunmere] alatt");
    expect(CU_TYPE_ADDRESS, "at [65 Ντανμέρη 229 Apt. 7, Bosnia and Herzegovina] she said");
}

static void other_numbers(void **state)
{
    (void)state;
    expect_none(CU_TYPE_ADDRESS, "12 Monkeys and 3 Cats");
    expect_none(CU_TYPE_ADDRESS, "see Chapter 12 and Table 3");
    expect_none(CU_TYPE_ADDRESS, "R u 1976 1986 - Ap 1");
    expect_none(CU_TYPE_ADDRESS, "the Logic gate 3 and the Test suite 4");
    expect_none(CU_TYPE_ADDRESS, "Volume 2 Issue 1-4, March-Dec. 1993");
    expect_none(CU_TYPE_ADDRESS, "for (i = 0; i < 10; i++) Way[i] = 5;");
}

static void hostile(void **state)
{
    (void)state;
    static const char *const runs[] = {"1 A ", "Via A 1 ", "12 Elm Street, ", "1 rue de ", "Town ", "9 ", "Box 1 ", "Karls gate 1 ", "utca 1 ", "1 N. ",
                                       "APO AE 09123 "};
    survives_cuts("48 Wexbrook Avenue, Apt. 7, Dunmere, OH 44999-1234, USA; Kaiserstraße 5, 99998 Ort");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        linear_in(runs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_addresses),
        cmocka_unit_test(other_numbers),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
