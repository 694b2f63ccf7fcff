/* What each rule costs by itself: its expressions alone over a text, against the time of the whole
 * database. A rule whose literals are too common, or that has none, shows here at once. */
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "engine.h"

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The best of three: CPU time of one pass over text. */
static cu_err pass(const cu_rules *rules, cu_bytes text, uint64_t *ns, uint64_t *found, cu_fault *f)
{
    cu_engine *e = NULL;
    cu_scratch *s = NULL;
    cu_findings out = {0};
    cu_err err = cu_engine_compile(rules, &e, f);
    if (err == CU_OK)
        err = cu_scratch_new(e, &s);
    *ns = UINT64_MAX;
    for (int i = 0; i < 3 && err == CU_OK; i++) {
        uint64_t began = cpu_ns(), took;
        err = cu_detect(e, s, text, &out);
        took = cpu_ns() - began;
        if (took < *ns)
            *ns = took;
    }
    *found = out.n;
    cu_findings_free(&out);
    cu_scratch_free(s);
    cu_engine_free(e);
    return err;
}

cu_err cu_rules_cost(const cu_rules *rules, cu_bytes text, cu_cost_tell tell, void *arg, cu_fault *f)
{
    uint64_t all, alone, found;
    CU_TRY(pass(rules, text, &all, &found, f));
    for (size_t i = 0; i < rules->n; i++) {
        cu_rules one = {&rules->v[i], 1};
        CU_TRY(pass(&one, text, &alone, &found, f));
        tell(arg, &rules->v[i], alone, all, found);
    }
    return CU_OK;
}
