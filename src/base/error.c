#include "base/error.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const texts[] = {
#define X(name, text) text,
    CU_ERRORS(X)
#undef X
};

const char *cu_err_text(cu_err e)
{
    return (unsigned)e < CU_ERR_COUNT ? texts[e] : "unknown error";
}

const char *cu_err_name(cu_err e)
{
    switch (e) {
    case CU_OK: return "ok";
    case CU_NOMEM: return "nomem";
    case CU_TOO_BIG: return "too_big";
    case CU_SYNTAX: return "syntax";
    case CU_UTF8: return "utf8";
    case CU_DEPTH: return "depth";
    case CU_DUPLICATE: return "duplicate";
    case CU_IO: return "io";
    case CU_NOSPC: return "nospc";
    case CU_CORRUPT: return "corrupt";
    case CU_TORN: return "torn";
    case CU_SIGNATURE: return "signature";
    case CU_NOT_FOUND: return "not_found";
    case CU_DENIED: return "denied";
    case CU_STATE: return "state";
    case CU_UNSUPPORTED: return "unsupported";
    case CU_ENGINE: return "engine";
    case CU_CONFIG: return "config";
    case CU_EXISTS: return "exists";
    case CU_TIMEOUT: return "timeout";
    default: return "internal";
    }
}

cu_err cu_fail(cu_fault *f, cu_err code, const char *fmt, ...)
{
    if (f) {
        va_list ap;
        f->code = code;
        va_start(ap, fmt);
        vsnprintf(f->text, sizeof f->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

void cu_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "custos: broken invariant: %s (%s:%d)\n", cond, file, line);
    abort();
}
