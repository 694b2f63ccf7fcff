/* A leaf: one UTF-8 JSON object, keys sorted, no floats, at most 16 KiB. Bytes are truth.
 *   {"actor":…,"body":{…},"epoch":N,"id":…,"prev":hex,"seq":N,"tenant":…,"ts":…,"type":…,"v":1,
 *    "writer":…}
 * prev = SHA-256 of the writer's leaf before this one (64 zeros for the first of an epoch). */
#ifndef CUSTOS_LEDGER_LEAF_H
#define CUSTOS_LEDGER_LEAF_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/ids.h"

#define CU_LEAF_MAX 16384u
/* The log of the organisation itself: people, vendors, policies, probes. */
#define CU_TENANT_ORG "org"

/* What the caller knows; the writer adds v, writer, epoch, seq, prev. */
typedef struct {
    cu_bytes type;    /* "exchange.request" */
    cu_bytes id;      /* ULID; empty: a fresh one */
    cu_bytes tenant;  /* name of the tenant's log, or CU_TENANT_ORG */
    cu_bytes actor;   /* key id, user or process */
    cu_bytes body;    /* a JSON object, keys sorted; never prompt text, secrets or unkeyed hashes */
    uint64_t ts_ns;   /* 0: now */
} cu_leaf_in;

/* The fields of a stored leaf that the log itself reads; views into the leaf. */
typedef struct {
    cu_bytes type, id, tenant, actor, writer, ts, body;
    uint64_t epoch, seq;
    cu_sha256 prev;
} cu_leaf;

/* Strict: exactly the shape above, in that order. */
cu_err cu_leaf_parse(cu_bytes leaf, cu_leaf *out) CU_MUST;

/* Appends the stored form. CU_SYNTAX when a header field is no word of printable ASCII. */
cu_err cu_leaf_encode(const cu_leaf_in *in, const char *id, const char *writer, uint64_t epoch,
                      uint64_t seq, const cu_sha256 *prev, cu_buf *out) CU_MUST;

#endif
