/* The catalogue's rules, as tests of finding and of redaction use them: from the image that $CUSTOS_RULES_IMAGE names
 * where it fits, as a daemon takes them, else compiled. Each program includes it once. */
#ifndef CUSTOS_TEST_SHIPPED_RULES_H
#define CUSTOS_TEST_SHIPPED_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "detect/detect.h"

static cu_arena rules_arena;
static cu_rules rules;
static cu_engine *engine;
static cu_scratch *scratch;

static int load(void **state)
{
    (void)state;
    cu_fault f = {0};
    cu_arena_init(&rules_arena, 64u << 20);
    if (cu_rules_load(RULES_DIR, &rules_arena, &rules, &f) == CU_OK && cu_engine_open(RULES_DIR "/..", NULL, NULL, &engine, &f) == CU_OK &&
        cu_scratch_new(engine, &scratch) == CU_OK)
        return 0;
    print_error("%s\n", f.text);
    return -1;
}

static int unload(void **state)
{
    (void)state;
    cu_scratch_free(scratch);
    cu_engine_free(engine);
    cu_arena_free(&rules_arena);
    return 0;
}

#endif
