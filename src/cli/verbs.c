#include "verbs.h"

const cu_verb *const cu_verbs[] = {
#define X(name) &cu_verb_##name,
    CU_VERBS(X)
#undef X
    NULL,
};
const char *const cu_verbs_elsewhere = NULL;
