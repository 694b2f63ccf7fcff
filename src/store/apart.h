/* Private to store/: a small database of sealed things beside the projections (keys of bodies, persons). What is
 * deleted in it is overwritten. */
#ifndef CUSTOS_STORE_APART_H
#define CUSTOS_STORE_APART_H

#include "sql.h"

typedef struct {
    sqlite3 *db;
    pthread_mutex_t lock;
} cu_apart;

/* Reads one row; false: it is not of the form. */
typedef bool (*cu_apart_take)(sqlite3_stmt *st, void *to);

/* schema: CREATE TABLE IF NOT EXISTS ... */
cu_err cu_apart_open(cu_apart *k, const char *path, const char *schema, cu_fault *f) CU_MUST;
void cu_apart_close(cu_apart *k);
/* These two take the lock. */
cu_err cu_apart_run(cu_apart *k, const char *sql, const char *kinds, const void *const *args) CU_MUST;
/* CU_NOT_FOUND no row, CU_CORRUPT a row that is not of the form. */
cu_err cu_apart_one(cu_apart *k, const char *sql, const char *kinds, const void *const *args, cu_apart_take take, void *to) CU_MUST;

/* VACUUM writes a new file in the old one's place: pages that fell free while secure_delete could not reach
 * them (a rolled back insertion, an overflow chain) go as well. Then the write-ahead log is cut to nothing. */
cu_err cu_apart_scrub(cu_apart *k) CU_MUST;

/* A column of a row; false when it does not fit or is of another length. */
bool cu_column_text(sqlite3_stmt *st, int column, char *to, size_t n);
bool cu_column_blob(sqlite3_stmt *st, int column, void *to, size_t n);

#endif
