/* A file becomes a document, and a document with answers a file again. */
#include <string.h>
#include "container.h"

const char *cu_qform_name(cu_qform form)
{
    return form == CU_QFORM_CSV ? "csv" : form == CU_QFORM_XLSX ? "xlsx" : "docx";
}

static cu_err read_container(cu_bytes file, cu_arena *a, cu_qdocument *d, cu_fault *f)
{
    container c;
    CU_TRY(container_read(file, a, &c, f));
    if (container_find(&c, CU_LIT("xl/workbook.xml"))) {
        d->form = CU_QFORM_XLSX;
        return xlsx_read(&c, a, d, f);
    }
    if (container_find(&c, CU_LIT("word/document.xml"))) {
        d->form = CU_QFORM_DOCX;
        return docx_read(&c, a, d, f);
    }
    return cu_fail(f, CU_UNSUPPORTED, "the file is a container, but neither a workbook (XLSX) nor a text document (DOCX)");
}

cu_err cu_qdocument_read(cu_bytes file, cu_arena *a, cu_qdocument **out, cu_fault *f)
{
    cu_qdocument *d = cu_arena_alloc(a, sizeof *d);
    if (!d || !(d->tables = cu_arena_alloc(a, CU_QFILE_TABLES * sizeof *d->tables)))
        return CU_NOMEM;
    if (!file.n)
        return cu_fail(f, CU_SYNTAX, "the file is empty");
    if (file.n > CU_QFILE_MAX)
        return cu_fail(f, CU_TOO_BIG, "the file is larger than %zu MiB", CU_QFILE_MAX >> 20);
    if (cu_starts(file, CU_LIT("\xd0\xcf\x11\xe0")))
        return cu_fail(f, CU_UNSUPPORTED, "the file has the old binary form (XLS, DOC) or a password; save it as XLSX or DOCX without one");
    if (cu_starts(file, CU_LIT("%PDF")))
        return cu_fail(f, CU_UNSUPPORTED, "PDF cannot be filled in; ask for the XLSX or DOCX that it was made from");
    CU_TRY(cu_starts(file, CU_LIT("PK")) ? read_container(file, a, d, f) : csv_read(file, a, d, f));
    CU_TRY(find_asked(a, d, f));
    *out = d;
    return CU_OK;
}

static cu_err fill_member(cu_arena *a, const cu_qdocument *d, uint32_t table, const cu_qfilling *fillings, member *m, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_QFILE_UNPACKED);
    CU_TRY(d->form == CU_QFORM_XLSX ? xlsx_fill(m->content, d, table, fillings, &b, f) : docx_fill(m->content, d, fillings, &b, f));
    m->content = cu_arena_dup(a, cu_buf_view(&b));
    return m->content.p ? CU_OK : CU_NOMEM;
}

cu_err cu_qdocument_fill(cu_bytes file, const cu_qdocument *d, const cu_qfilling *fillings, cu_buf *out, cu_fault *f)
{
    cu_arena a CU_CLEAN_ARENA;
    container c;
    cu_arena_init(&a, CU_QARENA);
    if (d->form == CU_QFORM_CSV)
        return cu_fail(f, CU_UNSUPPORTED, "the questionnaire came as CSV; export it as CSV or JSON");
    CU_TRY(container_read(file, &a, &c, f));
    for (uint32_t i = 0; i < d->tables_n; i++) {
        member *m = container_find(&c, d->tables[i].member);
        if (!m)
            return cu_fail(f, CU_CORRUPT, "the file lost a part");
        if (d->form == CU_QFORM_XLSX || i == 0) /* a text document has one part */
            CU_TRY(fill_member(&a, d, i, fillings, m, f));
    }
    return container_write(&c, out, f);
}
