/* A growable buffer, born with a ceiling. Errors stick: append freely, check once with
 * cu_buf_err(). Owns its memory (heap), but for the first room of one that was begun on an array of
 * its caller. Wiped when freed, that room too. */
#ifndef CUSTOS_BASE_BUF_H
#define CUSTOS_BASE_BUF_H

#include "base/bytes.h"
#include "base/error.h"

typedef struct {
    uint8_t *p;
    size_t n, cap, ceiling;
    cu_err err;
    bool lent; /* p is the caller's array */
} cu_buf;

#define CU_BUF(ceil) ((cu_buf){NULL, 0, 0, (ceil), CU_OK, false})
/* Most are small: bytes up to the size of `array`, which lives as long as the buffer, need no heap. Never for
 * a buffer whose memory another one takes over. */
#define CU_BUF_ON(array, ceil) ((cu_buf){(array), 0, sizeof(array), (ceil), CU_OK, true})
#define CU_CLEAN_BUF __attribute__((cleanup(cu_buf_free)))

void cu_buf_free(cu_buf *b);
void cu_buf_reset(cu_buf *b);                       /* keeps the memory, clears n and err */
uint8_t *cu_buf_more(cu_buf *b, size_t n);          /* what cu_buf_room() does when there is no room */
static inline uint8_t *cu_buf_room(cu_buf *b, size_t n) /* n writable bytes at the end, or NULL */
{
    return b->p && !b->err && n <= b->cap - b->n && n <= b->ceiling - b->n ? b->p + b->n : cu_buf_more(b, n);
}
static inline void cu_buf_put(cu_buf *b, const void *p, size_t n)
{
    uint8_t *to = cu_buf_room(b, n);
    if (!to || n == 0)
        return;
    memcpy(to, p, n);
    b->n += n;
}
static inline void cu_buf_byte(cu_buf *b, uint8_t c)
{
    uint8_t *to = cu_buf_room(b, 1);
    if (to)
        *to = c;
    b->n += to != NULL;
}
void cu_buf_u64(cu_buf *b, uint64_t value);         /* decimal */
void cu_buf_fmt(cu_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void cu_buf_add(cu_buf *b, cu_bytes s)
{
    cu_buf_put(b, s.p, s.n);
}
static inline void cu_buf_str(cu_buf *b, const char *s)
{
    cu_buf_put(b, s, strlen(s));
}
static inline cu_bytes cu_buf_view(const cu_buf *b)
{
    return (cu_bytes){b->p, b->n};
}
static inline cu_err CU_MUST cu_buf_err(const cu_buf *b)
{
    return b->err;
}
/* NUL-terminated content (the NUL is not counted); "" when the buffer failed. */
const char *cu_buf_cstr(cu_buf *b);

/* --- JSON output (RFC 8259). The writer keeps no state: callers place commas. --- */
/* Body of a JSON string, without the quotes. Invalid UTF-8 becomes U+FFFD. */
void cu_buf_json_escape(cu_buf *b, cu_bytes s);
/* With the quotes. */
void cu_buf_json_string(cu_buf *b, cu_bytes s);
/* `"key":` preceded by a comma unless the last byte is `{`, `[` or the buffer is empty. */
void cu_buf_json_key(cu_buf *b, const char *key);
void cu_buf_json_kv(cu_buf *b, const char *key, cu_bytes value);
void cu_buf_json_kv_str(cu_buf *b, const char *key, const char *value);
void cu_buf_json_kv_u64(cu_buf *b, const char *key, uint64_t value);
void cu_buf_json_kv_i64(cu_buf *b, const char *key, int64_t value);
void cu_buf_json_kv_bool(cu_buf *b, const char *key, bool value);

#endif
