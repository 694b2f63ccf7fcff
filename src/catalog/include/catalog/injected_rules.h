/* Rules for texts that speak to a model, as data: catalog/rules/injected/ (YAML), format in docs/formats/injected.md. */
#ifndef CUSTOS_CATALOG_INJECTED_RULES_H
#define CUSTOS_CATALOG_INJECTED_RULES_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "catalog/commands.h"

#define CU_INJECTED_MAX_RULES 250u
#define CU_INJECTED_MIN_EXAMPLES 3u /* of each kind; a rule with fewer is refused */

typedef struct {
    const char *id, *title, *family, *file;
    const char *pattern;     /* for Hyperscan, its blanks expanded */
    bool exact;              /* the case of letters counts */
    uint32_t line;
    cu_word_list examples, counter_examples;
} cu_injected_rule;

typedef struct {
    cu_injected_rule *v;
    size_t n;
    cu_sha256 digest;        /* over names and contents of the files */
} cu_injected_rules;

/* Every *.yaml of the folder, by name. Everything lives in the arena. */
cu_err cu_injected_rules_load(const char *dir, cu_arena *a, cu_injected_rules *out, cu_fault *f) CU_MUST;

#endif
