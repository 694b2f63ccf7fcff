/* A recorded scan: the body of a `scan.completed` entry, as `custos scan --record` sends it and as the
 * log keeps it. Counts and keyed hashes only; docs/formats/recorded-scan.md describes it.
 *
 * A print stands for one value of one type: the first 8 bytes of an HMAC under a key of tenant and
 * repository. Kept are the lowest CU_RECORDED_PRINTS of them: all, for most repositories; otherwise a
 * sample that two scans draw alike, because prints are as good as random. */
#ifndef CUSTOS_STORE_RECORDED_SCAN_H
#define CUSTOS_STORE_RECORDED_SCAN_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "ledger/leaf.h"

#define CU_RECORDED_PRINTS 1000u
#define CU_RECORDED_TYPES 256u
#define CU_RECORDED_SEVERITIES 5u
#define CU_RECORDED_NAME 128u                 /* bytes of a repository's name */
#define CU_RECORDED_MAX (CU_LEAF_MAX - 768u)  /* bytes of the whole: the entry around it has to fit */

typedef struct {
    cu_bytes name; /* "EMAIL_ADDRESS": A-Z, 0-9, _ */
    uint64_t n;
} cu_recorded_type;

/* Numbers are below 2^53. Views are borrowed. */
typedef struct {
    cu_bytes repository; /* cu_recorded_name() holds */
    cu_bytes mode;       /* tree, staged, diff or history */
    cu_bytes commit;     /* 40 or 64 hex digits; empty outside git */
    cu_bytes rules;      /* 64 hex digits: digest of the rules */
    cu_bytes scope;      /* 16 hex digits: keyed hash of what was asked for; same question, same scope */
    uint64_t files, bytes;               /* scanned; of a history: blobs */
    uint64_t binary, ignored, unreadable; /* not scanned */
    uint64_t findings, accepted, below;
    uint64_t distinct;   /* different values; from prints_n == CU_RECORDED_PRINTS on it may be an estimate */
    uint64_t severity[CU_RECORDED_SEVERITIES]; /* info first; they sum up to findings */
    cu_recorded_type types[CU_RECORDED_TYPES]; /* ascending by name, none of them 0; sum: findings */
    size_t types_n;
    uint64_t prints[CU_RECORDED_PRINTS];       /* ascending */
    size_t prints_n;     /* the smaller of distinct and CU_RECORDED_PRINTS */
} cu_recorded_scan;

/* Letters, digits and . _ - in parts joined by single slashes, each of which begins with no dot; at
 * most CU_RECORDED_NAME bytes: "github.com/acme/shop". */
bool cu_recorded_name(cu_bytes name);

/* Appends the one form there is. */
cu_err cu_recorded_scan_encode(const cu_recorded_scan *s, cu_buf *out) CU_MUST;
/* Strict: that form, to the byte. The fault names the place. */
cu_err cu_recorded_scan_parse(cu_bytes body, cu_recorded_scan *out, cu_fault *f) CU_MUST;

typedef struct {
    uint64_t fresh, gone, still;
    bool estimated; /* from samples: one of the two has more values than are kept */
} cu_scan_change;
void cu_recorded_scan_compare(const cu_recorded_scan *before, const cu_recorded_scan *now, cu_scan_change *out);

#endif
