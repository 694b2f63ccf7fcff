/* One arena per request: allocate freely, free once. Has a ceiling from birth. */
#ifndef CUSTOS_BASE_ARENA_H
#define CUSTOS_BASE_ARENA_H

#include "base/bytes.h"
#include "base/error.h"

typedef struct cu_arena_chunk cu_arena_chunk;

typedef struct {
    cu_arena_chunk *head;
    size_t used;    /* bytes handed out, for the ceiling */
    size_t ceiling; /* bytes */
    size_t first;   /* bytes that are asked for first; more each time */
} cu_arena;

#define CU_ARENA_FIRST 16384u

void cu_arena_init(cu_arena *a, size_t ceiling);
/* For a process that serves requests, once: each thread keeps up to n first chunks, wiped, for its next
 * arenas. Without it all memory goes back at once. */
void cu_arena_keep_ready(unsigned n);
/* Zeroed, 16-byte aligned; NULL when the ceiling or memory is exhausted. Lives until free/reset. */
void *cu_arena_alloc(cu_arena *a, size_t n) CU_MUST;
/* As alloc, but not zeroed: for large byte areas that are written at once. */
void *cu_arena_raw(cu_arena *a, size_t n) CU_MUST;
/* As raw, for large areas that hold only what leaves this machine anyway: not overwritten when it is given back. */
void *cu_arena_unwiped(cu_arena *a, size_t n) CU_MUST;
/* Copy with a NUL behind it (not counted); p is NULL when out of memory. */
cu_bytes cu_arena_dup(cu_arena *a, cu_bytes b) CU_MUST;
char *cu_arena_str(cu_arena *a, cu_bytes b) CU_MUST;
char *cu_arena_fmt(cu_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3))) CU_MUST;
/* What `other` holds lives as long as what is in a; other is empty then. */
void cu_arena_join(cu_arena *a, cu_arena *other);
/* Overwrites everything but cu_arena_unwiped() before it is given back: prompts and secrets pass through arenas. */
void cu_arena_free(cu_arena *a);
/* For `cu_arena a CU_CLEAN_ARENA;` */
#define CU_CLEAN_ARENA __attribute__((cleanup(cu_arena_free)))

#endif
