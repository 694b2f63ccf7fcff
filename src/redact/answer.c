#include "answer.h"

static const struct {
    const char *key;
    size_t field;
} counters[] = {
    {"input_tokens", offsetof(cu_answer, input_tokens)},
    {"output_tokens", offsetof(cu_answer, output_tokens)},
    {"cache_read_input_tokens", offsetof(cu_answer, cache_read_tokens)},
    {"cache_creation_input_tokens", offsetof(cu_answer, cache_creation_tokens)},
};

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

static void read_usage(cu_answer *a, cu_bytes json, const cu_json_strings *s, size_t i)
{
    const cu_json_string *k = &s->v[i];
    if (k->parent_key == UINT32_MAX || !cu_json_is(json, s->v[k->parent_key], "usage"))
        return;
    for (size_t c = 0; c < sizeof counters / sizeof *counters; c++) {
        uint64_t v;
        if (cu_json_is(json, *k, counters[c].key) && number_after(json, k->end, &v))
            memcpy((char *)a + counters[c].field, &v, sizeof v);
    }
}

static void read_value(cu_answer *a, cu_bytes json, const cu_json_strings *s, size_t i)
{
    const cu_json_string *v = &s->v[i], *k = &s->v[v->parent_key];
    cu_bytes text = cu_slice(json, v->start, v->end);
    if (cu_json_is(json, *k, "stop_reason") && text.n < sizeof a->stop_reason) {
        memcpy(a->stop_reason, text.p, text.n);
        a->stop_reason[text.n] = 0;
    } else if (cu_json_is(json, *k, "type") && v->depth == 1) {
        a->error |= cu_eq_str(text, "error");
        a->complete |= cu_eq_str(text, "message_stop");
    } else if (cu_json_is(json, *k, "type") && cu_eq_str(text, "tool_use") && v->depth <= 3) {
        a->tool_calls++;
    }
}

void cu_answer_read(cu_answer *a, cu_bytes json, const cu_json_strings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].flags & CU_JSON_KEY)
            read_usage(a, json, s, i);
        else if (s->v[i].parent_key != UINT32_MAX)
            read_value(a, json, s, i);
    }
}
