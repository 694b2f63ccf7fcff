/* The pictures: counts by severity, type, folder and month. SVG without script, each with its numbers
 * as text beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "html.h"

#define FOLDER_NAME 120u /* bytes */

static void count(tally *t, cu_severity s)
{
    t->n[s]++;
    t->all++;
}

/* Two levels of folders below the root. */
static cu_bytes folder_of(const html *h, const cu_scan_finding *f)
{
    const char *p = cu_report_path(&h->o, f), *end = p + (p[0] == '/'), *last = strrchr(p, '/');
    for (int level = 0; last && level < 2; level++) {
        const char *slash = strchr(end, '/');
        if (!slash)
            break;
        end = slash + 1;
    }
    size_t n = (size_t)(end - p);
    return n <= 1 ? CU_LIT("./") : cu_bytes_of(p, n > FOLDER_NAME ? FOLDER_NAME : n);
}

static tally *folder_tally(html *h, cu_bytes name)
{
    size_t mask = 2 * HTML_MAX_FOLDERS - 1;
    uint64_t k = 1469598103934665603ull; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        k = (k ^ name.p[i]) * 1099511628211ull;
    for (size_t i = (size_t)(k ^ k >> 32) & mask;; i = (i + 1) & mask) {
        folder *f = &h->folders[i];
        if (f->name && cu_eq_str(name, f->name))
            return &f->t;
        if (f->name)
            continue;
        if (h->folders_n == HTML_MAX_FOLDERS || !(f->name = strndup((const char *)name.p, name.n)))
            return &h->elsewhere;
        h->folders_n++;
        return &f->t;
    }
}

/* 1990-01 is 0; -1 when the time is no time. */
static int month_of(const char *t)
{
    int year = 0, month = 0;
    if (!t || strlen(t) < 7 || sscanf(t, "%4d-%2d", &year, &month) != 2 || year < HTML_FIRST_YEAR || month < 1 || month > 12)
        return -1;
    int m = (year - HTML_FIRST_YEAR) * 12 + month - 1;
    return m < HTML_MONTHS ? m : -1;
}

void html_count(html *h, const cu_scan_finding *f, const cu_rule *r)
{
    int month = month_of(f->source->author_time);
    count(&h->all, r->severity);
    count(&h->types[f->type], r->severity);
    count(folder_tally(h, folder_of(h, f)), r->severity);
    if (month >= 0) {
        count(&h->months[month], r->severity);
        h->dated++;
    }
}

/* One line of a table of bars: name, bar split by severity, number. */
static void bar(const tally *t, uint64_t most, cu_buf *out)
{
    double x = 0;
    cu_buf_str(out, "<td class=\"bar\"><svg viewBox=\"0 0 400 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    for (int s = CU_SEVERITY_CRITICAL; s >= 0; s--) {
        double w = most ? 400.0 * (double)t->n[s] / (double)most : 0;
        if (t->n[s])
            cu_buf_fmt(out, "<rect class=\"s%d\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"10\"/>", s, x, w < 1.5 ? 1.5 : w);
        x += w;
    }
    cu_buf_str(out, "</svg></td><td class=\"num\">");
    html_number(out, t->all);
    cu_buf_str(out, "</td></tr>\n");
}

void html_put_severities(const html *h, cu_buf *out)
{
    uint64_t most = 0;
    for (int s = 0; s < SEVERITIES; s++)
        most = h->all.n[s] > most ? h->all.n[s] : most;
    cu_buf_str(out, "<table class=\"bars\"><caption>By severity</caption><tbody>\n");
    for (int s = CU_SEVERITY_CRITICAL; s >= 0; s--) {
        tally one = {.all = h->all.n[s]};
        if (s == CU_SEVERITY_INFO && !one.all)
            continue;
        one.n[s] = one.all;
        cu_buf_str(out, "<tr><th scope=\"row\">");
        html_severity(out, (cu_severity)s);
        cu_buf_str(out, "</th>");
        bar(&one, most, out);
    }
    cu_buf_str(out, "</tbody></table>\n");
}

typedef struct {
    const char *name;
    const tally *t;
} item;

static int by_count(const void *x, const void *y)
{
    const item *a = x, *b = y;
    if (a->t->all != b->t->all)
        return a->t->all > b->t->all ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void put_bars(const item *v, size_t n, bool code, cu_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        cu_buf_str(out, code ? "<tr><th scope=\"row\"><code><bdi>" : "<tr><th scope=\"row\">");
        html_str(out, v[i].name);
        cu_buf_str(out, code ? "</bdi></code></th>" : "</th>");
        bar(v[i].t, v[0].t->all, out);
    }
    cu_buf_str(out, "</tbody></table>\n");
}

void html_put_types(const html *h, cu_buf *out)
{
    item v[CU_TYPE_COUNT + 1];
    size_t n = 0;
    for (int t = 0; t <= CU_TYPE_CODE; t++)
        if (h->types[t].all)
            v[n++] = (item){cu_type_text((cu_type)t), &h->types[t]};
    qsort(v, n, sizeof *v, by_count);
    tally rest = {0};
    size_t shown = n > 14 ? 13 : n;
    for (size_t i = shown; i < n; i++)
        for (int s = 0; s < SEVERITIES; s++)
            rest.n[s] += v[i].t->n[s], rest.all += v[i].t->n[s];
    if (shown < n)
        v[shown++] = (item){"other types", &rest};
    cu_buf_str(out, "<table class=\"bars\"><caption>By type</caption><tbody>\n");
    /* the widest may be the rest */
    for (size_t i = 0; i < shown; i++) {
        cu_buf_str(out, "<tr><th scope=\"row\">");
        html_str(out, v[i].name);
        cu_buf_str(out, "</th>");
        bar(v[i].t, v[0].t->all > rest.all ? v[0].t->all : rest.all, out);
    }
    cu_buf_str(out, "</tbody></table>\n");
}

#define MAP_W 620.0
#define MAP_H 300.0

typedef struct { double x, y, w, h; } box;

/* The worst side ratio of v[from..to) in a strip along the shorter side. */
static double ratio(const item *v, size_t from, size_t to, double side, double scale)
{
    double sum = 0, worst = 0;
    for (size_t i = from; i < to; i++)
        sum += (double)v[i].t->all * scale;
    for (size_t i = from; i < to; i++) {
        double a = (double)v[i].t->all * scale, d = sum / side, r = a / d / d;
        r = r < 1 ? 1 / r : r;
        worst = r > worst ? r : worst;
    }
    return worst;
}

/* The severities of a field, along its foot. */
static void put_strip(const tally *t, box c, cu_buf *out)
{
    double x = 0, high = c.h > 24 ? 6 : c.h / 4;
    for (int s = CU_SEVERITY_CRITICAL; s >= 0; s--) {
        double w = (c.w - 2) * (double)t->n[s] / (double)t->all;
        if (t->n[s])
            cu_buf_fmt(out, "<rect class=\"s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", s, x, c.h - 2 - high,
                       w, high);
        x += w;
    }
}

static void put_cell(const item *it, box c, cu_buf *out)
{
    size_t fits = c.w > 16 ? (size_t)((c.w - 14) / 7.4) : 0, n = strlen(it->name);
    cu_buf_fmt(out, "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", c.x + 1, c.y + 1,
               c.w > 2 ? c.w - 2 : c.w, c.h > 2 ? c.h - 2 : c.h);
    html_str(out, it->name);
    cu_buf_fmt(out, ": %" PRIu64 "</title><rect class=\"ground\" width=\"100%%\" height=\"100%%\"/>", it->t->all);
    put_strip(it->t, c, out);
    if (c.h >= 24 && fits >= 4) {
        cu_buf_str(out, "<text x=\"7\" y=\"17\">");
        if (n <= fits) {
            html_str(out, it->name);
        } else { /* the end of a path says more than its begin */
            size_t from = n - fits + 1;
            while (from < n && ((uint8_t)it->name[from] & 0xc0) == 0x80)
                from++;
            cu_buf_str(out, "\xe2\x80\xa6");
            html_str(out, it->name + from);
        }
        cu_buf_str(out, "</text>");
        if (c.h >= 42)
            cu_buf_fmt(out, "<text x=\"7\" y=\"34\">%" PRIu64 "</text>", it->t->all);
    }
    cu_buf_str(out, "</svg>");
}

/* Squarified treemap (Bruls, Huizing, van Wijk 2000): strips along the shorter side, each as long as
 * its boxes get squarer. */
static void put_map(const item *v, size_t n, uint64_t all, cu_buf *out)
{
    box left = {0, 0, MAP_W, MAP_H};
    double scale = MAP_W * MAP_H / (double)all;
    cu_buf_fmt(out, "<svg class=\"map\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Folders by number of "
                    "findings; the table has the numbers\">", MAP_W, MAP_H);
    for (size_t from = 0, to; from < n; from = to) {
        double side = left.w < left.h ? left.w : left.h, sum = 0, at = 0;
        for (to = from + 1; to < n && ratio(v, from, to + 1, side, scale) <= ratio(v, from, to, side, scale);)
            to++;
        for (size_t i = from; i < to; i++)
            sum += (double)v[i].t->all * scale;
        double depth = sum / side;
        for (size_t i = from; i < to; i++) {
            double along = (double)v[i].t->all * scale / depth;
            put_cell(&v[i], left.w < left.h ? (box){left.x + at, left.y, along, depth}
                                            : (box){left.x, left.y + at, depth, along}, out);
            at += along;
        }
        if (left.w < left.h)
            left.y += depth, left.h -= depth;
        else
            left.x += depth, left.w -= depth;
    }
    cu_buf_str(out, "</svg>\n");
}

void html_put_folders(const html *h, cu_buf *out)
{
    item *v = calloc(HTML_MAX_FOLDERS + 1, sizeof *v);
    tally rest = h->elsewhere;
    size_t n = 0;
    if (!v) {
        out->err = CU_NOMEM;
        return;
    }
    for (size_t i = 0; i < 2 * HTML_MAX_FOLDERS; i++)
        if (h->folders[i].name)
            v[n++] = (item){h->folders[i].name, &h->folders[i].t};
    qsort(v, n, sizeof *v, by_count);
    for (; n > HTML_SHOWN_FOLDERS; n--)
        for (int s = 0; s < SEVERITIES; s++)
            rest.n[s] += v[n - 1].t->n[s], rest.all += v[n - 1].t->n[s];
    if (rest.all)
        v[n++] = (item){"other folders", &rest};
    qsort(v, n, sizeof *v, by_count);
    cu_buf_str(out, n > 1 ? "<div class=\"two\">" : "<div>");
    if (n > 1)
        put_map(v, n, h->all.all, out);
    cu_buf_str(out, "<table class=\"bars\"><caption>By folder</caption><tbody>\n");
    put_bars(v, n, true, out);
    cu_buf_str(out, "</div>\n");
    free(v);
}

static void put_column(const tally *t, double x, double w, uint64_t most, const char *label, cu_buf *out)
{
    double y = 110;
    cu_buf_fmt(out, "<g><title>%s: %" PRIu64 "</title>", label, t->all);
    for (int s = 0; s < SEVERITIES; s++) {
        double high = 100.0 * (double)t->n[s] / (double)most;
        if (!t->n[s])
            continue;
        high = high < 1 ? 1 : high;
        y -= high;
        cu_buf_fmt(out, "<rect class=\"s%d\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", s, x, y, w, high);
    }
    cu_buf_str(out, "</g>");
}

static void put_axis(int first, int last, int step, double w, uint64_t most, cu_buf *out)
{
    int columns = (last - first) / step + 1, every = columns / 8 + 1;
    if (step == 1 && every > 1) /* whole years or quarters read better */
        every = every <= 3 ? 3 : (every + 11) / 12 * 12;
    cu_buf_fmt(out, "<line class=\"ax\" x1=\"60\" y1=\"110.5\" x2=\"960\" y2=\"110.5\"/><text x=\"52\" y=\"18\" "
                    "text-anchor=\"end\">%" PRIu64 "</text><text x=\"52\" y=\"114\" text-anchor=\"end\">0</text>", most);
    for (int m = first, i = 0; m <= last; m += step, i++) {
        int year = HTML_FIRST_YEAR + m / 12;
        if ((step == 1 ? m : i) % every)
            continue;
        cu_buf_fmt(out, "<text x=\"%.1f\" y=\"128\">%d", 60 + i * w, year);
        cu_buf_fmt(out, step == 1 ? "-%02d</text>" : "</text>", m % 12 + 1);
    }
}

void html_put_months(const html *h, cu_buf *out)
{
    int first = 0, last = HTML_MONTHS - 1, step;
    uint64_t most = 1;
    while (first < last && !h->months[first].all)
        first++;
    while (last > first && !h->months[last].all)
        last--;
    step = last - first >= 72 ? 12 : 1;
    if (step == 12)
        first -= first % 12;
    tally *columns = calloc((size_t)(last - first) / (size_t)step + 1, sizeof *columns);
    if (!columns) {
        out->err = CU_NOMEM;
        return;
    }
    for (int m = first; m <= last; m++)
        for (int s = 0; s < SEVERITIES; s++) {
            tally *t = &columns[(m - first) / step];
            t->n[s] += h->months[m].n[s], t->all += h->months[m].n[s];
            most = t->all > most ? t->all : most;
        }
    int n = (last - first) / step + 1;
    double w = 900.0 / (n < 12 ? 12 : n);
    cu_buf_fmt(out, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Findings over time\"><svg class=\"time\" "
                    "viewBox=\"0 0 960 136\" role=\"img\" aria-label=\"%s of the commits that brought the findings in\">",
               step == 1 ? "Months" : "Years");
    for (int i = 0; i < n; i++) {
        char label[16];
        int m = first + i * step;
        snprintf(label, sizeof label, step == 1 ? "%d-%02d" : "%d", HTML_FIRST_YEAR + m / 12, m % 12 + 1);
        put_column(&columns[i], 60 + i * w + w * .12, w * .76, most, label, out);
    }
    put_axis(first, last, step, w, most, out);
    cu_buf_str(out, "</svg></div>\n");
    free(columns);
}
