/* What a desk's verbs ask of the daemon: one path, its answer as JSON. */
#ifndef CUSTOS_CLI_DESK_ANSWER_H
#define CUSTOS_CLI_DESK_ANSWER_H

#include <jansson.h>
#include "admin.h"

/* 0 and *out (to be released), or the exit status of what went wrong. */
int cu_desk_ask(const cu_run *r, const char *method, const char *path, cu_bytes body, json_t **out);
/* The same; with --format json the answer is printed as well. */
int cu_desk_answer(const cu_run *r, const char *method, const char *path, cu_bytes body, json_t **out);
/* What a path gives, printed as it came. */
int cu_desk_print(const cu_run *r, const char *path);
const char *cu_desk_text(const json_t *v, const char *key);  /* "" when there is none */
void cu_desk_query(cu_buf *path, const char *name, const char *value); /* &name=value, escaped */

#endif
