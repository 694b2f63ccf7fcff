/* The container of a bundle: a tar of the one form (export_form.h) inside one zstd frame, written front
 * to back; names, sizes and digests of what was written become manifest.json at its end. */
#ifndef CUSTOS_AUDIT_ARCHIVE_H
#define CUSTOS_AUDIT_ARCHIVE_H

#include <sys/types.h>
#include "base/buf.h"
#include "base/digest.h"

typedef struct archive archive;

/* keep_free: bytes of the file system that writing leaves alone. */
cu_err archive_new(int fd, uint64_t keep_free, archive **out) CU_MUST;
/* The error that sticks. */
cu_err archive_err(const archive *a) CU_MUST;
/* Lines of manifest.json so far. */
cu_bytes archive_manifest_so_far(const archive *a);
/* A whole member. Errors stick: archive_end() tells. */
void archive_put(archive *a, const char *name, cu_bytes content);
/* A member from a file, of exactly `size` bytes and this digest; CU_CORRUPT when it has others. */
void archive_put_file(archive *a, const char *name, int fd, uint64_t size, const cu_sha256 *digest);
uint64_t archive_files(const archive *a);
/* Writes manifest.json and the end; digest: of manifest.json. Frees a. */
cu_err archive_end(archive *a, uint64_t *bytes, cu_sha256 *manifest) CU_MUST;
void archive_drop(archive *a);

#endif
