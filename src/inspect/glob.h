/* Private to inspect/: patterns and paths. */
#ifndef CUSTOS_INSPECT_GLOB_H
#define CUSTOS_INSPECT_GLOB_H

#include "base/arena.h"
#include "catalog/commands.h"

/* *, ?, [a-z] over the whole text. slash: * and ? do not pass a slash. */
bool in_glob(cu_bytes glob, cu_bytes text, bool slash);
bool in_any(const cu_word_list *globs, cu_bytes text);
bool in_list(const cu_word_list *l, cu_bytes text);
cu_bytes in_base(cu_bytes path); /* behind the last slash */
cu_bytes in_trimmed(cu_bytes text); /* without blanks at its ends */
cu_bytes in_path(cu_arena *a, cu_bytes path); /* without // /./ and x/.. */

#endif
