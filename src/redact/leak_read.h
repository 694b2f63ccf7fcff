/* Text to tokens to fingerprints. */
#ifndef CUSTOS_REDACT_LEAK_READ_H
#define CUSTOS_REDACT_LEAK_READ_H

#include "redact/leak.h"

/* Calls each for every fingerprint that is picked. Goes on where the last call stopped. */
void leak_read(cu_leak_reader *r, const uint64_t key[4], cu_bytes text, void (*each)(void *arg, uint64_t fp), void *arg);

#endif
