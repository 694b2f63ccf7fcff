/* Segments on disk (docs/formats/spool.md): one 4 KiB header block, then batches, each padded to
 * 4 KiB. Numbers are little-endian. */
#ifndef CUSTOS_LEDGER_SEGMENT_H
#define CUSTOS_LEDGER_SEGMENT_H

#include "ledger/spool.h"

#define SEGMENT_BLOCK 4096u
#define SEGMENT_MAGIC "CUSPOOL2"
#define BATCH_MAGIC 0x48435442u /* "BTCH" */
#define SEGMENT_NAME_MAX 96

typedef struct {
    char magic[8];
    char writer[40];
    uint64_t epoch, number;
    uint8_t salt[16];  /* recycled bytes of an older segment must not count */
    cu_sha256 digest;  /* over all of the above */
} segment_header;

typedef struct {
    uint32_t magic, length; /* bytes of payload */
    uint32_t count, zero;   /* leaves */
    uint64_t batch;         /* within the segment, from 0 */
    uint8_t salt[16];
    cu_sha256 prev;         /* digest of the batch before; zeros for the first */
    cu_sha256 digest;       /* over the header up to here, and the digest of the leaves' own */
} batch_header;

size_t segment_padded(size_t n);
void segment_header_digest(const segment_header *h, cu_sha256 *out);
/* leaves: SHA-256 over the SHA-256 of each leaf, which a writer has at hand for its chain. */
void batch_digest(const batch_header *h, const cu_sha256 *leaves, cu_sha256 *out);
/* Of a payload that is exactly `count` leaves. */
bool batch_leaves_digest(cu_bytes payload, uint32_t count, cu_sha256 *out);
/* Takes a ready segment, or makes a small one, under `name`; *fd is open for writing. */
cu_err segment_take(int dirfd, const char *name, int *fd, uint64_t *size);

#endif
