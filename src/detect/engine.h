/* Private to detect/: what the compiled rules look like. */
#ifndef CUSTOS_DETECT_ENGINE_H
#define CUSTOS_DETECT_ENGINE_H

#include <hs/hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/arena.h"
#include "detect/detect.h"

#define CU_WINDOW 2048u /* bytes that a pattern may span before a match end */

/* Hand-written tokenizers; the name is the rule's `finder`. */
#define CU_FINDERS(X)                                                                              \
    X(EMAIL, "email") X(PHONE, "phone") X(CARD, "card") X(IBAN, "iban") X(SSN, "ssn")              \
    X(IP, "ip") X(IP_PRIVATE, "ip-private") X(PEM, "pem") X(URL, "url-credentials")
typedef enum {
#define X(name, text) CU_FIND_##name,
    CU_FINDERS(X)
#undef X
        CU_FIND_COUNT
} cu_finder;

#define CU_NO_RULE UINT16_MAX

typedef struct {
    char *id;
    uint8_t type, confidence;
    bool by_context;
    bool anchored;    /* code is the form of a value that stands behind an anchor */
    pcre2_code *code; /* NULL for finders */
    uint8_t first[256]; /* anchored only: may a value begin with this byte */
    uint32_t group;   /* which group of the pattern is the value: 0 (all of it) or 1 */
    uint32_t width;   /* bytes before the end at which the pattern may begin */
    uint32_t reach;   /* anchored only: bytes from the anchor's end to the value's begin */
    const char **words; /* anchored only: one of them must stand before the value */
    size_t words_n;
    bool (*validate)(cu_bytes value);
} cu_compiled;

/* What an id of the database above the rules means: a literal of a rule with anchors. */
typedef struct {
    uint16_t rule;
    uint8_t length;
} cu_anchor;

struct cu_engine {
    hs_database_t *db;
    cu_compiled *rules;
    size_t n;
    cu_arena arena;     /* of the rules' words */
    cu_anchor *anchors; /* id of the database = n + index */
    size_t anchors_n;
    uint16_t finder[CU_FIND_COUNT];
};

struct cu_scratch {
    const cu_engine *engine;
    hs_scratch_t *hs;
    pcre2_match_data *match;
    uint32_t *done; /* per rule: where its last finding ended */
};

/* validate.c: NULL when there is no check of that name. */
typedef bool (*cu_validator)(cu_bytes value);
cu_validator cu_validator_by_name(const char *name);
cu_validator cu_national_by_name(const char *name); /* national.c */
bool cu_luhn(const uint8_t *digits, size_t n);
bool cu_iban_valid(const char *compact, size_t n);
bool cu_ip_private(const uint8_t *addr, bool v6);

/* collect.c */
cu_err cu_found(const cu_engine *e, cu_findings *out, uint16_t rule, size_t start, size_t end);
void cu_settle(cu_findings *out);

/* context.c: an anchor ends at `to`; is there a value of its rule behind it? */
cu_err cu_anchor_hit(cu_scratch *s, cu_bytes text, const cu_anchor *a, size_t to, cu_findings *out);

/* tokenize.c, network.c, pem.c: each looks at one place and returns CU_OK whether or not it found. */
cu_err cu_tokenize(const cu_engine *e, cu_bytes text, cu_findings *out);
cu_err cu_find_email(const cu_engine *e, cu_bytes t, size_t at, cu_findings *out);
cu_err cu_find_url(const cu_engine *e, cu_bytes t, size_t colon, cu_findings *out);
cu_err cu_find_ipv6(const cu_engine *e, cu_bytes t, size_t *colon, cu_findings *out);
cu_err cu_find_ipv4(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out);
cu_err cu_find_pem(const cu_engine *e, cu_bytes t, size_t dash, size_t *past, cu_findings *out);

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
