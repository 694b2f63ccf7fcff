/* custos erase: a person or a tenant, by destroying keys. */
#include <jansson.h>
#include "admin.h"

static int show(const cu_run *r, cu_buf *out)
{
    json_t *all = json_loadb((const char *)out->p, out->n, 0, NULL), *t;
    bool dry = json_is_true(json_object_get(all, "dry_run"));
    size_t i;
    if (r->json)
        printf("%s\n", cu_buf_cstr(out));
    else
        json_array_foreach(json_object_get(all, "items"), i, t)
            printf("%s %-12s %s: %lld names, %lld virtual keys, %lld kept bodies\n", dry ? "would erase" : "erased", json_string_value(json_object_get(t, "tenant")),
                   json_string_value(json_object_get(t, "subject")), json_integer_value(json_object_get(t, "persons")),
                   json_integer_value(json_object_get(t, "revoked")), json_integer_value(json_object_get(t, "bodies")));
    if (!r->json && !dry)
        printf("Backups from before hold the keys still: let them expire, or erase again after a restore.\n");
    json_decref(all);
    return CU_EXIT_FINE;
}

static int show_order(const cu_run *r, cu_buf *out)
{
    json_t *all = json_loadb((const char *)out->p, out->n, 0, NULL);
    if (r->json)
        printf("%s\n", cu_buf_cstr(out));
    else
        printf("%s is ordered. Nothing is destroyed before a second person has approved it, signed in in the console (Privacy).\n",
               json_string_value(json_object_get(json_object_get(all, "order"), "id")));
    json_decref(all);
    return CU_EXIT_FINE;
}

static int erase(const cu_run *r)
{
    static const char *const fields[] = {"subject", "tenant", "basis", "approver"};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    long status;
    cu_buf body CU_CLEAN_BUF = CU_BUF(16384), out CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (!cu_run_option(r, "subject") && !cu_run_option(r, "tenant"))
        return cu_run_fail(r, CU_CONFIG, "--subject USER, --tenant NAME or both are needed: whom to erase");
    if (!cu_run_option(r, "basis"))
        return cu_run_fail(r, CU_CONFIG, "--basis TEXT is needed: it stands in the entry");
    cu_buf_byte(&body, '{');
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (cu_run_option(r, fields[i]))
            cu_buf_json_kv_str(&body, fields[i], cu_run_option(r, fields[i]));
    cu_buf_json_kv_bool(&body, "dry_run", cu_run_option(r, "dry-run") != NULL);
    cu_buf_byte(&body, '}');
    cu_err e = cu_buf_err(&body);
    if (e == CU_OK)
        e = cu_admin_call(run_dir, "POST", "/api/v1/erasures", cu_buf_view(&body), &status, &out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return status == 200 ? show(r, &out) : status == 202 ? show_order(r, &out) : cu_admin_problem(r, status, &out);
}

const cu_verb cu_verb_erase = {
    .name = "erase", .group = "guard", .operands = "", .run = erase, .formats = "text|json",
    .summary = "erase a person or a tenant by destroying keys",
    .details = "The name behind a pseudonym and the key that made it are overwritten and removed, virtual keys are revoked, and kept bodies go with the keys that open them. "
               "Entries of the log stay, and every proof still verifies: what they hold is a pseudonym that leads nowhere any more. "
               "The erasure is an entry with its basis and approver. As soon as persons have accounts this orders it, and one of them, who is not erased herself, approves it in the console; before that, "
               "--approver names who decided. Whoever custos.yaml still names is taken out there first.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"subject", "USER", "the person, in all tenants, or in the one that --tenant names"},
                {"tenant", "NAME", "without --subject: all of the tenant's names"},
                {"basis", "TEXT", "why it may and must be erased; must not name the person"}, {"approver", "NAME", "who decided; only while nobody has an account"},
                {"dry-run", NULL, "say what would go, and change nothing"}},
};
