/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519 (RFC 8032). */
#ifndef CUSTOS_LEDGER_NOTE_H
#define CUSTOS_LEDGER_NOTE_H

#include "ledger/log.h"

/* Signature types of signed-note. */
#define NOTE_ED25519 1u
#define NOTE_COSIGNATURE 4u /* tlog-cosignature: a witness's, with a time */
#define NOTE_KEYS_MAX 64u
#define NOTE_SIGNATURES_MAX 64u

typedef struct {
    cu_bytes name;      /* view into the vkey line */
    uint8_t id[4], type, pk[32];
    uint64_t from, to;  /* sizes of checkpoints that it is good for; to: UINT64_MAX while in use */
} note_key;

/* The keys of one log in the order in which they came into use; views into a text that lives on. */
typedef struct {
    note_key v[NOTE_KEYS_MAX];
    size_t n;
} note_keys;

/* One signature line. */
typedef struct {
    cu_bytes name;
    uint8_t id[4];
    uint8_t sig[72]; /* without the id */
    size_t n;
} note_signature;

/* "origin\nsize\nroot\n" */
void checkpoint_text(const cu_checkpoint *cp, cu_buf *out);
/* Reads the three lines; what stands behind them is extension. */
cu_err checkpoint_parse(cu_bytes text, cu_checkpoint *out) CU_MUST;
void note_key_id(cu_bytes name, uint8_t type, const uint8_t pk[32], uint8_t id[4]);
/* "name+hexid+base64(type || pk)" with or without a newline; good for every size. */
cu_err note_key_parse(cu_bytes vkey, uint8_t type, note_key *out) CU_MUST;
void note_key_text(cu_bytes name, uint8_t type, const uint8_t pk[32], cu_buf *out);
/* Lines "VKEY" or "VKEY FROM TO", TO may be "-"; empty lines are passed over. name: take only keys of
 * this name; empty: all. CU_SYNTAX, CU_TOO_BIG. */
cu_err note_keys_parse(cu_bytes text, cu_bytes name, note_keys *out) CU_MUST;
void note_keys_text(const note_keys *k, cu_buf *out);

/* Appends a signature line. */
cu_err note_sign_line(cu_bytes text, cu_bytes name, const uint8_t seed[32], cu_buf *out) CU_MUST;
/* The text, and the signature lines behind the last empty line. CU_SYNTAX. */
cu_err note_split(cu_bytes note, cu_bytes *text, cu_bytes *lines) CU_MUST;
/* Takes one line off. CU_SYNTAX when it is malformed. Signatures longer than ours are taken, with n 0. */
cu_err note_next(cu_bytes *lines, note_signature *out) CU_MUST;
bool note_is_by(const note_signature *s, const note_key *k);
/* Reads the checkpoint: at least one of the keys that are good for its size has signed, and no
 * signature by a known key is false. CU_SYNTAX, CU_SIGNATURE. */
cu_err note_open(cu_bytes note, const note_keys *k, cu_checkpoint *out) CU_MUST;
/* The same with one key. */
cu_err note_open_one(cu_bytes note, const note_key *k, cu_checkpoint *out) CU_MUST;

#endif
