/* Private to inspect/: rules for generated code, compiled, and one walk over one syntax tree. */
#ifndef CUSTOS_INSPECT_CODE_IN_H
#define CUSTOS_INSPECT_CODE_IN_H

#include <hs.h>
#include <pthread.h>
#include <tree_sitter/api.h>
#include "base/buf.h"
#include "inspect/code.h"

#define CODE_MAX_DEPTH 300u    /* of nested nodes; beyond it: not judged */
#define CODE_MAX_NODES 400000u
#define CODE_MAX_TURNS 2000u   /* of the parser's own callback: a ceiling without a clock */
#define CODE_MAX_NAMES 20000u  /* bindings at one time; what is beyond is unknown */
#define CODE_MAX_ARGS 48u      /* of one call */
#define CODE_MAX_PAIRS 256u    /* named values that stand open at one time */
#define CODE_MAX_PATH 240u     /* bytes of a name such as a.b.c(); of a longer one its end */
#define CODE_SAFE_ALL 0xffffu

/* What a node is to the walk. Nodes that no table names are gone through. */
typedef enum {
    K_DOWN, K_SKIP, K_STRING, K_NAME, K_MEMBER, K_INDEX, K_CALL, K_NEW, K_PAIR, K_BINARY, K_ASSIGN, K_ADD, K_DECLARE, K_PARAM, K_IF, K_CHOICE,
    K_BRANCH, K_EACH, K_FUNC, K_EXIT, K_IMPORT, K_COMMAND, K_BLOCK, K_DECORATED, K_PART, K_UNKNOWN, K_COMPARE
} code_kind;

typedef struct {
    const char *type;
    code_kind kind;
    const char *field[3]; /* names of the parts that matter; NULL: by place */
} code_shape;

typedef struct {
    const TSLanguage *(*get)(void); /* NULL: read by lines (code_lines.c) */
    const code_shape *shapes;
    size_t n;
    bool typed; /* a declared type names what a variable is */
} code_grammar;
extern const code_grammar code_grammars[CU_CODE_LANG_COUNT];

typedef struct {
    const cu_code_rule *rule;
    const cu_code_part *part;
    TSQuery *query;
    uint32_t at; /* capture */
} code_rule;

typedef struct {
    const TSLanguage *ts;
    uint8_t *kind;            /* by symbol */
    TSFieldId (*field)[3];    /* by symbol */
    uint32_t symbols;
    code_rule *rules;
    size_t rules_n;
    hs_database_t *db;
    uint32_t *rule_of;        /* by literal */
    const cu_code_part **parts;
    size_t parts_n;
    bool tried;               /* under opening */
    cu_err ready;
    cu_fault fault;           /* when it is not */
} code_set;

/* What one thread needs at a time; lent from a pool. */
typedef struct code_seat {
    struct code_seat *next;
    TSParser *parser;
    TSQueryCursor *cursor;
    hs_scratch_t *scratch;
    unsigned generation; /* of the scratch: another language makes it larger */
} code_seat;

struct cu_code {
    cu_arena arena;
    cu_code_pack own;
    const cu_code_pack *pack;
    code_set set[CU_CODE_LANG_COUNT];
    hs_scratch_t *scratch;    /* cloned for each seat */
    unsigned generation;
    pthread_mutex_t lock;     /* of scratch, generation and free */
    pthread_mutex_t opening;  /* of the sets, while one is made ready */
    code_seat *free;
};

typedef enum { V_FIXED, V_UNKNOWN, V_TAINTED } code_state;

typedef struct {
    uint8_t state;
    bool built;     /* put together of several parts, one of which is not fixed */
    bool known;     /* text is the value */
    uint16_t safe;  /* bits: made safe for these harms */
    cu_bytes text;
} code_value;

typedef struct code_name {
    struct code_name *next, *older;
    cu_bytes name, path; /* path: what the name stands for, "subprocess.run"; or nothing */
    code_value v;
    uint32_t branch;
} code_name;

typedef struct {
    cu_bytes name;  /* of a named argument, else nothing */
    TSNode node;
    code_value v;
} code_arg;

typedef struct {
    cu_bytes name;
    uint16_t safe;  /* harms that the check is good for */
    bool negated;   /* holds where the condition does not */
    code_value old;
} code_check;

typedef struct {
    TSNode node;
    TSFieldId field;
    uint8_t kind;
} code_kid;

typedef struct {
    const cu_code *c;
    const code_set *set;
    code_seat *seat;
    cu_bytes src, text, file; /* src: as it is parsed; text: as it was given */
    cu_arena *a;
    TSTreeCursor cursor;
    code_name *bucket[256], *newest;
    uint32_t shift;           /* bytes put before the text, because it begins inside a comment or string */
    uint32_t names, nodes, depth, branch, branches, exits;
    cu_bytes declared;        /* type of the declaration that is walked */
    cu_bytes context;         /* "spec.containers.securityContext" */
    code_arg *pairs;
    size_t pairs_n;
    code_check *checked;      /* what the conditions around looked at */
    size_t checked_n;
    const code_rule **active;
    size_t active_n;
    cu_code_finding *found;
    size_t found_n;
    bool in_condition, nomem, too_deep, routed;
} code_walk;

/* code_lang.c */
cu_err code_set_tables(code_set *s, cu_code_lang l, cu_arena *a) CU_MUST;

/* code_judge.c */
void code_seat_free(code_seat *s);

/* code_value.c */
code_value value_fixed(cu_bytes text);
code_value value_unknown(void);
code_value value_join(code_value a, code_value b);
code_name *name_get(code_walk *w, cu_bytes name);
void name_set(code_walk *w, cu_bytes name, code_value v, cu_bytes path);
void names_back(code_walk *w, code_name *to); /* forgets what came after */
bool value_is(const code_value *v, unsigned is, int harm);
cu_bytes code_unquote(cu_bytes t);

/* code_walk.c */
code_value code_visit(code_walk *w, TSNode n);
cu_bytes code_of(const code_walk *w, TSNode n);
const char *code_type(TSNode n);
size_t code_kids(code_walk *w, TSNode n, code_kid **out); /* named ones, without comments */
const code_kid *code_part_of(const code_walk *w, TSNode n, const code_kid *k, size_t kn, unsigned which);
code_kind code_kind_of(const code_walk *w, TSNode n);
bool code_source(const code_walk *w, cu_bytes path);

/* code_path.c: a.b.c() of an expression, with imports and types put in */
cu_bytes code_path(code_walk *w, TSNode n);

/* code_call.c */
code_value code_call(code_walk *w, TSNode n, code_kind kind);
code_value code_command(code_walk *w, TSNode n);

/* code_flow.c */
void code_checked(code_walk *w, TSNode what, uint16_t safe, bool negated);
#define CODE_SAFE_PLACE ((uint16_t)(1u << CU_CODE_HARM_AT_path | 1u << CU_CODE_HARM_AT_url | 1u << CU_CODE_HARM_AT_redirect))
code_value code_assign(code_walk *w, TSNode n, bool add);
code_value code_if(code_walk *w, TSNode n);
code_value code_func(code_walk *w, TSNode n);
code_value code_each(code_walk *w, TSNode n);
void code_import(code_walk *w, TSNode n);
void code_param(code_walk *w, TSNode n, bool tainted);

/* code_match.c */
bool code_any(const cu_word_list *globs, cu_bytes text);
void code_match_call(code_walk *w, TSNode place, cu_bytes path, code_value receiver, const code_arg *args, size_t n, TSNode whole);
void code_match_set(code_walk *w, TSNode place, cu_bytes path, code_arg value);
void code_found(code_walk *w, const cu_code_rule *r, uint32_t start, uint32_t end);
bool code_like(const cu_code_where *c, cu_bytes text);

/* code_query.c */
cu_err code_query_new(const code_set *s, code_rule *r, cu_fault *f) CU_MUST;
void code_query_run(code_walk *w, const code_rule *r, TSNode root);

/* code_lines.c */
void code_lines(code_walk *w, cu_code_lang l);

#endif
