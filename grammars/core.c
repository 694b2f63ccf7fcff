/* tree-sitter's core as one unit, in the order of its own lib.c, with a count of what the parser looks up in its
 * tables. On the way out of an error it looks up every symbol of the grammar in every state that may follow: of all that
 * a parse does only this and its memory (which src/inspect/parse.c counts) grow faster than its steps. */
#include "core.h"
#include "alloc.c"
#include "get_changed_ranges.c"
#include "language.c"

_Thread_local uint64_t parser_lookups;

static inline void counted_table_entry(const TSLanguage *language, TSStateId state, TSSymbol symbol, TableEntry *entry)
{
    parser_lookups++;
    ts_language_table_entry(language, state, symbol, entry);
}
#define ts_language_table_entry counted_table_entry

#include "lexer.c"
#include "node.c"
#include "parser.c"
#include "query.c"
#include "stack.c"
#include "subtree.c"
#include "tree_cursor.c"
#include "tree.c"
#include "wasm_store.c"
