/* Refusals in the words of each API. The client shows the message to its user. */
#include "wire/shape.h"

static void anthropic(const char *kind, const char *message, const char *id, cu_buf *out)
{
    cu_buf_str(out, "{\"type\":\"error\",\"error\":{");
    cu_buf_json_kv_str(out, "type", kind);
    cu_buf_json_kv_str(out, "message", message);
    cu_buf_byte(out, '}');
    cu_buf_json_kv_str(out, "request_id", id);
    cu_buf_byte(out, '}');
}

static void openai(const char *kind, const char *reason, const char *message, cu_buf *out)
{
    static const char *const words[][2] = {{"api_error", "server_error"}, {"not_found_error", "invalid_request_error"},
                                           {"request_too_large", "invalid_request_error"}, {"overloaded_error", "server_error"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(kind, words[i][0]) == 0)
            kind = words[i][1];
    cu_buf_str(out, "{\"error\":{");
    cu_buf_json_kv_str(out, "message", message);
    cu_buf_json_kv_str(out, "type", kind);
    cu_buf_str(out, ",\"param\":null");
    cu_buf_json_kv_str(out, "code", reason);
    cu_buf_str(out, "}}");
}

/* google.rpc.Code by HTTP status. */
static const char *canonical(unsigned status)
{
    static const struct {
        unsigned status;
        const char *name;
    } codes[] = {{401, "UNAUTHENTICATED"}, {403, "PERMISSION_DENIED"}, {404, "NOT_FOUND"}, {429, "RESOURCE_EXHAUSTED"},
                 {500, "INTERNAL"}, {502, "UNAVAILABLE"}, {503, "UNAVAILABLE"}, {504, "DEADLINE_EXCEEDED"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            return codes[i].name;
    return "INVALID_ARGUMENT";
}

void cu_shape_error(cu_api api, unsigned status, const char *kind, const char *reason, const char *message, const char *id,
                    cu_buf *out)
{
    if (api == CU_API_OPENAI) {
        openai(kind, reason, message, out);
    } else if (api == CU_API_GEMINI) {
        cu_buf_fmt(out, "{\"error\":{\"code\":%u", status);
        cu_buf_json_kv_str(out, "message", message);
        cu_buf_json_kv_str(out, "status", canonical(status));
        cu_buf_str(out, "}}");
    } else {
        anthropic(kind, message, id, out);
    }
}

/* Codex shows the message of a failed response at once when its code is invalid_prompt; others it repeats. */
static void failed_response(const char *message, const char *id, cu_buf *out)
{
    cu_buf_str(out, "{\"type\":\"response.failed\",\"response\":{");
    cu_buf_json_kv_str(out, "id", id);
    cu_buf_str(out, ",\"object\":\"response\",\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"invalid_prompt\"");
    cu_buf_json_kv_str(out, "message", message);
    cu_buf_str(out, "}}}");
}

void cu_shape_error_event(cu_api api, bool responses, bool crlf, unsigned status, const char *kind, const char *reason, const char *message,
                          const char *id, cu_buf *out)
{
    const char *line = crlf ? "\r\n" : "\n";
    if (api == CU_API_ANTHROPIC || responses)
        cu_buf_fmt(out, "event: %s%s", responses ? "response.failed" : "error", line);
    cu_buf_str(out, "data: ");
    if (responses)
        failed_response(message, id, out);
    else
        cu_shape_error(api, status, kind, reason, message, id, out);
    cu_buf_fmt(out, "%s%s", line, line);
}
