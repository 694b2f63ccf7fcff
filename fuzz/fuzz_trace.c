/* traceparent of any bytes: what is taken can be written and taken again. */
#include "base/error.h"
#include "wire/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_trace t, again;
    char text[CU_TRACE_LEN];
    if (!cu_trace_read(cu_bytes_of(data, n), &t))
        return 0;
    CU_ASSERT(strlen(t.trace) == 32 && strlen(t.parent) == 16);
    cu_trace_write(&t, t.parent, text);
    CU_ASSERT(strlen(text) == CU_TRACE_LEN - 1 && cu_trace_read(cu_str(text), &again));
    CU_ASSERT(strcmp(t.trace, again.trace) == 0 && strcmp(t.parent, again.parent) == 0 && t.sampled == again.sampled);
    return 0;
}
