/* A JSON span walker: one strict pass (RFC 8259) over bytes, no tree, no copies. It reports where
 * every string stands; what to do with it is decided elsewhere. */
#ifndef CUSTOS_WIRE_JSON_H
#define CUSTOS_WIRE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_JSON_MAX_DEPTH 128u
#define CU_JSON_MAX_STRINGS 2000000u

#define CU_JSON_KEY 1u     /* an object key */
#define CU_JSON_ESCAPED 2u /* holds at least one backslash */
#define CU_JSON_OPAQUE 4u  /* signed or encoded bytes that must pass untouched (wire/shape.h) */
#define CU_JSON_FIXED 8u   /* protocol words (type, role, model, ids): scanned, but not changed because
                              the same word is a secret elsewhere */
#define CU_JSON_ARGS 16u   /* JSON in a string: arguments of a tool */
#define CU_JSON_CODE 32u   /* source code in a string: input of a custom tool */
#define CU_JSON_DROP 64u   /* leaves as an empty string */

typedef struct {
    uint32_t start, end; /* bytes between the quotes, half-open */
    uint32_t flags;
    uint32_t parent_key; /* index of the key string this value stands under, or UINT32_MAX; array
                            elements inherit the key of their array. For a key: the key
                            under which its object stands */
    uint32_t depth;      /* 1 = member of the top-level value */
} cu_json_string;

typedef struct {
    cu_json_string *v;   /* in the order of the text; memory of the arena */
    size_t n;
} cu_json_strings;

/* Validates all of text as one JSON value and lists its strings. Refuses: invalid UTF-8, lone
 * \u surrogates, depth beyond CU_JSON_MAX_DEPTH, duplicate keys at depth 1 (so that two readers
 * cannot see two models), anything after the value. f->offset is the byte where it went wrong. */
cu_err cu_json_walk(cu_bytes text, cu_arena *a, cu_json_strings *out, cu_fault *f) CU_MUST;

/* Where a walk can be taken up again: right behind an element, an object or array that is not empty, of
 * the array of a top-level member. */
typedef struct {
    uint32_t at;         /* byte */
    uint32_t key;        /* index of the string that names the array */
    uint32_t strings;    /* that stand before */
} cu_json_place;

/* Of the array that takes most of the text: the last places, in order. */
#define CU_JSON_PLACES 8u
typedef struct {
    cu_json_place v[CU_JSON_PLACES];
    size_t n;
} cu_json_places;

/* As cu_json_walk(), from a place on: what stands before it was walked in another text that begins with
 * the same bytes, and `before` holds its strings as that walk gave them. places: NULL when nobody asks. */
cu_err cu_json_walk_on(cu_bytes text, const cu_json_place *from, const cu_json_string *before, cu_arena *a, cu_json_strings *out,
                       cu_json_places *places, cu_fault *f) CU_MUST;

bool cu_json_is_spelled(cu_bytes text, cu_json_string s, const char *plain);
/* True when the string, unescaped, is `plain`. Asked of many names in turn: most differ in their first
 * character. */
static inline bool cu_json_is(cu_bytes text, cu_json_string s, const char *plain)
{
    return ((s.flags & CU_JSON_ESCAPED) || (s.end > s.start && text.p[s.start] == (uint8_t)plain[0])) &&
           cu_json_is_spelled(text, s, plain);
}
/* The key string of a top-level member, or NULL. */
const cu_json_string *cu_json_top(cu_bytes text, const cu_json_strings *s, const char *key);
/* The text from the first byte of that member's value to the end of the body; empty when absent. */
cu_bytes cu_json_top_value(cu_bytes text, const cu_json_strings *s, const char *key);

/* Appends the unescaped form of a string's inner bytes. The input was validated. */
void cu_json_unescape(cu_bytes raw, cu_buf *out);
/* Offset in raw of byte `plain` of the unescaped form. *raw_from and *plain_from say where a former
 * call stopped (0, 0 at first): going forward costs one pass over the string in all. An offset
 * inside a character that is one escape is moved to the start of that escape. */
size_t cu_json_raw_offset(cu_bytes raw, size_t plain, size_t *raw_from, size_t *plain_from);

/* --- escapes inside of text: JSON or program text that stands in a string --- */
/* Appends text with its backslash escapes decoded once; what is no escape of JSON stays as it is. On
 * the inside of a valid JSON string it is cu_json_unescape(). Never longer than text. */
void cu_loose_unescape(cu_bytes text, cu_buf *out);
/* Offset in text of byte `plain` of that form; see cu_json_raw_offset(). */
size_t cu_loose_offset(cu_bytes text, size_t plain, size_t *from, size_t *plain_from);
/* Position at or after from of a backslash that begins an escape, or (size_t)-1. */
size_t cu_loose_find(cu_bytes text, size_t from);

#endif
