/* Freezing a listing from the logs on disk. Memory is constant; every entry is held against its sealed
 * hash on the way. docs/formats/population.md. */
#ifndef CUSTOS_AUDIT_POPULATION_H
#define CUSTOS_AUDIT_POPULATION_H

#include "ledger/listing.h"

/* p holds control, tenant, from, to, types, where and the names of the logs; sets their figures, count
 * and digest. A log whose size is not 0 is read to that size, and its root must be the one stated: that
 * asks the same question again. The rows go to fd unless it is -1. */
cu_err cu_population_run(const char *log_dir, cu_population *p, int fd, cu_fault *f) CU_MUST;
/* Lines of the listing in fd at the given rows (counted from 0; any order), handed over in ascending
 * order. CU_NOT_FOUND when one is beyond its end. */
typedef cu_err (*cu_row_fn)(void *arg, uint64_t row, cu_bytes line);
cu_err cu_listing_rows(int fd, const uint64_t *rows, size_t n, cu_row_fn each, void *arg, cu_fault *f) CU_MUST;

#endif
