/* A rule file of any content: refused with its place, or rules that can be compiled, or refused then;
 * what compiles can be asked for matches. */
#include "detect/detect.h"
#include "rules_dir.h"

static void use(const cu_engine *e)
{
    cu_scratch *s = NULL;
    cu_findings found = {0};
    if (cu_scratch_new(e, &s) != CU_OK)
        abort();
    cu_bytes text = CU_LIT("ka_12345678 heroku key = 0123abcd; password = \"xK9fQ2zL\" <a.b@custos-mail.org>\0heroku");
    cu_err err = cu_detect(e, s, text, &found);
    CU_ASSERT(err == CU_OK || err == CU_TOO_BIG);
    for (size_t i = 0; i < found.n; i++)
        CU_ASSERT(found.v[i].start < found.v[i].end && found.v[i].end <= text.n && found.v[i].rule < cu_engine_rules(e)->n);
    cu_findings_free(&found);
    cu_scratch_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_rules rules = {0};
    cu_fault f = {0};
    cu_engine *e = NULL;
    cu_arena_init(&a, (size_t)64 << 20);
    cu_err err = cu_rules_load(rules_dir(data, n), &a, &rules, &f);
    CU_ASSERT((err == CU_OK) == (f.text[0] == 0));
    if (err != CU_OK)
        return 0;
    CU_ASSERT(rules.n > 0);
    for (size_t i = 0; i < rules.n; i++) {
        const cu_rule *r = &rules.v[i];
        CU_ASSERT(r->id && r->title && r->source && r->type < CU_TYPE_COUNT && r->confidence >= 1 && r->confidence <= 100);
        CU_ASSERT((r->pattern != NULL) + (r->finder != NULL) + (r->value != NULL) == 1);
        for (size_t k = 0; k < r->examples_n; k++)
            for (size_t v = 0; v < r->examples[k].values_n; v++)
                CU_ASSERT(r->examples[k].value[v].start <= r->examples[k].value[v].end &&
                          r->examples[k].value[v].end <= r->examples[k].text.n);
    }
    err = cu_engine_compile(&rules, &e, &f);
    CU_ASSERT((err == CU_OK) == (e != NULL) && (err == CU_OK || f.text[0]));
    if (e)
        use(e);
    cu_engine_free(e);
    return 0;
}
