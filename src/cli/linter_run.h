/* A program of the customer, run where it can do little: its own group of processes, an empty environment, a
 * folder of its own for what it writes, limits on time, memory, files and output, and no network where the
 * kernel lets us take it away. Never on the path of a request. */
#ifndef CUSTOS_CLI_LINTER_RUN_H
#define CUSTOS_CLI_LINTER_RUN_H

#include "base/buf.h"
#include "catalog/config.h"

/* paths, paths_n: put in for the word {paths}. What it wrote on standard output is appended to out (its
 * ceiling is that of the output). *networked: the network could not be taken away. A linter that found
 * something may end with any status below 126; a signal, a limit, or no output at all is an error. */
cu_err linter_run(const cu_config_linter *l, const char *const *paths, size_t paths_n, cu_buf *out, bool *networked, cu_fault *f) CU_MUST;

#endif
