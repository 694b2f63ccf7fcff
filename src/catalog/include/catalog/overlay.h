/* A customer's folder beside the shipped catalogue: a file of the same name there adds to the shipped one and
 * replaces parts of it. Maps are merged by key; of lists whose items have an id, name or type, an item of the same
 * one is merged into the shipped one (remove: true takes it out) and others are added behind; everything else is
 * replaced. What is wrong then is told with the file that it stands in. */
#ifndef CUSTOS_CATALOG_OVERLAY_H
#define CUSTOS_CATALOG_OVERLAY_H

#include "catalog/yaml.h"

/* Once, before the catalogue is read: customer NULL is none. A file there that the catalogue does not have, or that
 * is not for customers (the registry of events), is refused. Both texts must outlive all reading. */
cu_err cu_overlay_use(const char *shipped, const char *customer, cu_fault *f) CU_MUST;
/* For cu_yaml_load(): what the customer's file of this name makes of *root. */
cu_err cu_overlay_apply(const char *path, cu_arena *a, const cu_yaml **root, cu_fault *f) CU_MUST;

#endif
