/* Private to scan/: one entry of a raw folder of git, "MODE NAME\0ID". */
#ifndef CUSTOS_SCAN_TREE_ENTRY_H
#define CUSTOS_SCAN_TREE_ENTRY_H

#include "base/bytes.h"
#include "ids.h"

typedef struct {
    cu_bytes left; /* behind this entry */
    cu_bytes name;
    const uint8_t *id;
    unsigned mode;
    bool tree, file, over, bad;
} cu_tree_entry;

cu_tree_entry cu_tree_next(cu_bytes t);
/* git's order: a folder's name counts as if a slash stood behind it. */
int cu_tree_order(const cu_tree_entry *a, const cu_tree_entry *b);

#endif
