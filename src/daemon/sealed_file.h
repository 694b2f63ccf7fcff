/* Private to daemon/: files in a folder of STATE, each sealed under the archive's key for what it is known as. */
#ifndef CUSTOS_DAEMON_SEALED_FILE_H
#define CUSTOS_DAEMON_SEALED_FILE_H

#include "app.h"

/* Made when it is not there; *fd is closed by the caller. */
cu_err sealed_folder(const app *a, const char *folder, int *fd) CU_MUST;
/* name has no slash. known: another name or folder cannot be passed off as this one. */
cu_err sealed_keep(app *a, const char *folder, const char *name, const char *known, cu_bytes what, cu_fault *f) CU_MUST;
/* At most `most` bytes. CU_NOT_FOUND, or CU_CORRUPT when it is not what was sealed; f stays as it was. */
cu_err sealed_find(app *a, const char *folder, const char *name, const char *known, size_t most, cu_buf *out, cu_fault *f) CU_MUST;

#endif
