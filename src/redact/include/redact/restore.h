/* An answer on its way back: surrogates that were issued in this exchange become their values
 * again, in text, in the arguments of tools and in program text (escaped for the place where they
 * stand), however the stream was cut. Signatures, signed thinking and other opaque fields pass
 * untouched. */
#ifndef CUSTOS_REDACT_RESTORE_H
#define CUSTOS_REDACT_RESTORE_H

#include "redact/redact.h"
#include "wire/shape.h"

#define CU_SSE_MAX_EVENT ((size_t)8 << 20)   /* bytes of one event; beyond: CU_TOO_BIG */
#define CU_SSE_MAX_BLOCKS 1024u              /* texts open at once */

/* What the answer says about itself, for the record. */
typedef struct {
    uint64_t input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens;
    uint32_t events, tool_calls, restored;
    bool complete;              /* the API's last event was seen, or the JSON body was whole */
    bool error;                 /* an error event or error body */
    char stop_reason[32];
    char response_id[128];      /* under which the provider keeps it, "" when it does not say */
} cu_answer;

typedef struct cu_restorer cu_restorer;

typedef enum {
    CU_STREAM_SSE,   /* server-sent events */
    CU_STREAM_ARRAY, /* one JSON array, element by element: Gemini without alt=sse */
} cu_stream_form;

/* issued is borrowed and may be empty (then bytes pass unchanged, and only facts are read). */
cu_err cu_restorer_new(const cu_issued_map *issued, cu_api api, cu_stream_form form, cu_restorer **out) CU_MUST;
void cu_restorer_free(cu_restorer *r);
/* Takes the next bytes of a stream and appends what may leave. Holds back only what could be the
 * beginning of a surrogate, and an event that is not whole yet. Events without a change leave
 * byte-identical, with upstream's own line ends. */
cu_err cu_restorer_feed(cu_restorer *r, cu_bytes in, cu_buf *out) CU_MUST;
/* The end of the stream: what is still held leaves as it is. */
cu_err cu_restorer_end(cu_restorer *r, cu_buf *out) CU_MUST;
const cu_answer *cu_restorer_answer(const cu_restorer *r);

/* A whole JSON answer. *out is `body` itself when nothing was restored, else bytes of buf. */
cu_err cu_restore_json(const cu_issued_map *issued, cu_api api, cu_bytes body, cu_buf *buf, cu_bytes *out,
                       cu_answer *facts) CU_MUST;

#endif
