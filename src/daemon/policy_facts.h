/* Private to daemon/: what running settings say, for written policies. */
#ifndef CUSTOS_DAEMON_POLICY_FACTS_H
#define CUSTOS_DAEMON_POLICY_FACTS_H

#include "app.h"
#include "comply/policies.h"

#define POLICY_FACTS 20u
/* All values, in the arena. */
cu_err policy_facts(app *a, cu_arena *arena, cu_policy_fact out[POLICY_FACTS]) CU_MUST;
bool policy_fact_known(cu_bytes name);

#endif
