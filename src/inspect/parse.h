/* Private to inspect/: parsing with a ceiling that is counted in what the parser does, not in time, so that it is the
 * same on every machine and a verdict can be worked out again. */
#ifndef CUSTOS_INSPECT_PARSE_H
#define CUSTOS_INSPECT_PARSE_H

#include <tree_sitter/api.h>
#include "base/bytes.h"

/* For each byte of text: bytes that a parse may ask for, in all, and what it may look up in the grammar's tables. */
typedef struct {
    uint32_t turns; /* of a hundred steps each, in all */
    uint32_t memory, lookups;
} parse_limit;

/* Scripts and commands take 85 and 6 at most (7,500 bytes and 2,900 look-ups of them whatever their length). */
#define PARSE_SHELL(turns) ((parse_limit){(turns), 256, 8})
/* Well-formed text in seven languages takes 95 and 2, C++ read as C 1,300 and 19. */
#define PARSE_CODE(turns) ((parse_limit){(turns), 1500, 24})

/* NULL: not within the limit, or not within what a text of this length may take; the parser is ready for the next.
 * The caller deletes the tree. */
TSTree *parse_within(TSParser *p, cu_bytes text, parse_limit most);

#endif
