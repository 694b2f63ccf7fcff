/* Detection rules as data: catalog/rules/{secrets,pii}/ (YAML), format in docs/formats/rules.md. */
#ifndef CUSTOS_CATALOG_RULES_H
#define CUSTOS_CATALOG_RULES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "catalog/types.h"

#define CU_RULE_MIN_EXAMPLES 3u     /* of each kind; a rule with fewer is refused */
#define CU_RULE_MAX_VALUES 16u      /* marked values in one example */
#define CU_RULE_MAX_ANCHORS 24u
#define CU_RULE_MAX_LITERAL 40u     /* bytes of an anchor or word */
#define CU_RULE_REACH 80u           /* bytes from an anchor to its value, unless the rule says otherwise */
#define CU_RULE_MAX_REACH 400u

typedef enum { CU_SEVERITY_INFO, CU_SEVERITY_LOW, CU_SEVERITY_MEDIUM, CU_SEVERITY_HIGH,
               CU_SEVERITY_CRITICAL } cu_severity;
const char *cu_severity_name(cu_severity s); /* "high" */

/* What is done by default with a value of this rule; a tenant's policy may say otherwise. */
typedef enum { CU_RULE_ALLOW, CU_RULE_REPLACE, CU_RULE_BLOCK } cu_rule_action;

typedef struct {
    cu_bytes text;      /* with generators expanded and the marks taken out */
    struct { uint32_t start, end; } value[CU_RULE_MAX_VALUES]; /* what must be found in text */
    size_t values_n;    /* 0 for a counter-example */
} cu_rule_example;

typedef struct {
    const char *id;     /* [a-z0-9-]+, unique: "aws-access-key" */
    cu_type type;
    const char *title;
    const char *pattern;   /* for the engine (group 1, if there is one, is the value). Exactly one of
                              pattern, finder, value is set */
    const char *finder;    /* "email", "card", ...: hand-written code in detect/; NULL with pattern */
    const char *value;     /* form of a value that stands behind one of the anchors; NULL otherwise */
    const char **anchors;  /* lower case; found in any case where a word or a camelCase part begins */
    size_t anchors_n;
    const char **words;    /* one of these must stand between the anchor's begin and the value (or
                              be the anchor); words_n 0: nothing more is asked */
    size_t words_n;
    uint32_t reach;        /* bytes from the anchor's end to the value's begin, at most */
    const char *validator; /* "jwt", "luhn", ...: a check of the match; NULL for none */
    bool by_context;       /* needs words around the value (CU_FINDING_BY_CONTEXT) */
    cu_severity severity;
    cu_rule_action action;
    uint32_t confidence;   /* percent */
    const char *source;    /* where the format fact comes from */
    const char *message, *advice; /* of a rule for code: what is wrong, what to do; NULL: the type says */
    const uint32_t *cwe;   /* of a rule for code */
    size_t cwe_n;
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
/* The same, then those of `extra` (NULL: none): a rule there whose id is taken replaces that rule. */
cu_err cu_rules_load_both(const char *dir, const char *extra, cu_arena *a, cu_rules *out, cu_fault *f) CU_MUST;
/* SHA-256 over names and contents of every rule file of catalog_dir/rules and of extra. */
cu_err cu_rules_digest(const char *catalog_dir, const char *extra, cu_sha256 *out, cu_fault *f) CU_MUST;
/* Where a build leaves the image of the shipped rules: beside the program. Static memory. */
const char *cu_rules_image_path(void);
const char *cu_injected_image_path(void); /* of the rules for planted instructions; "": there is none */
/* Where catalog/ lies: $CUSTOS_CATALOG, else beside the program (../catalog, ../share/custos/catalog).
 * Returns a static string, or NULL. */
const char *cu_catalog_dir(void);

#endif
