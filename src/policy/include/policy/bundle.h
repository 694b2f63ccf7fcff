/* The policy bundle: all that a gateway needs to decide, in one signed file of tagged sections. The
 * daemon writes it, the gateway reads it; they meet in nothing else but the spool. Format:
 * docs/formats/bundle.md. This header does no I/O: bytes in, bytes out. */
#ifndef CUSTOS_POLICY_BUNDLE_H
#define CUSTOS_POLICY_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/sign.h"
#include "catalog/access.h"
#include "catalog/guard_config.h"
#include "catalog/types.h"

#define CU_BUNDLE_MAX ((size_t)256 << 20)
#define CU_KEY_PREFIX "ck-"       /* virtual keys: ck- and 40 base32 characters */
#define CU_KEY_MAX 128u           /* bytes of a presented key */
#define CU_PINS_MAX 8u

typedef enum { CU_VENDOR_UNASSESSED, CU_VENDOR_APPROVED, CU_VENDOR_REFUSED, CU_VENDOR_EXPIRED }
cu_vendor_state;
const char *cu_vendor_state_name(cu_vendor_state s); /* "approved" */

#define CU_PER_MINUTE_MAX 100000000u /* largest limit a minute */

/* What may be used; 0 is no limit. Spend is in millionths of the unit of the price table. */
typedef struct {
    uint64_t requests_per_minute, tokens_per_minute, tokens_per_day, spend_per_day, concurrent;
} cu_limits;

/* Lists of names, or prefixes ending in *, separated by commas; empty: everything. */
typedef struct {
    cu_bytes vendors, models, repos, classes, tools;
} cu_scopes;

typedef struct {
    cu_bytes name;
    uint8_t surrogate_key[32]; /* secret */
    uint8_t commit_key[32];    /* secret: keys the body commitments of leaves */
    uint8_t key_id;            /* one character of [a-z0-9] */
    uint8_t act[CU_TYPE_COUNT]; /* 0 allow, 1 replace, 2 block (cu_act) */
    cu_bytes known;            /* keyed hashes of known secrets (redact/known.h), may be empty */
    cu_limits limits;          /* of all its callers together */
} cu_bundle_tenant;

/* What is done with a request whose flags contradict the vendor's terms. */
typedef enum { CU_MISMATCH_REFUSE, CU_MISMATCH_SET, CU_MISMATCH_RECORD } cu_mismatch;

typedef struct {
    cu_bytes name, api, credential /* secret */, models;
    uint8_t decision;          /* cu_vendor_state as assessed, before expiry */
    uint64_t until_ns;         /* approved until, 0 = no end */
    bool allow_unassessed;     /* may be used without an assessment */
    bool strict;               /* personal data and secrets are blocked, not replaced */
    cu_bytes plan;             /* the plan tier in use, empty when none is named */
    bool no_training, no_retention; /* terms of that plan: a request that says otherwise contradicts them */
    uint8_t mismatch;          /* cu_mismatch */
    cu_bytes pins;             /* SHA-256 of accepted public keys (SPKI, DER), 32 bytes each; empty: any */
} cu_bundle_vendor;

typedef struct {
    cu_sha256 hash;            /* SHA-256 of the virtual key: 200 random bits need no slow hash */
    uint32_t tenant;           /* index */
    cu_bytes id, user;
    uint64_t expires_ns;       /* 0 = never */
    bool revoked;
    bool service;              /* user names a service, not a person */
    cu_scopes scopes;
    cu_limits limits;
} cu_bundle_key;

/* Millionths of the unit per million tokens. */
typedef struct {
    cu_bytes models;
    uint64_t input, output, cache_read, cache_write;
} cu_bundle_price;

/* A vendor's credential for one tenant, in place of the vendor's own. */
typedef struct {
    uint32_t vendor, tenant;   /* indices */
    cu_bytes credential;       /* secret */
} cu_bundle_credential;

/* Public keys that bodies are sealed to (docs/formats/bodies.md): one a tenant, class of data and day ... */
#define CU_BODY_KEY_ID 16u
typedef struct {
    uint32_t tenant;           /* index */
    uint32_t day;              /* since 1970-01-01, UTC */
    uint8_t class;             /* cu_data_class */
    bool refuse;               /* a request that cannot be kept is refused */
    uint8_t id[CU_BODY_KEY_ID], pk[32];
} cu_bundle_body_key;
/* ... and one of each person who may be the caller. */
typedef struct {
    cu_bytes user;             /* pseudonym; sorted by it */
    uint8_t pk[32];
} cu_bundle_body_person;

typedef struct {
    uint64_t version;          /* grows with every bundle */
    uint64_t made_ns;
    cu_bundle_tenant *tenants;
    size_t tenants_n;
    cu_bundle_vendor *vendors;
    size_t vendors_n;
    cu_bundle_key *keys;       /* sorted by hash */
    size_t keys_n;
    cu_bundle_price *prices;   /* the first that fits a model counts */
    size_t prices_n;
    cu_access access;          /* repositories, rules, groups (policy/access.h) */
    cu_guard_config guard;     /* what is done with commands that a model wrote, with the rules of stronger tiers */
    bool pseudonyms;           /* user ids and cache keys are replaced by tenant-scoped ones */
    bool leak_detector;        /* fingerprints of each tenant's code are kept and looked for */
    cu_bundle_credential *credentials;
    size_t credentials_n;
    cu_bundle_body_key *body_keys;
    size_t body_keys_n;
    cu_bundle_body_person *body_persons;
    size_t body_persons_n;
    uint32_t lockout_failures, lockout_seconds; /* unknown keys from one address within that time; 0 = no lockout */
    cu_sha256 digest;          /* over all sections; filled by encode and decode */
} cu_bundle;

/* Sorts keys, then appends the encoding, signed with the seed. */
cu_err cu_bundle_encode(cu_bundle *b, const uint8_t seed[CU_ED25519_KEY], cu_buf *out) CU_MUST;
/* Strings point into `file`, arrays live in the arena. Checks signature, digest and every bound.
 * CU_SIGNATURE, CU_CORRUPT, CU_NOMEM. */
cu_err cu_bundle_decode(cu_bytes file, const uint8_t public_key[CU_ED25519_KEY], cu_arena *a, cu_bundle *out,
                        cu_fault *f) CU_MUST;
/* What stands in cu_bundle.digest for a file like this, whether it is a good one or not. */
void cu_bundle_digest(cu_bytes file, cu_sha256 *out);
/* By the SHA-256 of the key, so that timing says nothing about other keys. NULL when unknown. */
const cu_bundle_key *cu_bundle_find_hash(const cu_bundle *b, const cu_sha256 *hash);
/* A client certificate is known by its subject ("subject:CN=ci,O=Acme", RFC 4514 order as OpenSSL's
 * RFC 2253 form writes it) or an alternative name ("dns:…", "email:…", "uri:…"). */
const cu_bundle_key *cu_bundle_find_certificate(const cu_bundle *b, cu_bytes name);
/* Tenants of custos probe: their traffic is no business of anybody's, and their names no others can have. */
#define CU_PROBE_PREFIX "probe-"
static inline bool cu_bundle_is_probe(cu_bytes tenant)
{
    return cu_starts(tenant, CU_LIT(CU_PROBE_PREFIX));
}
/* What this tenant's requests to the vendor carry. */
cu_bytes cu_bundle_credential_of(const cu_bundle *b, const cu_bundle_vendor *v, const cu_bundle_tenant *t);
/* The key of that day. *kept: bodies of this tenant and class are kept, also when there is none for the day
 * (NULL); *refuse: what cannot be kept does not leave. */
const cu_bundle_body_key *cu_bundle_body_key_of(const cu_bundle *b, uint32_t tenant, uint8_t class, uint32_t day, bool *kept, bool *refuse);
/* NULL: a service, or somebody who was erased. */
const cu_bundle_body_person *cu_bundle_body_person_of(const cu_bundle *b, cu_bytes user);
/* What such a caller has in the place of a key's hash. */
void cu_bundle_certificate_hash(cu_bytes name, cu_sha256 *out);

#endif
