/* Hyperscan finds where a pattern ends; PCRE2 finds, in a bounded window, where it begins. One
 * database, block mode, no SOM (start of match tracking costs more than the confirmation). */
#include "engine.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

/* vectorscan offers the same interface and loses matches with Debian 12's version. */
cu_err cu_check_library(cu_fault *f)
{
    if (strncmp(hs_version(), "5.4.0", 5) == 0 && hs_valid_platform() == HS_SUCCESS)
        return CU_OK;
    return cu_fail(f, CU_ENGINE, "the matching library says \"%s\"; Hyperscan 5.4.0 is needed "
                                 "(Debian: libhyperscan5, not libvectorscan5)", hs_version());
}

static int finder_by_name(const char *name)
{
    static const char *const names[] = {
#define X(id, text) text,
        CU_FINDERS(X)
#undef X
    };
    for (int i = 0; i < CU_FIND_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static cu_err width_of(const cu_rule *r, cu_compiled *c, cu_fault *f)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *bad = NULL;
    if (hs_expression_info(r->pattern, 0, &info, &bad) != HS_SUCCESS) {
        cu_fail(f, CU_CONFIG, "%s:%u: rule %s: %s", r->file, r->line, r->id, bad->message);
        hs_free_compile_error(bad);
        return CU_CONFIG;
    }
    c->width = info->max_width < CU_WINDOW ? info->max_width : CU_WINDOW;
    free(info);
    return CU_OK;
}

static cu_err find_finder(cu_engine *e, const cu_rule *r, cu_compiled *c, cu_fault *f)
{
    static const char *const by_hand[] = {
        [CU_HAND_ASSIGN] = "assignment", [CU_HAND_ASSIGN_RANDOM] = "assignment-random",
        [CU_HAND_URL] = "url-credentials", [CU_HAND_PEM] = "pem",
    };
    for (uint8_t h = 1; h < sizeof by_hand / sizeof *by_hand; h++)
        if (strcmp(r->finder, by_hand[h]) == 0)
            c->hand = h;
    int finder = finder_by_name(r->finder);
    if (!c->hand && finder < 0)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: there is no finder \"%s\"", r->file, r->line,
                       r->id, r->finder);
    if (!c->hand == (r->anchors_n > 0))
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: this finder %s", r->file, r->line, r->id,
                       c->hand ? "needs anchors" : "takes no anchors");
    if (!c->hand)
        e->finder[finder] = (uint16_t)e->n;
    return CU_OK;
}

static cu_err add_rule(cu_engine *e, const cu_rule *r, cu_fault *f)
{
    cu_compiled *c = &e->rules[e->n];
    c->rule = r;
    c->validate = r->validator ? cu_validator_by_name(r->validator) : NULL;
    if (r->validator && !c->validate)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: there is no validator \"%s\"", r->file,
                       r->line, r->id, r->validator);
    for (size_t i = 0; i < r->anchors_n; i++)
        e->anchors[e->anchors_n++] = (cu_anchor){(uint16_t)e->n, (uint8_t)strlen(r->anchors[i])};
    if (r->finder)
        CU_TRY(find_finder(e, r, c, f));
    e->n++;
    return CU_OK;
}

/* What the database is made of: the patterns, then the anchors. */
typedef struct {
    const char **text;
    unsigned *ids, *flags;
    unsigned n;
    cu_arena arena; /* of the anchors, written as patterns */
} expressions;

/* An anchor as a pattern: every byte as \xHH. A space at its end stands for the end of a word ("sin "
 * is not in "since"), but for no separator of texts. */
static const char *literal(const char *text, cu_arena *a)
{
    static const char word_ends[] = "[^0-9A-Za-z\\x00]";
    size_t n = strlen(text);
    char *out = cu_arena_raw(a, 4 * n + sizeof word_ends);
    for (size_t i = 0; out && i < n; i++) {
        if (text[i] == ' ' && i + 1 == n)
            memcpy(out + 4 * i, word_ends, sizeof word_ends);
        else
            snprintf(out + 4 * i, 5, "\\x%02x", (unsigned)(uint8_t)text[i]);
    }
    return out;
}

static bool in_database(const cu_compiled *c, int which)
{
    switch (c->group) {
    case CU_GROUP_TOKEN:
        return which == CU_DB_TOKEN;
    case CU_GROUP_LITERAL:
        return which == CU_DB_LITERAL && c->rule->pattern;
    case CU_GROUP_DIGITS:
        return which == CU_DB_DIGITS;
    case CU_GROUP_BARE:
        return which == CU_DB_BARE;
    default:
        return which == CU_DB_REST && c->rule->pattern;
    }
}

static cu_err collect(const cu_engine *e, int which, expressions *x)
{
    size_t room = e->n + e->anchors_n + 1;
    unsigned anchor = (unsigned)e->n;
    x->text = cu_arena_alloc(&x->arena, room * sizeof *x->text);
    x->ids = cu_arena_alloc(&x->arena, room * sizeof *x->ids);
    x->flags = cu_arena_alloc(&x->arena, room * sizeof *x->flags);
    if (!x->text || !x->ids || !x->flags)
        return CU_NOMEM;
    for (size_t i = 0; i < e->n; i++) {
        const cu_rule *r = e->rules[i].rule;
        bool in = in_database(&e->rules[i], which);
        if (in && r->pattern) {
            x->text[x->n] = r->pattern;
            x->ids[x->n++] = (unsigned)i;
        }
        for (size_t k = 0; k < r->anchors_n; k++, anchor++) {
            if (!in)
                continue;
            x->flags[x->n] = HS_FLAG_CASELESS;
            x->ids[x->n] = anchor;
            if (!(x->text[x->n++] = literal(r->anchors[k], &x->arena)))
                return CU_NOMEM;
        }
    }
    return CU_OK;
}

static cu_err compile_one(cu_engine *e, const cu_rules *rules, int which, expressions *x, cu_fault *f)
{
    hs_compile_error_t *bad = NULL;
    if (which == CU_DB_DIGITS) /* nothing but anchors: see cu_detect() */
        return CU_OK;
    CU_TRY(collect(e, which, x));
    if (x->n == 0 || hs_compile_multi(x->text, x->flags, x->ids, x->n, HS_MODE_BLOCK, NULL, &e->db[which],
                                      &bad) == HS_SUCCESS)
        return CU_OK;
    unsigned id = bad->expression >= 0 ? x->ids[bad->expression] : 0;
    cu_fail(f, CU_CONFIG, "rule %s: %s", rules->v[id < e->n ? id : e->anchors[id - e->n].rule].id, bad->message);
    hs_free_compile_error(bad);
    return CU_CONFIG;
}

static cu_err compile_databases(cu_engine *e, const cu_rules *rules, cu_fault *f)
{
    cu_err err = CU_OK;
    for (int which = 0; which < CU_DB_COUNT && err == CU_OK; which++) {
        expressions x = {0};
        cu_arena_init(&x.arena, (size_t)64 << 20);
        err = compile_one(e, rules, which, &x, f);
        cu_arena_free(&x.arena);
    }
    return err;
}

/* --- literals of the sweep --- */

cu_err cu_engine_target(cu_engine *e, const cu_target *to)
{
    if (e->targets_n == e->targets_cap) {
        size_t cap = e->targets_cap ? e->targets_cap * 2 : 256;
        cu_target *v = realloc(e->targets, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        e->targets = v;
        e->targets_cap = cap;
    }
    e->targets[e->targets_n++] = *to;
    return CU_OK;
}

/* In which sets a literal of this rule stands. */
static bool in_set(const cu_compiled *c, int set)
{
    switch (c->group) {
    case CU_GROUP_LITERAL:
        return set == CU_LITERALS_ALL || (set == CU_LITERALS_SECRETS && cu_type_class(c->rule->type) == CU_CLASS_SECRET);
    case CU_GROUP_TOKEN:
        return set == CU_LITERALS_TOKEN;
    default:
        return set == CU_LITERALS_DIGITS;
    }
}

static cu_err add_literal(cu_engine *e, cu_bytes text, bool word_begin, bool word_end, const cu_target *to)
{
    uint32_t meaning = (uint32_t)e->targets_n;
    const cu_compiled *c = &e->rules[to->rule];
    CU_TRY(cu_engine_target(e, to));
    for (int set = 0; set < CU_LITERALS_COUNT; set++)
        if (in_set(c, set))
            CU_TRY(cu_literals_add(&e->literals[set], text, word_begin, word_end, meaning));
    return CU_OK;
}

static cu_err add_anchors(cu_engine *e, uint16_t rule, uint32_t first)
{
    const cu_rule *r = e->rules[rule].rule;
    uint8_t hand = e->rules[rule].hand;
    bool word_begin = hand != CU_HAND_URL && hand != CU_HAND_PEM; /* as cu_anchor_hit() asks */
    for (uint32_t k = 0; k < r->anchors_n; k++) {
        cu_bytes text = cu_str(r->anchors[k]);
        bool word_end = text.p[text.n - 1] == ' ';
        cu_target to = {.anchor = first + k, .rule = rule};
        CU_TRY(add_literal(e, cu_slice(text, 0, text.n - word_end), word_begin, word_end, &to));
    }
    return CU_OK;
}

static cu_err add_needles(cu_engine *e, uint16_t rule)
{
    const cu_compiled *c = &e->rules[rule];
    cu_needles needles;
    bool word_begin;
    cu_arena work CU_CLEAN_ARENA;
    cu_arena_init(&work, (size_t)4 << 20);
    CU_TRY(cu_group_literals(c->rule, &work, &needles, &word_begin));
    uint32_t before = needles.before < c->width ? needles.before : c->width;
    cu_target to = {.anchor = CU_NO_ANCHOR, .before = before, .after = c->width + 1, .rule = rule};
    for (size_t i = 0; i < needles.n; i++)
        CU_TRY(add_literal(e, cu_bytes_of(needles.text[i], needles.length[i]), word_begin && cu_alnum(needles.text[i][0]), false, &to));
    return CU_OK;
}

static cu_err find_literals(cu_engine *e)
{
    uint32_t anchor = 0;
    for (size_t i = 0; i < e->n; i++) {
        uint8_t group = e->rules[i].group;
        if (group == CU_GROUP_LITERAL || group == CU_GROUP_TOKEN || group == CU_GROUP_DIGITS)
            CU_TRY(e->rules[i].rule->pattern ? add_needles(e, (uint16_t)i) : add_anchors(e, (uint16_t)i, anchor));
        anchor += (uint32_t)e->rules[i].rule->anchors_n;
    }
    cu_target quoted = {.anchor = CU_NO_ANCHOR, .rule = CU_NO_RULE};
    CU_TRY(cu_engine_target(e, &quoted));
    for (int set = CU_LITERALS_SECRETS; set <= CU_LITERALS_ALL; set++) /* those that the sweep looks for everywhere */
        CU_TRY(cu_literals_add(&e->literals[set], CU_LIT(CU_QUOTED_PRINTABLE), false, false, (uint32_t)e->targets_n - 1));
    for (int i = 0; i < CU_LITERALS_COUNT; i++)
        CU_TRY(cu_literals_arrange(&e->literals[i]));
    return CU_OK;
}

static size_t count_anchors(const cu_rules *rules)
{
    size_t n = 0;
    for (size_t i = 0; i < rules->n; i++)
        n += rules->v[i].anchors_n;
    return n;
}

cu_err cu_engine_tables(const cu_rules *rules, cu_engine **out, cu_fault *f)
{
    cu_engine *e = calloc(1, sizeof *e);
    if (!e || !(e->rules = calloc(rules->n + 1, sizeof *e->rules)) ||
        !(e->anchors = calloc(count_anchors(rules) + 1, sizeof *e->anchors))) {
        cu_engine_free(e);
        return CU_NOMEM;
    }
    e->from = *rules;
    for (int i = 0; i < CU_FIND_COUNT; i++)
        e->finder[i] = CU_NO_RULE;
    cu_err err = CU_OK;
    for (size_t i = 0; i < rules->n && err == CU_OK; i++)
        err = add_rule(e, &rules->v[i], f);
    cu_official_rules(e);
    if (err == CU_OK)
        *out = e;
    else
        cu_engine_free(e);
    return err;
}

/* Every pattern is compiled once, so that a wrong one is refused with its place. */
static cu_err check_patterns(cu_engine *e, cu_fault *f)
{
    for (size_t i = 0; i < e->n; i++) {
        const cu_rule *r = e->rules[i].rule;
        cu_confirmer *c = NULL;
        if (r->finder)
            continue;
        if (r->pattern)
            CU_TRY(width_of(r, &e->rules[i], f));
        CU_TRY(cu_confirmer_make(r, &c, f));
        atomic_store(&e->rules[i].confirmer, c);
    }
    return CU_OK;
}

static cu_err find_groups(cu_engine *e)
{
    for (size_t i = 0; i < e->n; i++) {
        cu_arena work CU_CLEAN_ARENA;
        cu_arena_init(&work, (size_t)4 << 20);
        CU_TRY(cu_group_of(&e->rules[i], &work));
    }
    return CU_OK;
}

cu_err cu_engine_compile(const cu_rules *rules, cu_engine **out, cu_fault *f)
{
    cu_engine *e = NULL;
    CU_TRY(cu_check_library(f));
    CU_TRY(cu_engine_tables(rules, &e, f));
    cu_err err = check_patterns(e, f);
    if (err == CU_OK)
        err = find_groups(e);
    if (err == CU_OK)
        err = compile_databases(e, rules, f);
    if (err == CU_OK)
        err = find_literals(e);
    if (err == CU_OK)
        *out = e;
    else
        cu_engine_free(e);
    return err;
}

void cu_engine_free(cu_engine *e)
{
    if (!e)
        return;
    for (int i = 0; i < CU_DB_COUNT && !e->in_place; i++)
        hs_free_database(e->db[i]);
    for (size_t i = 0; i < e->n; i++)
        cu_confirmer_free(atomic_load(&e->rules[i].confirmer));
    for (int i = 0; i < CU_LITERALS_COUNT; i++)
        cu_literals_free(&e->literals[i]);
    free(e->targets);
    free(e->rules);
    free(e->anchors);
    cu_arena_free(&e->arena);
    cu_image_close(e->mapped);
    free(e);
}

const cu_rules *cu_engine_rules(const cu_engine *e)
{
    return &e->from;
}

const uint8_t *cu_engine_digest(const cu_engine *e)
{
    return e->digest.b;
}

const char *cu_engine_rule_id(const cu_engine *e, uint16_t rule)
{
    return rule < e->n ? e->rules[rule].rule->id : "unknown";
}

/* A pass over the text that no wanted rule needs is left out. */
static void choose_passes(cu_scratch *s)
{
    const cu_engine *e = s->engine;
    s->tokens = s->persons = false;
    s->literal_set = CU_LITERALS_SECRETS;
    memset(s->want, 0, sizeof s->want);
    for (size_t i = 0; i < e->n; i++) {
        const cu_compiled *c = &e->rules[i];
        if (s->skip[i])
            continue;
        bool person = c->rule->finder && strncmp(c->rule->finder, "person", 6) == 0;
        s->persons |= person;
        s->tokens |= (c->group == CU_GROUP_HAND && !person) || cu_official_has(e, i);
        for (int db = 0; db < CU_DB_COUNT; db++)
            s->want[db] |= in_database(c, db);
        if (c->group == CU_GROUP_LITERAL && cu_type_class(c->rule->type) != CU_CLASS_SECRET)
            s->literal_set = CU_LITERALS_ALL;
    }
}

cu_err cu_scratch_new(const cu_engine *e, cu_scratch **out)
{
    cu_scratch *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    s->engine = e;
    s->classify = cu_classifier();
    s->placer = cu_placer();
    s->places = calloc(CU_BLOCKS_MAX * CU_BLOCK + 64, sizeof *s->places);
    s->done = calloc(e->n + 1, sizeof *s->done);
    s->skip = calloc(e->n + 1, sizeof *s->skip);
    s->match = pcre2_match_data_create(8, NULL);
    bool good = s->done && s->skip && s->match && s->places;
    for (int i = 0; good && i < CU_DB_COUNT; i++)
        good = !e->db[i] || hs_alloc_scratch(e->db[i], &s->hs) == HS_SUCCESS;
    if (!good) {
        cu_scratch_free(s);
        return CU_NOMEM;
    }
    choose_passes(s);
    *out = s;
    return CU_OK;
}

void cu_scratch_only(cu_scratch *s, const bool *rules)
{
    for (size_t i = 0; i < s->engine->n; i++)
        s->skip[i] = !rules[i];
    choose_passes(s);
}

void cu_scratch_free(cu_scratch *s)
{
    if (!s)
        return;
    hs_free_scratch(s->hs);
    pcre2_match_data_free(s->match);
    for (int i = 0; i < CU_HOT_COUNT; i++)
        free(s->hot[i]);
    for (unsigned i = 0; i <= CU_DECODED_DEPTH; i++) {
        free(s->escapes[i].percent);
        free(s->escapes[i].reference);
    }
    free(s->places);
    free(s->done);
    free(s->skip);
    free(s);
}
