/* The sweep: its masks are the same whatever the processor offers, what it must mark it marks wherever it
 * stands, and what it learns of an expression holds for texts of that expression. */
#include "fixture.h"
#include "engine.h"
#include "token.h"

#define PARTS 3

static cu_classify_fn *const ways[PARTS] = {
    cu_classify_plain,
#if defined(__x86_64__)
    cu_classify_avx2, cu_classify_avx512,
#endif
};

static bool runs_here(int way)
{
#if defined(__x86_64__)
    if (way == 1)
        return __builtin_cpu_supports("avx2");
    if (way == 2)
        return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni");
#endif
    return way == 0;
}

static cu_places_fn *placer_of(int way)
{
#if defined(__x86_64__)
    if (way == 1)
        return cu_places_avx2;
#endif
    return way ? cu_placer() : cu_places_plain;
}

/* Every example, one after the other. */
static void all_examples(cu_buf *text)
{
    for (size_t i = 0; i < rules.n; i++)
        for (size_t k = 0; k < rules.v[i].examples_n; k++) {
            cu_buf_add(text, rules.v[i].examples[k].text);
            cu_buf_byte(text, i % 3 ? '\n' : CU_DETECT_SEPARATOR);
        }
    assert_int_equal(cu_buf_err(text), CU_OK);
}

/* Structures of masks are nothing but rows of them. */
typedef const cu_mask_row *mask_rows;
enum { LITERAL_ROW = offsetof(cu_masks, literal) / sizeof(cu_mask_row), MASK_ROWS = sizeof(cu_masks) / sizeof(cu_mask_row),
       SIGN_ROWS = sizeof(cu_signs) / sizeof(cu_mask_row) };

static void rows_are_the_same(mask_rows a, mask_rows b, size_t n, size_t blocks)
{
    for (size_t k = 0; k < n; k++)
        assert_memory_equal(a[k] + 1, b[k] + 1, blocks * sizeof(uint64_t));
}

static cu_err stands_here(void *arg, const cu_literal *x, size_t start)
{
    (void)start;
    *(bool *)arg |= x->group / 8 != CU_LITERAL_BEGIN; /* of the others no one knows whether a word begins */
    return CU_OK;
}

static bool any_literal_at(const cu_literals *l, const uint8_t *p, size_t at)
{
    bool any = false;
    for (unsigned four = 0; four < 2; four++) {
        uint32_t hash = cu_literals_seen(l, p + at, four) == CU_NO_HASH ? CU_NO_HASH : cu_literals_hash(l, p + at, four);
        if (hash != CU_NO_HASH)
            assert_int_equal(cu_literals_at(l, cu_bytes_of(p, at + CU_LITERAL_MAX), hash, four, at, stands_here, &any), CU_OK);
    }
    return any;
}

static void masks_are_the_same_in(const cu_literals *l, const uint8_t *p, size_t blocks, int way)
{
    cu_masks plain = {0}, other = {0};
    cu_signs plain_signs = {0}, other_signs = {0};
    ways[0](l, p, blocks, &plain, &plain_signs);
    ways[way](l, p, blocks, &other, &other_signs);
    rows_are_the_same((mask_rows)&plain, (mask_rows)&other, LITERAL_ROW, blocks);
    rows_are_the_same((mask_rows)&plain_signs, (mask_rows)&other_signs, SIGN_ROWS, blocks);
    for (size_t b = 1; b <= blocks; b++)
        for (uint64_t bits = plain.literal[b] ^ other.literal[b]; bits; bits &= bits - 1) { /* other tables let other bytes pass */
            assert_int_equal(way, 1);
            assert_false(any_literal_at(l, p, (b - 1) * CU_BLOCK + (size_t)__builtin_ctzll(bits)));
        }
}

static void masks_are_the_same(void **state)
{
    (void)state;
    const cu_literals *l = &engine->literals[CU_LITERALS_ALL];
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    all_examples(&text);
    for (unsigned c = 0; c < 4096; c++)
        cu_buf_byte(&text, (uint8_t)(c * 7 + c / 256));
    assert_int_equal(LITERAL_ROW, MASK_ROWS - 1);
    size_t blocks = (text.n - CU_LITERAL_MAX) / CU_BLOCK;
    for (int way = 1; way < PARTS; way++)
        for (size_t b = 0, n = 1; ways[way] && runs_here(way) && b < blocks; b += n, n = n % (CU_BLOCKS_MAX + 1) + 1)
            masks_are_the_same_in(l, text.p + b * CU_BLOCK, blocks - b < n ? blocks - b : n, way);
}

static void places_are_the_same(void **state)
{
    (void)state;
    const cu_literals *l = &engine->literals[CU_LITERALS_ALL];
    static uint16_t a[CU_BLOCKS_MAX * CU_BLOCK + 64], b[CU_BLOCKS_MAX * CU_BLOCK + 64];
    static cu_masks m;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    all_examples(&text);
    for (size_t at = 0; at + CU_BLOCKS_MAX * CU_BLOCK + 8 < text.n; at += CU_BLOCKS_MAX * CU_BLOCK) {
        size_t n;
        cu_classify_plain(l, text.p + at, CU_BLOCKS_MAX, &m, NULL);
        m.literal[2] = UINT64_MAX; /* more of them than one register holds */
        n = cu_places_plain(l, text.p + at, m.literal + 1, CU_BLOCKS_MAX, a);
        for (int way = 1; way < PARTS; way++) {
            if (!runs_here(way))
                continue;
            memset(b, 0xff, sizeof b); /* what stands behind the last place is no place */
            assert_int_equal(placer_of(way)(l, text.p + at, m.literal + 1, CU_BLOCKS_MAX, b), n);
            assert_memory_equal(a, b, n * sizeof *a);
        }
    }
}

static void findings_are_the_same(void **state)
{
    (void)state;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    cu_findings first = {0};
    all_examples(&text);
    for (int way = 0; way < PARTS; way++) {
        if (!ways[way] || !runs_here(way))
            continue;
        scratch->classify = ways[way];
        scratch->placer = placer_of(way);
        assert_int_equal(cu_detect(engine, scratch, cu_buf_view(&text), &found), CU_OK);
        if (way == 0) {
            first = found;
            found = (cu_findings){0};
            assert_true(first.n > 2 * rules.n);
            continue;
        }
        assert_int_equal(found.n, first.n);
        assert_memory_equal(found.v, first.v, first.n * sizeof *first.v);
    }
    scratch->classify = cu_classifier();
    scratch->placer = cu_placer();
    cu_findings_free(&first);
}

/* The examples, and made-up rows of the characters that tokens and numbers are made of, among zeros as
 * they stand around a text. Returns how many blocks have one behind them. */
static size_t made_up_text(cu_buf *text)
{
    static const char kinds[] = "aAzZ09555_-+/ -.)(,:@\\\n\xc3\xa4";
    uint64_t state = 88172645463325252u;
    *text = CU_BUF((size_t)16 << 20);
    all_examples(text);
    for (size_t i = 0, pick = 0, of = 1; i < 400000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (i % 37 == 0) {
            pick = state % (sizeof kinds - 1);
            of = 1 + state / 64 % (sizeof kinds - 1 - pick);
        }
        cu_buf_byte(text, (uint8_t)kinds[pick + state / 4096 % of]);
    }
    for (unsigned i = 0; i < 200; i++)
        cu_buf_byte(text, 0);
    assert_int_equal(cu_buf_err(text), CU_OK);
    return text->n / CU_BLOCK - 1;
}

/* As the sweep has them: block `first` is [1], the one before it [0]. */
static void masks_of(const cu_buf *text, size_t first, size_t blocks, cu_masks *m, cu_signs *signs)
{
    memset(m, 0, sizeof *m);
    memset(signs, 0, sizeof *signs);
    if (first) {
        cu_classify_plain(NULL, text->p + (first - 1) * CU_BLOCK, 1, m, signs);
        for (size_t k = 0; k < MASK_ROWS; k++)
            ((cu_mask_row *)m)[k][0] = ((cu_mask_row *)m)[k][1];
        for (size_t k = 0; k < SIGN_ROWS; k++)
            ((cu_mask_row *)signs)[k][0] = ((cu_mask_row *)signs)[k][1];
    }
    cu_classify_plain(NULL, text->p + first * CU_BLOCK, blocks + 1, m, signs);
}

#define AT_ONCE 7u /* blocks: seams fall everywhere */

static bool bit(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void no_token_is_passed_over(void **state)
{
    (void)state;
    cu_buf text CU_CLEAN_BUF = {0};
    cu_masks m;
    cu_signs signs;
    size_t blocks = made_up_text(&text), tokens = 0, flagged = 0;
    uint64_t *runs = calloc(blocks + 1, sizeof *runs);
    assert_true(runs);
    for (size_t b = 0; b < blocks; b += AT_ONCE) {
        size_t n = blocks - b < AT_ONCE ? blocks - b : AT_ONCE;
        masks_of(&text, b, n, &m, &signs);
        cu_token_runs(&m, n, runs + b);
    }
    for (size_t i = 0, end; i < blocks * CU_BLOCK; i = end + 1) {
        bool any = false;
        for (end = i; end < text.n && cu_byte_class[text.p[end]]; end++)
            any |= end < blocks * CU_BLOCK && bit(runs, end);
        bool token = cu_has_token(cu_bytes_of(text.p + i, end - i));
        assert_true(any || !token);
        tokens += token;
        flagged += any;
    }
    assert_true(tokens > 2000 && flagged < 4 * tokens);
    free(runs);
}

static bool alpha(uint8_t c)
{
    return cu_alnum(c) && !cu_digit(c);
}

static bool upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* Behind two capitals: "DE89 3704...", "RSSMRA85T10...", "ABCPE1734F", "JG103759A"; n digits. */
static bool is_read_behind_capitals(const uint8_t *p, size_t n)
{
    bool account[2], sign[2];
    for (unsigned k = 0; k < 2; k++) {
        account[k] = cu_digit(p[2 + k]) || upper(p[2 + k]);
        sign[k] = p[2 + k] == ' ' || p[2 + k] == '-';
    }
    bool goes = (account[0] && (account[1] || sign[1])) || (sign[0] && account[1]);
    return (n >= 2 && goes && (!cu_alnum(p[-3]) || p[-4] == '\\')) || n >= 6 || (n == 2 && upper(p[2]) && cu_digit(p[3])) ||
           (n == 4 && upper(p[4]));
}

/* What must be a stop: byte by byte, p has four bytes before it and twelve behind. */
static bool is_number_to_read(const uint8_t *p)
{
    size_t n = 0;
    while (cu_digit(p[n]) && n < 8)
        n++;
    uint8_t next = p[n], after = p[n + 1];
    bool capitals = upper(p[-1]) && upper(p[-2]);
    if (n == 0 || cu_digit(p[-1]) || (alpha(p[-1]) && !capitals && p[-2] != '\\'))
        return false;
    if (capitals)
        return is_read_behind_capitals(p, n);
    if (n >= 7 || (p[-1] == ' ' && (alpha(p[-2]) || p[-2] >= 0x80 || ((p[-2] == '.' || p[-2] == ',') && alpha(p[-3]) && p[-4] == ' '))))
        return true;
    if (next && strchr(" -./)", next) && (cu_digit(after) || ((after == ' ' || after == '(') && cu_digit(p[n + 2]))))
        return true;
    return (next == ' ' && (alpha(after) || after >= 0x80)) || (alpha(next) && after == ' ');
}

static bool is_sign_to_read(const uint8_t *p)
{
    bool colon = false;
    for (unsigned k = 1; k <= 5; k++)
        colon |= p[k] == ':';
    return (p[0] == '@' && cu_alnum(p[1])) || (p[0] == ':' && colon) || (p[0] == '+' && cu_digit(p[1])) ||
           (p[0] == '-' && p[3] == '-' && p[6] == '-' && p[-3] != '-' && cu_alnum(p[-2]) && cu_alnum(p[-1]) && cu_alnum(p[1]) &&
            cu_alnum(p[2]));
}

static void stops_and_numbers_are_where_they_are(void **state)
{
    (void)state;
    cu_buf text CU_CLEAN_BUF = {0};
    cu_masks m;
    cu_signs signs;
    size_t blocks = made_up_text(&text), wanted = 0, found_n = 0;
    uint64_t *stops = calloc(blocks + 1, sizeof *stops), *numbers = calloc(blocks + 1, sizeof *numbers);
    assert_true(stops && numbers);
    for (size_t b = 0; b < blocks; b += AT_ONCE) {
        size_t n = blocks - b < AT_ONCE ? blocks - b : AT_ONCE;
        masks_of(&text, b, n, &m, &signs);
        cu_find_stops(&m, &signs, n, stops + b);
        cu_find_numbers(&m, n, numbers + b);
    }
    for (size_t i = 4; i + 16 < blocks * CU_BLOCK; i++) {
        unsigned digits = 0;
        for (unsigned k = 0; k < 16; k++)
            digits += cu_digit(text.p[i + k]);
        assert_int_equal(bit(numbers, i), cu_digit(text.p[i]) && digits >= 5);
        bool want = is_number_to_read(text.p + i) || is_sign_to_read(text.p + i);
        assert_true(bit(stops, i) || !want);
        wanted += want;
        found_n += bit(stops, i);
    }
    assert_true(wanted > 10000 && found_n < wanted + wanted / 4);
    free(stops);
    free(numbers);
}

/* A literal at every place of a text of every length: it is told, and with its begin. */
typedef struct {
    size_t start;
    unsigned seen;
} told;

static cu_err tell(void *arg, const cu_literal *x, size_t start)
{
    told *t = arg;
    if (x->length == 9 && start == t->start)
        t->seen++;
    return CU_OK;
}

static void a_literal_is_found_everywhere(void **state)
{
    (void)state;
    cu_literals l = {0};
    assert_int_equal(cu_literals_add(&l, CU_LIT("zebra_Key"), false, false, 0), CU_OK);
    assert_int_equal(cu_literals_add(&l, CU_LIT("abc"), false, true, 1), CU_OK);
    assert_int_equal(cu_literals_add(&l, CU_LIT("ab"), false, true, 1), CU_TOO_BIG);
    assert_int_equal(cu_literals_arrange(&l), CU_OK);
    for (int way = 0; way < PARTS; way++)
        for (size_t at = 0; ways[way] && runs_here(way) && at < 180; at++) {
            uint8_t text[256 + 8] = {0};
            cu_masks m = {0};
            told t = {at, 0};
            memset(text, '.', 192);
            memcpy(text + at, "ZEBRA_kEY", 9);
            ways[way](&l, text, 3, &m, NULL);
            for (size_t i = 0; i < 192; i++)
                for (unsigned four = 0; four < 2 && m.literal[1 + i / 64] >> (i % 64) & 1; four++) {
                    uint32_t hash = cu_literals_seen(&l, text + i, four) == CU_NO_HASH ? CU_NO_HASH : cu_literals_hash(&l, text + i, four);
                    if (hash != CU_NO_HASH)
                        assert_int_equal(cu_literals_at(&l, cu_bytes_of(text, 192), hash, four, i, tell, &t), CU_OK);
                }
            assert_int_equal(t.seen, 1);
        }
    cu_literals_free(&l);
}

/* What counts only at the begin of a word is told there wherever that is, also behind the seam of two
 * calls, and elsewhere is no concern of the tables'. */
static void a_word_is_found_where_it_begins(void **state)
{
    (void)state;
    static const struct { const char *before, *text; bool begins; } cases[] = {
        {" ", "token", true}, {"_", "token", true}, {"a", "Token", true}, {"A", "Token", false}, {"a", "token", false},
        {"7", "token", true}, {"\\n", "token", true}, {"\n", "token", true}, {"xy", "TOKEN", true}, {"\xc3\xa9", "token", true}};
    cu_literals l = {0};
    assert_int_equal(cu_literals_add(&l, CU_LIT("token"), true, false, 0), CU_OK);
    assert_int_equal(cu_literals_arrange(&l), CU_OK);
    assert_int_equal(l.v[0].group / 8, CU_LITERAL_BEGIN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int way = 0; way < PARTS; way++)
            for (size_t at = 4; ways[way] && runs_here(way) && at < 180; at++) {
                uint8_t text[256 + CU_LITERAL_WINDOW] = {0};
                cu_masks m = {0};
                size_t n = strlen(cases[i].before);
                memset(text, '.', 192);
                memcpy(text + at - n, cases[i].before, n);
                memcpy(text + at, cases[i].text, 5);
                ways[way](&l, text, 3, &m, NULL);
                assert_int_equal(m.literal[1 + at / 64] >> (at % 64) & 1, cases[i].begins);
            }
    cu_literals_free(&l);
}

/* What cu_has_token() says of a row, the sweep says of the text it stands in, at every offset. */
static void tokens_are_marked(void **state)
{
    (void)state;
    static const char *const rows[] = {"a1b2c3d4e5f60718", "ABCDEFGHIJKLMNOP", "abcdEFGHabcdEFGH", "abcdefghijklmnopqrst",
        "some_long_name_of_a_function", "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f", "aB3-dE5_gH7/jK9-mN1+pQ", "getValueOfThing"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t at = 0; at < 400; at += at < 140 ? 1 : 17) {
            uint8_t text[600];
            size_t n = strlen(rows[r]);
            memset(text, ' ', sizeof text);
            memcpy(text + at, rows[r], n);
            assert_int_equal(cu_regions_begin(scratch, sizeof text), CU_OK);
            found.n = 0;
            assert_int_equal(cu_sweep(scratch, cu_bytes_of(text, sizeof text), &found), CU_OK);
            bool hot = scratch->hot[CU_DB_TOKEN][0] >> (at / 64) & 1;
            assert_int_equal(hot, cu_has_token(cu_str(rows[r])));
        }
}

static void a_long_row_is_marked_to_its_end(void **state)
{
    (void)state;
    size_t n = 40000;
    uint8_t *text = malloc(n + 64);
    assert_non_null(text);
    memset(text, 'a', n);
    memset(text + n, ' ', 64);
    text[n - 1] = '7';
    assert_int_equal(cu_regions_begin(scratch, n + 64), CU_OK);
    found.n = 0;
    assert_int_equal(cu_sweep(scratch, cu_bytes_of(text, n + 64), &found), CU_OK);
    for (size_t b = 0; b * 64 < n; b++)
        assert_true(scratch->hot[CU_DB_TOKEN][b / 64] >> (b % 64) & 1);
    free(text);
}

/* Neighbours behind a separator change nothing. */
static void a_finding_stands_by_itself(void **state)
{
    (void)state;
    static const char beside[] = "AKI" "A0123456789ABCDEF password key secret token 4111 1111 1111 1111 9f86d081884c7d659a2feaa0c55ad015";
    uint8_t text[4096];
    cu_findings alone = {0};
    for (size_t i = 0; i < rules.n; i++)
        for (size_t k = 0; k < rules.v[i].counter_examples_n; k++) {
            cu_bytes x = rules.v[i].counter_examples[k].text;
            size_t from = sizeof beside, inside = 0;
            if (x.n + 2 * sizeof beside > sizeof text)
                continue;
            memcpy(text, beside, from); /* with its NUL */
            memcpy(text + from, x.p, x.n);
            text[from + x.n] = CU_DETECT_SEPARATOR;
            memcpy(text + from + x.n + 1, beside, sizeof beside - 1);
            assert_int_equal(cu_detect(engine, scratch, x, &alone), CU_OK);
            assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(text, from + x.n + sizeof beside), &found), CU_OK);
            for (size_t v = 0; v < found.n; v++)
                inside += found.v[v].start >= from && found.v[v].end <= from + x.n;
            if (inside != alone.n)
                print_error("rule %s: %.*s: %zu findings alone, %zu beside others\n", rules.v[i].id, CU_FMT(x), alone.n, inside);
            assert_int_equal(inside, alone.n);
        }
    cu_findings_free(&alone);
}

static void expressions_are_understood(void **state)
{
    (void)state;
    static const struct { const char *pattern, *needles; uint32_t width, before; } cases[] = {
        {"(?:\\b|\\\\[nrt])(ghp_[A-Za-z0-9]{36})\\b", "ghp_", 42, 2},
        {"(?i)AccountKey\\s{0,2}=[a-f]+", "accountkey", CU_EXPR_ENDLESS, 0},
        {"x{2,3}(?:abc|abcd)", "abc", 7, 3},
        {"[0-9]{4}(?=x)secret\\.key", "secret.key", 14, 4},
        {"(?:foo|[a-z]{9})", "", 9, 0},
        {"a.c", "", 3, 0},
        {"[[]x]yz", "[x]yz", 5, 0},
        {"\\x41B{0}C?d\\$", "", 4, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena work CU_CLEAN_ARENA;
        cu_expr *x;
        cu_needles n;
        cu_arena_init(&work, 1u << 20);
        assert_int_equal(cu_expr_parse(cases[i].pattern, &work, &x), CU_OK);
        assert_int_equal(cu_expr_width(x), cases[i].width);
        cu_expr_needles(x, &n);
        if (!cases[i].needles[0]) {
            if (n.n)
                print_error("%s: %.*s\n", cases[i].pattern, n.length[0], (const char *)n.text[0]);
            continue;
        }
        assert_int_equal(n.n, 1);
        assert_memory_equal(n.text[0], cases[i].needles, strlen(cases[i].needles));
        assert_int_equal(n.before, cases[i].before);
    }
}

static void what_is_not_understood_is_said(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(a", "a)", "[a", "(?<=a)b", "(a)\\1", "*a", "\\pL", "[[:alpha:]]", "(?#x)a", "a\\"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        cu_arena work CU_CLEAN_ARENA;
        cu_expr *x;
        cu_arena_init(&work, 1u << 20);
        assert_int_equal(cu_expr_parse(patterns[i], &work, &x), CU_UNSUPPORTED);
    }
}

/* Every text drawn from a rule's own expression holds one of the literals it is looked for by. */
static void drawn_texts_hold_their_literals(void **state)
{
    (void)state;
    uint64_t draw = 42;
    for (size_t i = 0; i < engine->n; i++) {
        const cu_rule *r = engine->rules[i].rule;
        cu_arena work CU_CLEAN_ARENA;
        cu_needles n;
        cu_expr *x;
        cu_arena_init(&work, 8u << 20);
        if (engine->rules[i].group != CU_GROUP_LITERAL || !r->pattern)
            continue;
        bool word_begin, begins;
        assert_int_equal(cu_group_literals(r, &work, &n, &word_begin), CU_OK);
        assert_int_equal(cu_expr_parse(r->pattern, &work, &x), CU_OK);
        for (int k = 0; k < 50; k++) {
            uint8_t text[4096];
            size_t len = cu_expr_sample(x, &draw, text, sizeof text), at = len;
            for (size_t c = 0; c < len; c++)
                text[c] = text[c] >= 'A' && text[c] <= 'Z' ? text[c] + 32 : text[c];
            begins = !word_begin;
            for (size_t v = 0; v < n.n; v++) {
                size_t hit = cu_find(cu_bytes_of(text, len), cu_bytes_of(n.text[v], n.length[v]), 0);
                at = hit < at ? hit : at;
                begins |= hit < len && (!cu_alnum(n.text[v][0]) || hit == 0 || !cu_alnum(text[hit - 1]) || (hit > 1 && text[hit - 2] == '\\'));
            }
            if (at == len || at > n.before)
                print_error("rule %s: %.*s\n", r->id, (int)len, (const char *)text);
            assert_true(at < len && at <= n.before && begins);
        }
    }
}

/* Many places to look at, none of which is worth it. */
static void takes_no_longer_than_the_text(void **state)
{
    (void)state;
    linear_in("password token secret key ");
    linear_in("a1B2c3D4");
    linear_in("passwordpasswordpassword");
    linear_in("0000-");
    linear_in("Ada Ada_");
    survives_cuts("password=\"qT9 x\" 12345678901 AccountKey= :// \xc3\xa9 a@b.c");
}

static void small_texts_are_looked_at(void **state)
{
    (void)state;
    expect(CU_TYPE_EMAIL_ADDRESS, "[ada@firm.io]");
    expect_none(CU_TYPE_EMAIL_ADDRESS, "a@b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_are_the_same),
        cmocka_unit_test(places_are_the_same), cmocka_unit_test(no_token_is_passed_over),
        cmocka_unit_test(stops_and_numbers_are_where_they_are),
        cmocka_unit_test(findings_are_the_same),
        cmocka_unit_test(a_literal_is_found_everywhere),
        cmocka_unit_test(a_word_is_found_where_it_begins),
        cmocka_unit_test(tokens_are_marked),
        cmocka_unit_test(a_long_row_is_marked_to_its_end),
        cmocka_unit_test(a_finding_stands_by_itself),
        cmocka_unit_test(expressions_are_understood),
        cmocka_unit_test(what_is_not_understood_is_said),
        cmocka_unit_test(drawn_texts_hold_their_literals),
        cmocka_unit_test(takes_no_longer_than_the_text),
        cmocka_unit_test(small_texts_are_looked_at),
    };
    return cmocka_run_group_tests(tests, load, unload_all);
}
