/* A webhook of a code host → what it says of a commit. GitHub ("Webhook events and payloads"), GitLab ("Webhook
 * events"), Gitea and Forgejo ("Webhooks"; the same payloads). Foreign bytes: ceilings on size and on every text. */
#ifndef CUSTOS_COMPLY_HOOK_H
#define CUSTOS_COMPLY_HOOK_H

#include "base/bytes.h"
#include "base/error.h"
#include "catalog/hooks.h"

#define CU_HOOK_MAX ((size_t)4 << 20) /* bytes */

typedef enum { CU_HOOK_NOTHING, CU_HOOK_PUSH, CU_HOOK_REVIEW, CU_HOOK_MERGE } cu_hook_what;

typedef struct {
    cu_hook_what what;
    char repo[201], branch[201];  /* branch: pushed to, or merged into */
    char commit[65];
    char user[121];               /* who wrote it, reviewed it, merged it */
    char title[201];              /* first line of the message */
    bool approved;                /* of a review: else changes are asked for */
} cu_hook;

/* event: what the host's header names ("push", "pull_request_review", "Push Hook"). What concerns no commit is
 * CU_HOOK_NOTHING. CU_SYNTAX: no JSON object, or a member that is needed is missing or too long. */
cu_err cu_hook_read(cu_hook_kind kind, cu_bytes event, cu_bytes body, cu_hook *out, cu_fault *f) CU_MUST;

#endif
