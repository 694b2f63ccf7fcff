/* Private to daemon/: probes that people ask for. The prober, which alone can run one, takes what is asked from here and
 * says what came of it; a value waits in memory for that moment only, and stands in no entry. */
#ifndef CUSTOS_DAEMON_PROBE_DESK_H
#define CUSTOS_DAEMON_PROBE_DESK_H

#include <jansson.h>
#include "app.h"

unsigned answer_probe_runs(call *c);  /* what can be asked for, and what was */
unsigned ask_probe_run(call *c);      /* {"probe":NAME,"value"?:TEXT} */
unsigned answer_probe_run(call *c);   /* one, with its results when it has ended */
unsigned next_probe_run(call *c);     /* the prober's: what waits longest, with its value; 204: nothing */
unsigned take_probe_list(call *c);    /* the prober's: which probes there are */
/* Who asked for a run, as a pseudonym or "operator"; "" when there is no such run in work. */
void probe_run_asker(app *a, const char *run, char out[CU_STORE_ACTOR]);
/* What came of it; results as they were sealed. */
void probe_run_ended(app *a, const char *run, const json_t *results);

#endif
