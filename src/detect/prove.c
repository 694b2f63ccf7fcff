/* Rules prove themselves: each example is found exactly, no counter-example fires. */
#include <stdio.h>
#include "engine.h"

static bool has(const cu_findings *f, size_t start, size_t end)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].start == start && f->v[i].end == end)
            return true;
    return false;
}

/* What is wrong with one example of rule i; false when it holds. */
static bool wrong_with(const cu_engine *e, const cu_findings *found, size_t i, const cu_rule_example *x,
                       char why[200])
{
    for (size_t v = 0; v < x->values_n; v++) {
        if (has(found, x->value[v].start, x->value[v].end))
            continue;
        snprintf(why, 200, "does not find its example exactly");
        for (size_t k = 0; k < found->n; k++)
            if (found->v[k].start < x->value[v].end && found->v[k].end > x->value[v].start)
                snprintf(why, 200, "does not find its example exactly (%s found %u to %u instead)",
                         cu_engine_rule_id(e, found->v[k].rule), found->v[k].start, found->v[k].end);
        return true;
    }
    for (size_t k = 0; k < found->n && !x->values_n; k++)
        if (found->v[k].rule == i) {
            snprintf(why, 200, "fires on its counter-example");
            return true;
        }
    return false;
}

static cu_err prove(const cu_engine *e, cu_scratch *s, size_t i, const cu_rule *r,
                    const cu_rule_example *x, size_t n, cu_findings *found, cu_rule_tell tell,
                    void *arg, size_t *wrong)
{
    for (size_t k = 0; k < n; k++) {
        CU_TRY(cu_detect(e, s, x[k].text, found));
        char why[200];
        if (wrong_with(e, found, i, &x[k], why) && ++*wrong && tell)
            tell(arg, r, &x[k], why);
    }
    return CU_OK;
}

cu_err cu_rules_prove(const cu_rules *rules, const cu_engine *e, cu_rule_tell tell, void *arg,
                      size_t *wrong)
{
    cu_scratch *s = NULL;
    cu_findings found = {NULL, 0, 0};
    cu_err err = cu_scratch_new(e, &s);
    *wrong = 0;
    for (size_t i = 0; i < rules->n && err == CU_OK; i++) {
        const cu_rule *r = &rules->v[i];
        err = prove(e, s, i, r, r->examples, r->examples_n, &found, tell, arg, wrong);
        if (err == CU_OK)
            err = prove(e, s, i, r, r->counter_examples, r->counter_examples_n, &found, tell, arg, wrong);
    }
    cu_findings_free(&found);
    cu_scratch_free(s);
    return err;
}
