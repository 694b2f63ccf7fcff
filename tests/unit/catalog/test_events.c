/* The registry of events: what stands in catalog/events.yaml is what may be written; mistakes in it are
 * refused where they stand; what is made from it is up to date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "catalog/events.h"
#include "catalog/yaml.h"

#define ROOT RULES_DIR "/../.."
#define HEAD "schema_version: 1\nsensitivity:\n  plain: {means: x}\nretention:\n  proof: {days: 0, means: x}\nevents:\n"
#define EVENT(type, controls, fields, example)                                                                                  \
    "  - type: " type "\n    label: L\n    means: M\n    by: daemon\n    log: org\n    retention: proof\n    controls: [" controls "]\n" \
    "    fields: [" fields "]\n    example: '" example "'\n"

static cu_err load(const char *text, cu_arena *a, cu_events **e, cu_fault *f)
{
    char dir[] = "/tmp/custos-events-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/events.yaml", dir);
    assert_int_equal(cu_file_replace(AT_FDCWD, path, cu_str(text), 0600), CU_OK);
    snprintf(path, sizeof path, "%s/controls.yaml", dir);
    assert_int_equal(cu_file_replace(AT_FDCWD, path, CU_LIT("controls:\n  - id: IAM-01\n"), 0600), CU_OK);
    cu_err err = cu_events_load(dir, a, e, f);
    unlink(path);
    snprintf(path, sizeof path, "%s/events.yaml", dir);
    unlink(path);
    rmdir(dir);
    return err;
}

static cu_events *shipped(cu_arena *a)
{
    cu_events *e = NULL;
    cu_fault f = {0};
    if (cu_events_load(ROOT "/catalog", a, &e, &f) != CU_OK)
        fail_msg("%s", f.text);
    return e;
}

static void mistakes_name_file_and_line(void **state)
{
    static const struct {
        const char *text, *why;
        uint32_t line;
    } cases[] = {
        {HEAD EVENT("a.b", "IAM-02", "", "{}"), "no control of this id", 13},
        {HEAD EVENT("a.b", "", "", "{}") EVENT("a.b", "", "", "{}"), "given twice, first in line 7", 16},
        {HEAD EVENT("a.b", "", "{name: n, type: float}", "{}"), "type of a field must be one of", 14},
        {HEAD EVENT("a.b", "", "{name: n, type: one_of}", "{}"), "one_of needs words", 14},
        {HEAD EVENT("a.b", "", "{name: n, type: object}", "{}"), "object and list need fields", 14},
        {HEAD EVENT("a.b", "", "{name: n, type: number}, {name: m, type: number}", "{}"), "order of their names", 14},
        {HEAD EVENT("a.b", "", "{name: n, type: number, sensitivity: odd}", "{}"), "no sensitivity of this name", 14},
        {HEAD EVENT("a.b", "", "{name: n, type: number}", "{}"), "the example does not fit: n: is missing", 15},
        {HEAD EVENT("a.b", "", "{name: n, type: number}", "{\"n\":1.5}"), "the example does not fit", 15},
        {HEAD EVENT("A b", "", "", "{}"), "a type is lower-case", 7},
        {HEAD "  - {type: a.b, lable: L}\n", "unknown key \"lable\"", 7},
        {HEAD EVENT("a.b", "", "", "{}") "planned:\n  - {type: a.b, means: M}\n", "cannot be planned", 17},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_events *e;
        cu_fault f = {0};
        cu_arena_init(&a, 16u << 20);
        assert_int_equal(load(cases[i].text, &a, &e, &f), CU_CONFIG);
        if (!strstr(f.text, cases[i].why) || !strstr(f.text, "events.yaml:") || f.line != cases[i].line)
            fail_msg("case %zu: line %u, %s", i, f.line, f.text);
    }
}

static void bodies_fit_or_are_refused(void **state)
{
    static const char *const good[] = {
        "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[\"p\",\"q\"]}",
        "{\"a\":\"x\",\"c\":{\"A\":1,\"B\":2},\"l\":[{\"k\":\"in\"},{\"k\":\"out\"}],\"n\":123456789012345678,\"o\":{\"z\":false},\"w\":[]}",
        "{\"a\":\"\\u00e4 \\\" \xc3\xa4\",\"n\":7,\"o\":{\"z\":true},\"t\":\"2026-11-26T09:00:00.000Z\",\"w\":[]}",
    };
    static const char *const bad[] = {
        "", "{", "{}", "[]", "null", "{\"a\":\"x\"}",
        "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[]} ", "{ \"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}",
        "{\"n\":0,\"a\":\"x\",\"o\":{\"z\":true},\"w\":[]}", "{\"a\":\"x\",\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}",
        "{\"a\":\"x\",\"n\":00,\"o\":{\"z\":true},\"w\":[]}", "{\"a\":\"x\",\"n\":-1,\"o\":{\"z\":true},\"w\":[]}",
        "{\"a\":\"x\",\"n\":1.0,\"o\":{\"z\":true},\"w\":[]}", "{\"a\":\"\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}",
        "{\"a\":\"123456789\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}", "{\"a\":\"x\",\"n\":0,\"o\":{},\"w\":[]}",
        "{\"a\":\"x\",\"n\":0,\"o\":{\"y\":1,\"z\":true},\"w\":[]}", "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[\"p q\"]}",
        "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[],\"zz\":1}", "{\"a\":\"x\",\"c\":{\"B\":1,\"A\":2},\"n\":0,\"o\":{\"z\":true},\"w\":[]}",
        "{\"a\":\"x\",\"l\":[{\"k\":\"no\"}],\"n\":0,\"o\":{\"z\":true},\"w\":[]}", "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"t\":\"2026-11-26\",\"w\":[]}",
        "{\"a\":\"\\q\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}",
    };
    cu_arena a CU_CLEAN_ARENA;
    cu_events *e;
    cu_fault f = {0};
    cu_arena_init(&a, 16u << 20);
    if (load(HEAD EVENT("a.b", "IAM-01",
                        "{name: a, type: text, max: 9}, {name: c, type: counts, required: false}, {name: l, type: list, required: false, fields: [{name: k, type: "
                        "one_of, words: [in, out]}]}, {name: n, type: number}, {name: o, type: object, fields: [{name: z, type: bool}]}, {name: t, type: time, "
                        "required: false}, {name: w, type: words}",
                        "{\"a\":\"x\",\"n\":0,\"o\":{\"z\":true},\"w\":[]}"), &a, &e, &f) != CU_OK)
        fail_msg("%s", f.text);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cu_event_check(&e->v[0], cu_str(good[i]), &f), CU_OK);
    e->v[0].fields[0].max = 20;
    assert_int_equal(cu_event_check(&e->v[0], cu_str(good[2]), &f), CU_OK);
    e->v[0].fields[0].max = 8;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cu_event_check(&e->v[0], cu_str(bad[i]), &f) == CU_OK)
            fail_msg("taken: %s", bad[i]);
}

/* Cut anywhere, and with any one byte changed: never more than was there is read, and a cut never fits. */
static void cut_and_changed(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 64u << 20);
    const cu_events *e = shipped(&a);
    for (size_t i = 0; i < e->n; i++) {
        cu_bytes x = e->v[i].example;
        for (size_t cut = 0; cut < x.n; cut++) {
            uint8_t *copy = malloc(cut ? cut : 1);
            memcpy(copy, x.p, cut);
            assert_int_equal(cu_event_check(&e->v[i], cu_bytes_of(copy, cut), NULL), CU_SYNTAX);
            free(copy);
        }
        for (size_t at = 0; at < x.n; at++) {
            uint8_t *copy = malloc(x.n);
            memcpy(copy, x.p, x.n);
            copy[at] = 0;
            assert_int_equal(cu_event_check(&e->v[i], cu_bytes_of(copy, x.n), NULL), CU_SYNTAX);
            free(copy);
        }
    }
}

static void entries_stand_where_they_belong(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_arena_init(&a, 64u << 20);
    const cu_events *e = shipped(&a);
    assert_int_equal(cu_events_check(e, CU_LIT("daemon.started"), CU_LIT("org"), CU_LIT("{\"version\":\"1\"}"), &f), CU_OK);
    assert_int_equal(cu_events_check(e, CU_LIT("daemon.started"), CU_LIT("acme"), CU_LIT("{\"version\":\"1\"}"), &f), CU_DENIED);
    assert_int_equal(cu_events_check(e, CU_LIT("daemon.halted"), CU_LIT("org"), CU_LIT("{}"), &f), CU_NOT_FOUND);
    assert_int_equal(cu_events_check(e, e->planned_types[0], CU_LIT("org"), CU_LIT("{}"), &f), CU_NOT_FOUND);
    assert_non_null(strstr(f.text, "no event of type"));
}

static void read_whole(const char *path, cu_buf *out)
{
    if (cu_file_read(AT_FDCWD, path, out) != CU_OK)
        fail_msg("%s cannot be read", path);
}

static void what_is_made_from_it_is_up_to_date(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf table CU_CLEAN_BUF = CU_BUF(1 << 20), labels CU_CLEAN_BUF = CU_BUF(1 << 20), doc CU_CLEAN_BUF = CU_BUF(1 << 20), web CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_arena_init(&a, 64u << 20);
    const cu_events *e = shipped(&a);
    cu_events_markdown(e, &table);
    cu_events_labels(e, &labels);
    read_whole(ROOT "/docs/formats/leaf.md", &doc);
    read_whole(ROOT "/web/src/event-labels.json", &web);
    if (cu_find(cu_buf_view(&doc), cu_buf_view(&table), 0) == (size_t)-1)
        fail_msg("docs/formats/leaf.md does not hold the table that custos events --table prints; run make events");
    if (!cu_eq(cu_buf_view(&labels), cu_buf_view(&web)))
        fail_msg("web/src/event-labels.json is not what custos events --format json prints; run make events");
}

static size_t controls_naming(const cu_yaml *controls, cu_bytes type)
{
    size_t n = 0;
    for (const cu_yaml *c = controls->first; c; c = c->next) {
        const cu_yaml *evidence = cu_yaml_get(c, "evidence"), *events = evidence ? cu_yaml_get(evidence, "events") : NULL;
        for (const cu_yaml *k = events ? events->first : NULL; k; k = k->next)
            n += cu_eq(k->text, type);
    }
    return n;
}

/* What a control names as its evidence names the control, and is registered or planned. */
static void controls_and_events_agree(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    const cu_yaml *root, *controls;
    cu_arena_init(&a, 64u << 20);
    const cu_events *e = shipped(&a);
    assert_int_equal(cu_yaml_load(ROOT "/catalog/controls.yaml", &a, &root, &f), CU_OK);
    controls = cu_yaml_get(root, "controls");
    for (size_t i = 0; i < e->n; i++)
        if (controls_naming(controls, e->v[i].type) != e->v[i].controls_n)
            fail_msg("%.*s: named by %zu controls, and names %zu", CU_FMT(e->v[i].type), controls_naming(controls, e->v[i].type), e->v[i].controls_n);
    for (const cu_yaml *c = controls->first; c; c = c->next) {
        const cu_yaml *evidence = cu_yaml_get(c, "evidence"), *events = evidence ? cu_yaml_get(evidence, "events") : NULL;
        for (const cu_yaml *k = events ? events->first : NULL; k; k = k->next) {
            bool known = cu_event_find(e, k->text) != NULL;
            for (size_t i = 0; i < e->planned && !known; i++)
                known = cu_eq(e->planned_types[i], k->text);
            if (!known)
                fail_msg("controls.yaml:%u: nobody knows %.*s", k->line, CU_FMT(k->text));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_name_file_and_line),
        cmocka_unit_test(bodies_fit_or_are_refused),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(entries_stand_where_they_belong),
        cmocka_unit_test(what_is_made_from_it_is_up_to_date),
        cmocka_unit_test(controls_and_events_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
