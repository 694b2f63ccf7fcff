/* What the verbs about backups share. */
#ifndef CUSTOS_CLI_BACKUP_H
#define CUSTOS_CLI_BACKUP_H

#include "backup/backup.h"
#include "verb.h"

/* First line of --passphrase-file, appended; nothing without the option. 0 when fine, else the exit status. */
int cu_read_passphrase(const cu_run *r, cu_buf *out);

#endif
