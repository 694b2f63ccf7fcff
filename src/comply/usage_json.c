/* Pages of Anthropic's usage report and of OpenAI's usage API: one page, or a list of them. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "usage_form.h"

#define PAGES_MAX 1000u

static cu_err wrong(cu_fault *f, size_t page, size_t bucket, const char *what)
{
    return cu_fail(f, CU_SYNTAX, "page %zu, bucket %zu of the export: %s", page + 1, bucket + 1, what);
}

/* A member that is a count of tokens, 0 when it is absent or null; false: it is something else. */
static bool tokens(const json_t *o, const char *key, uint64_t *out)
{
    const json_t *v = json_object_get(o, key);
    *out = 0;
    if (!v || json_is_null(v))
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > CU_BILLED_TOKENS_MAX)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

static bool anthropic(const json_t *r, uint64_t n[CU_BILLED_CLASSES])
{
    const json_t *made = json_object_get(r, "cache_creation");
    uint64_t five, hour, flat5, flat1;
    if (!tokens(r, "uncached_input_tokens", &n[CU_BILLED_INPUT]) || !tokens(r, "output_tokens", &n[CU_BILLED_OUTPUT]) ||
        !tokens(r, "cache_read_input_tokens", &n[CU_BILLED_CACHE_READ]) || !tokens(made, "ephemeral_5m_input_tokens", &five) ||
        !tokens(made, "ephemeral_1h_input_tokens", &hour) || !tokens(r, "cache_creation_5m_input_tokens", &flat5) ||
        !tokens(r, "cache_creation_1h_input_tokens", &flat1))
        return false;
    n[CU_BILLED_CACHE_WRITE] = five + hour + flat5 + flat1;
    return json_object_get(r, "uncached_input_tokens") && json_object_get(r, "output_tokens");
}

static bool openai(const json_t *r, uint64_t n[CU_BILLED_CLASSES])
{
    n[CU_BILLED_CACHE_WRITE] = 0;
    return tokens(r, "input_tokens", &n[CU_BILLED_INPUT]) && tokens(r, "output_tokens", &n[CU_BILLED_OUTPUT]) &&
           tokens(r, "input_cached_tokens", &n[CU_BILLED_CACHE_READ]) && json_object_get(r, "input_tokens") && json_object_get(r, "output_tokens");
}

static bool bucket_day(const json_t *bucket, char day[11])
{
    const json_t *at = json_object_get(bucket, "starting_at"), *seconds = json_object_get(bucket, "start_time");
    struct tm tm;
    time_t t = (time_t)json_integer_value(seconds);
    if (json_is_string(at))
        return usage_day(cu_bytes_of(json_string_value(at), json_string_length(at)), day);
    return json_is_integer(seconds) && t > 0 && t < 253402300800 && gmtime_r(&t, &tm) && strftime(day, 11, "%Y-%m-%d", &tm) == 10;
}

static cu_err take(cu_billed *u, const char *day, const json_t *r, size_t page, size_t bucket, cu_fault *f)
{
    uint64_t n[CU_BILLED_CLASSES] = {0};
    char model[CU_BILLED_MODEL + 1] = "";
    const json_t *name = json_object_get(r, "model");
    bool is_openai = strcmp(u->form, "openai-json") == 0;
    u->lines++;
    if (!json_is_object(r) || !(is_openai ? openai(r, n) : anthropic(r, n)))
        return wrong(f, page, bucket, "a result has no counts of tokens, or one that is no whole number");
    if (json_is_string(name) && cu_billed_model(cu_bytes_of(json_string_value(name), json_string_length(name)), model) != CU_OK)
        return wrong(f, page, bucket, "a model's name is longer than 64 bytes, or holds blanks or other signs");
    cu_err e = cu_billed_add(u, day, model, n);
    return e == CU_TOO_BIG ? cu_fail(f, e, "the export has more than %u days and models, or more tokens than can be", CU_BILLED_ROWS) : e;
}

/* What stands in the first bucket that says so: the two forms name a bucket's beginning differently. */
static const char *form_of(const json_t *bucket)
{
    return json_is_string(json_object_get(bucket, "starting_at")) ? "anthropic-json" : json_is_integer(json_object_get(bucket, "start_time")) ? "openai-json" : NULL;
}

static cu_err take_page(cu_billed *u, const json_t *page, size_t number, bool last, cu_fault *f)
{
    const json_t *data = json_object_get(page, "data"), *bucket, *r;
    size_t i, k;
    if (!json_is_array(data))
        return cu_fail(f, CU_UNSUPPORTED, "this is no page of a usage API that is known: it has no list \"data\" (docs/formats/usage.md)");
    if (last && json_is_true(json_object_get(page, "has_more")))
        return cu_fail(f, CU_SYNTAX, "the export goes on (has_more): fetch the other pages, and put all of them into one list");
    json_array_foreach(data, i, bucket) {
        char day[11];
        const char *form = form_of(bucket);
        const json_t *results = json_object_get(bucket, "results");
        if (!form || !bucket_day(bucket, day) || !json_is_array(results))
            return wrong(f, number, i, "it has no starting_at or start_time, or no results");
        if (u->form && strcmp(u->form, form) != 0)
            return wrong(f, number, i, "it is of another provider than the one before");
        u->form = form;
        json_array_foreach(results, k, r)
            CU_TRY(take(u, day, r, number, i, f));
    }
    return CU_OK;
}

cu_err usage_json(cu_bytes file, cu_billed *out, cu_fault *f)
{
    json_error_t at;
    json_t *top = json_loadb((const char *)file.p, file.n, JSON_REJECT_DUPLICATES, &at);
    size_t n = json_is_array(top) ? json_array_size(top) : 1;
    cu_err e = top ? CU_OK : cu_fail(f, CU_SYNTAX, "line %d of the export is no JSON: %.100s", at.line, at.text);
    if (e == CU_OK && (n == 0 || n > PAGES_MAX))
        e = cu_fail(f, CU_SYNTAX, "the export is a list of 1 to %u pages", PAGES_MAX);
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = take_page(out, json_is_array(top) ? json_array_get(top, i) : top, i, i + 1 == n, f);
    json_decref(top);
    if (e == CU_OK && !out->form)
        e = cu_fail(f, CU_UNSUPPORTED, "the export has no bucket, so it says nothing");
    out->classes = out->form && strcmp(out->form, "anthropic-json") == 0 ? 15 : 7;
    return e;
}
