/* The bundle for an auditor (docs/formats/export.md): a pure function of the logs at their checkpoints,
 * the period and the logs asked for. */
#ifndef CUSTOS_AUDIT_EXPORT_H
#define CUSTOS_AUDIT_EXPORT_H

#include "ledger/listing.h"

typedef struct {
    const char *log_dir;
    const char *evidence_dir;     /* holds populations/ID.jsonl; a listing that is not there is made again */
    const char *tenant;           /* "": the organisation and all tenants */
    const char *const *logs;      /* names, ascending */
    size_t logs_n;
    const char *from, *to;        /* RFC 3339 in UTC with milliseconds */
    const char *extras[2];        /* files taken along as they are, or NULL: witness policy, CA of time stamps */
    uint64_t keep_free;           /* bytes that must stay free where fd lies: CU_NOSPC before they are touched; 0: none */
    unsigned wait_ms;             /* at most this long for the newest checkpoints to reach the anchor log */
} cu_export_with;

typedef struct {
    uint64_t bytes, files, entries; /* entries: of the period */
    unsigned populations, samples, timestamps, cosigned;
    cu_sha256 manifest;
} cu_export_result;

cu_err cu_export_write(const cu_export_with *with, int fd, cu_export_result *out, cu_fault *f) CU_MUST;

#endif
