/* A drafted answer: the verdict from controls and conditions, the text from what may be said then, and the citations. */
#include "questionnaire/draft.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/digest.h"

#define ANSWER_MAX ((size_t)6000)
#define CITATIONS_MAX ((size_t)8000)

typedef enum { STANDS, FAILS, UNKNOWN } standing;

typedef struct {
    const cu_draft_ground *g;
    const cu_bank_question *q;
    const cu_control_status *st[CU_BANK_CONTROLS];
    standing when[CU_BANK_CONDITIONS];
    unsigned met, partly, not_met, no_data, applicable, fails, unknown;
    bool used[CU_BANK_FACTS];
} work;

const char *cu_draft_verdict_name(cu_draft_verdict v)
{
    static const char *const names[] = {
#define X(name, text) text,
        CU_DRAFT_VERDICTS(X)
#undef X
    };
    return names[v];
}

static const cu_fact *fact_of(const cu_draft_ground *g, const cu_fact_rule *r)
{
    return &g->facts[r - g->bank->facts];
}

static standing hold(const work *w, const cu_bank_condition *c)
{
    const cu_fact *x = fact_of(w->g, c->fact);
    if (!x->known)
        return UNKNOWN;
    if (c->fact->compute == CU_FACT_LAST)
        return w->g->at_ms >= x->number && w->g->at_ms - x->number <= c->value ? STANDS : FAILS;
    return (c->op == CU_OP_EQ ? x->number == c->value : c->op == CU_OP_GT ? x->number > c->value : x->number <= c->value) ? STANDS : FAILS;
}

static void look(work *w)
{
    for (size_t i = 0; i < w->q->controls_n; i++) {
        const cu_control_status *s = w->st[i] = &w->g->controls[w->q->controls[i] - w->g->catalogue->controls];
        w->met += s->state == CU_STATE_MET;
        w->partly += s->state == CU_STATE_PARTLY;
        w->not_met += s->state == CU_STATE_NOT_MET;
        w->no_data += s->state == CU_STATE_NO_DATA;
        w->applicable += s->state != CU_STATE_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < w->q->when_n; i++) {
        w->when[i] = hold(w, &w->q->when[i]);
        w->fails += w->when[i] == FAILS;
        w->unknown += w->when[i] == UNKNOWN;
    }
}

/* Whether the hoped-for answer holds. No data is never yes. */
static cu_draft_verdict decide(const work *w)
{
    if (w->q->person || w->unknown || !w->applicable || (w->no_data == w->applicable && !w->fails))
        return CU_DRAFT_PERSON;
    if (w->not_met == w->applicable || (w->fails && !w->met && !w->partly))
        return CU_DRAFT_NOT;
    if (w->fails || w->not_met || w->no_data || w->partly)
        return CU_DRAFT_PARTLY;
    return CU_DRAFT_HOLDS;
}

/* --- text --- */

static void put_day(cu_buf *b, uint64_t ms)
{
    char at[CU_TIME_LEN];
    cu_time_text(ms * 1000000, at);
    cu_buf_put(b, at, 10);
}

static void put_minute(cu_buf *b, uint64_t ms)
{
    char at[CU_TIME_LEN];
    cu_time_text(ms * 1000000, at);
    cu_buf_put(b, at, 10);
    cu_buf_byte(b, ' ');
    cu_buf_put(b, at + 11, 5);
    cu_buf_str(b, " UTC");
}

static void put_fact(cu_buf *b, const cu_fact_rule *r, const cu_fact *x)
{
    if (r->compute == CU_FACT_LAST)
        put_minute(b, x->number);
    else if (r->compute == CU_FACT_VALUES || r->compute == CU_FACT_NEWEST || r->compute == CU_FACT_LIST)
        cu_buf_add(b, x->text);
    else
        cu_buf_u64(b, x->number);
}

/* The fact that a placeholder names; *window: it names the period. */
static const cu_fact_rule *named(const cu_bank *bank, cu_bytes name)
{
    for (size_t i = 0; i < bank->facts_n; i++)
        if (cu_eq(bank->facts[i].name, name))
            return &bank->facts[i];
    return NULL;
}

/* A sentence; false when a fact in it is not known, and then nothing was written. */
static bool put_sentence(work *w, cu_buf *b, cu_bytes s)
{
    size_t was = b->n, from = 0, at;
    bool mine[CU_BANK_FACTS] = {0};
    if (b->n)
        cu_buf_byte(b, ' ');
    for (; (at = cu_find(s, CU_LIT("{{"), from)) != (size_t)-1; from = cu_find(s, CU_LIT("}}"), at) + 2) {
        cu_bytes name = cu_slice(s, at + 2, cu_find(s, CU_LIT("}}"), at));
        const cu_fact_rule *r = named(w->g->bank, name);
        cu_buf_add(b, cu_slice(s, from, at));
        if (cu_eq(name, CU_LIT("window"))) {
            put_day(b, w->g->from_ms);
        } else if (cu_eq(name, CU_LIT("as_of"))) {
            put_minute(b, w->g->at_ms);
        } else if (r && fact_of(w->g, r)->known) {
            put_fact(b, r, fact_of(w->g, r));
            mine[r - w->g->bank->facts] = true;
        } else {
            b->n = was;
            return false;
        }
    }
    cu_buf_add(b, cu_slice(s, from, s.n));
    for (size_t i = 0; i < w->g->bank->facts_n; i++)
        w->used[i] |= mine[i];
    return true;
}

static bool yes_or_no(cu_bytes text)
{
    static const char *const first[] = {"do ", "does ", "did ", "is ", "are ", "was ", "were ", "has ", "have ", "had ", "can ", "could ", "will ", "would ", "should ", "may ", "must ", NULL};
    char low[12] = "";
    for (size_t i = 0; i < text.n && i < sizeof low - 1; i++)
        low[i] = (char)tolower(text.p[i]);
    for (size_t i = 0; first[i]; i++)
        if (strncmp(low, first[i], strlen(first[i])) == 0)
            return true;
    return false;
}

static const char *word_for(const work *w, const cu_draft *d)
{
    if (d->verdict == CU_DRAFT_PARTLY)
        return "Partly";
    if (d->verdict != CU_DRAFT_HOLDS || w->q->good == CU_GOOD_TEXT)
        return NULL;
    return (w->q->good == CU_GOOD_YES) != d->match.inverted ? "Yes" : "No";
}

static const char *state_words(cu_state s)
{
    return s == CU_STATE_MET ? "met" : s == CU_STATE_PARTLY ? "partly met" : s == CU_STATE_NOT_MET ? "not met" : s == CU_STATE_NO_DATA ? "without data" : "not applicable";
}

/* What keeps it from simply holding. */
static void put_gap(const work *w, cu_buf *b)
{
    for (size_t i = 0; i < w->q->when_n; i++) {
        const cu_bank_condition *c = &w->q->when[i];
        if (w->when[i] == STANDS)
            continue;
        cu_buf_fmt(b, "%s%.*s: ", b->n ? "; " : "", CU_FMT(c->fact->unit));
        if (w->when[i] == UNKNOWN)
            cu_buf_str(b, fact_of(w->g, c->fact)->why);
        else
            put_fact(b, c->fact, fact_of(w->g, c->fact));
        if (w->when[i] == FAILS)
            cu_buf_fmt(b, " (needed: %.*s)", CU_FMT(c->text));
    }
    for (size_t i = 0; i < w->q->controls_n; i++)
        if (w->st[i]->state != CU_STATE_MET)
            cu_buf_fmt(b, "%scontrol %.*s (%.*s) is %s", b->n ? "; " : "", CU_FMT(w->q->controls[i]->id), CU_FMT(w->q->controls[i]->title), state_words(w->st[i]->state));
}

static void put_answer(work *w, const cu_qasked *q, const cu_draft *d, cu_buf *b)
{
    bool all_met = w->applicable && w->met == w->applicable;
    if (d->verdict == CU_DRAFT_PERSON)
        cu_buf_str(b, "[A person decides.]");
    else if (d->choice && yes_or_no(q->text))
        cu_buf_fmt(b, "%s.", d->choice);
    else if (d->verdict == CU_DRAFT_NOT)
        cu_buf_str(b, "This cannot be confirmed at present.");
    else if (d->verdict == CU_DRAFT_PARTLY)
        cu_buf_str(b, "In part.");
    for (size_t i = 0; all_met && d->verdict != CU_DRAFT_NOT && i < w->q->says_n; i++)
        (void)put_sentence(w, b, w->q->says[i]);
    for (size_t i = 0; i < w->q->shows_n; i++)
        (void)put_sentence(w, b, w->q->shows[i]);
    if (d->gap.n)
        cu_buf_fmt(b, " Not shown: %.*s.", CU_FMT(d->gap));
    if (w->q->asks.n)
        cu_buf_fmt(b, " [To be filled in: %.*s.]", CU_FMT(w->q->asks));
    cu_buf_fmt(b, " Limits: %.*s", CU_FMT(w->q->limits));
    cu_buf_str(b, " (As of ");
    put_minute(b, w->g->at_ms);
    cu_buf_str(b, ".)");
    while (b->n && b->p[0] == ' ')
        memmove(b->p, b->p + 1, --b->n);
}

/* --- citations --- */

static void put_place(cu_buf *b, const char *log, uint64_t index, uint64_t ms)
{
    cu_buf_fmt(b, ", newest %s#%llu of ", log, (unsigned long long)index);
    put_minute(b, ms);
}

static void cite_control(cu_buf *b, const cu_control_status *s)
{
    const cu_control *k = s->control;
    cu_seen all = s->probe.seen;
    cu_buf_fmt(b, "%scontrol %.*s %s [", b->n ? "; " : "", CU_FMT(k->id), state_words(s->state));
    for (size_t i = 0; i < k->sources_n; i++) {
        const cu_seen *x = &s->sources[i].seen;
        for (size_t e = 0; e < k->sources[i].events_n; e++)
            if (!i || e || !cu_eq(k->sources[i].events[e], k->sources[i - 1].events[0])) /* two conditions on one kind of entry */
                cu_buf_fmt(b, "%s%.*s", i || e ? ", " : "", CU_FMT(k->sources[i].events[e]));
        all.count += x->count;
        if (x->count && (!all.log || x->last_ms >= all.last_ms)) {
            all.last_ms = x->last_ms;
            all.log = x->log;
            all.index = x->index;
        }
    }
    for (size_t i = 0; i < k->probes_n; i++)
        cu_buf_fmt(b, "%sprobe %.*s", i || k->sources_n ? ", " : "", CU_FMT(k->probes[i]));
    cu_buf_fmt(b, ": %llu entries", (unsigned long long)all.count);
    if (all.log)
        put_place(b, all.log, all.index, all.last_ms);
    cu_buf_byte(b, ']');
}

static void cite_fact(const work *w, cu_buf *b, const cu_fact_rule *r, const cu_fact *x)
{
    cu_buf_fmt(b, "; fact %.*s = ", CU_FMT(r->name));
    put_fact(b, r, x);
    cu_buf_str(b, " [");
    for (size_t i = 0; i < r->types_n; i++)
        cu_buf_fmt(b, "%s%.*s", i ? ", " : "", CU_FMT(r->types[i]));
    if (r->where_member.n)
        cu_buf_fmt(b, " with %.*s = %.*s", CU_FMT(r->where_member), CU_FMT(r->where_value));
    if (r->compute == CU_FACT_COUNT || r->compute == CU_FACT_FOUND || r->compute == CU_FACT_DISTINCT || r->compute == CU_FACT_VALUES) {
        cu_buf_str(b, " since ");
        put_day(b, w->g->from_ms);
    }
    if (x->log[0])
        put_place(b, x->log, x->index, x->last_ms);
    cu_buf_byte(b, ']');
}

static void put_citations(work *w, cu_buf *b)
{
    for (size_t i = 0; i < w->q->controls_n; i++)
        cite_control(b, w->st[i]);
    for (size_t i = 0; i < w->q->when_n; i++)
        if (w->when[i] != UNKNOWN)
            w->used[w->q->when[i].fact - w->g->bank->facts] = true;
    for (size_t i = 0; i < w->g->bank->facts_n; i++)
        if (w->used[i])
            cite_fact(w, b, &w->g->bank->facts[i], &w->g->facts[i]);
    cu_buf_str(b, "; as of ");
    put_minute(b, w->g->at_ms);
}

/* Changes when an answer has to be looked at again, and only then: a count that grows is no reason, one that appears is. */
static void facts_digest(const work *w, const cu_draft *d, cu_buf *b, char out[65])
{
    cu_sha256 h;
    cu_buf_reset(b);
    cu_buf_fmt(b, "%.*s\n%s\n", CU_FMT(w->q->id), cu_draft_verdict_name(d->verdict));
    for (size_t i = 0; i < w->q->controls_n; i++)
        cu_buf_fmt(b, "%.*s %s\n", CU_FMT(w->q->controls[i]->id), cu_state_name(w->st[i]->state));
    for (size_t i = 0; i < w->q->when_n; i++)
        cu_buf_fmt(b, "%.*s %d\n", CU_FMT(w->q->when[i].text), (int)w->when[i]);
    for (size_t i = 0; i < w->q->says_n + w->q->shows_n; i++)
        cu_buf_fmt(b, "%.*s\n", CU_FMT(i < w->q->says_n ? w->q->says[i] : w->q->shows[i - w->q->says_n]));
    for (size_t i = 0; i < w->g->bank->facts_n; i++)
        if (w->used[i]) {
            const cu_fact *x = &w->g->facts[i];
            cu_buf_fmt(b, "%.*s %.*s %s\n", CU_FMT(w->g->bank->facts[i].name), CU_FMT(x->text), x->number ? "some" : "none");
        }
    cu_buf_add(b, w->q->limits);
    cu_sha256_of(cu_buf_view(b), &h);
    cu_hex(out, h.b, sizeof h.b);
}

/* --- all of it --- */

/* Of a question that the bank does not have: its words, without case, blanks and signs. */
static void key_of_text(cu_bytes text, char key[80], char facts[65])
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_QCELL_MAX + 1);
    cu_sha256 h;
    char hex[65];
    for (size_t i = 0; i < text.n; i++)
        if (isalnum(text.p[i]) || text.p[i] >= 0x80)
            cu_buf_byte(&b, (uint8_t)tolower(text.p[i]));
    cu_sha256_of(cu_buf_view(&b), &h);
    cu_hex(hex, h.b, sizeof h.b);
    snprintf(key, 80, "q-%.32s", hex);
    snprintf(facts, 65, "%s", hex); /* no facts: it stays while the question does */
}

static cu_err keep(cu_arena *a, cu_buf *b, cu_bytes *out)
{
    CU_TRY(cu_buf_err(b));
    *out = cu_arena_dup(a, cu_buf_view(b));
    cu_buf_reset(b);
    return out->p ? CU_OK : CU_NOMEM;
}

cu_err cu_draft_answer(const cu_draft_ground *g, cu_bank_index *x, const cu_qasked *q, cu_arena *a, cu_draft *out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(ANSWER_MAX + CITATIONS_MAX);
    work w = {.g = g};
    *out = (cu_draft){.verdict = CU_DRAFT_PERSON};
    CU_TRY(cu_bank_match_text(x, q->text, q->section, &out->match));
    if (!out->match.question) {
        key_of_text(q->text, out->key, out->facts);
        return CU_OK;
    }
    w.q = out->match.question;
    snprintf(out->key, sizeof out->key, "%.*s%s", w.q->id.n < 40 ? (int)w.q->id.n : 40, (const char *)w.q->id.p, out->match.inverted ? "-inverted" : "");
    look(&w);
    out->verdict = decide(&w);
    out->choice = word_for(&w, out);
    put_gap(&w, &b);
    CU_TRY(keep(a, &b, &out->gap));
    put_answer(&w, q, out, &b);
    CU_TRY(keep(a, &b, &out->answer));
    put_citations(&w, &b);
    CU_TRY(keep(a, &b, &out->citations));
    facts_digest(&w, out, &b, out->facts);
    return cu_buf_err(&b);
}
