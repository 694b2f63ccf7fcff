/* The APIs that assistants speak, as one table: which paths exist, what a body must hold, which
 * strings are protocol, which are signed or encoded, which hold JSON or source code in a string.
 * Everything that is not named here is data, wherever it stands: a field that an API gains
 * tomorrow is scanned the day it is sent.
 *
 * Sources: platform.claude.com/docs (Messages, 2023-06-01), platform.openai.com/docs (Chat
 * Completions, Responses, Embeddings, Completions), ai.google.dev/api (v1beta). */
#ifndef CUSTOS_WIRE_SHAPE_H
#define CUSTOS_WIRE_SHAPE_H

#include "wire/json.h"

typedef enum { CU_API_ANTHROPIC, CU_API_OPENAI, CU_API_GEMINI, CU_API_COUNT } cu_api;

const char *cu_api_name(cu_api a);   /* "anthropic": the word of custos.yaml */
cu_api cu_api_by_name(cu_bytes name); /* CU_API_COUNT when unknown */

#define CU_METHOD_GET 1u
#define CU_METHOD_POST 2u

typedef enum {
    CU_STREAM_NEVER,
    CU_STREAM_MEMBER, /* "stream": true in the body */
    CU_STREAM_PATH,   /* the path says so */
} cu_stream_how;

typedef struct {
    cu_api api;
    unsigned method;     /* CU_METHOD_* */
    const char *path;    /* one * stands for the name of a model */
    const char *list;    /* a member that must be a list; NULL: none */
    const char *text;    /* a member that may not hold numbers: token ids cannot be checked; NULL */
    bool model;          /* the body must name a model */
    cu_stream_how stream;
    bool stateful;       /* the provider keeps answers, unless "store" is false */
    bool recalls;        /* the * is the id of an answer or a conversation that the provider keeps */
    bool conversation;   /* is about a conversation: what it holds is kept whatever "store" says */
    bool upgrade;        /* asks for a WebSocket, which is declined so that the client posts */
} cu_route;

/* The route of a path (without query). api CU_API_COUNT: any; where two APIs share a path, the first
 * in the order of cu_api. *known: the path exists, with another method. model: what the * stood for. */
const cu_route *cu_route_find(cu_api api, unsigned method, cu_bytes path, cu_bytes *model, bool *known);

/* Headers that an API owns and that go upstream as they came; NULL-terminated lower-case names. */
const char *const *cu_api_headers(cu_api a);

/* Marks strings: CU_JSON_FIXED, CU_JSON_OPAQUE, CU_JSON_ARGS, CU_JSON_CODE, CU_JSON_DROP. answer:
 * the text comes from the provider, whose thinking is left as it is. */
void cu_shape_mark(cu_api api, bool answer, cu_bytes text, cu_json_strings *s);
void cu_shape_mark_one(cu_api api, bool answer, cu_bytes text, cu_json_strings *s, size_t at);

typedef struct {
    cu_bytes model;  /* raw span of the body; empty when the route takes it from the path */
    cu_bytes before; /* previous_response_id, empty when there is none */
    cu_bytes conversation; /* that the request belongs to, by name or as an object with an id; empty: none */
    bool stream;
    bool keeps;      /* the provider keeps the conversation: a later request may name the answer */
} cu_request_facts;

/* CU_SYNTAX with a message for the client when what the route requires is missing. */
cu_err cu_shape_read(const cu_route *r, cu_bytes body, const cu_json_strings *s, cu_request_facts *out, cu_fault *f)
    CU_MUST;

/* A refusal in the API's own JSON. kind: Anthropic's words (invalid_request_error, …), which are
 * translated. */
void cu_shape_error(cu_api api, unsigned status, const char *kind, const char *reason, const char *message, const char *id,
                    cu_buf *out);

/* The same as an event of a stream, which it ends. responses: of the Responses API; crlf: how its lines end. */
void cu_shape_error_event(cu_api api, bool responses, bool crlf, unsigned status, const char *kind, const char *reason, const char *message,
                          const char *id, cu_buf *out);

#endif
