/* A list of known secrets: KEY=VALUE lines as in .env files. Only the values count. */
#ifndef CUSTOS_CATALOG_KNOWN_LIST_H
#define CUSTOS_CATALOG_KNOWN_LIST_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_KNOWN_MIN 8u       /* bytes; shorter values would be found in too many places, and are left out */
#define CU_KNOWN_MAX 1024u    /* bytes of a value */
#define CU_KNOWN_VALUES 3000u /* in one list */

/* Called for each value; of one that spans lines for each line. value is wiped after the call. */
typedef cu_err (*cu_known_each)(void *arg, cu_bytes value);

/* Blank lines, # comments and `export` are passed over; a value may stand in ' or " (with \n, \", \\ in
 * it, and over several lines). *left_out counts values shorter than CU_KNOWN_MIN. f names the line. */
cu_err cu_known_list_read(const char *path, cu_known_each each, void *arg, unsigned *left_out, cu_fault *f) CU_MUST;

#endif
