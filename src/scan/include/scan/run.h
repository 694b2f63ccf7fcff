/* One scan: sources (files, archives, standard input, git's index, diffs, history) are cut into jobs;
 * threads scan them; findings leave in the order of the jobs, whatever the number of threads. */
#ifndef CUSTOS_SCAN_RUN_H
#define CUSTOS_SCAN_RUN_H

#include "scan/accept.h"
#include "scan/report.h"

typedef struct {
    const cu_rules *rules;
    const cu_engine *engine;
    cu_report *report;
    cu_accept *accept;
    bool only[CU_TYPE_COUNT];
    const bool *only_rules;   /* by index; reported as well as what `only` names. NULL: none */
    unsigned min_confidence;  /* percent */
    unsigned jobs;            /* threads, 1 to 64 */
    bool archives;            /* open archives and notebooks */
    int out;                  /* file descriptor of the report */
    /* Called a few times a second from one thread; total 0: not known yet. now NULL, from any
     * thread: the report is about to write to a terminal. NULL: nobody looks. */
    void (*progress)(void *arg, const cu_scan_summary *now, uint64_t bytes_total);
    void *progress_arg;
    /* Each finding that is reported, from any thread, once it is. NULL: nobody counts. */
    void (*found)(void *arg, const cu_scan_finding *f);
    void *found_arg;
    /* A message for people about one source (unreadable, truncated, corrupt). */
    void (*complain)(void *arg, const char *path, const char *what);
    void *complain_arg;
    /* Finds in place of the engine, which is NULL then: the whole of a text at once, never a part of it.
     * *why: it could not be judged, in words. *passed: it is nothing that is looked at here. Any thread. */
    cu_err (*look)(void *arg, const char *path, cu_bytes text, cu_findings *out, const char **why, bool *passed);
    void *look_arg;
    /* What is said of a finding of look beside its rule's message; NULL: nothing. arg: look_arg. */
    const char *(*note)(void *arg, const cu_finding *f);
    const volatile int *stop; /* set by a signal: finish early, say so */
} cu_scan_options;

typedef struct cu_scan cu_scan;

#define CU_SCAN_MAX_JOBS 64u
/* The processors that this process may use (affinity, control group), at most 16. */
unsigned cu_scan_default_jobs(void);

cu_err cu_scan_new(const cu_scan_options *o, cu_scan **out, cu_fault *f) CU_MUST;
/* Sources may be added one after another; each call returns when its sources are scanned. */
cu_err cu_scan_path(cu_scan *s, const char *path, cu_fault *f) CU_MUST; /* tree, file, "-" */
cu_err cu_scan_staged(cu_scan *s, const char *repo, cu_fault *f) CU_MUST;  /* added lines of the index */
cu_err cu_scan_diff(cu_scan *s, const char *path, cu_fault *f) CU_MUST;    /* added lines of a unified diff */
/* Each blob once. range: "A..B", "A", or NULL for all refs. state: a file that remembers the blobs
 * that were clean under these rules (keyed hashes), or NULL. */
cu_err cu_scan_history(cu_scan *s, const char *repo, const char *range, const char *state, cu_fault *f)
    CU_MUST;
/* Ends the report, joins the threads, frees. */
cu_err cu_scan_end(cu_scan *s, cu_scan_summary *summary, cu_fault *f) CU_MUST;

#endif
