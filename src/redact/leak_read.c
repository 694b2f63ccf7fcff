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

/* The least of the last CU_LEAK_WINDOW fingerprints, unless it was picked already. */
static void pick(pass *x, uint64_t fp)
{
    cu_leak_reader *r = x->r;
    r->window[r->shingles++ % CU_LEAK_WINDOW] = fp;
    if (r->shingles < CU_LEAK_WINDOW)
        return;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < CU_LEAK_WINDOW; i++)
        least = r->window[i] < least ? r->window[i] : least;
    if (least == UINT64_MAX || least == r->picked)
        return;
    r->picked = least;
    x->each(x->arg, least);
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
        add_token(x, r->token, r->length >= MIN_NAME && !r->digits);
    r->length = 0;
}

static bool is_word(uint8_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

static void put_char(pass *x, uint8_t c)
{
    cu_leak_reader *r = x->r;
    if (!is_word(c)) {
        /* 12: or 12<tab> or 12 | at the beginning of a line numbers it */
        if (r->line == 1 && r->length && r->digits && (c == '\t' || c == ':' || c == '|'))
            r->length = 0;
        else if (r->line == 1 && r->length && r->digits && c == ' ')
            return; /* it may still come */
        else {
            end_word(x);
            if (c > ' ' && c != '"' && c != '\'' && c != '`')
                add_token(x, mix(c ^ x->key[0], x->key[1]), false);
        }
        r->line = c == '\n' ? 1 : r->line && (c == ' ' || c == '\t') && !r->length ? r->line : 0;
        return;
    }
    if (r->length == 0) {
        r->token = x->key[0];
        r->digits = 1;
    }
    r->digits &= c >= '0' && c <= '9';
    r->token = mix(r->token ^ c, x->key[1]);
    r->length++;
    if (!r->digits)
        r->line = 0;
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
    if (r->tokens == 0 && r->length == 0 && r->state == CODE)
        r->line = 1;
    for (size_t i = 0; i < text.n; i++) {
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
