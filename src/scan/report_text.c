/* For people at a terminal: two lines a finding, and at the end what to do. */
#include "report_writer.h"

static const char *colour(const cu_report *r, cu_severity s)
{
    if (!r->o.colour)
        return "";
    return s >= CU_SEVERITY_HIGH ? "\033[1;31m" : s == CU_SEVERITY_MEDIUM ? "\033[1;33m" : "\033[1m";
}

static void explain(const cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    const cu_rule *rule = &r->o.rules->v[f->rule];
    const cu_finding g = {.flags = f->flags};
    cu_buf_fmt(out, "    %u %%: ", f->confidence);
    cu_finding_reasons(&g, out);
    cu_buf_fmt(out, "%s", f->source->generated ? "; the file is generated" : "");
    if (rule->source)
        cu_buf_fmt(out, " (%s)", rule->source);
    cu_buf_byte(out, '\n');
}

static cu_err finding(cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    const cu_rule *rule = &r->o.rules->v[f->rule];
    atomic_store_explicit(&r->any[cu_type_class(f->type)], true, memory_order_relaxed);
    /* escapes control characters, so that a file name cannot write to the terminal */
    cu_report_name(f->source->path, out);
    cu_buf_fmt(out, ":%llu:%llu: %s%s%s %s (%s, %u %%)", (unsigned long long)f->line,
               (unsigned long long)f->column, colour(r, rule->severity),
               cu_severity_name(rule->severity), r->o.colour ? "\033[0m" : "", rule->title, rule->id,
               f->confidence);
    if (f->source->commit)
        cu_buf_fmt(out, " in commit %.12s of %.10s", f->source->commit,
                   f->source->author_time ? f->source->author_time : "unknown date");
    cu_buf_str(out, "\n    ");
    cu_report_line(r, f, out);
    cu_buf_byte(out, '\n');
    if (rule->message) {
        cu_buf_str(out, "    ");
        cu_report_visible(cu_str(f->note ? f->note : rule->message), out); /* a linter's words are not ours */
        cu_buf_fmt(out, " %s\n", rule->advice);
    } else if (r->o.explain) {
        explain(r, f, out);
    }
    return cu_buf_err(out);
}

static void advice(const cu_report *r, cu_buf *out)
{
    if (atomic_load(&r->any[CU_CLASS_SECRET]))
        cu_buf_str(out, "Secrets: revoke each where it was issued first; taking it out of the file "
                        "does not take it out of the history.\n");
    if (atomic_load(&r->any[CU_CLASS_PII]))
        cu_buf_str(out, "Personal data: replace it by invented data, or keep it out of what is "
                        "shared.\n");
}

static cu_err end(cu_report *r, const cu_scan_summary *s, cu_buf *out)
{
    const struct {
        uint64_t n;
        const char *what;
    } left[] = {{s->binary, "binary"}, {s->ignored, "ignored by .gitignore"},
                {s->unreadable, "unreadable"}, {s->accepted, "accepted findings"},
                {s->below, "findings below the asked confidence"}};
    advice(r, out);
    cu_buf_fmt(out, "%llu finding%s", (unsigned long long)s->findings, s->findings == 1 ? "" : "s");
    cu_buf_fmt(out, " in %llu file%s, %llu bytes", (unsigned long long)s->files, s->files == 1 ? "" : "s",
               (unsigned long long)s->bytes);
    if (s->commits)
        cu_buf_fmt(out, ", %llu blobs of %llu commits", (unsigned long long)s->blobs,
                   (unsigned long long)s->commits);
    const char *before = " (left out: ";
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (left[i].n) {
            cu_buf_fmt(out, "%s%llu %s", before, (unsigned long long)left[i].n, left[i].what);
            before = ", ";
        }
    cu_buf_str(out, *before == ',' ? ")\n" : "\n");
    if (s->stopped)
        cu_buf_str(out, "STOPPED before the end: not everything was scanned.\n");
    return cu_buf_err(out);
}

const cu_report_writer cu_report_text = {.name = "text", .between = "", .finding = finding, .end = end};
