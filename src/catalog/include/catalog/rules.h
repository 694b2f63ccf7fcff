/* Detection rules as data: catalog/rules/{secrets,pii}/ (YAML), format in docs/formats/rules.md. */
#ifndef CUSTOS_CATALOG_RULES_H
#define CUSTOS_CATALOG_RULES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/types.h"

typedef struct {
    cu_bytes text;      /* assembled: pieces that would look live in the file are joined here */
    cu_bytes value;     /* the part of text that must be found; empty for a counter-example */
} cu_rule_example;

typedef struct {
    const char *id;     /* [a-z0-9-]+, unique: "aws-access-key" */
    cu_type type;
    const char *title;
    const char *pattern;   /* for the engine; NULL for rules that are found by hand-written code */
    const char *validator; /* name of a check in detect/ ("luhn", "iban", ...), NULL for none */
    const char *context;   /* optional words, `|` separated, one of which must stand near */
    uint32_t confidence;   /* percent */
    const char *source;    /* where the format fact comes from */
    uint32_t line;
    const char *file;
    cu_rule_example *examples;
    size_t examples_n;
    cu_rule_example *counter_examples;
    size_t counter_examples_n;
} cu_rule;

typedef struct {
    cu_rule *v;
    size_t n;
} cu_rules;

/* Loads every *.yaml under dir (sorted by name). Strings live in the arena. */
cu_err cu_rules_load(const char *dir, cu_arena *a, cu_rules *out, cu_fault *f) CU_MUST;
/* Where catalog/ lies: $CUSTOS_CATALOG, else beside the program (../catalog, ../share/custos/catalog).
 * Returns a static string, or NULL. */
const char *cu_catalog_dir(void);

#endif
