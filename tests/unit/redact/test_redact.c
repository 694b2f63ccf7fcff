/* What leaves holds no value, and what comes back is byte for byte what was sent, however the
 * stream is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "../shipped_rules.h"
#include "redact/redact.h"
#include "redact/restore.h"
#include "redact/session.h"
#include "wire/shape.h"

static const uint8_t digest[32] = {1};
static const cu_surrogate_key key = {{7}, 'a'};

#define MAIL "ada.lovelace@example.org"
#define TEXT "mail " MAIL "\nsee \"http://bob:s3cr\\\\et" "pw@db.internal.example.com/x\" \xc3\xa9 end"

static cu_redact_with with(cu_memo *memo)
{
    cu_redact_with w = {.engine = engine, .scratch = scratch, .memo = memo, .rules_digest = digest, .key = &key};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = CU_ACT_REPLACE;
    return w;
}

static void redact(cu_bytes body, cu_memo *memo, cu_arena *a, cu_redaction *r)
{
    cu_json_strings s;
    cu_fault f = {0};
    cu_redact_with w = with(memo);
    assert_int_equal(cu_json_walk(body, a, &s, &f), CU_OK);
    cu_shape_mark(CU_API_ANTHROPIC, false, body, &s);
    assert_int_equal(cu_redact_body(&w, body, &s, a, r, &f), CU_OK);
}

static void body_of(cu_buf *b, const char *text)
{
    cu_buf_str(b, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":");
    cu_buf_json_string(b, cu_str(text));
    cu_buf_str(b, "}]}");
}

static void no_finding_no_change(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_bytes body = CU_LIT("{ \"model\":\"m\",\"messages\":[ {\"content\":\"nothing \\u0068ere\"} ] }");
    cu_arena_init(&a, 16u << 20);
    redact(body, NULL, &a, &r);
    assert_ptr_equal(r.body.p, body.p);
    assert_false(r.changed);
}

static void a_name_in_a_key_of_its_own_is_context(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_bytes body = CU_LIT("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
                           "\"id\":\"t\",\"name\":\"login\",\"input\":{\"user\":\"bob\",\"db_password\":\"hor5e-b4ttery\","
                           "\"note\":\"it was hor5e-b4ttery\"}}]}]}");
    cu_arena_init(&a, 16u << 20);
    redact(body, NULL, &a, &r);
    assert_int_equal(cu_find(r.body, CU_LIT("hor5e"), 0), (size_t)-1);
    assert_int_equal(r.replaced, 2);
    assert_int_equal(r.issued.n, 1);
}

/* The secret is replaced as such, and what is left of the address around it as well. */
static void of_two_that_overlap_nothing_is_left(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_arena_init(&a, 16u << 20);
    body_of(&b, "see gh" "p_abcdefGHIJ0123456789abcdefGHIJ012345.lovelace@customer-mail.org now");
    redact(cu_buf_view(&b), NULL, &a, &r);
    assert_int_equal(cu_find(r.body, CU_LIT("GHIJ"), 0), (size_t)-1);
    assert_int_equal(cu_find(r.body, CU_LIT("lovelace"), 0), (size_t)-1);
    assert_int_equal(cu_find(r.body, CU_LIT("customer"), 0), (size_t)-1);
    assert_true(cu_find(r.body, CU_LIT(" now"), 0) != (size_t)-1);
}

static void a_whole_answer_comes_back(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536), back CU_CLEAN_BUF = CU_BUF(65536);
    cu_bytes out;
    cu_answer facts;
    cu_arena_init(&a, 16u << 20);
    body_of(&b, TEXT);
    redact(cu_buf_view(&b), NULL, &a, &r);
    assert_true(r.replaced >= 2);
    assert_true(cu_find(r.body, CU_LIT(MAIL), 0) == (size_t)-1);
    assert_true(cu_find(r.body, CU_LIT("etpw"), 0) == (size_t)-1);
    assert_int_equal(cu_restore_json(&r.issued, CU_API_ANTHROPIC, r.body, &back, &out, &facts), CU_OK);
    assert_true(cu_eq(out, cu_buf_view(&b)));
}

static void the_memo_changes_nothing_but_the_work(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction first, second;
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    char text[1700];
    void *room = calloc(1, 1 << 20);
    cu_memo *m = cu_memo_init(room, 1 << 20);
    cu_arena_init(&a, 16u << 20);
    memset(text, ' ', sizeof text);
    memcpy(text + 1200, TEXT, sizeof TEXT);
    body_of(&b, text);
    redact(cu_buf_view(&b), m, &a, &first);
    redact(cu_buf_view(&b), m, &a, &second);
    assert_true(cu_eq(first.body, second.body));
    assert_int_equal(first.memo_bytes, 0);
    assert_true(second.memo_bytes > 1200);
    free(room);
}

/* docs/formats/leaf.md, body_commit, worked out from what was forwarded alone. */
static void digest_as_described(cu_bytes body, cu_arena *a, cu_sha256 *out)
{
    cu_json_strings s;
    cu_buf t CU_CLEAN_BUF = CU_BUF(1 << 20);
    size_t from = 0;
    assert_int_equal(cu_json_walk(body, a, &s, NULL), CU_OK);
    for (size_t i = 0; i < s.n; i++) {
        cu_sha256 one;
        if (s.v[i].end - s.v[i].start < 1024)
            continue;
        cu_sha256_of(cu_slice(body, s.v[i].start, s.v[i].end), &one);
        cu_buf_add(&t, cu_slice(body, from, s.v[i].start));
        cu_buf_byte(&t, 0xff);
        cu_buf_put(&t, one.b, sizeof one.b);
        from = s.v[i].end;
    }
    cu_buf_add(&t, cu_slice(body, from, body.n));
    cu_sha256_of(cu_buf_view(&t), out);
}

/* Strings around the limit, clean and not, with the memo empty and full. */
static void the_record_commits_to_what_was_forwarded(void **state)
{
    (void)state;
    void *room = calloc(1, 1 << 20);
    cu_memo *m = cu_memo_init(room, 1 << 20);
    for (size_t n = 900; n < 1300; n += 7)
        for (int with = 0; with < 6; with++) {
            cu_arena a CU_CLEAN_ARENA;
            cu_redaction r;
            cu_sha256 want;
            cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
            char text[1400];
            cu_arena_init(&a, 16u << 20);
            memset(text, ' ', sizeof text);
            text[n] = 0;
            if (with & 1) /* longer than its surrogate, and shorter */
                memcpy(text + n / 2, MAIL " b@x.io", sizeof MAIL + 6);
            body_of(&b, text);
            redact(cu_buf_view(&b), with > 1 ? m : NULL, &a, &r);
            assert_int_equal(r.changed, with & 1);
            digest_as_described(r.body, &a, &want);
            assert_memory_equal(r.digest.b, want.b, sizeof want.b);
        }
    free(room);
}

/* A stream that sends the redacted text in deltas of `piece` bytes of its JSON form. */
static void stream_of(cu_buf *b, cu_bytes text, size_t piece, bool tool)
{
    cu_buf_str(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
                  "{\"input_tokens\":12,\"output_tokens\":1}}}\n\n");
    for (size_t i = 0, end; i < text.n; i = end) {
        end = i + piece < text.n ? i + piece : text.n;
        while (end < text.n && (text.p[end] & 0xc0) == 0x80)
            end++;
        cu_buf_fmt(b, "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":3,"
                      "\"delta\":{\"type\":\"%s\",\"%s\":", tool ? "input_json_delta" : "text_delta",
                   tool ? "partial_json" : "text");
        cu_buf_json_string(b, cu_slice(text, i, end));
        cu_buf_str(b, "}}\r\n\r\n");
    }
    cu_buf_str(b, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n"
                  "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":"
                  "{\"output_tokens\":77}}\n\ndata: {\"type\":\"message_stop\"}\n\n");
}

/* The text that a client puts together from a stream. */
static void assemble(cu_bytes stream, const char *name, cu_buf *text)
{
    for (size_t at = 0; (at = cu_find(stream, cu_str(name), at)) != (size_t)-1;) {
        size_t from = at += strlen(name), end = from;
        while (stream.p[end] != '"')
            end += stream.p[end] == '\\' ? 2 : 1;
        cu_json_unescape(cu_slice(stream, from, end), text);
    }
}

static void restore_stream(const cu_issued_map *m, cu_bytes stream, size_t split, cu_buf *out, cu_answer *facts)
{
    cu_restorer *r;
    assert_int_equal(cu_restorer_new(m, CU_API_ANTHROPIC, CU_STREAM_SSE, &r), CU_OK);
    for (size_t i = 0; i < stream.n; i += split) {
        size_t end = i + split < stream.n ? i + split : stream.n;
        assert_int_equal(cu_restorer_feed(r, cu_slice(stream, i, end), out), CU_OK);
    }
    assert_int_equal(cu_restorer_end(r, out), CU_OK);
    *facts = *cu_restorer_answer(r);
    cu_restorer_free(r);
}

static void check_stream(bool tool)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_json_string whole = {0, sizeof TEXT - 1, 0, UINT32_MAX, 0};
    const cu_json_strings one = {&whole, 1};
    cu_redact_with w = with(NULL);
    cu_fault f;
    cu_buf sent CU_CLEAN_BUF = CU_BUF(65536), want CU_CLEAN_BUF = CU_BUF(65536);
    cu_arena_init(&a, 16u << 20);
    w.text_only = true;
    assert_int_equal(cu_redact_body(&w, CU_LIT(TEXT), &one, &a, &r, &f), CU_OK);
    if (tool) {
        cu_buf_json_string(&sent, r.body);
        cu_buf_json_string(&want, CU_LIT(TEXT));
    } else {
        cu_buf_add(&sent, r.body);
        cu_buf_add(&want, CU_LIT(TEXT));
    }
    for (size_t piece = 1; piece < 60; piece++) {
        cu_buf stream CU_CLEAN_BUF = CU_BUF(1 << 20), out CU_CLEAN_BUF = CU_BUF(1 << 20);
        cu_buf text CU_CLEAN_BUF = CU_BUF(65536);
        cu_answer facts;
        stream_of(&stream, cu_buf_view(&sent), piece, tool);
        restore_stream(&r.issued, cu_buf_view(&stream), piece % 7 == 0 ? 1 : 13 * piece, &out, &facts);
        assemble(cu_buf_view(&out), tool ? "\"partial_json\":\"" : "\"text\":\"", &text);
        if (!cu_eq(cu_buf_view(&text), cu_buf_view(&want)))
            fail_msg("pieces of %zu: %s", piece, cu_buf_cstr(&text));
        assert_int_equal(facts.input_tokens, 12);
        assert_int_equal(facts.output_tokens, 77);
        assert_true(facts.complete);
    }
}

static void text_comes_back_at_every_cut(void **state)
{
    check_stream(false);
}

static void tool_input_comes_back_at_every_cut(void **state)
{
    check_stream(true);
}

static void without_values_the_stream_is_untouched(void **state)
{
    cu_buf stream CU_CLEAN_BUF = CU_BUF(1 << 20), out CU_CLEAN_BUF = CU_BUF(1 << 20);
    const cu_issued_map none = {0};
    cu_answer facts;
    stream_of(&stream, CU_LIT("some CUSTOS_MAIL text, C"), 3, false);
    restore_stream(&none, cu_buf_view(&stream), 5, &out, &facts);
    assert_true(cu_eq(cu_buf_view(&out), cu_buf_view(&stream)));
}

static void surrogates_are_stable_and_checked(void **state)
{
    char a[CU_SURROGATE_LEN], b[CU_SURROGATE_LEN];
    cu_surrogate_make(&key, CU_TYPE_EMAIL_ADDRESS, CU_LIT(MAIL), a);
    cu_surrogate_make(&key, CU_TYPE_EMAIL_ADDRESS, CU_LIT(MAIL), b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(cu_surrogate_valid((const uint8_t *)a));
    for (size_t i = 0; i < sizeof a; i++) {
        a[i] ^= 1;
        assert_false(cu_surrogate_valid((const uint8_t *)a));
        a[i] ^= 1;
    }
}

/* What was found once may stand nowhere in what leaves, in no escaped form; where it cannot be replaced
 * the request is refused. */
static void nothing_is_left_anywhere(void **state)
{
    static const struct {
        const char *body;
        cu_err want;
    } cases[] = {
        {"{\"model\":\"m\",\"messages\":[{\"content\":\"card 4111111111111111 ok\"},{\"content\":\"{\\\"a\\\":\\\"x4111111111111111\\\"}\"}]}", CU_OK},
        {"{\"model\":\"m\",\"messages\":[{\"content\":\"card 4111111111111111\"}],\"n\":4111111111111111}", CU_DENIED},
        {"{\"model\":\"m\",\"messages\":[{\"content\":\"card 4111111111111111\"}],\"n\":14111111111111111}", CU_OK},
        {"{\"model\":\"m\",\"messages\":[{\"content\":\"db_password = 's3cr\\\"et9\\\\x" "7Q'\"},"
         "{\"content\":\"run('s3cr\\\\\\\"et9\\\\\\\\x7Q')\"}]}", CU_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_redaction r;
        cu_json_strings s;
        cu_fault f = {0};
        cu_redact_with w = with(NULL);
        cu_arena_init(&a, 16u << 20);
        assert_int_equal(cu_json_walk(cu_str(cases[i].body), &a, &s, &f), CU_OK);
        cu_shape_mark(CU_API_ANTHROPIC, false, cu_str(cases[i].body), &s);
        assert_int_equal(cu_redact_body(&w, cu_str(cases[i].body), &s, &a, &r, &f), cases[i].want);
        if (cases[i].want == CU_OK && (cu_find(r.body, CU_LIT(" 4111"), 0) != (size_t)-1 || cu_find(r.body, CU_LIT("et9"), 0) != (size_t)-1))
            fail_msg("left: %.*s", CU_FMT(r.body));
    }
}

static void a_session_is_kept_for_its_tenant_and_bounded(void **state)
{
    static const cu_surrogate_key other = {{8}, 'a'};
    size_t size = 200 * CU_SESSION_BYTES;
    void *room = calloc(1, size);
    cu_sessions *s = cu_sessions_init(room, size);
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_issued_map back = {0};
    char id[32];
    cu_arena_init(&a, 16u << 20);
    body_of(&b, TEXT);
    redact(cu_buf_view(&b), NULL, &a, &r);
    assert_int_equal(cu_session_keep(s, &key, CU_LIT("resp_1"), &r.issued), CU_OK);
    assert_int_equal(cu_find(cu_bytes_of(room, size), CU_LIT("lovelace"), 0), (size_t)-1);
    assert_int_equal(cu_session_recall(s, &other, CU_LIT("resp_1"), &back, &a), CU_NOT_FOUND);
    assert_int_equal(cu_session_recall(s, &key, CU_LIT("resp_2"), &back, &a), CU_NOT_FOUND);
    assert_int_equal(cu_session_recall(s, &key, CU_LIT("resp_1"), &back, &a), CU_OK);
    assert_int_equal(back.n, r.issued.n);
    for (size_t i = 0; i < r.issued.n; i++) {
        const cu_issued *it = cu_issued_find(&back, (const uint8_t *)r.issued.v[i].surrogate);
        assert_non_null(it);
        assert_true(cu_eq(it->value, r.issued.v[i].value) && it->places == r.issued.v[i].places);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "resp_x%d", i);
        assert_int_equal(cu_session_keep(s, &key, cu_str(id), &r.issued), CU_OK);
    }
    assert_int_equal(cu_session_recall(s, &key, cu_str(id), &back, &a), CU_OK);
    assert_int_equal(cu_session_recall(s, &key, CU_LIT("resp_1"), &back, &a), CU_NOT_FOUND);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_finding_no_change),
        cmocka_unit_test(a_name_in_a_key_of_its_own_is_context),
        cmocka_unit_test(of_two_that_overlap_nothing_is_left), cmocka_unit_test(a_whole_answer_comes_back),
        cmocka_unit_test(the_memo_changes_nothing_but_the_work),
        cmocka_unit_test(the_record_commits_to_what_was_forwarded),
        cmocka_unit_test(text_comes_back_at_every_cut), cmocka_unit_test(tool_input_comes_back_at_every_cut),
        cmocka_unit_test(without_values_the_stream_is_untouched),
        cmocka_unit_test(surrogates_are_stable_and_checked),
        cmocka_unit_test(nothing_is_left_anywhere), cmocka_unit_test(a_session_is_kept_for_its_tenant_and_bounded),
    };
    return cmocka_run_group_tests_name("redact", tests, load, unload);
}
