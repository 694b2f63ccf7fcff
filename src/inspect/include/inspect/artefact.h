/* What a model wrote, in one form for all clients: every command, program text, patch and address that
 * a call of a tool carries, by the roles of catalog/tools.yaml. Whoever judges sees only artefacts. */
#ifndef CUSTOS_INSPECT_ARTEFACT_H
#define CUSTOS_INSPECT_ARTEFACT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/tools.h"

#define CU_ARTEFACT_MAX 256u /* of one call; beyond: unread */

typedef enum {
    CU_ARTEFACT_COMMAND, /* runs as soon as the client has it: shell text, or a program (lang says which) */
    CU_ARTEFACT_CODE,    /* is written to a file, or shown */
    CU_ARTEFACT_PATCH,   /* the lines that a patch adds to a file */
    CU_ARTEFACT_URL      /* is fetched */
} cu_artefact_kind;
const char *cu_artefact_kind_name(unsigned kind); /* "command" */

typedef struct {
    unsigned kind;
    cu_bytes lang;       /* of catalog/tools.yaml, "sh" for shell text; empty: not known */
    cu_bytes path;       /* of the file that it goes into; may be empty */
    cu_bytes text;
    cu_bytes tool, call; /* name and id, as the model gave them */
    bool open;           /* what runs is put together only then */
    bool hosts;          /* only the hosts in it count: what it runs stands in artefacts of its own */
} cu_artefact;

typedef struct {
    cu_artefact *v;
    size_t n;
    bool unread;         /* the arguments are no JSON, or hold more than is read: nothing may be taken as seen */
} cu_artefacts;

typedef struct {
    cu_bytes tool, call;
    cu_bytes args;       /* JSON; raw: text for the tool */
    bool raw;
} cu_tool_call;

/* Everything lives in the arena or points into the call. CU_NOMEM only. */
cu_err cu_artefacts_of(const cu_tools *tools, const cu_tool_call *c, cu_arena *a, cu_artefacts *out) CU_MUST;
/* Fenced blocks of a text (CommonMark 0.31, section 4.5), appended. */
cu_err cu_artefacts_in_text(const cu_tools *tools, cu_bytes text, cu_arena *a, cu_artefacts *out) CU_MUST;

#endif
