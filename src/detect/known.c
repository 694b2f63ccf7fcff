/* Known answers: an engine library that loses matches does so by position and alignment, without an
 * error code. When rules are compiled, each is proved by all its examples, and what the library then
 * finds in a text made of them is summed up; every start asks for the same sum again. The text is taken in
 * parts, each at an alignment of its own. The full sweep is in the tests. */
#include <stdlib.h>
#include "engine.h"

#define PARTS 3 /* of the text */

typedef struct {
    uint64_t matches, sum, shift;
} tally;

/* Order does not count: matches that end at the same place come in any order. */
static void count(tally *t, uint64_t id, uint64_t to)
{
    uint64_t x = (id << 40) ^ (to - t->shift);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    t->sum += x ^ (x >> 31);
    t->matches++;
}

static int on_match(unsigned id, unsigned long long unused, unsigned long long to, unsigned flags, void *arg)
{
    (void)unused;
    (void)flags;
    count(arg, id, to);
    return 0;
}

/* What the sweep marks and what is read by hand. */
static cu_err tally_sweep(cu_scratch *s, cu_bytes text, tally *t)
{
    const cu_engine *e = s->engine;
    cu_findings found = {0};
    CU_TRY(cu_regions_begin(s, text.n));
    cu_err err = cu_sweep(s, text, &found);
    for (size_t i = 0; i < found.n; i++)
        count(t, e->n + e->anchors_n + found.v[i].rule, found.v[i].end);
    for (int db = 0; db < CU_HOT_COUNT; db++)
        for (size_t b = 0; b * CU_BLOCK < text.n; b++)
            if (s->hot[db][b / 64] >> (b % 64) & 1)
                count(t, 2 * (e->n + e->anchors_n) + (uint64_t)db, b);
    cu_findings_free(&found);
    return err;
}

/* A part of the text, `shift` blanks behind the start of a 64-byte line, as the library sees it. */
static cu_err tally_at(const cu_engine *e, cu_scratch *s, uint8_t *room, cu_bytes part, size_t shift, tally *t)
{
    memset(room, '\n', shift);
    if (part.n)
        memcpy(room + shift, part.p, part.n);
    t->shift = shift;
    for (int i = 0; i < CU_DB_COUNT; i++)
        if (e->db[i] && hs_scan(e->db[i], (const char *)room, (unsigned)(part.n + shift), 0, s->hs, on_match, t) !=
                            HS_SUCCESS)
            return CU_ENGINE;
    t->shift = 0; /* from here on places are counted from the part's begin */
    return tally_sweep(s, cu_bytes_of(room + shift, part.n), t);
}

/* The next part ends behind the separator at or after a third of the text. */
static cu_bytes next_part(cu_bytes text, size_t from)
{
    size_t to = from + text.n / PARTS + 1;
    const uint8_t *end = to < text.n ? memchr(text.p + to, CU_DETECT_SEPARATOR, text.n - to) : NULL;
    return cu_slice(text, from, end ? (size_t)(end - text.p) + 1 : text.n);
}

static cu_err tally_all(const cu_engine *e, cu_scratch *s, uint8_t *room, const size_t shifts[PARTS], tally *t)
{
    size_t at = 0;
    *t = (tally){0};
    for (int i = 0; i < PARTS; i++) {
        cu_bytes part = next_part(e->known.text, at);
        CU_TRY(tally_at(e, s, room, part, shifts[i], t));
        at += part.n;
    }
    return CU_OK;
}

/* Expressions are not confirmed: compiling all of them takes longer than all the rest of a start. */
static void hand_and_marks_only(cu_scratch *s)
{
    const cu_engine *e = s->engine;
    for (size_t i = 0; i < e->n; i++)
        s->skip[i] = e->rules[i].group != CU_GROUP_HAND && !(e->rules[i].group == CU_GROUP_LITERAL && e->rules[i].rule->pattern);
    s->tokens = true;
    s->persons = false;
    s->literal_set = CU_LITERALS_ALL;
    for (int db = 0; db < CU_DB_COUNT; db++)
        s->want[db] = true;
}

static cu_err with_room(const cu_engine *e, cu_scratch **s, uint8_t **room)
{
    *room = NULL;
    CU_TRY(cu_scratch_new(e, s));
    hand_and_marks_only(*s);
    *room = aligned_alloc(64, (e->known.text.n + 64 + 127) / 64 * 64);
    return *room ? CU_OK : CU_NOMEM;
}

cu_err cu_known_check(const cu_engine *e, cu_fault *f)
{
    static const size_t shifts[PARTS] = {0, 17, 47};
    cu_scratch *s = NULL;
    uint8_t *room = NULL;
    tally t;
    cu_err err = with_room(e, &s, &room);
    if (err == CU_OK)
        err = tally_all(e, s, room, shifts, &t);
    if (err == CU_OK && (t.matches != e->known.matches || t.sum != e->known.sum))
        err = cu_fail(f, CU_ENGINE, "the matching library does not find its known answers (%llu matches, not %llu); it must not be used",
                      (unsigned long long)t.matches, (unsigned long long)e->known.matches);
    free(room);
    cu_scratch_free(s);
    return err;
}

static cu_err join_examples(cu_engine *e, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    for (size_t i = 0; i < e->from.n; i++) {
        if (!e->from.v[i].examples_n)
            continue;
        cu_buf_add(&text, e->from.v[i].examples[0].text);
        cu_buf_byte(&text, CU_DETECT_SEPARATOR);
    }
    CU_TRY(cu_buf_err(&text));
    e->known.text = cu_arena_dup(&e->arena, cu_buf_view(&text));
    return e->known.text.p || text.n == 0 ? CU_OK : cu_fail(f, CU_NOMEM, "out of memory");
}

cu_err cu_known_make(cu_engine *e, cu_fault *f)
{
    static const size_t unshifted[PARTS] = {0};
    cu_scratch *s = NULL;
    uint8_t *room = NULL;
    tally t;
    CU_TRY(join_examples(e, f));
    cu_err err = with_room(e, &s, &room);
    if (err == CU_OK)
        err = tally_all(e, s, room, unshifted, &t);
    if (err == CU_OK) {
        e->known.matches = t.matches;
        e->known.sum = t.sum;
    }
    free(room);
    cu_scratch_free(s);
    return err;
}
