/* Private to daemon/: what the daemon sees of its own node: capacity, the baseline, the store. */
#ifndef CUSTOS_DAEMON_NODE_H
#define CUSTOS_DAEMON_NODE_H

#include <jansson.h>
#include "app.h"

/* Once a minute: thresholds; a sample when an hour is over, baseline and store when a day is. */
void node_watch(app *a);
/* Whether the newest entry of a type is older than this, or there is none. */
bool older_than(app *a, const char *type, uint64_t seconds);
/* Whether the newest `bad` is newer than any `good`: from the log, so that a restart neither tells it again nor forgets it. */
bool told_after(app *a, const char *bad, const char *good);
/* Records as the daemon; takes the lock. */
bool node_tell(app *a, const char *type, const cu_buf *body);

/* capacity.c */
void capacity_look(app *a, bool sample);
void capacity_json(app *a, cu_buf *out);
/* baseline.c: compares and tells; false when something differs. out, if not NULL, gets the items. */
bool baseline_check(app *a, json_t *out);
/* store_check.c */
bool store_check(app *a);
/* links.c: what TLS to vendors and of our listeners is; tells */
void links_check(app *a);
unsigned answer_node_check(call *c);

#endif
