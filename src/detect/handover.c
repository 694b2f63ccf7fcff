/* Rules in force, handed from the process that compiled them to those that scan with them. */
#include "engine.h"

cu_err cu_engine_read_image(int dirfd, const char *name, cu_engine **out, cu_fault *f)
{
    CU_TRY(cu_image_open(dirfd, name, false, out, f));
    cu_err e = cu_known_check(*out, f);
    if (e == CU_OK)
        return CU_OK;
    cu_engine_free(*out);
    *out = NULL;
    return e;
}
