/* Rules in force, handed from the process that compiled them to those that scan with them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "engine.h"

#define IMAGE_MAX ((size_t)256 << 20)

/* An image is code for the matching library: whoever could write the file could run in the reader. */
static bool trusted(int dirfd, const char *name)
{
    struct stat st;
    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & 022) &&
           (st.st_uid == geteuid() || st.st_uid == 0);
}

cu_err cu_engine_read_image(int dirfd, const char *name, cu_engine **out, cu_fault *f)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(IMAGE_MAX);
    *out = NULL;
    cu_err e = cu_file_read(dirfd, name, &file);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", name, cu_err_text(e));
    if (!trusted(dirfd, name))
        return cu_fail(f, CU_DENIED, "%.200s can be written by others; it is not read", name);
    CU_TRY(cu_image_decode(cu_buf_view(&file), out, f));
    e = cu_known_check(*out, f);
    if (e == CU_OK)
        return CU_OK;
    cu_engine_free(*out);
    *out = NULL;
    return e;
}
