/* What one round of the sequencer is about to publish, written down before anything is signed. A
 * crash later finds it and finishes the same round, byte for byte. */
#ifndef CUSTOS_LEDGER_STAGE_H
#define CUSTOS_LEDGER_STAGE_H

#include "ledger/log.h"
#include "segment.h"

#define STAGE_MAX ((size_t)64 << 20)

typedef struct {
    char segment[SEGMENT_NAME_MAX];
    cu_spool_cursor at;
    bool seen; /* in this round's listing */
} cursor_entry;

/* The next leaf expected of a writer's epoch: a batch that was written twice counts once. Of each writer the newest
 * WRITER_EPOCHS are kept. */
#define WRITER_EPOCHS 16u
typedef struct {
    char writer[40];
    uint64_t epoch, next;
} writer_entry;

typedef struct {
    cursor_entry *v;
    size_t n, cap;
    writer_entry *writers;
    size_t writers_n, writers_cap;
} cursors;

/* New entries of one log. */
typedef struct {
    char name[72];  /* "org", "t/acme", "anchor" */
    uint64_t old_size;
    uint64_t count;
    cu_buf entries; /* uint16 big-endian length, bytes */
} stage_log;

typedef struct {
    stage_log *v;
    size_t n, cap;
} stage;

cursor_entry *cursor_of(cursors *c, const char *segment); /* made when it is new; NULL: no memory */
/* True when this leaf was not taken before; it is then taken. *e: CU_CORRUPT when leaves before it are
 * missing (an epoch begins with 0), CU_NOMEM. */
bool cursors_take(cursors *c, cu_bytes writer, uint64_t epoch, uint64_t seq, cu_err *e);
void cursors_drop(cursors *c, const char *segment);
void cursors_text(const cursors *c, cu_buf *out);
cu_err cursors_parse(cu_bytes *text, cursors *out) CU_MUST;
void cursors_free(cursors *c);

stage_log *stage_of(stage *s, const char *name); /* made when it is new */
void stage_free(stage *s);
cu_err stage_encode(const stage *s, const cursors *c, cu_buf *out) CU_MUST;
cu_err stage_decode(cu_bytes text, stage *s, cursors *c) CU_MUST;

#endif
