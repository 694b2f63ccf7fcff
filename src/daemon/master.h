/* The key that everything else in the keystore is sealed under. */
#ifndef CUSTOS_DAEMON_MASTER_H
#define CUSTOS_DAEMON_MASTER_H

#include "base/seal.h"

/* source: NULL (keystore/master, made at first use), file:PATH, credential:NAME or pkcs11:URI. */
cu_err master_key_load(int keystore, const char *source, uint8_t out[CU_SEAL_KEY], cu_fault *f) CU_MUST;

#endif
