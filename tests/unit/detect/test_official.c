/* Official numbers that stand alone: found in their forms, without a word before them; not as a part of something
 * longer, nor in columns of numbers that mostly fail their check. */
#include "fixture.h"

static const struct {
    cu_type type;
    const char *text;
} alone[] = {
    {CU_TYPE_US_ITIN, "912-70-1938"},          {CU_TYPE_US_MBI, "1EG4-TE5-MK73"},       {CU_TYPE_US_MBI, "1EG4TE5MK73"},
    {CU_TYPE_UK_NHS, "943 476 5919"},          {CU_TYPE_UK_NINO, "JG103759A"},          {CU_TYPE_UK_NINO, "JG 10 37 59 A"},
    {CU_TYPE_BR_CPF, "529.982.247-25"},        {CU_TYPE_CH_AHV, "756.9217.0769.85"},    {CU_TYPE_ES_NIF, "48302759E"},
    {CU_TYPE_ES_NIE, "Y7310846B"},             {CU_TYPE_FI_PERSONAL_IDENTITY_CODE, "131052-308T"},
    {CU_TYPE_FI_PERSONAL_IDENTITY_CODE, "131052A308T"}, {CU_TYPE_IT_FISCAL_CODE, "RSSMRA85T10A562S"},
    {CU_TYPE_PL_PESEL, "44051401359"},         {CU_TYPE_IN_PAN, "ABCPE1734F"},          {CU_TYPE_IN_GSTIN, "27AAPFU0939F1ZV"},
    {CU_TYPE_SG_NRIC_FIN, "S8203714D"},            {CU_TYPE_KR_RRN, "971013-9019902"},      {CU_TYPE_CN_RESIDENT_ID, "11010519491231002X"},
    {CU_TYPE_AU_ABN, "51 824 753 556"},        {CU_TYPE_TR_NATIONAL_ID, "17291716060"},          {CU_TYPE_BE_NATIONAL_NUMBER, "85.07.30-033.28"},
};

static bool finds(cu_type type, const char *text, size_t start, size_t n)
{
    assert_int_equal(cu_detect(engine, scratch, cu_str(text), &found), CU_OK);
    for (size_t i = 0; i < found.n; i++)
        if (found.v[i].type == type && found.v[i].start == start && found.v[i].end == start + n)
            return found.v[i].confidence >= CU_DETECT_DEFAULT_MIN;
    return false;
}

/* At each place of a block, as a text, a line, a column. */
static void numbers_that_stand_alone(void **state)
{
    (void)state;
    static const char *const around[][2] = {{"", ""}, {"\n", "\n"}, {",", ",x"}, {"\"", "\""}, {"is ", "."}};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        for (size_t a = 0; a < sizeof around / sizeof *around; a++)
            for (size_t pad = 0; pad < 66; pad++) {
                char text[160];
                int start = snprintf(text, sizeof text, "%.*s%s", (int)pad, "                                                                  ",
                                     around[a][0]);
                snprintf(text + start, sizeof text - (size_t)start, "%s%s", alone[i].text, around[a][1]);
                if (!finds(alone[i].type, text, (size_t)start, strlen(alone[i].text)))
                    fail_msg("not found: |%s|", text);
            }
}

static void parts_of_something_longer(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.%s", "/%s", "%s/1", "%s.5", "a-%s", "%s-a", "v%s", "%s_a", "$%s", "%s%%", "x'%s'", "#%s", "1 %s", "%s 1", "version %s", "%s@a.de",
    };
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            char text[96];
            const char *percent = strchr(texts[k], '%');
            int start = snprintf(text, sizeof text, "%.*s%s", (int)(percent - texts[k]), texts[k], alone[i].text);
            snprintf(text + start, sizeof text - (size_t)start, "%s", percent[2] == '%' ? "%" : percent + 2);
            if (finds(alone[i].type, text, (size_t)(percent - texts[k]), strlen(alone[i].text)))
                fail_msg("found in: %s", text);
        }
}

static void quantities_and_literals(void **state)
{
    (void)state;
    expect_none(CU_TYPE_AU_ABN, "return 10000000000");
    expect_none(CU_TYPE_RO_CNP, "{\"at\":1591023392000}");
    expect_none(CU_TYPE_RO_CNP, "{\"at\":1591023392019}");
    expect_none(CU_TYPE_IE_PPSN, "c X'0040001C'");
    expect_none(CU_TYPE_ES_NIF, "long n = 48302767L;");
    expect_none(CU_TYPE_TR_NATIONAL_ID, "12345678901");
}

/* One in ten holds: a column of something else. All hold: a column of these. */
static void columns_of_other_numbers(void **state)
{
    (void)state;
    static const char others[] = "44051401351\n44051401352\n44051401353\n44051401359\n44051401354\n";
    expect_none(CU_TYPE_PL_PESEL, others);
    expect(CU_TYPE_PL_PESEL, "44051401359\n[02070803628]\n");
    assert_int_equal(found.n, 2);
}

static void hostile(void **state)
{
    (void)state;
    static const char *const runs[] = {"44051401359\n", "131052A308T ", "1EG4", "756.", "AAA999999 ", "440514013591 "};
    survives_cuts("1EG4-TE5-MK73, 27AAPFU0939F1ZV, 131052A308T and 529.982.247-25");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        linear_in(runs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_stand_alone), cmocka_unit_test(parts_of_something_longer),
        cmocka_unit_test(quantities_and_literals),  cmocka_unit_test(columns_of_other_numbers),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
