/* What a vendor's entry says about the contract with it and about the way to it. */
#ifndef CUSTOS_CATALOG_VENDOR_TERMS_H
#define CUSTOS_CATALOG_VENDOR_TERMS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_VENDOR_PINS 8u
/* Seconds: to connect; between two writes; between two reads (a model may think for long). */
#define CU_VENDOR_CONNECT_S 15u
#define CU_VENDOR_SEND_S 60u
#define CU_VENDOR_READ_S 600u

/* check: whether upstreams are tried beside the traffic. */
typedef struct {
    bool given;
    char *path;            /* NULL: a connection, with https its handshake, is enough */
    uint32_t interval_s, timeout_s;
    uint32_t fall, rise;   /* checks in a row that change the state */
} cu_vendor_check;

/* breaker: requests without an answer in a row, failures 0: it never opens; how long it stays open. */
typedef struct {
    uint32_t failures, seconds;
} cu_vendor_breaker;

typedef struct {
    bool no_soc2;          /* assessment.soc2: none */
    bool strict;           /* the profile in force: profile, or what soc2 leads to */
    bool allow_private;
    char *plan;            /* NULL: none named */
    bool no_training, no_retention;
    uint8_t mismatch;      /* 0 refuse, 1 set, 2 record */
    uint8_t pins[CU_VENDOR_PINS][32]; /* SHA-256 of accepted public keys */
    size_t pins_n;
    bool spread;           /* balance: session; otherwise the first upstream that answers */
    bool own_timeouts;     /* some were given; seconds: */
    uint32_t connect_s, send_s, read_s;
    cu_vendor_check check;
    cu_vendor_breaker breaker;
} cu_vendor_terms;

/* The keys of a vendor's entry that are read here, for the list of known ones. */
#define CU_VENDOR_TERM_KEYS "profile plan plans allow_private pins balance timeouts check breaker"
/* n: the vendor's entry. out->no_soc2 is set before. */
cu_err cu_config_read_terms(const char *path, const cu_yaml *n, cu_arena *a, cu_vendor_terms *out, cu_fault *f) CU_MUST;

#endif
