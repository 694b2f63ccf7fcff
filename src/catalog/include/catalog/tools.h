/* catalog/tools.yaml: which arguments of which tools name files, and how a text names one. */
#ifndef CUSTOS_CATALOG_TOOLS_H
#define CUSTOS_CATALOG_TOOLS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

typedef enum { CU_ARG_UNKNOWN, CU_ARG_FILE, CU_ARG_FOLDER, CU_ARG_COMMAND, CU_ARG_PATCH, CU_ARG_CONTENT, CU_ARG_WORDS, CU_ARG_OLD, CU_ARG_CODE, CU_ARG_URL, CU_ARG_ROLES } cu_arg_role;

typedef struct {
    cu_bytes name;
    uint8_t role;
} cu_tool_arg;

typedef struct {
    cu_bytes *names;
    size_t names_n;
    cu_tool_arg *args;
    size_t args_n;
    cu_bytes lang;  /* of its code; empty: not said */
    cu_bytes calls; /* its code calls other tools behind this word: "tools."; empty: it does not */
} cu_tool;

typedef struct {
    cu_bytes name;
    cu_bytes *ends, *words; /* of paths, behind the last dot; of fenced blocks */
    size_t ends_n, words_n;
} cu_lang;

typedef struct {
    cu_bytes before, after; /* after empty: to the end of the line */
} cu_marker;

typedef struct {
    cu_tool *tools;
    size_t tools_n;
    cu_marker *folders, *files;
    size_t folders_n, files_n;
    cu_tool unlisted;       /* arguments of tools that are not listed */
    cu_lang *langs;
    size_t langs_n;
} cu_tools;

/* Everything lives in the arena. */
cu_err cu_tools_load(const char *path, cu_arena *a, cu_tools *out, cu_fault *f) CU_MUST;
cu_err cu_tools_parse(cu_bytes text, cu_arena *a, cu_tools *out, cu_fault *f) CU_MUST;
/* CU_ARG_UNKNOWN when the tool or its argument is not listed. A prefix that ends in "__" or "." (the
 * server of a tool) is passed over. */
cu_arg_role cu_tool_role(const cu_tools *t, cu_bytes tool, cu_bytes arg);
/* The same, and what is not listed by what tools usually call it. */
cu_arg_role cu_tool_part(const cu_tools *t, cu_bytes tool, cu_bytes arg);
/* NULL when it is not listed; the prefix of a server is passed over. */
const cu_tool *cu_tool_find(const cu_tools *t, cu_bytes name);
/* The language of a file, or of the word behind a fence; empty when neither says. */
cu_bytes cu_lang_of(const cu_tools *t, cu_bytes path, cu_bytes word);

#endif
