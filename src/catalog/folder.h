/* Private to catalog/: folders of rules, each file of which is read whole. */
#ifndef CUSTOS_CATALOG_FOLDER_H
#define CUSTOS_CATALOG_FOLDER_H

#include "base/digest.h"
#include "base/error.h"

/* text lives as long as the call. */
typedef cu_err (*folder_file_fn)(void *arg, const char *path, cu_bytes text, cu_fault *f);

/* Each *.yaml that is not hidden, by name; 1 to `most` of them. digest: over names and contents of all. */
cu_err folder_each_yaml(const char *dir, unsigned most, folder_file_fn each, void *arg, cu_sha256 *digest, cu_fault *f) CU_MUST;

#endif
