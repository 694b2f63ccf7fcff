/* Reports: made from templates, as of a moment, each making an entry; and OSCAL exports of the same. */
#include <stdio.h>
#include <stdlib.h>
#include "desk.h"
#include "ledger/listing.h"
#include "oscal.h"
#include "report_desk.h"

#define ORGANISATION_MAX 200u
#define PUBLIC_DAYS 90ull

/* --- one moment --- */

static bool take_log(void *arg, const char *log, uint64_t size)
{
    report_making *m = arg;
    bool probes = strncmp(log, "t/", 2) == 0 && cu_bundle_is_probe(cu_str(log + 2));
    if (size && !probes && strcmp(log, "anchor") != 0 && m->logs_n < REPORT_LOGS)
        snprintf(m->logs[m->logs_n++], sizeof m->logs[0], "%.79s", log);
    return true;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(x, y);
}

static void newest(void *arg, const cu_store_entry *x)
{
    *(uint64_t *)arg = x->index + 1;
}

/* How large a log was then, and its root at that size. */
static cu_err head_of(report_making *m, size_t i, cu_fault *f)
{
    char dir[4400], hex[2 * CU_SHA256_LEN + 1];
    uint64_t total;
    cu_log *l;
    cu_checkpoint cp;
    cu_sha256 root;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    const cu_store_entry_filter w = {.log = m->logs[i], .to = m->as_of};
    CU_TRY(cu_store_entries(m->a->store, &w, 0, 1, newest, &m->sizes[i], &total));
    if (!m->sizes[i])
        return CU_OK;
    snprintf(dir, sizeof dir, "%s/%s", m->a->config->log_dir, m->logs[i]);
    CU_TRY(cu_log_open(dir, &l, f));
    cu_err e = cu_log_checkpoint(l, &cp, &note, f);
    if (e == CU_OK)
        e = cu_log_root(l, m->sizes[i], &root);
    cu_log_close(l);
    CU_TRY(e);
    cu_hex(hex, root.b, sizeof root.b);
    json_array_append_new(m->heads, json_pack("{s:o,s:I,s:s}", "log", report_log_name(m->logs[i]), "size", (json_int_t)m->sizes[i], "root", hex));
    return CU_OK;
}

cu_err report_prepare(report_making *m, cu_fault *f)
{
    const cu_catalogue *c = m->a->catalogue;
    cu_arena_init(&m->arena, 4u << 20);
    m->heads = json_array();
    m->controls = calloc(c->controls_n + 1, sizeof *m->controls);
    m->criteria = calloc(c->criteria_n + 1, sizeof *m->criteria);
    if (!m->heads || !m->controls || !m->criteria)
        return CU_NOMEM;
    CU_TRY(cu_store_reaches(m->a->store, take_log, m));
    qsort(m->logs, m->logs_n, sizeof m->logs[0], by_name);
    for (size_t i = 0; i < m->logs_n; i++)
        CU_TRY(head_of(m, i, f));
    states_controls(m->a, m->as_of_ms, m->controls);
    states_criteria(m->a, m->as_of_ms, m->criteria);
    return policy_facts(m->a, &m->arena, m->settings);
}

void report_drop(report_making *m)
{
    json_decref(m->heads);
    free(m->controls);
    free(m->criteria);
    cu_arena_free(&m->arena);
    free(m);
}

/* --- the document --- */

static json_t *plain(cu_bytes text)
{
    return json_pack("{s:s%}", "t", text.p, text.n);
}

static json_t *runs_of(report_making *m, cu_bytes text)
{
    json_t *runs = json_array();
    cu_bytes name;
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        size_t end = cu_report_fact_at(text, i, &name);
        if (!end)
            continue;
        if (i > from)
            json_array_append_new(runs, plain(cu_slice(text, from, i)));
        json_array_append_new(runs, report_fact(m, name));
        from = end;
        i = end - 1;
    }
    if (from < text.n)
        json_array_append_new(runs, plain(cu_slice(text, from, text.n)));
    return runs;
}

static json_t *part_json(report_making *m, const cu_report_part *p)
{
    if (!p->table)
        return json_pack("{s:o}", "text", runs_of(m, p->text));
    json_t *table = report_table(m, p->table);
    json_object_set_new(table, "empty", json_stringn((const char *)p->empty.p, p->empty.n));
    return json_pack("{s:o}", "table", table);
}

static json_t *document(report_making *m, const cu_report_form *r)
{
    json_t *sections = json_array();
    for (size_t i = 0; i < r->sections_n; i++) {
        const cu_report_section *s = &r->sections[i];
        json_t *parts = json_array();
        for (size_t k = 0; k < s->parts_n; k++)
            json_array_append_new(parts, part_json(m, &s->parts[k]));
        json_array_append_new(sections, json_pack("{s:s%,s:s%,s:o}", "number", s->number.p ? (const char *)s->number.p : "", s->number.n, "heading", s->heading.p, s->heading.n,
                                                  "parts", parts));
    }
    return json_pack("{s:s%,s:s%,s:s%,s:s,s:s,s:s,s:s,s:O,s:o}", "report", r->id.p, r->id.n, "title", r->title.p, r->title.n, "means", r->means.p, r->means.n, "from", m->from,
                     "to", m->to, "as_of", m->as_of, "organisation", m->organisation, "heads", m->heads, "sections", sections);
}

/* --- the API --- */

static const char *word(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* Period and moment; a moment that is not given is now. */
static unsigned read_period(call *c, const json_t *in, uint64_t max_days, report_making *m)
{
    uint64_t from, to, now = cu_now_ns() / 1000000;
    const char *as_of = word(in, "as_of");
    cu_time_text(now * 1000000, m->as_of);
    if ((*as_of && cu_listing_time(cu_str(as_of), m->as_of) != CU_OK) || cu_listing_time(cu_str(word(in, "from")), m->from) != CU_OK ||
        cu_listing_time(cu_str(word(in, "to")), m->to) != CU_OK || strcmp(m->from, m->to) >= 0)
        return problem(c, 400, "Malformed", "from, to and as_of are dates or times like 2026-10-01 or 2026-10-01T00:00:00Z, from before to.");
    if (!cu_status_time(cu_str(m->from), &from) || !cu_status_time(cu_str(m->to), &to) || !cu_status_time(cu_str(m->as_of), &m->as_of_ms) || m->as_of_ms > now || from >= m->as_of_ms)
        return problem(c, 400, "Malformed", "as_of lies after from, and not in the future.");
    if (to - from > max_days * 86400000)
        return problem(c, 400, "Period too long", "This report covers at most %llu days.", (unsigned long long)max_days);
    if (to > m->as_of_ms)
        memcpy(m->to, m->as_of, sizeof m->to);
    return 0;
}

static unsigned record_made(call *c, const report_making *m, const char *kind, const char *format, const char *digest)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    cu_buf_fmt(&body, "{\"as_of\":\"%s\",\"digest\":\"%s\",\"format\":\"%s\",\"from\":\"%s\",\"kind\":\"%s\",\"to\":\"%s\"}", m->as_of, digest, format, m->from, kind, m->to);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record(c->a, "report.generated", CU_TENANT_ORG, c->actor, &body);
    pthread_mutex_unlock(&c->a->lock);
    return e == CU_OK ? 201 : problem(c, 503, "Not recorded", "%s", cu_err_text(e));
}

static const char *const formats[] = {"json", "html", "pdf", "text"};

static bool known_format(const char *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    return false;
}

static const char *type_of(const char *format)
{
    return strcmp(format, "html") == 0 ? "text/html; charset=utf-8" : strcmp(format, "pdf") == 0 ? "application/pdf" : strcmp(format, "text") == 0 ? "text/plain; charset=utf-8" : "application/json";
}

static unsigned write_out(call *c, const report_making *m, const char *kind, const char *format, const json_t *doc)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 d;
    cu_err e = CU_OK;
    cu_fault f = {0};
    char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return problem(c, 500, "Not made", "out of memory");
    cu_sha256_of(cu_str(text), &d);
    cu_hex(hex, d.b, sizeof d.b);
    if (strcmp(format, "json") == 0)
        cu_buf_str(c->out, text);
    else if (strcmp(format, "html") == 0)
        e = cu_paper_html(doc, hex, "", c->out);
    else if (strcmp(format, "pdf") == 0)
        e = report_print(text, hex, "", c->out, &f);
    else
        e = cu_paper_text(doc, hex, c->out);
    free(text);
    c->type = type_of(format);
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"%.40s-%.10s.%s\"", kind, m->to, strcmp(format, "text") == 0 ? "txt" : format);
    return e == CU_OK ? record_made(c, m, kind, format, hex) : problem(c, 500, "Not made", "%s", f.code ? f.text : cu_err_text(e));
}

static unsigned make(call *c, const json_t *in, report_making *m)
{
    const char *kind = word(in, "kind"), *format = *word(in, "format") ? word(in, "format") : "json";
    const cu_report_form *r = cu_report_find(c->a->reports, cu_str(kind));
    bool oscal = oscal_known(kind);
    cu_fault f = {0};
    m->a = c->a;
    m->organisation = *word(in, "organisation") ? word(in, "organisation") : "the organisation";
    if (!r && !oscal)
        return problem(c, 404, "Not found", "There is no report %.40s; GET /api/v1/reports lists them.", kind);
    if (!known_format(format) || (oscal && strcmp(format, "json") != 0))
        return problem(c, 400, "Malformed", oscal ? "OSCAL is written as json." : "format is html, json, pdf or text.");
    if (strlen(m->organisation) > ORGANISATION_MAX)
        return problem(c, 400, "Malformed", "organisation has at most %u bytes.", ORGANISATION_MAX);
    unsigned status = read_period(c, in, oscal ? 380 : r->max_days, m);
    if (status)
        return status;
    cu_err e = report_prepare(m, &f);
    if (e != CU_OK)
        return problem(c, 500, "Not made", "%s", f.code ? f.text : cu_err_text(e));
    json_t *doc = oscal ? oscal_document(m, kind) : document(m, r);
    status = m->failed ? problem(c, 500, "Not made", "Part of the log or of the registers could not be read.")
             : doc     ? write_out(c, m, kind, format, doc)
                       : problem(c, 409, "Nothing to export", "There is no open item; OSCAL wants at least one.");
    json_decref(doc);
    return status;
}

unsigned make_report(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    report_making *m = calloc(1, sizeof *m);
    unsigned status = !m ? problem(c, 500, "Not made", "out of memory")
                      : json_is_object(in) ? make(c, in, m)
                                           : problem(c, 400, "Malformed", "An object with kind, from and to is expected.");
    if (m)
        report_drop(m);
    json_decref(in);
    return status;
}

cu_err report_public(app *a, const char *kind, const char *organisation, const char *mark, bool pdf, cu_buf *out, char digest[2 * CU_SHA256_LEN + 1], cu_fault *f)
{
    const cu_report_form *r = cu_report_find(a->reports, cu_str(kind));
    report_making *m = calloc(1, sizeof *m);
    uint64_t now = cu_now_ns();
    cu_sha256 d;
    if (!r || !m) {
        free(m);
        return r ? CU_NOMEM : CU_NOT_FOUND;
    }
    *m = (report_making){.a = a, .organisation = organisation, .outside = true, .as_of_ms = now / 1000000};
    cu_time_text(now, m->as_of);
    cu_time_text(now, m->to);
    cu_time_text(now - PUBLIC_DAYS * 86400 * 1000000000, m->from);
    cu_err e = report_prepare(m, f);
    json_t *doc = e == CU_OK ? document(m, r) : NULL;
    if (m->failed)
        e = CU_IO;
    char *text = doc && e == CU_OK ? json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text) {
        cu_sha256_of(cu_str(text), &d);
        cu_hex(digest, d.b, sizeof d.b);
        e = pdf ? report_print(text, digest, mark, out, f) : cu_paper_html(doc, digest, mark, out);
    } else if (e == CU_OK) {
        e = CU_NOMEM;
    }
    free(text);
    json_decref(doc);
    report_drop(m);
    return e;
}

unsigned answer_reports(call *c)
{
    page_asked p;
    uint64_t total = 0;
    json_t *kinds = json_array();
    if (!read_page(c, 200, &p)) {
        json_decref(kinds);
        return problem(c, 400, "Malformed", "limit is a number from 1 to 200, cursor the next_cursor of an answer.");
    }
    for (size_t i = 0; i < c->a->reports->n; i++) {
        const cu_report_form *r = &c->a->reports->v[i];
        json_array_append_new(kinds, json_pack("{s:s%,s:s%,s:s%,s:I,s:[ssss]}", "id", r->id.p, r->id.n, "title", r->title.p, r->title.n, "means", r->means.p, r->means.n, "max_days",
                                               (json_int_t)r->max_days, "formats", "html", "pdf", "json", "text"));
    }
    oscal_list(kinds);
    json_t *items = org_entries(c, "report.generated", NULL, p.before, p.limit, &total);
    size_t n = json_array_size(items);
    json_int_t last = n ? json_integer_value(json_object_get(json_array_get(items, n - 1), "index")) : 0;
    return answer_json(c, json_pack("{s:o,s:o,s:o,s:I}", "kinds", kinds, "items", items, "next_cursor", n == p.limit && last > 0 ? json_sprintf("%lld", (long long)last) : json_null(),
                                    "total", (json_int_t)total));
}
