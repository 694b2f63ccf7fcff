/* A request body of each API: whatever is accepted is redacted, and what leaves is JSON without the
 * values that were to be replaced. The first byte chooses the route. */
#include <stdlib.h>
#include "redact/redact.h"
#include "wire/event.h"
#include "wire/results.h"
#include "wire/shape.h"

static const char *const paths[] = {"/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/v1/responses", "/v1/embeddings",
                                    "/v1/completions", "/openai/deployments/d/embeddings", "/v1beta/models/m:generateContent", "/v1/models/m:streamGenerateContent"};
static const char *const values[] = {"qqqqqqqq1", "w\"w\\w\"w\\w2", "e`e'${e}e3"};

static cu_engine *engine;
static cu_scratch *scratch;
static const cu_known *known;
static const cu_surrogate_key key = {{1}, 'a'};

static void prepare(void)
{
    static cu_arena arena;
    static cu_rules rules;
    static uint8_t records[3 * CU_KNOWN_RECORD], hash_key[32];
    cu_fault f = {0};
    cu_arena_init(&arena, 64u << 20);
    for (size_t i = 0; i < 3; i++)
        cu_known_record(hash_key, cu_str(values[i]), records + i * CU_KNOWN_RECORD);
    known = cu_known_open(hash_key, cu_bytes_of(records, sizeof records), &arena);
    CU_ASSERT(cu_rules_load(CATALOG "/rules", &arena, &rules, &f) == CU_OK);
    rules.n = rules.n < 60 ? rules.n : 60; /* all of them take long to compile with sanitizers */
    CU_ASSERT(cu_engine_compile(&rules, &engine, &f) == CU_OK);
    CU_ASSERT(cu_scratch_new(engine, &scratch) == CU_OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    prepare();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t digest[32];
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s, again;
    cu_fault f = {0};
    cu_request_facts facts;
    cu_event_facts pieces;
    cu_redaction r;
    bool exists;
    cu_bytes model;
    cu_arena_init(&a, 64u << 20);
    if (n < 2)
        return 0;
    const char *path = paths[data[0] % (sizeof paths / sizeof *paths)];
    const cu_route *route = cu_route_find(CU_API_COUNT, CU_METHOD_POST, cu_str(path), &model, &exists);
    cu_bytes body = cu_bytes_of(data + 1, n - 1);
    CU_ASSERT(route);
    if (cu_json_walk(body, &a, &s, &f) != CU_OK || cu_shape_read(route, body, &s, &facts, &f) != CU_OK)
        return 0;
    CU_ASSERT(cu_event_read(route->api, body, &s, &pieces) == CU_OK || pieces.n == CU_EVENT_PIECES);
    cu_shape_mark(route->api, false, body, &s);
    cu_result_place at = {0};
    for (size_t i, last = 0; (i = cu_result_next(route->api, body, &s, &at)) != (size_t)-1; last = i)
        CU_ASSERT(i < s.n && i >= last && !(s.v[i].flags & (CU_JSON_KEY | CU_JSON_OPAQUE | CU_JSON_FIXED | CU_JSON_DROP)));
    cu_redact_with w = {.engine = engine, .scratch = scratch, .rules_digest = digest, .key = &key, .known = known};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = CU_ACT_REPLACE;
    cu_err e = cu_redact_body(&w, body, &s, &a, &r, &f);
    CU_ASSERT(e == CU_OK || e == CU_DENIED || e == CU_TOO_BIG || e == CU_NOMEM);
    if (e != CU_OK)
        return 0;
    CU_ASSERT(cu_json_walk(r.body, &a, &again, &f) == CU_OK && again.n == s.n);
    for (size_t i = 0; i < s.n; i++) /* a listed value may not be the whole of any string that is data */
        for (size_t k = 0; k < 3 && !(s.v[i].flags & CU_JSON_OPAQUE); k++)
            CU_ASSERT(!cu_json_is(r.body, again.v[i], values[k]));
    return 0;
}
