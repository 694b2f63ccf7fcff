/* Validators of national and official numbers: published or computed values hold, a changed digit
 * does not (where the arithmetic promises it), a day that does not exist is refused, and no cut or
 * odd byte does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "national.h"
#include "engine.h"

/* What a change of one digit into another must do. */
typedef enum {
    EVERY,  /* every change is refused */
    MOST,   /* four in five are: two check values share a digit, or not every digit counts fully */
    NOTHING /* there is no check digit */
} promise;

static const struct {
    const char *name;
    promise one_digit;
    const char *valid[4];
} numbers[] = {
    {"us-ssn", NOTHING, {"219-09-9999", "123 45 6789", "078051120"}},
    {"us-itin", NOTHING, {"912-70-1234", "900-94-0001", "999881234"}},
    {"us-ein", NOTHING, {"12-3456789", "91-0000001", "04-1234560"}},
    {"us-npi", EVERY, {"1234567893", "1245319599", "2000000002"}},
    {"us-mbi", NOTHING, {"1EG4-TE5-MK73", "1EG4TE5MK72"}},
    {"us-dea", MOST, {"AB1234563", "F91234563"}},
    {"us-aba", EVERY, {"011000015", "122105155", "091000019"}},
    {"ca-sin", EVERY, {"130 692 544", "193-456-787"}},
    {"br-cpf", MOST, {"111.444.777-35", "529.982.247-25", "12345678909"}},
    {"br-cnpj", EVERY, {"11.222.333/0001-81", "12.ABC.345/01DE-35", "11444777000161"}},
    {"br-pis", MOST, {"120.5641.286-3", "12056412863"}},
    {"mx-curp", MOST, {"HEGG560427MVZRRL04", "BOXW310820HNERXN09"}},
    {"mx-rfc", MOST, {"GODE561231GR8", "GODE-561231-GR8"}},
    {"ar-cuit", EVERY, {"20-12345678-6", "30-50001091-2"}},
    {"cl-rut", EVERY, {"12.345.678-5", "76.086.428-5", "10000013-K"}},
    {"co-nit", MOST, {"213.123.432-1", "900373913-4"}},
    {"pe-ruc", MOST, {"20512333797", "20100070970"}},
    {"ve-rif", MOST, {"V-11470283-4", "J-07013380-5"}},
    {"ec-cedula", EVERY, {"171461612-3", "1710034065"}},
    {"uy-cedula", MOST, {"1.234.567-2", "12345672"}},
    {"vin", MOST, {"1M8GDM9AXKP042788", "1HGCM82633A004352"}},
    {"vin-form", NOTHING, {"WVWZZZ1JZXW000001", "1M8GDM9AXKP042788"}},
    {"imei", EVERY, {"49-015420-323751-8", "35-209900-176148-1", "356938035643809"}},
    {"imsi", NOTHING, {"310150123456789", "26201123456789"}},
    {"iccid", EVERY, {"89148000000745809013", "8991101200003204514"}},
    {"uk-nhs", EVERY, {"943 476 5919", "987 654 3210", "4505577104"}},
    {"uk-nino", NOTHING, {"AB 12 34 56 C", "JG103759A", "CE 12 34 56"}},
    {"uk-utr", MOST, {"1955839661", "19558 39661"}},
    {"uk-driver", NOTHING, {"MORGA753116SM9IJ", "MORGA657054SM9IJ"}},
    {"ie-ppsn", EVERY, {"1234567T", "1234567FA", "6433435F"}},
    {"de-tax-id", EVERY, {"86 095 742 719", "65929970489", "47036892816"}},
    {"de-svnr", MOST, {"15 070649 C 103", "65 180539 W 001"}},
    {"de-id-card", MOST, {"T220001293", "C01X00T478", "L01X00T471"}},
    {"de-kvnr", EVERY, {"A123456780", "T000000002"}},
    {"at-svnr", MOST, {"1237 010180", "1237010180"}},
    {"ch-ahv", EVERY, {"756.9217.0769.85", "7569217076985"}},
    {"fr-nir", EVERY, {"2 55 08 14 168 025 38", "180126955222380", "2 84 05 2A 123 456 32"}},
    {"fr-spi", MOST, {"30 23 217 600 053", "3023217600053"}},
    {"es-nif", EVERY, {"12345678Z", "12345678-Z", "K0867756N"}},
    {"es-nie", EVERY, {"X-1234567-L", "Y0000000Z", "Z1234567R"}},
    {"es-ssn", EVERY, {"281234567840", "28/12345678/40"}},
    {"it-fiscal-code", MOST, {"RSSMRA85T10A562S", "RCCMNL83S18D969H"}},
    {"it-vat", EVERY, {"00743110157", "12345670017"}},
    {"pt-nif", MOST, {"123456789", "501 964 843"}},
    {"nl-bsn", EVERY, {"111222333", "1234.56.782", "999999011"}},
    {"be-nn", EVERY, {"85.07.30-033.28", "17.07.30-033.84"}},
    {"lu-id", EVERY, {"1893120105732", "1983081200071"}},
    {"dk-cpr", NOTHING, {"211062-5629", "070761-4285"}},
    {"se-pnr", MOST, {"811218-9876", "19811228-9874", "121212+1212"}},
    {"no-fnr", EVERY, {"15108695088", "13097248022", "410170 50034"}},
    {"fi-hetu", EVERY, {"131052-308T", "131052A308T"}},
    {"is-kennitala", MOST, {"120174-3399", "450401-3150"}},
    {"pl-pesel", EVERY, {"44051401359", "02070803628"}},
    {"pl-nip", EVERY, {"123-456-32-18", "8567346215"}},
    {"pl-regon", MOST, {"123456785", "12345678512347"}},
    {"pl-id-card", MOST, {"ABA300000", "ABS 123456"}},
    {"cz-rc", MOST, {"710319/2745", "7103192745"}},
    {"hu-tax", EVERY, {"8071592153", "8 07159 215 3"}},
    {"hu-taj", EVERY, {"111 111 110", "123 456 788"}},
    {"ro-cnp", MOST, {"1800101221144", "1630615123457"}},
    {"bg-egn", MOST, {"7523169263", "8032056031"}},
    {"hr-oib", EVERY, {"33392005961", "69435151530"}},
    {"jmbg", EVERY, {"0101006500006", "0101985710016"}},
    {"si-emso", EVERY, {"0101006500006"}},
    {"gr-amka", EVERY, {"01013099997", "13054900017"}},
    {"gr-afm", MOST, {"094259216", "090000045"}},
    {"isikukood", MOST, {"37605030299", "38703181745", "33309240064"}},
    {"lv-pk", NOTHING, {"161175-19997", "120380-12348", "32567812345"}},
    {"tr-id", EVERY, {"10000000146", "17291716060"}},
    {"ru-inn", MOST, {"7707083893", "500100732259"}},
    {"ru-snils", MOST, {"112-233-445 95", "087-654-303 00"}},
    {"ua-tax", MOST, {"1759013776", "1759 013 776"}},
    {"il-id", EVERY, {"039337423", "123456782"}},
    {"ae-id", EVERY, {"784-1980-1234567-8"}},
    {"sa-id", EVERY, {"1000000008", "2000000006"}},
    {"za-id", EVERY, {"8001015009087", "7503305044089"}},
    {"eg-id", NOTHING, {"29001011234567", "3 050615 01 00123"}},
    {"in-aadhaar", EVERY, {"2341 2341 2346", "999941057058"}},
    {"in-pan", NOTHING, {"ABCPE1234F", "AAAPL1234C"}},
    {"in-gstin", EVERY, {"27AAPFU0939F1ZV", "29AAACU1901H1ZK"}},
    {"in-vehicle", NOTHING, {"KA 01 AB 1234", "22 BH 1234 AA", "DL3CAF0001"}},
    {"cn-id", EVERY, {"11010519491231002X", "440524188001010014"}},
    {"hk-id", EVERY, {"A123456(3)", "AB987654(3)", "C123456(9)"}},
    {"tw-id", MOST, {"A123456789", "A800000014"}},
    {"jp-my-number", MOST, {"1234 5678 9018", "123456789018"}},
    {"kr-rrn", MOST, {"971013-9019902", "800101-1234560"}},
    {"sg-nric", EVERY, {"S1234567D", "F1234567N", "M1234567K"}},
    {"my-nric", NOTHING, {"770305-02-1234", "890131-06-5224"}},
    {"th-id", MOST, {"1 2345 67890 12 1", "3-1005-00001-00-0"}},
    {"id-nik", NOTHING, {"3171234503900001", "3174015506850003"}},
    {"vn-id", NOTHING, {"001090012345", "079 203 001234"}},
    {"au-tfn", EVERY, {"123 456 782", "876543210"}},
    {"au-medicare", MOST, {"2123 45670 1", "2123 45670 1-1"}},
    {"au-abn", EVERY, {"51 824 753 556", "53 004 085 616"}},
    {"au-acn", MOST, {"004 085 616", "000 000 019"}},
    {"nz-ird", MOST, {"49-091-850", "35901981", "136410132"}},
    {"nz-nhi", MOST, {"ZZZ0016", "ZZZ0024", "ZBN77VL"}},
};

static bool is(const char *name, const char *value)
{
    cu_validator v = cu_validator_by_name(name);
    assert_non_null(v);
    return v(cu_str(value));
}

#define EACH(i) for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
#define EACH_VALUE(i, k) \
    EACH(i) for (size_t k = 0; k < 4 && numbers[i].valid[k]; k++) if (*numbers[i].valid[k])

static void every_validator_is_tested(void **state)
{
    (void)state;
    static const char *const names[] = {
#define X(id, name, forms) name,
        CU_NATIONAL(X)
#undef X
    };
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        bool known = false;
        EACH(i) known = known || strcmp(numbers[i].name, names[k]) == 0;
        if (!known)
            print_error("%s is not tested\n", names[k]);
        assert_true(known);
    }
    assert_null(cu_validator_by_name("no-such-number"));
}

static void valid_values_hold(void **state)
{
    (void)state;
    unsigned wrong = 0;
    EACH_VALUE(i, k)
        if (!is(numbers[i].name, numbers[i].valid[k]) && ++wrong)
            print_error("%s refuses %s\n", numbers[i].name, numbers[i].valid[k]);
    assert_int_equal(wrong, 0);
}

static void a_changed_digit_is_refused(void **state)
{
    (void)state;
    unsigned wrong = 0;
    EACH_VALUE(i, k) {
        char v[40];
        unsigned tried = 0, passed = 0;
        snprintf(v, sizeof v, "%s", numbers[i].valid[k]);
        for (size_t at = 0; v[at]; at++) {
            char kept = v[at];
            for (char c = '0'; c <= '9' && cu_digit((uint8_t)kept); c++) {
                v[at] = c;
                tried += c != kept;
                passed += c != kept && is(numbers[i].name, v);
            }
            v[at] = kept;
        }
        bool bad = numbers[i].one_digit == EVERY ? passed > 0
                   : numbers[i].one_digit == MOST ? passed * 5 > tried : false;
        if (bad && ++wrong)
            print_error("%s: %u of %u changes of %s pass\n", numbers[i].name, passed, tried, v);
    }
    assert_int_equal(wrong, 0);
}

/* Every cut, and every byte at every place: an answer, and no byte read outside (the sanitizers
 * watch: the copy has exactly the length). */
static void cuts_and_odd_bytes_do_no_harm(void **state)
{
    (void)state;
    EACH_VALUE(i, k) {
        cu_validator valid = cu_validator_by_name(numbers[i].name);
        size_t n = strlen(numbers[i].valid[k]);
        for (size_t cut = 0; cut <= n; cut++) {
            uint8_t *copy = test_malloc(cut + 1);
            memcpy(copy, numbers[i].valid[k], cut);
            /* A REGON of nine digits begins one of fourteen. */
            assert_false(valid(cu_bytes_of(copy, cut)) && cut + 3 < n && cut != 9);
            for (unsigned b = 0; b < 256 && cut; b++) {
                copy[cut - 1] = (uint8_t)b;
                (void)valid(cu_bytes_of(copy, cut));
            }
            test_free(copy);
        }
    }
}

static void odd_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "-", "...", "0", "A", "&", "\xc3", "\xc3\x91", "00000000000",
        "000000000", "0000000000", "999999999999999999999999999999999999999999999999", "\xc3\xa9"};
    EACH(i)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            assert_false(is(numbers[i].name, texts[k]));
}

/* The same number with a day or month that does not exist, the check digit made right again. */
static void days_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pattern; /* '?' takes every digit (letter behind '!'): none may pass */
    } dates[] = {
        {"pl-pesel", "4413140135?"}, {"pl-pesel", "4402300135?"}, {"cn-id", "11010519490229002?"},
        {"cn-id", "11010519491331002?"}, {"za-id", "800230500908?"}, {"se-pnr", "811318-987?"},
        {"no-fnr", "321086950??"}, {"fi-hetu", "310252-308!"}, {"ro-cnp", "180023022114?"},
        {"bg-egn", "753316926?"}, {"jmbg", "320100650000?"}, {"gr-amka", "3202309999?"},
        {"isikukood", "3761303029?"}, {"lv-pk", "311175-1999?"}, {"tw-id", "A3234567 ??"},
        {"at-svnr", "12?7320180"}, {"de-svnr", "15 320649 C 10?"}, {"it-fiscal-code", "RSSMRA85T32A562!"},
        {"be-nn", "85.13.30-033.??"}, {"lu-id", "18931301057??"}, {"dk-cpr", "310262-5629"},
        {"is-kennitala", "320174-33?9"}, {"cz-rc", "711319274?"}, {"kr-rrn", "971313-901990?"},
        {"mx-curp", "HEGG561327MVZRRL0?"}, {"mx-rfc", "GODE561331GR!"}, {"ae-id", "784-1780-1234567-?"},
        {"eg-id", "29013011234567"}, {"my-nric", "771305-02-1234"}, {"id-nik", "3171237503900001"},
        {"uk-driver", "MORGA713316SM9IJ"}, {"fr-nir", "2 55 13 14 168 025 ??"},
    };
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        for (unsigned x = 0; x < 100; x++) {
            char v[40];
            unsigned left = x;
            snprintf(v, sizeof v, "%s", dates[i].pattern);
            for (char *c = v; *c; c++)
                if (*c == '?' || *c == '!') {
                    *c = (char)(*c == '?' ? '0' + left % 10 : left % 36 < 10 ? '0' + left % 36 : 'A' + left % 36 - 10);
                    left /= 10;
                }
            if (is(dates[i].name, v))
                print_error("%s takes %s\n", dates[i].name, v);
            assert_false(is(dates[i].name, v));
        }
}

static void what_is_never_given_out_is_refused(void **state)
{
    (void)state;
    static const char *const never[][2] = {
        {"us-ssn", "666-12-3456"}, {"us-ssn", "000-12-3456"}, {"us-ssn", "900-12-3456"},
        {"us-itin", "912-69-1234"}, {"us-itin", "812-70-1234"}, {"us-ein", "07-1234567"},
        {"us-mbi", "1SG4-TE5-MK73"}, {"us-mbi", "0EG4-TE5-MK73"}, {"uk-nino", "GB123456A"},
        {"uk-nino", "DA123456A"}, {"uk-nino", "AO123456A"}, {"uk-nino", "AB123456E"},
        {"ca-sin", "046 454 286"}, {"in-aadhaar", "123412341234"}, {"vin", "1M8GDM9AXKP04278O"},
        {"nl-bsn", "000000012"}, {"sa-id", "3000000004"}, {"hu-tax", "7071592153"},
        {"si-emso", "0101100710006"}, {"ch-ahv", "7579217076984"}, {"vn-id", "097090012345"},
        {"br-cpf", "111.111.111-11"}, {"tr-id", "01234567890"}, {"nz-nhi", "ZIZ0016"},
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (is(never[i][0], never[i][1]))
            print_error("%s takes %s\n", never[i][0], never[i][1]);
        assert_false(is(never[i][0], never[i][1]));
    }
}

static void separators_change_nothing(void **state)
{
    (void)state;
    static const char separators[] = " .-/";
    EACH_VALUE(i, k) {
        const char *v = numbers[i].valid[k];
        for (const char *s = separators; *s; s++) {
            char spread[100];
            size_t n = 0;
            for (const char *c = v; *c; c++) {
                spread[n++] = *c;
                spread[n++] = *s;
            }
            spread[n] = 0;
            assert_true(is(numbers[i].name, spread));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_validator_is_tested),
        cmocka_unit_test(valid_values_hold),
        cmocka_unit_test(a_changed_digit_is_refused),
        cmocka_unit_test(cuts_and_odd_bytes_do_no_harm),
        cmocka_unit_test(odd_texts_are_refused),
        cmocka_unit_test(days_that_do_not_exist_are_refused),
        cmocka_unit_test(what_is_never_given_out_is_refused),
        cmocka_unit_test(separators_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
