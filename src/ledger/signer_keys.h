/* The signer's keys and the list of logs it ever signed for, in one file: whoever loses the list loses
 * the keys, so that a lost memory of one log is never taken for a new log. */
#ifndef CUSTOS_LEDGER_SIGNER_KEYS_H
#define CUSTOS_LEDGER_SIGNER_KEYS_H

#include "note.h"

typedef struct {
    uint8_t seed[32], pk[32];
    bool signs;      /* else only its public part is left */
    uint64_t until;  /* seconds since 1970 when it stops to sign; 0: it has no end yet */
} signer_key;

typedef struct {
    int dirfd;
    signer_key v[NOTE_KEYS_MAX]; /* oldest first */
    size_t n;
    cu_buf origins; /* each followed by a newline */
} signer_keys;

cu_err signer_keys_load(signer_keys *k, cu_fault *f) CU_MUST; /* makes the first one */
void signer_keys_wipe(signer_keys *k);
/* Keys whose time is over are destroyed. */
cu_err signer_keys_settle(signer_keys *k) CU_MUST;
cu_err signer_keys_rotate(signer_keys *k, uint64_t overlap_s) CU_MUST; /* CU_STATE: one is under way */
bool signer_keys_knows(const signer_keys *k, const char *origin);
cu_err signer_keys_learn(signer_keys *k, const char *origin) CU_MUST;

#endif
