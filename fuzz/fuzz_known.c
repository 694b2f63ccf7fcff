/* A list of known secrets from any bytes: each value that it gives is found by its hash. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "catalog/known_list.h"
#include "redact/known.h"

static cu_err each(void *arg, cu_bytes value)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_findings found = {0};
    uint8_t record[CU_KNOWN_RECORD], key[32] = {1};
    CU_ASSERT(value.n >= CU_KNOWN_MIN && value.n <= CU_KNOWN_MAX);
    cu_arena_init(&a, 1u << 20);
    cu_known_record(key, value, record);
    const cu_known *k = cu_known_open(key, cu_bytes_of(record, sizeof record), &a);
    CU_ASSERT(k && cu_known_find(k, value, &found) == CU_OK && found.n >= 1 && found.v[0].start == 0 && found.v[0].end == value.n);
    cu_findings_free(&found);
    return CU_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64];
    cu_fault f = {0};
    unsigned left_out;
    if (!path[0])
        snprintf(path, sizeof path, "/tmp/fuzz-known-%d", (int)getpid());
    FILE *file = fopen(path, "w");
    CU_ASSERT(file && fwrite(data, 1, n, file) == n && fclose(file) == 0);
    cu_err e = cu_known_list_read(path, each, NULL, &left_out, &f);
    CU_ASSERT(e == CU_OK || f.line > 0);
    unlink(path);
    return 0;
}
