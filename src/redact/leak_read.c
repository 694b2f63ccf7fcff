/* What does not change the meaning of code is passed over: white space, comments, quotes, backslashes
 * with the n, t or r behind them (a line end, however often it was escaped) and numbers of lines. */
#include "leak_read.h"

#define MIN_NAME 3u   /* characters of a name that says something */
#define MIN_NAMES 8u  /* of the tokens of a fingerprint: tables of numbers and brackets say nothing */

enum { CODE, SLASH, LINE_COMMENT, BLOCK_COMMENT, BLOCK_STAR };

typedef struct {
    cu_leak_reader *r;
    const uint64_t *key;
    void (*each)(void *arg, uint64_t fp);
    void *arg;
    uint64_t oldest; /* what the oldest token of a fingerprint is multiplied by */
} pass;

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The least of the last CU_LEAK_WINDOW fingerprints, unless it was picked already. All are looked at
 * only when the least one has left the window. */
static void pick(pass *x, uint64_t fp)
{
    cu_leak_reader *r = x->r;
    uint32_t at = r->shingles++;
    r->window[at % CU_LEAK_WINDOW] = fp;
    if (at == 0 || fp <= r->least) {
        r->least = fp;
        r->least_at = at;
    } else if (at - r->least_at >= CU_LEAK_WINDOW) {
        r->least = UINT64_MAX;
        for (uint32_t i = at - CU_LEAK_WINDOW + 1; i <= at; i++)
            if (r->window[i % CU_LEAK_WINDOW] <= r->least) {
                r->least = r->window[i % CU_LEAK_WINDOW];
                r->least_at = i;
            }
    }
    if (r->shingles < CU_LEAK_WINDOW || r->least == UINT64_MAX || r->least == r->picked)
        return;
    r->picked = r->least;
    x->each(x->arg, r->least);
}

static uint64_t power(uint64_t b, unsigned n)
{
    uint64_t p = 1;
    while (n--)
        p *= b;
    return p;
}

static void add_token(pass *x, uint64_t token, bool name)
{
    cu_leak_reader *r = x->r;
    unsigned at = r->tokens % CU_LEAK_SHINGLE;
    uint64_t base = x->key[1];
    if (r->tokens >= CU_LEAK_SHINGLE) {
        r->rolling -= r->ring[at] * x->oldest;
        r->names -= r->names_ring[at];
    }
    r->rolling = r->rolling * base + token;
    r->ring[at] = token;
    r->names_ring[at] = name;
    r->names += name;
    if (++r->tokens < CU_LEAK_SHINGLE)
        return;
    pick(x, r->names >= MIN_NAMES ? mix(r->rolling ^ x->key[2], x->key[3] | 1) >> 1 : UINT64_MAX);
}

static void end_word(pass *x)
{
    cu_leak_reader *r = x->r;
    if (r->length)
        add_token(x, mix(r->token ^ r->length, x->key[1]), r->length >= MIN_NAME && !r->digits);
    r->length = 0;
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_word(uint8_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || is_digit(c) || c == '_' || c >= 0x80;
}

/* Characters of a word from i on; most of a text. */
static size_t word_run(pass *x, cu_bytes t, size_t i)
{
    cu_leak_reader *r = x->r;
    uint64_t token = r->length ? r->token : x->key[0];
    uint8_t digits = r->length ? r->digits : 1;
    size_t from = i;
    for (; i < t.n && is_word(t.p[i]); i++) {
        token = (token ^ t.p[i]) * 0x9e3779b97f4a7c15ull;
        token ^= token >> 29;
        digits &= is_digit(t.p[i]);
    }
    r->token = token;
    r->digits = digits;
    r->length += (uint32_t)(i - from);
    if (!digits)
        r->line = 0;
    return i;
}

/* No character of a word. */
static void put_other(pass *x, uint8_t c)
{
    cu_leak_reader *r = x->r;
    /* 12: or 12<tab> or 12 | at the beginning of a line numbers it */
    bool number = r->line == 1 && r->length && r->digits;
    if (number && c == ' ')
        return; /* what makes it a number of a line may still come */
    if (number && (c == '\t' || c == ':' || c == '|')) {
        r->length = 0;
    } else {
        end_word(x);
        if (c > ' ' && c != '"' && c != '\'' && c != '`')
            add_token(x, mix(c ^ x->key[0], x->key[1]), false);
    }
    r->line = c == '\n' ? 1 : r->line && (c == ' ' || c == '\t') && !r->length ? r->line : 0;
}

static void put_char(pass *x, uint8_t c)
{
    if (is_word(c))
        word_run(x, cu_bytes_of(&c, 1), 0);
    else
        put_other(x, c);
}

static void step(pass *x, uint8_t c)
{
    cu_leak_reader *r = x->r;
    switch (r->state) {
    case CODE:
        if (c == '/')
            r->state = SLASH;
        else if (c == '#' && r->line == 1)
            r->state = LINE_COMMENT;
        else
            put_char(x, c);
        return;
    case SLASH:
        r->state = c == '/' ? LINE_COMMENT : c == '*' ? BLOCK_COMMENT : CODE;
        if (r->state != CODE) {
            end_word(x);
            return;
        }
        put_char(x, '/');
        put_char(x, c);
        return;
    case LINE_COMMENT:
        if (c == '\n') {
            r->state = CODE;
            put_char(x, c);
        }
        return;
    case BLOCK_COMMENT:
        r->state = c == '*' ? BLOCK_STAR : BLOCK_COMMENT;
        return;
    default:
        r->state = c == '/' ? CODE : c == '*' ? BLOCK_STAR : BLOCK_COMMENT;
    }
}

void leak_read(cu_leak_reader *r, const uint64_t key[4], cu_bytes text, void (*each)(void *arg, uint64_t fp), void *arg)
{
    pass x = {r, key, each, arg, power(key[1], CU_LEAK_SHINGLE - 1)};
    if (!r->begun)
        r->line = r->begun = 1;
    for (size_t i = 0; i < text.n; i++) {
        if (r->state == CODE && !r->after_slash && is_word(text.p[i])) {
            i = word_run(&x, text, i) - 1;
            continue;
        }
        uint8_t c = text.p[i];
        if (c == '\\') {
            r->after_slash = 1;
            continue;
        }
        if (r->after_slash && (c == 'n' || c == 't' || c == 'r'))
            c = c == 'n' ? '\n' : '\t';
        r->after_slash = 0;
        step(&x, c == '\r' ? ' ' : c);
    }
}
