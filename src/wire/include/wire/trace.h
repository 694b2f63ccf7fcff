/* The header traceparent (W3C Trace Context, Recommendation of 2021-11-23). */
#ifndef CUSTOS_WIRE_TRACE_H
#define CUSTOS_WIRE_TRACE_H

#include "base/bytes.h"

#define CU_TRACE_LEN 56 /* of the header's text, with the NUL behind it */

typedef struct {
    char trace[33], parent[17]; /* hex; parent empty: the trace begins here */
    bool sampled;
} cu_trace;

/* Strict. False: there is none that can be gone on with, and a new trace begins. */
bool cu_trace_read(cu_bytes header, cu_trace *out);
/* What goes on from `span`, in version 00. */
void cu_trace_write(const cu_trace *t, const char span[17], char out[CU_TRACE_LEN]);

#endif
