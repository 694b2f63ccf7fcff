/* A made report for people: one HTML page without script or anything from elsewhere, made for printing, and plain text. */
#include <jansson.h>
#include <stdio.h>
#include "comply/reports.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

void cu_paper_escape(cu_buf *b, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&': cu_buf_str(b, "&amp;"); break;
        case '<': cu_buf_str(b, "&lt;"); break;
        case '>': cu_buf_str(b, "&gt;"); break;
        case '"': cu_buf_str(b, "&quot;"); break;
        case '\'': cu_buf_str(b, "&#39;"); break;
        default: cu_buf_byte(b, (uint8_t)*s);
        }
}

/* --- where a figure comes from, in a sentence --- */

static void list(cu_buf *b, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++)
        cu_buf_fmt(b, "%s%.80s", i ? ", " : "", json_string_value(json_array_get(v, i)));
}

static void of_entries(cu_buf *b, const json_t *src)
{
    json_t *logs = json_object_get(src, "logs"), *x;
    size_t i;
    cu_buf_str(b, "Entries ");
    list(b, json_object_get(src, "types"));
    cu_buf_fmt(b, ", %s to %s:", text_of(src, "from"), text_of(src, "to"));
    json_array_foreach(logs, i, x) {
        cu_buf_fmt(b, "%s %lld in log %.70s", i ? "," : "", (long long)json_integer_value(json_object_get(x, "count")), text_of(x, "log"));
        if (json_is_integer(json_object_get(x, "last")))
            cu_buf_fmt(b, " (newest %lld, of %lld)", (long long)json_integer_value(json_object_get(x, "last")), (long long)json_integer_value(json_object_get(x, "size")));
    }
    cu_buf_byte(b, '.');
}

void cu_paper_source(const json_t *src, cu_buf *b)
{
    const char *kind = text_of(src, "kind");
    if (strcmp(kind, "entries") == 0) {
        of_entries(b, src);
    } else if (strcmp(kind, "records") == 0) {
        cu_buf_fmt(b, "Records of the register %.64s in state ", text_of(src, "register"));
        list(b, json_object_get(src, "states"));
        cu_buf_fmt(b, " as of %s.", text_of(src, "as_of"));
    } else if (strcmp(kind, "states") == 0) {
        cu_buf_fmt(b, "States of %.20s as of %s: GET /api/v1/%.20s?as_of=%s", text_of(src, "of"), text_of(src, "as_of"), text_of(src, "of"), text_of(src, "as_of"));
    } else if (strcmp(kind, "setting") == 0) {
        cu_buf_fmt(b, "Running setting when this was made: %.200s.", text_of(src, "setting"));
    } else if (strcmp(kind, "entry") == 0) {
        cu_buf_fmt(b, "%.70s %lld", text_of(src, "log"), (long long)json_integer_value(json_object_get(src, "index")));
    } else {
        cu_buf_str(b, "As it was asked for.");
    }
}

static const char *said(const json_t *src, cu_buf *b)
{
    cu_buf_reset(b);
    cu_paper_source(src, b);
    return cu_buf_cstr(b);
}

/* --- HTML --- */

typedef struct {
    cu_buf *out;
    json_t *notes;  /* sources of figures, by number */
    cu_buf line;
} page;

static const char style[] =
    ":root{color-scheme:light dark;--ink:#16181d;--soft:#5a6070;--line:#d5d8df;--bg:#fff;--tint:#f3f4f7}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#a0a6b4;--line:#3a3f4b;--bg:#14161a;--tint:#1d2026}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1.25rem;max-width:60rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--bg)}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;break-after:avoid}h2 small{font-weight:400;color:var(--soft);margin-right:.6rem}"
    "p{margin:.6rem 0;max-width:46rem}.means,.empty,footer,.head{color:var(--soft)}.draft{border:1px solid var(--ink);display:inline-block;padding:.1rem .6rem;margin:.8rem 0;font-weight:600}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    ".t{overflow-x:auto;margin:.8rem 0}table{border-collapse:collapse;width:100%;font-size:.85rem}caption{text-align:left;color:var(--soft);padding:.2rem 0}"
    "th,td{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}th{background:var(--tint);font-weight:600}tr{break-inside:avoid}"
    "td:last-child{color:var(--soft)}b{font-weight:600;font-variant-numeric:tabular-nums}sup a{color:inherit;text-decoration:none}sup{color:var(--soft);padding-left:.1em}"
    "ol{padding-left:2.4rem;font-size:.85rem}li{overflow-wrap:anywhere}li:target{background:var(--tint)}code{font-size:.85em;overflow-wrap:anywhere}"
    ".mark{border:1px dashed var(--line);padding:.3rem .6rem;font-size:.8rem;color:var(--soft)}"
    "@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--bg:#fff;--tint:#eee}body{padding:0;max-width:none;font-size:10.5pt}.t{overflow:visible}thead{display:table-header-group}"
    "h2.break{break-before:page}.mark{position:fixed;bottom:0;left:0;right:0;background:#fff}}";

/* What stands in the margins of each printed page. Only letters and digits of the title go into the style. */
static void put_style(page *p, const json_t *doc, const char *digest)
{
    cu_buf_fmt(p->out, "<style>%s@page{size:A4;margin:22mm 16mm 20mm;@top-left{content:\"", style);
    for (const char *s = text_of(doc, "title"); *s; s++)
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || strchr(" ()", *s))
            cu_buf_byte(p->out, (uint8_t)*s);
    cu_buf_fmt(p->out, "\";font:8pt sans-serif}@top-right{content:\"%.24s\";font:8pt sans-serif}@bottom-left{content:\"Document %.16s", text_of(doc, "as_of"), digest);
    json_t *head = json_array_get(json_object_get(doc, "heads"), 0);
    if (head)
        cu_buf_fmt(p->out, ", log head %lld %.16s", (long long)json_integer_value(json_object_get(head, "size")), text_of(head, "root"));
    cu_buf_str(p->out, "\";font:8pt sans-serif}@bottom-right{content:counter(page) \" / \" counter(pages);font:8pt sans-serif}}</style>");
}

static void put_text(page *p, const json_t *runs)
{
    json_t *r;
    size_t i;
    cu_buf_str(p->out, "<p>");
    json_array_foreach(runs, i, r) {
        json_t *src = json_object_get(r, "source");
        if (!src) {
            cu_paper_escape(p->out, text_of(r, "t"));
            continue;
        }
        json_array_append(p->notes, r);
        size_t n = json_array_size(p->notes);
        const char *tag = json_object_get(r, "value") ? "b" : "span"; /* a figure stands out, a setting's sentence does not */
        cu_buf_fmt(p->out, "<%s>", tag);
        cu_paper_escape(p->out, text_of(r, "t"));
        cu_buf_fmt(p->out, "</%s><sup><a href=\"#s%zu\" id=\"f%zu\">%zu</a></sup>", tag, n, n, n);
    }
    cu_buf_str(p->out, "</p>");
}

static void put_table(page *p, const json_t *table)
{
    json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows"), *x, *cell;
    size_t i, k;
    if (!json_array_size(rows)) {
        cu_buf_str(p->out, "<p class=empty>");
        cu_paper_escape(p->out, text_of(table, "empty"));
        cu_buf_str(p->out, "</p>");
        return;
    }
    cu_buf_str(p->out, "<div class=t tabindex=0 role=region aria-label=Table><table><thead><tr>");
    json_array_foreach(columns, i, x) {
        cu_buf_str(p->out, "<th scope=col>");
        for (const char *s = json_string_value(x); *s; s++)
            cu_buf_byte(p->out, (uint8_t)(*s == '_' ? ' ' : *s));
    }
    cu_buf_str(p->out, "<th scope=col>record</tr></thead><tbody>");
    json_array_foreach(rows, i, x) {
        cu_buf_str(p->out, "<tr>");
        json_array_foreach(json_object_get(x, "cells"), k, cell) {
            cu_buf_str(p->out, "<td>");
            cu_paper_escape(p->out, json_string_value(cell));
        }
        cu_buf_str(p->out, "<td>");
        cu_paper_escape(p->out, json_object_get(x, "source") ? said(json_object_get(x, "source"), &p->line) : "");
        cu_buf_str(p->out, "</tr>");
    }
    cu_buf_str(p->out, "</tbody></table></div>");
}

static void put_front(page *p, const json_t *doc, const char *mark)
{
    cu_buf_str(p->out, "</head><body><h1>");
    cu_paper_escape(p->out, text_of(doc, "title"));
    cu_buf_str(p->out, "</h1><p class=means>");
    cu_paper_escape(p->out, text_of(doc, "means"));
    cu_buf_str(p->out, "</p><p class=draft>Draft from records. Nobody has signed it.</p>");
    if (*mark) {
        cu_buf_str(p->out, "<p class=mark>");
        cu_paper_escape(p->out, mark);
        cu_buf_str(p->out, "</p>");
    }
    cu_buf_str(p->out, "<dl><dt>Of<dd>");
    cu_paper_escape(p->out, text_of(doc, "organisation"));
    cu_buf_fmt(p->out, "<dt>Period<dd>%.24s to %.24s<dt>As of<dd>%.24s</dl>", text_of(doc, "from"), text_of(doc, "to"), text_of(doc, "as_of"));
}

static void put_back(page *p, const json_t *doc, const char *digest)
{
    json_t *x;
    size_t i;
    cu_buf_str(p->out, "<h2 class=break>Where each figure comes from</h2><ol>");
    json_array_foreach(p->notes, i, x) {
        cu_buf_fmt(p->out, "<li id=s%zu>", i + 1);
        cu_paper_escape(p->out, said(json_object_get(x, "source"), &p->line));
        cu_buf_fmt(p->out, " <a href=\"#f%zu\" aria-label=\"back\">&#8617;</a>", i + 1);
    }
    cu_buf_str(p->out, "</ol><h2>The log it was read from</h2><dl>");
    json_array_foreach(json_object_get(doc, "heads"), i, x) {
        cu_buf_str(p->out, "<dt>");
        cu_paper_escape(p->out, text_of(x, "log"));
        cu_buf_fmt(p->out, "<dd>%lld entries, root <code>%.64s</code>", (long long)json_integer_value(json_object_get(x, "size")), text_of(x, "root"));
    }
    cu_buf_fmt(p->out, "</dl><footer>SHA-256 of this document as JSON: <code>%.64s</code>. The same period and moment give the same figures again: custos report make.</footer></body></html>\n", digest);
}

cu_err cu_paper_html(const json_t *doc, const char *digest, const char *mark, cu_buf *out)
{
    json_t *sections = json_object_get(doc, "sections"), *s, *x;
    size_t i, k;
    if (!json_is_array(sections))
        return CU_SYNTAX;
    page p = {.out = out, .notes = json_array(), .line = CU_BUF(1u << 20)};
    cu_buf_str(out, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><meta name=robots content=noindex><title>");
    cu_paper_escape(out, text_of(doc, "title"));
    cu_buf_str(out, "</title>");
    put_style(&p, doc, digest);
    put_front(&p, doc, mark);
    json_array_foreach(sections, i, s) {
        cu_buf_str(out, "<h2>");
        if (*text_of(s, "number")) {
            cu_buf_str(out, "<small>");
            cu_paper_escape(out, text_of(s, "number"));
            cu_buf_str(out, "</small>");
        }
        cu_paper_escape(out, text_of(s, "heading"));
        cu_buf_str(out, "</h2>");
        json_array_foreach(json_object_get(s, "parts"), k, x)
            if (json_object_get(x, "table"))
                put_table(&p, json_object_get(x, "table"));
            else
                put_text(&p, json_object_get(x, "text"));
    }
    put_back(&p, doc, digest);
    json_decref(p.notes);
    cu_buf_free(&p.line);
    return cu_buf_err(out);
}

/* --- plain text --- */

static void text_table(cu_buf *b, const json_t *table)
{
    json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows"), *x, *cell;
    size_t i, k;
    json_array_foreach(rows, i, x) {
        json_array_foreach(json_object_get(x, "cells"), k, cell)
            if (*json_string_value(cell))
                cu_buf_fmt(b, "%s%s: %s", k ? "; " : "  - ", json_string_value(json_array_get(columns, k)), json_string_value(cell));
        cu_buf_str(b, "  [");
        if (json_object_get(x, "source"))
            cu_paper_source(json_object_get(x, "source"), b);
        cu_buf_str(b, "]\n");
    }
    if (!i)
        cu_buf_fmt(b, "  %s\n", text_of(table, "empty"));
}

/* What somebody typed must not steer a terminal. */
static void no_controls(cu_buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        if ((b->p[i] < 0x20 && b->p[i] != '\n') || b->p[i] == 0x7f)
            b->p[i] = '?';
}

cu_err cu_paper_text(const json_t *doc, const char *digest, cu_buf *out)
{
    json_t *s, *x, *r;
    size_t i, k, n;
    if (!json_is_array(json_object_get(doc, "sections")))
        return CU_SYNTAX;
    json_t *notes = json_array();
    cu_buf_fmt(out, "%s\n%s\nPeriod %s to %s, as of %s. Draft from records; nobody has signed it.\n", text_of(doc, "title"), text_of(doc, "means"), text_of(doc, "from"),
               text_of(doc, "to"), text_of(doc, "as_of"));
    json_array_foreach(json_object_get(doc, "sections"), i, s) {
        cu_buf_fmt(out, "\n%s%s%s\n", text_of(s, "number"), *text_of(s, "number") ? "  " : "", text_of(s, "heading"));
        json_array_foreach(json_object_get(s, "parts"), k, x) {
            if (json_object_get(x, "table")) {
                text_table(out, json_object_get(x, "table"));
                continue;
            }
            json_array_foreach(json_object_get(x, "text"), n, r) {
                cu_buf_str(out, text_of(r, "t"));
                if (json_object_get(r, "source") && json_array_append(notes, r) == 0)
                    cu_buf_fmt(out, " [%zu]", json_array_size(notes));
            }
            cu_buf_byte(out, '\n');
        }
    }
    cu_buf_str(out, "\nWhere each figure comes from\n");
    json_array_foreach(notes, i, x) {
        cu_buf_fmt(out, "  [%zu] ", i + 1);
        cu_paper_source(json_object_get(x, "source"), out);
        cu_buf_byte(out, '\n');
    }
    json_array_foreach(json_object_get(doc, "heads"), i, x)
        cu_buf_fmt(out, "Log %s: %lld entries, root %s\n", text_of(x, "log"), (long long)json_integer_value(json_object_get(x, "size")), text_of(x, "root"));
    cu_buf_fmt(out, "SHA-256 of this document as JSON: %s\n", digest);
    json_decref(notes);
    no_controls(out);
    return cu_buf_err(out);
}
