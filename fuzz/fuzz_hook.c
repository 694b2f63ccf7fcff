/* A webhook on any bytes: the first says which host and event. */
#include "comply/hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const events[] = {"push", "pull_request", "pull_request_review", "pull_request_approved", "Push Hook", "Merge Request Hook", "ping"};
    cu_hook h;
    cu_fault f = {0};
    if (n == 0)
        return 0;
    cu_err e = cu_hook_read((cu_hook_kind)(data[0] % CU_HOOK_KINDS), cu_str(events[data[0] / CU_HOOK_KINDS % 7]), cu_bytes_of(data + 1, n - 1), &h, &f);
    CU_ASSERT(e == CU_OK || (f.code != CU_OK && f.text[0]));
    CU_ASSERT(e != CU_OK || h.what == CU_HOOK_NOTHING || (h.repo[0] && h.branch[0] && h.user[0] && (strlen(h.commit) == 40 || strlen(h.commit) == 64)));
    return 0;
}
