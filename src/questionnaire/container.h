/* Private to questionnaire/: ZIP containers in memory, and XML by its bytes. */
#ifndef CUSTOS_QUESTIONNAIRE_CONTAINER_H
#define CUSTOS_QUESTIONNAIRE_CONTAINER_H

#include "questionnaire/document.h"

typedef struct {
    cu_bytes name, content;
    uint64_t modified_s;
} member;

typedef struct {
    member *v; /* in the order of the file */
    size_t n;
} container;

/* Everything in the arena, under the ceilings; nothing is written to disk. */
cu_err container_read(cu_bytes file, cu_arena *a, container *out, cu_fault *f) CU_MUST;
cu_err container_write(const container *c, cu_buf *out, cu_fault *f) CU_MUST;
member *container_find(const container *c, cu_bytes name); /* NULL */

/* An element by its local name; attributes as expat gives them, name and value in turn. at: byte where its tag begins. */
typedef struct xml xml;
struct xml {
    cu_err (*start)(xml *x, const char *name, const char **attributes);
    cu_err (*end)(xml *x, const char *name);
    cu_err (*text)(xml *x, cu_bytes piece);
    void *arg;
    cu_fault *f;
    unsigned depth;
    size_t at, tag_n;    /* of the tag in hand: where it begins, how many bytes it has */
    const char *prefix;  /* of it, with the colon; "" */
    void *parser;        /* of xml_read alone */
    cu_err err;
    char held[64];
};
/* UTF-8 without a document type: no entity but the five of XML, nothing from outside. what: for the message. */
cu_err xml_read(xml *x, cu_bytes text, const char *what) CU_MUST;
const char *xml_attribute(const char **attributes, const char *local);
void xml_escape(cu_buf *b, cu_bytes text); /* characters that XML 1.0 cannot hold become U+FFFD */

/* The readers, and what writes. */
cu_err csv_read(cu_bytes file, cu_arena *a, cu_qdocument *d, cu_fault *f) CU_MUST;
cu_err xlsx_read(const container *c, cu_arena *a, cu_qdocument *d, cu_fault *f) CU_MUST;
cu_err docx_read(const container *c, cu_arena *a, cu_qdocument *d, cu_fault *f) CU_MUST;
cu_err xlsx_fill(cu_bytes sheet, const cu_qdocument *d, uint32_t table, const cu_qfilling *fillings, cu_buf *out, cu_fault *f) CU_MUST;
cu_err docx_fill(cu_bytes text, const cu_qdocument *d, const cu_qfilling *fillings, cu_buf *out, cu_fault *f) CU_MUST;
/* find.c: fills d->asked. */
cu_err find_asked(cu_arena *a, cu_qdocument *d, cu_fault *f) CU_MUST;

/* A list that grows in an arena, up to a ceiling. */
typedef struct {
    cu_arena *a;
    cu_qcell *v;
    size_t n, cap;
    size_t *total; /* of the whole document */
} cell_list;
cu_err cells_add(cell_list *l, const cu_qcell *c, cu_fault *f) CU_MUST;
cu_bytes trimmed(cu_bytes b);

#endif
