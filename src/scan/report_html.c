/* One HTML file that needs nothing else: what was found, where, and what to do. Counts are kept while
 * findings come; the page is written at the end, because what matters most stands on top. Its memory
 * is bounded by the rows that it lists (html.h). Every text in it is hostile: clean and escaped. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "html.h"

static void html_close(void *state)
{
    html *h = state;
    if (!h)
        return;
    for (size_t i = 0; i < h->rows_n; i++)
        free(h->rows[i].text);
    for (size_t i = 0; h->folders && i < 2 * HTML_MAX_FOLDERS; i++)
        free(h->folders[i].name);
    free(h->rows);
    free(h->folders);
    free(h);
}

static cu_err html_open(const cu_report_options *o, void **state)
{
    html *h = calloc(1, sizeof *h);
    if (!h)
        return CU_NOMEM;
    h->o = *o;
    h->rows = calloc(HTML_MAX_ROWS, sizeof *h->rows);
    h->folders = calloc((size_t)2 * HTML_MAX_FOLDERS, sizeof *h->folders);
    if (!h->rows || !h->folders) {
        html_close(h);
        return CU_NOMEM;
    }
    *state = h;
    return CU_OK;
}

void html_text(cu_buf *b, cu_bytes t)
{
    cu_buf clean CU_CLEAN_BUF = CU_BUF(t.n * 3 + 16);
    cu_report_clean(t, &clean);
    for (size_t i = 0; i < clean.n; i++) {
        switch (clean.p[i]) {
        case '&': cu_buf_str(b, "&amp;"); break;
        case '<': cu_buf_str(b, "&lt;"); break;
        case '>': cu_buf_str(b, "&gt;"); break;
        case '"': cu_buf_str(b, "&quot;"); break;
        case '\'': cu_buf_str(b, "&#39;"); break;
        default: cu_buf_byte(b, clean.p[i]);
        }
    }
    if (clean.err && !b->err)
        b->err = clean.err;
}

void html_str(cu_buf *b, const char *t)
{
    html_text(b, cu_str(t));
}

void html_number(cu_buf *b, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            cu_buf_byte(b, ',');
        cu_buf_byte(b, (uint8_t)digits[i]);
    }
}

/* Four bars, as many filled as it is severe. */
void html_severity(cu_buf *b, cu_severity s)
{
    cu_buf_fmt(b, "<span class=\"sev c%d\"><svg viewBox=\"0 0 16 14\" aria-hidden=\"true\"><use href=\"#g%d\"/></svg>%s</span>",
               (int)s, (int)s, cu_severity_name(s));
}

static void put_shapes(cu_buf *out)
{
    cu_buf_str(out, "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" style=\"position:absolute\"><defs>");
    for (int s = 0; s < SEVERITIES; s++) {
        cu_buf_fmt(out, "<g id=\"g%d\" fill=\"none\" stroke=\"currentColor\">", s);
        for (int i = 0; i < 4; i++)
            cu_buf_fmt(out, "<path d=\"M%.1f 13.5v%dh3v%dz\"%s/>", .5 + i * 4.0, -(4 + i * 3), 4 + i * 3,
                       i < s ? " fill=\"currentColor\"" : " stroke-opacity=\".55\"");
        cu_buf_str(out, "</g>");
    }
    cu_buf_str(out, "</defs></svg>\n");
}

static cu_err html_begin(void *state, cu_buf *out)
{
    (void)state;
    return cu_buf_err(out);
}

static cu_err html_finding(void *state, const cu_scan_finding *f, cu_buf *out)
{
    html *h = state;
    const cu_rule *r = cu_report_rule(&h->o, f);
    (void)out;
    if (cu_report_suppressed(f))
        return CU_OK;
    CU_TRY(html_keep_row(h, f, r));
    html_count(h, f, r);
    return CU_OK;
}

static void put_head(cu_buf *out)
{
    cu_buf_str(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
                    "script-src 'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                    "<meta name=\"robots\" content=\"noindex\"><title>Custos scan</title>\n<style>\n");
    cu_buf_str(out, html_style);
    cu_buf_str(out, "</style></head><body>\n");
}

static void fact(cu_buf *out, const char *name, uint64_t n, bool always)
{
    if (!n && !always)
        return;
    cu_buf_fmt(out, "<div><dt>%s</dt><dd>", name);
    html_number(out, n);
    cu_buf_str(out, "</dd></div>");
}

static void put_facts(const cu_scan_summary *s, cu_buf *out)
{
    char now[CU_TIME_LEN];
    cu_time_text(cu_now_ns(), now);
    cu_buf_str(out, "<dl class=\"facts\">");
    fact(out, "files scanned", s->files, true);
    fact(out, "bytes", s->bytes, true);
    fact(out, "archives opened", s->archives, false);
    fact(out, "commits", s->commits, false);
    fact(out, "blobs", s->blobs, false);
    fact(out, "binary, not scanned", s->binary, false);
    fact(out, "named by .gitignore", s->ignored, false);
    fact(out, "unreadable", s->unreadable, false);
    fact(out, "accepted, not listed", s->accepted, false);
    fact(out, "below the asked confidence", s->below, false);
    cu_buf_fmt(out, "<div><dt>written</dt><dd>%.10s %.5s UTC</dd></div><div><dt>by</dt><dd>custos %s</dd></div></dl>",
               now, now + 11, CUSTOS_VERSION);
}

static void put_title(const html *h, const cu_scan_summary *s, cu_buf *out)
{
    uint64_t severe = h->all.n[CU_SEVERITY_CRITICAL] + h->all.n[CU_SEVERITY_HIGH];
    cu_buf_str(out, "<header><h1>");
    if (h->all.all == 0) {
        cu_buf_str(out, "Nothing found</h1><p class=\"lede\">");
        cu_buf_str(out, s->bytes ? (h->o.rules && h->o.rules->n && h->o.rules->v[0].type == CU_TYPE_CODE ? "No weakness that the rules know. "
                                                                                        : "No personal data and no secret that the rules know. ")
                                 : "Nothing was scanned either: there was no readable text in what was named. ");
    } else {
        html_number(out, h->all.all);
        cu_buf_fmt(out, " finding%s</h1><p class=\"lede\">", h->all.all == 1 ? "" : "s");
        html_number(out, severe);
        cu_buf_str(out, severe == 1 ? " is of severity critical or high. " : " are of severity critical or high. ");
        cu_buf_str(out, "Values are not in this file. ");
    }
    if (s->stopped)
        cu_buf_str(out, "<strong>The scan was stopped: not everything was scanned.</strong>");
    else if (s->unreadable)
        cu_buf_str(out, "<strong>Some files could not be read.</strong>");
    cu_buf_str(out, "</p>");
    put_facts(s, out);
    cu_buf_str(out, "</header>\n");
}

static void put_part(cu_buf *out, const char *title, const char *text)
{
    cu_buf_fmt(out, "<section class=\"part\"><div class=\"gloss\"><h2>%s</h2><p>%s</p></div><div class=\"body\">", title, text);
}

static void put_pictures(const html *h, cu_buf *out)
{
    cu_buf_str(out, "<div class=\"sheet\">");
    put_part(out, "What", "Colours in all pictures are those of the severities.");
    cu_buf_str(out, "<div class=\"two\">");
    html_put_severities(h, out);
    html_put_types(h, out);
    cu_buf_str(out, "</div></div></section>\n");
    put_part(out, "Where", "Folders, two levels deep. A field is as large as the number of findings; the strip at its foot "
                           "says how severe they are.");
    html_put_folders(h, out);
    cu_buf_str(out, "</div></section>\n");
    if (h->dated) {
        put_part(out, "When", "By the time of the commit that brought the finding in.");
        html_put_months(h, out);
        cu_buf_str(out, "</div></section>\n");
    }
    cu_buf_str(out, "</div>\n");
}

static cu_err html_end(void *state, const cu_scan_summary *s, cu_buf *out)
{
    html *h = state;
    put_head(out);
    put_shapes(out);
    put_title(h, s, out);
    cu_buf_str(out, "<main>");
    if (h->all.all) {
        put_pictures(h, out);
        cu_buf_str(out, "<section class=\"list\"><h2>Findings</h2>\n");
        html_put_rows(h, out);
        cu_buf_str(out, "</section>\n");
    }
    cu_buf_str(out, "<div class=\"foot\"><p>To accept a finding: a comment <code>custos:allow RULE reason</code> in its line, a "
                    "line of <code>.custosignore</code>, or <code>custos baseline write</code>.</p><p>What no rule "
                    "describes is not found. File names and the lines around a value are in this file: share it as you "
                    "would share the code.</p></div></main>\n");
    if (h->all.all) {
        cu_buf_str(out, "<script>");
        cu_buf_str(out, html_script);
        cu_buf_str(out, "</script>");
    }
    cu_buf_str(out, "</body></html>\n");
    return cu_buf_err(out);
}

const cu_report_form cu_report_html = {
    .serial = true, .between = "", .open = html_open, .close = html_close, .begin = html_begin,
    .finding = html_finding, .end = html_end,
};
