/* "Never scan the same text twice": findings of longer strings, remembered in memory that the
 * workers share. Key: Poly1305 (whole blocks of a text are squeezed before: redact/squeeze.h) under a random
 * key that lives in that memory only, together with the tenant and the rules' digest. Holds offsets and types,
 * never values, and beside them the SHA-256 of texts as they were forwarded, which never leaves this memory but
 * keyed. Bounded, evicting. */
#ifndef CUSTOS_REDACT_MEMO_H
#define CUSTOS_REDACT_MEMO_H

#include "base/bytes.h"
#include "base/digest.h"
#include "detect/detect.h"

#define CU_MEMO_MIN_STRING 1024u /* bytes; shorter strings are cheaper to scan */

typedef struct cu_memo cu_memo;

/* Formats size bytes at region (zeroed by the caller, shared between processes) once. */
cu_memo *cu_memo_init(void *region, size_t size);
#define CU_MEMO_TAG 16
/* True: *out holds the findings of text, offsets relative to its start. tag is what put() takes
 * when it was false; false with a tag of zeros: this text cannot be remembered. */
bool cu_memo_get(cu_memo *m, uint32_t tenant, const uint8_t rules_digest[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG],
                 cu_findings *out);
void cu_memo_put(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], const cu_finding *v, size_t n);

/* The SHA-256 of texts, by the tag of a text or (tenant CU_MEMO_EDITED) of what one was made of. */
#define CU_MEMO_EDITED UINT32_MAX
bool cu_memo_tag(const cu_memo *m, uint32_t tenant, const uint8_t rules_digest[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG]);
/* Tags of the beginnings of text that end at ends[0] < ends[1] …, in one pass. */
bool cu_memo_tags(const cu_memo *m, uint32_t tenant, const uint8_t rules_digest[32], cu_bytes text, const uint32_t *ends, size_t n,
                  uint8_t tags[][CU_MEMO_TAG]);
bool cu_memo_digest_get(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], cu_sha256 *out);
void cu_memo_digest_put(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], const cu_sha256 *digest);

#endif
