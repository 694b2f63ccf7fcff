/* The pass over a text: where are tokens, long numbers and literals; there the rules are tried
 * (regions.c). The same masks lead the tokenizer and the names to their places. */
#include "sweep.h"
#include <stdlib.h>
#include "engine.h"
#include "token.h"

#define CHUNK CU_BLOCKS_MAX /* blocks whose masks are kept */
#define TAIL_ROOM 256u /* the end of the text, with zeros behind */

typedef struct {
    cu_scratch *s;
    const cu_engine *e;
    cu_bytes t;
    cu_findings *out;
    const cu_literals *literals;
    size_t token_past, digits_past, stop_past, name_past;
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
    if (target->rule == CU_NO_RULE) /* in this case only: so most programs write it */
        w->s->escapes[w->s->depth].quoted |= memcmp(w->t.p + start, CU_QUOTED_PRINTABLE, x->length) == 0;
    else if (!w->s->skip[target->rule])
        mark_around(w, w->s->hot[CU_DB_LITERAL], start, start, target->before, target->after);
    return CU_OK;
}

/* Tells the literals of l at the marked places of blocks at p, the first of which is place `base` of the text. */
static cu_err each_literal(const cu_scratch *s, const cu_literals *l, cu_bytes t, const uint64_t *marked, size_t blocks, const uint8_t *p,
                           size_t base, cu_literal_fn tell, void *arg)
{
    const uint16_t *places = s->places;
    size_t n = s->placer(l, p, marked, blocks, s->places);
    for (size_t i = 0; i < n; i++)
        for (unsigned four = 0; four < 2; four++) {
            size_t at = CU_PLACE(places[i]);
            uint32_t hash = places[i] & CU_PLACE_HASH(four) ? cu_literals_hash(l, p + at, four) : CU_NO_HASH;
            if (hash != CU_NO_HASH)
                CU_TRY(cu_literals_at(l, t, hash, four, base + at, tell, arg));
        }
    return CU_OK;
}

static cu_err literals(sweep *w, const cu_masks *m, size_t blocks, const uint8_t *p, size_t base)
{
    return w->literals ? each_literal(w->s, w->literals, w->t, m->literal + 1, blocks, p, base, literal_stands, w) : CU_OK;
}

/* --- tokens --- */

/* 64 bits of a row from place i on; place 0 is the first of block [1]. */
static uint64_t bits_at(const uint64_t *row, size_t i)
{
    const uint64_t *b = row + 1 + i / CU_BLOCK;
    return b[0] >> (i % CU_BLOCK) | b[1] << 1 << (63 - i % CU_BLOCK);
}

/* Most runs are names, and no token for want of 16 letters and digits in a row, of digits (a UUID) and of
 * changes: n <= 64 bytes from place i on. */
static bool may_be_token(const cu_masks *m, size_t i, size_t n)
{
    uint64_t in = n < CU_BLOCK ? (1ull << n) - 1 : UINT64_MAX;
    uint64_t upper = bits_at(m->upper, i) & in, lower = bits_at(m->lower, i) & in, digit = bits_at(m->digit, i) & in;
    uint64_t alnum = upper | lower | digit, row = alnum & alnum >> 1;
    uint64_t changes = ((upper ^ upper << 1) | (lower ^ lower << 1) | (digit ^ digit << 1)) & alnum & alnum << 1;
    row &= row >> 2;
    row &= row >> 4;
    row &= row >> 8;
    bool uuid = digit && n >= 36 && bits_at(m->dash, i) & in;
    return (row && (digit || __builtin_popcountll(upper) >= 4)) || uuid || __builtin_popcountll(changes) >= 6;
}

/* A run in which a token may stand reaches place i of the chunk, and begins there unless i is the first of a
 * block: is there one? Each run is read once. */
static void token_at(sweep *w, const cu_masks *m, size_t base, size_t i)
{
    size_t at = base + i, from = at, to = at;
    if (at < w->token_past)
        return;
    while (i % CU_BLOCK == 0 && from > w->token_past && cu_byte_class[w->t.p[from - 1]])
        from--;
    uint64_t row = bits_at(m->upper, i) | bits_at(m->lower, i) | bits_at(m->digit, i) | bits_at(m->joint, i);
    bool whole = row != UINT64_MAX && from == at;
    to += row != UINT64_MAX ? (size_t)__builtin_ctzll(~row) : CU_BLOCK;
    while (row == UINT64_MAX && to < w->t.n && cu_byte_class[w->t.p[to]])
        to++;
    w->token_past = to > at ? to : at + 1;
    if ((whole && !may_be_token(m, i, to - at)) || !cu_has_token(cu_slice(w->t, from, to)))
        return;
    cu_note_encoded(w->s, w->t, from, to);
    mark_around(w, w->s->hot[CU_DB_TOKEN], from, to, CU_TOKEN_BEFORE, CU_TOKEN_AFTER);
}

static void tokens(sweep *w, const cu_masks *m, size_t blocks, size_t base)
{
    uint64_t runs[CHUNK];
    cu_token_runs(m, blocks, runs);
    for (size_t b = 0; b < blocks; b++)
        for (uint64_t bits = runs[b]; bits;) {
            unsigned i = (unsigned)__builtin_ctzll(bits);
            token_at(w, m, base, b * CU_BLOCK + i);
            bits &= bits + (1ull << i); /* the next run */
        }
}

/* --- long numbers --- */

static void numbers(sweep *w, const cu_masks *m, size_t blocks, size_t base)
{
    uint64_t at[CHUNK];
    cu_find_numbers(m, blocks, at);
    for (size_t b = 0; b < blocks; b++, base += CU_BLOCK)
        if (at[b]) /* from the first to the last, and around */
            mark_around(w, w->s->hot[CU_DB_DIGITS], base, base + 64 - (size_t)__builtin_clzll(at[b]), CU_TOKEN_BEFORE, 1);
}

/* --- escapes --- */

static bool alnum_at(const cu_masks *m, size_t b, unsigned i)
{
    uint64_t bit = 1ull << i % CU_BLOCK;
    b += i / CU_BLOCK;
    return (m->upper[b] | m->lower[b] | m->digit[b]) & bit;
}

/* The letters that stand behind "&" in the names that escaped.c knows, and behind each of them. */
static bool may_name_a_sign(cu_bytes t, size_t i)
{
    if (t.n - i < 4)
        return false;
    uint8_t a = t.p[i + 1], b = t.p[i + 2];
    switch (a) {
    case '#':
        return true;
    case 'a':
        return b == 'p' || b == 'm';
    case 'q':
        return b == 'u';
    case 'l':
    case 'g':
        return b == 't';
    case 'c':
    case 's':
        return b == 'o';
    case 'p':
        return b == 'e';
    default:
        return a == 'e' && b == 'q';
    }
}

/* Marks the block if one of the signs begins an escape. "%" is mostly followed by one letter, "&" by a
 * blank, "&" or the name of a variable. */
static void escapes_of(sweep *w, const cu_masks *m, size_t b, size_t base)
{
    uint64_t *percent = w->s->escapes[w->s->depth].percent, *reference = w->s->escapes[w->s->depth].reference;
    bool done[2] = {false, false};
    for (uint64_t bits = m->escape[b]; bits && !(done[0] && done[1]); bits &= bits - 1) {
        unsigned i = (unsigned)__builtin_ctzll(bits);
        uint8_t sign = base + i < w->t.n ? w->t.p[base + i] : 0;
        bool amp = sign == '&';
        if (done[amp] || (amp ? !may_name_a_sign(w->t, base + i) : !(alnum_at(m, b, i + 1) && alnum_at(m, b, i + 2))))
            continue;
        if ((done[amp] = cu_escape_at(w->t, base + i, sign)))
            (amp ? reference : percent)[base / CU_BLOCK / 64] |= 1ull << (base / CU_BLOCK % 64);
    }
}

static void escapes(sweep *w, const cu_masks *m, size_t blocks, size_t base)
{
    for (size_t b = 1; b <= blocks; b++, base += CU_BLOCK)
        if (m->escape[b])
            escapes_of(w, m, b, base);
}

/* --- places for hand-written readers --- */

static uint8_t byte_at(cu_bytes t, size_t i)
{
    return i < t.n ? t.p[i] : 0;
}

static bool separates(uint8_t c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == ')';
}

/* ... of a street's name. */
static bool ends_word(uint8_t c)
{
    return cu_alnum(c) || c >= 0x80 || c == '-' || c == '\'';
}

/* Most numbers of a program are short and stand alone: no reader needs to look at them. What one could
 * be the begin of goes on behind a separator, is long, or stands in a text (a house before or behind its
 * street). */
static bool may_begin(cu_bytes t, size_t at)
{
    uint8_t before = at ? t.p[at - 1] : 0, first = at > 1 ? t.p[at - 2] : 0;
    bool capitals = cu_byte_class[before] == CU_IS_UPPER && cu_byte_class[first] == CU_IS_UPPER; /* an IBAN */
    if ((cu_byte_class[before] & (CU_IS_UPPER | CU_IS_LOWER)) && !capitals && first != '\\') {
        bool one = cu_byte_class[before] == CU_IS_UPPER && !cu_alnum(first) && first != '_'; /* "X1234567L" */
        return one && t.n - at >= 7 && cu_digit(t.p[at + 3]) && cu_digit(t.p[at + 6]);
    }
    if (before == ' ' && ((cu_alnum(first) && !cu_digit(first)) || first >= 0x80))
        return true;
    if (before == ' ' && (first == '.' || first == ',') && at > 2 && ends_word(t.p[at - 3]))
        return true;
    size_t end = at + 1;
    while (end < t.n && cu_digit(t.p[end]))
        end++;
    uint8_t next = byte_at(t, end), after = byte_at(t, end + 1);
    if (end - at >= 7)
        return true;
    if (separates(next) && (cu_digit(after) || ((after == ' ' || after == '(') && cu_digit(byte_at(t, end + 2)))))
        return true;
    if (next == ' ' && ((after >= 'A' && after <= 'Z') || after >= 0x80 || cu_begins_street(after)))
        return true;
    size_t digit = end + (end - at == 1 ? 2 : end - at == 2 ? 5 : 1); /* 1EG4TE5MK73, 22AAAAA0000A1Z5, 131052A308T */
    if (cu_byte_class[next] == CU_IS_UPPER && cu_digit(byte_at(t, digit)))
        return true;
    return capitals || ((cu_byte_class[next] & (CU_IS_UPPER | CU_IS_LOWER)) && after == ' ');
}

static cu_err stops(sweep *w, const cu_masks *m, const cu_signs *s, size_t blocks, size_t base)
{
    uint64_t found[CHUNK];
    cu_find_stops(m, s, blocks, found);
    for (size_t b = 0; b < blocks; b++, base += CU_BLOCK)
        for (uint64_t bits = found[b]; bits; bits &= bits - 1) {
            size_t at = base + (size_t)__builtin_ctzll(bits);
            if (at >= w->stop_past && at < w->t.n && (!cu_digit(w->t.p[at]) || may_begin(w->t, at)))
                CU_TRY(cu_tokenize_at(w->e, w->t, at, &w->stop_past, w->out));
        }
    return CU_OK;
}

/* A capitalised word begins: a capital or a lead byte after no letter, and a small letter behind it. */
static cu_err names(sweep *w, const cu_masks *m, const cu_signs *s, size_t blocks, size_t base)
{
    for (size_t b = 1; b <= blocks; b++, base += CU_BLOCK) {
        uint64_t letter = m->upper[b] | m->lower[b] | s->high[b];
        uint64_t inside = letter << 1 | (m->upper[b - 1] | m->lower[b - 1] | s->high[b - 1]) >> 63;
        uint64_t small = m->lower[b] | s->high[b], next = m->lower[b + 1] | s->high[b + 1];
        uint64_t bits = (m->upper[b] | s->lead[b]) & ~inside & (small >> 1 | next << 63);
        for (; bits; bits &= bits - 1) {
            size_t at = base + (size_t)__builtin_ctzll(bits);
            if (at >= w->name_past && at < w->t.n)
                CU_TRY(cu_name_at(w->e, w->t, at, &w->name_past, w->out));
        }
    }
    return CU_OK;
}

/* --- the pass --- */

/* Of m and signs the block before the first and the one behind the last are looked at too. */
static cu_err look(sweep *w, const cu_masks *m, const cu_signs *signs, size_t blocks, size_t base)
{
    const cu_scratch *s = w->s;
    if (s->depth < CU_DECODED_DEPTH)
        escapes(w, m, blocks, base);
    if (s->want[CU_DB_TOKEN] || s->want[CU_DB_BARE])
        tokens(w, m, blocks, base);
    if (s->want[CU_DB_DIGITS])
        numbers(w, m, blocks, base);
    if (s->tokens)
        CU_TRY(stops(w, m, signs, blocks, base));
    return s->persons ? names(w, m, signs, blocks, base) : CU_OK;
}

#define EACH_MASK(X) X(upper) X(lower) X(digit) X(joint) X(dash) X(escape) X(backslash) X(literal)
#define EACH_SIGN(X) X(at) X(colon) X(plus) X(space) X(sign) X(point) X(open) X(high) X(lead)

/* The last block that was looked at is the one before the first of the next. */
static void turn_over(cu_masks *m, cu_signs *s, size_t last)
{
#define X(kind) m->kind[0] = m->kind[last];
    EACH_MASK(X)
#undef X
#define X(kind) s->kind[0] = s->kind[last];
    if (s) {
        EACH_SIGN(X)
    }
#undef X
}

static void no_block(cu_masks *m, cu_signs *s, size_t b)
{
#define X(kind) m->kind[b] = 0;
    EACH_MASK(X)
#undef X
#define X(kind) s->kind[b] = 0;
    if (s) {
        EACH_SIGN(X)
    }
#undef X
}

cu_err cu_sweep(cu_scratch *s, cu_bytes t, cu_findings *out)
{
    cu_masks m;
    cu_signs signs, *others = s->tokens || s->persons ? &signs : NULL;
    uint8_t tail[TAIL_ROOM] = {0};
    sweep w = {.s = s, .e = s->engine, .t = t, .out = out, .literals = &s->engine->literals[s->literal_set]};
    const cu_literals *l = w.literals = w.literals->n ? w.literals : NULL;
    size_t base = 0, direct = t.n > 2 * CU_BLOCK ? (t.n - CU_LITERAL_WINDOW) / CU_BLOCK : 0; /* blocks that can be read in place */
    no_block(&m, others, 0);
    while (base / CU_BLOCK + 1 < direct) {
        size_t here = direct - base / CU_BLOCK - 1 < CHUNK ? direct - base / CU_BLOCK - 1 : CHUNK;
        s->classify(l, t.p + base, here + 1, &m, others);
        CU_TRY(literals(&w, &m, here, t.p + base, base));
        CU_TRY(look(&w, &m, others, here, base));
        turn_over(&m, others, here);
        base += here * CU_BLOCK;
    }
    size_t left = t.n - base, blocks = (left + CU_BLOCK - 1) / CU_BLOCK;
    memcpy(tail, t.p + base, left);
    s->classify(l, tail, blocks, &m, others);
    no_block(&m, others, blocks + 1);
    cu_err err = literals(&w, &m, blocks, tail, base);
    if (err == CU_OK)
        err = look(&w, &m, others, blocks, base);
    cu_wipe(tail, sizeof tail);
    return err;
}

cu_err cu_sweep_each(const cu_scratch *s, int set, cu_bytes t, size_t from, size_t to, cu_literal_fn tell, void *arg)
{
    const cu_literals *l = &s->engine->literals[set];
    cu_masks m;
    uint8_t tail[TAIL_ROOM] = {0};
    cu_err err = CU_OK;
    no_block(&m, NULL, 0); /* a word may begin with the first byte */
    while (from < to && err == CU_OK) {
        size_t blocks = (to - from + CU_BLOCK - 1) / CU_BLOCK;
        blocks = blocks < CHUNK / 4 ? blocks : CHUNK / 4;
        if (from + blocks * CU_BLOCK + CU_LITERAL_WINDOW <= t.n) {
            s->classify(l, t.p + from, blocks, &m, NULL);
            err = each_literal(s, l, t, m.literal + 1, blocks, t.p + from, from, tell, arg);
        } else { /* near the end: a block at a time, with zeros behind it */
            size_t left = t.n - from < CU_BLOCK + CU_LITERAL_WINDOW ? t.n - from : CU_BLOCK + CU_LITERAL_WINDOW;
            blocks = 1;
            memset(tail, 0, sizeof tail);
            memcpy(tail, t.p + from, left);
            s->classify(l, tail, 1, &m, NULL);
            err = each_literal(s, l, t, m.literal + 1, 1, tail, from, tell, arg);
        }
        from += blocks * CU_BLOCK;
    }
    cu_wipe(tail, sizeof tail);
    return err;
}

static cu_err first_one(void *arg, const cu_literal *x, size_t start)
{
    (void)arg, (void)x, (void)start;
    return CU_NOT_FOUND; /* no need to look further */
}

bool cu_sweep_any(const cu_scratch *s, int set, cu_bytes t, size_t from, size_t to)
{
    return cu_sweep_each(s, set, t, from, to, first_one, NULL) != CU_OK;
}
