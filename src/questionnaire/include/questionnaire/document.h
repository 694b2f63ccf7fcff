/* A questionnaire as a file: CSV (RFC 4180), a workbook (ECMA-376, SpreadsheetML) or a text document (WordprocessingML).
 * Read into tables of cells, searched for what is asked and where the answer goes, and written again with the answers in
 * their places. The bytes come from outside: every ceiling is named here. docs/formats/questionnaire.md. */
#ifndef CUSTOS_QUESTIONNAIRE_DOCUMENT_H
#define CUSTOS_QUESTIONNAIRE_DOCUMENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_QFILE_MAX ((size_t)5 << 20)          /* bytes of the file */
#define CU_QFILE_MEMBERS 2000u                  /* in a container */
#define CU_QFILE_UNPACKED ((size_t)96 << 20)    /* of all members */
#define CU_QFILE_RATIO 200u                     /* unpacked to packed, beyond the first 8 MiB */
#define CU_QFILE_TABLES 256u
#define CU_QFILE_CELLS 400000u                  /* with text */
#define CU_QFILE_ROW 1048576u                   /* as in a worksheet */
#define CU_QFILE_COL 16384u
#define CU_QFILE_DEPTH 100u                     /* of XML elements */
#define CU_QCELL_MAX ((size_t)32767)            /* bytes of a cell; what a worksheet's cell can hold */
#define CU_QASKED_MAX 5000u                     /* questions of one file */
#define CU_QARENA ((size_t)192 << 20)

typedef enum { CU_QFORM_CSV, CU_QFORM_XLSX, CU_QFORM_DOCX } cu_qform;
const char *cu_qform_name(cu_qform form);

typedef struct {
    uint32_t row, col;   /* from 0 */
    uint32_t cols, rows; /* merged: how far it reaches; at least 1 */
    uint32_t place;      /* DOCX: which table cell, or which paragraph, counted through the document */
    uint32_t order;      /* DOCX: where it comes in the text */
    cu_bytes text;
} cu_qcell;

typedef struct {
    cu_bytes name;   /* of the worksheet */
    cu_bytes member; /* of the container that holds it */
    cu_qcell *cells; /* row by row, each from left to right; empty ones that the file names are there as well */
    size_t n;
    bool flowing;    /* paragraphs outside of tables, one a row */
} cu_qtable;

/* Something that is asked, and where its answer goes. */
typedef struct {
    cu_bytes id;        /* as the file gives it; else a number of ours, "Q1" */
    cu_bytes text, section, existing; /* existing: what stands in the answer's cell already */
    uint32_t table, row, col, order;
    uint32_t answer_col, answer_place;
    uint32_t choice_col;              /* a column of its own for yes or no; CU_QNO_COL: none */
    bool has_answer_cell;
} cu_qasked;
#define CU_QNO_COL UINT32_MAX

typedef struct {
    cu_qform form;
    cu_qtable *tables;
    size_t tables_n;
    cu_qasked *asked;
    size_t asked_n;
} cu_qdocument;

/* Recognised by its content, not by its name. The document lives in the arena (ceiling CU_QARENA). What is malformed, larger than
 * a ceiling, encrypted, or asks nothing is refused with a sentence that names the place. */
cu_err cu_qdocument_read(cu_bytes file, cu_arena *a, cu_qdocument **out, cu_fault *f) CU_MUST;

typedef struct {
    cu_bytes text;   /* empty: nothing is written */
    const char *choice; /* "Yes", "No"…; NULL: nothing */
} cu_qfilling;
/* The same file with fillings[i] in the cell of asked[i]; cells that hold something already stay as they are. All other members of
 * a container keep their bytes. CU_UNSUPPORTED for CSV. */
cu_err cu_qdocument_fill(cu_bytes file, const cu_qdocument *d, const cu_qfilling *fillings, cu_buf *out, cu_fault *f) CU_MUST;

/* Any table in CSV (RFC 4180 and what Excel writes), as cells; nothing need be asked in it. Lives in the arena. */
cu_err cu_qtable_csv(cu_bytes file, cu_arena *a, cu_qtable *out, cu_fault *f) CU_MUST;

/* A cell of CSV in quotes; what a spreadsheet would take for a formula is made text (OWASP: CSV injection). */
void cu_qcsv_cell(cu_buf *b, cu_bytes text);

#endif
