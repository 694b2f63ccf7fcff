/* Private to inspect/: one look at one artefact. */
#ifndef CUSTOS_INSPECT_WALK_H
#define CUSTOS_INSPECT_WALK_H

#include <tree_sitter/api.h>
#include "inspect/guard.h"
#include "glob.h"

#define MAX_WORDS 512u   /* of one command */
#define OPEN 0x01        /* stands in a text for what is not known before it runs */
#define SPLIT 0x02       /* stands where a shell would cut a word in two */

typedef struct {
    cu_bytes text;
    bool glob; /* holds an unquoted pattern */
} word;

/* What passes through a pipe, a substitution or a file. */
typedef struct {
    uint32_t tags;
    bool known;
    cu_bytes text;
    bool part; /* text is what is known of it; other parts are not */
} flow;

typedef struct {
    word *v;
    size_t n, cap;
} words;

typedef struct {
    words argv, to;  /* to: what redirections name */
    words behind;    /* a command behind a pipe that the grammar took for a file of a redirection */
    flow in;
    uint32_t arg_tags; /* of substitutions among the words */
} call;

typedef struct named {
    struct named *next;
    cu_bytes name;
    flow value;
} named;

struct cu_guard {
    const cu_command_pack *packs[CU_TIERS];
    bool proving; /* examples are judged without what other tiers permit */
};

struct cu_inspector {
    const cu_guard *guard;
    TSParser *parser;
    TSTreeCursor cursor;
    bool has_cursor;
    uint32_t max_text, max_turns;
};

typedef struct {
    const cu_guard *g;
    TSParser *parser;
    TSTreeCursor *cursor;
    uint32_t max_text, max_turns;
    cu_arena *a;
    cu_bytes src;          /* the text that is walked just now */
    named *vars, *files, *functions; /* of a function: the text of its body */
    named *readers;        /* files of >( ): the text that reads them */
    TSNode last;           /* the command that a redirection behind a list belongs to, with what stood there */
    const call *last_gets;
    words args;            /* $0, $1 and so on; none: not known */
    cu_bytes folder;       /* that cd went to; empty: not known */
    cu_reason *reasons;
    size_t reasons_n;
    cu_bytes *hosts;
    size_t hosts_n;
    uint32_t depth, steps;
    uint32_t start, end;   /* span of the outermost command */
    bool outer, nomem;
} walk;

/* host.c */
bool host_address(cu_bytes text, char out[64]); /* any notation of an address, in its usual one */
void host_scan(walk *w, cu_bytes text);  /* URLs and addresses anywhere in it */
void host_add(walk *w, cu_bytes host);
cu_bytes host_authority(walk *w, cu_bytes text, size_t *end); /* the host that text begins with; end: behind it */

/* host_place.c */
void host_words(walk *w, const call *c, const cu_program *p, const size_t *operand, size_t operands);
void host_variable(walk *w, cu_bytes name, cu_bytes value);

/* expand.c */
void words_add(walk *w, words *l, cu_bytes text, bool glob); /* at most MAX_WORDS; then the artefact is held */
bool step(walk *w); /* false: the ceiling is met, and the artefact held */
void expand_node(walk *w, TSNode n, words *out, uint32_t *tags);
void expand_span(walk *w, TSNode all, uint32_t from, uint32_t to, words *out, uint32_t *tags); /* bytes within one node */
cu_bytes expand_one(walk *w, TSNode n, uint32_t *tags); /* without cutting */
void var_set(walk *w, named **list, cu_bytes name, flow value);
flow *var_get(named *list, cu_bytes name);
void var_given(walk *w, cu_bytes name, flow value); /* a variable of the shell; others may run what it holds */

/* braces.c: groups in a word that stand for several */
size_t group_closing(cu_bytes t, size_t at, uint8_t open, uint8_t close); /* of what is open at `at`; without one the end */
bool group_at(cu_bytes t, size_t *from, size_t *to); /* the first {a,b} or {1..3} outside of quotes: its brackets */
/* What it stands for. first: the word had none before, so that more of a sequence fits. */
bool group_items(walk *w, cu_bytes inside, bool first, cu_word_list *out);
bool group_of_curl(walk *w, cu_bytes t, bool first, size_t *from, size_t *to, cu_word_list *out); /* {a,b}, [1-3], [a-c:2] */
cu_bytes group_put(walk *w, cu_bytes t, size_t from, size_t to, cu_bytes item); /* the text with item for the group */

/* shell.c */
flow shell_text(walk *w, cu_bytes text, flow in);
flow shell_node(walk *w, TSNode n, flow in);
flow shell_function(walk *w, const call *c, flow body); /* its text with the words of the call */

/* code_text.c */
void code_text(walk *w, cu_bytes text);
void code_literal(walk *w, cu_bytes text);               /* one string of it */
void code_called(walk *w, cu_bytes name, cu_bytes text); /* the function `name` gets this text first */
cu_bytes code_called_before(cu_bytes t, size_t at);      /* the function whose first argument begins at `at` */
size_t code_literal_end(cu_bytes t, size_t at, uint8_t quote);
cu_bytes code_plain(walk *w, cu_bytes literal);          /* without escapes */

/* code_sum.c */
void sums_text(walk *w, cu_bytes text);

/* call.c */
flow call_run(walk *w, call *c);
const cu_program *program_of(const walk *w, const call *c);
/* find: {} and what it gives out stand for the folder itself only when nothing is chosen from it by name or the like. */
bool call_chooses(const call *c, size_t until);
size_t operands_of(const call *c, const cu_program *p, size_t *at, size_t max);

/* decode.c: what a program gives out, where that follows from its words and its input */
flow decode_out(walk *w, const call *c, const cu_program *p, cu_bytes name);
void decode_printed(const call *c, size_t from, cu_buf *out); /* printf, whose format is the word `from` */

bool decode_hidden(cu_bytes literal, cu_buf *out);

/* escape.c: lines that a program's text gives to a shell */
void escape_run(walk *w, const call *c, const cu_program *p, cu_bytes name);

/* input.c: what read, mapfile and xargs make of what comes in */
void input_state(walk *w, const call *c, cu_bytes name);
bool input_lines(walk *w, call *c, cu_bytes name, flow *out); /* true: it was run for each line */
void input_readers(walk *w, const call *c, flow out);         /* tee >(sh) */

/* match.c */
void match_call(walk *w, const call *c, const cu_program *p, cu_bytes name);
void match_host(walk *w, cu_bytes host);
void match_packages(walk *w, const call *c, cu_bytes name); /* package.c */
bool packages_listed(const walk *w);                        /* some tier has a list */
void package_named(walk *w, cu_bytes of, cu_bytes t);       /* held, unless every list of that registry has it */
bool package_list_of(const walk *w, cu_bytes of);           /* some tier has one of that registry */
/* Held, unless every list of that registry has one of these names, or the module is the customer's own. */
void package_imported(walk *w, cu_bytes of, cu_bytes module, const cu_bytes *names, size_t n);
void manifest_text(walk *w, cu_bytes path, cu_bytes lang, cu_bytes text); /* manifest.c */
bool match_program_named(const walk *w, cu_bytes name);   /* by a table or a rule */
bool match_program_stopped(const walk *w, cu_bytes name); /* by a rule */
void reason_add(walk *w, const cu_command_rule *r, unsigned tier);
void reason_static(walk *w, const char *id, const char *message, const char *instead, unsigned tier, unsigned decision);
uint32_t word_tags(const walk *w, const call *c);

#endif
