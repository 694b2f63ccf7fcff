/* What a staged round explains to a verifier: tiles that are there before their checkpoint, and a
 * checkpoint that is there before the anchor log's. Nothing else: a file of that name alone excuses
 * nothing. */
#ifndef CUSTOS_LEDGER_PENDING_H
#define CUSTOS_LEDGER_PENDING_H

#include "stage.h"
#include "tiles.h"

/* Reads dir/stage; an absent one is an empty stage, a malformed one CU_CORRUPT. */
cu_err pending_load(const char *dir, stage *out) CU_MUST;
/* The round's entries for this log, or NULL. */
const stage_log *pending_of(const stage *s, const char *name);
/* True when the first tile beyond l->size is the one that this round writes, entry for entry. */
bool pending_explains(const stage_log *s, cu_log *l);

#endif
