/* Private to redact/: the digest by which a record commits to a body (docs/formats/leaf.md). */
#ifndef CUSTOS_REDACT_COMMITMENT_H
#define CUSTOS_REDACT_COMMITMENT_H

#include "edit.h"
#include "redact/redact.h"

typedef struct {
    const cu_redact_with *with;
    cu_bytes before, after;         /* the body; without edits they are the same */
    const cu_json_strings *strings; /* of before */
    uint8_t (*tags)[CU_MEMO_TAG];   /* of strings that were looked up in the memo; NULL: there is none */
    const cu_edit *edits;           /* in order, none overlapping */
    size_t n;
    const cu_issued_map *issued;
    const cu_commit_state *from;    /* NULL, or what came of a beginning with the same edits */
    cu_commit_state *until;         /* until[i]: filled where the next string is until[i].string */
    size_t until_n;
} cu_commitment;

/* SHA-256 of the body after the edits, in which the text of each JSON string of at least
 * CU_MEMO_MIN_STRING bytes (as it stands between its quotes) is the byte 0xff, which stands nowhere in
 * UTF-8, and that text's SHA-256. So what a conversation repeats need not be hashed again: the memo
 * keeps the digest of each longer text, by the tag of what it was made of. */
void cu_commit(const cu_commitment *c, cu_sha256 *out);

#endif
