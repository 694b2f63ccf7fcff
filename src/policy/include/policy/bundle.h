/* The policy bundle: all that a gateway needs to decide, in one file that it maps read-only. The
 * daemon writes it, the gateway reads it; they meet in nothing else but the spool. Format:
 * docs/formats/bundle.md. This header does no I/O: bytes in, bytes out. */
#ifndef CUSTOS_POLICY_BUNDLE_H
#define CUSTOS_POLICY_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "catalog/types.h"

#define CU_BUNDLE_MAX ((size_t)256 << 20)
#define CU_KEY_PREFIX "ck-"       /* virtual keys: ck- and 40 base32 characters */
#define CU_KEY_MAX 128u           /* bytes of a presented key */

typedef enum { CU_VENDOR_UNASSESSED, CU_VENDOR_APPROVED, CU_VENDOR_REFUSED, CU_VENDOR_EXPIRED }
cu_vendor_state;
const char *cu_vendor_state_name(cu_vendor_state s); /* "approved" */

typedef struct {
    cu_bytes name;
    uint8_t surrogate_key[32]; /* secret */
    uint8_t commit_key[32];    /* secret: keys the body commitments of leaves */
    uint8_t key_id;            /* one character of [a-z0-9] */
    uint8_t act[CU_TYPE_COUNT]; /* 0 allow, 1 replace, 2 block (cu_act) */
    cu_bytes known;            /* keyed hashes of known secrets (redact/known.h), may be empty */
} cu_bundle_tenant;

typedef struct {
    cu_bytes name, api, credential /* secret */, models;
    uint8_t decision;          /* cu_vendor_state as assessed, before expiry */
    uint64_t until_ns;         /* approved until, 0 = no end */
} cu_bundle_vendor;

typedef struct {
    cu_sha256 hash;            /* SHA-256 of the virtual key: 200 random bits need no slow hash */
    uint32_t tenant;           /* index */
    cu_bytes id, user;
    uint64_t expires_ns;       /* 0 = never */
    bool revoked;
} cu_bundle_key;

typedef struct {
    uint64_t version;          /* grows with every bundle */
    uint64_t made_ns;
    cu_bundle_tenant *tenants;
    size_t tenants_n;
    cu_bundle_vendor *vendors;
    size_t vendors_n;
    cu_bundle_key *keys;       /* sorted by hash */
    size_t keys_n;
    cu_sha256 digest;          /* over the whole encoding; filled by decode */
} cu_bundle;

/* Sorts keys, then appends the encoding. */
cu_err cu_bundle_encode(cu_bundle *b, cu_buf *out) CU_MUST;
/* Strings point into `file`, arrays live in the arena. Checks digest and every bound. */
cu_err cu_bundle_decode(cu_bytes file, cu_arena *a, cu_bundle *out, cu_fault *f) CU_MUST;
/* NULL when unknown. Found by its hash, so that timing says nothing about other keys. */
const cu_bundle_key *cu_bundle_find_key(const cu_bundle *b, cu_bytes presented);

#endif
