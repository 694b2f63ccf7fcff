/* What a leaf of the anchor log says. */
#ifndef CUSTOS_LEDGER_ANCHOR_LEAF_H
#define CUSTOS_LEDGER_ANCHOR_LEAF_H

#include "ledger/leaf.h"

typedef struct {
    cu_bytes log, root; /* "t/acme", hex */
    uint64_t size;
} anchor_leaf;

/* False when it is no checkpoint of a log. */
bool anchor_leaf_read(const cu_leaf *leaf, anchor_leaf *out);

#endif
