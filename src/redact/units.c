#include "units.h"

cu_bytes cu_unit_text(const cu_units *u, const cu_unit *t)
{
    return t->base == UINT32_MAX ? t->text : cu_bytes_of(u->joined.p + t->base, t->text.n);
}

static cu_err push(cu_units *u, cu_unit one, uint32_t *at)
{
    if (u->n == u->cap) {
        size_t cap = u->cap ? u->cap * 2 : 16;
        cu_unit *v = cu_arena_raw(u->arena, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (u->n)
            memcpy(v, u->v, u->n * sizeof *v);
        u->v = v;
        u->cap = cap;
    }
    *at = (uint32_t)u->n;
    u->v[u->n++] = one;
    return CU_OK;
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
    const cu_unit *p = &u->v[inside];
    size_t base = u->joined.n;
    cu_unit one = {.string = p->string, .inside = inside, .start = (uint32_t)start, .end = (uint32_t)end, .base = UINT32_MAX,
                   .name = name, .level = p->level + 1};
    /* room first: the text to decode may lie in the buffer that grows */
    if (!cu_buf_room(&u->joined, end - start + 1))
        return u->joined.err ? u->joined.err : CU_NOMEM;
    cu_loose_unescape(cu_slice(cu_unit_text(u, p), start, end), &u->joined);
    CU_TRY(u->joined.err);
    cu_bytes text = cu_bytes_of(u->joined.p + base, u->joined.n - base);
    bool json = one.level < CU_DEEPEST && may_be_json(text);
    uint32_t at;
    if (json && !(one.text = cu_arena_dup(u->arena, text)).p)
        return CU_NOMEM;
    if (json) {
        u->joined.n = base;
        CU_TRY(push(u, one, &at));
        return look_into(u, at);
    }
    one.base = (uint32_t)base;
    one.scanned = true;
    one.text.n = text.n;
    cu_buf_byte(&u->joined, CU_DETECT_SEPARATOR);
    CU_TRY(u->joined.err);
    CU_TRY(push(u, one, &at));
    return one.level < CU_DEEPEST ? look_into_lines(u, at) : CU_OK;
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

/* Lines with escapes, decoded: behind a written-out \n a key begins like behind a real one. */
static cu_err look_into_lines(cu_units *u, uint32_t at)
{
    cu_bytes text = cu_unit_text(u, &u->v[at]);
    for (size_t i = 0, hit; (hit = cu_loose_find(text, i)) != (size_t)-1;) {
        size_t start = hit, end = hit;
        while (start > i && text.p[start - 1] != '\n')
            start--;
        for (;;) { /* up to the end of the last line in a row that has one */
            const uint8_t *nl = memchr(text.p + end, '\n', text.n - end);
            size_t stop = nl ? (size_t)(nl - text.p) : text.n;
            end = stop;
            size_t next = stop < text.n ? cu_loose_find(text, stop) : (size_t)-1;
            const uint8_t *after = stop < text.n ? memchr(text.p + stop + 1, '\n', text.n - stop - 1) : NULL;
            if (next == (size_t)-1 || (after && next > (size_t)(after - text.p)))
                break;
            end = stop + 1;
        }
        CU_TRY(add_inside(u, at, start, end, CU_NONE));
        text = cu_unit_text(u, &u->v[at]); /* joined may have moved */
        i = end;
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

cu_err cu_units_add(cu_units *u, uint32_t string, cu_bytes raw, bool escaped, bool deep, size_t room)
{
    uint32_t at;
    cu_unit one = {.string = string, .inside = CU_NO_UNIT, .base = UINT32_MAX, .text = raw};
    if (deep && may_be_json(raw)) {
        cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
        cu_json_unescape(raw, &plain);
        CU_TRY(plain.err);
        one.text = cu_arena_dup(u->arena, cu_buf_view(&plain));
        if (!one.text.p)
            return CU_NOMEM;
        CU_TRY(push(u, one, &at));
        return look_into(u, at);
    }
    /* room for all that may still come, with some lines decoded again: growing would copy and wipe */
    if (u->joined.n == 0 && !cu_buf_room(&u->joined, room + room / 4))
        return CU_NOMEM;
    one.base = (uint32_t)u->joined.n;
    one.scanned = true;
    if (escaped)
        cu_json_unescape(raw, &u->joined);
    else
        cu_buf_add(&u->joined, raw);
    one.text.n = u->joined.n - one.base;
    cu_buf_byte(&u->joined, CU_DETECT_SEPARATOR);
    CU_TRY(u->joined.err);
    CU_TRY(push(u, one, &at));
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
