/* What single steps of registers ask beyond catalog/events.yaml, and what follows from them. */
#include "desk.h"

static const desk_rule rules[] = {
    {NULL, NULL, NULL},
};

const desk_rule *desk_rule_of(cu_bytes type)
{
    for (const desk_rule *r = rules; r->type; r++)
        if (cu_eq_str(type, r->type))
            return r;
    return NULL;
}
