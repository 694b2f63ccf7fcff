/* Checks of a value's own arithmetic and structure. */
#include <arpa/inet.h>
#include "base/digest.h"
#include "engine.h"
#include "judge.h"
#include "names.h"

/* ISO/IEC 7812-1 annex B. Digits as characters. */
bool cu_luhn(const uint8_t *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0');
        if (i % 2)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return n > 0 && sum % 10 == 0;
}

/* Length per country: SWIFT IBAN registry. */
static size_t iban_length(const char *cc)
{
    static const char table[][5] = {
        "AD24", "AE23", "AL28", "AT20", "AZ28", "BA20", "BE16", "BG22", "BH22", "BR29", "BY28",
        "CH21", "CR22", "CY28", "CZ24", "DE22", "DK18", "DO28", "EE20", "EG29", "ES24", "FI18",
        "FO18", "FR27", "GB22", "GE22", "GI23", "GL18", "GR27", "GT28", "HR21", "HU28", "IE22",
        "IL23", "IQ23", "IS26", "IT27", "JO30", "KW30", "KZ20", "LB28", "LC32", "LI21", "LT20",
        "LU20", "LV21", "LY25", "MC27", "MD24", "ME22", "MK19", "MR27", "MT31", "MU30", "NL18",
        "NO15", "PK24", "PL28", "PS29", "PT25", "QA29", "RO24", "RS22", "SA24", "SC31", "SE24",
        "SI19", "SK24", "SM27", "ST25", "SV28", "TL23", "TN24", "TR26", "UA29", "VA22", "VG24",
        "XK20"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (memcmp(table[i], cc, 2) == 0)
            return (size_t)((table[i][2] - '0') * 10 + table[i][3] - '0');
    return 0;
}

/* ISO 7064 MOD 97-10 over the rearranged number. */
bool cu_iban_valid(const char *compact, size_t n)
{
    unsigned rest = 0;
    if (n < 15 || iban_length(compact) != n)
        return false;
    for (size_t k = 0; k < n; k++) {
        char c = compact[(k + 4) % n];
        if (c >= '0' && c <= '9')
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else
            rest = (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/* IANA special-purpose registries: loopback, link-local, private use, unspecified, broadcast. */
bool cu_ip_private(const uint8_t *a, bool v6)
{
    if (v6) {
        static const uint8_t loopback[16] = {[15] = 1}, none[16] = {0};
        return memcmp(a, loopback, 16) == 0 || memcmp(a, none, 16) == 0 || (a[0] & 0xfe) == 0xfc ||
               (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
    }
    return a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] == 255 || (a[0] == 169 && a[1] == 254) ||
           (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) ||
           (a[0] == 100 && (a[1] & 0xc0) == 64);
}

/* RFC 7519: the first part is base64url of a JSON object that names an algorithm. */
static bool jwt(cu_bytes value)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(4096), json CU_CLEAN_BUF = CU_BUF(4096);
    for (size_t i = 0; i < value.n && value.p[i] != '.'; i++)
        cu_buf_byte(&text, value.p[i] == '-' ? '+' : value.p[i] == '_' ? '/' : value.p[i]);
    while (text.n % 4)
        cu_buf_byte(&text, '=');
    return cu_buf_err(&text) == CU_OK && cu_unbase64(&json, cu_buf_view(&text)) == CU_OK &&
           json.n > 2 && json.p[0] == '{' && cu_find(cu_buf_view(&json), CU_LIT("\"alg\""), 0) !=
           (size_t)-1;
}

/* Random text of 40 characters has upper case, lower case and digits; a path or a hash has not. */
static bool mixed(cu_bytes v)
{
    unsigned upper = 0, lower = 0, digit = 0;
    for (size_t i = 0; i < v.n; i++) {
        upper += v.p[i] >= 'A' && v.p[i] <= 'Z';
        lower += v.p[i] >= 'a' && v.p[i] <= 'z';
        digit += cu_digit(v.p[i]);
    }
    return upper > 1 && lower > 1 && digit > 0;
}

static bool luhn(cu_bytes v)
{
    uint8_t d[20];
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++)
        if (cu_digit(v.p[i]) && n < sizeof d)
            d[n++] = v.p[i];
    return cu_luhn(d, n);
}

/* Not the word that stands for a user name in documentation, in tests, or where anything would do (RFC 3092). */
static bool username(cu_bytes v)
{
    static const char *const not[] = {"string", "user", "username", "admin", "root", "test", "null", "none",
                                      "name", "login", "your", "example", "text", "password", "guest", "foo", "bar", "baz",
                                      "foobar", "anonymous", "someone", "somebody", "nobody", "default", "demo", "sample"};
    for (size_t k = 0; k < sizeof not / sizeof *not; k++)
        if (cu_eq_str(v, not[k]))
            return false;
    return !cu_starts(v, CU_LIT("test")) && !cu_starts(v, CU_LIT("some_")) && !cu_starts(v, CU_LIT("your"));
}

/* A key that was drawn, or made up in the form of one; no name_of_something_2019. */
static bool keylike(cu_bytes v)
{
    return cu_is_keylike(v) && (cu_is_random(v) || cu_is_sequence(v));
}

cu_validator cu_validator_by_name(const char *name)
{
    static const struct {
        const char *name;
        cu_validator check;
    } known[] = {
        {"jwt", jwt}, {"mixed", mixed}, {"luhn", luhn}, {"username", username}, {"name", cu_name_plausible}, {"name-listed", cu_name_listed}, {"name-known", cu_name_known}, {"issued", cu_is_issued}, {"keylike", keylike},
        {"base58check", cu_wallet_base58}, {"bech32", cu_wallet_bech32}, {"ripple", cu_wallet_ripple},
        {"solana", cu_wallet_solana}, {"monero", cu_wallet_monero}, {"eip55", cu_wallet_eip55},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(name, known[k].name) == 0)
            return known[k].check;
    return cu_national_by_name(name);
}
