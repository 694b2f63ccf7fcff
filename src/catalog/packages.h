/* Private to catalog/. */
#ifndef CUSTOS_CATALOG_PACKAGES_H
#define CUSTOS_CATALOG_PACKAGES_H

#include "catalog/commands.h"

/* file: NAME.packages; text must outlive the list. A fault names line and remedy. */
cu_err packages_read(const char *path, cu_bytes file, cu_bytes text, cu_package_list *out, cu_fault *f) CU_MUST;

#endif
