/* custos privacy …: requests of persons, and what is held about one. */
#include <string.h>
#include "desk_answer.h"

static int list(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    bool late = false;
    int rc = cu_desk_answer(r, "GET", "/api/v1/privacy", CU_NONE, &all);
    const char *now = cu_desk_text(all, "now");
    json_array_foreach(json_object_get(all, "dsr"), i, x) {
        const json_t *fields = json_object_get(x, "fields");
        bool over = strcmp(cu_desk_text(x, "state"), "answered") != 0 && strcmp(cu_desk_text(fields, "due"), now) < 0;
        late |= over;
        if (!r->json)
            printf("%-7s %-10s %-10s %-20s due %.10s%s\n", cu_desk_text(x, "id"), cu_desk_text(x, "state"), cu_desk_text(fields, "kind"), cu_desk_text(fields, "about"), cu_desk_text(fields, "due"),
                   over ? ", overdue" : "");
    }
    if (rc == 0 && !r->json && !json_is_true(json_object_get(all, "notice_current")))
        printf("The newest privacy notice does not name the vendors in use.\n");
    json_decref(all);
    return rc ? rc : late ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static void put_tenant(const json_t *t)
{
    json_t *x, *n;
    size_t i;
    const char *kind;
    printf("%s: %lld exchanges, %lld kept bodies, %zu keys\n", cu_desk_text(t, "tenant"), (long long)json_integer_value(json_object_get(t, "exchanges")),
           (long long)json_integer_value(json_object_get(t, "bodies")), json_array_size(json_object_get(t, "keys")));
    json_array_foreach(json_object_get(t, "disclosed"), i, x) {
        printf("  %-14s %-12s %8lld  ", cu_desk_text(x, "vendor"), cu_desk_text(x, "class"), (long long)json_integer_value(json_object_get(x, "exchanges")));
        json_object_foreach(json_object_get(x, "kinds"), kind, n)
            printf("%s %lld  ", kind, (long long)json_integer_value(n));
        putchar('\n');
    }
}

static int find(const cu_run *r)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(2048);
    json_t *all = NULL, *x;
    size_t i;
    if (r->args_n != 1)
        return cu_run_fail(r, CU_CONFIG, "the name of one person is needed");
    cu_buf_str(&path, "/api/v1/held");
    cu_desk_query(&path, "user", r->args[0]);
    if (cu_buf_err(&path) != CU_OK)
        return cu_run_fail(r, CU_TOO_BIG, "a name has at most 128 bytes");
    int rc = cu_desk_answer(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc == 0 && !r->json) {
        json_array_foreach(json_object_get(all, "tenants"), i, x)
            put_tenant(x);
        json_array_foreach(json_object_get(all, "records"), i, x)
            printf("%s %s, %s\n", cu_desk_text(x, "register"), cu_desk_text(x, "id"), cu_desk_text(x, "state"));
    }
    json_decref(all);
    return rc;
}

const cu_verb cu_verb_privacy_list = {
    .name = "privacy list", .group = "prepare", .operands = "", .run = list, .formats = "text|json",
    .summary = "requests of persons and the day by which they are answered; exit status 1 while one is overdue",
    .details = "Steps are taken with custos register step: dsr.received, dsr.identified, dsr.corrected, dsr.answered; complaint.received, complaint.closed; notice.published.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_privacy_find = {
    .name = "privacy find", .group = "prepare", .operands = "NAME", .run = find, .formats = "text|json",
    .summary = "what is held about a person, in which tenants; --format json is what is handed to her",
    .details = "Erasing her is custos erase, which a second person approves.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
