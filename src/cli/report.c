/* custos report …: drafts and reports from the log, and OSCAL exports. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin.h"
#include "base/file.h"

#define ANSWER_MAX ((size_t)64 << 20)

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_list(const json_t *all)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(all, "kinds"), i, x)
        printf("%-28s %s\n", text_of(x, "id"), text_of(x, "means"));
    json_array_foreach(json_object_get(all, "items"), i, x) {
        const json_t *body = json_object_get(x, "body");
        printf("%.16s  org %lld  %s  %.10s to %.10s  %.16s\n", text_of(x, "at"), (long long)json_integer_value(json_object_get(x, "index")), text_of(body, "kind"), text_of(body, "from"),
               text_of(body, "to"), text_of(body, "digest"));
    }
}

static int run_list(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_buf answer CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc)
        rc = cu_admin_document(r, run_dir, "GET", "/api/v1/reports", CU_NONE, &answer);
    if (rc)
        return rc;
    if (r->json) {
        fwrite(answer.p, 1, answer.n, stdout);
        putchar('\n');
        return 0;
    }
    json_t *all = json_loadb((const char *)answer.p, answer.n, 0, NULL);
    if (!all)
        return cu_run_fail(r, CU_SYNTAX, "the daemon's answer is no JSON");
    print_list(all);
    json_decref(all);
    return 0;
}

static int write_out(const cu_run *r, const cu_buf *answer)
{
    const char *out = cu_run_option(r, "out");
    if (!out && strcmp(r->format, "pdf") == 0 && isatty(STDOUT_FILENO))
        return cu_run_fail(r, CU_SYNTAX, "a PDF does not go to a terminal; --out FILE");
    if (!out)
        return fwrite(answer->p, 1, answer->n, stdout) == answer->n && fflush(stdout) == 0 ? 0 : cu_run_fail(r, CU_IO, "standard output could not be written");
    cu_err e = cu_file_replace(AT_FDCWD, out, cu_buf_view(answer), 0600);
    return e == CU_OK ? 0 : cu_run_fail(r, e, "%s: %s", out, cu_err_text(e));
}

static int run_make(const cu_run *r)
{
    static const char *const options[] = {"from", "to", "as-of", "organisation"};
    static const char *const members[] = {"from", "to", "as_of", "organisation"};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_buf answer CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc && (r->args_n != 1 || !cu_run_option(r, "from") || !cu_run_option(r, "to")))
        rc = cu_run_fail(r, CU_SYNTAX, "one KIND, --from and --to are expected; custos report list shows the kinds");
    if (rc)
        return rc;
    bool oscal = strncmp(r->args[0], "oscal-", 6) == 0;
    json_t *in = json_pack("{s:s,s:s}", "kind", r->args[0], "format", oscal ? "json" : r->format);
    for (size_t i = 0; in && i < sizeof options / sizeof *options; i++)
        if (cu_run_option(r, options[i]))
            json_object_set_new(in, members[i], json_string(cu_run_option(r, options[i])));
    char *text = in ? json_dumps(in, JSON_COMPACT) : NULL;
    json_decref(in);
    if (!text)
        return cu_run_fail(r, CU_UTF8, "KIND and options are UTF-8");
    rc = cu_admin_document(r, run_dir, "POST", "/api/v1/reports", cu_str(text), &answer);
    free(text);
    return rc ? rc : write_out(r, &answer);
}

const cu_verb cu_verb_report_list = {
    .name = "report list", .group = "prepare", .operands = "", .run = run_list, .formats = "text|json",
    .summary = "the kinds of reports, and those that were made",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_report_make = {
    .name = "report make", .group = "prepare", .operands = "KIND", .run = run_make, .formats = "text|html|pdf|json",
    .summary = "make a report, a draft or an OSCAL export from the log",
    .details = "Each figure says where it comes from, and the same period and moment give the same document again. What is made is a draft: management changes and signs it, and "
               "nobody else has concluded anything. Kinds that begin with oscal- are JSON of OSCAL 1.1.3. html is one page without script, made for printing; pdf has "
               "numbered pages, bookmarks and tags for screen readers. Each report makes an entry (report.generated) with its digest.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"from", "TIME", "beginning of the period, as 2026-01-01"}, {"to", "TIME", "its end, not included"},
                {"as-of", "TIME", "states and records as of then; now otherwise"}, {"organisation", "NAME", "who it speaks of"}, {"out", "FILE", "where it goes; standard output otherwise"}},
};
