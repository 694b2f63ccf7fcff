/* What an answer says about itself: token counts, stop reason, tool calls. */
#ifndef CUSTOS_REDACT_ANSWER_H
#define CUSTOS_REDACT_ANSWER_H

#include "redact/restore.h"

/* Reads the facts of one JSON object (an event, or a whole message) into a. */
void cu_answer_read(cu_answer *a, cu_bytes json, const cu_json_strings *s);

#endif
