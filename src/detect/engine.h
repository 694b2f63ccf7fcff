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
#include "expression.h"
#include "sweep.h"

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

#define CU_DECODED_MAX 256u /* encoded texts that are looked into, in one text */
#define CU_DECODED_LOOKS 512u /* of those and of the texts within them */
#define CU_DECODED_DEPTH 3u /* of a value that is encoded in another that is encoded */
#define CU_NO_RULE UINT16_MAX
#define CU_OFFICIAL_COUNT 58 /* kinds of numbers that are known without a word (official.c) */
#define CU_OFFICIAL_RUNS 20 /* their rows of digits are shorter */

/* Finders that begin at an anchor instead of at a byte of the tokenizer. */
enum { CU_HAND_NONE, CU_HAND_ASSIGN, CU_HAND_ASSIGN_RANDOM, CU_HAND_URL, CU_HAND_PEM };

/* When a rule need be tried at all: decided when rules are compiled, by texts drawn from their
 * expressions (groups.c). */
typedef enum {
    CU_GROUP_HAND,   /* a reader that the tokenizer calls */
    CU_GROUP_TOKEN,  /* where a token stands (token.h) and one of its literals or anchors */
    CU_GROUP_BARE,   /* where a token stands */
    CU_GROUP_DIGITS, /* where a long number stands */
    CU_GROUP_LITERAL,/* where one of its literals stands */
    CU_GROUP_REST,   /* everywhere: slow */
} cu_group;

/* Databases of the matching library. The first three have marks of where they are run: around literals;
 * around tokens, if a literal of theirs stands there too; and around long numbers, for which there is no
 * database, as all of those rules have anchors, which the sweep finds. The bare one, of rules that ask for a
 * token and have no literal, is run around tokens; the rest everywhere. */
enum { CU_DB_LITERAL, CU_DB_TOKEN, CU_DB_DIGITS, CU_HOT_COUNT, CU_DB_BARE = CU_HOT_COUNT, CU_DB_REST, CU_DB_COUNT };

/* Bytes before and behind a token or number in which its rule's anchor, or the rest of its match, lies. */
#define CU_TOKEN_BEFORE 192u
#define CU_TOKEN_AFTER 128u

/* Literals that the sweep looks for everywhere (of secrets, of all rules), and those without which a
 * database need not be run around a token, around a number. */
enum { CU_LITERALS_SECRETS, CU_LITERALS_ALL, CU_LITERALS_TOKEN, CU_LITERALS_DIGITS, CU_LITERALS_COUNT };

/* Compiled when the rule first fires: a scan that meets ten kinds of values pays for ten. */
typedef struct {
    pcre2_code *code;
    uint32_t group;     /* which group of the pattern is the value: 0 (all of it) or 1 */
    uint8_t first[256]; /* of a value behind an anchor: may it begin with this byte */
    uint8_t ends[256];  /* one of the rule's words ends with this byte, in either case */
} cu_confirmer;

typedef bool (*cu_validator)(cu_bytes value);

typedef struct {
    const cu_rule *rule;
    uint8_t hand;    /* hand-written reader behind an anchor (CU_HAND_*) */
    uint8_t group;   /* cu_group */
    uint32_t width;  /* bytes before the end at which the pattern may begin */
    cu_validator validate;
    _Atomic(cu_confirmer *) confirmer;
} cu_compiled;

/* What an id of the database above the rules means: a literal of a rule with anchors. */
typedef struct {
    uint16_t rule;
    uint8_t length;
} cu_anchor;

/* What a literal of the sweep means: a value may stand behind it, or its rule is to be tried around it. */
#define CU_NO_ANCHOR UINT32_MAX
typedef struct {
    uint32_t anchor, before, after;
    uint16_t rule;
} cu_target;

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
    bool in_place;        /* databases and texts of the rules stand in an image */
    cu_bytes mapped;      /* the image, when the engine holds it */
    cu_known_answers known;
    cu_sha256 digest;     /* of the rules as they were written */
    cu_anchor *anchors; /* id of the database = n + index */
    size_t anchors_n;
    cu_target *targets;
    size_t targets_n, targets_cap;
    cu_literals literals[CU_LITERALS_COUNT];
    uint16_t finder[CU_FIND_COUNT];
    uint16_t official[CU_OFFICIAL_COUNT]; /* rules of these kinds */
    uint16_t official_may[CU_OFFICIAL_RUNS][3][16]; /* forms that the bytes beside a row of digits allow (official.c) */
};

struct cu_scratch {
    const cu_engine *engine;
    hs_scratch_t *hs;
    pcre2_match_data *match;
    uint32_t *done;  /* per rule: where its last finding ended */
    size_t pem_past; /* where the last private key ended */
    bool *skip;      /* per rule: not asked for */
    bool tokens, persons; /* some rule of the tokenizer, of the names is asked for */
    bool want[CU_DB_COUNT]; /* some rule of this database */
    int literal_set;
    cu_classify_fn *classify;
    cu_places_fn *placer;
    uint16_t *places; /* of a literal, within a chunk; two registers more than a chunk has */
    uint64_t *hot[CU_HOT_COUNT]; /* a bit for each 64 bytes of the text */
    size_t hot_words;
    /* Of this text, and of those that hold it: blocks in which an escape begins. */
    struct { uint64_t *percent, *reference; size_t words; bool quoted; } escapes[CU_DECODED_DEPTH + 1];
    unsigned looks;   /* into encoded texts, so far */
    unsigned depth;   /* texts around this one in which it was encoded */
    struct { uint32_t start, end; } encoded[CU_DECODED_MAX];
    size_t encoded_n;
};

/* confirm.c */
cu_err cu_confirmer_of(const cu_engine *e, uint16_t rule, const cu_confirmer **out);
cu_err cu_confirmer_make(const cu_rule *r, cu_confirmer **out, cu_fault *f);
void cu_confirmer_free(cu_confirmer *c);

/* engine.c: tables from rules, without a database. The rules are borrowed. */
cu_err cu_engine_tables(const cu_rules *rules, cu_engine **out, cu_fault *f);
cu_err cu_engine_target(cu_engine *e, const cu_target *to) CU_MUST;
cu_err cu_check_library(cu_fault *f);

/* groups.c */
cu_err cu_group_of(cu_compiled *c, cu_arena *work) CU_MUST;
/* The literals of a rule that has a pattern; CU_UNSUPPORTED: it has none. word_begin: see cu_expr_begins_word(). */
cu_err cu_group_literals(const cu_rule *r, cu_arena *work, cu_needles *out, bool *word_begin) CU_MUST;

/* decoded.c: a token stands from `from` to `to`: is it a text, encoded? And what is found in these, from
 * the one noted as number `first`. */
void cu_note_encoded(cu_scratch *s, cu_bytes t, size_t from, size_t to);
cu_err cu_find_decoded(cu_scratch *s, cu_bytes t, size_t first, cu_findings *out) CU_MUST;
/* escaped.c: what stands there with escapes, in the blocks that the sweep marked. */
cu_err cu_find_escaped(cu_scratch *s, cu_bytes t, cu_findings *out) CU_MUST;
/* An escape of this sign ('%', '&') begins at i. */
bool cu_escape_at(cu_bytes t, size_t i, uint8_t sign);
#define CU_QUOTED_PRINTABLE "quoted-printable" /* the word that makes "=40" an escape */

/* credits.c: findings in lines of copyright and authorship are made less sure. */
void cu_weigh_credits(cu_bytes t, cu_findings *f);

/* sweep.c: marks the regions, and finds what needs no database. */
cu_err cu_sweep(cu_scratch *s, cu_bytes t, cu_findings *out) CU_MUST;
/* Each literal of the set whose window stands in the text from `from`, a multiple of 64, to `to`; the first
 * error that tell returns ends it. And: is there one? */
cu_err cu_sweep_each(const cu_scratch *s, int set, cu_bytes t, size_t from, size_t to, cu_literal_fn tell, void *arg) CU_MUST;
bool cu_sweep_any(const cu_scratch *s, int set, cu_bytes t, size_t from, size_t to);
/* regions.c */
cu_err cu_regions_begin(cu_scratch *s, size_t n) CU_MUST;
/* The next block at or after b that is marked; `blocks` when there is none. */
size_t cu_next_marked(const uint64_t *marks, size_t b, size_t blocks);
typedef cu_err (*cu_region_fn)(void *arg, size_t from, size_t to);
cu_err cu_regions_scan(cu_scratch *s, int db, size_t n, cu_region_fn scan, void *arg) CU_MUST;

/* image.c. The checksum stands behind the magic, over all that follows it. */
#define CU_IMAGE_SUM 64u
#define CU_IMAGE_HEAD (8u + CU_IMAGE_SUM)
/* Into an empty buffer. */
cu_err cu_image_encode(const cu_engine *e, cu_buf *out);
void cu_image_seal(cu_buf *image); /* puts the checksum in */
/* file begins at a multiple of 64, and outlives the engine. CU_UNSUPPORTED: made for another library or
 * CPU. */
cu_err cu_image_decode(cu_bytes file, cu_engine **out, cu_fault *f);
/* image_file.c: maps the file, which the engine then holds. CU_NOT_FOUND: there is none; CU_DENIED: not a
 * plain file, or, unless it is the program's own, one that others may write. */
cu_err cu_image_open(int dirfd, const char *path, bool own, cu_engine **out, cu_fault *f);
void cu_image_close(cu_bytes mapped);
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
cu_err cu_tokenize_at(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_email(const cu_engine *e, cu_bytes t, size_t at, cu_findings *out);
cu_err cu_find_url(const cu_engine *e, cu_bytes t, uint16_t rule, size_t colon, cu_findings *out);
cu_err cu_find_ipv6(const cu_engine *e, cu_bytes t, size_t *colon, cu_findings *out);
cu_err cu_find_ipv4(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_pem(const cu_engine *e, cu_bytes t, uint16_t rule, size_t dash, size_t *past, cu_findings *out);

/* Small letters with which a word begins that leads a street (address.c): "rue", "via", "calle". */
static inline bool cu_begins_street(uint8_t c)
{
#define LETTER(x) | 1u << (x - 'a')
    const uint32_t letters = 0 LETTER('r') LETTER('v') LETTER('p') LETTER('c') LETTER('a') LETTER('q') LETTER('i') LETTER('b') LETTER('e') LETTER('s');
#undef LETTER
    return c >= 'a' && c <= 'z' && letters >> (c - 'a') & 1;
}

/* person.c, address.c, contact.c, wallet.c */
cu_err cu_name_at(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_address(const cu_engine *e, cu_bytes t, size_t i, size_t run, size_t *past, cu_findings *out);
/* official.c: i is the first digit of a row that ends at `run`. */
void cu_official_rules(cu_engine *e);
bool cu_official_has(const cu_engine *e, size_t rule);
cu_err cu_find_official(const cu_engine *e, cu_bytes t, size_t i, size_t run, size_t *past, cu_findings *out);
/* network.c: a word such as "version" or "section" stands before i. */
bool cu_numbered_before(cu_bytes t, size_t i);
cu_err cu_find_mac(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_national(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
bool cu_wallet_base58(cu_bytes value);
bool cu_wallet_bech32(cu_bytes value);
bool cu_wallet_ripple(cu_bytes value);
bool cu_wallet_solana(cu_bytes value);
bool cu_wallet_monero(cu_bytes value);
bool cu_wallet_eip55(cu_bytes value);

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
