/* A form of the trust page on any bytes: what is taken fits, and was agreed to. */
#include "comply/agreement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_agreement a;
    cu_fault f = {0};
    if (cu_agreement_parse(cu_bytes_of(data, n), &a, &f) != CU_OK) {
        CU_ASSERT(f.code != CU_OK && f.text[0]);
        return 0;
    }
    CU_ASSERT(a.agreed && a.name[0] && strchr(a.mail, '@') && strlen(a.name) < sizeof a.name && strlen(a.report) < sizeof a.report);
    return 0;
}
