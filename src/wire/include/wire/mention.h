/* Which files a conversation names, and which bytes of the request hold what is in them: calls of
 * tools and their results in the shapes of all providers, patches, and lines of texts that introduce
 * a file. What is allowed is decided elsewhere; this says where to look and where to cut. */
#ifndef CUSTOS_WIRE_MENTION_H
#define CUSTOS_WIRE_MENTION_H

#include "catalog/tools.h"
#include "wire/tree.h"

#define CU_MENTION_MAX 400000u     /* of one request; beyond: CU_TOO_BIG */
#define CU_MENTION_PATH_MAX 4096u  /* bytes of a path; longer words are none */
#define CU_MENTION_FOLDERS 4u

/* What stands at the bytes, and so what may stand there instead. */
typedef enum {
    CU_CUT_TEXT,       /* the rest of a string's inner bytes */
    CU_CUT_STRING,     /* a value: a string takes its place */
    CU_CUT_OBJECT,     /* a value that must stay an object */
    CU_CUT_ARGUMENTS   /* a string that holds a JSON object */
} cu_cut_form;

typedef struct {
    uint32_t start, end;
    uint8_t form;
} cu_cut_at;

typedef struct {
    cu_bytes path;     /* as written, unescaped */
    cu_bytes folder;   /* where the call runs, relative to the client's folder or absolute; may be empty */
    bool pattern;      /* a shell's pattern */
    uint32_t at;       /* index of at[] */
} cu_mention;

typedef struct {
    cu_mention *v;
    size_t n, cap;
    cu_cut_at *at;
    size_t at_n, at_cap;
    cu_bytes folders[CU_MENTION_FOLDERS]; /* where the client says that it works, in order, without repeats */
    size_t folders_n;
} cu_mentions;

/* All memory of the arena, or bytes of the tree's text. files false: folders only. */
cu_err cu_mentions_of(const cu_tools *tools, const cu_json_tree *t, bool files, cu_arena *a, cu_mentions *out, cu_fault *f) CU_MUST;
/* Appends what stands in place of a cut: JSON for its form that carries the note. */
void cu_cut_put(cu_cut_form form, cu_bytes note, cu_buf *out);

#endif
