/* SARIF 2.1.0 as linters write it: runs[].results[] with their rule, level, message and first place. */
#include <jansson.h>
#include <string.h>
#include "linter.h"

static cu_err wrong(linter *l, const char *what)
{
    return cu_fail(l->f, CU_SYNTAX, "%s: its SARIF is not as it should be: %s", l->tool, what);
}

static cu_bytes text_of(const json_t *o)
{
    return json_is_string(o) ? cu_bytes_of(json_string_value(o), json_string_length(o)) : CU_NONE;
}

static const json_t *dig(const json_t *o, const char *a, const char *b)
{
    o = json_object_get(o, a);
    return b ? json_object_get(o, b) : o;
}

static cu_severity level_of(cu_bytes level)
{
    return cu_eq_str(level, "error") ? CU_SEVERITY_HIGH : cu_eq_str(level, "note") ? CU_SEVERITY_LOW : cu_eq_str(level, "none") ? CU_SEVERITY_INFO : CU_SEVERITY_MEDIUM;
}

static int hex(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* RFC 3986; a file: address is its path. */
static const char *path_of(linter *l, cu_bytes uri)
{
    if (cu_starts(uri, CU_LIT("file://")))
        uri = cu_slice(uri, 7, uri.n);
    char *to = cu_arena_str(l->a, uri), *from = to, *at = to;
    for (; from && *from; from++) {
        int high = from[0] == '%' ? hex((uint8_t)from[1]) : -1, low = high >= 0 ? hex((uint8_t)from[2]) : -1;
        if (low < 0) {
            *at++ = *from;
            continue;
        }
        if (high * 16 + low == 0)
            return NULL;
        *at++ = (char)(high * 16 + low);
        from += 2;
    }
    if (at)
        *at = 0;
    return to;
}

static uint32_t number(const json_t *region, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(region, name));
    return v > 0 && v < 100000000 ? (uint32_t)v : 0;
}

static cu_err one_result(linter *l, const json_t *x, const json_t *rules)
{
    cu_bytes id = text_of(json_object_get(x, "ruleId")), message = text_of(dig(x, "message", "text"));
    const json_t *index = json_object_get(x, "ruleIndex"), *rule = NULL, *k;
    if (!json_is_object(x))
        return wrong(l, "a result is no object");
    if (json_is_integer(index) && json_integer_value(index) >= 0)
        rule = json_array_get(rules, (size_t)json_integer_value(index));
    if (!id.n)
        id = text_of(json_object_get(rule, "id"));
    if (!id.n && !message.n)
        return wrong(l, "a result has neither a rule nor a message");
    if (json_array_size(json_object_get(x, "suppressions")) > 0)
        return CU_OK; /* accepted where it was found */
    k = json_object_get(x, "level");
    cu_bytes level = k ? text_of(k) : text_of(json_object_get(dig(rule, "defaultConfiguration", NULL), "level"));
    const json_t *place = dig(json_array_get(json_object_get(x, "locations"), 0), "physicalLocation", NULL), *region = json_object_get(place, "region");
    const char *path = path_of(l, text_of(dig(place, "artifactLocation", "uri")));
    if (!path)
        return wrong(l, "an address of a file holds a zero byte");
    uint32_t at = linter_rule(l, id.n ? id : CU_LIT("result"), text_of(dig(rule, "shortDescription", "text")), level_of(level));
    return linter_add(l, (cu_linter_result){.path = path, .message = linter_text(l, message), .line = number(region, "startLine"), .column = number(region, "startColumn"),
                                            .end_line = number(region, "endLine"), .end_column = number(region, "endColumn"), .rule = at});
}

static cu_err read_all(linter *l, const json_t *doc)
{
    const json_t *runs = json_object_get(doc, "runs"), *run, *x;
    size_t i, k;
    if (!json_is_object(doc) || !json_is_array(runs))
        return wrong(l, "runs is missing");
    if (!cu_starts(text_of(json_object_get(doc, "version")), CU_LIT("2.1")))
        return wrong(l, "version is not 2.1.0");
    json_array_foreach(runs, i, run)
    {
        const json_t *results = json_object_get(run, "results");
        if (results && !json_is_array(results) && !json_is_null(results))
            return wrong(l, "results is no list");
        json_array_foreach(results, k, x)
            CU_TRY(one_result(l, x, json_object_get(dig(run, "tool", "driver"), "rules")));
    }
    return CU_OK;
}

cu_err linter_read_sarif(linter *l, cu_bytes text)
{
    json_error_t e;
    json_t *doc = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    if (!doc)
        return cu_fail(l->f, CU_SYNTAX, "%s: its SARIF is no JSON: line %d", l->tool, e.line);
    cu_err r = read_all(l, doc);
    json_decref(doc);
    return r;
}
