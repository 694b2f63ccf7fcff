/* A turn whose beginning is known is redacted to the byte as one of which nothing is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "../shipped_rules.h"
#include "redact/redact.h"
#include "wire/shape.h"

static const uint8_t digest[32] = {1}, begun_digest[32] = {2};
static cu_surrogate_key key = {{7}, 'a'};
static void *region, *memo_region;
static cu_begun_memo *begun;
static cu_memo *memo;
static unsigned found_again;

#define REGION ((size_t)2 << 20)

static int fresh(void **state)
{
    region = calloc(1, REGION);
    memo_region = calloc(1, 1 << 20);
    begun = cu_begun_init(region, REGION);
    memo = cu_memo_init(memo_region, 1 << 20);
    found_again = 0;
    return 0;
}

static int gone(void **state)
{
    free(region);
    free(memo_region);
    return 0;
}

/* As the gateway does it; with nothing remembered when `from_scratch`. */
static cu_err redact(cu_bytes body, bool from_scratch, uint32_t tenant, cu_arena *a, cu_redaction *r)
{
    cu_json_strings s;
    cu_json_places places;
    cu_fault f = {0};
    cu_redact_with w = {.engine = engine, .scratch = scratch, .rules_digest = digest, .key = &key, .tenant = tenant};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = CU_ACT_REPLACE;
    if (!from_scratch) {
        w.memo = memo;
        w.begun_memo = begun;
        w.begun_digest = begun_digest;
        w.begun = cu_begun_find(begun, memo, tenant, begun_digest, body, a);
        w.places = &places;
        found_again += w.begun != NULL;
    }
    CU_TRY(cu_json_walk_on(body, w.begun ? &w.begun->place : NULL, w.begun ? w.begun->strings : NULL, a, &s, &places, &f));
    cu_shape_mark(CU_API_ANTHROPIC, false, body, &s);
    return cu_redact_body(&w, body, &s, a, r, &f);
}

static void same(const cu_redaction *x, const cu_redaction *y)
{
    assert_true(cu_eq(x->body, y->body));
    assert_memory_equal(x->digest.b, y->digest.b, sizeof x->digest.b);
    assert_memory_equal(x->count, y->count, sizeof x->count);
    assert_int_equal(x->replaced, y->replaced);
    assert_int_equal(x->blocked, y->blocked);
    assert_int_equal(x->issued.n, y->issued.n);
    assert_int_equal(x->marks_n, y->marks_n);
    for (uint32_t i = 0; i < x->marks_n; i++)
        assert_int_equal(x->marks[i].at, y->marks[i].at);
    for (size_t i = 0; i < x->issued.n; i++) { /* in whatever order */
        const cu_issued *other = cu_issued_find(&y->issued, (const uint8_t *)x->issued.v[i].surrogate);
        assert_non_null(other);
        assert_true(cu_eq(other->value, x->issued.v[i].value) && cu_eq(other->plain, x->issued.v[i].plain));
        assert_int_equal(other->places, x->issued.v[i].places);
    }
}

static void both(cu_bytes body)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction known, scratch_one;
    cu_arena_init(&a, 64u << 20);
    cu_err e = redact(body, true, 0, &a, &scratch_one);
    assert_int_equal(redact(body, false, 0, &a, &known), e);
    if (e == CU_OK)
        same(&scratch_one, &known);
}

static const char *const lines[] = {
    "int main(void) { return 0; } // plain code \\ with \"quotes\" and a tab\t",
    "mail ada.lovelace@example-mail.org about it",
    "mail alan.turing@example-mail.org, and again alan.turing@example-mail.org",
    "api_key = \"~\"",
    "the word ~ stands here without a name",
    "{\"password\": \"~\", \"to\": \"grace@example-mail.org\"}",
    "line \\n with escapes \\\"mary@example-mail.org\\\" written out",
    "card 4111111111111111 and \xc3\xa9t\xc3\xa9",
};
#define LINES (sizeof lines / sizeof *lines)

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* One of a few secrets that are made at run time. */
static const char *secret(uint32_t which)
{
    static char text[3][24];
    for (uint32_t i = 0; i < 3; i++)
        snprintf(text[i], sizeof text[i], "q%uZ8%cw3Rx%uLpT7v%c", 3 + i, 'k' + (char)i, 9 - i, 'B' + (char)i);
    return text[which % 3];
}

static void add_message(cu_buf *b, uint32_t *seed, size_t bytes)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(1 << 20);
    while (text.n < bytes) {
        uint32_t d = draw(seed);
        const char *form = lines[d % 7 ? d % 2 : draw(seed) % LINES]; /* values come seldom */
        for (; *form; form++) /* ~ stands for a secret */
            if (*form == '~')
                cu_buf_str(&text, secret(draw(seed)));
            else
                cu_buf_byte(&text, (uint8_t)*form);
        cu_buf_byte(&text, '\n');
    }
    cu_buf_str(b, "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":");
    cu_buf_json_string(b, cu_buf_view(&text));
    cu_buf_fmt(b, "},{\"type\":\"tool_use\",\"name\":\"run\",\"input\":{\"password\":\"%s\",\"n\":%u}}]}", draw(seed) % 5 ? "none" : secret(draw(seed)), draw(seed));
}

static void a_conversation_grows(void **state)
{
    for (uint32_t round = 1; round <= 12; round++) {
        uint32_t seed = round * 7919;
        cu_buf talk CU_CLEAN_BUF = CU_BUF(1 << 20);
        for (int turn = 0; turn < 14; turn++) {
            cu_buf body CU_CLEAN_BUF = CU_BUF(1 << 20);
            if (turn)
                cu_buf_byte(&talk, ',');
            add_message(&talk, &seed, draw(&seed) % 4000 + (turn ? 0 : 18000));
            cu_buf_str(&body, "{\"model\":\"m\",\"messages\":[");
            cu_buf_add(&body, cu_buf_view(&talk));
            cu_buf_fmt(&body, "],\"metadata\":{\"turn\":\"number %d\"}}", turn);
            both(cu_buf_view(&body));
        }
    }
    assert_true(found_again > 100); /* of 168: all but the first turns */
}

/* What comes to light in a new turn may stand in what is known. */
static void a_new_secret_is_found_in_old_messages(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint32_t seed = 5;
    cu_buf_fmt(&b, "{\"messages\":[{\"content\":\"say %s aloud\"},", secret(1));
    for (int i = 0; i < 8; i++) {
        cu_buf_fmt(&b, "{\"content\":\"");
        for (int k = 0; k < 400; k++)
            cu_buf_fmt(&b, "word%u ", draw(&seed) % 50);
        cu_buf_fmt(&b, "%d\"},", i);
    }
    size_t until = b.n;
    cu_buf_str(&b, "{\"content\":\"one\"},{\"content\":\"more\"}]}");
    both(cu_buf_view(&b));
    both(cu_buf_view(&b));
    assert_int_equal(found_again, 1);
    b.n = until;
    cu_buf_fmt(&b, "{\"content\":\"one\"},{\"content\":\"api_key = '%s'\"}]}", secret(1));
    both(cu_buf_view(&b));
    assert_int_equal(found_again, 2);
    cu_arena_init(&a, 16u << 20);
    assert_int_equal(redact(cu_buf_view(&b), false, 0, &a, &r), CU_OK);
    assert_true(cu_find(r.body, cu_str(secret(1)), 0) == (size_t)-1);
    assert_int_equal(r.replaced, 2);
}

/* The tenant's key changes: other surrogates stand where others stood. */
static void a_new_key_is_not_taken_for_the_one_before(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint32_t seed = 21;
    cu_buf_str(&b, "{\"messages\":[");
    for (int i = 0; i < 7; i++)
        add_message(&b, &seed, 4000), cu_buf_byte(&b, ',');
    cu_buf_str(&b, "{\"content\":\"last\"}]}");
    both(cu_buf_view(&b));
    key = (cu_surrogate_key){{8}, 'b'};
    both(cu_buf_view(&b));
    key = (cu_surrogate_key){{7}, 'a'};
    assert_int_equal(found_again, 1);
}

static void card(char out[17])
{
    unsigned sum = 0;
    snprintf(out, 17, "4%s%s", "5713904", "2286537"); /* invented; the last digit makes the checksum */
    for (size_t i = 0; i < 15; i++) {
        unsigned d = (unsigned)(out[i] - '0') * (i % 2 ? 1 : 2);
        sum += d > 9 ? d - 9 : d;
    }
    out[15] = (char)('0' + (10 - sum % 10) % 10);
    out[16] = 0;
}

/* A number cannot be replaced: as soon as it is known for what it is, the request is refused, in whatever turn
 * it was sent first. */
static void what_cannot_be_replaced_in_old_messages_is_refused(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint32_t seed = 3;
    char number[17];
    card(number);
    cu_buf_fmt(&b, "{\"messages\":[{\"content\":\"see\",\"n\":%s},", number);
    for (int i = 0; i < 6; i++) {
        add_message(&b, &seed, 4000);
        cu_buf_byte(&b, ',');
    }
    size_t until = b.n;
    cu_buf_str(&b, "{\"content\":\"one\"},{\"content\":\"more\"}]}");
    both(cu_buf_view(&b));
    both(cu_buf_view(&b));
    assert_int_equal(found_again, 1);
    b.n = until;
    cu_buf_fmt(&b, "{\"content\":\"one\"},{\"content\":\"my card is %s\"}]}", number);
    cu_arena_init(&a, 64u << 20);
    assert_int_equal(redact(cu_buf_view(&b), true, 0, &a, &r), CU_DENIED);
    assert_int_equal(redact(cu_buf_view(&b), false, 0, &a, &r), CU_DENIED);
    assert_int_equal(found_again, 2);
}

/* Neither another tenant's, nor one that differs in any byte. */
static void only_the_same_bytes_are_known(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint32_t seed = 11;
    cu_buf_str(&b, "{\"messages\":[");
    for (int i = 0; i < 9; i++) {
        if (i)
            cu_buf_byte(&b, ',');
        add_message(&b, &seed, 3000);
    }
    cu_buf_str(&b, "]}");
    both(cu_buf_view(&b));
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 64u << 20);
    const cu_begun *known = cu_begun_find(begun, memo, 0, begun_digest, cu_buf_view(&b), &a);
    assert_non_null(known);
    assert_null(cu_begun_find(begun, memo, 1, begun_digest, cu_buf_view(&b), &a));
    assert_null(cu_begun_find(begun, memo, 0, digest, cu_buf_view(&b), &a));
    uint32_t end = known->place.at;
    for (size_t i = 0; i < end; i += i < 64 || i + 64 > end ? 1 : 97) {
        b.p[i] ^= 1;
        const cu_begun *other = cu_begun_find(begun, memo, 0, begun_digest, cu_buf_view(&b), &a);
        assert_true(!other || other->place.at <= i);
        b.p[i] ^= 1;
    }
    assert_null(cu_begun_find(begun, memo, 0, begun_digest, cu_slice(cu_buf_view(&b), 0, CU_BEGUN_MIN - 1), &a));
}

/* More of them than there is room for: the newest are known. */
static void what_was_not_used_for_longest_makes_room(void **state)
{
    unsigned known = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < 40; i++) {
            cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
            uint32_t seed = 100 + (pass ? 39 - i : i);
            cu_buf_str(&b, "{\"messages\":[");
            add_message(&b, &seed, 20000);
            cu_buf_str(&b, ",{\"content\":\"last\"}]}");
            both(cu_buf_view(&b));
            known = pass && i < 10 ? found_again : known;
        }
    assert_int_equal(known, 10);
    assert_true(found_again < 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_conversation_grows, fresh, gone),
        cmocka_unit_test_setup_teardown(a_new_secret_is_found_in_old_messages, fresh, gone),
        cmocka_unit_test_setup_teardown(a_new_key_is_not_taken_for_the_one_before, fresh, gone),
        cmocka_unit_test_setup_teardown(what_cannot_be_replaced_in_old_messages_is_refused, fresh, gone),
        cmocka_unit_test_setup_teardown(only_the_same_bytes_are_known, fresh, gone),
        cmocka_unit_test_setup_teardown(what_was_not_used_for_longest_makes_room, fresh, gone),
    };
    return cmocka_run_group_tests_name("redact/begun", tests, load, unload);
}
