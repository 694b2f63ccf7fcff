/* custos audit: the readiness checklist, one question at a time. */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"
#include "checklist_oscal.h"
#include "csv_cell.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool answered_with(const json_t *q, const char *id)
{
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(json_object_get(q, "answer"), "ids"), i, x)
        if (strcmp(json_string_value(x), id) == 0)
            return true;
    return false;
}

static bool open_question(const json_t *q)
{
    return json_is_true(json_object_get(q, "shown")) && !json_is_object(json_object_get(q, "answer"));
}

static const char *label_of(const json_t *q, const char *id)
{
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(q, "answers"), i, a)
        if (strcmp(text_of(a, "id"), id) == 0)
            return text_of(a, "label");
    return id;
}

/* --- what it comes to --- */

static void print_end(const json_t *all)
{
    size_t i;
    json_t *q;
    printf("\n%s\nAn answer is a claim; only evidence makes a criterion met.\n", text_of(json_object_get(all, "score"), "sentence"));
    json_array_foreach(json_object_get(all, "questions"), i, q) {
        const char *standing = text_of(q, "standing");
        if (strcmp(standing, "gap") == 0)
            printf("  gap    %s %s\n         next: %s\n", text_of(q, "id"), text_of(q, "question"), text_of(q, "next_step"));
        else if (strcmp(standing, "claim") == 0)
            printf("  claim  %s %s\n         no evidence stands behind it yet\n", text_of(q, "id"), text_of(q, "question"));
    }
}

static void answers_text(const json_t *q, char out[600])
{
    size_t i, n = 0;
    json_t *x;
    out[0] = 0;
    json_array_foreach(json_object_get(json_object_get(q, "answer"), "ids"), i, x)
        if (n < 500)
            n += (size_t)snprintf(out + n, 600 - n, "%s%.90s", i ? "; " : "", label_of(q, json_string_value(x)));
}

static void print_csv(const json_t *all)
{
    size_t i;
    json_t *q;
    char answer[600];
    printf("id,section,question,shown,answer,standing,suggestion,note,answered_at,next_step\r\n");
    json_array_foreach(json_object_get(all, "questions"), i, q) {
        answers_text(q, answer);
        cu_csv_cell(text_of(q, "id"), ",");
        cu_csv_cell(text_of(q, "section"), ",");
        cu_csv_cell(text_of(q, "question"), ",");
        cu_csv_cell(json_is_true(json_object_get(q, "shown")) ? "yes" : "no", ",");
        cu_csv_cell(answer, ",");
        cu_csv_cell(text_of(q, "standing"), ",");
        cu_csv_cell(text_of(q, "suggestion"), ",");
        cu_csv_cell(text_of(json_object_get(q, "answer"), "note"), ",");
        cu_csv_cell(text_of(json_object_get(q, "answer"), "at"), ",");
        cu_csv_cell(text_of(q, "next_step"), "\r\n");
    }
}

static void html_text(const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", stdout); break;
        case '<': fputs("&lt;", stdout); break;
        case '>': fputs("&gt;", stdout); break;
        case '"': fputs("&quot;", stdout); break;
        default: putchar(*s);
        }
}

static void html_cell(const char *s)
{
    fputs("<td>", stdout);
    html_text(s);
    fputs("</td>", stdout);
}

static void print_html(const json_t *all)
{
    size_t i;
    json_t *q;
    char answer[600];
    fputs("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Readiness checklist</title><style>body{font:14px/1.5 sans-serif;margin:2em}"
          "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3em .5em;text-align:left;vertical-align:top}tr{break-inside:avoid}"
          "</style><h1>Readiness checklist</h1><p>", stdout);
    html_text(text_of(json_object_get(all, "score"), "sentence"));
    printf("</p><p>As of %s. An answer is a claim; only evidence makes a criterion met.</p><table><thead><tr><th>Id<th>Question<th>Answer<th>Standing<th>Note<th>Next step</thead><tbody>",
           text_of(all, "as_of"));
    json_array_foreach(json_object_get(all, "questions"), i, q) {
        if (!json_is_true(json_object_get(q, "shown")))
            continue;
        answers_text(q, answer);
        fputs("<tr>", stdout);
        html_cell(text_of(q, "id"));
        html_cell(text_of(q, "question"));
        html_cell(answer);
        html_cell(text_of(q, "standing"));
        html_cell(text_of(json_object_get(q, "answer"), "note"));
        html_cell(strcmp(text_of(q, "standing"), "gap") == 0 ? text_of(q, "next_step") : "");
        fputs("</tr>\n", stdout);
    }
    puts("</tbody></table></html>");
}

/* --- one question --- */

typedef enum { ANSWERED, LATER, BACK, ENDED, AGAIN } move;

static void print_question(const json_t *q, size_t left)
{
    size_t i;
    json_t *x;
    printf("\n%s  %s\n     %s\n", text_of(q, "id"), text_of(q, "question"), text_of(q, "why"));
    json_array_foreach(json_object_get(q, "controls"), i, x)
        printf("     %-7s %-9s %lld entries  %s\n", text_of(x, "id"), text_of(x, "state"), (long long)json_integer_value(json_object_get(x, "entries")), text_of(x, "why"));
    json_array_foreach(json_object_get(q, "answers"), i, x)
        printf("  %zu  %s%s%s\n", i + 1, text_of(x, "label"), strcmp(text_of(q, "suggestion"), text_of(x, "id")) == 0 ? "   (from the log; Enter keeps it)" : "",
               answered_with(q, text_of(x, "id")) ? "   (your answer)" : "");
    printf("%s, or s later, b back, q quit; %zu to go > ", json_is_true(json_object_get(q, "multiple")) ? "Numbers with commas" : "Number", left);
    fflush(stdout);
}

/* Numbers of a line become ids of answers. */
static json_t *chosen(const json_t *q, const char *line)
{
    json_t *ids = json_array();
    const json_t *answers = json_object_get(q, "answers");
    for (const char *p = line; *p;) {
        char *end;
        unsigned long n = strtoul(p, &end, 10);
        if (end == p || n < 1 || n > json_array_size(answers))
            break;
        json_array_append_new(ids, json_string(text_of(json_array_get(answers, n - 1), "id")));
        p = end + strspn(end, " ,");
        if (!*p)
            return ids;
    }
    json_decref(ids);
    return NULL;
}

static bool needs_note(const json_t *q, const json_t *ids)
{
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(q, "answers"), i, a)
        if (json_is_true(json_object_get(a, "needs_note")) && json_array_size(ids) && strcmp(json_string_value(json_array_get(ids, 0)), text_of(a, "id")) == 0)
            return true;
    return false;
}

static bool read_line(char *line, size_t n)
{
    if (!fgets(line, (int)n, stdin))
        return false;
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

static int give(const cu_run *r, const char *run_dir, const json_t *q, json_t *ids, const char *note, bool from_log)
{
    json_t *out = NULL, *in = json_pack("{s:s, s:o, s:s, s:b}", "question", text_of(q, "id"), "answer", ids, "note", note, "from_log", from_log);
    int rc = cu_admin_json(r, run_dir, "POST", "/api/v1/checklist/answers", in, &out);
    json_decref(out);
    return rc;
}

static move one(const cu_run *r, const char *run_dir, const json_t *q, size_t left, int *rc)
{
    char line[200], note[1000] = "";
    print_question(q, left);
    if (!read_line(line, sizeof line) || strcmp(line, "q") == 0)
        return ENDED;
    if (strcmp(line, "s") == 0)
        return LATER;
    if (strcmp(line, "b") == 0)
        return BACK;
    bool keep = !line[0] && text_of(q, "suggestion")[0];
    json_t *ids = keep ? json_pack("[s]", text_of(q, "suggestion")) : chosen(q, line);
    if (!ids) {
        puts("     That is none of its answers.");
        return AGAIN;
    }
    if (needs_note(q, ids)) {
        printf("     Why? > ");
        fflush(stdout);
        if (!read_line(note, sizeof note) || !note[0]) {
            json_decref(ids);
            return AGAIN;
        }
    }
    const char *first = json_string_value(json_array_get(ids, 0));
    if (text_of(q, "next_step")[0] && strcmp(first, "yes") != 0 && strcmp(first, "na") != 0)
        printf("     Next: %s\n", text_of(q, "next_step"));
    *rc = give(r, run_dir, q, ids, note, keep);
    return *rc ? ENDED : ANSWERED;
}

/* The next one from `at` on that is shown and open; -1: none. */
static long next_open(const json_t *all, size_t at)
{
    const json_t *list = json_object_get(all, "questions");
    for (size_t i = at; i < json_array_size(list); i++)
        if (open_question(json_array_get(list, i)))
            return (long)i;
    return -1;
}

static size_t count_open(const json_t *all)
{
    size_t n = 0, i;
    json_t *q;
    json_array_foreach(json_object_get(all, "questions"), i, q)
        n += open_question(q);
    return n;
}

static long shown_before(const json_t *all, long at)
{
    const json_t *list = json_object_get(all, "questions");
    long i = at;
    while (i > 0 && !json_is_true(json_object_get(json_array_get(list, (size_t)--i), "shown")))
        ;
    return i;
}

/* After each answer the checklist is read again: branches and suggestions may have changed. */
static int walk(const cu_run *r, const char *run_dir, json_t **all)
{
    long at = next_open(*all, 0);
    int rc = 0;
    while (at >= 0) {
        const json_t *q = json_array_get(json_object_get(*all, "questions"), (size_t)at);
        move m = one(r, run_dir, q, count_open(*all), &rc);
        if (m == ENDED)
            break;
        if (m == ANSWERED) {
            json_decref(*all);
            *all = NULL;
            if ((rc = cu_admin_json(r, run_dir, "GET", "/api/v1/checklist", NULL, all)))
                return rc;
        }
        if (m == BACK)
            at = shown_before(*all, at);
        else if (m != AGAIN)
            at = next_open(*all, (size_t)at + 1);
    }
    return rc;
}

static int audit(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *all = NULL;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc && r->args_n)
        rc = cu_run_fail(r, CU_SYNTAX, "nothing is expected here; custos audit status shows the controls");
    if (!rc)
        rc = cu_admin_json(r, run_dir, "GET", "/api/v1/checklist", NULL, &all);
    if (!rc && r->json) {
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (!rc && strcmp(r->format, "oscal") == 0) {
        json_t *v = checklist_oscal(all);
        json_dumpf(v, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(v);
    } else if (!rc && strcmp(r->format, "csv") == 0) {
        print_csv(all);
    } else if (!rc && strcmp(r->format, "html") == 0) {
        print_html(all);
    } else if (!rc && (rc = walk(r, run_dir, &all)) == 0) {
        print_end(all);
    }
    json_decref(all);
    return rc;
}

/* --- scope --- */

static json_t *names(const char *list)
{
    json_t *out = json_array();
    while (list && *list) {
        size_t n = strcspn(list, ",");
        json_array_append_new(out, json_stringn(list, n));
        list += n + (list[n] == ',');
    }
    return out;
}

static int scope(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    const char *role = cu_run_option(r, "role"), *approver = cu_run_option(r, "approver"), *reason = cu_run_option(r, "reason");
    json_t *out = NULL;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    json_t *in = json_pack("{s:s, s:o, s:s, s:s}", "role", role ? role : "", "categories", names(cu_run_option(r, "categories")), "approver", approver ? approver : "",
                           "reason", reason ? reason : "");
    rc = cu_admin_json(r, run_dir, "POST", "/api/v1/scope", in, &out);
    if (!rc && r->json) {
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (!rc) {
        puts("The decision on scope is in the log; custos audit status follows it.");
    }
    json_decref(out);
    return rc;
}

static int nil(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    const char *by = cu_run_option(r, "by"), *note = cu_run_option(r, "note");
    json_t *out = NULL;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc && r->args_n != 1)
        rc = cu_run_fail(r, CU_SYNTAX, "the id of one control is expected");
    if (!rc)
        rc = cu_admin_json(r, run_dir, "POST", "/api/v1/nil-returns", json_pack("{s:s, s:s, s:s}", "control", r->args[0], "by", by ? by : "", "note", note ? note : ""), &out);
    if (!rc)
        puts("The nil return is in the log.");
    json_decref(out);
    return rc;
}

const cu_verb cu_verb_audit = {
    .name = "audit", .group = "prepare", .operands = "", .run = audit, .formats = "text|json|csv|html|oscal",
    .summary = "the readiness checklist, one question at a time",
    .details = "At most 30 plain questions, fewer when the scope is smaller. Each shows the states of its controls beside it; what the log suggests is kept with "
               "Enter. Answers are entries of the log, so it resumes where you stopped. Another format than text prints the whole, and asks nothing; oscal is OSCAL 1.1.3, assessment results.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_audit_scope = {
    .name = "audit scope", .group = "prepare", .operands = "", .run = scope, .formats = "text|json",
    .summary = "decide what an examination covers",
    .details = "Security is always examined. What is left out becomes not applicable, with this reason and approver.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"role", "builder|deployer|both", "whether you build assistants, use them, or both"},
                {"categories", "NAME,NAME", "availability, processing-integrity, confidentiality, privacy"},
                {"reason", "TEXT", "why these, and not the others"},
                {"approver", "NAME", "who answers for it"}},
};
const cu_verb cu_verb_audit_nil = {
    .name = "audit nil", .group = "prepare", .operands = "CONTROL", .run = nil, .formats = NULL,
    .summary = "confirm that nothing of the kind happened",
    .details = "A nil return stands for 35 days, as the evidence of a control whose events need not occur.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"by", "NAME", "who confirms it"}, {"note", "TEXT", "what was looked at"}},
};
