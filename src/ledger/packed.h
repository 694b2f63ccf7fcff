/* Full bundles of entries, compressed: gzip (RFC 1952) of the bundle in a file of its own, NNN.gz, of which any
 * gzip reads the content. Form: docs/formats/log.md. */
#ifndef CUSTOS_LEDGER_PACKED_H
#define CUSTOS_LEDGER_PACKED_H

#include "tiles.h"

#define PACKED_HEAD 48u /* the gzip header with its extra field */
#define PACKED_TAIL 8u  /* CRC-32 and size */

/* What a packed file holds, appended to out. CU_TORN unless every byte of the file is as packing made it. */
cu_err packed_read(cu_bytes file, cu_buf *out) CU_MUST;
/* The packed file of a bundle, unpacked. CU_NOT_FOUND when there is none. */
cu_err packed_load(const cu_log *l, uint64_t index, cu_buf *out) CU_MUST;
/* "tile/entries/x001/067.gz" */
void packed_path(uint64_t index, char out[TILE_PATH_MAX]);
/* Writes the header of PACKED_HEAD bytes that belongs to what stands behind it. */
void packed_head(uint8_t *to, cu_bytes behind);

#endif
