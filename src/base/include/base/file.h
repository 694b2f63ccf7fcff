/* Files: whole reads under a ceiling, writes that are complete or absent. */
#ifndef CUSTOS_BASE_FILE_H
#define CUSTOS_BASE_FILE_H

#include <sys/types.h>
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* Reads all of path (at dirfd, or AT_FDCWD) into out; CU_TOO_BIG beyond out->ceiling. */
cu_err cu_file_read(int dirfd, const char *path, cu_buf *out) CU_MUST;
/* Temporary file, fsync, rename, fsync of the directory. Readers see the old or the new content. */
cu_err cu_file_replace(int dirfd, const char *path, cu_bytes content, mode_t mode) CU_MUST;
/* The same without the last step: the content is durable, its name once cu_file_sync_name was there. For many
 * files in one directory. */
cu_err cu_file_put(int dirfd, const char *path, cu_bytes content, mode_t mode) CU_MUST;
/* Makes the name of path durable: fsync of the directory that it is in. */
cu_err cu_file_sync_name(int dirfd, const char *path) CU_MUST;
/* Sends that part to the disk and waits for it, which does not yet make it durable. Between the parts of something
 * large, so that a small write of another process waits for one part and not for all. */
cu_err cu_file_settle(int fd, uint64_t from, uint64_t n) CU_MUST;
/* All of it, through short writes and EINTR. */
cu_err cu_write_all(int fd, cu_bytes content) CU_MUST;
cu_err cu_mkdirs(const char *path, mode_t mode) CU_MUST;
/* errno as one of ours: ENOSPC, EDQUOT -> CU_NOSPC; ENOENT -> CU_NOT_FOUND; EACCES, EPERM ->
 * CU_DENIED; EEXIST -> CU_EXISTS; ENOMEM -> CU_NOMEM; else CU_IO. */
cu_err cu_errno_err(int e);

#define CU_CLEAN_FD __attribute__((cleanup(cu_close_fd)))
void cu_close_fd(int *fd); /* closes when >= 0, sets -1 */

#endif
