/* What a control's listing asks for, and how many rows of it an auditor would look at: from
 * catalog/controls.yaml (docs/formats/population.md). */
#ifndef CUSTOS_COMPLY_LISTING_H
#define CUSTOS_COMPLY_LISTING_H

#include "base/arena.h"
#include "ledger/listing.h"

typedef struct cu_control_listings cu_control_listings;

/* All controls, checked: a listing without types, a filter of the wrong form, an unknown frequency or a
 * rule without numbers is an error with its line. Lives in the arena. */
cu_err cu_control_listings_load(const char *dir, cu_arena *a, cu_control_listings **out, cu_fault *f) CU_MUST;
/* Sets control, types and where. CU_NOT_FOUND. */
cu_err cu_control_listing(const cu_control_listings *c, const char *id, cu_population *out) CU_MUST;
/* How many of `count` rows; why gets a sentence. CU_NOT_FOUND. */
cu_err cu_control_sample_size(const cu_control_listings *c, cu_bytes id, uint64_t count, uint64_t *size, char why[CU_SAMPLE_WHY]) CU_MUST;

#endif
