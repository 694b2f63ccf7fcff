/* custos key issue | list | revoke */
#include <jansson.h>
#include <stdlib.h>
#include "admin.h"

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

static int issue(const cu_run *r)
{
    static const char *const fields[] = {"tenant", "user", "name", "expires"};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096), out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    long status;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (!cu_run_option(r, "user"))
        return cu_run_fail(r, CU_CONFIG, "--user is needed: who will hold the key");
    cu_buf_byte(&body, '{');
    for (size_t i = 0; i < 4; i++)
        if (cu_run_option(r, fields[i]))
            cu_buf_json_kv_str(&body, fields[i], cu_run_option(r, fields[i]));
    if (!cu_run_option(r, "tenant") && c.tenants_n == 1)
        cu_buf_json_kv_str(&body, "tenant", c.tenants[0].name);
    cu_buf_byte(&body, '}');
    cu_err e = cu_admin_call(run_dir, "POST", "/api/v1/keys", cu_buf_view(&body), &status, &out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 201)
        return cu_admin_problem(r, status, &out);
    json_t *k = json_loadb((const char *)out.p, out.n, 0, NULL);
    if (r->json)
        printf("%s\n", cu_buf_cstr(&out));
    else
        printf("%s\n\nIt is shown this once. Tenant %s, user %s, id %s.\n", json_string_value(json_object_get(k, "key")),
               json_string_value(json_object_get(k, "tenant")), json_string_value(json_object_get(k, "user")),
               json_string_value(json_object_get(k, "id")));
    json_decref(k);
    return CU_EXIT_FINE;
}

static int list(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    cu_fault f = {0};
    long status;
    json_t *k;
    size_t i;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    cu_err e = cu_admin_call(run_dir, "GET", "/api/v1/keys", CU_NONE, &status, &out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200)
        return cu_admin_problem(r, status, &out);
    if (r->json) {
        printf("%s\n", cu_buf_cstr(&out));
        return CU_EXIT_FINE;
    }
    json_t *all = json_loadb((const char *)out.p, out.n, 0, NULL);
    printf("%-30s %-16s %-16s %-25s %s\n", "id", "tenant", "user", "issued", "state");
    json_array_foreach(json_object_get(all, "items"), i, k)
        printf("%-30s %-16s %-16s %-25s %s\n", json_string_value(json_object_get(k, "id")), json_string_value(json_object_get(k, "tenant")),
               json_string_value(json_object_get(k, "user")), json_string_value(json_object_get(k, "created")),
               json_is_true(json_object_get(k, "revoked")) ? "revoked" : json_is_true(json_object_get(k, "expired")) ? "expired" : "good");
    json_decref(all);
    return CU_EXIT_FINE;
}

static int revoke(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[200];
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    long status;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (r->args_n != 1 || strspn(r->args[0], "k_0123456789ABCDEFGHJKMNPQRSTVWXYZ") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "one key id is needed; custos key list shows them");
    snprintf(path, sizeof path, "/api/v1/keys/%.60s", r->args[0]);
    cu_err e = cu_admin_call(run_dir, "DELETE", path, CU_NONE, &status, &out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 204)
        return cu_admin_problem(r, status, &out);
    printf(r->json ? "{\"revoked\":\"%s\"}\n" : "%s is revoked.\n", r->args[0]);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_key_issue = {
    .name = "key issue", .group = "guard", .operands = "", .run = issue, .formats = "text|json",
    .summary = "issue a virtual key to a person or service",
    .details = "The key is printed once and stored only as a hash. It works within a moment.",
    .options = {CONFIG, {"tenant", "NAME", "whose prompts these are; may be left out when there is one tenant"},
                {"user", "NAME", "who will hold the key"}, {"name", "TEXT", "what it is for"},
                {"expires", "DATE", "last day on which it works, like 2027-12-31"}},
};
const cu_verb cu_verb_key_list = {
    .name = "key list", .group = "guard", .operands = "", .run = list, .formats = "text|json",
    .summary = "list the keys that were issued", .options = {CONFIG},
};
const cu_verb cu_verb_key_revoke = {
    .name = "key revoke", .group = "guard", .operands = "ID", .run = revoke, .formats = "text|json",
    .summary = "revoke a key", .options = {CONFIG},
};
