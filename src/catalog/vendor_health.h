/* Private to catalog/: the keys check and breaker of a vendor's entry. */
#ifndef CUSTOS_CATALOG_VENDOR_HEALTH_H
#define CUSTOS_CATALOG_VENDOR_HEALTH_H

#include "catalog/vendor_terms.h"
#include "reading.h"

cu_err vendor_health_read(const reading *r, const cu_yaml *vendor, cu_vendor_terms *out) CU_MUST;

#endif
