/* The running system, asked through its admin socket. */
#ifndef CUSTOS_CLI_ADMIN_H
#define CUSTOS_CLI_ADMIN_H

#include <jansson.h>
#include <stdio.h>
#include "base/buf.h"
#include "catalog/config.h"
#include "verb.h"

/* path begins with /api/v1. body empty: none. *status = HTTP status. */
cu_err cu_admin_call(const char *run_dir, const char *method, const char *path, cu_bytes body, long *status,
                     cu_buf *out, cu_fault *f) CU_MUST;
/* As above, for answers of any length and questions that take long: the body of a 200 or 201 goes to `to`,
 * anything else to problem. */
cu_err cu_admin_stream(const char *run_dir, const char *method, const char *path, cu_bytes body, FILE *to, long *status, cu_buf *problem,
                       cu_fault *f) CU_MUST;
/* Reads --config (credentials only checked for form) and the run directory; prints what is wrong.
 * 0 when fine, else the exit status. */
int cu_open_config(const cu_run *r, cu_arena *a, cu_config *c, char run_dir[4096]);
/* What a path gives, when it is a document of any kind: 0, or the exit status of what went wrong. */
int cu_admin_document(const cu_run *r, const char *run_dir, const char *method, const char *path, cu_bytes body, cu_buf *out);
/* The same of JSON. in: is taken over; NULL: no body. *out is released by the caller. */
int cu_admin_json(const cu_run *r, const char *run_dir, const char *method, const char *path, json_t *in, json_t **out);
/* A problem document as an error message. */
int cu_admin_problem(const cu_run *r, long status, cu_buf *out);

#endif
