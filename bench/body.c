/* What a request body costs before it may leave, without nginx, TLS and evidence: bench-body RULES_DIR BODY TIMES.
 * Each @@ in the body becomes a number of its own in every round, so that no string that holds one was seen
 * before. Prints microseconds of CPU a body, by step: for profiles, and for `valgrind --tool=callgrind`. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/file.h"
#include "redact/redact.h"
#include "wire/shape.h"

#define MEMO_BYTES ((size_t)64 << 20)

static cu_engine *engine;
static cu_scratch *scratch;
static cu_memo *memo;
static cu_begun_memo *begun;
static double walk_us, redact_us;

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Written to, so that no round pays for the first touch of a page. */
static void *zeros(void)
{
    void *p = malloc(MEMO_BYTES);
    CU_ASSERT(p);
    return memset(p, 0, MEMO_BYTES);
}

static void number(cu_bytes template, cu_buf *out, unsigned round)
{
    size_t from = 0, at;
    for (; (at = cu_find(template, CU_LIT("@@"), from)) != (size_t)-1; from = at + 2) {
        cu_buf_add(out, cu_slice(template, from, at));
        cu_buf_fmt(out, "%010u", round);
    }
    cu_buf_add(out, cu_slice(template, from, template.n));
}

static bool one(cu_bytes body, const cu_surrogate_key *key)
{
    static const uint8_t rules[32] = {1}, beginnings[32] = {2};
    cu_arena a;
    cu_json_strings s;
    cu_json_places places;
    cu_redaction out;
    cu_fault f = {0};
    cu_redact_with w = {.engine = engine, .scratch = scratch, .memo = memo, .rules_digest = rules, .key = key,
                        .begun_memo = begun, .begun_digest = beginnings, .places = &places};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = CU_ACT_REPLACE;
    cu_arena_init(&a, 8 * body.n + (16u << 20));
    double began = cpu_us();
    w.begun = cu_begun_find(begun, memo, 0, beginnings, body, &a);
    cu_err e = cu_json_walk_on(body, w.begun ? &w.begun->place : NULL, w.begun ? w.begun->strings : NULL, &a, &s, &places, &f);
    if (e == CU_OK)
        cu_shape_mark(CU_API_ANTHROPIC, false, body, &s);
    double walked = cpu_us();
    if (e == CU_OK)
        e = cu_redact_body(&w, body, &s, &a, &out, &f);
    cu_arena_free(&a);
    walk_us += walked - began;
    redact_us += cpu_us() - walked;
    if (e != CU_OK)
        fprintf(stderr, "%s\n", f.text);
    return e == CU_OK;
}

int main(int argc, char **argv)
{
    static const cu_surrogate_key key = {{7}, 'a'};
    cu_buf template CU_CLEAN_BUF = CU_BUF(64u << 20), body CU_CLEAN_BUF = CU_BUF(64u << 20);
    cu_arena rules_arena;
    cu_rules rules;
    cu_fault f = {0};
    cu_arena_init(&rules_arena, 64u << 20);
    if (argc < 4 || cu_file_read(AT_FDCWD, argv[2], &template) != CU_OK || cu_rules_load(argv[1], &rules_arena, &rules, &f) != CU_OK ||
        cu_engine_compile(&rules, &engine, &f) != CU_OK || cu_scratch_new(engine, &scratch) != CU_OK) {
        fprintf(stderr, "%s\n", argc < 4 ? "bench-body RULES_DIR BODY TIMES" : f.text);
        return 2;
    }
    unsigned times = (unsigned)strtoul(argv[3], NULL, 10);
    memo = cu_memo_init(zeros(), MEMO_BYTES);
    begun = cu_begun_init(zeros(), MEMO_BYTES);
    for (unsigned i = 0; i < times; i++) {
        cu_buf_reset(&body);
        number(cu_buf_view(&template), &body, i);
        if (!one(cu_buf_view(&body), &key))
            return 1;
    }
    printf("{\"bytes\":%zu,\"walk_us\":%.2f,\"redact_us\":%.2f}\n", template.n, walk_us / times, redact_us / times);
    cu_scratch_free(scratch);
    cu_engine_free(engine);
    cu_arena_free(&rules_arena);
    free(memo);
    free(begun);
    return 0;
}
