/* Replaces what was found, in place. Texts are joined with a separator that no finding crosses and
 * scanned in one call; longer strings that the memo knows are not scanned again. */
#include "redact/redact.h"
#include "beginning.h"
#include "commitment.h"
#include "edit.h"
#include "issued.h"
#include "place.h"
#include "residue.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>

#define MIN_REPEATED 6u   /* bytes of a value that is also looked for without its context */
#define MAX_NAMED 400u    /* bytes of a value that its key may give away */
#define MAX_REPEATED 256u /* different ones in one body; beyond: refuse */

typedef struct {
    const cu_redact_with *with;
    cu_bytes body;
    const cu_json_strings *strings;
    uint8_t (*tags)[CU_MEMO_TAG]; /* of strings that the memo did not know */
    cu_arena *arena;
    cu_redaction *out;
    cu_fault *f;
    cu_edit *edits;
    size_t n, cap;
    cu_bytes *repeated; /* MAX_REPEATED, when there is one */
    size_t repeated_n;
    cu_units units;
    cu_findings found;  /* in joined */
    cu_findings known;  /* listed values in joined */
    cu_findings of_one; /* in the text of one string */
    const cu_begun *begun; /* NULL: nothing is known of the beginning */
    size_t begun_at;       /* of its findings that is next */
    bool logs;
    cu_finding_log log;
    uint8_t *spliced;      /* out->body, when it is no longer body */
} job;

static cu_bytes raw_of(const job *j, size_t i)
{
    return cu_slice(j->body, j->strings->v[i].start, j->strings->v[i].end);
}

static cu_err add_edit(job *j, cu_edit one)
{
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 16;
        cu_edit *v = cu_arena_raw(j->arena, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (j->n)
            memcpy(v, j->edits, j->n * sizeof *v);
        j->edits = v;
        j->cap = cap;
    }
    j->edits[j->n++] = one;
    return CU_OK;
}

static cu_err remember_repeated(job *j, cu_bytes value)
{
    if (value.n < MIN_REPEATED)
        return CU_OK;
    for (size_t i = 0; i < j->repeated_n; i++)
        if (cu_eq(j->repeated[i], value))
            return CU_OK;
    if (!j->repeated && !(j->repeated = cu_arena_raw(j->arena, MAX_REPEATED * sizeof *j->repeated)))
        return CU_NOMEM;
    if (j->repeated_n == MAX_REPEATED)
        return cu_fail(j->f, CU_TOO_BIG, "more than %u secrets known by their context in one request",
                       MAX_REPEATED);
    j->repeated[j->repeated_n++] = value;
    return CU_OK;
}

/* text with its escapes decoded n times; memory of the arena. */
static cu_bytes decoded(job *j, cu_bytes text, uint32_t n)
{
    for (; n && text.p; n--) {
        uint8_t room[256];
        cu_buf b CU_CLEAN_BUF = CU_BUF_ON(room, text.n + 16);
        cu_loose_unescape(text, &b);
        text = b.err ? CU_NONE : cu_arena_dup(j->arena, cu_buf_view(&b));
    }
    return text;
}

/* The surrogate of an edit stands for the bytes that it takes away, as they read in the text around
 * them: of arguments, which are JSON by contract, that is the text of their strings. */
static cu_err issue(job *j, cu_edit *e)
{
    cu_bytes raw = cu_slice(j->body, e->start, e->end), text;
    uint8_t room[256];
    cu_buf once CU_CLEAN_BUF = CU_BUF_ON(room, raw.n + 16);
    uint32_t flags = j->strings->v[e->string].flags, level = e->level;
    cu_err err;
    if (flags & CU_JSON_ESCAPED)
        cu_json_unescape(raw, &once);
    else
        cu_buf_add(&once, raw);
    text = cu_buf_view(&once);
    if (flags & CU_JSON_ARGS && level) {
        text = decoded(j, text, 1);
        level--;
    }
    cu_bytes plain = decoded(j, text, level);
    if (once.err || !text.p || !plain.p)
        return cu_fail(j->f, CU_NOMEM, "out of memory");
    cu_issued *it = cu_issue(&j->out->issued, j->with->key, (cu_type)e->type, text, plain, j->arena, &err);
    if (!it)
        return cu_fail(j->f, err, err == CU_TOO_BIG ? "more than %u different values to replace in one request"
                                                    : "out of memory after %u values", CU_MAX_ISSUED);
    e->as = (uint32_t)(it - j->out->issued.v);
    return CU_OK;
}

static cu_err replace(job *j, size_t string, size_t start, size_t end, const cu_finding *g)
{
    cu_edit e = {.start = (uint32_t)start, .end = (uint32_t)end, .string = (uint32_t)string, .level = g->flags >> CU_LEVEL_SHIFT,
              .type = g->type};
    if (end <= start)
        return CU_OK;
    CU_TRY(issue(j, &e));
    CU_TRY(add_edit(j, e));
    return g->flags & CU_FINDING_BY_CONTEXT ? remember_repeated(j, j->out->issued.v[e.as].plain) : CU_OK;
}

cu_act cu_redact_act(const cu_redact_with *w, const cu_finding *g)
{
    cu_act act = w->act[g->type];
    if (g->flags & CU_FINDING_KNOWN) /* it was listed to be replaced */
        return act == CU_ACT_BLOCK ? CU_ACT_BLOCK : CU_ACT_REPLACE;
    cu_rule_action own = cu_engine_rules(w->engine)->v[g->rule].action;
    if (g->type == CU_TYPE_PERSON && g->confidence < CU_REDACT_MIN_PERSON)
        return CU_ACT_ALLOW;
    if (act != CU_ACT_REPLACE || own == CU_RULE_REPLACE)
        return act;
    return own == CU_RULE_ALLOW ? CU_ACT_ALLOW : CU_ACT_BLOCK;
}

/* One finding, offsets relative to the unescaped string. *from, *plain_from: see wire/json.h. */
static cu_err take(job *j, size_t string, const cu_finding *g, size_t *from, size_t *plain_from)
{
    cu_act act = cu_redact_act(j->with, g);
    const cu_json_string *s = &j->strings->v[string];
    j->out->count[g->type] += !(g->flags & CU_FINDING_REMAINDER);
    if (act == CU_ACT_ALLOW && j->with->act[g->type] == CU_ACT_ALLOW && cu_type_class(g->type) == CU_CLASS_PII)
        j->out->passed[g->type] += !(g->flags & CU_FINDING_REMAINDER);
    if (act == CU_ACT_BLOCK && j->out->blocked++ == 0)
        j->out->first_blocked_rule = g->rule;
    if (act != CU_ACT_REPLACE)
        return CU_OK;
    size_t start = g->start, end = g->end;
    if (s->flags & CU_JSON_ESCAPED) {
        cu_bytes raw = raw_of(j, string);
        start = cu_json_raw_offset(raw, g->start, from, plain_from);
        size_t f = *from, p = *plain_from;
        end = cu_json_raw_offset(raw, g->end, &f, &p);
    }
    return replace(j, string, s->start + start, s->start + end, g);
}

/* Sorted by start. */
static cu_err take_all(job *j, size_t string, const cu_finding *v, size_t n)
{
    size_t from = 0, plain_from = 0;
    for (size_t i = 0; i < n; i++)
        CU_TRY(take(j, string, &v[i], &from, &plain_from));
    return CU_OK;
}

/* What was found in a string, in whatever way it is known. */
static cu_err take_found(job *j, size_t string, const cu_finding *v, size_t n)
{
    if (j->logs)
        CU_TRY(cu_log_findings(&j->log, j->arena, string, v, n));
    return take_all(j, string, v, n);
}

static cu_err named(job *j, cu_bytes name, cu_bytes value, cu_finding *g)
{
    if (value.n > MAX_NAMED || !cu_names_secret(name))
        return CU_NOT_FOUND;
    return cu_detect_named(j->with->engine, j->with->scratch, name, value, g);
}

/* {"password": "x"} in the input of a tool: the name stands in a string of its own. */
static cu_err take_named(job *j, size_t string)
{
    const cu_json_string *s = &j->strings->v[string];
    cu_bytes raw = raw_of(j, string);
    cu_finding g;
    if (s->parent_key == UINT32_MAX || (s->flags & (CU_JSON_KEY | CU_JSON_FIXED | CU_JSON_OPAQUE)) || raw.n > MAX_NAMED ||
        !cu_names_secret(raw_of(j, s->parent_key)))
        return CU_OK;
    uint8_t room[MAX_NAMED];
    cu_buf plain CU_CLEAN_BUF = CU_BUF_ON(room, raw.n + 16);
    cu_json_unescape(raw, &plain);
    CU_TRY(plain.err);
    cu_err e = named(j, raw_of(j, s->parent_key), cu_buf_view(&plain), &g);
    return e == CU_NOT_FOUND ? CU_OK : e != CU_OK ? e : take_all(j, string, &g, 1);
}

static cu_err put_one(job *j, cu_finding g)
{
    cu_findings *o = &j->of_one;
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 32;
        cu_finding *v = realloc(o->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        o->v = v;
        o->cap = cap;
    }
    o->v[o->n++] = g;
    return CU_OK;
}

static cu_err keep(job *j, cu_unit *t, cu_finding g)
{
    cu_unit_lift(&j->units, t, &g);
    return put_one(j, g);
}

/* Those of all[*at...] that lie before `end` belong to this text. */
static cu_err keep_scanned(job *j, cu_unit *t, const cu_findings *all, size_t *at)
{
    size_t end = t->base + t->text.n;
    for (; *at < all->n && all->v[*at].start < end; ++*at) {
        cu_finding g = all->v[*at];
        g.start -= t->base;
        g.end -= t->base;
        CU_TRY(keep(j, t, g));
    }
    return CU_OK;
}

static cu_err keep_unit(job *j, cu_unit *t, size_t *at, size_t *known_at)
{
    cu_finding g;
    CU_TRY(keep_scanned(j, t, &j->found, at));
    CU_TRY(keep_scanned(j, t, &j->known, known_at));
    if (!t->name.n)
        return CU_OK;
    cu_err e = named(j, t->name, cu_unit_text(&j->units, t), &g);
    return e == CU_NOT_FOUND ? CU_OK : e != CU_OK ? e : keep(j, t, g);
}

static int by_offset(const void *a, const void *b)
{
    const cu_finding *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1) : x->end > y->end ? -1 : x->end < y->end;
}

/* All texts of one string: units[i] and those that follow it. Returns the next string's. */
static cu_err take_string(job *j, size_t *i, size_t *at, size_t *known_at)
{
    uint32_t string = j->units.v[*i].string;
    j->of_one.n = 0;
    for (; *i < j->units.n && j->units.v[*i].string == string; ++*i)
        if (j->units.v[*i].scanned)
            CU_TRY(keep_unit(j, &j->units.v[*i], at, known_at));
    if (j->of_one.n > 1)
        qsort(j->of_one.v, j->of_one.n, sizeof *j->of_one.v, by_offset);
    CU_TRY(take_found(j, string, j->of_one.v, j->of_one.n));
    if (j->with->memo && raw_of(j, string).n >= CU_MEMO_MIN_STRING)
        cu_memo_put(j->with->memo, j->tags[string], j->of_one.v, j->of_one.n);
    return take_named(j, string);
}

static cu_err known_by_memo(job *j, size_t i, bool *is)
{
    cu_findings known = {0};
    cu_bytes raw = raw_of(j, i);
    *is = j->with->memo && raw.n >= CU_MEMO_MIN_STRING &&
          cu_memo_get(j->with->memo, j->with->tenant, j->with->rules_digest, raw, j->tags[i], &known);
    cu_err e = *is ? take_found(j, i, known.v, known.n) : CU_OK;
    if (*is) {
        j->out->memo_bytes += raw.n;
        if (e == CU_OK)
            e = take_named(j, i);
    }
    cu_findings_free(&known);
    return e;
}

/* A string of the beginning: its findings are known, however short it is. */
static cu_err known_by_beginning(job *j, size_t i)
{
    const cu_begun *b = j->begun;
    j->of_one.n = 0;
    for (; j->begun_at < b->found_n && b->found[j->begun_at].string <= i; j->begun_at++) {
        if (b->found[j->begun_at].string == i)
            CU_TRY(put_one(j, b->found[j->begun_at].g));
    }
    j->out->memo_bytes += raw_of(j, i).n;
    if (j->of_one.n)
        CU_TRY(take_found(j, i, j->of_one.v, j->of_one.n));
    return take_named(j, i);
}

/* What has to be scanned, joined. */
static cu_err join(job *j)
{
    for (size_t i = 0; i < j->strings->n; i++) {
        const cu_json_string *s = &j->strings->v[i];
        cu_bytes raw = raw_of(j, i);
        bool is;
        if (s->flags & CU_JSON_DROP && raw.n) {
            CU_TRY(add_edit(j, (cu_edit){.start = s->start, .end = s->end, .string = (uint32_t)i, .as = CU_EDIT_NOTHING}));
            continue;
        }
        if (raw.n < CU_MIN_STRING || (s->flags & CU_JSON_OPAQUE))
            continue;
        if (j->begun && i < j->begun->place.strings) {
            CU_TRY(known_by_beginning(j, i));
            continue;
        }
        CU_TRY(known_by_memo(j, i, &is));
        if (!is)
            CU_TRY(cu_units_add(&j->units, (uint32_t)i, raw, s->flags & CU_JSON_ESCAPED, !j->with->text_only,
                                j->body.n - s->start + j->strings->n - i));
    }
    return CU_OK;
}

static cu_err scan(job *j)
{
    j->tags = j->with->memo ? cu_arena_raw(j->arena, (j->strings->n + 1) * sizeof *j->tags) : NULL;
    if (j->with->memo && !j->tags)
        return CU_NOMEM;
    if (j->begun)
        memset(j->tags, 0, j->begun->place.strings * sizeof *j->tags);
    CU_TRY(join(j));
    j->out->scanned_bytes = j->units.joined.n;
    cu_bytes joined = cu_buf_view(&j->units.joined);
    CU_TRY(cu_detect(j->with->engine, j->with->scratch, joined, &j->found));
    if (j->with->known)
        CU_TRY(cu_known_find(j->with->known, joined, &j->known));
    size_t at = 0, known_at = 0;
    for (size_t i = 0; i < j->units.n;)
        CU_TRY(take_string(j, &i, &at, &known_at));
    return CU_OK;
}

/* A secret that was recognised by the words around it is the same secret without them. */
static cu_err repeated_in(job *j, size_t string, cu_bytes plain)
{
    const cu_json_string *s = &j->strings->v[string];
    const cu_finding as_secret = {.type = CU_TYPE_SECRET};
    for (size_t k = 0; k < j->repeated_n; k++) {
        size_t raw_from = 0, plain_from = 0, at = 0;
        cu_bytes value = j->repeated[k];
        while ((at = cu_find(plain, value, at)) != (size_t)-1) {
            size_t start = at, end = at += value.n;
            if (s->flags & CU_JSON_ESCAPED) {
                start = cu_json_raw_offset(raw_of(j, string), start, &raw_from, &plain_from);
                end = cu_json_raw_offset(raw_of(j, string), end, &raw_from, &plain_from);
            }
            CU_TRY(replace(j, string, s->start + start, s->start + end, &as_secret));
        }
    }
    return CU_OK;
}

static cu_err repeated(job *j)
{
    for (size_t i = 0; i < j->strings->n && j->repeated_n; i++) {
        const cu_json_string *s = &j->strings->v[i];
        cu_bytes raw = raw_of(j, i);
        if (raw.n < MIN_REPEATED || (s->flags & (CU_JSON_OPAQUE | CU_JSON_FIXED)))
            continue;
        if (!(s->flags & CU_JSON_ESCAPED)) {
            CU_TRY(repeated_in(j, i, raw));
            continue;
        }
        cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
        cu_json_unescape(raw, &plain);
        CU_TRY(plain.err);
        CU_TRY(repeated_in(j, i, cu_buf_view(&plain)));
    }
    return CU_OK;
}

static int by_start(const void *a, const void *b)
{
    const cu_edit *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1; /* the longer first */
    return x->level > y->level ? -1 : x->level < y->level; /* what was decoded knows more */
}

/* A text in which \n was not decoded may take the n for the first letter of a value. */
static bool begins_in_escape(const job *j, size_t i)
{
    const cu_edit *e = &j->edits[i];
    for (size_t k = i + 1; k < j->n && j->edits[k].start <= e->start + 2; k++)
        if (j->edits[k].start == e->start + 1 && j->edits[k].level > e->level && j->edits[k].end >= e->end && j->body.p[e->start - 1] == '\\')
            return true;
    return false;
}

/* Edits that overlap: the first stays whole, of the next only what stands out behind it. */
static cu_err part(job *j)
{
    uint32_t done = 0;
    size_t kept = 0;
    qsort(j->edits, j->n, sizeof *j->edits, by_start);
    for (size_t i = 0; i < j->n; i++) {
        cu_edit e = j->edits[i];
        if (e.end <= done || begins_in_escape(j, i))
            continue; /* found twice */
        if (e.start < done) {
            e.start = done;
            CU_TRY(issue(j, &e));
        }
        done = e.end;
        j->edits[kept++] = e;
    }
    j->n = kept;
    return CU_OK;
}

/* Says of values that need it in what quotes they stood. Edits i up to n are those of one string. */
static cu_err note_places(job *j, size_t i, size_t n)
{
    const cu_json_string *s = &j->strings->v[j->edits[i].string];
    cu_place p = {.kind = (uint8_t)cu_place_kind_of(s->flags)};
    cu_buf plain CU_CLEAN_BUF = CU_BUF(j->body.n + 16);
    for (size_t from = s->start; i < n; from = j->edits[i++].end) {
        cu_buf_reset(&plain);
        cu_json_unescape(cu_slice(j->body, from, j->edits[i].start), &plain);
        CU_TRY(plain.err);
        cu_place_feed(&p, cu_buf_view(&plain));
        if (j->edits[i].as != CU_EDIT_NOTHING)
            cu_place_note(&p, &j->out->issued.v[j->edits[i].as]);
        p.slashes = 0;
    }
    return CU_OK;
}

static cu_err note_all_places(job *j)
{
    for (size_t i = 0, n; i < j->n; i = n) {
        bool awkward = false;
        for (n = i; n < j->n && j->edits[n].string == j->edits[i].string; n++)
            awkward |= j->edits[n].as != CU_EDIT_NOTHING && j->out->issued.v[j->edits[n].as].awkward;
        if (awkward)
            CU_TRY(note_places(j, i, n));
    }
    return CU_OK;
}

static cu_err splice(job *j)
{
    uint8_t *to = cu_arena_unwiped(j->arena, j->body.n + j->n * CU_SURROGATE_LEN + 1); /* it leaves */
    if (!to)
        return CU_NOMEM;
    size_t from = 0, n = 0;
    j->out->marks_n = 0;
    for (size_t i = 0; i < j->n; i++) {
        const cu_edit *e = &j->edits[i];
        memcpy(to + n, j->body.p + from, e->start - from);
        n += e->start - from;
        if (e->as != CU_EDIT_NOTHING) {
            if (j->out->marks_n < CU_MAX_MARKS) {
                j->out->marks[j->out->marks_n].at = n;
                j->out->marks[j->out->marks_n++].type = e->type;
            }
            memcpy(to + n, j->out->issued.v[e->as].surrogate, CU_SURROGATE_LEN);
            n += CU_SURROGATE_LEN;
            j->out->replaced++;
        }
        from = e->end;
    }
    memcpy(to + n, j->body.p + from, j->body.n - from);
    j->spliced = to;
    j->out->body = cu_bytes_of(to, n + j->body.n - from);
    j->out->changed = true;
    return CU_OK;
}

/* Whatever the value of a surrogate is, it may not be left anywhere in what is sent. */
typedef struct {
    job *j;
    size_t at;               /* string that was looked at last */
    cu_json_strings strings; /* of the body that leaves */
    bool left;
} sought;

/* The string in which these bytes stand; NULL: in none, they are a number. */
static const cu_json_string *string_at(sought *s, const cu_json_strings *all, size_t start, size_t end)
{
    while (s->at < all->n && all->v[s->at].end < end)
        s->at++;
    return s->at < all->n && all->v[s->at].start <= start ? &all->v[s->at] : NULL;
}

static cu_err on_residue(void *arg, size_t start, size_t end, const cu_issued *it, uint32_t level)
{
    sought *s = arg;
    const cu_json_string *v = string_at(s, s->j->strings, start, end);
    if (!v || v->flags & (CU_JSON_OPAQUE | CU_JSON_FIXED | CU_JSON_DROP))
        return CU_OK;
    const cu_finding g = {.type = it->type, .flags = level << CU_LEVEL_SHIFT};
    return replace(s->j, s->at, start, end, &g);
}

static cu_err on_left(void *arg, size_t start, size_t end, const cu_issued *it, uint32_t level)
{
    sought *s = arg;
    if (!s->strings.v) { /* seldom: only now the body is read again, as a receiver would */
        job *j = s->j;
        if (cu_json_walk(j->out->body, j->arena, &s->strings, NULL) != CU_OK || s->strings.n != j->strings->n)
            return cu_fail(j->f, CU_INTERNAL, "what was to be sent is not what was read");
        for (size_t i = 0; i < s->strings.n; i++) /* the same strings, in the same order */
            s->strings.v[i].flags |= j->strings->v[i].flags;
    }
    const cu_json_string *v = string_at(s, &s->strings, start, end);
    s->left |= !v || !(v->flags & (CU_JSON_OPAQUE | CU_JSON_FIXED));
    return CU_OK;
}

/* What leaves as it left in an earlier turn, with no other values to look for, was looked through then. */
static cu_err look_for_left(job *j, bool *left)
{
    sought s = {.j = j};
    size_t end;
    bool all;
    bool alike = j->begun && cu_begins_alike(j->with, j->edits, j->n, &j->out->issued, j->arena, &end, &all);
    CU_TRY(cu_residue(&j->out->issued, j->out->body, alike && all ? end : 0, on_left, &s));
    *left = s.left;
    return CU_OK;
}

static cu_err replace_found(job *j)
{
    CU_TRY(part(j));
    CU_TRY(note_all_places(j));
    j->out->replaced = 0;
    return splice(j);
}

/* It holds a value, so that it does not leave: its memory is wiped like any other. */
static void forget_spliced(job *j)
{
    explicit_bzero(j->spliced, j->out->body.n);
    j->out->body = CU_NONE;
}

/* What leaves is looked through last; seldom a value stands in it still, in a form or a place that no rule
 * saw: it is replaced there too, and all is looked through again. */
static cu_err redact(job *j, bool json)
{
    bool left = false;
    CU_TRY(scan(j));
    if (j->repeated_n)
        CU_TRY(repeated(j));
    if (j->n == 0)
        return CU_OK;
    CU_TRY(replace_found(j));
    if (json)
        CU_TRY(look_for_left(j, &left));
    if (!left)
        return CU_OK;
    sought s = {.j = j};
    forget_spliced(j);
    CU_TRY(cu_residue(&j->out->issued, j->body, 0, on_residue, &s));
    CU_TRY(replace_found(j));
    CU_TRY(look_for_left(j, &left));
    if (left)
        forget_spliced(j);
    return left ? cu_fail(j->f, CU_DENIED, "a value that was replaced stands somewhere where it cannot be replaced, such as a number") : CU_OK;
}

static void commit(job *j, cu_commit_state *until, size_t until_n)
{
    size_t end;
    bool all, alike = j->begun && cu_begins_alike(j->with, j->edits, j->n, &j->out->issued, j->arena, &end, &all);
    const cu_commitment c = {j->with, j->body, j->out->body, j->strings, j->tags, j->edits, j->n, &j->out->issued,
                             alike ? &j->begun->commit : NULL, until, until_n};
    cu_commit(&c, &j->out->digest);
}

static cu_err run(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings, bool json, cu_arena *a, cu_redaction *out,
                  cu_fault *f)
{
    *out = (cu_redaction){.body = body};
    job j = {.with = w, .body = body, .strings = strings, .arena = a, .out = out, .f = f,
             .units = {.joined = CU_BUF(CU_DETECT_MAX_TEXT), .arena = a}};
    cu_json_place place[CU_BEGINNINGS];
    cu_commit_state until[CU_BEGINNINGS];
    size_t wanted = json ? cu_beginnings_wanted(w, place, until) : 0;
    if (json && w->begun && cu_marks_of(strings, w->begun->place.strings) == w->begun->marks)
        j.begun = w->begun;
    j.logs = wanted > 0;
    cu_err e = redact(&j, json);
    if (e == CU_OK) {
        commit(&j, until, wanted);
        if (wanted)
            cu_beginnings_keep(w, body, strings, place, until, wanted, &j.log, j.edits, j.n, &out->issued, a);
    }
    cu_buf_free(&j.units.joined);
    cu_findings_free(&j.found);
    cu_findings_free(&j.known);
    cu_findings_free(&j.of_one);
    return e;
}

cu_err cu_redact_body(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings,
                      cu_arena *a, cu_redaction *out, cu_fault *f)
{
    return run(w, body, strings, !w->text_only, a, out, f);
}

cu_err cu_redact_text(const cu_redact_with *w, cu_bytes text, cu_arena *a, cu_redaction *out,
                      cu_findings *findings, cu_fault *f)
{
    cu_json_string whole = {0, (uint32_t)text.n, 0, UINT32_MAX, 0};
    const cu_json_strings one = {&whole, 1};
    cu_redact_with as_it_stands = *w;
    as_it_stands.text_only = true;
    CU_TRY(cu_detect(w->engine, w->scratch, text, findings));
    return run(&as_it_stands, text, &one, false, a, out, f);
}
