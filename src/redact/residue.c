#include "residue.h"
#include <stdlib.h>

#define SHORTEST 8u /* bytes of a form */
#define WINDOW_MAX 32u
#define FORMS 3u    /* times escaped that are looked for */
#define FEW 32u
#define SLOTS 4096u
#define GRAM 4u      /* bytes */
#define GRAM_BITS 16u
#define SMALL_BODY 16384u /* bytes; preparing whole tables would cost more than looking through it */
#define SMALL_SLOTS 256u
#define SMALL_GRAM_BITS 13u

typedef struct {
    uint32_t at, n;   /* in bytes */
    uint32_t of;      /* issued value */
    uint32_t level;
    uint32_t next;    /* with the same slot; 0: none */
} form;

typedef struct {
    uint64_t grams[(1u << GRAM_BITS) / 64]; /* small enough for the first cache */
    uint32_t slot[SLOTS];
    form few[FEW];
    form *forms;         /* few, or memory of its own when there are more */
    size_t n, cap;
    cu_buf bytes;
    size_t longest;
    uint32_t window;     /* bytes that every form has at least: the more, the longer the steps */
    uint32_t slots;      /* that are in use, less one */
    uint32_t shift;      /* from a hash to the bits that are in use */
} table;

static uint32_t gram(const uint8_t *p, uint32_t shift)
{
    uint32_t v;
    memcpy(&v, p, GRAM);
    return v * 0x9e3779b1u >> shift;
}

static uint32_t slot_of(const table *t, const uint8_t *p)
{
    uint64_t first;
    memcpy(&first, p, sizeof first);
    return (uint32_t)(first * 0x9e3779b97f4a7c15ull >> 52) & t->slots;
}

static bool word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

/* Values that identify by themselves: with a digit, and no date, place or name of a person. */
static bool identifies(const cu_issued *it)
{
    bool digit = false;
    if (it->type == CU_TYPE_PERSON || it->type == CU_TYPE_ADDRESS || it->type == CU_TYPE_DATE_OF_BIRTH || it->plain.n < SHORTEST)
        return false;
    for (size_t i = 0; i < it->plain.n; i++)
        digit |= (it->plain.p[i] >= '0' && it->plain.p[i] <= '9') || it->plain.p[i] == '@';
    return digit;
}

static cu_err more_forms(table *t)
{
    form *v = t->forms == t->few ? malloc(2 * t->cap * sizeof *v) : realloc(t->forms, 2 * t->cap * sizeof *v);
    if (!v)
        return CU_NOMEM;
    if (t->forms == t->few)
        memcpy(v, t->few, sizeof t->few);
    t->forms = v;
    t->cap *= 2;
    return CU_OK;
}

static cu_err add_form(table *t, cu_bytes bytes, uint32_t of, uint32_t level)
{
    if (t->n == t->cap)
        CU_TRY(more_forms(t));
    uint32_t *slot = &t->slot[slot_of(t, bytes.p)];
    t->forms[t->n++] = (form){(uint32_t)t->bytes.n, (uint32_t)bytes.n, of, level, *slot};
    *slot = (uint32_t)t->n; /* counted from 1 */
    t->window = bytes.n < t->window ? (uint32_t)bytes.n : t->window;
    t->longest = bytes.n > t->longest ? bytes.n : t->longest;
    cu_buf_add(&t->bytes, bytes);
    return t->bytes.err;
}

static cu_err add_forms(table *t, const cu_issued *it, uint32_t of)
{
    uint8_t here[256], there[256];
    cu_buf once CU_CLEAN_BUF = CU_BUF_ON(here, 64 * it->plain.n + 64), next CU_CLEAN_BUF = CU_BUF_ON(there, 64 * it->plain.n + 64);
    cu_buf_json_escape(&once, it->plain);
    for (uint32_t level = 0; level < FORMS; level++) {
        CU_TRY(once.err);
        CU_TRY(add_form(t, cu_buf_view(&once), of, level));
        if (!it->awkward)
            return CU_OK;
        cu_buf_reset(&next);
        cu_buf_json_escape(&next, cu_buf_view(&once));
        cu_buf other = once;
        once = next;
        next = other;
    }
    return CU_OK;
}

/* Of each form those that one of its samples can be: see seek(). */
static void fill_grams(table *t)
{
    memset(t->grams, 0, (size_t)1 << (32 - t->shift) >> 3);
    for (size_t k = 0; k < t->n; k++)
        for (uint32_t i = 0; i + GRAM <= t->window; i++) {
            uint32_t g = gram(t->bytes.p + t->forms[k].at + i, t->shift);
            t->grams[g / 64] |= 1ull << g % 64;
        }
}

/* A backslash before the value may be the escape of which its first letter is a part. */
static bool whole(cu_bytes b, size_t at, size_t n)
{
    bool before = at > 0 && word(b.p[at - 1]) && word(b.p[at]) && !(at > 1 && b.p[at - 2] == '\\');
    bool after = at + n < b.n && word(b.p[at + n]) && word(b.p[at + n - 1]);
    return !before && !after;
}

static const form *at_place(const table *t, cu_bytes body, size_t at)
{
    const form *best = NULL;
    if (body.n - at < SHORTEST)
        return NULL;
    for (uint32_t k = t->slot[slot_of(t, body.p + at)]; k; k = t->forms[k - 1].next) {
        const form *f = &t->forms[k - 1];
        if (f->n <= body.n - at && (!best || f->n > best->n) && memcmp(body.p + at, t->bytes.p + f->at, f->n) == 0 &&
            whole(body, at, f->n))
            best = f;
    }
    return best;
}

/* Forms that begin from *at on, up to `last`. *at: where the next one may begin. */
static cu_err seek_from(const table *t, const cu_issued_map *m, cu_bytes body, size_t *at, size_t last, cu_residue_fn fn, void *arg)
{
    while (*at <= last) {
        const form *f = at_place(t, body, *at);
        if (f) {
            cu_issued it = m->v[f->of]; /* fn may move the values */
            CU_TRY(fn(arg, *at, *at + f->n, &it, f->level));
        }
        *at += f ? f->n : 1;
    }
    return CU_OK;
}

/* A form is so long that one of the samples lies in it whole, wherever it begins; the samples do not wait for
 * each other, as steps whose length is looked up do. */
static cu_err seek(const table *t, const cu_issued_map *m, cu_bytes body, size_t from, cu_residue_fn fn, void *arg)
{
    const size_t step = t->window - GRAM + 1;
    const uint32_t shift = t->shift;
    size_t at = from;
    for (size_t i = from + step - 1; i + GRAM <= body.n; i += step) {
        uint32_t g = gram(body.p + i, shift);
        if (!(t->grams[g / 64] >> g % 64 & 1))
            continue;
        if (at + step <= i)
            at = i + 1 - step;
        CU_TRY(seek_from(t, m, body, &at, i, fn, arg));
    }
    return CU_OK;
}

cu_err cu_residue(const cu_issued_map *m, cu_bytes body, size_t from, cu_residue_fn fn, void *arg)
{
    table on_stack, *t = &on_stack;
    cu_err e = CU_OK;
    t->window = WINDOW_MAX;
    t->longest = 0;
    t->slots = (body.n - from < SMALL_BODY ? SMALL_SLOTS : SLOTS) - 1;
    t->shift = 32 - (body.n - from < SMALL_BODY ? SMALL_GRAM_BITS : GRAM_BITS);
    memset(t->slot, 0, (t->slots + 1) * sizeof *t->slot);
    t->forms = t->few;
    t->n = 0;
    t->cap = FEW;
    t->bytes = CU_BUF((size_t)1 << 30);
    for (size_t i = 0; i < m->n && e == CU_OK; i++)
        if (identifies(&m->v[i]))
            e = add_forms(t, &m->v[i], (uint32_t)i);
    if (e == CU_OK && t->n) {
        fill_grams(t);
        e = seek(t, m, body, from > t->longest ? from - t->longest : 0, fn, arg);
    }
    cu_buf_free(&t->bytes);
    if (t->forms != t->few)
        free(t->forms);
    return e;
}
