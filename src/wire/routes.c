/* The table of paths. */
#include "wire/shape.h"

static const char *const names[] = {"anthropic", "openai", "gemini"};

const char *cu_api_name(cu_api a)
{
    return (unsigned)a < CU_API_COUNT ? names[a] : "unknown";
}

cu_api cu_api_by_name(cu_bytes name)
{
    unsigned a = 0;
    while (a < CU_API_COUNT && !cu_eq_str(name, names[a]))
        a++;
    return (cu_api)a;
}

#define ANT .api = CU_API_ANTHROPIC
#define OAI .api = CU_API_OPENAI
#define GEM .api = CU_API_GEMINI
#define GET .method = CU_METHOD_GET
#define POST .method = CU_METHOD_POST
#define GEMINI(version)                                                                            \
    {GEM, POST, "/" version "/models/*:generateContent"},                                         \
    {GEM, POST, "/" version "/models/*:streamGenerateContent", .stream = CU_STREAM_PATH},         \
    {GEM, POST, "/" version "/models/*:countTokens"},                                             \
    {GEM, POST, "/" version "/models/*:embedContent"},                                            \
    {GEM, POST, "/" version "/models/*:batchEmbedContents"},                                      \
    {GEM, GET, "/" version "/models"}, {GEM, GET, "/" version "/models/*"}

static const cu_route routes[] = {
    {ANT, POST, "/v1/messages", .list = "messages", .model = true, .stream = CU_STREAM_MEMBER},
    {ANT, POST, "/v1/messages/count_tokens", .list = "messages", .model = true},
    {ANT, GET, "/v1/models"},
    {ANT, GET, "/v1/models/*"},
    {OAI, POST, "/v1/chat/completions", .list = "messages", .model = true, .stream = CU_STREAM_MEMBER},
    {OAI, POST, "/v1/responses", .stream = CU_STREAM_MEMBER, .stateful = true},
    {OAI, GET, "/v1/responses", .upgrade = true},
    {OAI, GET, "/v1/responses/*", .recalls = true},
    {OAI, POST, "/v1/responses/input_tokens"},
    {OAI, POST, "/v1/responses/compact"},
    {OAI, POST, "/v1/conversations", .conversation = true},
    {OAI, GET, "/v1/conversations/*", .recalls = true},
    {OAI, POST, "/v1/conversations/*", .recalls = true, .conversation = true},
    {OAI, GET, "/v1/conversations/*/items", .recalls = true},
    {OAI, POST, "/v1/conversations/*/items", .list = "items", .recalls = true, .conversation = true},
    {OAI, POST, "/v1/embeddings", .text = "input", .model = true},
    {OAI, POST, "/v1/completions", .text = "prompt", .model = true, .stream = CU_STREAM_MEMBER},
    {OAI, POST, "/v1/moderations"},
    {OAI, GET, "/v1/models"},
    {OAI, GET, "/v1/models/*"},
    /* Azure OpenAI: the model is a deployment in the path */
    {OAI, POST, "/openai/deployments/*/chat/completions", .list = "messages", .stream = CU_STREAM_MEMBER},
    {OAI, POST, "/openai/deployments/*/completions", .text = "prompt", .stream = CU_STREAM_MEMBER},
    {OAI, POST, "/openai/deployments/*/embeddings", .text = "input"},
    GEMINI("v1beta"),
    GEMINI("v1"),
    GEMINI("v1alpha"),
};

static bool name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || memchr("._@-", c, 4);
}

/* A * takes 1 to 128 characters of a name; a colon among them where it does not begin a verb. */
static bool fits(const char *pattern, bool verbs, cu_bytes path, cu_bytes *model)
{
    const char *star = strchr(pattern, '*');
    *model = CU_NONE;
    if (!star)
        return cu_eq_str(path, pattern);
    cu_bytes head = cu_bytes_of(pattern, (size_t)(star - pattern)), tail = cu_str(star + 1);
    if (path.n <= head.n + tail.n || path.n > head.n + tail.n + 128 || !cu_starts(path, head) ||
        memcmp(path.p + path.n - tail.n, tail.p, tail.n) != 0)
        return false;
    *model = cu_slice(path, head.n, path.n - tail.n);
    for (size_t i = 0; i < model->n; i++)
        if (!name_char(model->p[i]) && !(model->p[i] == ':' && !verbs))
            return false;
    return true;
}

const cu_route *cu_route_find(cu_api api, unsigned method, cu_bytes path, cu_bytes *model, bool *known)
{
    *known = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const cu_route *r = &routes[i];
        if ((api != CU_API_COUNT && r->api != api) || !fits(r->path, r->api == CU_API_GEMINI, path, model))
            continue;
        *known = true;
        if (r->method == method)
            return r;
    }
    *model = CU_NONE;
    return NULL;
}

const char *const *cu_api_headers(cu_api a)
{
    static const char *const anthropic[] = {"anthropic-version", "anthropic-beta", NULL};
    static const char *const openai[] = {"openai-beta", NULL};
    static const char *const none[] = {NULL};
    return a == CU_API_ANTHROPIC ? anthropic : a == CU_API_OPENAI ? openai : none;
}
