#include "ledger/listing.h"
#include <stdio.h>

/* --- reading bodies: JSON that writers of ours made, so one pass with literal keys --- */

/* Position behind the value that begins at `at`; 0 when it does not end. */
static size_t value_end(cu_bytes b, size_t at)
{
    size_t depth = 0;
    bool inside = false;
    for (size_t i = at; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (inside) {
            if (c == '\\')
                i++;
            else if (c == '"')
                inside = false;
            if (!inside && depth == 0)
                return i + 1;
        } else if (c == '"') {
            inside = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return i;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}


bool cu_body_member(cu_bytes body, cu_bytes name, cu_bytes *out)
{
    size_t at = 1;
    while (at < body.n && body.p[at] == '"') {
        size_t key = value_end(body, at);
        if (key == 0 || key >= body.n || body.p[key] != ':')
            return false;
        size_t end = value_end(body, key + 1);
        if (end == 0)
            return false;
        if (cu_eq(cu_slice(body, at + 1, key - 1), name)) {
            bool quoted = body.p[key + 1] == '"';
            *out = cu_slice(body, key + 1 + quoted, end - quoted);
            return true;
        }
        at = end < body.n && body.p[end] == ',' ? end + 1 : body.n;
    }
    return false;
}

bool cu_population_wants(const cu_population *p, const cu_leaf *leaf)
{
    bool named = false;
    for (size_t i = 0; i < p->types_n && !named; i++)
        named = cu_eq(p->types[i], leaf->type);
    if (!named || cu_cmp(leaf->ts, p->from) < 0 || cu_cmp(leaf->ts, p->to) >= 0)
        return false;
    for (size_t i = 0; i < p->where_n; i++) {
        cu_bytes value;
        if (!cu_body_member(leaf->body, p->where[i].field, &value) || !cu_eq(value, p->where[i].value))
            return false;
    }
    return true;
}

void cu_listing_row(const cu_leaf *leaf, cu_bytes log, uint64_t index, const cu_sha256 *hash, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1], number[24];
    cu_hex(hex, hash->b, sizeof hash->b);
    int n = snprintf(number, sizeof number, "%llu", (unsigned long long)index);
    cu_buf_str(out, "{\"actor\":\"");
    cu_buf_add(out, leaf->actor);
    cu_buf_str(out, "\",\"id\":\"");
    cu_buf_add(out, leaf->id);
    cu_buf_str(out, "\",\"index\":");
    cu_buf_put(out, number, (size_t)n);
    cu_buf_str(out, ",\"leaf\":\"");
    cu_buf_put(out, hex, sizeof hex - 1);
    cu_buf_str(out, "\",\"log\":\"");
    cu_buf_add(out, log);
    cu_buf_str(out, "\",\"ts\":\"");
    cu_buf_add(out, leaf->ts);
    cu_buf_str(out, "\",\"type\":\"");
    cu_buf_add(out, leaf->type);
    cu_buf_str(out, "\"}\n");
}

/* --- a cursor over a document of ours --- */

static bool skip(cu_bytes *in, const char *text)
{
    if (!cu_starts(*in, cu_str(text)))
        return false;
    *in = cu_slice(*in, strlen(text), in->n);
    return true;
}

/* Printable ASCII up to a quote; no escapes. */
static bool take_text(cu_bytes *in, cu_bytes *out)
{
    size_t n = 0;
    while (n < in->n && in->p[n] >= 0x20 && in->p[n] < 0x7f && in->p[n] != '"' && in->p[n] != '\\')
        n++;
    if (n == in->n || in->p[n] != '"')
        return false;
    *out = cu_slice(*in, 0, n);
    *in = cu_slice(*in, n + 1, in->n);
    return true;
}

static bool take_number(cu_bytes *in, uint64_t *out)
{
    size_t n = 0;
    for (*out = 0; n < in->n && n < 16 && in->p[n] >= '0' && in->p[n] <= '9'; n++)
        *out = *out * 10 + (in->p[n] - '0');
    if (n == 0 || (n > 1 && in->p[0] == '0'))
        return false;
    *in = cu_slice(*in, n, in->n);
    return true;
}

static bool take_hash(cu_bytes *in, cu_sha256 *out)
{
    cu_bytes hex;
    return take_text(in, &hex) && cu_unhex(out->b, sizeof out->b, hex);
}

static bool is_word(cu_bytes b, size_t max)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._-/:", c));
        if (!good)
            return false;
    }
    return b.n > 0 && b.n <= max;
}

static bool is_text(cu_bytes b, size_t max)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x20 || b.p[i] >= 0x7f || b.p[i] == '"' || b.p[i] == '\\')
            return false;
    return b.n <= max;
}

static bool is_time(cu_bytes b)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (b.n != sizeof form - 1)
        return false;
    for (size_t i = 0; i < b.n; i++)
        if (form[i] == 'd' ? b.p[i] < '0' || b.p[i] > '9' : b.p[i] != (uint8_t)form[i])
            return false;
    return true;
}

cu_err cu_listing_time(cu_bytes text, char out[CU_TIME_LEN])
{
    static const char rest[] = "T00:00:00.000Z";
    if (text.n == 10)
        snprintf(out, CU_TIME_LEN, "%.10s%s", (const char *)text.p, rest);
    else if (text.n == 20 && text.p[19] == 'Z')
        snprintf(out, CU_TIME_LEN, "%.19s.000Z", (const char *)text.p);
    else if (text.n == CU_TIME_LEN - 1)
        snprintf(out, CU_TIME_LEN, "%.24s", (const char *)text.p);
    else
        return CU_SYNTAX;
    return is_time(cu_str(out)) && memcmp(out + 5, "00", 2) > 0 && memcmp(out + 5, "12", 2) <= 0 && memcmp(out + 8, "00", 2) > 0 &&
                   memcmp(out + 8, "31", 2) <= 0 && memcmp(out + 11, "23", 2) <= 0 && memcmp(out + 14, "59", 2) <= 0
               ? CU_OK
               : CU_SYNTAX;
}

cu_err cu_listing_row_parse(cu_bytes row, cu_bytes *log, uint64_t *index)
{
    cu_bytes in = row, any;
    cu_sha256 hash;
    bool ok = skip(&in, "{\"actor\":\"") && take_text(&in, &any) && skip(&in, ",\"id\":\"") && take_text(&in, &any) &&
              skip(&in, ",\"index\":") && take_number(&in, index) && skip(&in, ",\"leaf\":\"") && take_hash(&in, &hash) &&
              skip(&in, ",\"log\":\"") && take_text(&in, log);
    return ok && is_word(*log, CU_LISTING_NAME - 1) ? CU_OK : CU_SYNTAX;
}

/* --- the document of a population --- */

static bool sound(const cu_population *p)
{
    uint64_t sum = 0;
    bool ok = is_word(p->control, 32) && (p->tenant.n == 0 || is_word(p->tenant, 64)) && is_time(p->from) && is_time(p->to) &&
              cu_cmp(p->from, p->to) < 0 && p->types_n > 0 && p->types_n <= CU_LISTING_TYPES && p->where_n <= CU_LISTING_FIELDS &&
              p->logs_n > 0 && p->logs_n <= CU_LISTING_LOGS;
    for (size_t i = 0; i < p->types_n && ok; i++)
        ok = is_word(p->types[i], 64) && (i == 0 || cu_cmp(p->types[i - 1], p->types[i]) < 0);
    for (size_t i = 0; i < p->where_n && ok; i++)
        ok = is_word(p->where[i].field, 64) && is_text(p->where[i].value, 64) && (i == 0 || cu_cmp(p->where[i - 1].field, p->where[i].field) < 0);
    for (size_t i = 0; i < p->logs_n && ok; i++) {
        const cu_listing_log *l = &p->logs[i];
        ok = is_word(l->name, CU_LISTING_NAME - 1) && (i == 0 || cu_cmp(p->logs[i - 1].name, l->name) < 0) && l->count <= l->size &&
             (l->count ? l->first <= l->last && l->last < l->size : l->first == 0 && l->last == 0);
        sum += l->count;
    }
    return ok && sum == p->count;
}

static void put_quoted(cu_buf *out, const char *before, cu_bytes text)
{
    cu_buf_str(out, before);
    cu_buf_add(out, text);
    cu_buf_byte(out, '"');
}

static void put_log(const cu_listing_log *l, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hex(hex, l->root.b, sizeof l->root.b);
    cu_buf_fmt(out, "{\"count\":%llu,\"first\":%llu,\"last\":%llu", (unsigned long long)l->count, (unsigned long long)l->first,
               (unsigned long long)l->last);
    put_quoted(out, ",\"name\":\"", l->name);
    cu_buf_fmt(out, ",\"root\":\"%s\",\"size\":%llu}", hex, (unsigned long long)l->size);
}

cu_err cu_population_encode(const cu_population *p, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1];
    if (!sound(p))
        return CU_SYNTAX;
    cu_hex(hex, p->digest.b, sizeof p->digest.b);
    put_quoted(out, "{\"control\":\"", p->control);
    cu_buf_fmt(out, ",\"count\":%llu,\"digest\":\"%s\"", (unsigned long long)p->count, hex);
    put_quoted(out, ",\"from\":\"", p->from);
    cu_buf_str(out, ",\"logs\":[");
    for (size_t i = 0; i < p->logs_n; i++) {
        cu_buf_str(out, i ? "," : "");
        put_log(&p->logs[i], out);
    }
    put_quoted(out, "],\"tenant\":\"", p->tenant);
    put_quoted(out, ",\"to\":\"", p->to);
    cu_buf_str(out, ",\"types\":[");
    for (size_t i = 0; i < p->types_n; i++)
        put_quoted(out, i ? ",\"" : "\"", p->types[i]);
    cu_buf_str(out, "],\"v\":1,\"where\":[");
    for (size_t i = 0; i < p->where_n; i++) {
        put_quoted(out, i ? ",{\"field\":\"" : "{\"field\":\"", p->where[i].field);
        put_quoted(out, ",\"value\":\"", p->where[i].value);
        cu_buf_byte(out, '}');
    }
    cu_buf_str(out, "]}");
    return cu_buf_err(out);
}

static bool take_log(cu_bytes *in, cu_listing_log *l)
{
    return skip(in, "{\"count\":") && take_number(in, &l->count) && skip(in, ",\"first\":") && take_number(in, &l->first) &&
           skip(in, ",\"last\":") && take_number(in, &l->last) && skip(in, ",\"name\":\"") && take_text(in, &l->name) &&
           skip(in, ",\"root\":\"") && take_hash(in, &l->root) && skip(in, ",\"size\":") && take_number(in, &l->size) && skip(in, "}");
}

static bool take_lists(cu_bytes *in, cu_population *p)
{
    if (!skip(in, ",\"types\":["))
        return false;
    do {
        if (p->types_n == CU_LISTING_TYPES || !skip(in, "\"") || !take_text(in, &p->types[p->types_n++]))
            return false;
    } while (skip(in, ","));
    if (!skip(in, "],\"v\":1,\"where\":["))
        return false;
    while (!skip(in, "]")) {
        cu_listing_field *w = &p->where[p->where_n];
        if (p->where_n == CU_LISTING_FIELDS || (p->where_n && !skip(in, ",")) || !skip(in, "{\"field\":\"") ||
            !take_text(in, &w->field) || !skip(in, ",\"value\":\"") || !take_text(in, &w->value) || !skip(in, "}"))
            return false;
        p->where_n++;
    }
    return skip(in, "}") && in->n == 0;
}

cu_err cu_population_parse(cu_bytes body, cu_population *out)
{
    cu_bytes in = body;
    *out = (cu_population){0};
    bool ok = skip(&in, "{\"control\":\"") && take_text(&in, &out->control) && skip(&in, ",\"count\":") && take_number(&in, &out->count) &&
              skip(&in, ",\"digest\":\"") && take_hash(&in, &out->digest) && skip(&in, ",\"from\":\"") && take_text(&in, &out->from) &&
              skip(&in, ",\"logs\":[");
    while (ok && !skip(&in, "]")) {
        ok = out->logs_n < CU_LISTING_LOGS && (out->logs_n == 0 || skip(&in, ",")) && take_log(&in, &out->logs[out->logs_n]);
        out->logs_n += ok;
    }
    ok = ok && skip(&in, ",\"tenant\":\"") && take_text(&in, &out->tenant) && skip(&in, ",\"to\":\"") && take_text(&in, &out->to) &&
         take_lists(&in, out) && sound(out);
    cu_buf again CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    if (!ok || cu_population_encode(out, &again) != CU_OK || !cu_eq(cu_buf_view(&again), body))
        return CU_SYNTAX;
    return CU_OK;
}

/* --- samples --- */

/* 48 bits: exact in every language with doubles. */
static uint64_t drawn(const cu_sample *s, uint64_t turn)
{
    char message[2 * CU_SHA256_LEN + 24];
    cu_sha256 mac;
    cu_hex(message, s->digest.b, sizeof s->digest.b);
    snprintf(message + 2 * CU_SHA256_LEN, 24, ":%llu", (unsigned long long)turn);
    cu_hmac_sha256(s->seed, cu_str(message), &mac);
    uint64_t x = 0;
    for (size_t i = 0; i < 6; i++)
        x = x << 8 | mac.b[i];
    return x;
}

static bool has_row(const cu_sample *s, uint64_t row)
{
    for (size_t i = 0; i < s->rows_n; i++)
        if (s->rows[i] == row)
            return true;
    return false;
}

cu_err cu_sample_draw(cu_sample *s, uint64_t n)
{
    const uint64_t all = 1ull << 48;
    s->rows_n = 0;
    if (n > s->count)
        n = s->count;
    if (n > CU_SAMPLE_MAX || s->count > CU_SAMPLE_OF_MAX)
        return CU_TOO_BIG;
    if (n == s->count) {
        while (s->rows_n < n) {
            s->rows[s->rows_n] = s->rows_n;
            s->rows_n++;
        }
        return CU_OK;
    }
    uint64_t limit = all - all % s->count; /* above it, some rows would come more often */
    for (uint64_t turn = 0; s->rows_n < n; turn++) {
        uint64_t x = drawn(s, turn), row = x % s->count;
        if (x < limit && !has_row(s, row))
            s->rows[s->rows_n++] = row;
    }
    return CU_OK;
}

static bool sample_sound(const cu_sample *s)
{
    return is_word(s->population, 32) && s->seed.n > 0 && is_text(s->seed, CU_SAMPLE_SEED) && is_text(s->why, CU_SAMPLE_WHY) &&
           s->rows_n <= CU_SAMPLE_MAX && s->rows_n <= s->count && s->count <= CU_SAMPLE_OF_MAX;
}

cu_err cu_sample_encode(const cu_sample *s, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1];
    if (!sample_sound(s))
        return CU_SYNTAX;
    cu_hex(hex, s->digest.b, sizeof s->digest.b);
    cu_buf_fmt(out, "{\"count\":%llu,\"digest\":\"%s\"", (unsigned long long)s->count, hex);
    put_quoted(out, ",\"population\":\"", s->population);
    cu_buf_str(out, ",\"rows\":\"");
    for (size_t i = 0; i < s->rows_n; i++)
        cu_buf_fmt(out, "%s%llu", i ? " " : "", (unsigned long long)s->rows[i]);
    put_quoted(out, "\",\"seed\":\"", s->seed);
    put_quoted(out, ",\"v\":1,\"why\":\"", s->why);
    cu_buf_byte(out, '}');
    return cu_buf_err(out);
}

cu_err cu_sample_parse(cu_bytes body, cu_sample *out)
{
    cu_bytes in = body;
    *out = (cu_sample){0};
    bool ok = skip(&in, "{\"count\":") && take_number(&in, &out->count) && skip(&in, ",\"digest\":\"") && take_hash(&in, &out->digest) &&
              skip(&in, ",\"population\":\"") && take_text(&in, &out->population) && skip(&in, ",\"rows\":\"");
    while (ok && !skip(&in, "\"")) {
        ok = out->rows_n < CU_SAMPLE_MAX && (out->rows_n == 0 || skip(&in, " ")) && take_number(&in, &out->rows[out->rows_n]);
        out->rows_n += ok;
    }
    ok = ok && skip(&in, ",\"seed\":\"") && take_text(&in, &out->seed) && skip(&in, ",\"v\":1,\"why\":\"") && take_text(&in, &out->why) &&
         skip(&in, "}") && in.n == 0 && sample_sound(out);
    if (!ok)
        return CU_SYNTAX;
    uint64_t n = out->rows_n;
    CU_TRY(cu_sample_draw(out, n)); /* its encoding is the body only if the rows were drawn like this */
    cu_buf again CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    CU_TRY(cu_sample_encode(out, &again));
    return cu_eq(cu_buf_view(&again), body) ? CU_OK : CU_SYNTAX;
}
