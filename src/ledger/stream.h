/* A bundle (or a backup) read front to back: zstd (or a plain tar), then tar of the one form that Custos writes. Holds
 * one window of zstd and no file: nothing is unpacked. Names, sizes and digests of the members read
 * become the manifest that the bundle must end with. */
#ifndef CUSTOS_LEDGER_STREAM_H
#define CUSTOS_LEDGER_STREAM_H

#include "base/buf.h"
#include "base/digest.h"
#include "export_form.h"

typedef struct stream stream;

/* fd is read and not closed. With fd -1, memory is read. */
cu_err stream_open(int fd, cu_bytes memory, stream **out) CU_MUST;
void stream_close(stream *s);
/* The next member; the one before must have been read to its end. CU_NOT_FOUND: the end, as it must
 * be. CU_SYNTAX: no header of ours. CU_TORN: cut short. CU_TOO_BIG: it grows without measure. */
cu_err stream_next(stream *s, char name[EXPORT_NAME_MAX + 1], uint64_t *size, cu_fault *f) CU_MUST;
/* All of the member, appended to out; CU_TOO_BIG beyond its ceiling. digest may be NULL. */
cu_err stream_member(stream *s, cu_buf *out, cu_sha256 *digest, cu_fault *f) CU_MUST;
/* Reads over the member; its digest is all that is kept. */
cu_err stream_skip(stream *s, cu_sha256 *digest, cu_fault *f) CU_MUST;
/* Writes the member to fd. */
cu_err stream_copy(stream *s, int fd, cu_sha256 *digest, cu_fault *f) CU_MUST;
/* Its lines so far, without the end. */
cu_bytes stream_manifest_so_far(const stream *s);
/* What manifest.json must be for the members read so far. Once. */
cu_err stream_manifest(stream *s, cu_bytes *out) CU_MUST;
uint64_t stream_members(const stream *s);

#endif
