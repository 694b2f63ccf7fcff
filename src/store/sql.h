/* Private to store/: SQLite as its files use it. */
#ifndef CUSTOS_STORE_SQL_H
#define CUSTOS_STORE_SQL_H

#include <pthread.h>
#include <sqlite3.h>
#include "store/store.h"

#define CU_SQL_KEPT 48u
#define CU_SQL_USES 32u

/* Three connections: what the register is told must not wait in the sequencer's transaction, nor be
 * lost with it; and who looks (find.c) keeps neither waiting. */
struct cu_store {
    sqlite3 *db, *reg, *look;
    _Atomic unsigned reg_waits; /* who changes the register now, or waits for the end of a round to do it */
    pthread_mutex_t lock, reg_lock, look_lock; /* one each: the register may wait for the other's transaction */
    sqlite3_stmt *face, *ended; /* of db; find.c */
    struct {
        const char *sql;    /* the literal: its address is the key */
        sqlite3_stmt *st;
    } kept[CU_SQL_KEPT];    /* of db: what each entry runs is prepared once */
    cu_store_rules rules;
    /* Of the thread that takes entries: */
    bool repaired;
    bool in_round;
    struct {
        char log[80];
        size_t log_n;
        uint64_t size;      /* 0: nothing is to be written */
    } reach;                /* how far a log has come in this round */
    struct {
        char id[80], last[40];
        size_t id_n, last_n;
    } uses[CU_SQL_USES];    /* keys that were used in this round */
    size_t uses_n;
};

cu_err cu_sql_err(int rc);
/* Every table that is not there yet. */
cu_err cu_store_schema(sqlite3 *db) CU_MUST;
/* Prepares with arguments: t text (cu_bytes*), i integer (uint64_t*), b blob (cu_bytes*). The caller
 * holds the lock of db. */
sqlite3_stmt *cu_sql_prepare(sqlite3 *db, const char *sql, const char *kinds, const void *const *args);
/* These two take the lock. */
cu_err cu_sql_run(cu_store *s, sqlite3 *db, const char *sql, const char *kinds, const void *const *args) CU_MUST;
/* First column of the first row, 0 when there is none. */
uint64_t cu_sql_number(cu_store *s, sqlite3 *db, const char *sql, const char *kinds, const void *const *args);

/* records.c */
extern const char cu_record_schema[];
cu_err cu_project_record(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;

/* usage.c */
extern const char cu_usage_schema[];
bool cu_concerns_usage(const cu_leaf *l);
cu_err cu_project_usage(cu_store *s, uint64_t index, const cu_leaf *l) CU_MUST;

/* scans.c: one scan.completed entry. */
cu_err cu_project_scan(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;

/* find.c. Its table, filled from exchanges that stand there already. */
extern const char cu_find_schema[];
/* The narrow row of one exchange, anew; what its answer changes in it. */
cu_err cu_project_face(cu_store *s, cu_bytes id) CU_MUST;
cu_err cu_project_face_answer(cu_store *s, cu_bytes id, const cu_leaf *answer) CU_MUST;
/* content.c: captured bodies and readings of them */
bool cu_concerns_content(cu_bytes type);
cu_err cu_project_content(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;
/* Of an exchange that is to be kept: an entry about each of its bodies is awaited; about an answer where the request had
 * a body. `exchange`: its id. Each entry comes here: one statement, by key. */
cu_err cu_project_awaited_request(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;
cu_err cu_project_awaited_answer(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, cu_bytes exchange) CU_MUST;
/* holders.c: key.issued, key.rotated, key.revoked, limit.changed */
bool cu_concerns_holders(cu_bytes type);
cu_err cu_project_holder(cu_store *s, const cu_leaf *l) CU_MUST;

/* prints.c: one output.printed entry. */
extern const char cu_print_schema[];
cu_err cu_project_prints(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;

/* accounts.c: person.added, person.changed, person.invited, person.joined, access.signed_in, erasure.begun */
extern const char cu_account_schema[], cu_account_dump[];
bool cu_concerns_accounts(cu_bytes type);
cu_err cu_project_account(cu_store *s, const cu_leaf *l) CU_MUST;

#endif
