/* A witness behind HTTP (C2SP tlog-witness): POST /add-checkpoint, GET /checkpoint/ORIGIN-SHA256. */
#ifndef CUSTOS_SERVE_WITNESS_HTTP_H
#define CUSTOS_SERVE_WITNESS_HTTP_H

#include "ledger/witness.h"

typedef struct {
    const char *listen;             /* ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH */
    const char *tls_cert, *tls_key; /* PEM files; needed for any address but loopback */
} cu_witness_listen;

/* Serves until *stop. ready (may be NULL) is called once it listens. */
cu_err cu_witness_serve(cu_witness *w, const cu_witness_listen *at, volatile int *stop, void (*ready)(const char *listen), cu_fault *f) CU_MUST;

#endif
