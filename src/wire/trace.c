#include "wire/trace.h"
#include <stdio.h>

#define TEXT (CU_TRACE_LEN - 1u)

static bool lower_hex(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] >= 'a' && b.p[i] <= 'f')))
            return false;
    return true;
}

/* An id of zeros only is none. */
static bool is_id(cu_bytes b)
{
    bool any = false;
    for (size_t i = 0; i < b.n; i++)
        any |= b.p[i] != '0';
    return any && lower_hex(b);
}

static unsigned low_digit(uint8_t c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

bool cu_trace_read(cu_bytes h, cu_trace *out)
{
    *out = (cu_trace){0};
    if (h.n < TEXT || h.p[2] != '-' || h.p[35] != '-' || h.p[52] != '-' || !lower_hex(cu_slice(h, 0, 2)) || cu_starts(h, CU_LIT("ff")))
        return false;
    if (h.n > TEXT && (cu_starts(h, CU_LIT("00")) || h.p[TEXT] != '-')) /* a later version may say more */
        return false;
    cu_bytes trace = cu_slice(h, 3, 35), parent = cu_slice(h, 36, 52), flags = cu_slice(h, 53, TEXT);
    if (!is_id(trace) || !is_id(parent) || !lower_hex(flags))
        return false;
    memcpy(out->trace, trace.p, trace.n);
    memcpy(out->parent, parent.p, parent.n);
    out->sampled = low_digit(flags.p[1]) & 1;
    return true;
}

void cu_trace_write(const cu_trace *t, const char span[17], char out[CU_TRACE_LEN])
{
    snprintf(out, CU_TRACE_LEN, "00-%.32s-%.16s-%s", t->trace, span, t->sampled ? "01" : "00");
}
