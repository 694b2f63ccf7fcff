/* catalog/tools.yaml: which arguments of which tools name files, and how a text names one. */
#ifndef CUSTOS_CATALOG_TOOLS_H
#define CUSTOS_CATALOG_TOOLS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

typedef enum { CU_ARG_UNKNOWN, CU_ARG_FILE, CU_ARG_FOLDER, CU_ARG_COMMAND, CU_ARG_PATCH, CU_ARG_CONTENT, CU_ARG_WORDS, CU_ARG_ROLES } cu_arg_role;

typedef struct {
    cu_bytes name;
    uint8_t role;
} cu_tool_arg;

typedef struct {
    cu_bytes *names;
    size_t names_n;
    cu_tool_arg *args;
    size_t args_n;
} cu_tool;

typedef struct {
    cu_bytes before, after; /* after empty: to the end of the line */
} cu_marker;

typedef struct {
    cu_tool *tools;
    size_t tools_n;
    cu_marker *folders, *files;
    size_t folders_n, files_n;
} cu_tools;

/* Everything lives in the arena. */
cu_err cu_tools_load(const char *path, cu_arena *a, cu_tools *out, cu_fault *f) CU_MUST;
cu_err cu_tools_parse(cu_bytes text, cu_arena *a, cu_tools *out, cu_fault *f) CU_MUST;
/* CU_ARG_UNKNOWN when the tool or its argument is not listed. A prefix that ends in "__" or "." (the
 * server of a tool) is passed over. */
cu_arg_role cu_tool_role(const cu_tools *t, cu_bytes tool, cu_bytes arg);

#endif
