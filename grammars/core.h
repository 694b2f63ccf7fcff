/* What the parser tells beyond tree_sitter/api.h. */
#ifndef CUSTOS_GRAMMARS_CORE_H
#define CUSTOS_GRAMMARS_CORE_H

#include <stdint.h>

/* Look-ups in the tables of grammars, by all parsers of this thread. */
extern _Thread_local uint64_t parser_lookups;

#endif
