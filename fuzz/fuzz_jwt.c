/* ID tokens and key sets of an OpenID provider, from bytes: the first line is the key set, the rest the token. */
#include <stdlib.h>
#include "base/digest.h"
#include "signin/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const cu_jwt_want want = {.issuer = "https://id.example", .audience = "custos", .nonce = "n", .now_s = 1800000000};
    cu_buf claims CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX), plain CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
    cu_fault f = {0};
    cu_bytes all = cu_bytes_of(p, n);
    size_t line = cu_find(all, CU_LIT("\n"), 0);
    cu_bytes keys = line == (size_t)-1 ? CU_NONE : cu_slice(all, 0, line), token = line == (size_t)-1 ? all : cu_slice(all, line + 1, n);
    if (cu_jwt_check(token, keys, &want, &claims, &f) != CU_OK && claims.n)
        abort(); /* nothing is given that was not checked */
    if (cu_unbase64url(&plain, token) == CU_OK) {
        cu_buf again CU_CLEAN_BUF = CU_BUF(4 * CU_JWT_MAX);
        cu_base64url(&again, cu_buf_view(&plain));
        if (!cu_eq(cu_buf_view(&again), token))
            abort(); /* one value has one text */
    }
    return 0;
}
