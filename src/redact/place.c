#include "place.h"

cu_place_kind cu_place_kind_of(uint32_t flags)
{
    return flags & CU_JSON_ARGS ? CU_PLACE_ARGS : flags & CU_JSON_CODE ? CU_PLACE_CODE : CU_PLACE_TEXT;
}

/* A quote behind 2^k - 1 backslashes is one of level k. */
static unsigned level_of(uint32_t slashes)
{
    return slashes == 0 ? 0 : slashes == 1 ? 1 : slashes == 3 ? 2 : slashes == 7 ? 3 : CU_PLACE_DEEPEST;
}

static void on_quote(cu_place *p, uint8_t c)
{
    unsigned level = level_of(p->slashes);
    if (level >= CU_PLACE_DEEPEST || (p->depth && p->quote != '"' && (c != p->quote || level)))
        return;
    if (p->depth && p->quote == '"' && c != '"')
        return;
    if (p->depth > level) {
        p->depth = (uint8_t)level;
    } else if (p->depth == level) {
        p->depth++;
        p->quote = level ? p->quote : c;
    }
}

static void one(cu_place *p, uint8_t c)
{
    if (c == '\\') {
        p->slashes++;
        return;
    }
    if (c == '"' || (p->kind == CU_PLACE_CODE && (c == '\'' || c == '`')))
        on_quote(p, c);
    else if (c == '\n' && p->quote != '`')
        p->depth = 0; /* a quote that nobody closed ends with its line */
    else if (c == 'n' && p->slashes && p->depth > level_of(p->slashes))
        p->depth = (uint8_t)level_of(p->slashes); /* and one inside of a string with its written-out \n */
    p->slashes = 0;
}

static void leave_string(cu_place *p)
{
    p->in_string = false;
    p->depth = 0;
    p->slashes = 0;
}

static void one_of_args(cu_place *p, uint8_t c)
{
    if (!p->in_string) {
        p->in_string = c == '"';
    } else if (p->hex) {
        p->hex--;
    } else if (p->after_slash) {
        p->after_slash = false;
        p->hex = c == 'u' ? 4 : 0;
        one(p, c == 'n' ? '\n' : c == '"' || c == '\\' ? c : ' ');
    } else if (c == '\\') {
        p->after_slash = true;
    } else if (c == '"') {
        leave_string(p);
    } else {
        one(p, c);
    }
}

void cu_place_feed(cu_place *p, cu_bytes text)
{
    for (size_t i = 0; i < text.n; i++)
        if (p->kind == CU_PLACE_ARGS)
            one_of_args(p, text.p[i]);
        else
            one(p, text.p[i]);
}

#define BIT(kind, depth) (uint16_t)(1u << ((kind) * 5u + (depth)))

void cu_place_note(const cu_place *p, cu_issued *it)
{
    it->places |= BIT(p->kind, p->depth);
}

/* Lowest depth at which it stood. */
static unsigned lowest(uint16_t places)
{
    for (unsigned d = 0; d <= CU_PLACE_DEEPEST; d++)
        if (places & (BIT(0, d) | BIT(1, d) | BIT(2, d)))
            return d;
    return 0;
}

/* How often the text that is put has to be escaped; *text is what to put. */
static unsigned escapes(const cu_place *p, const cu_issued *it, cu_bytes *text)
{
    bool decoded = !cu_eq(it->plain, it->value);
    *text = it->value;
    if (!it->awkward || it->places & BIT(p->kind, p->depth))
        return 0;
    if (decoded) {
        *text = it->plain;
        return p->depth;
    }
    unsigned from = lowest(it->places);
    return p->depth > from ? p->depth - from : 0;
}

static void escape_program(cu_buf *out, cu_bytes s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == '\n') {
            cu_buf_str(out, "\\n");
            continue;
        }
        if (memchr("\\\"'`", c, 4) || (c == '$' && i + 1 < s.n && s.p[i + 1] == '{'))
            cu_buf_byte(out, '\\');
        cu_buf_byte(out, c);
    }
}

/* Puts s escaped n times; the last time in the way of the quote that stands outermost. */
static void put_times(const cu_place *p, cu_bytes s, unsigned n, cu_buf *out)
{
    if (n == 0) {
        cu_buf_add(out, s);
        return;
    }
    uint8_t room[256];
    cu_buf once CU_CLEAN_BUF = CU_BUF_ON(room, 6 * s.n + 16);
    if (n == 1 && p->kind == CU_PLACE_CODE && p->quote != '"')
        escape_program(&once, s);
    else
        cu_buf_json_escape(&once, s);
    if (once.err)
        out->err = once.err;
    put_times(p, cu_buf_view(&once), n - 1, out);
}

void cu_place_put(const cu_place *p, const cu_issued *it, cu_buf *out)
{
    cu_bytes text;
    unsigned n = escapes(p, it, &text);
    uint8_t room[256], more[256];
    cu_buf here CU_CLEAN_BUF = CU_BUF_ON(room, 4096 * (text.n + 16)), args CU_CLEAN_BUF = CU_BUF_ON(more, 4096 * (text.n + 16));
    put_times(p, text, n, &here);
    cu_bytes put = cu_buf_view(&here);
    if (p->kind == CU_PLACE_ARGS) {
        cu_buf_json_escape(&args, put);
        put = cu_buf_view(&args);
    }
    if (here.err || args.err)
        out->err = CU_NOMEM;
    cu_buf_json_escape(out, put);
}
