/* One table for each verb: help text, completion and man page are made from it (`custos help`,
 * `custos help --man`). A verb is one file; main.c lists them. */
#ifndef CUSTOS_CLI_VERB_H
#define CUSTOS_CLI_VERB_H

#include <stdbool.h>
#include <stdio.h>
#include "base/bytes.h"
#include "base/error.h"

/* Exit status of every verb. */
enum { CU_EXIT_FINE = 0, CU_EXIT_FOUND = 1, CU_EXIT_FAILED = 2 };

typedef struct {
    const char *name;     /* "format" for --format */
    const char *value;    /* "text|json"; NULL: a flag */
    const char *help;     /* one sentence */
    bool server;          /* only the program of all verbs can do it */
} cu_option;

#define CU_MAX_OPTIONS 32
#define CU_MAX_ARGS 4096

typedef struct cu_verb cu_verb;

/* The command line of one run, already checked against the table. */
typedef struct {
    const cu_verb *verb;
    const char *given[CU_MAX_OPTIONS]; /* by index in verb->options: value, "" for a flag, NULL */
    bool json;                         /* --format json */
    const char *format;                /* --format as given, "text" otherwise */
    const char **args;                 /* operands */
    int args_n;
} cu_run;

struct cu_verb {
    const char *name;     /* "scan", or two words: "key issue" */
    const char *group;    /* a group of help.c, or internal (not in help) */
    const char *operands; /* "PATH...", "" for none */
    const char *summary;  /* one line */
    const char *details;  /* a paragraph or two for help and man page; may be NULL */
    const char *formats;  /* "text|json"; NULL: the verb prints nothing of the kind */
    cu_option options[CU_MAX_OPTIONS]; /* ends with a NULL name; --format is implied */
    int (*run)(const cu_run *r);
};

/* Value of an option: "" for a flag that is set, NULL when absent. */
const char *cu_run_option(const cu_run *r, const char *name);
/* Prints "custos VERB: text" and returns CU_EXIT_FAILED. With --format json, a JSON object
 * {"error":{"code":…,"message":…}} on standard error. */
int cu_run_fail(const cu_run *r, cu_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int cu_run_fault(const cu_run *r, cu_err code, const cu_fault *f);

#endif
