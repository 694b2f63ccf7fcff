/* Private to inspect/: an answer while it passes. */
#ifndef CUSTOS_INSPECT_TURN_PART_H
#define CUSTOS_INSPECT_TURN_PART_H

#include "inspect/turn.h"
#include "wire/call.h"
#include "wire/frame.h"

/* A call that is not whole yet. */
typedef struct {
    bool open, raw, named;
    uint64_t key;         /* block, item, or choice << 32 | call */
    uint64_t number;      /* sequence_number of its first event */
    cu_buf name, id, args;
    cu_buf held;          /* its events */
} part_call;

/* A choice of Chat Completions that calls tools: its events, until it is finished. */
typedef struct {
    bool open, role;
    uint64_t index;
    cu_buf held, frame;   /* frame: JSON of the first of them */
} part_choice;

typedef struct {
    cu_sha256 of;         /* name, id and arguments */
    uint8_t action;
    cu_mark why;
} part_verdict;

#define MAX_VERDICTS 512u
#define MAX_CHOICES 8u

struct cu_turn {
    cu_turn_with w;
    cu_frames frames;
    part_call *calls;     /* CU_TURN_MAX_CALLS, from the first on: most answers have none */
    size_t calls_n;
    part_choice choices[MAX_CHOICES];
    part_verdict *verdicts;
    size_t verdicts_n;
    cu_marks *marks;      /* NULL: nothing was judged yet */
    uint32_t released, stopped;
    size_t held;          /* bytes, of all calls */
    bool crlf;
    cu_buf text;          /* what the model said, for its fenced blocks */
    cu_buf *out;          /* of the call under way */
};

/* One event, or a whole answer. */
typedef struct {
    cu_bytes bytes, json; /* json stands in bytes, at from */
    size_t from;
    cu_json_strings s;
    cu_json_tree t;
    cu_arena *a;
    cu_bytes type;        /* raw; empty: none */
} part_event;

/* turn.c */
cu_err part_judge(cu_turn *t, const cu_tool_call *c, cu_call_action *action, cu_mark *why) CU_MUST;
static inline bool part_stops(cu_call_action a)
{
    return a == CU_CALL_HELD || a == CU_CALL_BLOCKED;
}
cu_err part_pass(cu_turn *t, const part_event *e) CU_MUST; /* the event as it is */
part_call *part_find(cu_turn *t, uint64_t key);            /* NULL: none is open */
cu_err part_open(cu_turn *t, uint64_t key, part_call **out) CU_MUST;
cu_err part_hold(cu_turn *t, cu_buf *to, cu_bytes bytes) CU_MUST;
void part_close(cu_turn *t, part_call *c);
cu_err part_judge_held(cu_turn *t, part_call *c, cu_call_action *action, cu_mark *why) CU_MUST;
bool part_any_open(const cu_turn *t);
/* The number behind a member of an object of the event; false: it has none. */
bool part_number(const part_event *e, uint32_t object, const char *name, uint64_t *out);
const cu_json_string *part_key(const part_event *e, uint32_t object, const char *name); /* NULL: none */
void part_set(cu_buf *b, cu_bytes text);

/* turn_say.c: what stands in place of a call. */
/* gap: it follows a text without a place of its own. */
cu_bytes part_note(const cu_turn *t, bool gap, cu_bytes tool, cu_call_action action, const cu_mark *why, cu_arena *a);
void part_event_begin(cu_turn *t, const char *type); /* "event: …" and "data: " */
void part_event_end(cu_turn *t);

/* One file a shape. */
cu_err part_blocks(cu_turn *t, part_event *e) CU_MUST;    /* turn_blocks.c: Anthropic */
cu_err part_items(cu_turn *t, part_event *e) CU_MUST;     /* turn_items.c: Responses */
void part_put_item(cu_buf *b, cu_bytes id, cu_bytes note); /* a message in place of a call */
cu_err part_chunk(cu_turn *t, part_event *e) CU_MUST;     /* turn_chunks.c: Chat Completions */
cu_err part_chunks_end(cu_turn *t) CU_MUST;               /* no reason to finish was given */
/* turn_whole.c: every call in the JSON of e, replaced where it stands. *out is e->json itself when none was. */
cu_err part_whole(cu_turn *t, const part_event *e, cu_bytes *out) CU_MUST;

#endif
