#include "sink_reply.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)256 << 20)
#define ECHO_MAX ((size_t)64 << 10)
#define PIECE 7u /* characters, so that every surrogate is cut somewhere */

typedef struct {
    const char *model;
    bool stream, array; /* array: a stream that is one JSON array */
    cu_bytes text;
    cu_buf *out;
} answer;

/* --- what was asked --- */

static void add_text(json_t *t, cu_buf *out)
{
    if (json_is_string(t))
        cu_buf_add(out, cu_bytes_of(json_string_value(t), json_string_length(t)));
}

/* A string, or the texts of a list of parts. */
static void add_content(json_t *content, cu_buf *out)
{
    size_t i;
    json_t *part;
    add_text(content, out);
    json_array_foreach(content, i, part) {
        add_text(part, out);
        add_text(json_object_get(part, "text"), out);
        add_text(json_object_get(part, "content"), out); /* of a tool's result */
    }
}

/* The text of the last message, as far as it is text; each API has its own name for the list. */
static void last_text(json_t *body, cu_buf *out)
{
    static const char *const lists[] = {"messages", "input", "contents", "prompt"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *list = json_object_get(body, lists[i]);
        json_t *last = json_array_get(list, json_array_size(list) - 1);
        add_text(list, out);
        add_text(last, out);
        add_content(json_object_get(last, "content"), out);
        add_content(json_object_get(last, "parts"), out);
        add_text(json_object_get(last, "output"), out);
    }
    if (out->n > ECHO_MAX)
        out->n = ECHO_MAX;
    while (out->n && !cu_utf8_valid(cu_buf_view(out), NULL))
        out->n--;
}

/* --- pieces of the answer --- */

/* Up to PIECE characters of the text from *at; false at its end. */
static bool next_piece(const answer *a, size_t *at, cu_bytes *piece)
{
    size_t from = *at, end = from;
    for (unsigned k = 0; k < PIECE && end < a->text.n; k++)
        for (end++; end < a->text.n && (a->text.p[end] & 0xc0) == 0x80;)
            end++;
    *at = end;
    *piece = cu_slice(a->text, from, end);
    return end > from;
}

static void event(const answer *a, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void event(const answer *a, const char *name, const char *fmt, ...)
{
    char text[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cu_buf_fmt(a->out, "event: %s\ndata: {\"type\":\"%s\"%s}\n\n", name, name, text);
}

/* before, the string, after */
static void with_text(const answer *a, const char *before, cu_bytes text, const char *after)
{
    cu_buf_str(a->out, before);
    cu_buf_json_string(a->out, text);
    cu_buf_str(a->out, after);
}

/* What an answer of Anthropic's is made of, by the name of the model. */
typedef struct {
    const char *model, *block, *delta, *member; /* of a stream: the block that begins, type and member of its deltas */
    const char *stop;
} block_kind;

/* The model sink-call answers with the call that it is given as text: {"name":…,"input":{…}}. */
#define CALL_MODEL "sink-call"
#define TOOL_NAME 65u

static const block_kind kinds[] = {
    {CALL_MODEL, "", "input_json_delta", "partial_json", "tool_use"},
    {"sink-thinking", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}", "thinking_delta", "thinking", "end_turn"},
    {"sink-tool", "", "input_json_delta", "partial_json", "tool_use"},
    {"", "{\"type\":\"text\",\"text\":\"\"}", "text_delta", "text", "end_turn"}, /* any other */
};

static const block_kind *kind_of(const char *model)
{
    const block_kind *k = kinds;
    while (k->model[0] && strcmp(k->model, model) != 0)
        k++;
    return k;
}

static void put_block(const answer *a, const block_kind *k, const char *name)
{
    if (strcmp(k->stop, "tool_use") == 0) {
        cu_buf_str(a->out, "\"type\":\"tool_use\",\"id\":\"toolu_sink\",\"name\":");
        cu_buf_json_string(a->out, cu_str(name));
        cu_buf_str(a->out, ",\"input\":");
        cu_buf_add(a->out, a->text);
        return;
    }
    cu_buf_fmt(a->out, "\"type\":\"%s\",\"%s\":", k->member, k->member);
    cu_buf_json_string(a->out, a->text);
}

/* Name and input of the call of a tool. */
static void make_call(const answer *asked, const block_kind *k, char name[TOOL_NAME], cu_buf *input)
{
    json_t *call = strcmp(k->model, CALL_MODEL) == 0 ? json_loadb((const char *)asked->text.p, asked->text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *its = json_string_value(json_object_get(call, "name"));
    char *given = json_dumps(json_object_get(call, "input"), JSON_COMPACT);
    snprintf(name, TOOL_NAME, "%.*s", (int)TOOL_NAME - 1, its && given ? its : "Write");
    if (its && given) {
        cu_buf_str(input, given);
    } else {
        cu_buf_str(input, "{\"path\":\"a.txt\",\"content\":");
        cu_buf_json_string(input, asked->text);
        cu_buf_byte(input, '}');
    }
    free(given);
    json_decref(call);
}

static void begin_block(const answer *a, const block_kind *k, const char *name)
{
    cu_buf_str(a->out, "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":");
    if (*name) {
        cu_buf_str(a->out, "{\"type\":\"tool_use\",\"id\":\"toolu_sink\",\"input\":{},\"name\":");
        cu_buf_json_string(a->out, cu_str(name));
        cu_buf_byte(a->out, '}');
    } else {
        cu_buf_str(a->out, k->block);
    }
    cu_buf_str(a->out, "}\n\n");
}

static void anthropic(const answer *asked)
{
    cu_bytes piece;
    const block_kind *k = kind_of(asked->model);
    cu_buf input CU_CLEAN_BUF = CU_BUF(TEXT_MAX);
    answer own = *asked, *a = &own;
    char name[TOOL_NAME] = "";
    if (strcmp(k->stop, "tool_use") == 0) {
        make_call(asked, k, name, &input);
        own.text = cu_buf_view(&input);
    }
    size_t tokens = a->text.n / 4 + 1;
    if (!a->stream) {
        cu_buf_fmt(a->out, "{\"id\":\"msg_sink\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%s\",\"content\":[{", a->model);
        put_block(a, k, name);
        cu_buf_fmt(a->out, "}],\"stop_reason\":\"%s\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":%zu,\"output_tokens\":%zu}}", k->stop, tokens, tokens);
        return;
    }
    event(a, "message_start", ",\"message\":{\"id\":\"msg_sink\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%.100s\",\"content\":[],"
          "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":%zu,\"output_tokens\":1}}", a->model, tokens);
    begin_block(a, k, name);
    cu_buf_str(a->out, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    for (size_t at = 0; next_piece(a, &at, &piece);) {
        cu_buf_fmt(a->out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"%s\",\"%s\":", k->delta, k->member);
        with_text(a, "", piece, "}}\n\n");
    }
    event(a, "content_block_stop", ",\"index\":0");
    event(a, "message_delta", ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":%zu}", k->stop, tokens);
    event(a, "message_stop", "%s", "");
}

static void chat(const answer *a)
{
    cu_bytes piece;
    size_t tokens = a->text.n / 4 + 1;
    char head[300], usage[150];
    snprintf(head, sizeof head, "{\"id\":\"chatcmpl-sink\",\"object\":\"chat.completion%s\",\"created\":1,\"model\":\"%s\",\"choices\":[{\"index\":0,", a->stream ? ".chunk" : "", a->model);
    snprintf(usage, sizeof usage, "\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,\"total_tokens\":%zu}}", tokens, tokens, 2 * tokens);
    if (!a->stream) {
        cu_buf_str(a->out, head);
        with_text(a, "\"message\":{\"role\":\"assistant\",\"content\":", a->text, "},\"logprobs\":null,\"finish_reason\":\"stop\"}],");
        cu_buf_str(a->out, usage);
        return;
    }
    cu_buf_fmt(a->out, "data: %s\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n", head);
    for (size_t at = 0; next_piece(a, &at, &piece);) {
        cu_buf_fmt(a->out, "data: %s", head);
        with_text(a, "\"delta\":{\"content\":", piece, "},\"finish_reason\":null}]}\n\n");
    }
    cu_buf_fmt(a->out, "data: %s\"delta\":{},\"finish_reason\":\"stop\"}],%s\n\ndata: [DONE]\n\n", head, usage);
}

static void completion(const answer *a)
{
    char head[300];
    cu_bytes piece;
    snprintf(head, sizeof head, "{\"id\":\"cmpl-sink\",\"object\":\"text_completion\",\"created\":1,\"model\":\"%s\",\"choices\":[{\"index\":0,\"text\":", a->model);
    for (size_t at = 0; a->stream && next_piece(a, &at, &piece);) {
        cu_buf_fmt(a->out, "data: %s", head);
        with_text(a, "", piece, ",\"finish_reason\":null}]}\n\n");
    }
    cu_buf_fmt(a->out, "%s%s", a->stream ? "data: " : "", head);
    with_text(a, "", a->stream ? CU_LIT("") : a->text, ",\"logprobs\":null,\"finish_reason\":\"stop\"}]}");
    cu_buf_str(a->out, a->stream ? "\n\ndata: [DONE]\n\n" : "");
}

static void put_item(const answer *a)
{
    with_text(a, "{\"type\":\"message\",\"id\":\"msg_sink\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"text\":",
              a->text, "}]}");
}

static void put_response(const answer *a, bool done)
{
    size_t tokens = a->text.n / 4 + 1;
    cu_buf_fmt(a->out, "{\"id\":\"resp_sink\",\"object\":\"response\",\"created_at\":1,\"status\":\"%s\",\"model\":\"%s\",\"output\":[", done ? "completed" : "in_progress", a->model);
    if (done)
        put_item(a);
    cu_buf_fmt(a->out, "],\"usage\":{\"input_tokens\":%zu,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":%zu,"
               "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":%zu}}", tokens, tokens, 2 * tokens);
}

#define AT "\"item_id\":\"msg_sink\",\"output_index\":0,\"content_index\":0,"

static void response(const answer *a)
{
    cu_bytes piece;
    if (!a->stream) {
        put_response(a, true);
        return;
    }
    cu_buf_str(a->out, "event: response.created\ndata: {\"type\":\"response.created\",\"response\":");
    put_response(a, false);
    cu_buf_str(a->out, "}\n\n");
    event(a, "response.output_item.added", ",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_sink\",\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]}");
    event(a, "response.content_part.added", "," AT "\"part\":{\"type\":\"output_text\",\"annotations\":[],\"text\":\"\"}");
    for (size_t at = 0; next_piece(a, &at, &piece);)
        with_text(a, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\"," AT "\"delta\":", piece, "}\n\n");
    with_text(a, "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\"," AT "\"text\":", a->text, "}\n\n");
    with_text(a, "event: response.content_part.done\ndata: {\"type\":\"response.content_part.done\"," AT "\"part\":{\"type\":\"output_text\",\"annotations\":[],\"text\":", a->text, "}}\n\n");
    cu_buf_str(a->out, "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":");
    put_item(a);
    cu_buf_str(a->out, "}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":");
    put_response(a, true);
    cu_buf_str(a->out, "}\n\n");
}

static void gemini_event(const answer *a, cu_bytes text, bool last)
{
    size_t tokens = a->text.n / 4 + 1;
    with_text(a, "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":", text, "}]},\"index\":0");
    cu_buf_fmt(a->out, "%s}],\"usageMetadata\":{\"promptTokenCount\":%zu,\"candidatesTokenCount\":%zu,\"totalTokenCount\":%zu},\"modelVersion\":\"sink\"}",
               last ? ",\"finishReason\":\"STOP\"" : "", tokens, tokens, 2 * tokens);
}

static void gemini(const answer *a)
{
    cu_bytes piece;
    if (!a->stream) {
        gemini_event(a, a->text, true);
        return;
    }
    cu_buf_str(a->out, a->array ? "[" : "");
    for (size_t at = 0; next_piece(a, &at, &piece);) {
        cu_buf_str(a->out, a->array ? "" : "data: ");
        gemini_event(a, piece, false);
        cu_buf_str(a->out, a->array ? ",\r\n" : "\r\n\r\n");
    }
    cu_buf_str(a->out, a->array ? "" : "data: ");
    gemini_event(a, CU_LIT(""), true);
    cu_buf_str(a->out, a->array ? "]" : "\r\n\r\n");
}

/* Texts of the input, each with a small vector. */
static void embeddings(json_t *body, cu_buf *out)
{
    json_t *input = json_object_get(body, "input");
    size_t n = json_is_array(input) ? json_array_size(input) : 1;
    const char *format = json_string_value(json_object_get(body, "encoding_format"));
    bool packed = format && strcmp(format, "base64") == 0; /* two floats of 1.0 */
    cu_buf_str(out, "{\"object\":\"list\",\"model\":\"sink\",\"data\":[");
    for (size_t i = 0; i < n && i < 4096; i++)
        cu_buf_fmt(out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":%s}", i ? "," : "", i, packed ? "\"AACAPwAAgD8=\"" : "[1.0,1.0]");
    cu_buf_str(out, "],\"usage\":{\"prompt_tokens\":1,\"total_tokens\":1}}");
}

/* --- by path --- */

static bool ends(const char *path, const char *tail)
{
    size_t n = strlen(path), t = strlen(tail);
    return n >= t && strcmp(path + n - t, tail) == 0;
}

static const struct {
    const char *tail;
    void (*put)(const answer *a);
} replies[] = {{"/messages", anthropic}, {"/chat/completions", chat}, {"/responses", response}, {"/completions", completion},
               {":generateContent", gemini}, {":streamGenerateContent", gemini}};

static const struct {
    const char *tail, *json;
} fixed[] = {
    {"/count_tokens", "{\"input_tokens\":1}"},
    {"/input_tokens", "{\"object\":\"response.input_tokens\",\"input_tokens\":1}"},
    {":countTokens", "{\"totalTokens\":1}"},
    {":embedContent", "{\"embedding\":{\"values\":[1.0,1.0]}}"},
    {":batchEmbedContents", "{\"embeddings\":[{\"values\":[1.0,1.0]}]}"},
};

/* One list that the clients of all APIs read. */
static const char models[] = "{\"object\":\"list\",\"data\":[{\"type\":\"model\",\"object\":\"model\",\"id\":\"sink\",\"display_name\":\"Built-in sink\","
                             "\"created_at\":\"2026-01-01T00:00:00Z\",\"created\":1,\"owned_by\":\"custos\"}],\"has_more\":false,\"first_id\":\"sink\",\"last_id\":\"sink\","
                             "\"models\":[{\"name\":\"models/sink\",\"displayName\":\"Built-in sink\",\"supportedGenerationMethods\":[\"generateContent\"]}]}";

static const char *generated(const char *path, const char *alt, json_t *body, cu_bytes before, cu_buf *out)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(TEXT_MAX);
    const char *model = json_string_value(json_object_get(body, "model"));
    json_t *other = model && strcmp(model, "sink-recall") == 0 ? json_loadb((const char *)before.p, before.n, 0, NULL) : json_incref(body);
    last_text(other, &text);
    json_decref(other);
    bool by_path = ends(path, ":streamGenerateContent"), sse = alt && strcmp(alt, "sse") == 0;
    answer a = {.model = model && strlen(model) < 100 && !strpbrk(model, "\"\\") ? model : "sink", .text = cu_buf_view(&text), .out = out,
                .stream = by_path || json_is_true(json_object_get(body, "stream")), .array = by_path && !sse};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (ends(path, replies[i].tail)) {
            replies[i].put(&a);
            return a.stream && !a.array ? "text/event-stream" : "application/json";
        }
    return NULL;
}

const char *sink_reply(bool get, const char *path, const char *alt, cu_bytes body, cu_bytes before, cu_buf *out)
{
    if (get && strstr(path, "/models")) {
        cu_buf_str(out, models);
        return "application/json";
    }
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (ends(path, fixed[i].tail)) {
            cu_buf_str(out, fixed[i].json);
            return "application/json";
        }
    json_t *in = json_loadb((const char *)body.p, body.n, 0, NULL);
    const char *type = "application/json";
    if (ends(path, "/embeddings"))
        embeddings(in, out);
    else
        type = generated(path, alt, in, before, out);
    json_decref(in);
    return type;
}
