/* Finds the values of an exchange wherever they stand in a body, in any form in which JSON may escape
 * them. Samples of the body at even steps are held against all that a form can show there: Sutinen and
 * Tarhio, "Filtration with q-samples in approximate string matching" (1996), for many texts, each exact. */
#ifndef CUSTOS_REDACT_RESIDUE_H
#define CUSTOS_REDACT_RESIDUE_H

#include "redact/redact.h"

/* start, end: bytes of body. level: how often the form that stands there is escaped beyond once. */
typedef cu_err (*cu_residue_fn)(void *arg, size_t start, size_t end, const cu_issued *it, uint32_t level);

/* What touches the bytes from `from` on. Only whole tokens, and only values that are no words of a language: those are what they are by the
 * words around them. Calls fn in the order of the body. */
cu_err cu_residue(const cu_issued_map *m, cu_bytes body, size_t from, cu_residue_fn fn, void *arg) CU_MUST;

#endif
