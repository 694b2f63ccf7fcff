/* Paths in plain text: words of a shell, lines that introduce a file. */
#ifndef CUSTOS_WIRE_MENTION_TEXT_H
#define CUSTOS_WIRE_MENTION_TEXT_H

#include "wire/mention.h"

/* line: offset of the line's first byte. Bytes of path are valid during the call only. */
typedef struct {
    cu_err (*emit)(void *arg, cu_bytes path, cu_bytes folder, bool pattern, size_t line);
    void *arg;
} cu_path_sink;

/* all: words without a slash or a dot count as well. folder: where the command runs. */
cu_err cu_paths_in_command(cu_bytes text, cu_bytes folder, bool all, const cu_path_sink *sink) CU_MUST;
/* heads: "path:" at the beginning of a line counts as well, as grep prints it. */
cu_err cu_paths_in_lines(const cu_marker *m, size_t m_n, cu_bytes text, bool heads, const cu_path_sink *sink) CU_MUST;

#endif
