#include "catalog/attest.h"
#include <string.h>
#include "reading.h"

static cu_err read_witness(const reading *r, const cu_yaml *n, cu_config_attest *out)
{
    const cu_yaml *k;
    CU_TRY(reading_only(r, n, "witness", "policy seconds"));
    if (!(k = cu_yaml_get(n, "policy")))
        return reading_wrong(r, n, "witness needs policy: a file that names the witnesses (docs/formats/witness.md)");
    CU_TRY(reading_text(r, k, "policy", &out->policy));
    return (k = cu_yaml_get(n, "seconds")) ? reading_number(r, k, "seconds", 1, 86400, &out->policy_seconds) : CU_OK;
}

static cu_err read_timestamps(const reading *r, const cu_yaml *n, cu_config_attest *out)
{
    const cu_yaml *url, *ca, *k;
    CU_TRY(reading_only(r, n, "timestamps", "url ca seconds"));
    if (!(url = cu_yaml_get(n, "url")) || !(ca = cu_yaml_get(n, "ca")))
        return reading_wrong(r, n, "timestamps needs url (of an RFC 3161 authority) and ca (PEM file: who signs its certificate)");
    CU_TRY(reading_text(r, url, "url", &out->tsa_url));
    if (strncmp(out->tsa_url, "http://", 7) != 0 && strncmp(out->tsa_url, "https://", 8) != 0)
        return reading_wrong(r, url, "url begins with http:// or https:// (the token is signed either way)");
    CU_TRY(reading_text(r, ca, "ca", &out->tsa_ca));
    return (k = cu_yaml_get(n, "seconds")) ? reading_number(r, k, "seconds", 1, 86400, &out->tsa_seconds) : CU_OK;
}

cu_err cu_attest_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_attest *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n;
    *out = (cu_config_attest){.policy_seconds = 60, .tsa_seconds = 3600};
    if ((n = cu_yaml_get(root, "witness")))
        CU_TRY(read_witness(&r, n, out));
    if ((n = cu_yaml_get(root, "timestamps")))
        CU_TRY(read_timestamps(&r, n, out));
    return CU_OK;
}
