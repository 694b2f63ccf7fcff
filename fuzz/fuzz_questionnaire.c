/* A buyer's file: CSV, workbook or document. It is read, and what was read is filled in and read again. The first byte says which
 * form the rest is: 0 as it stands, 1 the worksheet of a small workbook, 2 the text of a small document. */
#include <stdlib.h>
#include <string.h>
#include "container.h"

static cu_err wrap(cu_bytes text, bool sheet, cu_buf *out)
{
    static const char strings[] = "<sst><si><t>Question</t></si><si><t>Answer</t></si><si><t>Is data encrypted at rest?</t></si></sst>";
    static const char book[] = "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>";
    static const char relations[] = "<Relationships><Relationship Id=\"a\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
    member v[4] = {{.name = CU_LIT("xl/workbook.xml"), .content = cu_str(book)}, {.name = CU_LIT("xl/_rels/workbook.xml.rels"), .content = cu_str(relations)},
                   {.name = CU_LIT("xl/sharedStrings.xml"), .content = cu_str(strings)}, {.name = CU_LIT("xl/worksheets/sheet1.xml"), .content = text}};
    member d[1] = {{.name = CU_LIT("word/document.xml"), .content = text}};
    const container c = sheet ? (container){v, 4} : (container){d, 1};
    return container_write(&c, out, NULL);
}

static void look(cu_bytes file)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_qdocument *d, *again;
    cu_fault f = {0};
    cu_arena_init(&a, CU_QARENA);
    if (cu_qdocument_read(file, &a, &d, &f) != CU_OK) {
        if (!f.text[0])
            abort(); /* every refusal says why */
        return;
    }
    cu_qfilling *v = calloc(d->asked_n, sizeof *v);
    cu_buf out CU_CLEAN_BUF = CU_BUF(CU_QFILE_UNPACKED), csv CU_CLEAN_BUF = CU_BUF(CU_QFILE_UNPACKED);
    for (size_t i = 0; v && i < d->asked_n; i++) {
        v[i] = (cu_qfilling){CU_LIT("an <answer> & more"), "Yes"};
        cu_qcsv_cell(&csv, d->asked[i].text);
    }
    if (v && d->form != CU_QFORM_CSV && cu_qdocument_fill(file, d, v, &out, &f) == CU_OK && out.n <= CU_QFILE_MAX)
        if (cu_qdocument_read(cu_buf_view(&out), &a, &again, &f) != CU_OK && f.code == CU_SYNTAX)
            abort(); /* what we wrote is well formed */
    free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_QFILE_MAX);
    if (!size)
        return 0;
    cu_bytes rest = cu_bytes_of(data + 1, size - 1);
    if (data[0] % 3 == 0)
        look(rest);
    else if (wrap(rest, data[0] % 3 == 1, &file) == CU_OK)
        look(cu_buf_view(&file));
    return 0;
}
