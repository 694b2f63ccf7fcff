/* Private to daemon/: the desk for questionnaires; question_facts.c fills what answers stand on. */
#ifndef CUSTOS_DAEMON_QUESTION_DESK_H
#define CUSTOS_DAEMON_QUESTION_DESK_H

#include "app.h"
#include "questionnaire/rows.h"

typedef struct questions questions;
struct questions {
    pthread_mutex_t lock;     /* of memory: the sequencer takes it too */
    pthread_mutex_t drafting; /* of index; drafts of a large file take seconds */
    cu_bank *bank;
    cu_bank_index *index;     /* NULL until it is asked for: made of thousands of wordings, which takes a while */
    cu_qmemory *memory;
};

/* One questionnaire, open. */
typedef struct {
    cu_arena arena;
    cu_buf file;
    cu_questionnaire about;
    cu_qdocument *document;
    cu_draft_ground ground;
    cu_qrow *rows;
} opened;

/* Prepared, opened, dropped in any case. The file must be the one that the log speaks of. */
void question_prepare(opened *o);
cu_err question_open(app *a, const char *id, opened *o, cu_fault *f) CU_MUST;
cu_err question_answer_all(app *a, opened *o, cu_fault *f) CU_MUST;
void question_put_all(app *a, const opened *o, cu_buf *b);
void question_drop(opened *o);
unsigned question_failed(call *c, cu_err e, const cu_fault *f, const char *title);
/* An entry of the caller's; id NULL: a new one. */
cu_err question_write(call *c, const char *type, const cu_buf *body, const char *id) CU_MUST;
void question_wait(app *a, const char *id, const char *key, uint64_t before);
struct json_t;
unsigned questions_with_body(call *c, unsigned (*take)(call *c, const struct json_t *in));

/* Holding drafting. */
cu_err question_index(app *a, cu_bank_index **out, cu_fault *f) CU_MUST;

/* Facts and the states of all controls, as of now, in the arena. */
cu_err question_ground(app *a, const cu_bank *bank, cu_arena *arena, cu_draft_ground *out, cu_fault *f) CU_MUST;

#endif
