/* The keys of a log on disk, kept in step with those that the signer signs with. */
#ifndef CUSTOS_LEDGER_LOG_KEYS_H
#define CUSTOS_LEDGER_LOG_KEYS_H

#include "tiles.h"

/* At opening: reads the log's keys, or writes the first ones. CU_CORRUPT when the log was signed with a
 * key that the signer never had. */
cu_err log_keys_settle(cu_log *l, int signer_fd, const char *name, const char *origin, cu_fault *f) CU_MUST;
/* Before a checkpoint of `size` is published: writes vkeys when other keys signed it than the one of
 * old_size. */
cu_err log_keys_take(cu_log *l, int signer_fd, const char *origin, cu_bytes note, uint64_t old_size, uint64_t size, cu_fault *f) CU_MUST;
/* After it: vkey is the key of its last signature line. */
cu_err log_keys_name(cu_log *l, cu_bytes note) CU_MUST;

#endif
