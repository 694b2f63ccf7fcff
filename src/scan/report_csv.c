/* CSV after RFC 4180: CRLF, quotes doubled. A spreadsheet runs a cell that begins with = + - @ as a
 * formula, and file names come from strangers: such a cell gets an apostrophe in front. */
#include <inttypes.h>
#include <stdlib.h>
#include "report_form.h"

static cu_err csv_open(const cu_report_options *o, void **state)
{
    cu_report_options *copy = malloc(sizeof *copy);
    if (!copy)
        return CU_NOMEM;
    *copy = *o;
    *state = copy;
    return CU_OK;
}

static void cell(cu_buf *b, cu_bytes t)
{
    cu_buf clean CU_CLEAN_BUF = CU_BUF(t.n * 4 + 16);
    cu_report_clean(t, &clean);
    cu_bytes c = cu_buf_view(&clean);
    /* full-width forms of = + - @ count too: some spreadsheets fold them */
    bool formula = (c.n && memchr("=+-@|", c.p[0], 5)) ||
                   (c.n > 2 && c.p[0] == 0xef && c.p[1] == 0xbc &&
                    (c.p[2] == 0x9d || c.p[2] == 0x8b || c.p[2] == 0x8d || c.p[2] == 0xa0));
    cu_buf_byte(b, '"');
    if (formula)
        cu_buf_byte(b, '\'');
    for (size_t i = 0; i < c.n; i++) {
        if (c.p[i] == '"')
            cu_buf_byte(b, '"');
        cu_buf_byte(b, c.p[i]);
    }
    cu_buf_byte(b, '"');
    if (clean.err && !b->err)
        b->err = clean.err;
}

static void text(cu_buf *b, const char *t)
{
    cell(b, cu_str(t ? t : ""));
    cu_buf_byte(b, ',');
}

static cu_err csv_begin(void *state, cu_buf *out)
{
    (void)state;
    cu_buf_str(out, "path,line,column,end_line,end_column,start,end,type,rule,title,severity,confidence,"
                    "fingerprint,commit,commit_time,masked_line,what_to_do\r\n");
    return cu_buf_err(out);
}

static cu_err csv_finding(void *state, const cu_scan_finding *f, cu_buf *out)
{
    const cu_report_options *o = state;
    const cu_rule *r = cu_report_rule(o, f);
    cu_buf masked CU_CLEAN_BUF = CU_BUF(8192);
    if (cu_report_hidden(o, f))
        return CU_OK;
    cu_report_masked(f, &masked);
    CU_TRY(cu_buf_err(&masked));
    text(out, f->source->path);
    cu_buf_fmt(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", f->line,
               f->column, f->end_line, f->end_column, f->start, f->end);
    text(out, cu_type_name(f->type));
    text(out, r->id);
    text(out, r->title);
    text(out, cu_severity_name(r->severity));
    cu_buf_fmt(out, "%u.%02u,", f->confidence / 100, f->confidence % 100);
    text(out, f->fingerprint);
    text(out, f->source->commit);
    text(out, f->source->author_time);
    cell(out, cu_buf_view(&masked));
    cu_buf_byte(out, ',');
    cell(out, cu_str(cu_report_advice(r)));
    cu_buf_str(out, "\r\n");
    return cu_buf_err(out);
}

static cu_err csv_end(void *state, const cu_scan_summary *s, cu_buf *out)
{
    (void)state, (void)s;
    return cu_buf_err(out);
}

const cu_report_form cu_report_csv = {
    .serial = false, .between = "", .open = csv_open, .close = free, .begin = csv_begin,
    .finding = csv_finding, .end = csv_end,
};
