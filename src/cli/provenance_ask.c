/* From a commit to the daemon's answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"
#include "inspect/print.h"
#include "provenance.h"

#define ANSWER_MAX ((size_t)32 << 20)

typedef struct {
    json_t *files, *lines, *joined; /* lines, joined: of the last file */
    size_t joined_n;
    char path[4096];
    cu_print_joining open;
} collecting;

/* Beyond the ceiling lines that a formatter broke are found less often. */
static void on_joined(void *arg, uint32_t first, uint32_t lines, const cu_print_line *p)
{
    collecting *c = arg;
    char exact[2 * CU_PRINT_DIGEST + 1];
    if (c->joined_n++ >= CU_PRINT_JOINS)
        return;
    cu_hex(exact, p->exact, sizeof p->exact);
    json_array_append_new(c->joined, json_sprintf("%u+%u:%u:%s", first, lines, p->weight, exact));
}

static cu_err on_line(void *arg, const char *path, uint32_t line, cu_bytes text)
{
    collecting *c = arg;
    cu_print_line p;
    char exact[2 * CU_PRINT_DIGEST + 1], shape[2 * CU_PRINT_DIGEST + 1];
    if (!c->lines || strcmp(c->path, path) != 0) {
        c->lines = json_array();
        c->joined = json_array();
        c->open = (cu_print_joining){0};
        snprintf(c->path, sizeof c->path, "%s", path);
        json_t *name = json_string(path); /* NULL: no UTF-8 */
        json_array_append_new(c->files, json_pack("{s:o,s:o,s:o}", "path", name ? name : json_string("(name is not UTF-8)"), "lines", c->lines, "joined", c->joined));
    }
    cu_print_join_next(&c->open, line, text, on_joined, c);
    cu_print_line_of(text, &p);
    if (!p.weight)
        return CU_OK;
    cu_hex(exact, p.exact, sizeof p.exact);
    cu_hex(shape, p.shape, sizeof p.shape);
    return json_array_append_new(c->lines, json_sprintf("%u:%u:%s:%s", line, p.weight, exact, shape)) == 0 ? CU_OK : CU_NOMEM;
}

static int ask(const cu_run *r, const char *body, prov_answer *out)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    long status;
    cu_buf text CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (c.listen_n)
        snprintf(out->url, sizeof out->url, "%s", c.listen[0].url);
    cu_err e = cu_admin_call(run_dir, "POST", "/api/v1/provenance", cu_str(body), &status, &text, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200)
        return cu_admin_problem(r, status, &text);
    out->answer = json_loadb((const char *)text.p, text.n, 0, NULL);
    return out->answer ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
}

int prov_ask(const cu_run *r, const char *repo, const char *rev, const char *base, bool link, prov_answer *out)
{
    cu_fault f = {0};
    collecting c = {.files = json_array()};
    *out = (prov_answer){0};
    cu_err e = cu_commit_added(repo, rev, base, &out->commit, on_line, &c, &f);
    json_t *in = json_pack("{s:o}", "files", c.files);
    if (link && e == CU_OK)
        json_object_set_new(in, "change", json_string(out->commit.id));
    char *body = e == CU_OK ? json_dumps(in, JSON_COMPACT) : NULL;
    json_decref(in);
    int rc = e != CU_OK ? cu_run_fault(r, e, &f) : body ? ask(r, body, out) : cu_run_fail(r, CU_NOMEM, "out of memory");
    free(body);
    return rc;
}

void prov_answer_free(prov_answer *p)
{
    json_decref(p->answer);
    p->answer = NULL;
}
