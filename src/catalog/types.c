#include "catalog/types.h"

static const struct {
    const char *name, *code, *text;
    cu_class cls;
} types[] = {
#define X(name, code, text, cls) {#name, code, text, CU_CLASS_##cls},
    CU_TYPES(X)
#undef X
};

const char *cu_type_name(cu_type t)
{
    return (unsigned)t < CU_TYPE_COUNT ? types[t].name : "CODE";
}

const char *cu_type_code(cu_type t)
{
    return (unsigned)t < CU_TYPE_COUNT ? types[t].code : "NONE";
}

const char *cu_type_text(cu_type t)
{
    return (unsigned)t < CU_TYPE_COUNT ? types[t].text : "weakness in code";
}

cu_class cu_type_class(cu_type t)
{
    return (unsigned)t < CU_TYPE_COUNT ? types[t].cls : CU_CLASS_NONE;
}

cu_type cu_type_by_name(cu_bytes name)
{
    for (unsigned t = 0; t < CU_TYPE_COUNT; t++)
        if (cu_eq_str(name, types[t].name))
            return (cu_type)t;
    return CU_TYPE_COUNT;
}
