/* What a provider says was used: exports of Anthropic, OpenAI and Google, added up by day, model and class of
 * token. Foreign bytes: strict, with ceilings. docs/formats/usage.md. */
#ifndef CUSTOS_COMPLY_USAGE_H
#define CUSTOS_COMPLY_USAGE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_BILLED_FILE_MAX ((size_t)8 << 20) /* bytes of an export */
#define CU_BILLED_ROWS 20000u                /* days times models */
#define CU_BILLED_MODEL 64u                  /* bytes of a model's name */
#define CU_BILLED_MODELS 20u                 /* of one day, since one entry holds a day; more are compared as a whole */
#define CU_BILLED_TOKENS_MAX 1000000000000000ull

typedef enum { CU_BILLED_INPUT, CU_BILLED_OUTPUT, CU_BILLED_CACHE_READ, CU_BILLED_CACHE_WRITE, CU_BILLED_CLASSES } cu_billed_class;
extern const char *const cu_billed_class_names[CU_BILLED_CLASSES];

typedef struct {
    char day[11];                       /* UTC; of Google Pacific time, as it bills */
    char model[CU_BILLED_MODEL + 1];     /* "": the export does not say; see cu_billed_model() */
    uint64_t n[CU_BILLED_CLASSES];       /* tokens, counted as a provider's answer counts them */
} cu_billed_row;

typedef struct {
    const char *form;                   /* anthropic-json, anthropic-csv, openai-json, openai-csv, google-csv */
    unsigned classes;                   /* bit n: the form tells class n */
    cu_billed_row *v;                    /* ascending by day, then model */
    size_t n, cap;
    uint64_t lines, passed;             /* rows of the export; of which no tokens of a model, and passed over */
} cu_billed;

/* The form is found by what the file holds. CU_SYNTAX, CU_TOO_BIG, CU_UNSUPPORTED (no export that is known), and the
 * fault says where and what to do; the caller frees out only after CU_OK. */
cu_err cu_billed_parse(cu_bytes file, cu_billed *out, cu_fault *f) CU_MUST;
void cu_billed_free(cu_billed *u);
/* Adds tokens to a day and model. */
cu_err cu_billed_add(cu_billed *u, const char *day, const char *model, const uint64_t n[CU_BILLED_CLASSES]) CU_MUST;
/* A model by its name without what says which version is meant: a date (-20250514, -2024-08-06), -latest, -0;
 * lower case. CU_SYNTAX: not a name. */
cu_err cu_billed_model(cu_bytes name, char out[CU_BILLED_MODEL + 1]) CU_MUST;

/* --- held against what the log has of the same days --- */

/* May the two figures differ by so much: permille of the larger one, and some tokens. */
typedef struct {
    unsigned permille;
    uint64_t tokens;
} cu_billed_tolerance;
/* One day, which begins at from: the body of the entry (evidence.reconciled or, when gap, evidence.gap). */
typedef struct {
    uint64_t ours, theirs;              /* all classes that are told */
    bool gap;
} cu_billed_tie;
/* theirs and ours: the rows of one day. When the export names no model, or there are too many, the day is compared
 * as a whole. rows gets the list of figures as JSON. */
void cu_billed_compare(const cu_billed *form, const cu_billed_row *theirs, size_t theirs_n, const cu_billed_row *ours, size_t ours_n,
                      cu_billed_tolerance may, cu_buf *rows, cu_billed_tie *out);

#endif
