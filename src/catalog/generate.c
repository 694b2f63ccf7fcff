/* Expands the generators of examples. Deterministic: the same file gives the same examples. */
#include "catalog/generate.h"
#include "base/buf.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

static const struct {
    const char *name, *letters;
} alphabets[] = {
    {"alnum", UPPER LOWER DIGIT}, {"upper", UPPER},          {"lower", LOWER},
    {"digit", DIGIT},             {"hex", "0123456789abcdef"}, {"b64", UPPER LOWER DIGIT "+/"},
    {"b64url", UPPER LOWER DIGIT "-_"}, {"upperdigit", UPPER DIGIT},
    {"lowerdigit", LOWER DIGIT},  {"HEX", "0123456789ABCDEF"}, {"base32", UPPER "234567"},
    {"base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
};

/* xorshift64: examples need variety, not secrecy. */
static uint64_t step(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static bool letters(cu_bytes name, uint32_t n, uint64_t *seed, cu_buf *out)
{
    for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++) {
        if (!cu_eq_str(name, alphabets[i].name))
            continue;
        size_t count = strlen(alphabets[i].letters);
        while (n--)
            cu_buf_byte(out, (uint8_t)alphabets[i].letters[(step(seed) >> 20) % count]);
        return true;
    }
    return false;
}

/* One generator; text begins after '<'. Returns the bytes taken, or 0. */
static size_t generator(cu_bytes text, uint64_t *seed, cu_buf *out)
{
    size_t close = cu_find(text, CU_LIT(">"), 0), star = cu_find(text, CU_LIT("*"), 0);
    if (close == (size_t)-1 || star == (size_t)-1 || star > close || close > 100)
        return 0;
    cu_bytes name = cu_slice(text, 0, star), arg = cu_slice(text, star + 1, close);
    if (cu_eq_str(name, "lit")) {
        cu_buf_add(out, arg);
        return close + 1;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < arg.n; i++) {
        if (arg.p[i] < '0' || arg.p[i] > '9' || n > 1000)
            return 0;
        n = n * 10 + (uint32_t)(arg.p[i] - '0');
    }
    return arg.n && letters(name, n, seed, out) ? close + 1 : 0;
}

static bool looks_like_generator(cu_bytes rest)
{
    size_t i = 0;
    while (i < rest.n && ((rest.p[i] >= 'a' && rest.p[i] <= 'z') || (rest.p[i] >= 'A' && rest.p[i] <= 'Z') || (i && rest.p[i] <= '9' &&
                                                                      rest.p[i] >= '0')))
        i++;
    return i > 0 && i < rest.n && rest.p[i] == '*';
}

static cu_err mark(bool opens, cu_buf *b, bool *open, cu_rule_example *out)
{
    if (opens == *open || (opens && out->values_n == CU_RULE_MAX_VALUES))
        return CU_SYNTAX;
    *open = opens;
    if (opens)
        out->value[out->values_n].start = (uint32_t)b->n;
    else
        out->value[out->values_n++].end = (uint32_t)b->n;
    return CU_OK;
}

cu_err cu_example_expand(cu_bytes text, cu_arena *a, cu_rule_example *out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_EXAMPLE_MAX);
    uint64_t seed = 0x9e3779b97f4a7c15ULL + text.n;
    bool open = false;
    out->values_n = 0;
    for (size_t i = 0; i < text.n;) {
        cu_bytes rest = cu_slice(text, i, text.n);
        bool opens = cu_starts(rest, CU_LIT("[[")), closes = cu_starts(rest, CU_LIT("]]"));
        if ((opens && !open) || (closes && open)) {
            CU_TRY(mark(opens, &b, &open, out));
            i += 2;
        } else if (rest.p[0] == '<' && looks_like_generator(cu_slice(rest, 1, rest.n))) {
            size_t took = generator(cu_slice(rest, 1, rest.n), &seed, &b);
            if (!took)
                return CU_SYNTAX;
            i += 1 + took;
        } else {
            cu_buf_byte(&b, rest.p[0]);
            i++;
        }
    }
    if (open)
        return CU_SYNTAX;
    CU_TRY(cu_buf_err(&b));
    out->text = cu_arena_dup(a, cu_buf_view(&b));
    return out->text.p ? CU_OK : CU_NOMEM;
}
