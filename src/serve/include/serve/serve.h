/* The supervisor: prepares the directories, starts signer, daemon, sink and nginx, watches them and
 * stops them together. */
#ifndef CUSTOS_SERVE_SERVE_H
#define CUSTOS_SERVE_SERVE_H

#include <sys/types.h>
#include "base/buf.h"
#include "catalog/config.h"

/* The signer's uid and gid when Custos runs as root: no other process has it. */
#define CU_SIGNER_UID 64180u

/* Blocks until SIGINT or SIGTERM. on_ready is called once every part answers (may be NULL). */
cu_err cu_serve(const cu_config *c, void (*on_ready)(const cu_config *c, const char *run_dir), cu_fault *f) CU_MUST;
/* A listening unix socket at path, an old one removed. */
cu_err cu_listen_unix(const char *path, mode_t mode, int *fd, cu_fault *f) CU_MUST;

#endif
