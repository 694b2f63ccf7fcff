#include "base/ids.h"
#include "base/clock.h"
#include "base/digest.h"

void cu_id_at(uint64_t ns, char out[CU_ID_LEN])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t ms = ns / 1000000ULL;
    uint8_t r[16];
    cu_random(r, sizeof r);
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = alphabet[ms & 31];
    for (int i = 0; i < 16; i++)
        out[10 + i] = alphabet[r[i] & 31];
    out[26] = 0;
}

void cu_id_new(char out[CU_ID_LEN])
{
    cu_id_at(cu_now_ns(), out);
}
