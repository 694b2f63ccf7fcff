/* The Anthropic Messages API (platform.claude.com/docs, version 2023-06-01): which strings of a
 * request carry user data, and what a request or an answer says about itself. */
#ifndef CUSTOS_WIRE_ANTHROPIC_H
#define CUSTOS_WIRE_ANTHROPIC_H

#include "wire/json.h"

/* Marks strings of a request body as FIXED (type, role, model, tool_use ids, …) or OPAQUE
 * (signature, redacted_thinking data, base64 sources). */
void cu_anthropic_classify(cu_bytes body, cu_json_strings *s);

typedef struct {
    cu_bytes model;   /* raw span of the body */
    bool stream;
} cu_anthropic_request;

/* Reads the facts; CU_SYNTAX with a message for the client when model or messages are missing or
 * have the wrong type. */
cu_err cu_anthropic_read(cu_bytes body, const cu_json_strings *s, cu_anthropic_request *out,
                         cu_fault *f) CU_MUST;

#endif
