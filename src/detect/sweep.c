/* The pass over a text: where are tokens, long numbers and literals; there the rules are tried
 * (regions.c). The same masks lead the tokenizer and the names to their places. */
#include "sweep.h"
#include <stdlib.h>
#include "engine.h"
#include "token.h"

#define CHUNK CU_BLOCKS_MAX /* blocks whose masks are kept */
#define TAIL_ROOM 256u /* the end of the text, with zeros behind */

__extension__ typedef unsigned __int128 u128;

typedef struct {
    cu_scratch *s;
    const cu_engine *e;
    cu_bytes t;
    cu_findings *out;
    const cu_literals *literals;
    size_t token_past, digits_past, stop_past, name_past;
    uint64_t run_before; /* the run of 16 that began before this block goes on */
} sweep;

/* --- marks --- */

static void mark(uint64_t *hot, size_t n, size_t from, size_t to)
{
    size_t last = to < n ? to : n;
    if (last <= from)
        return;
    last = (last - 1) / CU_BLOCK;
    size_t first = from / CU_BLOCK;
    if (last - first < 8 && first / 64 == last / 64) {
        hot[first / 64] |= ((2ull << (last - first)) - 1) << (first % 64);
        return;
    }
    for (size_t b = first; b <= last; b++)
        hot[b / 64] |= 1ull << (b % 64);
}

static void mark_around(sweep *w, uint64_t *hot, size_t from, size_t to, size_t before, size_t after)
{
    mark(hot, w->t.n, from > before ? from - before : 0, to + after);
}

/* --- literals --- */

static cu_err literal_stands(void *arg, const cu_literal *x, size_t start)
{
    sweep *w = arg;
    const cu_target *target = &w->e->targets[x->meaning];
    if (target->anchor != CU_NO_ANCHOR) {
        const cu_anchor *a = &w->e->anchors[target->anchor];
        return w->s->skip[a->rule] ? CU_OK : cu_anchor_hit(w->s, w->t, a, start + a->length, w->out);
    }
    if (!w->s->skip[target->rule])
        mark_around(w, w->s->hot[CU_DB_LITERAL], start, start, target->before, target->after);
    return CU_OK;
}

static cu_err literals(sweep *w, const cu_block *m, size_t blocks, const uint8_t *p, size_t base)
{
    uint16_t *places = w->s->places;
    size_t n = w->literals ? w->s->placer(w->literals, p, m, blocks, places) : 0;
    for (size_t i = 0; i < n; i++)
        for (unsigned four = 0; four < 2; four++) {
            uint32_t hash = cu_literals_hash(w->literals, p + places[i], four);
            if (hash != CU_NO_HASH)
                CU_TRY(cu_literals_at(w->literals, w->t, hash, four, base + places[i], literal_stands, w));
        }
    return CU_OK;
}

/* --- tokens --- */

static u128 two(uint64_t low, uint64_t high)
{
    return (u128)high << 64 | low;
}

/* Bit i: this and the 15 bits above it are set. */
static u128 sixteen(u128 v)
{
    v &= v >> 1;
    v &= v >> 2;
    v &= v >> 4;
    return v & v >> 8;
}

static unsigned population(u128 v)
{
    return (unsigned)(__builtin_popcountll((uint64_t)v) + __builtin_popcountll((uint64_t)(v >> 64)));
}

/* May a run that lies within two blocks be a token? What is certain not to be one is most of them. */
static bool may_be_token(const cu_block *m, u128 run)
{
    u128 upper = two(m[0].upper, m[1].upper) & run, lower = two(m[0].lower, m[1].lower) & run;
    u128 digit = two(m[0].digit, m[1].digit) & run, alnum = upper | lower | digit;
    if (!digit && population(upper) < 4)
        return false;
    if (sixteen(alnum))
        return digit || population(lower) >= 4 || sixteen(upper);
    u128 changes = ((upper ^ upper << 1) | (lower ^ lower << 1) | (digit ^ digit << 1)) & alnum & alnum << 1;
    return population(changes) >= 6 || population(two(m[0].dash, m[1].dash) & run) >= 4;
}

static void token_at(sweep *w, const cu_block *m, u128 row, size_t base, unsigned i)
{
    u128 rest = ~row >> i;
    size_t from = base + i, to;
    if (from < w->token_past)
        return;
    uint64_t low = (uint64_t)rest, high = (uint64_t)(rest >> 64);
    unsigned n = low ? (unsigned)__builtin_ctzll(low) : high ? 64 + (unsigned)__builtin_ctzll(high) : 128;
    if (n < 128 - i) {
        w->token_past = to = from + n;
        if (!may_be_token(m, (((u128)1 << n) - 1) << i))
            return;
    } else {
        for (to = base + 2 * CU_BLOCK; to < w->t.n && cu_byte_class[w->t.p[to]]; to++)
            ;
        if (to > w->t.n)
            to = w->t.n;
        w->token_past = to;
    }
    if (!cu_has_token(cu_slice(w->t, from, to)))
        return;
    cu_note_encoded(w->s, w->t, from, to);
    mark_around(w, w->s->hot[CU_DB_TOKEN], from, to, CU_TOKEN_BEFORE, CU_TOKEN_AFTER);
}

static uint64_t row_of(const cu_block *m)
{
    return m->upper | m->lower | m->digit | m->joint;
}

static void tokens(sweep *w, const cu_block *m, size_t base)
{
    u128 row = two(row_of(&m[0]), row_of(&m[1]));
    uint64_t runs = (uint64_t)sixteen(row);
    uint64_t begins = runs & ~(runs << 1 | w->run_before);
    w->run_before = runs >> 63;
    for (; begins; begins &= begins - 1)
        token_at(w, m, row, base, (unsigned)__builtin_ctzll(begins));
}

/* --- long numbers --- */

static void digits(sweep *w, const cu_block *m, size_t base)
{
    u128 digit = two(m[0].digit, m[1].digit);
    if (!m[0].digit || population(digit) < 5)
        return;
    for (uint64_t bits = m[0].digit; bits;) {
        unsigned i = (unsigned)__builtin_ctzll(bits), skip = 1;
        if (__builtin_popcount((unsigned)(digit >> i) & 0xffff) >= 5) {
            mark_around(w, w->s->hot[CU_DB_DIGITS], base + i, base + i + 1, CU_TOKEN_BEFORE, 1);
            skip = 8;
        }
        bits = i + skip < 64 ? bits >> (i + skip) << (i + skip) : 0;
    }
}

/* --- places for hand-written readers --- */

/* v, `by` bytes earlier. */
static uint64_t behind(uint64_t now, uint64_t next, unsigned by)
{
    return now >> by | next << (64 - by);
}

/* Where a reader begins, by what must stand around: "a@b", a second colon within five bytes (an address
 * of IP version 6 or of hardware), "-" again after three, "+1", and the first digit of a number. */
static uint64_t begins(const cu_block *m)
{
    uint64_t word = m->upper | m->lower | m->digit, word_next = m[1].upper | m[1].lower | m[1].digit;
    uint64_t colons = 0;
    for (unsigned k = 1; m->colon && k <= 5; k++)
        colons |= behind(m->colon, m[1].colon, k);
    return (m->at & behind(word, word_next, 1)) | (m->colon & colons) |
           (m->dash & behind(m->dash, m[1].dash, 3)) | (m->plus & behind(m->digit, m[1].digit, 1)) |
           (m->digit & ~(m->digit << 1 | m[-1].digit >> 63));
}

static uint8_t byte_at(cu_bytes t, size_t i)
{
    return i < t.n ? t.p[i] : 0;
}

static bool separates(uint8_t c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == ')';
}

/* Most numbers of a program are short and stand alone: no reader needs to look at them. What one could
 * be the begin of goes on behind a separator, is long, or stands in a text (a house before or behind its
 * street). */
static bool may_begin(cu_bytes t, size_t at)
{
    uint8_t before = at ? t.p[at - 1] : 0, first = at > 1 ? t.p[at - 2] : 0;
    bool capitals = cu_byte_class[before] == CU_IS_UPPER && cu_byte_class[first] == CU_IS_UPPER; /* an IBAN */
    if ((cu_byte_class[before] & (CU_IS_UPPER | CU_IS_LOWER)) && !capitals && first != '\\')
        return false;
    if (before == ' ' && ((cu_alnum(first) && !cu_digit(first)) || first == '.' || first == ',' || first >= 0x80))
        return true;
    size_t end = at + 1;
    while (end < t.n && cu_digit(t.p[end]))
        end++;
    uint8_t next = byte_at(t, end), after = byte_at(t, end + 1);
    if (end - at >= 7)
        return true;
    if (separates(next) && (cu_digit(after) || ((after == ' ' || after == '(') && cu_digit(byte_at(t, end + 2)))))
        return true;
    if (next == ' ' && ((after >= 'A' && after <= 'Z') || after >= 0x80 || (after && strchr("rvpcaqibes", after))))
        return true;
    return capitals || ((cu_byte_class[next] & (CU_IS_UPPER | CU_IS_LOWER)) && after == ' ');
}

static cu_err stops(sweep *w, const cu_block *m, size_t base)
{
    uint64_t bits = begins(m);
    for (; bits; bits &= bits - 1) {
        size_t at = base + (size_t)__builtin_ctzll(bits);
        if (at >= w->stop_past && at < w->t.n && (!cu_digit(w->t.p[at]) || may_begin(w->t, at)))
            CU_TRY(cu_tokenize_at(w->e, w->t, at, &w->stop_past, w->out));
    }
    return CU_OK;
}

/* A capitalised word begins: a capital or a lead byte after no letter, and a small letter behind it. */
static cu_err names(sweep *w, const cu_block *m, size_t base)
{
    uint64_t letter = m->upper | m->lower | m->high;
    uint64_t inside = letter << 1 | (m[-1].upper | m[-1].lower | m[-1].high) >> 63;
    uint64_t small = m[0].lower | m[0].high, next = m[1].lower | m[1].high;
    uint64_t bits = (m->upper | m->lead) & ~inside & (small >> 1 | next << 63);
    for (; bits; bits &= bits - 1) {
        size_t at = base + (size_t)__builtin_ctzll(bits);
        if (at >= w->name_past && at < w->t.n)
            CU_TRY(cu_name_at(w->e, w->t, at, &w->name_past, w->out));
    }
    return CU_OK;
}

/* --- the pass --- */

/* Compiled twice: with AVX2 comes the instruction that counts bits. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_BIT_COUNTS __attribute__((target_clones("default", "avx2"), flatten))
#else
#define FOR_BIT_COUNTS
#endif

/* m has one block more than is looked at, and the block before the first stands at m[-1]. */
FOR_BIT_COUNTS static cu_err look(sweep *w, const cu_block *m, size_t blocks, size_t base)
{
    const cu_scratch *s = w->s;
    for (size_t b = 0; b < blocks; b++, m++, base += CU_BLOCK) {
        if (s->want[CU_DB_TOKEN] || s->want[CU_DB_BARE])
            tokens(w, m, base);
        if (s->want[CU_DB_DIGITS])
            digits(w, m, base);
        if (s->tokens)
            CU_TRY(stops(w, m, base));
        if (s->persons)
            CU_TRY(names(w, m, base));
    }
    return CU_OK;
}

cu_err cu_sweep(cu_scratch *s, cu_bytes t, cu_findings *out)
{
    cu_block m[CHUNK + 3];
    uint8_t tail[TAIL_ROOM] = {0};
    sweep w = {.s = s, .e = s->engine, .t = t, .out = out, .literals = &s->engine->literals[s->literal_set]};
    const cu_literals *l = w.literals = w.literals->n ? w.literals : NULL;
    size_t base = 0, direct = t.n > 2 * CU_BLOCK ? (t.n - CU_LITERAL_WINDOW) / CU_BLOCK : 0; /* blocks that can be read in place */
    m[0] = (cu_block){0};
    for (; base / CU_BLOCK + 1 < direct;) {
        size_t here = direct - base / CU_BLOCK - 1 < CHUNK ? direct - base / CU_BLOCK - 1 : CHUNK;
        s->classify(l, t.p + base, here + 1, m + 1);
        CU_TRY(literals(&w, m + 1, here, t.p + base, base));
        CU_TRY(look(&w, m + 1, here, base));
        m[0] = m[here];
        base += here * CU_BLOCK;
    }
    size_t left = t.n - base, blocks = (left + CU_BLOCK - 1) / CU_BLOCK;
    memcpy(tail, t.p + base, left);
    s->classify(l, tail, blocks, m + 1);
    m[blocks + 1] = (cu_block){0};
    cu_err err = literals(&w, m + 1, blocks, tail, base);
    if (err == CU_OK)
        err = look(&w, m + 1, blocks, base);
    cu_wipe(tail, sizeof tail);
    return err;
}

static cu_err first_one(void *arg, const cu_literal *x, size_t start)
{
    (void)x, (void)start;
    *(bool *)arg = true;
    return CU_NOT_FOUND; /* no need to look further */
}

static bool any_in(const cu_literals *l, cu_bytes t, const cu_block *m, size_t blocks, const uint8_t *p, size_t base)
{
    bool any = false;
    for (size_t b = 0; b < blocks; b++, p += CU_BLOCK, base += CU_BLOCK)
        for (uint64_t bits = m[b].literal; bits && !any; bits &= bits - 1) {
            unsigned i = (unsigned)__builtin_ctzll(bits);
            for (unsigned four = 0; four < 2 && !any; four++) {
                uint32_t hash = cu_literals_hash(l, p + i, four);
                if (hash != CU_NO_HASH && cu_literals_at(l, t, hash, four, base + i, first_one, &any) != CU_OK)
                    return true;
            }
        }
    return any;
}

bool cu_sweep_any(const cu_scratch *s, int set, cu_bytes t, size_t from, size_t to)
{
    const cu_literals *l = &s->engine->literals[set];
    cu_block m[CHUNK / 4];
    uint8_t tail[TAIL_ROOM] = {0};
    bool any = false;
    while (from < to && !any) {
        size_t blocks = (to - from + CU_BLOCK - 1) / CU_BLOCK;
        blocks = blocks < CHUNK / 4 ? blocks : CHUNK / 4;
        if (from + blocks * CU_BLOCK + CU_LITERAL_WINDOW <= t.n) {
            s->classify(l, t.p + from, blocks, m);
            any = any_in(l, t, m, blocks, t.p + from, from);
        } else { /* near the end: a block at a time, with zeros behind it */
            size_t left = t.n - from < CU_BLOCK + CU_LITERAL_WINDOW ? t.n - from : CU_BLOCK + CU_LITERAL_WINDOW;
            blocks = 1;
            memset(tail, 0, sizeof tail);
            memcpy(tail, t.p + from, left);
            s->classify(l, tail, 1, m);
            any = any_in(l, t, m, 1, tail, from);
        }
        from += blocks * CU_BLOCK;
    }
    cu_wipe(tail, sizeof tail);
    return any;
}
