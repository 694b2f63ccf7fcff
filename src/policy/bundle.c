/* The bundle's frame: magic, signature, then tagged sections. What is in a section is written and
 * read by bundle_*.c. */
#include "bundle_part.h"
#include <stdlib.h>

#define MAGIC "CUBUNDL3"
#define HEAD (8 + CU_ED25519_SIG)
#define MAX_COUNT 1000000u
#define MAX_FIELD 65536u
#define MAX_SECTIONS 64u

static int by_hash(const void *a, const void *b)
{
    return memcmp(&((const cu_bundle_key *)a)->hash, &((const cu_bundle_key *)b)->hash, sizeof(cu_sha256));
}

static void put_general(const cu_bundle *b, cu_buf *out)
{
    part_put_u64(out, b->version);
    part_put_u64(out, b->made_ns);
    part_put_u64(out, b->lockout_failures);
    part_put_u64(out, b->lockout_seconds);
}

static void take_general(part_reader *r, cu_arena *a, cu_bundle *out)
{
    out->version = part_take_u64(r);
    out->made_ns = part_take_u64(r);
    uint64_t failures = part_take_u64(r), seconds = part_take_u64(r);
    out->lockout_failures = (uint32_t)failures;
    out->lockout_seconds = (uint32_t)seconds;
    r->bad |= failures > UINT32_MAX || seconds > UINT32_MAX || out->version == 0;
}

/* Every section stands once, in this order; one that came later may be missing from an archived bundle. */
static const part parts[] = {
    {"GNRL", put_general, take_general, false},
    {"TNNT", part_put_tenants, part_take_tenants, false},
    {"VNDR", part_put_vendors, part_take_vendors, false},
    {"KEYS", part_put_keys, part_take_keys, false}, /* after the tenants, whose indices they hold */
    {"PRCE", part_put_prices, part_take_prices, false},
    {"ACCS", part_put_access, part_take_access, false},
    {"ISOL", part_put_isolation, part_take_isolation, false}, /* after vendors and tenants, whose indices it holds */
    {"CAPT", part_put_capture, part_take_capture, true},
    {"GARD", part_put_guard, part_take_guard, true},
};
#define PARTS (sizeof parts / sizeof *parts)

void part_put_u64(cu_buf *out, uint64_t v)
{
    cu_buf_put(out, &v, sizeof v);
}

void part_put_bytes(cu_buf *out, cu_bytes b)
{
    uint32_t n = (uint32_t)b.n;
    if (b.n > MAX_FIELD && out->err == CU_OK)
        out->err = CU_TOO_BIG;
    cu_buf_put(out, &n, sizeof n);
    cu_buf_add(out, b);
}

cu_bytes part_take(part_reader *r, size_t n)
{
    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return CU_NONE;
    }
    cu_bytes out = cu_slice(r->rest, 0, n);
    r->rest = cu_slice(r->rest, n, r->rest.n);
    return out;
}

void part_take_into(part_reader *r, void *to, size_t n)
{
    cu_bytes b = part_take(r, n);
    if (b.n == n)
        memcpy(to, b.p, n);
}

uint64_t part_take_u64(part_reader *r)
{
    uint64_t v = 0;
    part_take_into(r, &v, sizeof v);
    return v;
}

uint8_t part_take_u8(part_reader *r)
{
    uint8_t v = 0;
    part_take_into(r, &v, 1);
    return v;
}

bool part_take_bool(part_reader *r)
{
    uint8_t v = part_take_u8(r);
    r->bad |= v > 1;
    return v == 1;
}

cu_bytes part_take_bytes(part_reader *r)
{
    uint32_t n = 0;
    part_take_into(r, &n, sizeof n);
    r->bad |= n > MAX_FIELD;
    return part_take(r, n);
}

void *part_take_array(part_reader *r, cu_arena *a, size_t item, size_t *n)
{
    uint64_t count = part_take_u64(r);
    r->bad |= count > MAX_COUNT || count > r->rest.n;
    *n = r->bad ? 0 : count;
    void *v = cu_arena_alloc(a, (*n + 1) * item);
    r->bad |= !v;
    *n = v ? *n : 0;
    return v;
}

/* Tag, length, content. */
static cu_err put_section(const cu_bundle *b, const part *p, cu_buf *out)
{
    cu_buf content CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    p->put(b, &content);
    CU_TRY(cu_buf_err(&content));
    cu_buf_put(out, p->tag, 4);
    part_put_u64(out, content.n);
    cu_buf_add(out, cu_buf_view(&content));
    return cu_buf_err(out);
}

/* Signed is the magic and the digest of the sections: the magic keeps this signature from being one
 * of anything else. */
static void signed_text(const cu_sha256 *digest, uint8_t out[8 + CU_SHA256_LEN])
{
    memcpy(out, MAGIC, 8);
    memcpy(out + 8, digest, CU_SHA256_LEN);
}

cu_err cu_bundle_encode(cu_bundle *b, const uint8_t seed[CU_ED25519_KEY], cu_buf *out)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    uint8_t text[8 + CU_SHA256_LEN], sig[CU_ED25519_SIG];
    if (b->keys_n)
        qsort(b->keys, b->keys_n, sizeof *b->keys, by_hash);
    for (size_t i = 0; i < PARTS; i++)
        CU_TRY(put_section(b, &parts[i], &body));
    cu_sha256_of(cu_buf_view(&body), &b->digest);
    signed_text(&b->digest, text);
    CU_TRY(cu_ed25519_sign(seed, cu_bytes_of(text, sizeof text), sig));
    cu_buf_str(out, MAGIC);
    cu_buf_put(out, sig, sizeof sig);
    cu_buf_add(out, cu_buf_view(&body));
    return cu_buf_err(out);
}

typedef struct {
    cu_bytes content[PARTS];
    bool seen[PARTS];
} sections;

/* Cuts the body into its sections. Unknown ones are refused: a rule that this reader does not know
 * could be one that forbids. Only those that begin in lower case may be passed over. */
static bool cut(cu_bytes body, sections *out)
{
    part_reader r = {body, false};
    for (unsigned n = 0; r.rest.n && !r.bad; n++) {
        cu_bytes tag = part_take(&r, 4);
        uint64_t length = part_take_u64(&r);
        r.bad |= length > r.rest.n || n == MAX_SECTIONS;
        cu_bytes content = part_take(&r, r.bad ? 0 : length);
        size_t i = 0;
        while (i < PARTS && !r.bad && !cu_eq_str(tag, parts[i].tag))
            i++;
        if (r.bad || (i == PARTS && !(tag.p[0] >= 'a' && tag.p[0] <= 'z')) || (i < PARTS && out->seen[i]))
            return false;
        if (i < PARTS) {
            out->seen[i] = true;
            out->content[i] = content;
        }
    }
    for (size_t i = 0; i < PARTS; i++)
        if (!out->seen[i] && !parts[i].later)
            return false;
    return !r.bad;
}

static bool keys_in_order(const cu_bundle *b)
{
    for (size_t i = 1; i < b->keys_n; i++)
        if (by_hash(&b->keys[i - 1], &b->keys[i]) >= 0)
            return false;
    return true;
}

void cu_bundle_digest(cu_bytes file, cu_sha256 *out)
{
    cu_sha256_of(file.n < HEAD ? CU_NONE : cu_slice(file, HEAD, file.n), out);
}

cu_err cu_bundle_decode(cu_bytes file, const uint8_t public_key[CU_ED25519_KEY], cu_arena *a, cu_bundle *out, cu_fault *f)
{
    uint8_t text[8 + CU_SHA256_LEN];
    sections s = {0};
    *out = (cu_bundle){0};
    if (file.n < HEAD || file.n > CU_BUNDLE_MAX || !cu_starts(file, CU_LIT(MAGIC)))
        return cu_fail(f, CU_CORRUPT, "the policy bundle does not begin like one");
    cu_bytes body = cu_slice(file, HEAD, file.n);
    cu_bundle_digest(file, &out->digest);
    signed_text(&out->digest, text);
    if (cu_ed25519_verify(public_key, cu_bytes_of(text, sizeof text), file.p + 8) != CU_OK)
        return cu_fail(f, CU_SIGNATURE, "the policy bundle is not signed by the daemon's key");
    bool bad = !cut(body, &s);
    for (size_t i = 0; i < PARTS && !bad; i++) {
        part_reader r = {s.content[i], false};
        if (!s.seen[i])
            continue;
        parts[i].take(&r, a, out);
        bad = r.bad || r.rest.n;
    }
    return bad || !keys_in_order(out) ? cu_fail(f, CU_CORRUPT, "the policy bundle is malformed") : CU_OK;
}

const cu_bundle_key *cu_bundle_find_hash(const cu_bundle *b, const cu_sha256 *hash)
{
    cu_bundle_key want = {.hash = *hash};
    return b->keys_n ? bsearch(&want, b->keys, b->keys_n, sizeof *b->keys, by_hash) : NULL;
}

/* What is hashed for a certificate begins with a byte that no header can hold. */
void cu_bundle_certificate_hash(cu_bytes name, cu_sha256 *out)
{
    cu_sha256_of3(cu_bytes_of("\0certificate\0", 13), name, CU_NONE, out);
}

const cu_bundle_key *cu_bundle_find_certificate(const cu_bundle *b, cu_bytes name)
{
    cu_sha256 hash;
    cu_bundle_certificate_hash(name, &hash);
    return cu_bundle_find_hash(b, &hash);
}
