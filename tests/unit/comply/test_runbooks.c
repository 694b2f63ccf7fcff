/* What to do about incidents, and until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "comply/runbooks.h"

#define HOUR_NS (3600ull * 1000000000)

static void the_shipped_runbooks_load(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_events *events;
    cu_runbooks *r;
    cu_arena_init(&a, (size_t)64 << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &a, &events, &f), CU_OK);
    if (cu_runbooks_load(CATALOG_DIR, events, &a, &r, &f) != CU_OK)
        fail_msg("%s", f.text);
    assert_int_equal(r->n, 5);
    const cu_runbook *leak = cu_runbook_find(r, CU_LIT("tenant_leak"));
    assert_non_null(leak);
    assert_int_equal(leak->opens_n, 1);
    assert_true(cu_eq_str(leak->opens[0], "isolation.leak_suspected"));
    assert_non_null(cu_runbook_step_find(leak, CU_LIT("stop")));
    assert_null(cu_runbook_step_find(leak, CU_LIT("rotate"))); /* of another one */
    assert_null(cu_runbook_step_find(NULL, CU_LIT("stop")));
    assert_true(cu_incident_severity_find(r, CU_LIT("critical"))->limit_ns[CU_CLOCK_NOTIFY] == 72 * HOUR_NS);
    assert_true(cu_person_request_find(r, CU_LIT("erasure"))->answer_ns == 30 * 24 * HOUR_NS);
    assert_null(cu_incident_severity_find(r, CU_LIT("dreadful")));
}

#define SEVERITY "severities:\n  - {id: low, label: L, means: m, acknowledge: 1h, contain: 2h, notify: 72h, close: 9d, fix: 9d}\n"
#define STEP "{id: a, phase: look, do: d, proof: p}"

static void a_mistake_names_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } t[] = {
        {"severities:\n  - {id: low, label: L, means: m, acknowledge: 9d, contain: 2h, notify: 72h, close: 9d, fix: 9d}\nrunbooks: []\nrequests: []\n", ":2: acknowledge, contain and close follow"},
        {"severities:\n  - {id: low, label: L, means: m, acknowledge: soon, contain: 2h, notify: 72h, close: 9d, fix: 9d}\nrunbooks: []\nrequests: []\n", ":2: a limit like"},
        {"severities:\n  - {id: low, label: L, means: m, acknowledge: 1h, contain: 2h, notify: 72h, close: 9d}\nrunbooks: []\nrequests: []\n", ":2: fix is missing"},
        {"severities:\n  - {id: low, label: L, means: m, contain: 2h, notify: 72h, close: 9d, fix: 9d}\nrunbooks: []\nrequests: []\n", ":2: acknowledge is missing"},
        {SEVERITY "runbooks:\n  - {id: x, label: X, when: w, severity: dire, opens: [], steps: [" STEP "]}\nrequests: []\n", ":4: there is no severity"},
        {SEVERITY "runbooks:\n  - {id: x, label: X, when: w, severity: low, opens: [no.such], steps: [" STEP "]}\nrequests: []\n", ":4: events.yaml has no type"},
        {SEVERITY "runbooks:\n  - {id: x, label: X, when: w, severity: low, opens: [], steps: [" STEP "," STEP "]}\nrequests: []\n", ":4: this step is given twice"},
        {SEVERITY "runbooks:\n  - {id: x, label: X, when: w, severity: low, opens: [], steps: []}\nrequests: []\n", ":4: a runbook has at least one step"},
        {SEVERITY "runbooks:\n  - {id: x, label: X, when: w, severity: low, opens: [], steps: [{id: a, phase: rest, do: d, proof: p}]}\nrequests: []\n", ":4: phase is contain"},
        {SEVERITY "runbooks: []\nrequests:\n  - {id: access, label: A, means: m}\n", ":5: answer is missing"},
        {SEVERITY "runbooks: []\n", "requests is a list"},
    };
    cu_arena a CU_CLEAN_ARENA;
    cu_events *events;
    cu_fault f = {0};
    char dir[] = "/tmp/custos-runbooks-XXXXXX", path[64];
    cu_arena_init(&a, (size_t)64 << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &a, &events, &f), CU_OK);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/runbooks.yaml", dir);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_runbooks *r;
        FILE *to = fopen(path, "w");
        assert_non_null(to);
        assert_true(fputs(t[i].text, to) >= 0 && fclose(to) == 0);
        memset(&f, 0, sizeof f);
        assert_int_not_equal(cu_runbooks_load(dir, events, &a, &r, &f), CU_OK);
        if (!strstr(f.text, t[i].says))
            fail_msg("%zu: %s", i, f.text);
    }
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_shipped_runbooks_load), cmocka_unit_test(a_mistake_names_its_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
