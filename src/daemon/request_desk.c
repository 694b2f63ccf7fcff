#include "request_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "limited.h"
#include "paths.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

cu_err request_check_auditor(desk_step *s, cu_fault *f)
{
    return s->who->roles == ROLE_AUDITOR ? CU_OK : cu_fail(f, CU_DENIED, "only an auditor with an account may do this, and nobody in an auditor's place");
}

static cu_err known_control(desk_step *s, const char *id, cu_fault *f)
{
    return cu_control_find(s->a->catalogue, cu_str(id)) ? CU_OK : cu_fail(f, CU_SYNTAX, "control: there is none of the id %.40s", id);
}

cu_err request_check_open(desk_step *s, cu_fault *f)
{
    const char *control = text_of(s->fields, "control");
    CU_TRY(request_check_auditor(s, f));
    return *control ? known_control(s, control, f) : CU_OK;
}

static bool is_document(const app *a, const char *kind, const char *id)
{
    char path[4400];
    snprintf(path, sizeof path, "%.4200s/evidence/%s/%.26s.json", a->config->state_dir, kind, id);
    return strlen(id) == 26 && strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26 && access(path, F_OK) == 0;
}

static bool is_record(app *a, const char *id)
{
    char reg[CU_EVENT_NAME];
    size_t n = strcspn(id, "/");
    if (n >= sizeof reg || !id[n])
        return false;
    snprintf(reg, sizeof reg, "%.*s", (int)n, id);
    json_t *v = desk_raw(a, reg, id + n + 1);
    json_decref(v);
    return v != NULL;
}

/* LOG/NUMBER, the log as org or t:TENANT. */
static bool is_entry(const app *a, const char *id)
{
    char dir[4400];
    uint64_t index;
    cu_log *l;
    cu_fault f = {0};
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    size_t n = strcspn(id, "/");
    bool tenant = strncmp(id, "t:", 2) == 0;
    if (!id[n] || n > 66 || !read_index(id + n + 1, &index) || memchr(id, '.', n))
        return false;
    snprintf(dir, sizeof dir, "%.4200s/%s%.*s", a->config->log_dir, tenant ? "t/" : "", (int)(n - (tenant ? 2 : 0)), id + (tenant ? 2 : 0));
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return false;
    cu_err e = cu_log_entry(l, index, &leaf, &f);
    cu_log_close(l);
    return e == CU_OK;
}

static bool is_evidence(app *a, const char *s)
{
    size_t n = strcspn(s, ":");
    const char *id = s + n + (s[n] != 0);
    cu_bytes kind = cu_bytes_of(s, n);
    return cu_eq_str(kind, "population") ? is_document(a, "populations", id)
           : cu_eq_str(kind, "sample")   ? is_document(a, "samples", id)
           : cu_eq_str(kind, "record")   ? is_record(a, id)
           : cu_eq_str(kind, "entry")    ? is_entry(a, id)
           : cu_eq_str(kind, "control")  ? cu_control_find(a->catalogue, cu_str(id)) != NULL
                                         : false;
}

cu_err request_check_answer(desk_step *s, cu_fault *f)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(s->fields, "evidence"), i, x)
        if (!json_is_string(x) || !is_evidence(s->a, json_string_value(x)))
            return cu_fail(f, CU_SYNTAX, "evidence: there is no %.90s; it is population:ID, sample:ID, record:REGISTER/ID, entry:LOG/NUMBER or control:ID",
                           json_is_string(x) ? json_string_value(x) : "such thing");
    return CU_OK;
}

cu_err conclusion_check(desk_step *s, cu_fault *f)
{
    const char *sample = text_of(s->fields, "sample");
    json_t *items = json_object_get(s->fields, "items"), *exceptions = json_object_get(s->fields, "exceptions");
    CU_TRY(request_check_auditor(s, f));
    if (s->now && strcmp(text_of(s->now, "opened_by"), s->who->actor) != 0)
        return cu_fail(f, CU_DENIED, "a conclusion is changed by who wrote it, and by nobody else");
    if (!s->now)
        CU_TRY(known_control(s, text_of(s->fields, "control"), f));
    if (*sample && !is_document(s->a, "samples", sample))
        return cu_fail(f, CU_SYNTAX, "sample: there is none of the id %.40s", sample);
    if (!items)
        items = json_object_get(json_object_get(s->now, "fields"), "items");
    if (exceptions && items && json_integer_value(exceptions) > json_integer_value(items))
        return cu_fail(f, CU_SYNTAX, "exceptions: there cannot be more of them than items");
    return CU_OK;
}
