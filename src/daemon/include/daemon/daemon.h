/* The daemon: sequencer, projections, policy bundle and JSON API in one process. It never sees the
 * signing key, and nothing in it is on the path of a request. */
#ifndef CUSTOS_DAEMON_DAEMON_H
#define CUSTOS_DAEMON_DAEMON_H

#include "catalog/config.h"

/* Runs until *stop becomes true. */
cu_err cu_daemon_run(const cu_config *c, volatile int *stop, cu_fault *f) CU_MUST;

#endif
