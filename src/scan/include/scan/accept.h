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
/* Writes the baseline of what is added; atomically (new file, fsync, rename). */
cu_err cu_accept_add(cu_accept *a, const cu_scan_finding *f, const char *rule_id) CU_MUST;
cu_err cu_accept_write(const cu_accept *a, const char *path, cu_fault *f) CU_MUST;

#endif
