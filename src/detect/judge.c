/* Is a value that stands where a secret would stand really one? Placeholders, references to where
 * the secret is kept, words of a user interface and names of variables are not. */
#include "engine.h"
#include "judge.h"

typedef struct {
    const char *text;
    uint8_t n;
} word;
#define W(s) {s, sizeof s - 1}

/* Anywhere in the value, in any case: it is a reference, a template or an instruction. */
static const word elsewhere[] = {
    W("${"), W("$("), W("{{"), W("}}"), W("<%"), W("#{"), W("%(" ), W("{0}"), W("%s"), W("%d"),
    W("process.env"), W("os.environ"), W("getenv"), W("env."), W("env["), W("secrets."), W("vault:"),
    W("arn:aws"), W("secretsmanager"), W("keyvault"), W("enc["), W("!ref"), W("://"), W("</"), W("/>"),
};
/* Anywhere in the value: somebody is meant to put his own here. */
static const word placeholders[] = {
    W("example"), W("changeme"), W("change_me"), W("change-me"), W("change this"), W("changethis"),
    W("replace"), W("placeholder"), W("your_"), W("your-"), W("your "), W("yourpass"), W("yourkey"),
    W("yourtoken"), W("yoursecret"), W("my_secret"), W("insert"), W("xxxx"), W("todo"), W("fixme"),
    W("redacted"), W("removed"), W("masked"), W("hidden"), W("goes here"), W("goes-here"), W("goes_here"),
    W("_here"), W("-here"), W("foobar"), W("<key"), W("<token"),
    W("<pass"), W("<secret"), W("<your"), W("not-a-real"), W("notreal"),
};
/* Anywhere in the value: digits that somebody typed, where random ones would stand. */
static const word made_up[] = {W("0123456789abcdef"), W("1234567890abcdef"), W("deadbeef")};
/* The whole value, in any case. */
static const word nothing[] = {
    W("null"), W("none"), W("nil"), W("undefined"), W("true"), W("false"), W("yes"), W("no"), W("string"),
    W("str"), W("text"), W("varchar"), W("bytes"), W("char"), W("bool"), W("boolean"), W("int"), W("integer"),
    W("optional"), W("required"), W("enabled"), W("disabled"), W("default"), W("empty"), W("value"),
    W("password"), W("passwd"), W("passphrase"), W("secret"), W("token"), W("apikey"), W("api_key"), W("key"),
    W("username"), W("user"), W("login"), W("email"), W("basic"), W("bearer"), W("digest"), W("hash"),
    W("plain"), W("plaintext"), W("sha256"), W("sha512"), W("hmac"), W("private"), W("public"), W("input"),
    W("hidden"), W("object"), W("function"), W("async"), W("await"), W("return"), W("self"), W("this"),
    W("current"), W("invalid"), W("incorrect"), W("forgot"), W("wrong"), W("new"), W("old"), W("confirm"),
    W("credentials"), W("auth"), W("authorization"), W("unknown"), W("prompt"), W("sensitive"), W("any"),
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool same(const uint8_t *p, const word *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (fold(p[i]) != (uint8_t)w->text[i])
            return false;
    return true;
}

static bool holds_one(cu_bytes v, const word *list, size_t n)
{
    uint32_t first[8] = {0}; /* bytes with which a word of the list begins */
    for (size_t k = 0; k < n; k++)
        first[(uint8_t)list[k].text[0] >> 5] |= 1u << (list[k].text[0] & 31);
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = fold(v.p[i]);
        if (!(first[c >> 5] >> (c & 31) & 1))
            continue;
        for (size_t k = 0; k < n; k++)
            if ((uint8_t)list[k].text[0] == c && i + list[k].n <= v.n && same(v.p + i, &list[k]))
                return true;
    }
    return false;
}

static bool is_one(cu_bytes v, const word *list, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (v.n == list[k].n && same(v.p, &list[k]))
            return true;
    return false;
}
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The longest run of one character, and of characters that go up by one. */
static void runs(cu_bytes v, size_t *equal, size_t *rising)
{
    size_t e = 1, r = 1;
    *equal = *rising = v.n ? 1 : 0;
    for (size_t i = 1; i < v.n; i++) {
        e = v.p[i] == v.p[i - 1] ? e + 1 : 1;
        r = v.p[i] == v.p[i - 1] + 1 ? r + 1 : 1;
        if (e > *equal)
            *equal = e;
        if (r > *rising)
            *rising = r;
    }
}

void cu_shape_of(cu_bytes v, cu_shape *s)
{
    uint8_t seen[256] = {0};
    size_t run = 0, consonants = 0;
    *s = (cu_shape){0};
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        s->distinct += !seen[c]++;
        s->upper += c >= 'A' && c <= 'Z';
        s->lower += c >= 'a' && c <= 'z';
        s->digits += cu_digit(c);
        s->spaces += c == ' ' || c == '\t';
        s->joints += c == '_' || c == '-' || c == '.' || c == '/';
        run = c >= 'a' && c <= 'z' ? run + 1 : 0;
        if (run > s->lower_run)
            s->lower_run = run;
        consonants = c >= 'a' && c <= 'z' && !strchr("aeiouy", c) ? consonants + 1 : 0;
        if (consonants > s->consonants)
            s->consonants = consonants;
        s->turns += i && cu_alnum(c) && cu_alnum(v.p[i - 1]) && cu_digit(c) != cu_digit(v.p[i - 1]);
    }
    s->other = v.n - s->upper - s->lower - s->digits - s->spaces - s->joints;
    runs(v, &s->equal_run, &s->rising_run);
}

bool cu_is_reference(cu_bytes v)
{
    if (v.n == 0 || v.p[0] == '$' || (v.n > 1 && v.p[0] == '\'' && v.p[1] == '$') || (v.p[0] == '%' && v.n > 2 && v.p[v.n - 1] == '%') ||
        (v.p[0] == '<' && v.p[v.n - 1] == '>') || (v.p[0] == '{' && v.p[v.n - 1] == '}') ||
        (v.p[0] == '+' && v.p[v.n - 1] == '+') || /* "a"+b+"c": what joins two strings */
        (v.p[0] == '[' && v.p[v.n - 1] == ']') || (v.p[0] == '(' && v.p[v.n - 1] == ')'))
        return true;
    return holds_one(v, elsewhere, COUNT(elsewhere));
}

/* #name, .name, @name: a selector or a reference to something of that name. */
bool cu_is_selector(cu_bytes v)
{
    if (v.n < 2 || (v.p[0] != '#' && v.p[0] != '.' && v.p[0] != '@'))
        return false;
    for (size_t i = 1; i < v.n; i++)
        if (!((v.p[i] >= 'a' && v.p[i] <= 'z') || (v.p[i] >= 'A' && v.p[i] <= 'Z') || v.p[i] == '-' || v.p[i] == '_'))
            return false;
    return true;
}

bool cu_is_placeholder(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    return s.distinct <= 3 || s.equal_run >= 6 || holds_one(v, placeholders, COUNT(placeholders));
}

/* For values whose form says what they are: short words stand in random text by chance. */
bool cu_is_documented(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    if (s.distinct <= 3 || s.equal_run >= 8)
        return true;
    for (size_t k = 0; k < COUNT(placeholders); k++)
        if (placeholders[k].n >= 7 && holds_one(v, &placeholders[k], 1))
            return true;
    return false;
}

bool cu_is_sequence(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    return s.rising_run >= 7 || holds_one(v, made_up, COUNT(made_up));
}

/* 8-4-4-4-12 hex digits. */
static bool is_uuid(cu_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = fold(v.p[i]);
        bool joint = i == 8 || i == 13 || i == 18 || i == 23;
        if (joint ? c != '-' : !(cu_digit(c) || (c >= 'a' && c <= 'f')))
            return false;
    }
    return v.n == 36;
}

/* Long, of one piece, letters and digits mixed: what services issue, whether random or made up. */
bool cu_is_keylike(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    if (is_uuid(v))
        return s.distinct > 5;
    return v.n >= 16 && !s.spaces && s.distinct >= 8 && s.digits >= 2 && s.upper + s.lower >= 2 &&
           s.joints * 5 <= v.n && s.other * 8 <= v.n && (s.lower_run <= 7 || s.rising_run >= 7);
}

bool cu_is_nothing(cu_bytes v)
{
    return is_one(v, nothing, COUNT(nothing));
}

/* Random text changes between letters, digits and cases in the middle of what would be a word. */
bool cu_is_random(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    size_t letters = s.upper + s.lower, need = v.n / 3 < 14 ? v.n / 3 : 14;
    if (v.n < 12 || s.spaces || s.distinct < need || s.distinct < 6)
        return false;
    /* 7`D'}/vY: signs of many kinds between letters of both cases. */
    if (s.other >= 4 && s.upper >= 2 && s.lower >= 2 && s.lower_run <= 4 && s.distinct >= 12)
        return true;
    if (s.digits && letters)
        return s.turns >= 3 || (s.upper > 1 && s.lower > 1 && s.turns >= 2);
    /* Letters alone: no words in CamelCase. */
    return s.upper >= 3 && s.lower >= 3 && (s.lower_run <= 4 || (s.lower_run <= 7 && s.consonants >= 4)) && s.joints * 6 <= v.n && v.n >= 16 && s.distinct >= 12;
}

bool cu_is_issued(cu_bytes v)
{
    cu_shape s;
    cu_shape_of(v, &s);
    if (is_uuid(v))
        return s.distinct > 5;
    bool fingerprint = s.lower == 0 && s.joints == 0 && (v.n == 16 || v.n == 40 || v.n == 64);
    return v.n >= 20 && cu_is_random(v) && cu_is_keylike(v) && s.turns >= 4 && s.joints == 0 && !fingerprint;
}
