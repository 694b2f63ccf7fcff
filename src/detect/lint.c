/* What a rule must cost at most, judged by its shape: no clock, so that every machine says the same. What
 * counts is how often its literals stand in ordinary text, unless it is tried beside tokens or numbers. */
#include <stdio.h>
#include "engine.h"

/* Expected in a megabyte of source text, by how often bytes stand there (needles.c). */
#define MOST_HITS 1500.0

static void anchors_of(const cu_rule *r, cu_needles *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < r->anchors_n && out->n < CU_NEEDLES_MAX; i++) {
        size_t n = strlen(r->anchors[i]);
        out->length[out->n] = (uint8_t)(n < CU_NEEDLE_LEN ? n : CU_NEEDLE_LEN);
        memcpy(out->text[out->n], r->anchors[i], out->length[out->n]);
        out->n++;
    }
}

cu_err cu_rule_dear(const cu_engine *e, size_t i, char why[CU_DEAR_MAX], bool *dear)
{
    const cu_compiled *c = &e->rules[i];
    cu_needles n;
    *dear = false;
    if (c->group == CU_GROUP_REST) {
        *dear = true;
        snprintf(why, CU_DEAR_MAX, "is tried at every byte: let every match hold a literal of three bytes or more, "
                                   "or anchors before the value");
        return CU_OK;
    }
    if (c->group != CU_GROUP_LITERAL || c->hand)
        return CU_OK;
    if (c->rule->value) {
        anchors_of(c->rule, &n);
    } else {
        cu_arena work CU_CLEAN_ARENA;
        cu_arena_init(&work, 1u << 20);
        bool word_begin;
        cu_err err = cu_group_literals(c->rule, &work, &n, &word_begin);
        if (err != CU_OK)
            return err == CU_UNSUPPORTED ? CU_OK : err;
    }
    double hits = cu_needles_hits(&n) * 1e6;
    *dear = hits > MOST_HITS;
    if (*dear)
        snprintf(why, CU_DEAR_MAX, "is tried about %.0f times in a megabyte, %.0f are allowed: take longer or rarer "
                                   "literals, or ask for a value of 16 letters and digits or more", hits, MOST_HITS);
    return CU_OK;
}
