/* What a worker keeps of bodies: sealed by a thread, in one file each, off the way of the exchange. */
#ifndef CUSTOS_GATEWAY_CAPTURE_H
#define CUSTOS_GATEWAY_CAPTURE_H

#include "base/buf.h"

/* Of one exchange. */
typedef struct {
    bool kept, refuse;      /* its bodies are to be kept; what cannot be kept does not leave */
    uint8_t class;          /* cu_data_class: the strictest of what is sent */
    cu_buf answer;          /* as received so far; empty memory unless it is kept */
    const char *lost;       /* the answer is not kept, and why */
    struct gw_body *wait;   /* the request is sealed before it may go on */
    const char *failed;     /* it could not be */
} gw_capture;

#endif
