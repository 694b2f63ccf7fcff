#ifndef CUSTOS_SERVE_LAYOUT_H
#define CUSTOS_SERVE_LAYOUT_H

#include "serve/serve.h"

/* Makes state and run directories with their owners and modes. */
cu_err layout_prepare(const cu_config *c, const char *run_dir, cu_fault *f) CU_MUST;
/* The built console into run_dir/web. */
cu_err layout_copy_web(const char *web, const char *run_dir, cu_fault *f) CU_MUST;

#endif
