/* The stream restorer (WHATWG HTML, server-sent events). An event leaves when it is whole; of a
 * delta only what could be the beginning of a surrogate waits for the next one of its block. */
#include <stdlib.h>
#include "answer.h"
#include "put_back.h"
#include "restore_strings.h"

#define DELTA_KINDS 3

/* What a content block has withheld, and the event into which it is put if the block ends. */
typedef struct {
    uint64_t index;
    bool open;
    cu_buf held;              /* raw inside of a JSON string */
    cu_buf before, after;     /* the delta event around that string */
} block;

struct cu_restorer {
    const cu_issued_map *issued;
    cu_answer answer;
    cu_buf event; /* bytes of an event that is not whole yet */
    size_t seen;  /* bytes of it that were searched for its end */
    block *blocks;
    size_t blocks_n;
};

/* One event while it is looked at. */
typedef struct {
    cu_bytes bytes; /* with its blank line */
    size_t from;    /* where its data begins */
    cu_bytes json;
    cu_json_strings s;
} event;

cu_err cu_restorer_new(const cu_issued_map *issued, cu_restorer **out)
{
    cu_restorer *r = calloc(1, sizeof *r);
    if (!r)
        return CU_NOMEM;
    r->issued = issued;
    r->event = CU_BUF(CU_SSE_MAX_EVENT);
    *out = r;
    return CU_OK;
}

static void forget(block *b)
{
    cu_buf_free(&b->held);
    cu_buf_free(&b->before);
    cu_buf_free(&b->after);
    b->open = false;
}

void cu_restorer_free(cu_restorer *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->blocks_n; i++)
        forget(&r->blocks[i]);
    free(r->blocks);
    cu_buf_free(&r->event);
    free(r);
}

const cu_answer *cu_restorer_answer(const cu_restorer *r)
{
    return &r->answer;
}

/* The open block of this index; made when it is new. NULL: too many. */
static block *block_of(cu_restorer *r, uint64_t index)
{
    block *free_one = NULL;
    for (size_t i = 0; i < r->blocks_n; i++) {
        if (r->blocks[i].open && r->blocks[i].index == index)
            return &r->blocks[i];
        if (!r->blocks[i].open)
            free_one = &r->blocks[i];
    }
    if (!free_one) {
        block *v = r->blocks_n < CU_SSE_MAX_BLOCKS
                       ? realloc(r->blocks, (r->blocks_n + 1) * sizeof *v)
                       : NULL;
        if (!v)
            return NULL;
        r->blocks = v;
        free_one = &v[r->blocks_n++];
    }
    *free_one = (block){index, true, CU_BUF(4096), CU_BUF(CU_SSE_MAX_EVENT), CU_BUF(CU_SSE_MAX_EVENT)};
    return free_one;
}

/* What the block withheld leaves as it is: it did not become a surrogate. */
static void release(block *b, cu_buf *out)
{
    if (b->held.n) {
        cu_buf_add(out, cu_buf_view(&b->before));
        cu_buf_add(out, cu_buf_view(&b->held));
        cu_buf_add(out, cu_buf_view(&b->after));
    }
    forget(b);
}

static void release_all(cu_restorer *r, cu_buf *out)
{
    for (size_t i = 0; i < r->blocks_n; i++)
        if (r->blocks[i].open)
            release(&r->blocks[i], out);
}

/* The string of a delta that carries text; NULL for other deltas (signatures). */
static const cu_json_string *delta_string(const event *e, bool *twice)
{
    static const char *const kinds[DELTA_KINDS] = {"text", "partial_json", "thinking"};
    for (size_t i = 0; i < e->s.n; i++) {
        const cu_json_string *v = &e->s.v[i];
        if ((v->flags & CU_JSON_KEY) || v->depth != 2)
            continue;
        for (size_t k = 0; k < DELTA_KINDS; k++)
            if (cu_json_is(e->json, e->s.v[v->parent_key], kinds[k])) {
                *twice = k == 1;
                return v;
            }
    }
    return NULL;
}

static uint64_t index_of(const event *e)
{
    cu_bytes v = cu_json_top_value(e->json, &e->s, "index");
    uint64_t n = 0;
    for (size_t i = 0; i < v.n && i < 9 && v.p[i] >= '0' && v.p[i] <= '9'; i++)
        n = n * 10 + (v.p[i] - '0');
    return n;
}

static cu_err feed_delta(cu_restorer *r, const event *e, const cu_json_string *v, bool twice, cu_buf *out)
{
    block *b = block_of(r, index_of(e));
    if (!b)
        return CU_TOO_BIG;
    cu_bytes mine = cu_slice(e->json, v->start, v->end);
    cu_buf text CU_CLEAN_BUF = CU_BUF(mine.n + 4096);
    cu_buf_add(&text, cu_buf_view(&b->held));
    cu_buf_add(&text, mine);
    cu_buf back CU_CLEAN_BUF = CU_BUF(cu_restored_ceiling(cu_buf_view(&text)));
    bool held_before = b->held.n > 0;
    cu_buf_reset(&b->held);
    size_t n = cu_put_back(r->issued, cu_buf_view(&text), twice, &back, &b->held);
    CU_TRY(text.err);
    CU_TRY(back.err);
    CU_TRY(b->held.err);
    r->answer.restored += (uint32_t)n;
    if (n == 0 && !held_before && b->held.n == 0) {
        cu_buf_add(out, e->bytes);
        return CU_OK;
    }
    cu_bytes before = cu_slice(e->bytes, 0, e->from + v->start);
    cu_bytes after = cu_slice(e->bytes, e->from + v->end, e->bytes.n);
    if (back.n) {
        cu_buf_add(out, before);
        cu_buf_add(out, cu_buf_view(&back));
        cu_buf_add(out, after);
    }
    if (b->held.n) {
        cu_buf_reset(&b->before);
        cu_buf_reset(&b->after);
        cu_buf_add(&b->before, before);
        cu_buf_add(&b->after, after);
        CU_TRY(b->before.err);
        CU_TRY(b->after.err);
    }
    return cu_buf_err(out);
}

static cu_err other_event(cu_restorer *r, const event *e, bool block_ends, cu_buf *out)
{
    if (block_ends)
        release(block_of(r, index_of(e)), out);
    cu_buf back CU_CLEAN_BUF = CU_BUF(cu_restored_ceiling(e->json));
    size_t n = cu_restore_strings(r->issued, e->json, &e->s, &back);
    CU_TRY(back.err);
    if (n == 0) {
        cu_buf_add(out, e->bytes);
        return cu_buf_err(out);
    }
    r->answer.restored += (uint32_t)n;
    cu_buf_add(out, cu_slice(e->bytes, 0, e->from));
    cu_buf_add(out, cu_buf_view(&back));
    cu_buf_add(out, cu_slice(e->bytes, e->from + e->json.n, e->bytes.n));
    return cu_buf_err(out);
}

/* Finds the data line. Events of several data lines are not used by this API: they pass. */
static bool find_data(event *e)
{
    size_t at = 0;
    for (;;) {
        cu_bytes rest = cu_slice(e->bytes, at, e->bytes.n);
        const uint8_t *nl = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
        if (!nl)
            return false;
        size_t end = at + (size_t)(nl - rest.p);
        if (cu_starts(rest, CU_LIT("data:"))) {
            at += 5;
            while (at < end && e->bytes.p[at] == ' ')
                at++;
            if (end > at && e->bytes.p[end - 1] == '\r')
                end--;
            e->from = at;
            e->json = cu_slice(e->bytes, at, end);
            return true;
        }
        at = end + 1;
    }
}

static cu_err whole_event(cu_restorer *r, cu_bytes bytes, cu_buf *out)
{
    event e = {.bytes = bytes};
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 256u << 20);
    r->answer.events++;
    if (!find_data(&e) || cu_json_walk(e.json, &a, &e.s, NULL) != CU_OK) {
        cu_buf_add(out, bytes);
        return cu_buf_err(out);
    }
    bool twice = false;
    const cu_json_string *v = NULL;
    cu_bytes type = cu_json_top_value(e.json, &e.s, "type");
    bool delta = cu_starts(type, CU_LIT("\"content_block_delta\""));
    if (delta)
        v = delta_string(&e, &twice);
    else
        cu_answer_read(&r->answer, e.json, &e.s);
    if (r->issued->n == 0 || (delta && !v)) {
        cu_buf_add(out, bytes);
        return cu_buf_err(out);
    }
    if (v)
        return feed_delta(r, &e, v, twice, out);
    if (cu_starts(type, CU_LIT("\"message_stop\"")))
        release_all(r, out);
    return other_event(r, &e, cu_starts(type, CU_LIT("\"content_block_stop\"")), out);
}

/* End of the first event in b, or 0. Looks at each byte once. */
static size_t event_end(cu_bytes b, size_t *seen)
{
    size_t i = *seen;
    const uint8_t *nl;
    while (i < b.n && (nl = memchr(b.p + i, '\n', b.n - i)) != NULL) {
        size_t at = (size_t)(nl - b.p);
        size_t next = at + 1;
        if (next < b.n && b.p[next] == '\r')
            next++;
        if (next >= b.n) {
            *seen = at;
            return 0;
        }
        if (b.p[next] == '\n')
            return next + 1;
        i = at + 1;
    }
    *seen = b.n;
    return 0;
}

cu_err cu_restorer_feed(cu_restorer *r, cu_bytes in, cu_buf *out)
{
    cu_bytes rest = in;
    if (r->event.n) { /* complete what is waiting first */
        cu_buf_add(&r->event, in);
        CU_TRY(cu_buf_err(&r->event));
        rest = cu_buf_view(&r->event);
    }
    for (;;) {
        size_t end = event_end(rest, &r->seen);
        if (end == 0)
            break;
        CU_TRY(whole_event(r, cu_slice(rest, 0, end), out));
        rest = cu_slice(rest, end, rest.n);
        r->seen = 0;
    }
    if (r->event.n) {
        size_t n = rest.n;
        if (n)
            memmove(r->event.p, rest.p, n);
        r->event.n = n;
        return cu_buf_err(out);
    }
    cu_buf_add(&r->event, rest);
    CU_TRY(cu_buf_err(&r->event));
    return cu_buf_err(out);
}

cu_err cu_restorer_end(cu_restorer *r, cu_buf *out)
{
    release_all(r, out);
    cu_buf_add(out, cu_buf_view(&r->event));
    cu_buf_reset(&r->event);
    r->seen = 0;
    return cu_buf_err(out);
}
