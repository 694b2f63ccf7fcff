/* What a backup must have of one moment: small files in memory, and spool segments by handle and length.
 * Everything else only grows, or can be read at leisure. */
#ifndef CUSTOS_BACKUP_FREEZE_H
#define CUSTOS_BACKUP_FREEZE_H

#include "backup/backup.h"
#include "ledger/listing.h"

#define FROZEN_SEGMENTS 1024u
#define FROZEN_LOGS 4096u
#define FROZEN_FILES 65536u
#define FROZEN_NAME 100u

typedef struct {
    char name[FROZEN_NAME]; /* below state_dir; of the log's: "log/…" */
    cu_buf content;
} frozen_file;

typedef struct {
    char name[FROZEN_NAME];
    int fd;
    uint64_t size;          /* to the end of the last whole batch */
} frozen_segment;

typedef struct {
    char name[72];          /* "org", "t/acme", "anchor" */
    uint64_t size;
} frozen_log;

typedef struct {
    frozen_file *plain, *secret;
    size_t plain_n, secret_n;
    frozen_segment *segments;
    size_t segments_n;
    frozen_log *logs;
    size_t logs_n;
    uint64_t entries;
} frozen;

/* frozen_free() in any case. */
cu_err freeze(const cu_backup_with *with, frozen *out, cu_fault *f) CU_MUST;
void frozen_free(frozen *z);

#endif
