/* What a turn of a conversation repeats: the beginning of a body, up to an element of its messages, that
 * was walked and looked through in an earlier turn. It is recognised by its bytes (a tag as in memo.h under a random
 * key that lives in the workers' shared memory only, with the tenant and a digest of everything that decides
 * what is found); then its strings, what was found in them and the state of the commitment are known, and
 * only the rest of the body is work. Holds offsets, types, tags and states of hashes, never text. Bounded:
 * what was not used for longest makes room. */
#ifndef CUSTOS_REDACT_BEGUN_H
#define CUSTOS_REDACT_BEGUN_H

#include "base/arena.h"
#include "base/digest.h"
#include "detect/detect.h"
#include "redact/memo.h"
#include "wire/json.h"

#define CU_BEGUN_MIN (16u << 10) /* bytes; of less the strings are known one by one (memo.h) */

typedef struct cu_begun_memo cu_begun_memo;

typedef struct {
    uint32_t string;
    cu_finding g; /* in the text of that string, as cu_memo keeps it */
} cu_begun_finding;

/* How far the commitment to what leaves (docs/formats/leaf.md, body_commit) has come. */
typedef struct {
    cu_sha256_state h;
    uint64_t fed;          /* bytes of what leaves */
    int64_t moved;         /* by edits so far */
    uint32_t string, edit; /* that come next */
} cu_commit_state;

typedef struct {
    cu_json_place place;
    const cu_json_string *strings;
    const cu_begun_finding *found; /* in the order of strings, and of offsets in each */
    size_t found_n;
    uint8_t edits[CU_MEMO_TAG];    /* of all that was replaced there, and by what */
    cu_commit_state commit;        /* behind those edits */
    uint64_t marks;                /* sum over the flags with which its strings were looked through */
} cu_begun;

/* Formats size bytes at region (zeroed by the caller, shared between processes) once. */
cu_begun_memo *cu_begun_init(void *region, size_t size);

/* The longest known beginning of body, in memory of the arena; NULL: none. digest: 32 bytes over all that
 * decides what is found, beside the tenant. */
const cu_begun *cu_begun_find(cu_begun_memo *m, const cu_memo *keyed, uint32_t tenant, const uint8_t digest[32], cu_bytes body, cu_arena *a);
/* Several of one body, the shorter first. */
void cu_begun_keep(cu_begun_memo *m, const cu_memo *keyed, uint32_t tenant, const uint8_t digest[32], cu_bytes body, const cu_begun *what, size_t n);

#endif
