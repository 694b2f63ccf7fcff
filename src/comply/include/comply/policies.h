/* Written policies (catalog/policies.yaml): text with {facts} that running settings fill. Pure. */
#ifndef CUSTOS_COMPLY_POLICIES_H
#define CUSTOS_COMPLY_POLICIES_H

#include "base/buf.h"
#include "comply/catalogue.h"

#define CU_POLICIES_MAX 100u
#define CU_POLICY_SECTIONS 24u
#define CU_POLICY_CONTROLS 16u
#define CU_POLICY_TEXT 12000u /* bytes of a filled policy */

typedef struct {
    cu_bytes heading, text; /* text as in the file, with its {facts} */
} cu_policy_section;

typedef struct {
    cu_bytes id, title, owner_role;
    uint64_t review_days;
    bool acknowledged;      /* everybody who uses an assistant says that he read it */
    cu_policy_section sections[CU_POLICY_SECTIONS];
    size_t sections_n;
    const cu_control *controls[CU_POLICY_CONTROLS];
    size_t controls_n;
} cu_policy_text;

typedef struct {
    cu_policy_text *v;
    size_t n;
} cu_policies;

/* A value of a running setting. */
typedef struct {
    const char *name;       /* "vendors" */
    const char *value;      /* a sentence, or part of one */
    const char *setting;    /* where it is set: "custos.yaml: vendors" */
} cu_policy_fact;

/* Whether the text of a policy may speak of a fact of that name. */
typedef bool (*cu_policy_knows_fn)(cu_bytes name);
/* Lives in the arena. A policy twice, an unknown control or fact: refused with file and line. */
cu_err cu_policies_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_policy_knows_fn knows, cu_arena *a, cu_policies **out, cu_fault *f) CU_MUST;
const cu_policy_text *cu_policy_find(const cu_policies *p, cu_bytes id); /* NULL: none */

/* Fills one text. used (of n; may be NULL) is set for each fact that stands in it. CU_NOT_FOUND: a fact is not given. */
cu_err cu_policy_fill(cu_bytes text, const cu_policy_fact *facts, size_t n, bool *used, cu_buf *out) CU_MUST;
/* The whole policy as plain text: title, then each heading and its text. */
cu_err cu_policy_print(const cu_policy_text *p, const cu_policy_fact *facts, size_t n, bool *used, cu_buf *out) CU_MUST;

#endif
