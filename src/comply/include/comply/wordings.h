/* Wordings of criteria that a customer has a licence for, out of a catalog of his: OSCAL 1.1 (NIST), JSON form. */
#ifndef CUSTOS_COMPLY_WORDINGS_H
#define CUSTOS_COMPLY_WORDINGS_H

#include "base/buf.h"
#include "comply/catalogue.h"

/* "cc-6.1", "CC 6.1" and "CC6.1" are the same. SIZE_MAX: none of the catalogue's criteria. */
size_t cu_criterion_spelled(const cu_catalogue *c, const char *id);
/* Statements of controls whose id or label is that of a criterion are appended to texts, which has a buffer for each
 * criterion in the catalogue's order; an error sticks to the buffer (a text beyond its ceiling). unknown: controls of
 * no criterion. CU_SYNTAX: no such file, with its line; CU_NOT_FOUND: nothing in it fits. */
cu_err cu_wordings_of_oscal(const cu_catalogue *c, cu_bytes file, cu_buf *texts, size_t *taken, size_t *unknown, cu_fault *f) CU_MUST;

#endif
