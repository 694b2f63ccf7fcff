/* A request body on its way out: findings become surrogates by splicing; nothing else changes. */
#ifndef CUSTOS_REDACT_REDACT_H
#define CUSTOS_REDACT_REDACT_H

#include "base/arena.h"
#include "detect/detect.h"
#include "redact/begun.h"
#include "redact/known.h"
#include "redact/memo.h"
#include "redact/surrogate.h"
#include "wire/json.h"

#define CU_MAX_ISSUED 20000u /* different values in one request; beyond: CU_TOO_BIG, refuse */
#define CU_MAX_MARKS 40u     /* places that are remembered */

/* Percent. A name less sure than this may be a word, or that of an algorithm, and passes. */
#define CU_REDACT_MIN_PERSON 50u

typedef enum { CU_ACT_ALLOW, CU_ACT_REPLACE, CU_ACT_BLOCK } cu_act;

/* What to look with, and what to do with what is found. All borrowed. */
typedef struct {
    const cu_engine *engine;
    cu_scratch *scratch;
    cu_memo *memo;              /* NULL: no memo */
    uint32_t tenant;            /* index, for the memo */
    const uint8_t *rules_digest; /* 32 bytes, for the memo */
    cu_begun_memo *begun_memo;  /* NULL: beginnings are not remembered; with it: memo, and begun_digest, 32 bytes */
    const uint8_t *begun_digest;
    const cu_begun *begun;      /* the beginning of this body that is known; NULL: none */
    const cu_json_places *places; /* where beginnings of this body may end; NULL: none is kept */
    const cu_surrogate_key *key;
    const cu_known *known;      /* NULL: no list of exact values */
    cu_act act[CU_TYPE_COUNT];
    bool text_only;             /* the text as it stands: no look inside of JSON and escapes in it */
} cu_redact_with;

/* What is done with this finding: the tenant's action for its type, where that is to replace also the
 * rule's own (a value that is public by design stays, one that must not leave at all is refused). */
cu_act cu_redact_act(const cu_redact_with *w, const cu_finding *g);

/* One value and the surrogate that stands for it in this exchange. */
typedef struct {
    char surrogate[CU_SURROGATE_LEN];
    uint8_t type;
    bool awkward;               /* what has to be escaped in quotes, or was escaped where it stood */
    uint16_t places;            /* internal: where value stood as it is (place.h) */
    cu_bytes value;             /* as it stood in its text, memory of the arena; secret */
    cu_bytes plain;             /* without the escapes of that text; value itself when there were none */
} cu_issued;

typedef struct {
    cu_issued *v;
    size_t n;
    uint32_t *index;            /* internal: open-addressing table over surrogates */
    size_t index_n;
    bool awkward;               /* one of v is */
} cu_issued_map;

typedef struct {
    cu_bytes body;              /* the input itself when nothing was replaced, else arena memory */
    bool changed;
    cu_sha256 digest;           /* that a record commits to: docs/formats/leaf.md, body_commit */
    cu_issued_map issued;
    struct {
        uint64_t at;                 /* byte of body where the surrogate begins */
        uint8_t type;
    } marks[CU_MAX_MARKS];           /* the first of what was replaced, in order */
    uint32_t marks_n;
    uint32_t count[CU_TYPE_COUNT];   /* findings by type, whatever was done with them */
    uint32_t passed[CU_TYPE_COUNT];  /* of them personal data that the tenant lets pass */
    uint32_t replaced, blocked;
    uint16_t first_blocked_rule; /* CU_RULE_KNOWN: one of the listed values */
    uint64_t scanned_bytes, memo_bytes; /* unescaped bytes that were scanned / that the memo knew */
} cu_redaction;

/* strings: walked and marked (wire/shape.h). Everything in out lives in the arena. CU_DENIED: a value
 * that was replaced still stands somewhere in the body, which must not be sent. */
cu_err cu_redact_body(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings,
                      cu_arena *a, cu_redaction *out, cu_fault *f) CU_MUST;

/* Plain text instead of JSON: /try, `custos redact`. findings: what was found, in byte offsets. */
cu_err cu_redact_text(const cu_redact_with *w, cu_bytes text, cu_arena *a, cu_redaction *out,
                      cu_findings *findings, cu_fault *f) CU_MUST;

/* Finds the value of a surrogate of this exchange; NULL when it was not issued here. */
const cu_issued *cu_issued_find(const cu_issued_map *m, const uint8_t *surrogate36);

/* Takes the values to other memory. On an error the map is as it was. */
cu_err cu_issued_move(cu_issued_map *m, cu_arena *to) CU_MUST;

#endif
