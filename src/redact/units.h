/* What is scanned: the text of each string, and the texts inside of it: strings of JSON that stands in a
 * string, at any depth, and lines whose escapes are decoded. */
#ifndef CUSTOS_REDACT_UNITS_H
#define CUSTOS_REDACT_UNITS_H

#include "redact/redact.h"

#define CU_DEEPEST 4u        /* texts inside of texts; deeper ones are scanned as they stand */
#define CU_NO_UNIT UINT32_MAX
#define CU_MIN_STRING 5u     /* bytes; no rule matches less */
#define CU_LEVEL_SHIFT 24u   /* flags of a finding: how often its text was unescaped */

typedef struct {
    uint32_t string;     /* of the body */
    uint32_t inside;     /* unit that holds it, CU_NO_UNIT: it is the text of the string */
    uint32_t start, end; /* where in that text */
    uint32_t base;       /* where its own text stands in joined, UINT32_MAX: it is in text */
    cu_bytes text;
    cu_bytes name;       /* what it is assigned to, when that is known here */
    uint32_t level;
    bool scanned;        /* false: only what is inside of it */
    size_t from, plain_from; /* how far offsets were followed */
} cu_unit;

typedef struct {
    cu_unit *v;
    size_t n, cap;
    cu_buf joined;       /* all texts that are scanned, with a separator behind each */
    cu_arena *arena;
} cu_units;

/* Adds the text of a string, raw as it stands in the body, and what is in it. room: bytes that may still
 * come. */
cu_err cu_units_add(cu_units *u, uint32_t string, cu_bytes raw, bool escaped, bool deep, size_t room) CU_MUST;
cu_bytes cu_unit_text(const cu_units *u, const cu_unit *t);
/* Moves a finding from the text of a unit into that of its string. */
void cu_unit_lift(cu_units *u, cu_unit *t, cu_finding *g);

#endif
