#include "base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct cu_arena_chunk {
    cu_arena_chunk *next;
    size_t cap, n;
    max_align_t data[];
};

/* Chunks of CU_ARENA_FIRST bytes that were wiped and wait, of each thread. */
static _Thread_local struct {
    cu_arena_chunk *v;
    unsigned n;
} ready;
static unsigned ready_max;

void cu_arena_keep_ready(unsigned n)
{
    ready_max = n;
}

static cu_arena_chunk *new_chunk(size_t cap)
{
    cu_arena_chunk *c = ready.v;
    if (cap != CU_ARENA_FIRST || !c)
        return malloc(sizeof *c + cap);
    ready.v = c->next;
    ready.n--;
    return c;
}

static void drop_chunk(cu_arena_chunk *c)
{
    explicit_bzero(c->data, c->n);
    if (c->cap != CU_ARENA_FIRST || ready.n >= ready_max) {
        free(c);
        return;
    }
    c->next = ready.v;
    ready.v = c;
    ready.n++;
}

void cu_arena_init(cu_arena *a, size_t ceiling)
{
    *a = (cu_arena){NULL, 0, ceiling, CU_ARENA_FIRST};
}

void *cu_arena_raw(cu_arena *a, size_t n)
{
    if (n > a->ceiling - a->used)
        return NULL;
    size_t need = (n + 15) & ~(size_t)15;
    cu_arena_chunk *c = a->head;
    if (!c || c->cap - c->n < need) {
        size_t cap = c ? c->cap * 2 : a->first;
        if (cap > (size_t)1 << 20)
            cap = (size_t)1 << 20;
        if (cap < need)
            cap = need;
        cu_arena_chunk *fresh = new_chunk(cap);
        if (!fresh)
            return NULL;
        *fresh = (cu_arena_chunk){c, cap, 0};
        a->head = c = fresh;
    }
    void *p = (uint8_t *)c->data + c->n;
    c->n += need;
    a->used += n;
    return p;
}

/* A chunk behind the first: nothing more is taken from it, and none of its bytes count as used. */
void *cu_arena_unwiped(cu_arena *a, size_t n)
{
    if (n <= CU_ARENA_FIRST || !a->head)
        return cu_arena_raw(a, n);
    if (n > a->ceiling - a->used)
        return NULL;
    cu_arena_chunk *c = malloc(sizeof *c + n);
    if (!c)
        return NULL;
    *c = (cu_arena_chunk){a->head->next, n, 0};
    a->head->next = c;
    a->used += n;
    return c->data;
}

void *cu_arena_alloc(cu_arena *a, size_t n)
{
    void *p = cu_arena_raw(a, n);
    return p ? memset(p, 0, n) : NULL;
}

cu_bytes cu_arena_dup(cu_arena *a, cu_bytes b)
{
    uint8_t *p = cu_arena_raw(a, b.n + 1);
    if (!p)
        return CU_NONE;
    if (b.n)
        memcpy(p, b.p, b.n);
    p[b.n] = 0;
    return cu_bytes_of(p, b.n);
}

char *cu_arena_str(cu_arena *a, cu_bytes b)
{
    uint8_t *p = cu_arena_raw(a, b.n + 1);
    if (!p)
        return NULL;
    if (b.n)
        memcpy(p, b.p, b.n);
    p[b.n] = 0;
    return (char *)p;
}

char *cu_arena_fmt(cu_arena *a, const char *fmt, ...)
{
    va_list ap, ap2;
    va_start(ap, fmt);
    va_copy(ap2, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : cu_arena_raw(a, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, ap2);
    va_end(ap2);
    return p;
}

void cu_arena_join(cu_arena *a, cu_arena *other)
{
    cu_arena_chunk **end = &a->head;
    while (*end)
        end = &(*end)->next;
    *end = other->head;
    a->used += other->used;
    other->head = NULL;
    other->used = 0;
}

void cu_arena_free(cu_arena *a)
{
    cu_arena_chunk *c = a->head;
    while (c) {
        cu_arena_chunk *next = c->next;
        drop_chunk(c);
        c = next;
    }
    a->head = NULL;
    a->used = 0;
}
