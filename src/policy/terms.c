#include "policy/terms.h"

const char *cu_terms_mismatch(const cu_bundle_vendor *v, const cu_request_flags *flags, bool *settable)
{
    *settable = false;
    if (v->no_retention && flags->background != CU_FLAG_ABSENT && flags->background != CU_FLAG_FALSE)
        return "background"; /* the answer waits at the provider until it is fetched */
    if (v->no_training && flags->collect != CU_FLAG_ABSENT && flags->collect != CU_FLAG_FALSE)
        return "provider.data_collection";
    if (v->no_retention && flags->conversation)
        return "conversation";
    bool kept = flags->store == CU_FLAG_ABSENT ? flags->keeps_by_default : flags->store != CU_FLAG_FALSE;
    if (!v->no_retention || !kept)
        return NULL;
    *settable = true;
    return "store";
}
