/* The bank: what is asked again and again, which controls and facts answer it, and when the hoped-for answer holds; and the index
 * that finds the entry which another wording asks for. Read from catalog/questions.yaml, held against the catalogue and the registry
 * of events. docs/formats/questions.md. */
#ifndef CUSTOS_QUESTIONNAIRE_BANK_H
#define CUSTOS_QUESTIONNAIRE_BANK_H

#include "comply/catalogue.h"

#define CU_BANK_MAX 500u
#define CU_BANK_PHRASES 80u    /* wordings of one question, the first its own */
#define CU_BANK_CONTROLS 6u
#define CU_BANK_CONDITIONS 6u
#define CU_BANK_SENTENCES 8u
#define CU_BANK_FACTS 200u
#define CU_FACT_TYPES 4u
#define CU_BANK_BESIDE 400u
#define CU_BANK_AI_WORDS 24u
#define CU_BANK_WORDS 600u     /* groups of words that mean the same */

/* How a fact comes from entries, as the file names it. */
#define CU_FACT_COMPUTES(X)                                                                        \
    X(COUNT, "count")         /* entries in the window, with `where` */                            \
    X(LAST, "last")           /* when the newest was */                                            \
    X(DISTINCT, "distinct")   /* values of `member` of exchanges, how many */                      \
    X(VALUES, "values")       /* the same, named */                                                \
    X(FOUND, "found")         /* exchanges with findings */                                        \
    X(NEWEST, "newest")       /* `member` of the newest entry */                                   \
    X(LIST, "list")           /* `member` of entries with `where`, each once */

typedef enum {
#define X(name, text) CU_FACT_##name,
    CU_FACT_COMPUTES(X)
#undef X
        CU_FACT_COMPUTE_COUNT
} cu_fact_compute;

typedef struct {
    cu_bytes name, unit;
    cu_bytes types[CU_FACT_TYPES];
    size_t types_n;
    size_t written;             /* how many of them this version writes */
    cu_fact_compute compute;
    cu_bytes member, where_member, where_value;
    bool zero;                  /* that there is none says something, while a source of such entries was alive */
} cu_fact_rule;

typedef enum { CU_GOOD_TEXT, CU_GOOD_YES, CU_GOOD_NO } cu_good;
typedef enum { CU_OP_EQ, CU_OP_GT, CU_OP_LE } cu_op;

/* fact op value; of a moment, value is how old it may be, in milliseconds. */
typedef struct {
    const cu_fact_rule *fact;
    cu_op op;
    uint64_t value;
    cu_bytes text;
} cu_bank_condition;

typedef struct {
    cu_bytes id, section, text, limits;
    bool ai;
    struct {
        cu_bytes text;
        bool inverted;          /* asks for the opposite: a good yes is a good no here */
    } phrases[CU_BANK_PHRASES];
    size_t phrases_n;
    const cu_control *controls[CU_BANK_CONTROLS];
    size_t controls_n;
    cu_good good;
    bool person;                /* facts do not decide */
    cu_bank_condition when[CU_BANK_CONDITIONS];
    size_t when_n;
    cu_bytes says[CU_BANK_SENTENCES], shows[CU_BANK_SENTENCES]; /* by design, true while every control is met; facts */
    size_t says_n, shows_n;
    cu_bytes asks;              /* what only a person knows */
    uint32_t line;
} cu_bank_question;

typedef struct {
    cu_bank_question *v;
    size_t n;
    cu_fact_rule *facts;
    size_t facts_n;
    cu_bytes *beside;           /* asked in the same files, and not answered from here */
    size_t beside_n;
    cu_bytes *words[CU_BANK_WORDS]; /* groups; the first is what the others become; "-" : nothing */
    size_t words_in[CU_BANK_WORDS], words_n;
    cu_bytes ai_words[CU_BANK_AI_WORDS]; /* a question with one of them is about AI */
    size_t ai_words_n;
    uint32_t window_days;
} cu_bank;

cu_err cu_bank_load(const char *dir, const cu_catalogue *c, const cu_events *events, cu_arena *a, cu_bank **out, cu_fault *f) CU_MUST;
const cu_bank_question *cu_bank_find(const cu_bank *b, cu_bytes id);

/* The index, in memory. One thread at a time. */
typedef struct cu_bank_index cu_bank_index;
cu_err cu_bank_index_new(const cu_bank *b, cu_bank_index **out, cu_fault *f) CU_MUST;
void cu_bank_index_free(cu_bank_index *x);

typedef struct {
    const cu_bank_question *question; /* NULL: none is near enough */
    const cu_bank_question *nearest, *second;
    size_t phrase;             /* whose wording is nearest */
    double sure;               /* how likely the nearest is the right one, 0 to 1 */
    bool inverted;             /* the question asks for the opposite */
    bool beside;               /* nearest is what the bank leaves to a person */
    bool turned;               /* refused because one of the two is a negation */
} cu_bank_match;
/* section: the heading above it, may be empty. */
cu_err cu_bank_match_text(cu_bank_index *x, cu_bytes text, cu_bytes section, cu_bank_match *out) CU_MUST;

#endif
