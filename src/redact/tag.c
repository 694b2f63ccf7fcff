#include "tag.h"
#include <openssl/evp.h>
#include <string.h>

#define AT_ONCE 32u /* blocks that are squeezed before they are fed */
#define LEAST 4u    /* blocks; Poly1305 alone is as fast with fewer */

static EVP_MAC *poly;
static cu_squeeze_fn *squeeze;

void cu_tag_key_new(cu_tag_key *k)
{
    if (!poly)
        poly = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    squeeze = cu_squeeze_nth(0);
    cu_random(k->poly, sizeof k->poly);
    cu_random(k->blocks, sizeof k->blocks);
}

static bool begin(const cu_tag_key *k, uint32_t tenant, const uint8_t rules[32], uint64_t length, EVP_MAC_CTX **of)
{
    static _Thread_local EVP_MAC_CTX *ctx;
    uint8_t head[44] = {0};
    if (!ctx && poly)
        ctx = EVP_MAC_CTX_new(poly);
    memcpy(head, rules, 32);
    memcpy(head + 32, &length, 8);
    memcpy(head + 40, &tenant, 4);
    *of = ctx;
    return ctx && EVP_MAC_init(ctx, k->poly, sizeof k->poly, NULL) == 1 && EVP_MAC_update(ctx, head, sizeof head) == 1;
}

static bool end(EVP_MAC_CTX *ctx, uint8_t tag[CU_MEMO_TAG])
{
    size_t n = 0;
    return EVP_MAC_final(ctx, tag, &n, CU_MEMO_TAG) == 1 && n == CU_MEMO_TAG;
}

/* Bytes of n that are squeezed. */
static size_t whole(size_t n)
{
    return squeeze && n >= LEAST * CU_SQUEEZE_BLOCK ? n / CU_SQUEEZE_BLOCK * CU_SQUEEZE_BLOCK : 0;
}

static bool feed_blocks(const cu_tag_key *k, EVP_MAC_CTX *ctx, cu_bytes blocks)
{
    uint8_t out[AT_ONCE * CU_SQUEEZED];
    for (size_t left = blocks.n / CU_SQUEEZE_BLOCK; left;) {
        size_t n = left < AT_ONCE ? left : AT_ONCE;
        squeeze(blocks.p, n, k->blocks, out);
        if (EVP_MAC_update(ctx, out, n * CU_SQUEEZED) != 1)
            return false;
        blocks = cu_slice(blocks, n * CU_SQUEEZE_BLOCK, blocks.n);
        left -= n;
    }
    return true;
}

bool cu_tag_of(const cu_tag_key *k, uint32_t tenant, const uint8_t rules[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG])
{
    EVP_MAC_CTX *ctx;
    size_t n = whole(text.n);
    return begin(k, tenant, rules, text.n, &ctx) && feed_blocks(k, ctx, cu_slice(text, 0, n)) &&
           EVP_MAC_update(ctx, text.p + n, text.n - n) == 1 && end(ctx, tag);
}

/* What is not squeezed, and where it ends, so that no two beginnings are fed alike. */
static bool end_at(EVP_MAC_CTX *ctx, cu_bytes rest, uint64_t at, uint8_t tag[CU_MEMO_TAG])
{
    return EVP_MAC_update(ctx, rest.p, rest.n) == 1 && EVP_MAC_update(ctx, (const uint8_t *)&at, sizeof at) == 1 && end(ctx, tag);
}

bool cu_tags_of(const cu_tag_key *k, uint32_t tenant, const uint8_t rules[32], cu_bytes text, const uint32_t *ends, size_t n,
                uint8_t tags[][CU_MEMO_TAG])
{
    EVP_MAC_CTX *ctx;
    size_t at = 0;
    bool ok = begin(k, tenant, rules, UINT64_MAX, &ctx); /* no text is that long: these tags are a kind of their own */
    for (size_t i = 0; ok && i < n; i++) {
        size_t to = whole(ends[i]);
        ok = feed_blocks(k, ctx, cu_slice(text, at, to));
        EVP_MAC_CTX *here = ok && i + 1 < n ? EVP_MAC_CTX_dup(ctx) : ctx;
        ok = ok && here && end_at(here, cu_slice(text, to, ends[i]), ends[i], tags[i]);
        if (here != ctx)
            EVP_MAC_CTX_free(here);
        at = to;
    }
    return ok;
}
