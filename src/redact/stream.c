/* The stream restorer. An event (WHATWG HTML, server-sent events; or an element of a JSON array) leaves
 * when it is whole; of a piece of text only what could be the beginning of a surrogate waits for the
 * next piece of the same text. */
#include <stdlib.h>
#include "answer.h"
#include "put_back.h"
#include "restore_strings.h"
#include "wire/event.h"
#include "wire/frame.h"

/* A text that is still being sent: what it has withheld, and the event into which that is put when
 * the text ends. */
typedef struct {
    uint64_t group, id;
    bool open;
    cu_place place;
    cu_buf held;              /* raw inside of a JSON string */
    cu_buf before, after;     /* the event around that string */
} text;

struct cu_restorer {
    const cu_issued_map *issued;
    cu_api api;
    cu_stream_form form;
    cu_answer answer;
    cu_buf event;  /* bytes of an event that is not whole yet */
    cu_frame_at at; /* in it */
    text *texts;
    size_t texts_n;
};

/* One event while it is looked at. */
typedef struct {
    cu_bytes bytes; /* with what ends it, or what stands before it in an array */
    size_t from;    /* where its data begins */
    cu_bytes json;
    cu_json_strings s;
    cu_event_facts facts;
    cu_buf out;     /* its new form */
    size_t done;    /* bytes of it that are in out */
    bool changed, emptied;
} event;

cu_err cu_restorer_new(const cu_issued_map *issued, cu_api api, cu_stream_form form, cu_restorer **out)
{
    cu_restorer *r = calloc(1, sizeof *r);
    if (!r)
        return CU_NOMEM;
    r->issued = issued;
    r->api = api;
    r->form = form;
    r->at.array = form == CU_STREAM_ARRAY;
    r->event = CU_BUF(CU_SSE_MAX_EVENT);
    *out = r;
    return CU_OK;
}

static void forget(text *t)
{
    cu_buf_free(&t->held);
    cu_buf_free(&t->before);
    cu_buf_free(&t->after);
    t->open = false;
}

void cu_restorer_free(cu_restorer *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->texts_n; i++)
        forget(&r->texts[i]);
    free(r->texts);
    cu_buf_free(&r->event);
    free(r);
}

const cu_answer *cu_restorer_answer(const cu_restorer *r)
{
    return &r->answer;
}

/* The open text of this piece; made when it is new. NULL: too many. */
static text *text_of(cu_restorer *r, const cu_piece *p)
{
    text *free_one = NULL;
    for (size_t i = 0; i < r->texts_n; i++) {
        text *t = &r->texts[i];
        if (t->open && t->group == p->group && t->id == p->text)
            return t;
        if (!t->open)
            free_one = t;
    }
    if (!free_one) {
        text *v = r->texts_n < CU_SSE_MAX_BLOCKS ? realloc(r->texts, (r->texts_n + 1) * sizeof *v) : NULL;
        if (!v)
            return NULL;
        r->texts = v;
        free_one = &v[r->texts_n++];
    }
    *free_one = (text){p->group, p->text, true, {.kind = (uint8_t)cu_place_kind_of(p->flags)}, CU_BUF(4096),
                       CU_BUF(CU_SSE_MAX_EVENT), CU_BUF(CU_SSE_MAX_EVENT)};
    return free_one;
}

/* What the text withheld leaves as it is: it did not become a surrogate. */
static void release(cu_restorer *r, text *t, cu_buf *out)
{
    if (t->held.n) {
        if (r->form == CU_STREAM_ARRAY) /* behind an element that has left */
            cu_buf_byte(out, ',');
        cu_buf_add(out, cu_buf_view(&t->before));
        cu_buf_add(out, cu_buf_view(&t->held));
        cu_buf_add(out, cu_buf_view(&t->after));
    }
    forget(t);
}

/* All texts of a group but one. */
static void release_group(cu_restorer *r, uint64_t group, const cu_piece *but, cu_buf *out)
{
    for (size_t i = 0; i < r->texts_n; i++) {
        text *t = &r->texts[i];
        if (t->open && (group == CU_ALL_GROUPS || t->group == group) && !(but && t->id == but->text))
            release(r, t, out);
    }
}

/* The event once more, with an empty place for what the text withheld; what else it says was said. */
static cu_err make_frame(const event *e, size_t at, text *t, bool array)
{
    static const char *const stay[] = {"type", "role", "object"};
    size_t done = array ? e->from : 0, end = array ? e->from + e->json.n : e->bytes.n;
    cu_buf *to = &t->before;
    cu_buf_reset(&t->before);
    cu_buf_reset(&t->after);
    for (size_t i = 0; i < e->s.n; i++) {
        const cu_json_string *v = &e->s.v[i];
        bool keep = i != at && ((v->flags & CU_JSON_KEY) || v->depth < 2 || v->parent_key == UINT32_MAX);
        for (size_t k = 0; k < 3 && i != at && !keep; k++)
            keep = cu_json_is(e->json, e->s.v[v->parent_key], stay[k]);
        if (keep)
            continue;
        cu_buf_add(to, cu_slice(e->bytes, done, e->from + v->start));
        done = e->from + v->end;
        if (i == at)
            to = &t->after;
    }
    cu_buf_add(to, cu_slice(e->bytes, done, end));
    CU_TRY(t->before.err);
    return t->after.err;
}

static void put_string(event *e, const cu_json_string *v, cu_bytes now)
{
    cu_buf_add(&e->out, cu_slice(e->bytes, e->done, e->from + v->start));
    cu_buf_add(&e->out, now);
    e->done = e->from + v->end;
    e->changed = true;
}

static cu_err feed_piece(cu_restorer *r, event *e, const cu_piece *p)
{
    const cu_json_string *v = &e->s.v[p->string];
    text *t = text_of(r, p);
    if (!t)
        return CU_TOO_BIG;
    cu_bytes mine = cu_slice(e->json, v->start, v->end);
    cu_buf all CU_CLEAN_BUF = CU_BUF(mine.n + 4096);
    cu_buf_add(&all, cu_buf_view(&t->held));
    cu_buf_add(&all, mine);
    cu_buf back CU_CLEAN_BUF = CU_BUF(cu_restored_ceiling(cu_buf_view(&all)));
    bool held_before = t->held.n > 0;
    cu_buf_reset(&t->held);
    size_t n = cu_put_back(r->issued, cu_buf_view(&all), &t->place, &back, p->last ? NULL : &t->held);
    CU_TRY(all.err);
    CU_TRY(back.err);
    CU_TRY(t->held.err);
    r->answer.restored += (uint32_t)n;
    e->emptied &= back.n == 0 && t->held.n > 0;
    if (n || held_before || t->held.n)
        put_string(e, v, cu_buf_view(&back));
    return t->held.n ? make_frame(e, p->string, t, r->form == CU_STREAM_ARRAY) : CU_OK;
}

static cu_err restore_whole(cu_restorer *r, event *e, size_t at)
{
    if (!cu_may_restore(r->api, e->json, &e->s, at))
        return CU_OK;
    cu_bytes raw = cu_slice(e->json, e->s.v[at].start, e->s.v[at].end);
    cu_buf back CU_CLEAN_BUF = CU_BUF(cu_restored_ceiling(raw));
    cu_place place = {.kind = (uint8_t)cu_place_kind_of(e->s.v[at].flags)};
    size_t n = cu_put_back(r->issued, raw, &place, &back, NULL);
    CU_TRY(back.err);
    r->answer.restored += (uint32_t)n;
    if (n)
        put_string(e, &e->s.v[at], cu_buf_view(&back));
    return CU_OK;
}

/* Says more than the piece that became empty: the first chunk of a choice names the role. */
static bool says_more(const event *e)
{
    for (size_t i = 0; i < e->s.n; i++) {
        const cu_json_string *k = &e->s.v[i];
        if ((k->flags & CU_JSON_KEY) && k->parent_key != UINT32_MAX &&
            ((cu_json_is(e->json, *k, "role") && cu_json_is(e->json, e->s.v[k->parent_key], "delta")) ||
             (cu_json_is(e->json, *k, "name") && cu_json_is(e->json, e->s.v[k->parent_key], "function"))))
            return true;
    }
    return false;
}

static cu_err restore_event(cu_restorer *r, event *e, cu_buf *out)
{
    size_t piece = 0;
    e->emptied = e->facts.n > 0 && r->form == CU_STREAM_SSE;
    if (e->facts.ends)
        release_group(r, e->facts.group, NULL, out);
    for (size_t i = 0; i < e->facts.n; i++)
        release_group(r, e->facts.v[i].group, &e->facts.v[i], out);
    for (size_t i = 0; i < e->s.n; i++) {
        if (piece < e->facts.n && e->facts.v[piece].string == i)
            CU_TRY(feed_piece(r, e, &e->facts.v[piece++]));
        else
            CU_TRY(restore_whole(r, e, i));
    }
    if (e->emptied && !says_more(e))
        return CU_OK;
    if (e->changed)
        cu_buf_add(out, cu_buf_view(&e->out));
    cu_buf_add(out, cu_slice(e->bytes, e->done, e->bytes.n));
    return cu_buf_err(out);
}

/* Finds the data line. Events of several data lines are not used by these APIs: they pass. */
static bool find_line(event *e)
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

static bool find_data(const cu_restorer *r, event *e)
{
    if (r->form == CU_STREAM_SSE)
        return find_line(e);
    const uint8_t *brace = memchr(e->bytes.p, '{', e->bytes.n);
    if (!brace)
        return false;
    e->from = (size_t)(brace - e->bytes.p);
    e->json = cu_slice(e->bytes, e->from, e->bytes.n);
    return true;
}

static cu_err no_json(cu_restorer *r, const event *e, cu_buf *out)
{
    if (cu_eq_str(e->json, "[DONE]")) { /* OpenAI's last event */
        r->answer.complete = true;
        release_group(r, CU_ALL_GROUPS, NULL, out);
    }
    cu_buf_add(out, e->bytes);
    return cu_buf_err(out);
}

static cu_err whole_event(cu_restorer *r, cu_bytes bytes, cu_buf *out)
{
    event e = {.bytes = bytes};
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 256u << 20);
    r->answer.events++;
    if (!find_data(r, &e) || cu_json_walk(e.json, &a, &e.s, NULL) != CU_OK)
        return no_json(r, &e, out);
    CU_TRY(cu_event_read(r->api, e.json, &e.s, &e.facts));
    if (e.facts.n == 0 || r->api != CU_API_ANTHROPIC)
        cu_answer_read(&r->answer, e.json, &e.s);
    if (r->issued->n == 0) {
        cu_buf_add(out, bytes);
        return cu_buf_err(out);
    }
    e.out = CU_BUF(cu_restored_ceiling(bytes));
    cu_err err = restore_event(r, &e, out);
    if (err == CU_OK)
        err = e.out.err;
    cu_buf_free(&e.out);
    return err;
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
        size_t end = cu_frame_end(&r->at, rest);
        if (end == 0)
            break;
        CU_TRY(whole_event(r, cu_slice(rest, 0, end), out));
        rest = cu_slice(rest, end, rest.n);
        r->at.seen = 0;
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
    release_group(r, CU_ALL_GROUPS, NULL, out);
    cu_buf_add(out, cu_buf_view(&r->event));
    cu_buf_reset(&r->event);
    r->at.seen = 0;
    return cu_buf_err(out);
}
