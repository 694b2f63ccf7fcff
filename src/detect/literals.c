#include "literals.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS CU_LITERAL_SLOTS

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

cu_err cu_literals_add(cu_literals *l, cu_bytes text, bool word_begin, bool word_end, uint32_t meaning)
{
    if (text.n < 3 || text.n > CU_LITERAL_MAX || l->n == UINT16_MAX)
        return CU_TOO_BIG;
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 128;
        cu_literal *v = realloc(l->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        l->v = v;
        l->cap = cap;
    }
    cu_literal *x = &l->v[l->n++];
    *x = (cu_literal){.length = (uint8_t)text.n, .word_begin = word_begin, .word_end = word_end, .meaning = meaning};
    for (size_t i = 0; i < text.n; i++)
        x->text[i] = fold(text.p[i]);
    return CU_OK;
}

/* How often a byte stands in source text, of 1,000; letters in either case. */
static float share(uint8_t c)
{
    static const uint8_t letters[26] = {38, 10, 29, 24, 77, 18, 12, 15, 44, 2, 8, 29, 16, 44, 38, 22, 1, 41, 51, 58, 19, 6, 5, 7, 8, 1};
    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    return c >= '0' && c <= '9' ? 11 : c == ' ' ? 160 : c == '_' ? 27 : 10;
}

/* How seldom one letter (or _) follows another, as a negative base-2 logarithm, 9 for 9 and more: counted
 * over 46 MB of headers, programs and documentation of a Debian system. */
static unsigned seldom(uint8_t a, uint8_t b)
{
    static const char rows[27][28] = {
        "954587595973439593336697697", "386838993483884695673998495", "476838936944592795635999796",
        "478528884796785896576997894", "574464798995648663449775795", "498755992995863894754999796",
        "697928754995745894465899994", "399919993998794995746999995", "654454599994523696449697967",
        "288729997769784899295999996", "695828794998768998576979992", "488535783994994899554799693",
        "357628994995694399576999695", "494435495977964899335799896", "765485795965426493454669996",
        "397727965964884593645999594", "999989998994989887671979994", "496627694985654795545799595",
        "696938854944865597336989795", "497738933996784694555987595", "555546695993539493339998997",
        "298929994976593699779999995", "398639942998954894598959995", "694857995999679499539996794",
        "787967796996665296558979994", "499919994996595999698999654", "463554564975554495346576995",
    };
    unsigned row = a == '_' ? 26 : (unsigned)a - 'a', column = b == '_' ? 26 : (unsigned)b - 'a';
    return row < 27 && column < 27 ? (unsigned)(rows[row][column] - '0') : 7;
}

/* Places of a million at which the first four bytes of the window stand by the habits of language: there
 * the literals of its hash are compared one by one. */
static float expected(const cu_literal *x, size_t window)
{
    float places = share(x->text[window]) * 1000, counted = x->window_n >= 4 ? cu_gram_share(x->text + window) : 0;
    for (size_t k = 1; k < 4 && k < x->window_n; k++)
        places /= (float)(1u << seldom(x->text[window + k - 1], x->text[window + k]));
    if (counted > 0)
        return counted;
    return x->window_n >= 4 && places > CU_GRAM_LEAST ? CU_GRAM_LEAST : places;
}

/* Of each group: what passes at each place, with how many literals asking for it. */
typedef struct {
    uint16_t asked[CU_LITERAL_WINDOW][256];
    uint16_t open[CU_LITERAL_WINDOW]; /* literals that end before this place */
    float sum[CU_LITERAL_WINDOW];
} group;

static float at_place(const group *g, size_t place, float more)
{
    float sum = g->open[place] ? 1000 : g->sum[place] + more;
    return sum < 1000 ? sum / 1000 : 1;
}

/* How much of a text passes. */
static float passes(const group *g)
{
    float product = 1;
    for (size_t k = 0; k < CU_LITERAL_WINDOW; k++)
        product *= at_place(g, k, 0);
    return product;
}

/* ... with one more literal, looked at from `window`. */
static float passes_with(const group *g, const cu_literal *x, size_t window)
{
    float product = 1;
    for (size_t k = 0; k < x->window_n; k++) {
        uint8_t c = x->text[window + k];
        product *= at_place(g, k, g->asked[k][c] ? 0 : share(c));
    }
    return product;
}

static void move(group *g, const cu_literal *x, int by)
{
    for (size_t k = 0; k < CU_LITERAL_WINDOW; k++) {
        if (k >= x->window_n) {
            g->open[k] = (uint16_t)(g->open[k] + by);
            continue;
        }
        uint8_t c = x->text[x->window + k];
        if (by > 0 && g->asked[k][c] == 0)
            g->sum[k] += share(c);
        g->asked[k][c] = (uint16_t)(g->asked[k][c] + by);
        if (by < 0 && g->asked[k][c] == 0)
            g->sum[k] -= share(c);
    }
}

/* Of what stands in a text, this much at the begin of a word. */
#define AT_BEGIN 0.2f
#define HASHED 12 /* what a place whose hash is a literal's costs, in places that pass a group */

static float adds(const group *g, float now, const cu_literal *x, size_t window)
{
    return (passes_with(g, x, window) - now) * 1e6f + HASHED * expected(x, window);
}

typedef struct {
    float least;
    uint8_t group, window, n;
} choice;

/* Behind the end of a short window all bytes pass, of its whole group: so windows of so many bytes go to the
 * first of each bank's groups only, and the last are left to long ones. Of 40 MB of source text a third less
 * passes than without this, for the literals of secrets half. */
static const uint8_t groups_for[CU_LITERAL_WINDOW + 1] = {[3] = 2, [4] = 4, [5] = 5, [6] = 6, [7] = 8, [8] = 8};

static void try_group(const group *groups, const float *now, const cu_literal *x, uint8_t g, choice *best)
{
    bool begin = g / 8 == CU_LITERAL_BEGIN;
    for (uint8_t w = 0; w + x->window_n <= x->length && !(begin && w); w++) {
        float more = adds(&groups[g], now[g], x, w) * (begin ? AT_BEGIN : 1);
        if (best->least < 0 || more < best->least)
            *best = (choice){more, g, w, x->window_n};
    }
}

/* The group and the window that add the least to what passes. A window of four bytes may lie where one of
 * five has no room. */
static void choose(const group *groups, const float *now, cu_literal *x)
{
    choice best = {.least = -1};
    uint8_t most = x->length < CU_LITERAL_WINDOW ? x->length : CU_LITERAL_WINDOW, least = most < 4 ? most : 4;
    for (x->window_n = most; x->window_n >= least; x->window_n--)
        for (uint8_t g = 0; g < CU_LITERAL_GROUPS; g++)
            if ((g / 8 != CU_LITERAL_BEGIN || x->word_begin) && g % 8 < groups_for[x->window_n])
                try_group(groups, now, x, g, &best);
    x->group = best.group;
    x->window = best.window;
    x->window_n = best.n;
}

static void set_bit(cu_literals *l, size_t g, size_t place, uint8_t c)
{
    uint8_t bit = (uint8_t)(1u << (g % 8));
    l->code[g / 8][place][cu_literal_code(c)] |= bit;
    l->low[g / 8][place][c & 15] |= bit;
    l->high[g / 8][place][c >> 4] |= bit;
}

static void put_in(cu_literals *l, size_t g, const cu_literal *x)
{
    for (size_t k = 0; k < x->window_n; k++) {
        uint8_t c = x->text[x->window + k];
        set_bit(l, g, k, c);
        if (c >= 'a' && c <= 'z')
            set_bit(l, g, k, c - 32);
    }
}

/* At the places behind the shortest window of a group all bytes pass. */
static void open_behind(cu_literals *l, size_t g, size_t shortest)
{
    uint8_t bit = (uint8_t)(1u << (g % 8));
    for (size_t k = shortest; k < CU_LITERAL_WINDOW; k++) {
        for (unsigned c = 0; c < 64; c++)
            l->code[g / 8][k][c] |= bit;
        for (unsigned c = 0; c < 16; c++) {
            l->low[g / 8][k][c] |= bit;
            l->high[g / 8][k][c] |= bit;
        }
    }
}

static int shorter(const void *a, const void *b)
{
    const cu_literal *x = a, *y = b;
    int text = x->length != y->length ? x->length - y->length : memcmp(x->text, y->text, x->length);
    return text ? text : (x->meaning > y->meaning) - (x->meaning < y->meaning);
}

/* Each goes where it adds the least to what passes; a second look at each pays, a third hardly. */
static cu_err spread(cu_literals *l)
{
    group *groups = calloc(CU_LITERAL_GROUPS, sizeof *groups);
    float now[CU_LITERAL_GROUPS] = {0};
    if (!groups)
        return CU_NOMEM;
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < l->n; i++) {
            cu_literal *x = &l->v[i];
            if (round) {
                move(&groups[x->group], x, -1);
                now[x->group] = passes(&groups[x->group]);
            }
            choose(groups, now, x);
            move(&groups[x->group], x, 1);
            now[x->group] = passes(&groups[x->group]);
        }
    free(groups);
    return CU_OK;
}

/* Which of all the slots its window has. */
static uint32_t slot_of(cu_literals *l, const cu_literal *x)
{
    unsigned four = x->window_n >= 4;
    uint32_t v = 0, h;
    memcpy(&v, x->text + x->window, 3 + four);
    h = cu_literal_hash(v | 0x20202020u, four);
    l->seen[four][h / 64] |= 1ull << (h % 64);
    if (!four) {
        l->three[0][h / 8 % 64] |= (uint8_t)(1u << (h % 8));
        l->three[1][h >> 10] |= (uint8_t)(1u << (h >> 7 & 7));
    }
    return four * SLOTS + h / (CU_LITERAL_SEEN / SLOTS);
}

static cu_literal_check check_of(const cu_literals *l, size_t i)
{
    const cu_literal *x = &l->v[i];
    cu_literal_check c = {.index = (uint16_t)i, .window = x->window};
    for (unsigned k = 0; k < 8 && k < x->length; k++) {
        c.head |= (uint64_t)(x->text[k] | 0x20) << (8 * k);
        c.mask |= 0xffull << (8 * k);
    }
    return c;
}

/* What may stand behind the hashed bytes of this literal may do so for the hash. */
static void let_follow(cu_literal_next *next, const cu_literal *x)
{
    size_t from = x->window + (x->window_n >= 4 ? 4u : 3u);
    for (size_t k = 0; k < CU_LITERAL_NEXT; k++)
        next->may[k] |= from + k < x->length ? 1u << (x->text[from + k] & 31) : UINT32_MAX;
}

/* first[h] is counted up to where the checks of h end, and down again as they are put there. */
static void order_checks(cu_literals *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->first[slot_of(l, &l->v[i])]++;
    for (size_t h = 1; h <= 2 * SLOTS; h++)
        l->first[h] = (uint16_t)(l->first[h] + l->first[h - 1]);
    for (size_t i = 0; i < l->n; i++)
        l->checks[--l->first[slot_of(l, &l->v[i])]] = check_of(l, i);
    for (size_t i = 0; i < l->n; i++)
        let_follow(&l->next[l->first[slot_of(l, &l->v[i])]], &l->v[i]);
}

cu_err cu_literals_arrange(cu_literals *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, shorter);
    CU_TRY(spread(l));
    return cu_literals_ready(l);
}

cu_err cu_literals_ready(cu_literals *l)
{
    l->first = calloc(2 * SLOTS + 1, sizeof *l->first);
    l->checks = calloc(l->n + 1, sizeof *l->checks);
    l->next = calloc(l->n + 1, sizeof *l->next);
    if (!l->first || !l->checks || !l->next)
        return CU_NOMEM;
    uint8_t shortest[CU_LITERAL_GROUPS];
    memset(shortest, CU_LITERAL_WINDOW, sizeof shortest);
    for (size_t i = 0; i < l->n; i++) {
        cu_literal *x = &l->v[i];
        bool begin = x->group / 8 == CU_LITERAL_BEGIN;
        if (x->group >= CU_LITERAL_GROUPS || x->window_n < 3 || x->window_n > CU_LITERAL_WINDOW || x->window + x->window_n > x->length ||
            (begin && (x->window || !x->word_begin)))
            return CU_CORRUPT;
        put_in(l, x->group, x);
        shortest[x->group] = x->window_n < shortest[x->group] ? x->window_n : shortest[x->group];
    }
    for (size_t g = 0; g < CU_LITERAL_GROUPS; g++)
        open_behind(l, g, shortest[g]);
    order_checks(l);
    return CU_OK;
}

void cu_literals_free(cu_literals *l)
{
    free(l->v);
    free(l->checks);
    free(l->first);
    free(l->next);
    *l = (cu_literals){.v = NULL};
}

static bool stands(const cu_literal *x, cu_bytes t, size_t start)
{
    size_t end = start + x->length;
    const uint8_t *p = t.p + start;
    for (size_t k = 0; k < x->length; k++)
        if (fold(p[k]) != x->text[k])
            return false;
    return !x->word_end || (end < t.n && !alnum(t.p[end]) && t.p[end] != 0);
}

/* Most of those whose window has the right hash differ within eight bytes. */
static bool may_stand(const cu_literal_check *c, cu_bytes t, size_t at)
{
    uint64_t head;
    size_t start = at - c->window;
    if (at < c->window || t.n - start < 8)
        return at >= c->window;
    memcpy(&head, t.p + start, 8);
    return ((head | 0x2020202020202020u) & c->mask) == c->head;
}

cu_err cu_literals_at(const cu_literals *l, cu_bytes t, uint32_t hash, unsigned four, size_t at, cu_literal_fn tell, void *arg)
{
    const cu_literal_check *c = l->checks + l->first[four * SLOTS + hash], *end = l->checks + l->first[four * SLOTS + hash + 1];
    for (; c < end; c++) {
        const cu_literal *x = &l->v[c->index];
        if (may_stand(c, t, at) && t.n - (at - c->window) >= x->length && stands(x, t, at - c->window))
            CU_TRY(tell(arg, x, at - c->window));
    }
    return CU_OK;
}
