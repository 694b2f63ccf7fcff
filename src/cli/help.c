/* `custos help [VERB] [--man]`: everything printed here comes from the verbs' own tables. */
#include <string.h>
#include "verb.h"
#include "verbs.h"

static const char *const groups[][2] = {
    {"guard", "Run the gateway and its keys"},
    {"people", "People with accounts"},
    {"find", "Find personal data and secrets"},
    {"prepare", "Prepare an examination"},
    {"prove", "Prove what happened"},
    {"ship", "Let changes go to production"},
};

static int longest_name(void)
{
    size_t longest = 0;
    for (size_t i = 0; cu_verbs[i]; i++)
        if (strcmp(cu_verbs[i]->group, "internal") != 0 && strlen(cu_verbs[i]->name) > longest)
            longest = strlen(cu_verbs[i]->name);
    return (int)longest;
}

static int list(FILE *to)
{
    int width = longest_name();
    fprintf(to, "custos: the SOC 2 control plane for AI coding assistants\n\n");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        bool any = false;
        for (size_t i = 0; cu_verbs[i]; i++) {
            if (strcmp(cu_verbs[i]->group, groups[g][0]) != 0)
                continue;
            if (!any)
                fprintf(to, "%s\n", groups[g][1]);
            any = true;
            fprintf(to, "  %-*s  %s\n", width, cu_verbs[i]->name, cu_verbs[i]->summary);
        }
        if (any)
            fputc('\n', to);
    }
    fprintf(to, "`custos help VERB` says more. Exit status: 0 fine, 1 found something, 2 could not "
                "do it.\n");
    return CU_EXIT_FINE;
}

static void option(FILE *to, const char *name, const char *value, const char *help)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", name, value ? " " : "", value ? value : "");
    fprintf(to, "  %-28s %s\n", left, help);
}

static int one(FILE *to, const cu_verb *v)
{
    fprintf(to, "custos %s%s%s%s\n\n%s\n", v->name, v->options[0].name ? " [OPTION...]" : "",
            v->operands[0] ? " " : "", v->operands, v->summary);
    if (v->details)
        fprintf(to, "\n%s\n", v->details);
    fprintf(to, "\n");
    for (int i = 0; v->options[i].name; i++)
        option(to, v->options[i].name, v->options[i].value, v->options[i].help);
    if (v->formats)
        option(to, "format", v->formats, "Form of what is printed; text is the default.");
    return CU_EXIT_FINE;
}

static void man_verb(FILE *to, const cu_verb *v)
{
    fprintf(to, ".SS custos %s %s\n%s\n", v->name, v->operands, v->summary);
    if (v->details)
        fprintf(to, ".PP\n%s\n", v->details);
    for (int i = 0; v->options[i].name; i++)
        fprintf(to, ".TP\n.B \\-\\-%s %s\n%s\n", v->options[i].name,
                v->options[i].value ? v->options[i].value : "", v->options[i].help);
    if (v->formats)
        fprintf(to, ".TP\n.B \\-\\-format %s\nForm of what is printed; text is the default.\n",
                v->formats);
}

static int man(FILE *to)
{
    fprintf(to, ".TH CUSTOS 1 \"\" \"custos %s\"\n.SH NAME\ncustos \\- SOC 2 control plane for AI "
                "coding assistants\n.SH SYNOPSIS\n.B custos\n.I VERB\n[OPTION...] "
                "[OPERAND...]\n.SH VERBS\n",
            CUSTOS_VERSION);
    for (size_t i = 0; cu_verbs[i]; i++)
        if (strcmp(cu_verbs[i]->group, "internal") != 0)
            man_verb(to, cu_verbs[i]);
    fprintf(to, ".SH EXIT STATUS\n0 fine, 1 found something (or a log is broken), 2 could not do "
                "it.\n");
    return CU_EXIT_FINE;
}

static int help(const cu_run *r)
{
    char name[64] = "";
    if (r->verb == &cu_verb_help && cu_run_option(r, "man"))
        return man(stdout);
    if (r->args_n == 0)
        return list(stdout);
    for (int i = 0; i < r->args_n && i < 3; i++)
        snprintf(name + strlen(name), sizeof name - strlen(name), "%s%s", i ? " " : "", r->args[i]);
    for (size_t i = 0; cu_verbs[i]; i++)
        if (strcmp(cu_verbs[i]->name, name) == 0)
            return one(stdout, cu_verbs[i]);
    return cu_run_fail(r, CU_NOT_FOUND, "\"%s\" is not a verb", name);
}

static int version(const cu_run *r)
{
    if (r->json)
        printf("{\"version\":\"%s\"}\n", CUSTOS_VERSION);
    else
        printf("custos %s\n", CUSTOS_VERSION);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_help = {
    .name = "help", .group = "internal", .operands = "[VERB]", .run = help,
    .summary = "list the verbs, or explain one",
    .options = {{"man", NULL, "Print the manual page (troff)."}},
};

const cu_verb cu_verb_version = {
    .name = "version", .group = "internal", .operands = "", .run = version,
    .summary = "print the version", .formats = "text|json",
};
