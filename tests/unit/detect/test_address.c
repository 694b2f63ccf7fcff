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
}

static void other_numbers(void **state)
{
    (void)state;
    expect_none(CU_TYPE_ADDRESS, "12 Monkeys and 3 Cats");
    expect_none(CU_TYPE_ADDRESS, "see Chapter 12 and Table 3");
    expect_none(CU_TYPE_ADDRESS, "Volume 2 Issue 1-4, March-Dec. 1993");
    expect_none(CU_TYPE_ADDRESS, "for (i = 0; i < 10; i++) Way[i] = 5;");
}

static void hostile(void **state)
{
    (void)state;
    static const char *const runs[] = {"1 A ", "Via A 1 ", "12 Elm Street, ", "1 rue de ", "Town ", "9 ", "Box 1 ",
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
