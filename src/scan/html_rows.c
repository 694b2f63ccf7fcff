/* The table of findings: the most severe ones, at most HTML_MAX_ROWS, kept in a heap whose top is
 * the one to give up. */
#include <inttypes.h>
#include <stdlib.h>
#include "html.h"

#define PATH_SHOWN 400u /* bytes */

/* True when a goes before b in the table. */
static bool before(const row *a, const row *b)
{
    if (a->severity != b->severity)
        return a->severity > b->severity;
    return a->order < b->order;
}

static void swap(row *a, row *b)
{
    row t = *a;
    *a = *b, *b = t;
}

static void sink(html *h, size_t i)
{
    for (;;) {
        size_t last = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < h->rows_n; c++)
            if (before(&h->rows[last], &h->rows[c]))
                last = c;
        if (last == i)
            return;
        swap(&h->rows[i], &h->rows[last]);
        i = last;
    }
}

static void rise(html *h, size_t i)
{
    while (i && before(&h->rows[(i - 1) / 2], &h->rows[i])) {
        swap(&h->rows[(i - 1) / 2], &h->rows[i]);
        i = (i - 1) / 2;
    }
}

static void put_place(const html *h, const cu_scan_finding *f, cu_buf *b)
{
    cu_bytes path = cu_str(cu_report_path(&h->o, f));
    bool cut = path.n > PATH_SHOWN;
    if (cut)
        path = cu_slice(path, path.n - PATH_SHOWN, path.n);
    cu_buf_str(b, "<td data-l=\"Where\" class=\"where\"><bdi>");
    if (cut)
        cu_buf_str(b, "\xe2\x80\xa6");
    /* a break may come behind each slash */
    for (size_t i = 0, from = 0; i < path.n; i++)
        if (path.p[i] == '/' || i + 1 == path.n) {
            html_text(b, cu_slice(path, from, i + 1));
            cu_buf_str(b, path.p[i] == '/' ? "<wbr>" : "");
            from = i + 1;
        }
    cu_buf_fmt(b, "</bdi>:%" PRIu64, f->line);
    if (f->source->commit)
        cu_buf_fmt(b, " <span class=\"faint\">in %.8s, %.10s</span>", f->source->commit,
                   f->source->author_time ? f->source->author_time : "no date");
    if (f->source->generated)
        cu_buf_str(b, " <span class=\"faint\">generated</span>");
    cu_buf_str(b, "</td>");
}

static void put_row(const html *h, const cu_scan_finding *f, const cu_rule *r, cu_buf *b)
{
    cu_buf masked CU_CLEAN_BUF = CU_BUF(8192);
    cu_report_masked(f, &masked);
    cu_buf_fmt(b, "<tr data-s=\"%d\" data-t=\"%s\"><td data-l=\"Severity\" data-v=\"%d\">", (int)r->severity,
               cu_type_name(f->type), (int)r->severity);
    html_severity(b, r->severity);
    cu_buf_str(b, "</td>");
    put_place(h, f, b);
    cu_buf_str(b, "<td data-l=\"What\">");
    html_str(b, r->title);
    cu_buf_str(b, "<br><span class=\"faint\">");
    html_str(b, cu_type_text(f->type));
    cu_buf_fmt(b, ", <code>%s</code></span>", r->id);
    if (f->accepted == CU_ACCEPT_EXPIRED && f->why) {
        cu_buf_str(b, "<br><span class=\"note\">accepted once: ");
        html_str(b, f->why);
        cu_buf_str(b, "</span>");
    }
    cu_buf_fmt(b, "</td><td data-l=\"Confidence\" class=\"num\" data-v=\"%u\">%u&nbsp;%%</td>", f->confidence,
               f->confidence);
    cu_buf_str(b, "<td data-l=\"Line\" class=\"line\"><bdi>");
    html_text(b, cu_buf_view(&masked));
    cu_buf_str(b, "</bdi></td><td data-l=\"What to do\" class=\"todo\">");
    html_str(b, cu_report_advice(r));
    cu_buf_str(b, "</td></tr>\n");
    if (masked.err && !b->err)
        b->err = masked.err;
}

cu_err html_keep_row(html *h, const cu_scan_finding *f, const cu_rule *r)
{
    row one = {.order = h->all.all, .severity = (uint8_t)r->severity, .confidence = f->confidence};
    bool full = h->rows_n == HTML_MAX_ROWS;
    if (full && !before(&one, &h->rows[0]))
        return CU_OK;
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    put_row(h, f, r, &b);
    CU_TRY(cu_buf_err(&b));
    one.text = malloc(b.n);
    if (!one.text)
        return CU_NOMEM;
    memcpy(one.text, b.p, b.n);
    one.n = b.n;
    if (full) {
        free(h->rows[0].text);
        h->rows[0] = one;
        sink(h, 0);
    } else {
        h->rows[h->rows_n] = one;
        rise(h, h->rows_n++);
    }
    return CU_OK;
}

static int in_order(const void *x, const void *y)
{
    return before(x, y) ? -1 : before(y, x);
}

static void put_filters(const html *h, cu_buf *out)
{
    cu_buf_str(out, "<form class=\"filters\" hidden><label>Search <input type=\"search\" id=\"q\" "
                    "autocomplete=\"off\"></label><label>Severity <select id=\"s\"><option value=\"0\">"
                    "all</option>");
    for (int s = CU_SEVERITY_LOW; s <= CU_SEVERITY_CRITICAL; s++)
        cu_buf_fmt(out, "<option value=\"%d\">%s%s</option>", s, cu_severity_name((cu_severity)s),
                   s < CU_SEVERITY_CRITICAL ? " and above" : "");
    cu_buf_str(out, "</select></label><label>Type <select id=\"t\"><option value=\"\">all</option>");
    for (int t = 0; t <= CU_TYPE_CODE; t++)
        if (h->types[t].all)
            cu_buf_fmt(out, "<option value=\"%s\">%s</option>", cu_type_name((cu_type)t),
                       cu_type_text((cu_type)t));
    cu_buf_str(out, "</select></label><output id=\"n\" aria-live=\"polite\"></output></form>\n");
}

void html_put_rows(html *h, cu_buf *out)
{
    qsort(h->rows, h->rows_n, sizeof *h->rows, in_order);
    put_filters(h, out);
    cu_buf_str(out, "<table class=\"stack\" id=\"f\"><caption>");
    if (h->all.all > h->rows_n) {
        cu_buf_str(out, "The ");
        html_number(out, h->rows_n);
        cu_buf_str(out, " most severe findings. ");
        html_number(out, h->all.all - h->rows_n);
        cu_buf_str(out, " more are counted above but not listed; <code>--format jsonl</code> lists all.");
    } else {
        cu_buf_str(out, "All findings, the most severe first.");
    }
    cu_buf_str(out, "</caption><thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Where</th>"
                    "<th scope=\"col\">What</th><th scope=\"col\" class=\"num\">Confidence</th>"
                    "<th scope=\"col\">Line, values masked</th><th scope=\"col\">What to do</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < h->rows_n; i++)
        cu_buf_put(out, h->rows[i].text, h->rows[i].n);
    cu_buf_str(out, "</tbody></table>\n");
}
