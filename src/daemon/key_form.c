#include "key_form.h"
#include <stdio.h>
#include <time.h>

bool form_word(const char *s, size_t max)
{
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x21 || (unsigned char)s[i] > 0x7e || s[i] == '"' || s[i] == '\\')
            return false;
    return n > 0 && n <= max;
}

static bool only(const json_t *object, const char *const *names, size_t n)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (i < n && strcmp(names[i], key) != 0)
            i++;
        if (i == n)
            return false;
    }
    return json_is_object(object);
}

/* ["a", "b*"] as "a,b*". */
static bool names_into(const json_t *list, char *to, size_t n)
{
    size_t i, at = 0;
    json_t *v;
    to[0] = 0;
    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, v)
    {
        const char *s = json_string_value(v);
        if (!form_word(s, 256) || strchr(s, ',') || at + strlen(s) + 2 > n)
            return false;
        at += (size_t)snprintf(to + at, n - at, "%s%s", at ? "," : "", s);
    }
    return true;
}

const char *form_scopes(const json_t *scopes, cu_store_key *k)
{
    static const char *const names[] = {"vendors", "models", "repos", "classes", "tools"};
    char *const to[] = {k->vendors, k->models, k->repos, k->classes, k->tools};
    const size_t room[] = {sizeof k->vendors, sizeof k->models, sizeof k->repos, sizeof k->classes, sizeof k->tools};
    if (!scopes)
        return NULL;
    if (!only(scopes, names, 5))
        return "scopes holds vendors, models, repos, classes and tools, and nothing else.";
    for (size_t i = 0; i < 5; i++) {
        const json_t *list = json_object_get(scopes, names[i]);
        if (list && !names_into(list, to[i], room[i]))
            return "A scope is a list of names without blanks, commas and quotes, together at most 1,024 bytes; a name may end in *.";
    }
    return NULL;
}

static bool number_into(const json_t *v, uint64_t max, uint64_t *to)
{
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || (uint64_t)n > max)
        return false;
    *to = (uint64_t)n;
    return true;
}

const char *form_limits(const json_t *limits, cu_store_key *k)
{
    static const char *const names[] = {"requests_per_minute", "tokens_per_minute", "tokens_per_day", "concurrent", "spend_per_day"};
    uint64_t *const to[] = {&k->requests_per_minute, &k->tokens_per_minute, &k->tokens_per_day, &k->concurrent};
    static const uint64_t max[] = {CU_MAX_PER_MINUTE, CU_MAX_PER_MINUTE, CU_MAX_PER_DAY, CU_MAX_CONCURRENT};
    if (!limits)
        return NULL;
    if (!only(limits, names, 5))
        return "limits holds requests_per_minute, tokens_per_minute, tokens_per_day, spend_per_day and concurrent, and nothing else.";
    for (size_t i = 0; i < 4; i++) {
        const json_t *v = json_object_get(limits, names[i]);
        if (v && !number_into(v, max[i], to[i]))
            return "A limit is a whole number; 0 is no limit. A minute holds at most 100,000,000, concurrent is at most 65,535.";
    }
    const json_t *spend = json_object_get(limits, "spend_per_day");
    if (spend && (!json_is_string(spend) || !cu_money_of(cu_str(json_string_value(spend)), &k->spend_per_day)))
        return "spend_per_day is a text like \"12.50\", in the unit of the price table; \"0\" is no limit.";
    return NULL;
}

const char *form_expires(const json_t *expires, uint64_t *ns)
{
    static const char *const wrong = "expires must be a date, like 2027-12-31, or a moment, like 2027-12-31T12:00:00Z.";
    const char *s = json_string_value(expires), *end;
    struct tm tm = {0};
    *ns = 0;
    if (!expires || (s && !*s))
        return NULL;
    bool day = s && strlen(s) == 10;
    end = !s ? NULL : strptime(s, day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm);
    int mday = tm.tm_mday;
    time_t t = end && !*end ? timegm(&tm) : -1;
    if (t < 0 || tm.tm_mday != mday) /* February 30 */
        return wrong;
    *ns = ((uint64_t)t + (day ? 86400 : 0)) * 1000000000ull;
    return NULL;
}
