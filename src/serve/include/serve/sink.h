/* The built-in provider on loopback: speaks the APIs that the gateway speaks, says back what it was sent,
 * and remembers what it received. It stands in for a provider in the demonstration and in probes. */
#ifndef CUSTOS_SERVE_SINK_H
#define CUSTOS_SERVE_SINK_H

#include "base/error.h"

/* Listens on 127.0.0.1, any free port; writes the port's number to port_file. */
cu_err cu_sink_run(const char *port_file, volatile int *stop, cu_fault *f) CU_MUST;

#endif
