/* A streamed answer cut into its events: server-sent events (WHATWG HTML, 9.2) or the elements of one JSON
 * array (Gemini without alt=sse). */
#ifndef CUSTOS_WIRE_FRAME_H
#define CUSTOS_WIRE_FRAME_H

#include "wire/json.h"

#define CU_FRAME_MAX ((size_t)8 << 20) /* bytes of one event; beyond: CU_TOO_BIG */

/* Zeroed but for array at the beginning of a stream. */
typedef struct {
    bool array;
    bool in_string, after_slash;
    unsigned depth; /* of an element, at seen */
    size_t seen;    /* bytes of the event that were looked at */
} cu_frame_at;

/* Where the first event of b ends, 0: not in b. b begins with an event; called again with more of it, it looks at
 * no byte twice. After an end, seen is to be set to 0. */
size_t cu_frame_end(cu_frame_at *at, cu_bytes b);

typedef struct {
    cu_frame_at at; /* zeroed but for array at the beginning of a stream */
    cu_buf rest;    /* an event that is not whole yet */
} cu_frames;

/* Calls each() for every event that is whole, with what ends it (or stands before it in an array), in order. */
cu_err cu_frames_feed(cu_frames *f, cu_bytes in, cu_err (*each)(void *arg, cu_bytes event), void *arg) CU_MUST;
void cu_frames_free(cu_frames *f);

/* The data of an event, as one JSON text, and where it stands. *lines: how many lines of data there are: of
 * several, json is not filled. */
typedef struct {
    cu_bytes json;
    size_t from;
    unsigned lines;
} cu_frame_data;
cu_frame_data cu_frame_read(bool array, cu_bytes event);
/* Appends an event whose lines of data are joined with blanks in one. */
void cu_frame_join(cu_bytes event, cu_buf *out);

#endif
