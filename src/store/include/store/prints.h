/* Which answers hold a line of code, by its keyed fingerprint (inspect/print.h, docs/formats/provenance.md). */
#ifndef CUSTOS_STORE_PRINTS_H
#define CUSTOS_STORE_PRINTS_H

#include "base/buf.h"
#include "store/store.h"

#define CU_STORE_PRINT 8u /* bytes a line */

/* Lines are 40 bits each. each is told the number of the line and an exchange of the tenant, the earliest first, at
 * most 64 a line; it must not call the store. */
typedef void (*cu_store_print_fn)(void *arg, size_t line, const char *exchange);
cu_err cu_store_print_find(cu_store *s, const char *tenant, const uint64_t *lines, size_t n, cu_store_print_fn each, void *arg) CU_MUST;
/* All prints of an exchange's answer, in order. */
cu_err cu_store_prints_of(cu_store *s, const char *exchange, cu_buf *out) CU_MUST;

#endif
