/* holders: what a person must have done before a key of hers works. */
#include "catalog/config.h"
#include "reading.h"

cu_err cu_holders_read(const cu_yaml *root, const char *path, cu_config_holders *out, cu_fault *f)
{
    const reading r = {path, NULL, f};
    const cu_yaml *n = cu_yaml_get(root, "holders"), *k;
    unsigned word = 0;
    *out = (cu_config_holders){.grace_days = 14};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "holders", "acknowledgement training grace_days"));
    if ((k = cu_yaml_get(n, "acknowledgement")))
        CU_TRY(reading_word(&r, k, "acknowledgement", "record refuse", &word));
    out->refuse_unread = word == 1;
    word = 0;
    if ((k = cu_yaml_get(n, "training")))
        CU_TRY(reading_word(&r, k, "training", "record suspend", &word));
    out->suspend_untrained = word == 1;
    return (k = cu_yaml_get(n, "grace_days")) ? reading_number(&r, k, "grace_days", 0, 365, &out->grace_days) : CU_OK;
}
