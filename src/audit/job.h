/* One export at work. */
#ifndef CUSTOS_AUDIT_JOB_H
#define CUSTOS_AUDIT_JOB_H

#include "archive.h"
#include "audit/export.h"
#include "base/arena.h"
#include "export_form.h"
#include "ledger/log.h"

#define JOB_DOCUMENTS 1000u /* populations, and samples, of one bundle */

typedef struct {
    const char *name;
    cu_log *l;
    cu_checkpoint cp;
    cu_buf note;                 /* the signed checkpoint */
    uint64_t first_in, last_in;  /* smallest index with ts >= from, largest with ts < to; UINT64_MAX: none */
} source;

/* A population or a sample as it stands in the log. */
typedef struct {
    size_t log;                  /* index in sources */
    uint64_t index;
    char id[CU_ID_LEN];
    cu_bytes leaf;
    cu_population *p;            /* a sample: the population it was drawn from */
    cu_sample *s;                /* NULL: a population */
} document;

typedef struct {
    const cu_export_with *with;
    source *sources;
    size_t n;
    archive *out;
    cu_arena arena;
    document *populations, *samples;
    size_t populations_n, samples_n;
    export_tally tally;
    cu_buf destroyed;
    cu_export_result *result;
    cu_fault *f;
} job;

/* anchor.c: the anchor log's checkpoints with their proofs for the logs of the bundle. */
cu_err job_anchor(job *j) CU_MUST;
/* samples.c */
cu_err job_note_document(job *j, size_t log, uint64_t index, const cu_leaf *leaf, cu_bytes bytes) CU_MUST;
void job_settle_documents(job *j); /* those that this bundle cannot show leave */
cu_err job_put_documents(job *j) CU_MUST;
cu_err job_put_listings(job *j) CU_MUST;
/* Puts DIR/NAME.json and DIR/NAME.tlog-proof: entry `index` of a log, proven in `cp`. */
cu_err job_put_proven(job *j, const char *stem, cu_log *l, uint64_t index, const cu_checkpoint *cp, cu_bytes note) CU_MUST;

#endif
