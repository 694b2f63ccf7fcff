/* Private to daemon/: the desk for questionnaires; question_facts.c fills what answers stand on. */
#ifndef CUSTOS_DAEMON_QUESTION_DESK_H
#define CUSTOS_DAEMON_QUESTION_DESK_H

#include "app.h"
#include "questionnaire/rows.h"

/* Facts and the states of all controls, as of now, in the arena. */
cu_err question_ground(app *a, const cu_bank *bank, cu_arena *arena, cu_draft_ground *out, cu_fault *f) CU_MUST;

#endif
