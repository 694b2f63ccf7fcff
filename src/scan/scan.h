/* Private to scan/: one scan, its threads, and what the sources share. */
#ifndef CUSTOS_SCAN_SCAN_H
#define CUSTOS_SCAN_SCAN_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include "scan/run.h"
#include "decode.h"

#define CU_SCAN_CHUNK ((size_t)2 << 20)     /* bytes scanned at a time, and held by a thread */
#define CU_SCAN_AHEAD ((size_t)128 << 10)   /* a finding that begins before this end lies whole in a chunk */
#define CU_SCAN_BEHIND ((size_t)72 << 10)   /* what a finding may need before it: a key's BEGIN line */
#define CU_SCAN_RAW ((size_t)1 << 20)       /* encoded bytes decoded at a time */
#define CU_SCAN_HEAD ((size_t)64 << 10)     /* first read; decides what a source is */
#define CU_SCAN_BINARY_HEAD 8192u           /* a NUL in these makes a source binary */
#define CU_SCAN_FLUSH ((size_t)1 << 20)     /* bytes of report that a thread holds before its turn */
#define CU_SCAN_MAX_BLOB ((uint64_t)64 << 20)
#define CU_SCAN_LINE 400u                   /* bytes of a finding's line that are shown */

#define CU_COUNTS(X)                                                                               \
    X(files) X(bytes) X(findings) X(binary) X(ignored) X(unreadable) X(archives) X(blobs)          \
    X(commits) X(accepted) X(below)

typedef struct cu_worker cu_worker;
typedef struct cu_job cu_job;
typedef struct cu_queue cu_queue;

/* The unit of order: everything that a job reports stands together. */
struct cu_job {
    cu_err (*run)(cu_worker *w, cu_job *j);
    void (*drop)(cu_job *j); /* gives it back, run or not */
    uint64_t seq;
    size_t weight;           /* bytes that it holds */
};

/* A range of lines of which findings are reported, in order; `last` inclusive. */
typedef struct {
    uint64_t first, last;
} cu_lines;

struct cu_scan {
    cu_scan_options o;
    cu_queue *queue;
    struct {
#define X(name) _Atomic uint64_t name;
        CU_COUNTS(X)
#undef X
    } count;
    _Atomic uint64_t by_severity[CU_SEVERITY_CRITICAL + 1];
    _Atomic uint64_t bytes_total; /* for the progress; 0: not known */
    _Atomic bool cut_short;
    size_t root_bytes;            /* of the path that is being walked, by the thread that walks */
    uint8_t key[32];              /* of the fingerprints */
    bool prompt;                  /* a person reads along: write at once */
    bool any_finding;             /* only whose turn it is looks */
    cu_buf pending;               /* of the report, in order, not yet written; as above */
    pthread_t progress;
    bool progress_runs;
    pthread_mutex_t progress_lock;
    pthread_cond_t progress_end;
    bool progress_over;
    pthread_mutex_t big; /* one large object in memory at a time */
};

struct cu_worker {
    cu_scan *scan;
    cu_scratch *scratch;
    cu_scratch *all;   /* every rule, when scratch has not all of them */
    cu_findings near;
    cu_findings found;
    uint8_t *text;       /* CU_SCAN_CHUNK */
    size_t text_used;    /* bytes of it that were ever written */
    uint8_t *raw;        /* CU_SCAN_RAW, once something was encoded */
    cu_buf out;          /* report of this job that is not written yet */
    cu_buf said;         /* messages: path NUL what NUL */
    uint64_t seq;        /* of its job */
    uint8_t line[CU_SCAN_LINE + 8];
    uint64_t raw_findings; /* of the current source, before anybody judged them */
    bool passed_by;      /* the current source was binary, or holds what was */
    unsigned depth;      /* archives around the current source */
    uint64_t members, unpacked; /* of the outermost archive */
    struct git_repository *git; /* objects.c: the thread's own handle */
    struct git_odb *odb;
    const char *git_of;  /* whose; compared as a pointer */
};

static inline bool cu_scan_stopped(const cu_scan *s)
{
    return s->o.stop && *s->o.stop;
}

static inline void cu_count(_Atomic uint64_t *c, uint64_t n)
{
    atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* --- queue.c: jobs in, results out in the order of the jobs --- */
cu_err cu_queue_new(cu_scan *s, cu_queue **out) CU_MUST;
/* Takes the job (it is dropped in every case). Blocks while too much is under way. */
cu_err cu_queue_add(cu_queue *q, cu_job *j) CU_MUST;
/* Returns when everything added was run and handed on. */
cu_err cu_queue_wait(cu_queue *q) CU_MUST;
void cu_queue_free(cu_queue *q);
/* A thread's output so far leaves; waits for its turn. */
cu_err cu_queue_flush(cu_worker *w) CU_MUST;
/* After cu_queue_wait: the threads close what they opened of a repository. */
void cu_queue_forget_git(cu_queue *q);

/* --- run.c --- */
/* Only whose turn it is calls these. */
cu_err cu_scan_write(cu_scan *s, const cu_buf *out, const cu_buf *said) CU_MUST;
cu_err cu_scan_write_out(cu_scan *s) CU_MUST;
/* Something could not be scanned: counted, and said in the order of the jobs. */
void cu_worker_complain(cu_worker *w, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same from the thread that looks for sources. */
cu_err cu_scan_complain(cu_scan *s, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4))) CU_MUST;
cu_err cu_scan_finish_source(cu_scan *s, cu_err e, cu_fault *f) CU_MUST;

/* --- text.c: one source of bytes --- */
typedef struct {
    ssize_t (*read)(void *arg, uint8_t *to, size_t n); /* -1: errno; less than n may come */
    void *arg;
    int fd;             /* of a file that can be read again from its beginning; -1: there is none */
    const char *(*why)(void *arg); /* what went wrong, in words; NULL: errno says it */
} cu_reader;

/* only: NULL reports everything. CU_IO when reading failed, which is complained about. */
cu_err cu_scan_source_read(cu_worker *w, const cu_reader *r, const cu_scan_source *src,
                           const cu_lines *only, size_t only_n) CU_MUST;
/* After bytes came into w->text up to `end`. */
static inline void cu_text_used(cu_worker *w, size_t end)
{
    w->text_used = end > w->text_used ? end : w->text_used;
}
ssize_t cu_read_full(const cu_reader *r, uint8_t *to, size_t n);

typedef struct {
    cu_bytes left;
} cu_memory_reader;
ssize_t cu_memory_read(void *arg, uint8_t *to, size_t n);

/* --- emit.c: findings of a text become report --- */
/* A place in the text whose line is known. */
typedef struct {
    size_t at;          /* in the text */
    uint64_t raw;       /* in the source */
    uint64_t line;      /* 1-based */
    uint64_t column;    /* 0-based, bytes */
} cu_place;

typedef struct cu_passage cu_passage;
struct cu_passage {
    cu_bytes text;
    void (*advance)(const cu_passage *p, cu_place *c, size_t to);
    const void *map;    /* of advance */
    const cu_scan_source *source;
    const cu_lines *only;
    size_t only_n;
};
/* Detects, and reports what begins before `limit` and at or behind *reported (in the source); moves
 * *reported on. */
cu_err cu_emit(cu_worker *w, const cu_passage *p, cu_place start, size_t limit, uint64_t *reported)
    CU_MUST;
void cu_advance_plain(const cu_passage *p, cu_place *c, size_t to);

/* --- archive.c --- */
bool cu_archive_magic(cu_bytes head);
/* head: what was read already, when r->fd is -1. */
cu_err cu_archive_scan(cu_worker *w, const cu_reader *r, cu_bytes head, const cu_scan_source *src)
    CU_MUST;

/* --- objects.c: git's objects, read by the thread that scans them --- */
/* The blob is scanned as a file would be. Nothing that goes wrong with it is an error; *clean: it was
 * text, was scanned whole, and nothing at all was found. git_dir lives as long as the scan. */
cu_err cu_object_scan(cu_worker *w, const char *git_dir, const uint8_t id[20], const cu_scan_source *src,
                      const cu_lines *only, size_t only_n, bool *clean) CU_MUST;
void cu_object_close(cu_worker *w);

/* --- pathname.c: what a name says --- */
bool cu_generated_name(const char *path);
bool cu_notebook_name(const char *path);
bool cu_credits_name(const char *path);
bool cu_changes_name(const char *path);
bool cu_test_source(const char *path);

/* run.c: starts libgit2, which reads the system's certificates and so takes as long as a small scan: only
 * where a repository is opened. */
void cu_git_needed(void);

#endif
