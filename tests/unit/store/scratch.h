/* A store in a file of its own, for the programs of this folder. Include after cmocka.h. */
#ifndef CUSTOS_TESTS_STORE_SCRATCH_H
#define CUSTOS_TESTS_STORE_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/store.h"

static char path[] = "/tmp/custos-store-XXXXXX";
static cu_store *s;

static int make_store(void **state)
{
    cu_fault f;
    int fd = mkstemp(path);
    close(fd);
    return fd < 0 || cu_store_open(path, &s, &f) != CU_OK;
}

static int clean(void **state)
{
    char other[64];
    cu_store_close(s);
    for (int i = 0; i < 2; i++) {
        snprintf(other, sizeof other, "%s%s", path, i ? "-wal" : "-shm");
        unlink(other);
    }
    return unlink(path);
}

#endif
