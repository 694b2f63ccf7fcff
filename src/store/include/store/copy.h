/* Copies of the databases while others use them, for backups. */
#ifndef CUSTOS_STORE_COPY_H
#define CUSTOS_STORE_COPY_H

#include "base/buf.h"

#define CU_DATABASE_MAX ((size_t)1 << 30) /* bytes of a copy */

typedef struct cu_store_hold cu_store_hold;
/* Takes the write lock of store.db: until it is given back no round of the sequencer is under way (each has
 * its transaction around it) and the register stays as it is; writers wait. Copies the register. */
cu_err cu_store_hold_begin(const char *path, cu_store_hold **out, cu_fault *f) CU_MUST;
/* Gives the lock back. NULL is fine. */
void cu_store_hold_release(cu_store_hold *h);
/* A database with the register and empty projections, appended to out. */
cu_err cu_store_hold_copy(cu_store_hold *h, cu_buf *out) CU_MUST;
void cu_store_hold_free(cu_store_hold *h);
/* All of a database, as one moment had it. CU_NOT_FOUND: there is none. */
cu_err cu_database_copy(const char *path, cu_buf *out, cu_fault *f) CU_MUST;

#endif
