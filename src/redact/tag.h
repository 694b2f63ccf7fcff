/* Tags of texts: Poly1305 (RFC 8439) under a random key over tenant, rules digest, length and text, of which
 * whole blocks were squeezed where the machine can do that faster. */
#ifndef CUSTOS_REDACT_TAG_H
#define CUSTOS_REDACT_TAG_H

#include "redact/memo.h"
#include "squeeze.h"

typedef struct {
    uint8_t poly[32];
    uint8_t blocks[2 * CU_SQUEEZE_BLOCK];
} cu_tag_key;

/* Before there are threads. */
void cu_tag_key_new(cu_tag_key *k);
bool cu_tag_of(const cu_tag_key *k, uint32_t tenant, const uint8_t rules[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG]);
/* See cu_memo_tags(). */
bool cu_tags_of(const cu_tag_key *k, uint32_t tenant, const uint8_t rules[32], cu_bytes text, const uint32_t *ends, size_t n,
                uint8_t tags[][CU_MEMO_TAG]);

#endif
