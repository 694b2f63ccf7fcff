/* Where in a text a surrogate stands: inside how many quotes. A value that holds quotes, backslashes
 * or line ends has to be escaped for its place, unless it stood like that in such a place before. */
#ifndef CUSTOS_REDACT_PLACE_H
#define CUSTOS_REDACT_PLACE_H

#include "redact/redact.h"

typedef enum {
    CU_PLACE_TEXT,
    CU_PLACE_ARGS, /* JSON: what counts are the texts in its strings */
    CU_PLACE_CODE, /* program text: ' and ` quote as well */
} cu_place_kind;

#define CU_PLACE_DEEPEST 4u

/* Zeroed but for kind at the beginning of a text. */
typedef struct {
    uint8_t kind;       /* cu_place_kind */
    bool in_string;     /* of the arguments */
    bool after_slash;   /* in them */
    uint8_t hex;        /* digits of a \u escape that are still to come */
    uint8_t depth;      /* quotes that are open, up to CU_PLACE_DEEPEST */
    uint8_t quote;      /* the outermost of them */
    uint32_t slashes;   /* before the next character */
} cu_place;

cu_place_kind cu_place_kind_of(uint32_t string_flags);
/* The next part of the text, without the escapes of the JSON string that carries it. */
void cu_place_feed(cu_place *p, cu_bytes text);
/* The value of a surrogate that stood here, as it is. */
void cu_place_note(const cu_place *p, cu_issued *it);
/* Appends the value as it has to stand here, escaped for the JSON string that carries the text. */
void cu_place_put(const cu_place *p, const cu_issued *it, cu_buf *out);

#endif
