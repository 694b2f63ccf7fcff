/* Private to accept*.c. */
#ifndef CUSTOS_SCAN_ACCEPT_IN_H
#define CUSTOS_SCAN_ACCEPT_IN_H

#include <limits.h>
#include <pthread.h>
#include "base/arena.h"
#include "base/digest.h"
#include "scan/accept.h"

#define BASELINE_MAX_BYTES ((size_t)128 << 20)
#define BASELINE_MAX_LINE 16384u    /* bytes */
#define BASELINE_MAX_ENTRIES 400000u
#define IGNORE_MAX_BYTES ((size_t)1 << 20)
#define IGNORE_MAX_LINES 10000u
#define GLOB_MAX 512u               /* bytes of a pattern */
#define REASON_MAX 500u             /* bytes */
#define DAY_LEN 11                  /* YYYY-MM-DD and the NUL */
#define NEVER UINT64_MAX

typedef struct {
    cu_sha256 hash;          /* HMAC(key, rule, path, value) */
    const char *rule, *path; /* memory of the arena, as all strings here */
    const char *reviewed_by, *reason;
    char first_seen[DAY_LEN], expires[DAY_LEN];
    uint64_t expires_ns;     /* NEVER, or the end of that day */
    bool added;
} entry;

/* One line of the ignore file. */
typedef struct {
    const char *glob, *rule, *reason;
    char expires[DAY_LEN];
    uint64_t expires_ns;
} ignore_line;

#define WARNED 256u /* lines that were warned about, remembered so that each is told once */

struct cu_accept {
    uint8_t key[32];
    uint64_t now_ns;
    cu_arena strings;
    entry *v;
    size_t n, cap;
    uint32_t *index;         /* open addressing over hashes; index + 1, 0 is free */
    size_t index_n;
    ignore_line *ignores;
    size_t ignores_n;
    char base[PATH_MAX];     /* folder that paths are relative to, absolute */
    char cwd[PATH_MAX];
    char own[2][PATH_MAX];   /* baseline and ignore file, as key paths: never findings themselves */
    bool collecting;
    pthread_mutex_t lock;    /* of entries while collecting, and of warnings */
    cu_accept_warning warn;
    void *warn_arg;
    uint64_t warned[WARNED];
};

/* What is hashed and matched: path relative to the folder of the baseline (or ignore file) when it
 * lies below it, without ./ and //. */
void cu_accept_path(const cu_accept *a, const cu_scan_source *s, char out[PATH_MAX * 2]);
entry *cu_accept_find(const cu_accept *a, const cu_sha256 *hash);
/* NULL when out of memory or beyond the ceiling. */
entry *cu_accept_insert(cu_accept *a, const cu_sha256 *hash);
cu_err cu_accept_read_baseline(cu_accept *a, const char *path, cu_bytes text, cu_fault *f) CU_MUST;
cu_err cu_accept_read_ignores(cu_accept *a, const char *path, cu_bytes text, cu_fault *f) CU_MUST;

typedef struct {
    bool accepted;
    cu_bytes reason;
    const char *warning; /* of a mark that does not count; NULL when there is none */
} mark;
mark cu_accept_inline(const cu_scan_finding *f, const char *rule_id);

#endif
