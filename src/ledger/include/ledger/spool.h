/* The spool: where evidence becomes durable before anything is forwarded. One writer per process
 * (or worker); pre-zeroed segments from a shared pool; group commit by one pwritev2(RWF_DSYNC).
 * Format and recovery: docs/formats/spool.md.
 *
 * Threads: stage() and seal() belong to the owning thread (the event loop); commit() may run in
 * another thread while the owner stages the next batch. One commit at a time per writer. */
#ifndef CUSTOS_LEDGER_SPOOL_H
#define CUSTOS_LEDGER_SPOOL_H

#include "ledger/leaf.h"

#define CU_SPOOL_SEGMENT ((size_t)64 << 20) /* bytes; smaller on small file systems */
#define CU_SPOOL_READY 4u                   /* pre-zeroed segments kept ahead */
#define CU_SPOOL_BATCH_MAX ((size_t)1 << 20) /* bytes of one batch */

typedef struct cu_spool_writer cu_spool_writer;

/* dirfd: the spool directory. role: "gw", "daemon": the writer takes the first free name
 * role-0, role-1, … (a lock that dies with the process), and a fresh epoch. */
cu_err cu_spool_open(int dirfd, const char *role, cu_spool_writer **out, cu_fault *f) CU_MUST;
/* Stages a leaf into the open batch; *ticket is what committed() must reach before the leaf is
 * durable. id_out (CU_ID_LEN) may be NULL. CU_TOO_BIG: the batch is full, commit first (nothing
 * was staged). */
cu_err cu_spool_stage(cu_spool_writer *w, const cu_leaf_in *in, char *id_out, uint64_t *ticket)
    CU_MUST;
/* True when something is staged and no commit is running. */
bool cu_spool_wants_commit(const cu_spool_writer *w);
/* Closes the open batch for the commit that follows. Owner thread. */
void cu_spool_seal(cu_spool_writer *w);
/* Writes the sealed batch; blocking. On a write or sync error it goes to a fresh segment; when
 * that fails too, every leaf of the batch is void and the error is returned: answer 503. */
cu_err cu_spool_commit(cu_spool_writer *w) CU_MUST;
/* Tickets up to this one are durable. After a failed commit, tickets of the failed batch are
 * above committed() and at or below failed(). */
uint64_t cu_spool_committed(const cu_spool_writer *w);
uint64_t cu_spool_failed(const cu_spool_writer *w);
/* After a failed commit the writer's chain begins anew: what was staged meanwhile is void as well.
 * Owner thread, after each commit. */
void cu_spool_settle(cu_spool_writer *w);
/* stage + seal + commit, for callers with one leaf and time. */
cu_err cu_spool_write(cu_spool_writer *w, const cu_leaf_in *in, char *id_out) CU_MUST;
const char *cu_spool_name(const cu_spool_writer *w);
uint64_t cu_spool_epoch(const cu_spool_writer *w); /* of what is staged next */
/* Commits what is staged and releases the name. NULL is fine. */
void cu_spool_close(cu_spool_writer *w);

/* Free space for evidence: CU_NOSPC when the file system is so full that neither spool nor log
 * could go on for long. Cheap (fstatvfs); callers refuse new work with 503. */
cu_err cu_spool_space(int dirfd) CU_MUST;
/* Bytes below which it is CU_NOSPC; 0 when the file system cannot be asked. */
uint64_t cu_spool_reserve(int dirfd);

/* One segment, read forward. `at` is where reading goes on: 0 at first, kept by the caller between
 * rounds. Appends leaves (uint16 big-endian length, then bytes) of whole batches while out has
 * room; *batches = how many. CU_OK with none: nothing more yet. CU_CORRUPT: an unreadable batch
 * stands before a readable one. */
typedef struct {
    char writer[40];
    uint64_t epoch, number; /* of the segment in its epoch */
    uint64_t at;            /* bytes */
    uint64_t batch;         /* sequence number of the next batch */
    cu_sha256 prev;         /* digest of the batch before */
} cu_spool_cursor;
cu_err cu_spool_read(int dirfd, const char *segment, cu_spool_cursor *c, cu_buf *out,
                     unsigned *batches, cu_fault *f) CU_MUST;
/* Before a segment that was read to its end is given up: CU_CORRUPT when a batch that was not read
 * stands behind the place where reading stopped. */
cu_err cu_spool_check_end(int dirfd, const char *segment, const cu_spool_cursor *c, cu_fault *f) CU_MUST;
/* True when no writer holds the name: nothing more will be written under it. */
bool cu_spool_writer_gone(int dirfd, const char *writer);

/* Keeps the pool of ready segments filled; run by the daemon. *ready = how many there are. */
cu_err cu_spool_prepare(int dirfd, unsigned *ready, cu_fault *f) CU_MUST;

#endif
