/* What the sink answers: the text that it was sent, in the API that asked. */
#ifndef CUSTOS_SERVE_SINK_REPLY_H
#define CUSTOS_SERVE_SINK_REPLY_H

#include <stdbool.h>
#include "base/buf.h"

/* For probes, the name of the model may ask for more: sink-thinking and sink-tool say it in thinking and
 * in the input of a tool (Anthropic); sink-recall says what `before`, the request before this one, said,
 * as a provider would that mixes up its customers. */
/* Appends the answer and returns its content type; NULL: no such path. path is without its query; alt
 * (NULL: none) is the form of a stream that a query of Gemini asks for. */
const char *sink_reply(bool get, const char *path, const char *alt, cu_bytes body, cu_bytes before, cu_buf *out);

#endif
