/* Official numbers that no word announces: a text that is nothing but the number, a column, a chat. Only forms
 * that few other things have are known here: written as their office prints them, or in one piece with letters
 * in their places, a date in them, or two check digits. What remains needs words (catalog/rules/pii). The forms
 * are those of the rules that name the validators; their sources stand there. */
#include "engine.h"
#include "judge.h"

#define NEAR 512u /* bytes on each side in which numbers of the same form are counted */

/* The validators whose numbers are known by form; a rule that uses one gives type and id. */
#define NUMBERS(X)                                                                                                     \
    X(AADHAAR, "in-aadhaar") X(ABN, "au-abn") X(ACN, "au-acn") X(AE, "ae-id") X(AHV, "ch-ahv") X(AT, "at-svnr")        \
    X(BE, "be-nn") X(CN, "cn-id") X(CNPJ, "br-cnpj") X(CPF, "br-cpf") X(CUIT, "ar-cuit") X(CURP, "mx-curp")            \
    X(CZ, "cz-rc") X(DE, "de-tax-id") X(DEA, "us-dea") X(EE, "isikukood") X(EG, "eg-id") X(EMSO, "si-emso")            \
    X(ES_SSN, "es-ssn") X(FI, "fi-hetu") X(FISCAL, "it-fiscal-code") X(GSTIN, "in-gstin") X(HK, "hk-id")               \
    X(ICCID, "iccid") X(IS, "is-kennitala") X(ITIN, "us-itin") X(JMBG, "jmbg") X(JP, "jp-my-number") X(KR, "kr-rrn")   \
    X(LU, "lu-id") X(MBI, "us-mbi") X(MEDICARE, "au-medicare") X(MY, "my-nric") X(NHS, "uk-nhs") X(NIE, "es-nie")      \
    X(NIF, "es-nif") X(NINO, "uk-nino") X(NIP, "pl-nip") X(NIR, "fr-nir") X(NO, "no-fnr") X(NRIC, "sg-nric")           \
    X(PAN, "in-pan") X(PESEL, "pl-pesel") X(PIS, "br-pis") X(PL_CARD, "pl-id-card") X(PPSN, "ie-ppsn") X(RFC, "mx-rfc")\
    X(RO, "ro-cnp") X(RUT, "cl-rut") X(SE, "se-pnr") X(SIN, "ca-sin") X(SNILS, "ru-snils") X(SVNR, "de-svnr")          \
    X(TFN, "au-tfn") X(TH, "th-id") X(TR, "tr-id") X(TW, "tw-id") X(ZA, "za-id")

enum {
#define X(id, name) OF_##id,
    NUMBERS(X)
#undef X
    OF_COUNT
};
_Static_assert((int)OF_COUNT == (int)CU_OFFICIAL_COUNT, "engine.h says how many there are");

/* 9 a digit, A a capital, X either; the rest stands for itself. percent: how sure it is without a word. */
typedef struct {
    const char *form;
    uint8_t number, before, percent; /* before: bytes of the form before its first digit */
} form;

/* By the length of the first row of digits. */
static const form run1[] = {
    {"9-9999-99999-99-9", OF_TH, 0, 55}, {"9 9999 99999 99 9", OF_TH, 0, 50}, {"9.999.999-X", OF_RUT, 0, 45},
    {"9 99 99 99 999 999 99", OF_NIR, 0, 60}, {"9AX9-AX9-AA99", OF_MBI, 0, 50}, {"9AX9AX9AA99", OF_MBI, 0, 45},
};
static const form run2[] = {
    {"99 999 999 999", OF_ABN, 0, 50}, {"99.999.999/9999-99", OF_CNPJ, 0, 60}, {"99.99.99-999.99", OF_BE, 0, 60},
    {"99-99999999-9", OF_CUIT, 0, 50}, {"99.999.999-X", OF_RUT, 0, 50}, {"99 999999 A 999", OF_SVNR, 0, 60},
    {"AA 99 99 99 A", OF_NINO, 3, 60}, {"AAAAAA99A99A999A", OF_FISCAL, 6, 60}, {"99AAAAA9999AXXX", OF_GSTIN, 0, 60},
    {"AAA AAA 99A99 A999A", OF_FISCAL, 8, 60},
};
static const form run3[] = {
    {"999.999.999-99", OF_CPF, 0, 60}, {"999-999-999 99", OF_SNILS, 0, 60}, {"999.99999.99-9", OF_PIS, 0, 55},
    {"756.9999.9999.99", OF_AHV, 0, 60}, {"784-9999-9999999-9", OF_AE, 0, 60}, {"999-999-99-99", OF_NIP, 0, 45},
    {"999-99-9999", OF_ITIN, 0, 50}, {"999 99 9999", OF_ITIN, 0, 45}, {"999 999 9999", OF_NHS, 0, 42},
    {"999 999 999", OF_TFN, 0, 42}, {"999 999 999", OF_ACN, 0, 42}, {"999-999-999", OF_SIN, 0, 42}, {"999 999 999", OF_SIN, 0, 42},
};
static const form run4[] = {
    {"9999 9999 9999", OF_AADHAAR, 0, 45}, {"9999-9999-9999", OF_AADHAAR, 0, 45}, {"9999 9999 9999", OF_JP, 0, 42},
    {"9999 99999 9", OF_MEDICARE, 0, 45}, {"9999 999999", OF_AT, 0, 45}, {"AAAAA9999A", OF_PAN, 5, 45},
};
static const form run6[] = {
    {"999999-9999", OF_SE, 0, 45}, {"999999-9999", OF_IS, 0, 45}, {"999999-999X", OF_FI, 0, 55}, {"999999+999X", OF_FI, 0, 50},
    {"999999A999X", OF_FI, 0, 55}, {"999999-9999999", OF_KR, 0, 55}, {"999999/9999", OF_CZ, 0, 50}, {"999999-99-9999", OF_MY, 0, 50},
    {"AA999999A", OF_NINO, 2, 55}, {"AAAA999999XXX", OF_RFC, 4, 50}, {"AAAA999999AAAAAAX9", OF_CURP, 4, 60}, {"AAA999999", OF_PL_CARD, 3, 42},
    {"A999999(X)", OF_HK, 1, 60}, {"AA999999(X)", OF_HK, 2, 60},
};
static const form run7[] = {
    {"A9999999A", OF_NIE, 1, 55}, {"A9999999A", OF_NRIC, 1, 55}, {"A-9999999-A", OF_NIE, 2, 55}, {"9999999A", OF_PPSN, 0, 42},
    {"9999999AA", OF_PPSN, 0, 45}, {"AA9999999", OF_DEA, 2, 42},
};
static const form run8[] = {
    {"99999999A", OF_NIF, 0, 45}, {"99999999-A", OF_NIF, 0, 50}, {"99999999-9999", OF_SE, 0, 55}, {"A99999999", OF_NIF, 1, 42},
    {"99999999A999", OF_SVNR, 0, 60},
};
static const form run9[] = {{"A999999999", OF_TW, 1, 42}};
static const form run11[] = {
    {"99999999999", OF_TR, 0, 45}, {"99999999999", OF_PESEL, 0, 45}, {"99999999999", OF_BE, 0, 45}, {"99999999999", OF_NO, 0, 45},
    {"99999999999", OF_EE, 0, 45}, {"99999999999", OF_CPF, 0, 42}, {"99999999999", OF_SNILS, 0, 42}, {"99999999999", OF_ABN, 0, 42},
    {"99999999999", OF_DE, 0, 42},
};
static const form run12[] = {{"999999999999", OF_ES_SSN, 0, 42}};
static const form run13[] = {
    {"7569999999999", OF_AHV, 0, 50}, {"9999999999999", OF_LU, 0, 50}, {"9999999999999", OF_RO, 0, 45}, {"9999999999999", OF_EMSO, 0, 45},
    {"9999999999999", OF_JMBG, 0, 45}, {"9999999999999", OF_ZA, 0, 45},
};
static const form run14[] = {{"99999999999999", OF_EG, 0, 42}};
static const form run15[] = {{"784999999999999", OF_AE, 0, 50}, {"999999999999999", OF_NIR, 0, 50}};
static const form run17[] = {{"99999999999999999X", OF_CN, 0, 60}};
static const form run18[] = {{"999999999999999999", OF_CN, 0, 60}};
static const form run19[] = {{"8999999999999999999", OF_ICCID, 0, 50}};

#define RUN(a) {a, sizeof(a) / sizeof *(a)}
static const struct {
    const form *v;
    size_t n;
} by_run[] = {
    [1] = RUN(run1), [2] = RUN(run2), [3] = RUN(run3), [4] = RUN(run4), [6] = RUN(run6), [7] = RUN(run7), [8] = RUN(run8),
    [9] = RUN(run9), [11] = RUN(run11), [12] = RUN(run12), [13] = RUN(run13), [14] = RUN(run14), [15] = RUN(run15), [17] = RUN(run17),
    [18] = RUN(run18), [19] = RUN(run19),
};
_Static_assert(sizeof by_run / sizeof *by_run == CU_OFFICIAL_RUNS, "engine.h says how long the longest is");

/* Most numbers of a program are no more than a byte before and two behind the row of digits can tell: which of
 * the forms these allow is looked up by their kinds. */
enum { IS_OTHER, IS_DIGIT, IS_UPPER, IS_SPACE, IS_DASH, IS_POINT, IS_SLASH, IS_PLUS, IS_OPEN, IS_COUNT };
#define FIVE(kind, a) [a] = kind, [a + 1] = kind, [a + 2] = kind, [a + 3] = kind, [a + 4] = kind
static const uint8_t kind_of[256] = {
    FIVE(IS_DIGIT, '0'), FIVE(IS_DIGIT, '5'), FIVE(IS_UPPER, 'A'), FIVE(IS_UPPER, 'F'), FIVE(IS_UPPER, 'K'), FIVE(IS_UPPER, 'P'),
    FIVE(IS_UPPER, 'U'), ['Z'] = IS_UPPER, [' '] = IS_SPACE, ['-'] = IS_DASH, ['.'] = IS_POINT, ['/'] = IS_SLASH, ['+'] = IS_PLUS,
    ['('] = IS_OPEN,
};

static bool form_allows(char c, unsigned kind)
{
    return c == 'X' ? kind == IS_DIGIT || kind == IS_UPPER : c == '9' ? kind == IS_DIGIT : c == 'A' ? kind == IS_UPPER
                    : kind == kind_of[(uint8_t)c];
}

/* What stands before a form or behind it: see stands_alone(). */
static bool beside_allows(unsigned where, unsigned kind)
{
    return kind != IS_UPPER && kind != IS_DIGIT && (where || (kind != IS_DASH && kind != IS_POINT && kind != IS_SLASH && kind != IS_PLUS));
}

static void note_kinds(cu_engine *e, size_t run, size_t k)
{
    const form *f = &by_run[run].v[k];
    size_t n = strlen(f->form), place[3] = {f->before - 1u, f->before + run, f->before + run + 1};
    for (unsigned where = 0; where < 3; where++)
        for (unsigned kind = 0; kind < IS_COUNT; kind++) {
            bool inside = where ? place[where] < n : f->before > 0, last = where == 2 && place[1] >= n;
            if (last || (inside ? form_allows(f->form[place[where]], kind) : where == 2 || beside_allows(where, kind)))
                e->official_may[run][where][kind] |= (uint16_t)(1u << k);
        }
}

void cu_official_rules(cu_engine *e)
{
    static const char *const names[] = {
#define X(id, name) name,
        NUMBERS(X)
#undef X
    };
    for (size_t k = 0; k < OF_COUNT; k++) {
        e->official[k] = CU_NO_RULE;
        for (size_t i = 0; i < e->n && e->official[k] == CU_NO_RULE; i++) {
            const cu_rule *r = e->rules[i].rule;
            if (r->validator && cu_type_class(r->type) != CU_CLASS_SECRET && strcmp(r->validator, names[k]) == 0)
                e->official[k] = (uint16_t)i;
        }
    }
    for (size_t run = 0; run < CU_OFFICIAL_RUNS; run++)
        for (size_t k = 0; k < by_run[run].n; k++)
            if (e->official[by_run[run].v[k].number] != CU_NO_RULE)
                note_kinds(e, run, k);
}

/* The forms, as bits of by_run, that the bytes around the row of digits from i to `run` allow. */
static unsigned forms_around(const cu_engine *e, cu_bytes t, size_t i, size_t run)
{
    const uint16_t (*may)[16] = e->official_may[run - i];
    uint8_t before = i ? t.p[i - 1] : 0, after = run < t.n ? t.p[run] : 0, next = run + 1 < t.n ? t.p[run + 1] : 0;
    return may[0][kind_of[before]] & may[1][kind_of[after]] & may[2][kind_of[next]];
}

bool cu_official_has(const cu_engine *e, size_t rule)
{
    for (size_t k = 0; k < OF_COUNT; k++)
        if (e->official[k] == rule)
            return true;
    return false;
}

static bool capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* Where the form ends that begins at i, or i. */
static size_t form_end(cu_bytes t, size_t i, const char *f)
{
    size_t k = 0;
    for (; f[k]; k++) {
        uint8_t c = i + k < t.n ? t.p[i + k] : 0;
        bool good = f[k] == '9' ? cu_digit(c) : f[k] == 'A' ? capital(c) : f[k] == 'X' ? cu_digit(c) || capital(c) : c == (uint8_t)f[k];
        if (!good)
            return i;
    }
    return i + k;
}

/* No part of something longer: of a path, a fraction, a version, a name, an amount. */
static bool stands_alone(cu_bytes t, size_t start, size_t end)
{
    uint8_t before = start ? t.p[start - 1] : 0, after = end < t.n ? t.p[end] : 0, next = end + 1 < t.n ? t.p[end + 1] : 0;
    if (!cu_starts_token(t, start) || (before && strchr("./-+#$@%&~^*\\", before) && !(start > 1 && before == '\\')))
        return false;
    if (cu_alnum(after) || (after && strchr("_%@(", after)))
        return false;
    /* groups go on */
    if (before == ' ' && start > 1 && cu_digit(t.p[start - 2]))
        return false;
    return !(after && strchr(".-/:+ ", after) && cu_digit(next)) && !(after && strchr("-/_", after) && cu_alnum(next));
}

/* 12345678L, 1234567F: a number with the letter of its kind, as Java and C write them; X'0040001C': hexadecimal. */
static bool literal_of_code(cu_bytes t, size_t start, size_t end)
{
    uint8_t quote = start ? t.p[start - 1] : 0, kind = start > 1 ? t.p[start - 2] : 0;
    if (quote == '\'' && cu_alnum(kind))
        return true;
    for (size_t i = start; i + 1 < end; i++)
        if (!cu_digit(t.p[i]))
            return false;
    return strchr("LFDU", t.p[end - 1]) != NULL;
}

/* 10000000000, 1591023392000: a round number, a time in milliseconds (of 2001 to 2033). */
static bool quantity(cu_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!cu_digit(v.p[i]))
            return false;
    return memcmp(v.p + v.n - 3, "000", 3) == 0 || (v.n == 13 && v.p[0] == '1' && v.p[1] < '9');
}

/* What is near and in the same text. */
static void near(cu_bytes t, size_t start, size_t end, size_t *from, size_t *to)
{
    *from = start > NEAR ? start - NEAR : 0;
    *to = t.n - end > NEAR ? end + NEAR : t.n;
    const uint8_t *before = memrchr(t.p + *from, CU_DETECT_SEPARATOR, start - *from), *behind = memchr(t.p + end, CU_DETECT_SEPARATOR, *to - end);
    *from = before ? (size_t)(before - t.p) + 1 : *from;
    *to = behind ? (size_t)(behind - t.p) : *to;
}

/* A column of identifiers of another kind has such numbers too, here and there: most that look like them fail. */
static bool among_others(const cu_engine *e, cu_bytes t, size_t start, size_t end, const form *f)
{
    cu_validator valid = e->rules[e->official[f->number]].validate;
    size_t from, to;
    unsigned hold = 1, fail = 0;
    near(t, start, end, &from, &to);
    for (size_t i = from; i < to; i++) {
        size_t past = (i < start || i >= end) && (i == 0 || !cu_alnum(t.p[i - 1])) ? form_end(t, i, f->form) : i;
        if (past == i || (past < t.n && cu_alnum(t.p[past])))
            continue;
        *(valid(cu_slice(t, i, past)) ? &hold : &fail) += 1;
        i = past;
    }
    return fail > hold;
}

cu_err cu_find_official(const cu_engine *e, cu_bytes t, size_t i, size_t run, size_t *past, cu_findings *out)
{
    if (run - i >= CU_OFFICIAL_RUNS)
        return CU_OK;
    for (unsigned may = forms_around(e, t, i, run); may; may &= may - 1) {
        const form *f = &by_run[run - i].v[__builtin_ctz(may)];
        uint16_t rule = e->official[f->number];
        if (f->before > i)
            continue;
        size_t start = i - f->before, end = form_end(t, start, f->form);
        if (end == start || !stands_alone(t, start, end) || cu_numbered_before(t, start))
            continue;
        cu_bytes v = cu_slice(t, start, end);
        if (!e->rules[rule].validate(v) || cu_is_sequence(v) || quantity(v) || literal_of_code(t, start, end) ||
            among_others(e, t, start, end, f))
            continue;
        CU_TRY(cu_found(e, out, rule, start, end));
        cu_finding *x = &out->v[out->n - 1];
        x->confidence = f->percent;
        x->flags = (x->flags & ~(uint32_t)CU_FINDING_BY_CONTEXT) | CU_FINDING_CHECKED;
        *past = end;
        return CU_OK;
    }
    return CU_OK;
}
