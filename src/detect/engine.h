/* Private to detect/: what the compiled rules look like. */
#ifndef CUSTOS_DETECT_ENGINE_H
#define CUSTOS_DETECT_ENGINE_H

#include <hs/hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include "base/arena.h"
#include "base/digest.h"
#include "detect/detect.h"

#define CU_WINDOW 2048u /* bytes that a pattern may span before a match end */

/* Hand-written tokenizers; the name is the rule's `finder`. */
#define CU_FINDERS(X)                                                                              \
    X(EMAIL, "email") X(PHONE, "phone") X(CARD, "card") X(IBAN, "iban") X(SSN, "ssn")              \
    X(IP, "ip") X(IP_PRIVATE, "ip-private")                                                        \
    X(EMAIL_RESERVED, "email-reserved") X(MAC, "mac") X(ADDRESS, "address") X(PERSON, "person")    \
    X(PERSON_CUE, "person-cue") X(PERSON_LONE, "person-lone") X(MAIL_NAME, "mail-name")
typedef enum {
#define X(name, text) CU_FIND_##name,
    CU_FINDERS(X)
#undef X
        CU_FIND_COUNT
} cu_finder;

#define CU_NO_RULE UINT16_MAX

/* Finders that begin at an anchor instead of at a byte of the tokenizer. */
enum { CU_HAND_NONE, CU_HAND_ASSIGN, CU_HAND_ASSIGN_RANDOM, CU_HAND_URL, CU_HAND_PEM };

/* Which rules a database holds: most scans want all, some only the secrets. */
enum { CU_DB_ALL, CU_DB_SECRETS, CU_DB_COUNT };

/* Compiled when the rule first fires: a scan that meets ten kinds of values pays for ten. */
typedef struct {
    pcre2_code *code;
    uint32_t group;     /* which group of the pattern is the value: 0 (all of it) or 1 */
    uint8_t first[256]; /* of a value behind an anchor: may it begin with this byte */
} cu_confirmer;

typedef bool (*cu_validator)(cu_bytes value);

typedef struct {
    const cu_rule *rule;
    uint8_t hand;    /* hand-written reader behind an anchor (CU_HAND_*) */
    uint32_t width;  /* bytes before the end at which the pattern may begin */
    cu_validator validate;
    _Atomic(cu_confirmer *) confirmer;
} cu_compiled;

/* What an id of the database above the rules means: a literal of a rule with anchors. */
typedef struct {
    uint16_t rule;
    uint8_t length;
} cu_anchor;

/* What the engine library must find at start, and how that sums up (image.c). */
typedef struct {
    cu_bytes text;
    uint64_t matches, sum;
} cu_known_answers;

struct cu_engine {
    hs_database_t *db[CU_DB_COUNT];
    cu_compiled *rules;
    size_t n;
    cu_arena arena;       /* of an image: all that the engine points to */
    cu_rules from;
    bool from_image;      /* the one beside the program */
    cu_known_answers known;
    cu_sha256 digest;     /* of the rules as they were written */
    cu_anchor *anchors; /* id of the database = n + index */
    size_t anchors_n;
    uint16_t finder[CU_FIND_COUNT];
};

struct cu_scratch {
    const cu_engine *engine;
    hs_scratch_t *hs;
    pcre2_match_data *match;
    uint32_t *done;  /* per rule: where its last finding ended */
    size_t pem_past; /* where the last private key ended */
    bool *skip;      /* per rule: not asked for */
    bool tokens, persons; /* some rule of the tokenizer, of the names is asked for */
    int db;          /* CU_DB_* that holds all that is asked for */
};

/* confirm.c */
cu_err cu_confirmer_of(const cu_engine *e, uint16_t rule, const cu_confirmer **out);
cu_err cu_confirmer_make(const cu_rule *r, cu_confirmer **out, cu_fault *f);
void cu_confirmer_free(cu_confirmer *c);

/* engine.c: tables from rules, without a database. The rules are borrowed. */
cu_err cu_engine_tables(const cu_rules *rules, cu_engine **out, cu_fault *f);
cu_err cu_check_library(cu_fault *f);

/* image.c */
cu_err cu_image_encode(const cu_engine *e, cu_buf *out);
/* CU_UNSUPPORTED: made for another library or CPU. */
cu_err cu_image_decode(cu_bytes file, cu_engine **out, cu_fault *f);
cu_err cu_known_make(cu_engine *e, cu_fault *f);
cu_err cu_known_check(const cu_engine *e, cu_fault *f);

/* validate.c: NULL when there is no check of that name. */
cu_validator cu_validator_by_name(const char *name);
cu_validator cu_national_by_name(const char *name); /* national.c */
bool cu_luhn(const uint8_t *digits, size_t n);
bool cu_iban_valid(const char *compact, size_t n);
bool cu_ip_private(const uint8_t *addr, bool v6);

/* collect.c */
cu_err cu_found(const cu_engine *e, cu_findings *out, uint16_t rule, size_t start, size_t end);
/* The same, after a look at the value: what is a secret by its form may be a documented example. */
cu_err cu_found_secret(const cu_engine *e, cu_findings *out, uint16_t rule, cu_bytes text, size_t start,
                       size_t end);
cu_err cu_settle(cu_findings *out) CU_MUST;

/* context.c: an anchor ends at `to`; is there a value of its rule behind it? */
cu_err cu_anchor_hit(cu_scratch *s, cu_bytes text, const cu_anchor *a, size_t to, cu_findings *out);

/* assign.c. strict: only values that look random. */
cu_err cu_find_assignment(cu_scratch *s, cu_bytes t, uint16_t rule, size_t start, size_t to, bool strict,
                          cu_findings *out);

/* tokenize.c, network.c, pem.c: each looks at one place and returns CU_OK whether or not it found. */
cu_err cu_tokenize(const cu_engine *e, cu_bytes text, cu_findings *out);
cu_err cu_find_email(const cu_engine *e, cu_bytes t, size_t at, cu_findings *out);
cu_err cu_find_url(const cu_engine *e, cu_bytes t, uint16_t rule, size_t colon, cu_findings *out);
cu_err cu_find_ipv6(const cu_engine *e, cu_bytes t, size_t *colon, cu_findings *out);
cu_err cu_find_ipv4(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_pem(const cu_engine *e, cu_bytes t, uint16_t rule, size_t dash, size_t *past, cu_findings *out);

/* person.c, address.c, contact.c, wallet.c */
cu_err cu_find_persons(const cu_engine *e, cu_bytes t, cu_findings *out);
cu_err cu_find_address(const cu_engine *e, cu_bytes t, size_t i, size_t run, size_t *past, cu_findings *out);
cu_err cu_find_mac(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_national(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
bool cu_wallet_base58(cu_bytes value);
bool cu_wallet_bech32(cu_bytes value);

/* True when a token may begin at i: the byte before is no letter or digit, or is the letter of an
 * escape (\n, \t, \r) written out. */
bool cu_starts_token(cu_bytes t, size_t i);

static inline bool cu_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static inline bool cu_alnum(uint8_t c)
{
    return cu_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
