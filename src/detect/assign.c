/* Secrets that have no form of their own: `password = "…"`, API_TOKEN=…, "secret": "…",
 * setPassword("…"), <password>…</password>, --password …. An anchor (part of a name) was found; here
 * the name, the sign between, and the value are read by hand, and the value is judged. */
#include "base/digest.h"
#include "engine.h"
#include "judge.h"

#define MAX_NAME 64u
#define MAX_VALUE 1500u /* tokens of identity providers are this long */
#define MAX_GAP 40u /* blanks between name, sign and value */

/* What follows the anchor in the name and makes the whole something else than a secret. */
static const char *const not_tails[] = {
    "file", "path", "length", "len", "min", "max", "field", "input", "label", "name", "type", "policy",
    "reset", "url", "uri", "expir", "regex", "pattern", "ttl", "count", "limit", "header", "param", "prompt",
    "hint", "error", "message", "msg", "required", "placeholder", "strength", "dialog", "form", "column",
    "attempt", "age", "change", "size", "index", "idx", "provider", "factory", "manager", "service",
    "generator", "encoder", "validator", "callback", "handler", "store", "endpoint", "ref", "version", "format",
    "algorithm", "alg", "method", "screen", "page", "view", "button", "text_field", "enabled", "history",
    "lifetime", "timeout", "id", "ids", "scope", "ize", "izer", "iz", "ed", "ing", "ary", "list", "set",
    "map", "stream", "pos", "kind", "class", "offset", "start", "end", "arn", "rotation",
};

/* What stands before "key" and makes it the name of a place, a button or something public. */
static const char *const not_heads[] = {
    "public", "pub", "publishable", "primary", "foreign", "sort", "cache", "hash", "partition", "row", "index",
    "unique", "object", "map", "dict", "group", "search", "lookup", "natural", "surrogate", "parent", "composite",
    "route", "routing", "binding", "hot", "arrow", "enter", "shift", "up", "down", "left", "right", "home", "end",
    "function", "modifier", "shortcut", "registry", "site", "verify", "verification", "host", "translation",
    "message", "label", "config", "setting", "property", "storage", "bucket", "item", "entity", "record", "data",
    "event", "idempotency", "dedup", "order", "product", "session", "tree", "node", "list", "array", "json",
    "attribute", "metadata", "tag", "lock", "state", "query", "header", "param", "field", "column", "table",
    "shard", "join", "any", "no", "mini", "socket", "first", "last", "next", "test", "is", "has", "get", "set", "context",
};

typedef struct {
    cu_bytes t;
    size_t name, name_end; /* the whole identifier */
    size_t anchor, anchor_end;
    size_t value, value_end;
    bool quoted, spaced, call, argument, tag, flag, prose, colon, apart; /* how the value is joined to its name */
} place;

static bool name_byte(uint8_t c)
{
    return cu_alnum(c) || c == '_' || c == '-' || c == '.';
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool begins(cu_bytes t, size_t i, size_t end, const char *word)
{
    size_t k = 0;
    while (word[k] && i + k < end && fold(t.p[i + k]) == (uint8_t)word[k])
        k++;
    return !word[k];
}

static bool read_name(place *p, size_t start, size_t to)
{
    cu_bytes t = p->t;
    size_t i = start, e = to;
    while (i > 0 && start - i < MAX_NAME && name_byte(t.p[i - 1]))
        i--;
    while (e < t.n && e - to < MAX_NAME && name_byte(t.p[e]))
        e++;
    p->name = i;
    p->name_end = e;
    p->anchor = start;
    p->anchor_end = to;
    p->flag = start >= 2 && t.p[i] == '-' && i + 1 < t.n;
    if (p->flag && cu_starts(cu_slice(t, i, start), CU_LIT("--no-"))) /* says that there is none; words of help stand behind it */
        return false;
    while (p->name_end > to && (t.p[p->name_end - 1] == '.' || t.p[p->name_end - 1] == '-'))
        p->name_end--;
    /* "pass" is also the beginning of passive, PassManager and passage. */
    if (to - start <= 4 && to < p->name_end && cu_alnum(t.p[to]) && !cu_digit(t.p[to]))
        return false;
    if (to < p->name_end && t.p[to] == '.')
        return false; /* password.encode(…) */
    /* A part of the name after the anchor may turn it into something else. */
    size_t tail = to;
    while (tail < p->name_end && !cu_alnum(t.p[tail]))
        tail++;
    for (size_t k = 0; tail < p->name_end && k < sizeof not_tails / sizeof *not_tails; k++)
        if (begins(t, tail, p->name_end, not_tails[k]))
            return false;
    return p->name_end - to <= 24;
}

/* "API key: x", "SECRET key=x": the word before says which. */
static bool head_before(const place *p)
{
    static const char *const words[] = {"api", "secret", "access", "auth", "account", "master", "license", "service"};
    size_t end = p->name, from;
    if (end < 4 || p->t.p[end - 1] != ' ')
        return false;
    for (from = --end; from > 0 && end - from < 8 && cu_alnum(p->t.p[from - 1]);)
        from--;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strlen(words[k]) == end - from && begins(p->t, from, end, words[k]))
            return true;
    return false;
}

/* "stripe_key", "acmeApiKey": a word of its own stands before "key", and not one of not_heads. */
static bool good_head(const place *p)
{
    cu_bytes t = p->t;
    size_t end = p->anchor;
    while (end > p->name && !cu_alnum(t.p[end - 1]))
        end--;
    size_t from = end;
    while (from > p->name && cu_alnum(t.p[from - 1]) &&
           !(from < end && t.p[from] >= 'A' && t.p[from] <= 'Z' && t.p[from - 1] >= 'a'))
        from--;
    if (end == p->name)
        return head_before(p);
    if (end - from < 2)
        return false;
    for (size_t k = 0; k < sizeof not_heads / sizeof *not_heads; k++)
        if (strlen(not_heads[k]) == end - from && begins(t, from, end, not_heads[k]))
            return false;
    return true;
}

static size_t blanks(const place *p, size_t i)
{
    size_t from = i;
    while (i < p->t.n && i - from < MAX_GAP && (p->t.p[i] == ' ' || p->t.p[i] == '\t'))
        i++;
    return i;
}

static bool is(const place *p, size_t i, uint8_t c)
{
    return i < p->t.n && p->t.p[i] == c;
}

/* `: string = "x"`, `: Optional[str] = "x"`: behind the type stands the sign that counts. */
static size_t past_type(const place *p, size_t i)
{
    size_t k = blanks(p, i), from = k;
    while (k < p->t.n && k - from < 32 && (cu_alnum(p->t.p[k]) || strchr("_&'[]<>?.", p->t.p[k])) && p->t.p[k])
        k++;
    if (k == from || cu_digit(p->t.p[from]))
        return i;
    k = blanks(p, k);
    return is(p, k, '=') && !is(p, k + 1, '=') && !is(p, k + 1, '>') ? k + 1 : i;
}

/* `"password" value="x"`, `name="password" content="x"` */
static size_t past_attribute(const place *p, size_t i)
{
    static const char *const names[] = {"value", "content", "default"};
    size_t k = blanks(p, i);
    for (size_t n = 0; n < 3; n++) {
        size_t e = k + strlen(names[n]);
        if (k > i && begins(p->t, k, p->t.n, names[n]) && is(p, e, '='))
            return e + 1;
    }
    return 0;
}

/* The quote at i is the first thing behind an opening bracket. */
static bool begins_argument(cu_bytes t, size_t i)
{
    while (i > 0 && (t.p[i - 1] == ' ' || t.p[i - 1] == '\\'))
        i--;
    return i > 0 && t.p[i - 1] == '(';
}

/* Where the value begins (its quote, if it has one); 0 when nothing is assigned here. */
static size_t past_sign(place *p)
{
    cu_bytes t = p->t;
    size_t i = p->name_end, quote = i;
    while (i < t.n && i - p->name_end < 4 && t.p[i] && strchr("\"'`])\\", t.p[i]))
        i++;
    bool key_quoted = i > quote;
    size_t attribute = key_quoted ? past_attribute(p, i) : 0;
    if (attribute)
        return attribute;
    size_t sign = blanks(p, i);
    p->spaced = sign > i;
    if (sign >= t.n)
        return 0;
    switch (t.p[sign]) {
    case '=':
        sign += is(p, sign + 1, '>') ? 2 : 1;
        sign += is(p, sign, '=');
        sign += is(p, sign, '=');
        return sign;
    case ':':
        if (is(p, sign + 1, ':'))
            return 0;
        p->colon = !key_quoted;
        sign += is(p, sign + 1, '=') ? 2 : 1;
        return past_type(p, sign);
    case '!':
        return is(p, sign + 1, '=') ? sign + 2 + is(p, sign + 2, '=') : 0;
    case ',': /* set("password", "x"): read_value() looks for the bracket */
        p->argument = key_quoted && p->name > 1 && begins_argument(t, p->name - 1);
        return p->argument ? sign + 1 : 0;
    case '(': /* setPassword("x"), not FUNCTION_PASS("x") */
        p->call = true;
        return p->anchor_end - p->anchor > 4 || begins(t, p->name, t.n, "set") ? sign + 1 : 0;
    case '>':
        p->tag = p->name > 0 && t.p[p->name - 1] == '<';
        return p->tag ? sign + 1 : 0;
    default:
        break;
    }
    if (p->spaced && !key_quoted && begins(t, sign, t.n, "is ")) {
        p->prose = true;
        return sign + 3;
    }
    if (p->flag && p->spaced)
        return sign;
    /* "authtoken 2x…", "key - '2x…'": nothing but a blank between */
    p->apart = p->spaced && !key_quoted;
    if (p->apart && t.p[sign] == '-' && is(p, sign + 1, ' '))
        sign++;
    return p->apart ? sign : 0;
}

static bool read_quoted(place *p, size_t i, uint8_t quote, bool escaped)
{
    size_t from = i;
    for (; i < p->t.n && i - from <= MAX_VALUE; i++) {
        uint8_t c = p->t.p[i];
        if (c == '\n' || c == '\r' || c == CU_DETECT_SEPARATOR)
            return false;
        if (c == '\\' && escaped && is(p, i + 1, quote))
            break;
        if (c == '\\' && !escaped) {
            i += i + 1 < p->t.n && p->t.p[i + 1] != CU_DETECT_SEPARATOR;
            continue;
        }
        if (c == quote && !escaped)
            break;
    }
    if (i >= p->t.n || i - from > MAX_VALUE)
        return false;
    p->quoted = true;
    p->value = from;
    p->value_end = i;
    return i > from && (!p->argument || is(p, i + 1 + escaped, ')'));
}

static bool read_bare(place *p, size_t i)
{
    size_t from = i;
    const char *ends = p->tag ? "<" : " \t\r\n\"'`<>,;|&)}]";
    while (i < p->t.n && i - from <= MAX_VALUE && p->t.p[i] && p->t.p[i] != '\n' && !strchr(ends, p->t.p[i])) {
        if (p->t.p[i] == '\\' && i + 1 < p->t.n && p->t.p[i + 1] && strchr("nrt\"'\\", p->t.p[i + 1]))
            break; /* the end of a line, or of a string, written out */
        i++;
    }
    p->value = from;
    p->value_end = i;
    return i > from && i - from <= MAX_VALUE && (!p->tag || (is(p, i, '<') && is(p, i + 1, '/')));
}

static bool read_value(place *p, size_t i)
{
    cu_bytes t = p->t;
    size_t at = blanks(p, i);
    p->spaced |= at > i;
    size_t k = at;
    /* r"", b"", u"", f"", L"", @"" */
    if (k + 1 < t.n && strchr("rbufLN@", t.p[k]) && t.p[k] && (t.p[k + 1] == '"' || t.p[k + 1] == '\''))
        k++;
    if (k < t.n && t.p[k] == '\\' && k + 1 < t.n && (t.p[k + 1] == '"' || t.p[k + 1] == '\''))
        return read_quoted(p, k + 2, t.p[k + 1], true);
    if (k < t.n && (t.p[k] == '"' || t.p[k] == '\'' || t.p[k] == '`')) {
        bool triple = is(p, k + 1, t.p[k]) && is(p, k + 2, t.p[k]);
        return !triple && read_quoted(p, k + 1, t.p[k], false);
    }
    return !p->call && read_bare(p, at);
}

/* The rest of the line behind a bare value: nothing, a comment, or a mark of the format. In code
 * something else follows: an operator, a bracket, the end of a statement. */
static bool ends_line(const place *p)
{
    size_t i = blanks(p, p->value_end);
    return i >= p->t.n || strchr("\n\r#\"'\\`|", p->t.p[i]) || (p->spaced && is(p, i, '/') && is(p, i + 1, '/'));
}

/* A bare word is a value in `KEY=value` and `key: value`; in code it is the name of something. */
static bool bare_is_value(const place *p, cu_bytes v, const cu_shape *s)
{
    if (v.p[0] == ':' || v.p[0] == '@' || v.p[0] == '*' || v.p[0] == '&' || v.p[0] == '!' || v.p[0] == '/' || v.p[0] == '.')
        return false;
    for (size_t i = 0; i < v.n; i++)
        if (strchr("([{", v.p[i]) || (v.p[i] == '-' && i + 1 < v.n && v.p[i + 1] == '>') ||
            (v.p[i] == ':' && i + 1 < v.n && v.p[i + 1] == ':'))
            return false;
    if (p->apart)
        return true; /* judge() asks for more */
    if (p->tag || p->flag)
        return s->digits > 0 || s->other > 0 || p->tag;
    if (!ends_line(p) && is(p, p->value_end, ';'))
        return false;
    bool letters_only = s->digits == 0 && s->other == 0;
    if (letters_only && p->colon && !p->spaced)
        return false; /* passwd:name */
    if (p->prose)
        return s->digits > 0 && s->upper + s->lower > 0;
    if (p->spaced && !cu_is_random(v))
        return ends_line(p) && (s->other || (s->digits && !s->joints) || (s->digits && s->turns > 1)) &&
               !(s->joints && !s->digits);
    /* -e TOKEN=… image, curl -d token=… https://…: the line goes on, as that of no program does */
    if (!p->spaced && !p->colon && is(p, p->value_end, ' ') && cu_is_issued(v))
        return true;
    return ends_line(p) && !(letters_only && (s->joints > 0 || v.n < 4 || p->spaced)) &&
           (s->joints < 4 || (s->joints == 4 && v.n == 36)); /* a UUID has four */
}

/* admin/passwords#update: where a request goes. */
static bool is_route(cu_bytes v, const cu_shape *s)
{
    return s->other == 1 && s->lower + s->joints + 1 == v.n && s->joints > 0 && memchr(v.p, '#', v.n) != NULL && memchr(v.p, '/', v.n) != NULL;
}

/* A quoted text that people read, or a name of something. */
static bool quoted_is_words(cu_bytes v, const cu_shape *s, bool strict)
{
    if (is_route(v, s) || s->spaces > 1 || (s->spaces && (strict || !s->digits)) || v.p[v.n - 1] == ':' || v.p[v.n - 1] == '.' ||
        v.p[0] == '.' || v.p[0] == '/' || v.p[0] == ' ')
        return true;
    /* access_token, my-secret-name, com.example.key */
    return s->joints > 0 && s->digits == 0 && s->other == 0 && (strict || s->joints > 1 || s->upper == 0);
}

static size_t dots(cu_bytes v)
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++)
        n += v.p[i] == '.';
    return n;
}

/* Percent; 0: no secret. strict: the name says key or token, so the value has to look random. */
static unsigned judge(const place *p, cu_bytes v, bool strict, uint32_t *why)
{
    cu_shape s;
    cu_shape_of(v, &s);
    if (v.n < (strict ? 10u : 4u) || cu_is_reference(v) || cu_is_nothing(v) || cu_is_selector(v) ||
        (s.distinct < 3 && v.n > 2) || s.upper + s.lower + s.digits < 3 ||
        (s.digits + s.joints == v.n && s.joints)) /* 1.30, 2024-01-01 */
        return 0;
    if (p->quoted ? quoted_is_words(v, &s, strict) : !bare_is_value(p, v, &s))
        return 0;
    bool random = cu_is_random(v);
    if (random)
        *why |= CU_FINDING_RANDOM;
    if (cu_is_placeholder(v)) {
        *why |= CU_FINDING_PLACEHOLDER;
        return random && !strict ? 25 : 15;
    }
    if (cu_is_sequence(v) && v.n >= 12) {
        *why |= CU_FINDING_SEQUENCE;
        return strict && !cu_is_keylike(v) ? 0 : 42;
    }
    if (p->apart) /* "token 9f5c17d2-957e-…" has joints, in their places */
        return random && cu_is_keylike(v) && s.turns >= 4 &&
               ((s.joints == 0 && s.lower_run <= (s.consonants >= 4 ? 7 : 4)) || (v.n == 36 && s.joints == 4)) ? 60 : 0;
    if (strict && s.lower_run > 6 && dots(v) > 1 && s.digits * 12 < v.n)
        return 0; /* org.example.Session2Locale; of random text a sixth is digits */
    if (strict)
        return random ? 80 : cu_is_keylike(v) ? 60 : 0;
    if (random)
        return 85;
    if (s.digits + s.other == 0 && v.n < 5)
        return 0;
    if ((s.digits || s.other) && s.upper + s.lower)
        return p->call ? 60 : 70;
    return p->call || (p->quoted && !s.digits && s.lower == v.n && v.n > 20) ? 35 : 50;
}

cu_err cu_find_assignment(cu_scratch *s, cu_bytes t, uint16_t rule, size_t start, size_t to, bool strict,
                          cu_findings *out)
{
    place p = {.t = t};
    uint32_t why = 0;
    if (!read_name(&p, start, to))
        return CU_OK;
    bool bare = to - start == 3 && strict; /* "key" alone says little */
    if (bare && p.name_end != to)
        return CU_OK;
    size_t i = past_sign(&p);
    if (!i || !read_value(&p, i) || (bare && !good_head(&p)))
        return CU_OK;
    cu_bytes v = cu_slice(t, p.value, p.value_end);
    unsigned percent = judge(&p, v, strict, &why);
    if (percent < CU_DETECT_FLOOR)
        return CU_OK;
    CU_TRY(cu_found(s->engine, out, rule, p.value, p.value_end));
    cu_finding *f = &out->v[out->n - 1];
    f->confidence = (uint8_t)(f->confidence < percent ? f->confidence : percent);
    f->flags |= why | CU_FINDING_BY_CONTEXT | CU_FINDING_NAMED | (p.quoted ? CU_FINDING_QUOTED : 0);
    return CU_OK;
}

bool cu_names_secret(cu_bytes name)
{
    static const char *const parts[] = {"pass", "pwd", "secret", "token", "key", "cred", "auth", "salt"};
    for (size_t i = 0; i < name.n && name.n <= MAX_NAME; i++)
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (begins(name, i, name.n, parts[k]))
                return true;
    return false;
}

/* The name and the value as a text in which they stand side by side. */
cu_err cu_detect_named(const cu_engine *e, cu_scratch *s, cu_bytes name, cu_bytes value, cu_finding *out)
{
    uint8_t text[MAX_NAME + MAX_VALUE + 8];
    cu_findings found = {0};
    if (name.n > MAX_NAME || value.n > MAX_VALUE || value.n == 0 || memchr(value.p, '\0', value.n) ||
        memchr(value.p, '\n', value.n) || memchr(value.p, '"', value.n) || memchr(value.p, '\\', value.n))
        return CU_NOT_FOUND;
    size_t from = name.n + 4;
    text[0] = '"';
    memcpy(text + 1, name.p, name.n);
    memcpy(text + 1 + name.n, "\":\"", 3);
    memcpy(text + from, value.p, value.n);
    text[from + value.n] = '"';
    cu_err err = cu_detect(e, s, cu_bytes_of(text, from + value.n + 1), &found);
    cu_err answer = err == CU_OK ? CU_NOT_FOUND : err;
    for (size_t i = 0; i < found.n && answer == CU_NOT_FOUND; i++) {
        const cu_finding *f = &found.v[i];
        if (f->start < from || f->end > from + value.n || !(f->flags & CU_FINDING_BY_CONTEXT))
            continue;
        *out = *f;
        out->start -= (uint32_t)from;
        out->end -= (uint32_t)from;
        answer = CU_OK;
    }
    cu_findings_free(&found);
    cu_wipe(text, sizeof text);
    return answer;
}
