/* An answer on its way to the client: text passes as it comes, a call of a tool waits until it is whole, is
 * judged as the client would run it, and leaves whole or is replaced by a text that says why. Takes what the
 * restorer gives: real values stand in it. */
#ifndef CUSTOS_INSPECT_TURN_H
#define CUSTOS_INSPECT_TURN_H

#include "base/buf.h"
#include "inspect/judge.h"
#include "wire/shape.h"

#define CU_TURN_MAX_CALLS 128u             /* open at once */
#define CU_TURN_MAX_HELD ((size_t)16 << 20) /* bytes of calls that wait */

typedef struct cu_turn cu_turn;

/* All borrowed; they must outlive the turn. */
typedef struct {
    cu_judge judge;
    cu_api api;
    bool array;          /* the stream is a JSON array, not server-sent events */
    const char *id;      /* of the request, for the text that stands in place of a call */
} cu_turn_with;

cu_err cu_turn_new(const cu_turn_with *w, cu_turn **out) CU_MUST;
void cu_turn_free(cu_turn *t);
/* Takes the next bytes of a stream and appends what may leave. Events that hold no call leave as they are.
 * CU_SYNTAX: data that a client could read otherwise than we do; the answer must be torn. */
cu_err cu_turn_feed(cu_turn *t, cu_bytes in, cu_buf *out) CU_MUST;
/* The end of the stream. What is still held does not leave: the call was never whole. */
cu_err cu_turn_end(cu_turn *t, cu_buf *out) CU_MUST;
/* A whole JSON answer. *out is `body` itself when nothing was replaced, else bytes of buf. */
cu_err cu_turn_json(cu_turn *t, cu_bytes body, cu_buf *buf, cu_bytes *out) CU_MUST;
const cu_marks *cu_turn_marks(const cu_turn *t); /* borrowed; never NULL */
/* From now on; a turn is used by one thread at a time, and so is an inspector. */
void cu_turn_judge_with(cu_turn *t, cu_inspector *i);
size_t cu_turn_waiting(const cu_turn *t); /* bytes of calls that are not whole, and of an event that is not */
size_t cu_turn_said(const cu_turn *t);    /* bytes of text that is looked through at the end */

#endif
