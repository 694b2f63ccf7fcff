#include "merkle.h"

void merkle_leaf(cu_bytes leaf, cu_sha256 *out)
{
    cu_sha256_of3(CU_LIT("\0"), leaf, CU_NONE, out);
}

void merkle_pair(const cu_sha256 *left, const cu_sha256 *right, cu_sha256 *out)
{
    cu_sha256_of3(CU_LIT("\1"), cu_bytes_of(left, sizeof *left), cu_bytes_of(right, sizeof *right), out);
}

/* Largest power of two below n (n > 1), as its exponent. */
static unsigned split_level(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* Hash of leaves [from, from + n); from is a multiple of the power of two at or above n. */
static cu_err range(merkle_node_fn node, void *arg, uint64_t from, uint64_t n, cu_sha256 *out)
{
    if ((n & (n - 1)) == 0) {
        unsigned level = (unsigned)__builtin_ctzll(n);
        return node(arg, level, from >> level, out);
    }
    cu_sha256 left, right;
    uint64_t k = 1ull << split_level(n);
    CU_TRY(range(node, arg, from, k, &left));
    CU_TRY(range(node, arg, from + k, n - k, &right));
    merkle_pair(&left, &right, out);
    return CU_OK;
}

cu_err merkle_root(merkle_node_fn node, void *arg, uint64_t size, cu_sha256 *out)
{
    if (size == 0) {
        cu_sha256_of(CU_NONE, out);
        return CU_OK;
    }
    return range(node, arg, 0, size, out);
}

static cu_err add(merkle_node_fn node, void *arg, uint64_t from, uint64_t n, merkle_proof *p)
{
    CU_ASSERT(p->n < MERKLE_PROOF_MAX);
    return range(node, arg, from, n, &p->v[p->n++]);
}

static cu_err inclusion(merkle_node_fn node, void *arg, uint64_t m, uint64_t from, uint64_t n, merkle_proof *p)
{
    if (n == 1)
        return CU_OK;
    uint64_t k = 1ull << split_level(n);
    if (m < k) {
        CU_TRY(inclusion(node, arg, m, from, k, p));
        return add(node, arg, from + k, n - k, p);
    }
    CU_TRY(inclusion(node, arg, m - k, from + k, n - k, p));
    return add(node, arg, from, k, p);
}

cu_err merkle_inclusion(merkle_node_fn node, void *arg, uint64_t index, uint64_t size, merkle_proof *out)
{
    out->n = 0;
    return index < size ? inclusion(node, arg, index, 0, size, out) : CU_NOT_FOUND;
}

static cu_err consistency(merkle_node_fn node, void *arg, uint64_t m, uint64_t from, uint64_t n, bool whole,
                          merkle_proof *p)
{
    if (m == n)
        return whole ? CU_OK : add(node, arg, from, n, p);
    uint64_t k = 1ull << split_level(n);
    if (m <= k) {
        CU_TRY(consistency(node, arg, m, from, k, whole, p));
        return add(node, arg, from + k, n - k, p);
    }
    CU_TRY(consistency(node, arg, m - k, from + k, n - k, false, p));
    return add(node, arg, from, k, p);
}

cu_err merkle_consistency(merkle_node_fn node, void *arg, uint64_t old_size, uint64_t size, merkle_proof *out)
{
    out->n = 0;
    if (old_size == 0 || old_size > size)
        return CU_STATE;
    return consistency(node, arg, old_size, 0, size, true, out);
}

bool merkle_inclusion_holds(const merkle_proof *p, const cu_sha256 *leaf, uint64_t index, uint64_t size,
                            const cu_sha256 *root)
{
    if (index >= size)
        return false;
    uint64_t fn = index, sn = size - 1;
    cu_sha256 r = *leaf;
    for (size_t i = 0; i < p->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            merkle_pair(&p->v[i], &r, &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_pair(&r, &p->v[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(&r, root, sizeof r) == 0;
}

bool merkle_consistency_holds(const cu_sha256 *proof, size_t n, uint64_t old_size, const cu_sha256 *old_root,
                              uint64_t size, const cu_sha256 *root)
{
    if (old_size == 0 || old_size > size)
        return false;
    if (old_size == size)
        return n == 0 && memcmp(old_root, root, sizeof *root) == 0;
    bool power = (old_size & (old_size - 1)) == 0;
    size_t i = power ? 0 : 1;
    if (n < i + 1)
        return false;
    uint64_t fn = old_size - 1, sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    cu_sha256 fr = power ? *old_root : proof[0], sr = fr;
    for (; i < n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            merkle_pair(&proof[i], &fr, &fr);
            merkle_pair(&proof[i], &sr, &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_pair(&sr, &proof[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(&fr, old_root, sizeof fr) == 0 && memcmp(&sr, root, sizeof sr) == 0;
}
