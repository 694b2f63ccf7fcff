/* The command guard: shell text in, verdict out. No I/O. What a command means is read from its syntax
 * tree: wrappers, quoting, substitutions, pipes, here-documents and encodings are taken apart, and what
 * would run is held against the rules (docs/formats/commands.md). */
#ifndef CUSTOS_INSPECT_GUARD_H
#define CUSTOS_INSPECT_GUARD_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/commands.h"

#define CU_INSPECT_MAX_TEXT (256u << 10) /* of one artefact; beyond it: held */
#define CU_INSPECT_MAX_TURNS 1000u       /* of the parser; beyond: held. A ceiling without a clock */
#define CU_INSPECT_MAX_DEPTH 12u         /* shells in shells; beyond it: held */
#define CU_INSPECT_MAX_STEPS 20000u      /* words and nodes; beyond them: held */
#define CU_INSPECT_MAX_REASONS 32u
#define CU_INSPECT_MAX_HOSTS 64u

const char *cu_tier_name(cu_tier t); /* "org" */
const char *cu_verdict_name(unsigned decision); /* "hold" */

typedef struct {
    const char *rule, *title, *message, *instead; /* of the pack, or static */
    unsigned tier, decision;
    uint32_t start, end; /* of the artefact: the outermost command that led here */
} cu_reason;

typedef struct {
    unsigned decision;
    const cu_reason *v;
    size_t n;
    const cu_bytes *hosts; /* that the commands name; addresses in their usual notation */
    size_t hosts_n;
} cu_verdict;

typedef struct cu_guard cu_guard;         /* packs of all tiers; read by any number of threads */
typedef struct cu_inspector cu_inspector; /* a parser: one a thread */

/* packs: by tier, NULL where there is none; they must outlive the guard. Runs the examples of every
 * rule: one that does not say what it must stops the load, with file and line. */
cu_err cu_guard_new(const cu_command_pack *const packs[CU_TIERS], cu_guard **out, cu_fault *f) CU_MUST;
/* The same of packs whose examples were run before, by the process that handed them over. */
cu_err cu_guard_of(const cu_command_pack *const packs[CU_TIERS], cu_guard **out) CU_MUST;
void cu_guard_free(cu_guard *g);
cu_err cu_inspector_new(const cu_guard *g, cu_inspector **out) CU_MUST;
void cu_inspector_free(cu_inspector *i);
void cu_inspector_use(cu_inspector *i, const cu_guard *g); /* from now on */
/* Lower ceilings, of one artefact: where others wait. */
void cu_inspector_limit(cu_inspector *i, uint32_t bytes, uint32_t turns);
/* The strictest decision of all tiers. A tier's `permit` lifts what weaker tiers would hold, never a
 * block. CU_NOMEM only; whatever cannot be read is held, with a reason. The verdict lives in a. */
cu_err cu_inspect_command(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out) CU_MUST;
/* Program text that is no shell: the strings in it are looked at as commands, hosts in it are checked. */
cu_err cu_inspect_code(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out) CU_MUST;
/* Text that does not run by itself: only the hosts in it are checked. */
cu_err cu_inspect_hosts(cu_inspector *i, cu_bytes text, cu_arena *a, cu_verdict *out) CU_MUST;
/* A file, or a part of one, that names packages (package.json, requirements.txt): each is held unless the lists have
 * it. Other files, and where there is no list: allowed. Without a path lang (catalog/tools.yaml) says what it is. */
cu_err cu_inspect_manifest(cu_inspector *i, cu_bytes path, cu_bytes lang, cu_bytes text, cu_arena *a, cu_verdict *out) CU_MUST;

#endif
