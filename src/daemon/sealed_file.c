#include "sealed_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "base/seal.h"

cu_err sealed_folder(const app *a, const char *folder, int *fd)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", a->config->state_dir, folder);
    CU_TRY(cu_mkdirs(path, 0700));
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? CU_OK : cu_errno_err(errno);
}

cu_err sealed_keep(app *a, const char *folder, const char *name, const char *known, cu_bytes what, cu_fault *f)
{
    int fd CU_CLEAN_FD = -1;
    uint8_t key[CU_SEAL_KEY];
    cu_buf box CU_CLEAN_BUF = CU_BUF(what.n + CU_SEAL_EXTRA);
    CU_TRY(keystore_archive_key(a, key, f));
    cu_err e = sealed_folder(a, folder, &fd);
    if (e == CU_OK)
        e = cu_seal(key, cu_str(known), what, &box);
    cu_wipe(key, sizeof key);
    if (e == CU_OK)
        e = cu_file_replace(fd, name, cu_buf_view(&box), 0600);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s/%s: %s", a->config->state_dir, folder, cu_err_text(e));
}

cu_err sealed_find(app *a, const char *folder, const char *name, const char *known, size_t most, cu_buf *out, cu_fault *f)
{
    int fd CU_CLEAN_FD = -1;
    uint8_t key[CU_SEAL_KEY];
    cu_buf box CU_CLEAN_BUF = CU_BUF(most + CU_SEAL_EXTRA);
    CU_TRY(keystore_archive_key(a, key, f));
    cu_err e = sealed_folder(a, folder, &fd);
    if (e == CU_OK)
        e = cu_file_read(fd, name, &box);
    if (e == CU_OK)
        e = cu_unseal(key, cu_str(known), cu_buf_view(&box), out);
    cu_wipe(key, sizeof key);
    return e;
}
