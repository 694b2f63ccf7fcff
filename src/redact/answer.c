#include "answer.h"

static const struct {
    const char *under, *key;
    size_t field;
} counters[] = {
    {"usage", "input_tokens", offsetof(cu_answer, input_tokens)},
    {"usage", "output_tokens", offsetof(cu_answer, output_tokens)},
    {"usage", "cache_read_input_tokens", offsetof(cu_answer, cache_read_tokens)},
    {"usage", "cache_creation_input_tokens", offsetof(cu_answer, cache_creation_tokens)},
    {"usage", "prompt_tokens", offsetof(cu_answer, input_tokens)},
    {"usage", "completion_tokens", offsetof(cu_answer, output_tokens)},
    {"input_tokens_details", "cached_tokens", offsetof(cu_answer, cache_read_tokens)},
    {"prompt_tokens_details", "cached_tokens", offsetof(cu_answer, cache_read_tokens)},
    {"usageMetadata", "promptTokenCount", offsetof(cu_answer, input_tokens)},
    {"usageMetadata", "candidatesTokenCount", offsetof(cu_answer, output_tokens)},
    {"usageMetadata", "cachedContentTokenCount", offsetof(cu_answer, cache_read_tokens)},
};

static const char *const last_events[] = {"message_stop", "response.completed", "response.incomplete", "response.failed"};
static const char *const stop_keys[] = {"stop_reason", "finish_reason", "finishReason"};
static const char *const call_types[] = {"tool_use", "function_call", "custom_tool_call"};

static bool one_of(cu_bytes word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cu_eq_str(word, words[i]))
            return true;
    return false;
}
#define ONE_OF(word, words) one_of(word, words, sizeof words / sizeof *words)

/* The number after a key, read no further than 15 digits: leaves hold integers. */
static bool number_after(cu_bytes json, size_t i, uint64_t *out)
{
    while (i < json.n && memchr("\": \t\r\n", json.p[i], 6))
        i++;
    uint64_t v = 0;
    size_t from = i;
    for (; i < json.n && i - from < 15 && json.p[i] >= '0' && json.p[i] <= '9'; i++)
        v = v * 10 + (json.p[i] - '0');
    if (i == from)
        return false;
    *out = v;
    return true;
}

static void read_key(cu_answer *a, cu_bytes json, const cu_json_strings *s, size_t i)
{
    const cu_json_string *k = &s->v[i];
    if (k->depth == 1 && cu_json_is(json, *k, "error"))
        a->error |= json.n > k->end + 2 && memchr("{\"", json.p[k->end + 2], 2);
    if (cu_json_is(json, *k, "functionCall"))
        a->tool_calls++;
    if (k->parent_key == UINT32_MAX)
        return;
    for (size_t c = 0; c < sizeof counters / sizeof *counters; c++) {
        uint64_t v;
        if (cu_json_is(json, *k, counters[c].key) && cu_json_is(json, s->v[k->parent_key], counters[c].under) &&
            number_after(json, k->end, &v))
            memcpy((char *)a + counters[c].field, &v, sizeof v);
    }
}

static void read_type(cu_answer *a, cu_bytes text, uint32_t depth)
{
    if (depth == 1) {
        a->error |= cu_eq_str(text, "error");
        a->complete |= ONE_OF(text, last_events);
    } else if (depth <= 3 && ONE_OF(text, call_types)) {
        a->tool_calls++;
    }
}

/* The id of a whole answer, or of the one that an event tells of. */
static bool names_answer(cu_bytes json, const cu_json_strings *s, const cu_json_string *v)
{
    const cu_json_string *k = &s->v[v->parent_key];
    if (v->depth == 1)
        return true;
    return v->depth == 2 && k->parent_key != UINT32_MAX && cu_json_is(json, s->v[k->parent_key], "response");
}

static void read_value(cu_answer *a, cu_bytes json, const cu_json_strings *s, size_t i)
{
    const cu_json_string *v = &s->v[i], *k = &s->v[v->parent_key];
    cu_bytes text = cu_slice(json, v->start, v->end), key = cu_slice(json, k->start, k->end);
    if (ONE_OF(key, stop_keys) && text.n < sizeof a->stop_reason) {
        memcpy(a->stop_reason, text.p, text.n);
        a->stop_reason[text.n] = 0;
        a->complete |= cu_eq_str(key, "finishReason");
    } else if (cu_eq_str(key, "id") && names_answer(json, s, v) && text.n < sizeof a->response_id) {
        memcpy(a->response_id, text.p, text.n);
        a->response_id[text.n] = 0;
    } else if (cu_eq_str(key, "type")) {
        read_type(a, text, v->depth);
    }
}

void cu_answer_read(cu_answer *a, cu_bytes json, const cu_json_strings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].flags & CU_JSON_KEY)
            read_key(a, json, s, i);
        else if (s->v[i].parent_key != UINT32_MAX)
            read_value(a, json, s, i);
    }
}
