/* restore(redact(x)) is x: for any text, in every API and place of it, however the answer is cut. The
 * texts are made at random from what is hard: quotes, escapes, escapes of escapes, line ends, control
 * characters, astral characters, beginnings of surrogates; the values that must not leave as well. */
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

#define ROUNDS 400
#define VALUES 6

static cu_arena known_arena;
static const cu_known *known;
static const uint8_t digest[32] = {1};
static const cu_surrogate_key key = {{7}, 'a'};
static uint64_t seed;

/* Quotes, backslashes and what looks like an escape; one without. */
static const char *const values[VALUES] = {"Zq7\"wNR!xF4k", "back\\slash\\9Q", "tail\\nQ77x\"", "it's`${8x}`Q1", "pl4in-Value-99", "\303\274ber\"9\\u0041Z"};

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static int load_known(void **state)
{
    static uint8_t records[VALUES * CU_KNOWN_RECORD], hash_key[32];
    if (load(state) != 0)
        return -1;
    cu_arena_init(&known_arena, 1u << 20);
    cu_known_key(key.key, hash_key);
    for (size_t i = 0; i < VALUES; i++)
        cu_known_record(hash_key, cu_str(values[i]), records + i * CU_KNOWN_RECORD);
    known = cu_known_open(hash_key, cu_bytes_of(records, sizeof records), &known_arena);
    return known ? 0 : -1;
}

static int unload_known(void **state)
{
    cu_arena_free(&known_arena);
    return unload(state);
}

/* quotes: values may stand in quotes of the text's own. */
static void random_text(cu_buf *b, bool quotes)
{
    static const char *const hard[] = {"\"", "\\", "\\\"", "\\n", "\\u0041", "\n", "\r\n", "\t", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "C", "CUSTOS_", "CUSTOS_MAIL_a",
                                       "{\"a\":\"", "\"}", "'", "`", "word ", "one line ", "x = ", " ", "\\\\", "/", "\\u00e9", "\xe2\x80\xa8"};
    for (unsigned n = 1 + pick(30); n > 0; n--) {
        if (pick(4) == 0) {
            const char *quote = quotes && pick(2) ? "\"" : " ";
            cu_buf_str(b, quote);
            cu_buf_str(b, values[pick(VALUES)]);
            cu_buf_str(b, quote);
        } else {
            const char *piece = hard[pick(sizeof hard / sizeof *hard)];
            if (quotes || !strpbrk(piece, "\"\\`'")) /* see below */
                cu_buf_str(b, piece);
        }
    }
}

typedef struct {
    cu_api api;
    const char *name;
    cu_stream_form form;
    bool args, code;
    const char *before, *after;           /* of the request, around a string */
    const char *event, *event_after;      /* of an answer's piece */
    const char *rest;                     /* behind the pieces */
    const char *whole, *whole_after;      /* an answer that is not streamed */
} shape;

#define CHAT "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
static const shape shapes[] = {
    {CU_API_ANTHROPIC, "messages", CU_STREAM_SSE, false, false, CHAT, "}]}",
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":", "}}\n\n",
     "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n", "{\"content\":[{\"type\":\"text\",\"text\":", "}]}"},
    {CU_API_OPENAI, "chat", CU_STREAM_SSE, false, false, CHAT, "}]}", "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"content\":", "},\"index\":2}]}\n\n",
     "data: {\"choices\":[{\"index\":2,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", "{\"choices\":[{\"message\":{\"content\":", "}}]}"},
    {CU_API_OPENAI, "chat arguments", CU_STREAM_SSE, true, false, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
     "\"function\":{\"name\":\"w\",\"arguments\":", "}}]}]}", "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":", "}}]}}]}\n\n",
     "data: [DONE]\n\n", "{\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{\"arguments\":", "}}]}}]}"},
    {CU_API_OPENAI, "responses", CU_STREAM_SSE, false, false, "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":", "}]}]}",
     "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":", "}\n\n",
     "data: {\"type\":\"response.completed\",\"response\":{}}\n\n", "{\"output\":[{\"content\":[{\"text\":", "}]}]}"},
    {CU_API_OPENAI, "responses arguments", CU_STREAM_SSE, true, false, "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"name\":\"w\",\"arguments\":", "}]}",
     "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":3,\"delta\":", "}\n\n", "data: {\"type\":\"response.completed\"}\n\n",
     "{\"output\":[{\"type\":\"function_call\",\"arguments\":", "}]}"},
    {CU_API_OPENAI, "responses program", CU_STREAM_SSE, false, true, "{\"model\":\"m\",\"input\":[{\"type\":\"custom_tool_call\",\"name\":\"exec\",\"input\":", "}]}",
     "data: {\"type\":\"response.custom_tool_call_input.delta\",\"output_index\":3,\"delta\":", "}\n\n", "data: {\"type\":\"response.completed\"}\n\n",
     "{\"output\":[{\"type\":\"custom_tool_call\",\"input\":", "}]}"},
    {CU_API_GEMINI, "gemini", CU_STREAM_SSE, false, false, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":", "}]}]}",
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":", "}],\"role\":\"model\"}}]}\r\n\r\n",
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":", "}]}}]}"},
    {CU_API_GEMINI, "gemini array", CU_STREAM_ARRAY, false, false, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":", "}]}]}",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":", "}],\"role\":\"model\"}}]}", "]\n", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":", "}]}}]}"},
};

/* The string in a body at its place, unescaped. */
static void string_at(cu_bytes body, const char *before, cu_buf *out)
{
    size_t from = strlen(before) + 1, end = from;
    while (end < body.n && body.p[end] != '"')
        end += body.p[end] == '\\' ? 2 : 1;
    cu_json_unescape(cu_slice(body, from, end), out);
}

static void redact(const shape *s, cu_bytes text, cu_arena *a, cu_redaction *r)
{
    static cu_buf body;
    cu_json_strings strings;
    cu_fault f = {0};
    cu_redact_with w = {.engine = engine, .scratch = scratch, .rules_digest = digest, .key = &key, .known = known};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = CU_ACT_REPLACE;
    cu_buf_free(&body);
    body = CU_BUF(1 << 20);
    cu_buf_str(&body, s->before);
    cu_buf_json_string(&body, text);
    cu_buf_str(&body, s->after);
    assert_int_equal(cu_json_walk(cu_buf_view(&body), a, &strings, &f), CU_OK);
    cu_shape_mark(s->api, false, cu_buf_view(&body), &strings);
    if (cu_redact_body(&w, cu_buf_view(&body), &strings, a, r, &f) != CU_OK)
        fail_msg("%s: %s", s->name, f.text);
    for (size_t i = 0; i < VALUES; i++)
        if (cu_find(r->body, cu_str(values[i]), 0) != (size_t)-1)
            fail_msg("%s: a value left: %.*s", s->name, CU_FMT(r->body));
}

/* The text in pieces of at most n bytes, never inside of a character. */
static void stream_of(const shape *s, cu_bytes text, unsigned n, cu_buf *out)
{
    cu_buf_str(out, s->form == CU_STREAM_ARRAY ? "[" : "");
    for (size_t i = 0, end; i < text.n || i == 0; i = end) {
        end = i + 1 + pick(n);
        end = end < text.n ? end : text.n;
        while (end < text.n && (text.p[end] & 0xc0) == 0x80)
            end++;
        cu_buf_str(out, s->form == CU_STREAM_ARRAY && i ? ",\r\n" : "");
        cu_buf_str(out, s->event);
        cu_buf_json_string(out, cu_slice(text, i, end));
        cu_buf_str(out, s->event_after);
        if (text.n == 0)
            break;
    }
    cu_buf_str(out, s->rest);
}

/* What a client puts together. */
static void assemble(const shape *s, cu_bytes stream, cu_buf *out)
{
    const char *mark = strrchr(s->event, '{');
    mark = strrchr(s->event, ',') > mark ? strrchr(s->event, ',') : mark; /* the last key of the event's beginning */
    mark++;
    for (size_t at = 0; (at = cu_find(stream, cu_str(mark), at)) != (size_t)-1;) {
        size_t from = at += strlen(mark) + 1, end = from;
        while (stream.p[end] != '"')
            end += stream.p[end] == '\\' ? 2 : 1;
        cu_json_unescape(cu_slice(stream, from, end), out);
        at = end;
    }
}

static void restore(const shape *s, const cu_issued_map *m, cu_bytes sent, cu_buf *text)
{
    cu_buf stream CU_CLEAN_BUF = CU_BUF(1 << 22), out CU_CLEAN_BUF = CU_BUF(1 << 24);
    cu_restorer *r;
    unsigned cut = 1 + pick(200);
    stream_of(s, sent, 1 + pick(50), &stream);
    assert_int_equal(cu_restorer_new(m, s->api, s->form, &r), CU_OK);
    for (size_t i = 0; i < stream.n; i += cut)
        assert_int_equal(cu_restorer_feed(r, cu_slice(cu_buf_view(&stream), i, i + cut < stream.n ? i + cut : stream.n), &out), CU_OK);
    assert_int_equal(cu_restorer_end(r, &out), CU_OK);
    cu_restorer_free(r);
    assemble(s, cu_buf_view(&out), text);
    if (s->form == CU_STREAM_ARRAY) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings all;
        cu_arena_init(&a, 16u << 20);
        assert_int_equal(cu_json_walk(cu_buf_view(&out), &a, &all, NULL), CU_OK);
    }
}

static void restore_whole(const shape *s, const cu_issued_map *m, cu_bytes sent, cu_buf *text)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1 << 22), room CU_CLEAN_BUF = CU_BUF(1 << 24);
    cu_bytes out;
    cu_answer facts;
    cu_buf_str(&body, s->whole);
    cu_buf_json_string(&body, sent);
    cu_buf_str(&body, s->whole_after);
    assert_int_equal(cu_restore_json(m, s->api, cu_buf_view(&body), &room, &out, &facts), CU_OK);
    string_at(out, s->whole, text);
}

static void same(const shape *s, const char *what, cu_bytes got, cu_bytes want, uint64_t began)
{
    if (!cu_eq(got, want))
        fail_msg("%s, %s, seed %llu:\nwant %.*s\ngot  %.*s", s->name, what, (unsigned long long)began, CU_FMT(want), CU_FMT(got));
}

/* Text that stands in the string as it is, as arguments, as JSON in the text, or as a program. */
static void wrap(const shape *s, unsigned how, cu_bytes x, cu_buf *out)
{
    if (s->args || how == 1) {
        cu_buf_str(out, "{\"path\":\"a.txt\",\"content\":");
        cu_buf_json_string(out, x);
        cu_buf_byte(out, '}');
    } else if (s->code) {
        cu_buf_str(out, "tools.write(");
        cu_buf_json_string(out, x);
        cu_buf_str(out, ");");
    } else {
        cu_buf_add(out, x);
    }
}

static void comes_back(const shape *s, unsigned how)
{
    uint64_t began = seed;
    cu_arena a CU_CLEAN_ARENA;
    cu_redaction r;
    cu_buf x CU_CLEAN_BUF = CU_BUF(1 << 16), text CU_CLEAN_BUF = CU_BUF(1 << 18), sent CU_CLEAN_BUF = CU_BUF(1 << 18);
    cu_buf streamed CU_CLEAN_BUF = CU_BUF(1 << 20), whole CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_arena_init(&a, 64u << 20);
    random_text(&x, true);
    wrap(s, how, cu_buf_view(&x), &text);
    redact(s, cu_buf_view(&text), &a, &r);
    string_at(r.body, s->before, &sent);
    restore(s, &r.issued, cu_buf_view(&sent), &streamed);
    same(s, how ? "JSON, streamed" : "streamed", cu_buf_view(&streamed), cu_buf_view(&text), began);
    restore_whole(s, &r.issued, cu_buf_view(&sent), &whole);
    same(s, how ? "JSON, whole" : "whole", cu_buf_view(&whole), cu_buf_view(&text), began);
}

static void any_text_comes_back(void **state)
{
    seed = 88172645463325252ull;
    for (unsigned i = 0; i < ROUNDS; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
            for (unsigned how = 0; how < 2; how++)
                comes_back(&shapes[k], how);
}

/* What was read as text is written by a tool: the value reads the same in the file. Texts without quotes
 * of their own: in those nobody can say whether a quote is one of a program. */
static void what_was_text_is_right_in_a_tool(void **state)
{
    seed = 362436069362436069ull;
    for (unsigned i = 0; i < ROUNDS; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            const shape *s = &shapes[k];
            if (!s->args && !s->code)
                continue;
            uint64_t began = seed;
            cu_arena a CU_CLEAN_ARENA;
            cu_redaction r;
            cu_buf x CU_CLEAN_BUF = CU_BUF(1 << 16), text CU_CLEAN_BUF = CU_BUF(1 << 18), sent CU_CLEAN_BUF = CU_BUF(1 << 18);
            cu_buf call CU_CLEAN_BUF = CU_BUF(1 << 18), got CU_CLEAN_BUF = CU_BUF(1 << 20), want CU_CLEAN_BUF = CU_BUF(1 << 18);
            cu_arena_init(&a, 64u << 20);
            random_text(&x, false);
            unsigned how = pick(2); /* read from text, or from a result that is JSON */
            wrap(&shapes[1], how, cu_buf_view(&x), &text);
            redact(&shapes[1], cu_buf_view(&text), &a, &r);
            string_at(r.body, shapes[1].before, &sent);
            if (how) { /* the model reads what the JSON says */
                cu_buf inner CU_CLEAN_BUF = CU_BUF(1 << 18);
                string_at(cu_buf_view(&sent), "{\"path\":\"a.txt\",\"content\":", &inner);
                cu_buf_reset(&sent);
                cu_buf_add(&sent, cu_buf_view(&inner));
            }
            wrap(s, 0, cu_buf_view(&sent), &call);
            restore(s, &r.issued, cu_buf_view(&call), &got);
            string_at(cu_buf_view(&got), s->args ? "{\"path\":\"a.txt\",\"content\":" : "tools.write(", &want);
            same(s, how ? "from JSON" : "from text", cu_buf_view(&want), cu_buf_view(&x), began);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_text_comes_back), cmocka_unit_test(what_was_text_is_right_in_a_tool)};
    return cmocka_run_group_tests_name("shapes", tests, load_known, unload_known);
}
