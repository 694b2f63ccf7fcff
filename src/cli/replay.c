/* custos inspect --replay */
#include <jansson.h>
#include "desk_answer.h"
#include "inspect_code.h"
#include "replay.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_replay(const json_t *x)
{
    size_t i;
    json_t *v;
    printf("%s: %lld calls of tools, %s\n", text_of(x, "exchange"), (long long)json_integer_value(json_object_get(x, "calls")),
           json_is_true(json_object_get(x, "agrees")) ? "comes out the same" : "comes out differently");
    json_array_foreach(json_object_get(x, "verdicts"), i, v)
        printf("  call %lld, %s: %s says %s, so it was %s; worked out again: %s\n", (long long)json_integer_value(json_object_get(v, "call")), text_of(v, "tool"),
               text_of(v, "rule"), text_of(v, "decision"), text_of(v, "action"), json_is_true(json_object_get(v, "agrees")) ? "the same" : "NOT the same");
    json_array_foreach(json_object_get(x, "packs"), i, v)
        printf("Rules %s, %.16s…\n", text_of(v, "tier"), text_of(v, "digest"));
}

/* --replay: the running Custos has the record, and the rules of that time. */
static int run(const cu_run *r, const char *id)
{
    char path[200];
    cu_buf in CU_CLEAN_BUF = CU_BUF(STDIN_MAX);
    cu_fault f = {0};
    json_t *x;
    if (!*id || strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != strlen(id))
        return cu_run_fail(r, CU_CONFIG, "--replay takes the id of an exchange: the request-id of its answer");
    cu_err e = inspect_read_all(&in, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    snprintf(path, sizeof path, "/api/v1/verdicts/%.60s/replay", id);
    int rc = cu_desk_answer(r, "POST", path, cu_buf_view(&in), &x);
    if (rc)
        return rc;
    bool agrees = json_is_true(json_object_get(x, "agrees"));
    if (!r->json)
        print_replay(x);
    json_decref(x);
    return agrees ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

int (*const cu_replay)(const cu_run *r, const char *id) = run;
