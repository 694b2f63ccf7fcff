/* The table of formats. */
#include <stdlib.h>
#include "report_writer.h"

struct cu_report {
    const cu_report_writer *w;
    void *state;
};

static const struct {
    const char *name;
    const cu_report_writer *w;
} formats[CU_REPORT_COUNT] = {
    [CU_REPORT_TEXT] = {"text", NULL}, [CU_REPORT_JSON] = {"json", NULL},
    [CU_REPORT_JSONL] = {"jsonl", NULL}, [CU_REPORT_SARIF] = {"sarif", &cu_report_sarif},
    [CU_REPORT_CSV] = {"csv", &cu_report_csv}, [CU_REPORT_HTML] = {"html", &cu_report_html},
};

cu_report_format cu_report_format_by_name(const char *name)
{
    for (int i = 0; i < CU_REPORT_COUNT; i++)
        if (strcmp(formats[i].name, name) == 0)
            return (cu_report_format)i;
    return CU_REPORT_COUNT;
}

cu_err cu_report_new(const cu_report_options *o, cu_report **out)
{
    const cu_report_writer *w = o->format < CU_REPORT_COUNT ? formats[o->format].w : NULL;
    if (!w)
        return CU_UNSUPPORTED;
    cu_report *r = calloc(1, sizeof *r);
    if (!r)
        return CU_NOMEM;
    r->w = w;
    cu_err e = w->open(o, &r->state);
    if (e != CU_OK) {
        free(r);
        return e;
    }
    *out = r;
    return CU_OK;
}

void cu_report_free(cu_report *r)
{
    if (!r)
        return;
    r->w->close(r->state);
    free(r);
}

cu_err cu_report_begin(cu_report *r, cu_buf *out)
{
    return r->w->begin(r->state, out);
}

cu_err cu_report_finding(cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    return r->w->finding(r->state, f, out);
}

bool cu_report_serial(const cu_report *r)
{
    return r->w->serial;
}

const char *cu_report_between(const cu_report *r)
{
    return r->w->between;
}

cu_err cu_report_end(cu_report *r, const cu_scan_summary *s, cu_buf *out)
{
    return r->w->end(r->state, s, out);
}
