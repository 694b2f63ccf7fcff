#include "redact/pseudonym.h"
#include "base/digest.h"

void cu_pseudonym(const uint8_t key[CU_TENANT_KEY_LEN], cu_bytes field, cu_bytes value, char out[CU_PSEUDONYM_LEN + 1])
{
    cu_sha256 name, mac;
    /* the field's digest has one length: no field and value can run into each other */
    cu_sha256_of3(CU_LIT("custos pseudonym\0"), field, CU_NONE, &name);
    cu_hmac_sha256_3(cu_bytes_of(key, CU_TENANT_KEY_LEN), cu_bytes_of(name.b, sizeof name), value, CU_NONE, &mac);
    memcpy(out, "custos-", 7);
    cu_hex(out + 7, mac.b, 16);
}
