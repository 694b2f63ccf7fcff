/* Texts that a model reads, held against the rules for instructions that somebody planted in them. */
#ifndef CUSTOS_INSPECT_INJECTED_H
#define CUSTOS_INSPECT_INJECTED_H

#include "catalog/injected_rules.h"

typedef struct cu_injected cu_injected;                  /* compiled rules: immutable, shared by threads */
typedef struct cu_injected_scratch cu_injected_scratch;  /* one per thread */

/* catalog_dir/rules/injected. Compiling takes most of a second; `image` (NULL or "": none) is what a build made of the same
 * rules by the same library for the same processor, and is passed over when it does not fit. It is code for the library:
 * name only a file that whoever installed the program wrote. */
cu_err cu_injected_open(const char *catalog_dir, const char *image, cu_injected **out, cu_fault *f) CU_MUST;
cu_err cu_injected_write_image(const cu_injected *j, const char *path) CU_MUST; /* docs/formats/rules-image.md */
bool cu_injected_from_image(const cu_injected *j);
void cu_injected_free(cu_injected *j);
const cu_injected_rules *cu_injected_rules_of(const cu_injected *j);
cu_err cu_injected_scratch_new(const cu_injected *j, cu_injected_scratch **out) CU_MUST;
void cu_injected_scratch_free(cu_injected_scratch *s);

/* text: valid UTF-8. hits[i] of as many as there are rules grows by one for each rule that holds of it; *n is how many do. */
cu_err cu_injected_find(const cu_injected *j, cu_injected_scratch *s, cu_bytes text, uint32_t *hits, size_t *n) CU_MUST;

/* Every example and counter-example. tell is called for each that does not hold; *wrong counts them. */
typedef void (*cu_injected_tell)(void *arg, const cu_injected_rule *r, cu_bytes example, const char *why);
cu_err cu_injected_prove(const cu_injected *j, cu_injected_tell tell, void *arg, size_t *wrong) CU_MUST;

#endif
