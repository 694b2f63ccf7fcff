/* Packing: full bundles of entries that a published checkpoint covers are replaced by their compressed form
 * (docs/formats/log.md). Beside the sequencer, which does not touch such bundles again; one packer a folder. */
#ifndef CUSTOS_LEDGER_PACK_H
#define CUSTOS_LEDGER_PACK_H

#include "base/error.h"

typedef struct cu_packer cu_packer;
/* log_dir: folder of the logs (org, t/NAME, anchor). */
cu_err cu_packer_open(const char *log_dir, cu_packer **out, cu_fault *f) CU_MUST;
/* Packs at most `most` bundles; *packed = how many. What is not as it was sealed is left as it is, and CU_CORRUPT
 * says where, once; the others are packed by the next calls. After any other error nothing is lost: what was not
 * replaced is packed later. */
cu_err cu_packer_step(cu_packer *p, unsigned most, unsigned *packed, cu_fault *f) CU_MUST;
void cu_packer_close(cu_packer *p);

#endif
