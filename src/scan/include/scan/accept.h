/* What was looked at and accepted: the baseline, the ignore file and the inline mark. Entries are
 * keyed hashes of value, rule and path, so that neither file holds a value and a new secret on an
 * accepted line is still found (docs/formats/baseline.md). */
#ifndef CUSTOS_SCAN_ACCEPT_H
#define CUSTOS_SCAN_ACCEPT_H

#include "base/buf.h"
#include "scan/finding.h"

typedef struct cu_accept cu_accept;

typedef enum { CU_ACCEPT_NO, CU_ACCEPT_BASELINE, CU_ACCEPT_FILE, CU_ACCEPT_INLINE, CU_ACCEPT_EXPIRED }
cu_accept_how;

/* baseline, ignore_file: paths, or NULL. now_ns decides what has expired. The files' key also keys
 * the fingerprints; without a file, a key of this run. */
cu_err cu_accept_load(const char *baseline, const char *ignore_file, uint64_t now_ns, cu_accept **out,
                      cu_fault *f) CU_MUST;
void cu_accept_free(cu_accept *a);
const uint8_t *cu_accept_key(const cu_accept *a); /* 32 bytes, of the fingerprints */
/* Any thread. rule_id: f->rule by name. */
cu_accept_how cu_accept_judge(const cu_accept *a, const cu_scan_finding *f, const char *rule_id);
/* The same, with the reason in words: "test data of the parser (ada, until 2027-06-30)". */
cu_accept_how cu_accept_explain(const cu_accept *a, const cu_scan_finding *f, const char *rule_id,
                                char *why, size_t n);
/* Marks that do not count (no reason, another rule) are told once a line, from any thread, one at a
 * time. */
typedef void (*cu_accept_warning)(void *arg, const char *path, uint64_t line, const char *what);
void cu_accept_on_warning(cu_accept *a, cu_accept_warning fn, void *arg);
/* True for a text that is a whole baseline: the scan leaves it out, its fields name reviewers. */
bool cu_accept_own_file(cu_bytes text);

/* --- making a baseline --- */
/* A new one with a new key, to be written to path. */
cu_err cu_accept_create(const char *path, const char *ignore_file, uint64_t now_ns, cu_accept **out,
                        cu_fault *f) CU_MUST;
/* From now on judge() adds what neither file nor mark accepts, and answers CU_ACCEPT_BASELINE. */
void cu_accept_collect(cu_accept *a);
/* Any thread. */
cu_err cu_accept_add(cu_accept *a, const cu_scan_finding *f, const char *rule_id) CU_MUST;
/* Writes the baseline of what was added; reviewed fields of known entries are kept, entries that were
 * not added again are dropped. Atomic (new file, fsync, rename). */
cu_err cu_accept_write(const cu_accept *a, const char *path, cu_fault *f) CU_MUST;

typedef struct {
    const char *rule, *path;
    const char *first_seen;           /* YYYY-MM-DD */
    const char *reviewed_by, *reason; /* "" until somebody looked at it */
    const char *expires;              /* YYYY-MM-DD, the last day; "" for never */
    bool expired, added;              /* added: since it was loaded, or kept */
} cu_accept_entry;
size_t cu_accept_count(const cu_accept *a);
void cu_accept_at(const cu_accept *a, size_t i, cu_accept_entry *out);
/* Counts as added. by NULL: its fields stay as they are. */
cu_err cu_accept_review(cu_accept *a, size_t i, const char *by, const char *reason, const char *expires)
    CU_MUST;
/* Last nanosecond of a day YYYY-MM-DD (UTC); false when it is no date. */
bool cu_accept_day(cu_bytes text, uint64_t *end_ns);
/* A path pattern of the ignore file: * ? [a-z] within a name, ** across folders. Linear in
 * pattern times path. */
bool cu_accept_glob(const char *glob, const char *path);

#endif
