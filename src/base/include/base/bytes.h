/* A view of bytes: pointer and length, never owned, never NUL-terminated by contract. */
#ifndef CUSTOS_BASE_BYTES_H
#define CUSTOS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *p;
    size_t n;
} cu_bytes;

#define CU_LIT(s) ((cu_bytes){(const uint8_t *)("" s ""), sizeof(s) - 1})
#define CU_NONE ((cu_bytes){NULL, 0})
/* For printf("%.*s"): callers bound the length first, because the precision is an int. */
#define CU_FMT(b) (int)(b).n, (const char *)(b).p

static inline cu_bytes cu_bytes_of(const void *p, size_t n)
{
    return (cu_bytes){p, n};
}

static inline cu_bytes cu_str(const char *s)
{
    return (cu_bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline cu_bytes cu_slice(cu_bytes b, size_t from, size_t to)
{
    return (cu_bytes){from ? b.p + from : b.p, to - from}; /* b.p may be NULL */
}

static inline bool cu_eq(cu_bytes a, cu_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool cu_eq_str(cu_bytes a, const char *s)
{
    return cu_eq(a, cu_str(s));
}

static inline bool cu_starts(cu_bytes a, cu_bytes prefix)
{
    return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* Orders like memcmp, shorter first. */
int cu_cmp(cu_bytes a, cu_bytes b);
/* Position of needle at or after from, or (size_t)-1. */
size_t cu_find(cu_bytes hay, cu_bytes needle, size_t from);
/* True when every byte belongs to well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool cu_utf8_valid(cu_bytes b, size_t *bad_at);

#endif
