#include "desk_answer.h"
#include <string.h>

#define ANSWER_MAX ((size_t)96 << 20)

static int fetch(const cu_run *r, const char *method, const char *path, cu_bytes body, cu_buf *text)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    long status;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    cu_err e = cu_admin_call(run_dir, method, path, body, &status, text, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return status == 200 || status == 201 ? 0 : cu_admin_problem(r, status, text);
}

static int answer(const cu_run *r, const char *method, const char *path, cu_bytes body, bool print, json_t **out)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    int rc = fetch(r, method, path, body, &text);
    if (rc)
        return rc;
    if (print)
        printf("%s\n", cu_buf_cstr(&text));
    *out = json_loadb((const char *)text.p, text.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
}

int cu_desk_ask(const cu_run *r, const char *method, const char *path, cu_bytes body, json_t **out)
{
    return answer(r, method, path, body, false, out);
}

int cu_desk_answer(const cu_run *r, const char *method, const char *path, cu_bytes body, json_t **out)
{
    return answer(r, method, path, body, r->json, out);
}

int cu_desk_print(const cu_run *r, const char *path)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    int rc = fetch(r, "GET", path, CU_NONE, &text);
    if (rc == 0)
        fwrite(text.p, 1, text.n, stdout);
    return rc;
}

const char *cu_desk_text(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

void cu_desk_query(cu_buf *path, const char *name, const char *value)
{
    cu_buf_fmt(path, "%c%s=", strchr(cu_buf_cstr(path), '?') ? '&' : '?', name);
    for (const char *s = value; *s; s++)
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-_.:", *s))
            cu_buf_byte(path, (uint8_t)*s);
        else
            cu_buf_fmt(path, "%%%02X", (unsigned char)*s);
}
