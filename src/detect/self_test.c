/* The known-answer test at start, in its short form: an engine library that loses matches does so
 * by position and alignment, without an error code. The full sweep is in the tests. */
#include <stdlib.h>
#include "catalog/generate.h"
#include "engine.h"

#define ROOM (CU_EXAMPLE_MAX + 256)

static bool has(const cu_findings *f, size_t start, size_t end)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].start == start && f->v[i].end == end)
            return true;
    return false;
}

static cu_err answer(const cu_engine *e, cu_scratch *s, const cu_rule *r, const cu_rule_example *x,
                     uint8_t *room, size_t shift, cu_findings *found, cu_fault *f)
{
    memset(room, ' ', shift);
    memcpy(room + shift, x->text.p, x->text.n);
    CU_TRY(cu_detect(e, s, cu_bytes_of(room, shift + x->text.n), found));
    for (size_t v = 0; v < x->values_n; v++)
        if (!has(found, x->value[v].start + shift, x->value[v].end + shift))
            return cu_fail(f, CU_ENGINE, "%s:%u: rule %s does not find its own example; the rule or "
                                         "the matching library is wrong", r->file, r->line, r->id);
    return CU_OK;
}

static cu_err all(const cu_rules *rules, const cu_engine *e, cu_scratch *s, uint8_t *room,
                  cu_findings *found, cu_fault *f)
{
    static const size_t shifts[] = {0, 1, 33, 64, 191};
    for (size_t i = 0; i < rules->n; i++)
        for (size_t k = 0; k < rules->v[i].examples_n; k++)
            for (size_t b = 0; b < sizeof shifts / sizeof *shifts; b++)
                CU_TRY(answer(e, s, &rules->v[i], &rules->v[i].examples[k], room, shifts[b], found,
                              f));
    return CU_OK;
}

cu_err cu_engine_self_test(const cu_rules *rules, const cu_engine *e, cu_fault *f)
{
    cu_scratch *s = NULL;
    cu_findings found = {NULL, 0, 0};
    CU_TRY(cu_scratch_new(e, &s));
    uint8_t *room = malloc(ROOM);
    cu_err err = room ? all(rules, e, s, room, &found, f) : CU_NOMEM;
    free(room);
    cu_findings_free(&found);
    cu_scratch_free(s);
    return err;
}
