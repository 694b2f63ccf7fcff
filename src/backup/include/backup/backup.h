/* A backup of everything that cannot be made again, in one file, and the folder that is restored from it.
 * docs/formats/backup.md. */
#ifndef CUSTOS_BACKUP_BACKUP_H
#define CUSTOS_BACKUP_BACKUP_H

#include "base/clock.h"
#include "base/digest.h"

#define CU_BACKUP_PASSPHRASE_MIN 12u
#define CU_BACKUP_PASSPHRASE_MAX 1024u

typedef struct {
    char made[CU_TIME_LEN];
    uint64_t members, bytes;   /* bytes: of the file (of what it unpacks to, when restored) */
    uint64_t entries;          /* sealed, of all logs */
    bool secrets;              /* keystore, vault and the signer's keys are in it */
    uint64_t erased;           /* erasures that were done again */
    cu_sha256 manifest;
} cu_backup_report;

typedef struct {
    const char *state_dir, *log_dir;
    cu_bytes passphrase;       /* empty: secrets are left out */
    bool no_signer;            /* leave the signer's folder out: whoever asks may not read it */
} cu_backup_with;
/* Whether Custos runs or not: everything is from one moment. fd is written and not closed. */
cu_err cu_backup_make(const cu_backup_with *with, int fd, cu_backup_report *out, cu_fault *f) CU_MUST;

typedef struct {
    cu_bytes passphrase;
    bool without_secrets;      /* restore what is not sealed only: it can be read and verified, not continued */
    const char *erasures_from; /* a newer folder of the same logs, whose erasures are done again; NULL: none */
    uint32_t signer_uid;       /* who owns the signer's folder; 0: whoever restores */
} cu_restore_with;
/* `to` must not exist, or be empty; it appears whole or not at all. */
cu_err cu_backup_restore(int fd, const char *to, const cu_restore_with *with, cu_backup_report *out, cu_fault *f) CU_MUST;
/* The logs verify, hold as many entries as the backup says, and the projections are made from them anew.
 * CU_CORRUPT: f says what is broken. */
cu_err cu_backup_check(const char *dir, const cu_backup_report *of, cu_fault *f) CU_MUST;

#endif
