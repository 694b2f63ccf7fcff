/* A made report (docs/formats/reports.md) as a PDF: A4, tagged for screen readers, with bookmarks, page numbers, and each
 * figure linked to where it comes from. Lays text out with Pango and writes with cairo, in a process of its own
 * (custos-pdf), because what people typed goes through font code here. */
#ifndef CUSTOS_PRINT_PDF_H
#define CUSTOS_PRINT_PDF_H

#include <jansson.h>
#include <stdio.h>
#include "base/error.h"

#define CU_PDF_PAGES 5000u

/* digest: of the document, in hex. mark: who has this copy, on each page; "" for none. The same document gives the same
 * bytes with the same fonts. CU_SYNTAX: not such a document; CU_TOO_BIG: more than CU_PDF_PAGES. */
cu_err cu_pdf_write(const json_t *doc, const char *digest, const char *mark, FILE *out, unsigned *pages, cu_fault *f) CU_MUST;

#endif
