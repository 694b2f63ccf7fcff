/* The parts of a backup that its writer and reader share. */
#ifndef CUSTOS_BACKUP_FORM_H
#define CUSTOS_BACKUP_FORM_H

#include "backup/backup.h"
#include "base/seal.h"

#define BACKUP_SALT 16u
#define BACKUP_HEAD_MAX 512u
#define BACKUP_SECRET_MAX (CU_SEAL_MAX / 2)
#define BACKUP_MEMBERS_MAX (16u << 20)

typedef struct {
    char made[CU_TIME_LEN];
    uint64_t entries;
    bool secrets;
    uint8_t salt[BACKUP_SALT]; /* zeros without secrets */
} backup_head;
/* backup.json */
void backup_head_text(const backup_head *h, cu_buf *out);
cu_err backup_head_parse(cu_bytes text, backup_head *out) CU_MUST;

/* Two keys of the passphrase: what secrets are sealed under, and what the list of members is keyed by. */
typedef struct {
    uint8_t seal[CU_SEAL_KEY], list[32];
} backup_keys;
cu_err backup_keys_derive(cu_bytes passphrase, const uint8_t salt[BACKUP_SALT], backup_keys *out) CU_MUST;
/* The member `authentic`: HMAC-SHA256 over the lines of the manifest before it, in hex. */
void backup_authentic(const backup_keys *k, cu_bytes lines, char hex[65]);

#endif
