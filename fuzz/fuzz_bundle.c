/* The policy bundle: any sections at all, behind a signature that holds. What is accepted can be
 * decided by. */
#include <stdlib.h>
#include "policy/decide.h"
#include "policy/limits.h"

static const uint8_t seed[CU_ED25519_KEY] = {7};

static void use(const cu_bundle *b)
{
    cu_vendor_state state;
    for (size_t i = 0; i < b->keys_n; i++) {
        CU_ASSERT(b->keys[i].tenant < b->tenants_n);
        (void)cu_decide_key(&b->keys[i], 1);
        (void)cu_decide_scope(&b->keys[i], CU_LIT("a"), CU_LIT("b"));
    }
    for (size_t i = 0; i < b->vendors_n; i++)
        (void)cu_decide_vendor_state(&b->vendors[i], 1, &state);
    (void)cu_decide_vendor(b, CU_LIT("anthropic"), CU_NONE, CU_LIT("m"));
    (void)cu_price_of(b, CU_LIT("m"));
    CU_ASSERT(!cu_bundle_find_hash(b, &(cu_sha256){{1}}) || b->keys_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_bundle b;
    cu_fault f = {0};
    cu_sha256 digest;
    cu_buf file CU_CLEAN_BUF = CU_BUF(n + 128);
    uint8_t text[8 + 32] = "CUBUNDL3", sig[CU_ED25519_SIG], pk[CU_ED25519_KEY];
    cu_arena_init(&a, 64u << 20);
    cu_sha256_of(cu_bytes_of(data, n), &digest);
    memcpy(text + 8, &digest, 32);
    if (cu_ed25519_sign(seed, cu_bytes_of(text, sizeof text), sig) != CU_OK || cu_ed25519_public(seed, pk) != CU_OK)
        abort();
    cu_buf_put(&file, text, 8);
    cu_buf_put(&file, sig, sizeof sig);
    cu_buf_put(&file, data, n);
    cu_err e = cu_bundle_decode(cu_buf_view(&file), pk, &a, &b, &f);
    CU_ASSERT(e == CU_OK || e == CU_CORRUPT || e == CU_NOMEM);
    if (e == CU_OK)
        use(&b);
    return 0;
}
