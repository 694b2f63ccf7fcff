/* custos questionnaire …: what buyers ask, drafted from controls and facts; a person lets answers go out. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"
#include "base/digest.h"
#include "base/file.h"

#define FILE_MAX ((size_t)5 << 20)

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static long long number_of(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static void print_json(const json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
}

/* --- list --- */

static int run_list(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *all = NULL, *q;
    size_t i;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc)
        rc = cu_admin_json(r, run_dir, "GET", "/api/v1/questionnaires?limit=200", NULL, &all);
    if (!rc && r->json)
        print_json(all);
    if (!rc && !r->json) {
        json_array_foreach(json_object_get(all, "items"), i, q)
            printf("%s  %.16s  %-4s %5lld questions  %5lld approvals  %s\n", text_of(q, "id"), text_of(q, "imported"), text_of(q, "format"), number_of(q, "questions"),
                   number_of(q, "approvals"), text_of(q, "name"));
        printf("%lld questionnaires; %lld approved answers are remembered; the bank has %lld questions.\n", number_of(all, "total"), number_of(all, "approved_answers"),
               number_of(all, "bank"));
    }
    json_decref(all);
    return rc;
}

/* --- draft and export --- */

static void print_counts(FILE *to, const json_t *all)
{
    const json_t *c = json_object_get(all, "counts");
    fprintf(to, "%s: %lld questions; %lld drafted, %lld approved before and still standing, %lld changed since, %lld need a person. Id %s.\n", text_of(all, "name"),
            number_of(c, "questions"), number_of(c, "drafted"), number_of(c, "approved"), number_of(c, "changed"), number_of(c, "person"), text_of(all, "id"));
}

static void print_text(const json_t *all)
{
    json_t *q;
    size_t i;
    json_array_foreach(json_object_get(all, "items"), i, q) {
        printf("%s  [%s; %s] %s\n", text_of(q, "id"), text_of(q, "status"), text_of(q, "verdict"), text_of(q, "question"));
        if (text_of(q, "answer")[0])
            printf("    %s\n    %s\n", text_of(q, "answer"), text_of(q, "citations"));
    }
}

static int write_out(const cu_run *r, cu_bytes content)
{
    const char *out = cu_run_option(r, "out");
    if (!out)
        return fwrite(content.p, 1, content.n, stdout) == content.n && fflush(stdout) == 0 ? 0 : cu_run_fail(r, CU_IO, "standard output could not be written");
    cu_err e = cu_file_replace(AT_FDCWD, out, content, 0600);
    return e == CU_OK ? 0 : cu_run_fail(r, e, "%s: %s", out, cu_err_text(e));
}

/* Without --format: text on a terminal's side, CSV into a file. */
static const char *format_of(const cu_run *r)
{
    return strcmp(r->format, "text") == 0 && cu_run_option(r, "out") ? "csv" : r->format;
}

static int export_to(const cu_run *r, const char *run_dir, const char *id)
{
    char path[200], body[60];
    cu_buf file CU_CLEAN_BUF = CU_BUF((size_t)96 << 20);
    snprintf(path, sizeof path, "/api/v1/questionnaires/%.40s/exports", id);
    snprintf(body, sizeof body, "{\"format\":\"%.10s\"}", format_of(r));
    int rc = cu_admin_document(r, run_dir, "POST", path, cu_str(body), &file);
    return rc ? rc : write_out(r, cu_buf_view(&file));
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int read_in(const cu_run *r, json_t **in)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(FILE_MAX), text CU_CLEAN_BUF = CU_BUF(FILE_MAX * 2);
    char name[121];
    cu_err e = cu_file_read(AT_FDCWD, r->args[0], &file);
    if (e != CU_OK)
        return cu_run_fail(r, e, "%s: %s%s", r->args[0], cu_err_text(e), e == CU_TOO_BIG ? " (5 MiB)" : "");
    snprintf(name, sizeof name, "%.120s", base_name(r->args[0]));
    cu_base64(&text, cu_buf_view(&file));
    *in = json_pack("{s:s, s:s#}", "name", name, "content", text.p ? (const char *)text.p : "", text.n);
    return *in ? 0 : cu_run_fail(r, CU_UTF8, "the name of the file is not UTF-8");
}

static int run_draft(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *in = NULL, *all = NULL;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc && r->args_n != 1)
        rc = cu_run_fail(r, CU_SYNTAX, "one FILE is expected: CSV, XLSX or DOCX");
    if (!rc)
        rc = read_in(r, &in);
    if (!rc)
        rc = cu_admin_json(r, run_dir, "POST", "/api/v1/questionnaires", in, &all);
    if (!rc && strcmp(format_of(r), "text") == 0)
        print_text(all);
    else if (!rc)
        rc = export_to(r, run_dir, text_of(all, "id"));
    if (!rc)
        print_counts(stderr, all);
    json_decref(all);
    return rc;
}

static int open_one(const cu_run *r, cu_arena *a, cu_config *c, char run_dir[4096])
{
    int rc = cu_open_config(r, a, c, run_dir);
    if (!rc && (r->args_n != 1 || strlen(r->args[0]) != 26 || strspn(r->args[0], "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != 26))
        rc = cu_run_fail(r, CU_SYNTAX, "the id of one questionnaire is expected; custos questionnaire list shows them");
    return rc;
}

static int show_one(const cu_run *r, const char *run_dir, json_t **all)
{
    char path[200];
    snprintf(path, sizeof path, "/api/v1/questionnaires/%.40s", r->args[0]);
    return cu_admin_json(r, run_dir, "GET", path, NULL, all);
}

static int run_export(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *all = NULL;
    int rc = open_one(r, &a, &c, run_dir);
    if (!rc && strcmp(format_of(r), "text") != 0)
        return export_to(r, run_dir, r->args[0]);
    if (!rc)
        rc = show_one(r, run_dir, &all);
    if (!rc)
        print_text(all);
    json_decref(all);
    return rc;
}

/* --- review --- */

static const char *verdict_for(const json_t *q)
{
    const char *v = text_of(q, "verdict"), *answer = text_of(q, "answer");
    return strcmp(v, "holds in part") == 0 ? "partly" : strncmp(answer, "Yes.", 4) == 0 ? "yes" : strncmp(answer, "No.", 3) == 0 ? "no" : "text";
}

static int approve(const cu_run *r, const char *run_dir, const json_t *q, const char *answer, const char *verdict)
{
    char path[200];
    json_t *out = NULL;
    snprintf(path, sizeof path, "/api/v1/questionnaires/%.40s/answers", r->args[0]);
    int rc = cu_admin_json(r, run_dir, "POST", path,
                      json_pack("{s:I, s:s, s:s, s:s}", "n", (json_int_t)number_of(q, "n"), "answer", answer, "verdict", verdict, "facts", text_of(q, "facts")), &out);
    json_decref(out);
    return rc;
}

static bool read_line(char *line, int n)
{
    if (!fgets(line, n, stdin))
        return false;
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

static void print_one(const json_t *q)
{
    printf("\n%lld  %s  %s\n     %s; %s%s%s\n", number_of(q, "n"), text_of(q, "id"), text_of(q, "question"), text_of(q, "status"), text_of(q, "verdict"),
           text_of(q, "bank_id")[0] ? "; as " : "", text_of(q, "bank_id"));
    if (text_of(q, "answer")[0])
        printf("     %s\n     %s\n", text_of(q, "answer"), text_of(q, "citations"));
    if (json_is_object(json_object_get(q, "approved")))
        printf("     approved before, on %.10s: %s\n", text_of(json_object_get(q, "approved"), "at"), text_of(json_object_get(q, "approved"), "answer"));
}

/* One question after the other. Enter keeps a draft that facts decide; a line replaces it. */
static int walk(const cu_run *r, const char *run_dir, const json_t *all)
{
    char line[8000];
    json_t *q;
    size_t i;
    json_array_foreach(json_object_get(all, "items"), i, q) {
        bool draft = text_of(q, "answer")[0] && strcmp(text_of(q, "verdict"), "needs a person") != 0;
        if (strcmp(text_of(q, "status"), "approved") == 0)
            continue;
        print_one(q);
        printf("%s, s later, q quit > ", draft ? "Enter approves it, or your answer" : "Your answer");
        fflush(stdout);
        if (!read_line(line, sizeof line) || strcmp(line, "q") == 0)
            return 0;
        if (strcmp(line, "s") == 0 || (!line[0] && !draft))
            continue;
        int rc = approve(r, run_dir, q, line[0] ? line : text_of(q, "answer"), line[0] ? "text" : verdict_for(q));
        if (rc)
            return rc;
    }
    puts("\nThat was the last one.");
    return 0;
}

static int run_review(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *all = NULL;
    const char *question = cu_run_option(r, "question"), *answer = cu_run_option(r, "answer"), *verdict = cu_run_option(r, "verdict");
    int rc = open_one(r, &a, &c, run_dir);
    if (!rc)
        rc = show_one(r, run_dir, &all);
    if (!rc && question) {
        const json_t *q = json_array_get(json_object_get(all, "items"), strtoul(question, NULL, 10) - 1);
        rc = !q ? cu_run_fail(r, CU_NOT_FOUND, "--question is the number of one, from 1")
                : approve(r, run_dir, q, answer ? answer : text_of(q, "answer"), verdict ? verdict : answer ? "text" : verdict_for(q));
    } else if (!rc && r->json) {
        print_json(all);
    } else if (!rc && (rc = walk(r, run_dir, all)) == 0) {
        print_counts(stdout, all);
    }
    json_decref(all);
    return rc;
}

#define CONFIG_OPTION {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_questionnaire_list = {
    .name = "questionnaire list", .group = "prepare", .operands = "", .run = run_list, .formats = "text|json",
    .summary = "the questionnaires that came in", .options = {CONFIG_OPTION},
};
const cu_verb cu_verb_questionnaire_draft = {
    .name = "questionnaire draft", .group = "prepare", .operands = "FILE", .run = run_draft, .formats = "text|csv|json|xlsx|docx",
    .summary = "draft answers to a questionnaire from controls and facts",
    .details = "Reads CSV, XLSX or DOCX, finds what is asked, and drafts each answer from the states of controls and from what the log holds, with citations. Nothing "
               "leaves this machine. What facts do not decide needs a person; an approved answer is used again while its facts are the same. xlsx and docx give the same "
               "file with the answers in their places.",
    .options = {CONFIG_OPTION, {"out", "FILE", "where the answers go; standard output otherwise"}},
};
const cu_verb cu_verb_questionnaire_review = {
    .name = "questionnaire review", .group = "prepare", .operands = "ID", .run = run_review, .formats = "text|json",
    .summary = "approve answers, one question at a time",
    .details = "Only what is new or changed is asked. With --question one answer is approved without asking.",
    .options = {CONFIG_OPTION, {"question", "N", "only this one, by its number"}, {"answer", "TEXT", "in place of the draft"}, {"verdict", "yes|partly|no|text", "what the answer says"}},
};
const cu_verb cu_verb_questionnaire_export = {
    .name = "questionnaire export", .group = "prepare", .operands = "ID", .run = run_export, .formats = "text|csv|json|xlsx|docx",
    .summary = "write a questionnaire with its answers", .options = {CONFIG_OPTION, {"out", "FILE", "where it goes; standard output otherwise"}},
};
