/* custos.yaml, "witness" and "timestamps": who outside attests the anchor log. */
#ifndef CUSTOS_CATALOG_ATTEST_H
#define CUSTOS_CATALOG_ATTEST_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

typedef struct {
    char *policy;            /* file of a witness policy; NULL: no witnesses */
    uint64_t policy_seconds; /* between two rounds of asking */
    char *tsa_url, *tsa_ca;  /* RFC 3161 authority and who signs its certificate; NULL: no time stamps */
    uint64_t tsa_seconds;
} cu_config_attest;

cu_err cu_attest_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_attest *out, cu_fault *f) CU_MUST;

#endif
