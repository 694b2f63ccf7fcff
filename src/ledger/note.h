/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519 (RFC 8032). */
#ifndef CUSTOS_LEDGER_NOTE_H
#define CUSTOS_LEDGER_NOTE_H

#include "ledger/log.h"

typedef struct {
    cu_bytes name;      /* view into the vkey line */
    uint8_t id[4];
    uint8_t pk[32];
} note_key;

/* "origin\nsize\nroot\n" */
void checkpoint_text(const cu_checkpoint *cp, cu_buf *out);
void note_key_id(cu_bytes name, const uint8_t pk[32], uint8_t id[4]);
/* "name+hexid+base64(1 || pk)" with or without a newline. */
cu_err note_key_parse(cu_bytes vkey, note_key *out) CU_MUST;
void note_key_text(cu_bytes name, const uint8_t pk[32], cu_buf *out);
/* Appends text, a blank line and the signature line of `name`. */
cu_err note_sign(cu_bytes text, cu_bytes name, const uint8_t seed[32], cu_buf *out) CU_MUST;
/* Checks the signature by k and reads the checkpoint. CU_SYNTAX, CU_SIGNATURE. */
cu_err note_open(cu_bytes note, const note_key *k, cu_checkpoint *out) CU_MUST;
cu_err note_public_key(const uint8_t seed[32], uint8_t pk[32]) CU_MUST;

#endif
