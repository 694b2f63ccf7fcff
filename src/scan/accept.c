/* Accepts nothing yet: a key of this run, and every finding is reported. */
#include "scan/accept.h"
#include <stdlib.h>
#include "base/digest.h"

struct cu_accept {
    uint8_t key[32];
};

cu_err cu_accept_load(const char *baseline, const char *ignore_file, uint64_t now_ns, cu_accept **out,
                      cu_fault *f)
{
    (void)now_ns;
    if (baseline || ignore_file)
        return cu_fail(f, CU_UNSUPPORTED, "baselines and ignore files are not in this version");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return CU_NOMEM;
    cu_random((*out)->key, sizeof (*out)->key);
    return CU_OK;
}

void cu_accept_free(cu_accept *a)
{
    if (a)
        cu_wipe(a->key, sizeof a->key);
    free(a);
}

const uint8_t *cu_accept_key(const cu_accept *a)
{
    return a->key;
}

cu_accept_how cu_accept_judge(const cu_accept *a, const cu_scan_finding *f, const char *rule_id)
{
    (void)a;
    (void)f;
    (void)rule_id;
    return CU_ACCEPT_NO;
}

cu_err cu_accept_add(cu_accept *a, const cu_scan_finding *f, const char *rule_id)
{
    (void)a;
    (void)f;
    (void)rule_id;
    return CU_UNSUPPORTED;
}

cu_err cu_accept_write(const cu_accept *a, const char *path, cu_fault *f)
{
    (void)a;
    return cu_fail(f, CU_UNSUPPORTED, "%.200s: baselines are not in this version", path);
}
