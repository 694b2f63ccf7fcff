#include "units.h"

cu_bytes cu_unit_text(const cu_units *u, const cu_unit *t)
{
    return t->base == UINT32_MAX ? t->text : cu_bytes_of(u->joined.p + t->base, t->text.n);
}

/* A new one; NULL: no memory. */
static cu_unit *append(cu_units *u, uint32_t *at)
{
    if (u->n == u->cap) {
        size_t cap = u->cap ? u->cap * 2 : 16;
        cu_unit *v = cu_arena_raw(u->arena, cap * sizeof *v);
        if (!v)
            return NULL;
        if (u->n)
            memcpy(v, u->v, u->n * sizeof *v);
        u->v = v;
        u->cap = cap;
    }
    *at = (uint32_t)u->n;
    return &u->v[u->n++];
}

/* Copies the text of a unit to those that are scanned. */
static cu_err scan_it(cu_units *u, uint32_t at)
{
    cu_unit *t = &u->v[at];
    t->scanned = true;
    t->base = (uint32_t)u->joined.n;
    cu_buf_add(&u->joined, t->text);
    cu_buf_byte(&u->joined, CU_DETECT_SEPARATOR);
    return u->joined.err;
}

static cu_err look_into(cu_units *u, uint32_t at);
static cu_err look_into_lines(cu_units *u, uint32_t at);

static bool may_be_json(cu_bytes t)
{
    size_t i = 0;
    while (i < t.n && (t.p[i] == ' ' || (t.p[i] >= '\t' && t.p[i] <= '\r')))
        i++;
    return t.n - i >= 2 && (t.p[i] == '{' || t.p[i] == '[');
}

/* Decoded behind what is scanned already; JSON is taken apart instead, and then lives in the arena. */
static cu_err add_inside(cu_units *u, uint32_t inside, size_t start, size_t end, cu_bytes name)
{
    uint32_t string = u->v[inside].string, level = u->v[inside].level + 1, at;
    size_t base = u->joined.n;
    /* room first: the text to decode may lie in the buffer that grows */
    if (!cu_buf_room(&u->joined, end - start + 1))
        return u->joined.err ? u->joined.err : CU_NOMEM;
    cu_loose_unescape(cu_slice(cu_unit_text(u, &u->v[inside]), start, end), &u->joined);
    CU_TRY(u->joined.err);
    cu_bytes text = cu_bytes_of(u->joined.p + base, u->joined.n - base);
    bool json = level < CU_DEEPEST && may_be_json(text);
    cu_bytes own = json ? cu_arena_dup(u->arena, text) : cu_bytes_of(NULL, text.n);
    if (json && !own.p)
        return CU_NOMEM;
    if (json)
        u->joined.n = base;
    else
        cu_buf_byte(&u->joined, CU_DETECT_SEPARATOR);
    CU_TRY(u->joined.err);
    cu_unit *one = append(u, &at);
    if (!one)
        return CU_NOMEM;
    *one = (cu_unit){.string = string, .inside = inside, .start = (uint32_t)start, .end = (uint32_t)end, .base = json ? UINT32_MAX : (uint32_t)base,
                     .text = own, .name = name, .level = level, .scanned = !json};
    return json ? look_into(u, at) : level < CU_DEEPEST ? look_into_lines(u, at) : CU_OK;
}

/* JSON in a string: its strings, each by itself. */
static cu_err look_into_json(cu_units *u, uint32_t at, const cu_json_strings *s)
{
    cu_bytes text = u->v[at].text; /* in the arena: it stays where it is */
    for (size_t i = 0; i < s->n; i++) {
        const cu_json_string *v = &s->v[i];
        bool named = !(v->flags & CU_JSON_KEY) && v->parent_key != UINT32_MAX;
        if (v->end - v->start >= CU_MIN_STRING)
            CU_TRY(add_inside(u, at, v->start, v->end, named ? cu_slice(text, s->v[v->parent_key].start, s->v[v->parent_key].end) : CU_NONE));
    }
    return CU_OK;
}

/* The end of the last line in a row that has an escape, of which the first is at hit; *next: the escape behind them. */
static size_t end_of_lines(cu_bytes text, size_t hit, size_t *next)
{
    for (size_t end = hit;;) {
        const uint8_t *nl = memchr(text.p + end, '\n', text.n - end);
        end = nl ? (size_t)(nl - text.p) : text.n;
        *next = nl ? cu_loose_find(text, end) : (size_t)-1;
        if (*next == (size_t)-1 || memchr(text.p + end + 1, '\n', *next - (end + 1)))
            return end;
        end++;
    }
}

/* Lines with escapes, decoded: behind a written-out \n a key begins like behind a real one. */
static cu_err look_into_lines(cu_units *u, uint32_t at)
{
    cu_bytes text = cu_unit_text(u, &u->v[at]);
    size_t done = 0, next;
    for (size_t hit = cu_loose_find(text, 0); hit != (size_t)-1; hit = next) {
        const uint8_t *before = memrchr(text.p + done, '\n', hit - done);
        size_t start = before ? (size_t)(before - text.p) + 1 : done;
        done = end_of_lines(text, hit, &next);
        CU_TRY(add_inside(u, at, start, done, CU_NONE));
        text = cu_unit_text(u, &u->v[at]); /* joined may have moved */
    }
    return CU_OK;
}

static cu_err look_into(cu_units *u, uint32_t at)
{
    cu_json_strings s;
    cu_unit *t = &u->v[at];
    if (t->level < CU_DEEPEST && may_be_json(t->text) && cu_json_walk(t->text, u->arena, &s, NULL) == CU_OK)
        return look_into_json(u, at, &s);
    CU_TRY(scan_it(u, at));
    return u->v[at].level < CU_DEEPEST ? look_into_lines(u, at) : CU_OK;
}

/* Text that may be JSON: unescaped, to be taken apart. */
static cu_err add_json(cu_units *u, uint32_t string, cu_bytes raw)
{
    uint32_t at;
    cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    cu_json_unescape(raw, &plain);
    CU_TRY(plain.err);
    cu_bytes text = cu_arena_dup(u->arena, cu_buf_view(&plain));
    cu_unit *one = text.p ? append(u, &at) : NULL;
    if (!one)
        return CU_NOMEM;
    *one = (cu_unit){.string = string, .inside = CU_NO_UNIT, .base = UINT32_MAX, .text = text};
    return look_into(u, at);
}

cu_err cu_units_add(cu_units *u, uint32_t string, cu_bytes raw, bool escaped, bool deep, size_t room)
{
    uint32_t at;
    if (deep && may_be_json(raw))
        return add_json(u, string, raw);
    /* room for all that may still come, with some lines decoded again: growing would copy and wipe */
    if (u->joined.n == 0 && !cu_buf_room(&u->joined, room + room / 4))
        return CU_NOMEM;
    size_t base = u->joined.n;
    if (escaped)
        cu_json_unescape(raw, &u->joined);
    else
        cu_buf_add(&u->joined, raw);
    size_t n = u->joined.n - base;
    cu_buf_byte(&u->joined, CU_DETECT_SEPARATOR);
    CU_TRY(u->joined.err);
    cu_unit *one = append(u, &at);
    if (!one)
        return CU_NOMEM;
    *one = (cu_unit){.string = string, .inside = CU_NO_UNIT, .base = (uint32_t)base, .text = cu_bytes_of(escaped ? NULL : raw.p, n), .scanned = true};
    return deep && escaped ? look_into_lines(u, at) : CU_OK;
}

/* Offset `plain` of a unit in the text around it. *from, *plain_from: how far it was followed. */
static size_t outside(const cu_units *u, const cu_unit *t, size_t plain, size_t *from, size_t *plain_from)
{
    cu_bytes raw = cu_slice(cu_unit_text(u, &u->v[t->inside]), t->start, t->end);
    if (plain < *plain_from)
        *from = *plain_from = 0;
    return t->start + cu_loose_offset(raw, plain, from, plain_from);
}

void cu_unit_lift(cu_units *u, cu_unit *t, cu_finding *g)
{
    g->flags |= t->level << CU_LEVEL_SHIFT;
    for (; t->inside != CU_NO_UNIT; t = &u->v[t->inside]) {
        size_t start = outside(u, t, g->start, &t->from, &t->plain_from);
        size_t from = t->from, plain_from = t->plain_from;
        g->end = (uint32_t)outside(u, t, g->end, &from, &plain_from);
        g->start = (uint32_t)start;
    }
}
