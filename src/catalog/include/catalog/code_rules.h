/* Rules for generated code as data: catalog/rules/code/ (YAML), format in docs/formats/code-rules.md. One
 * file is what is known of one language, or of several that are read alike. */
#ifndef CUSTOS_CATALOG_CODE_RULES_H
#define CUSTOS_CATALOG_CODE_RULES_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "catalog/commands.h"
#include "catalog/rules.h"

#define CU_CODE_MAX_RULES 1000u
#define CU_CODE_MIN_EXAMPLES 2u /* of each kind; a rule with fewer is refused */
#define CU_CODE_MAX_CWE 4u

#define CU_CODE_LANGS(X) \
    X(python) X(javascript) X(typescript) X(tsx) X(go) X(java) X(c) X(shell) X(sql) X(dockerfile) X(terraform) X(yaml)
typedef enum {
#define X(name) CU_CODE_##name,
    CU_CODE_LANGS(X)
#undef X
    CU_CODE_LANG_COUNT
} cu_code_lang;
const char *cu_code_lang_name(cu_code_lang l);

/* What a value may do harm to: a sanitiser is good for some of these. */
#define CU_CODE_HARMS(X) X(command) X(sql) X(path) X(html) X(url) X(redirect) X(code) X(data) X(xpath) X(ldap) X(log) X(regex) X(memory)
enum {
#define X(name) CU_CODE_HARM_AT_##name,
    CU_CODE_HARMS(X)
#undef X
    CU_CODE_HARM_COUNT
};

/* What is asked of a value. */
#define CU_CODE_STATES(X) \
    X(present)  /* it is there */ \
    X(missing)  /* it is not there */ \
    X(literal)  /* known when the program is written */ \
    X(dynamic)  /* not known, and not made safe for the rule's harm */ \
    X(built)    /* put together with something that is not known, or tainted */ \
    X(tainted)  /* comes from a source, and was not made safe */
typedef enum {
#define X(name) CU_CODE_IS_##name,
    CU_CODE_STATES(X)
#undef X
    CU_CODE_STATE_COUNT
} cu_code_state;

typedef struct {
    cu_word_list at;           /* places: "0", a name, "any", "value", "receiver"; the first that exists */
    unsigned is;               /* cu_code_state */
    cu_word_list like, unlike; /* of the value, if it is known, else of its text */
} cu_code_where;

typedef struct {
    const char *id, *title, *message, *fix, *file;
    uint32_t line, cwe[CU_CODE_MAX_CWE];
    size_t cwe_n;
    unsigned severity;         /* cu_severity */
    int harm;                  /* CU_CODE_HARM_AT_x, or -1 */
    bool block;                /* fit to stop an answer, not only to be noted */
    cu_word_list anchors;      /* one of these literals must stand in the text */
    bool within;               /* and in what the query finds */
    cu_word_list call, set, statement, unless; /* patterns; exactly one of call, set, statement, query */
    const char *query;         /* of tree-sitter; its capture @at is the place */
    cu_code_where *where;      /* all must hold */
    size_t where_n;
    cu_word_list match, not_match;
} cu_code_rule;

typedef struct {
    uint32_t langs;            /* bits of cu_code_lang */
    cu_word_list sources;      /* calls and members that bring in what others wrote */
    cu_word_list params, routes; /* of a parameter's text; of the text before a function whose parameters are sources */
    cu_word_list checks;       /* calls which, in a condition, mean that a value was looked at */
    cu_word_list checks_place; /* the same, but good for paths, addresses and redirects only */
    cu_word_list pure;         /* calls whose result is known if all that goes in is */
    cu_word_list builders;     /* calls that put texts together */
    cu_word_list safe_all, safe[CU_CODE_HARM_COUNT];
    cu_code_rule *rules;
    size_t rules_n;
} cu_code_part;

typedef struct {
    cu_code_part *parts;
    size_t parts_n;
    size_t rules_n;
    cu_sha256 digest;          /* over names and contents of the files */
} cu_code_pack;

/* Every *.yaml of the folder, by name. Everything lives in the arena. */
cu_err cu_code_pack_load(const char *dir, cu_arena *a, cu_code_pack *out, cu_fault *f) CU_MUST;
/* One file's text, as path names it in messages. */
cu_err cu_code_part_read(const char *path, cu_bytes text, cu_arena *a, cu_code_part *out, cu_fault *f) CU_MUST;

#endif
