/* Private to store/. */
#ifndef CUSTOS_STORE_STORE_IN_H
#define CUSTOS_STORE_STORE_IN_H

#include <pthread.h>
#include <sqlite3.h>
#include "store/store.h"

/* Two connections: what the register is told must not wait in the sequencer's transaction, nor be
 * lost with it. */
struct cu_store {
    sqlite3 *db, *reg;
    pthread_mutex_t lock, reg_lock; /* one each: the register may wait for the other's transaction */
};

cu_err store_err(int rc) CU_MUST; /* of SQLite */
/* Prepares with arguments: t text (cu_bytes*), i integer (uint64_t*), b blob (cu_bytes*). */
sqlite3_stmt *store_prepare(sqlite3 *db, const char *sql, const char *kinds, const void *const *args);
cu_err store_run(cu_store *s, sqlite3 *db, const char *sql, const char *kinds, const void *const *args) CU_MUST;

#endif
