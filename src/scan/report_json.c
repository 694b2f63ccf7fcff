/* JSON and JSON lines: docs/formats/scan.md. */
#include "report_writer.h"

static void places(const cu_scan_finding *f, cu_buf *b)
{
    cu_buf_json_kv_str(b, "path", f->source->path);
    cu_buf_json_kv_u64(b, "line", f->line);
    cu_buf_json_kv_u64(b, "column", f->column);
    cu_buf_json_kv_u64(b, "end_line", f->end_line);
    cu_buf_json_kv_u64(b, "end_column", f->end_column);
    cu_buf_json_kv_u64(b, "start", f->start);
    cu_buf_json_kv_u64(b, "end", f->end);
}

void cu_report_json_object(const cu_report *r, const cu_scan_finding *f, cu_buf *b)
{
    const cu_rule *rule = &r->o.rules->v[f->rule];
    cu_buf_byte(b, '{');
    places(f, b);
    cu_buf_json_kv_str(b, "type", cu_type_name(f->type));
    cu_buf_json_kv_str(b, "rule", rule->id);
    cu_buf_json_kv_str(b, "severity", cu_severity_name(rule->severity));
    if (rule->cwe_n) {
        cu_buf_json_key(b, "cwe");
        for (size_t i = 0; i < rule->cwe_n; i++)
            cu_buf_fmt(b, "%s%u", i ? "," : "[", rule->cwe[i]);
        cu_buf_byte(b, ']');
        if (!f->note)
            cu_buf_json_kv_str(b, "message", rule->message);
        cu_buf_json_kv_str(b, "fix", rule->advice);
    }
    if (f->note)
        cu_buf_json_kv_str(b, "message", f->note);
    cu_buf_json_key(b, "confidence");
    cu_buf_fmt(b, "%u.%02u", f->confidence / 100, f->confidence % 100);
    cu_buf_json_kv_str(b, "fingerprint", f->fingerprint);
    if (f->source->commit)
        cu_buf_json_kv_str(b, "commit", f->source->commit);
    if (f->source->author_time)
        cu_buf_json_kv_str(b, "author_time", f->source->author_time);
    if (f->source->generated)
        cu_buf_json_kv_bool(b, "generated", true);
    if (r->o.explain) {
        cu_buf_json_kv_str(b, "title", rule->title);
        cu_buf_json_kv_bool(b, "by_context", (f->flags & CU_FINDING_BY_CONTEXT) != 0);
        const cu_finding g = {.flags = f->flags};
        cu_buf reasons CU_CLEAN_BUF = CU_BUF(1024);
        cu_finding_reasons(&g, &reasons);
        cu_buf_json_kv(b, "reasons", cu_buf_view(&reasons));
        if (rule->source)
            cu_buf_json_kv_str(b, "source", rule->source);
    }
    if (r->o.values)
        cu_buf_json_kv(b, "value", f->value);
    cu_buf_byte(b, '}');
}

void cu_report_json_summary(const cu_scan_summary *s, cu_buf *b)
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"files", s->files}, {"bytes", s->bytes}, {"findings", s->findings},
                  {"binary", s->binary}, {"ignored", s->ignored}, {"unreadable", s->unreadable},
                  {"archives", s->archives}, {"blobs", s->blobs}, {"commits", s->commits},
                  {"accepted", s->accepted}, {"below", s->below}};
    cu_buf_byte(b, '{');
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        cu_buf_json_kv_u64(b, counts[i].name, counts[i].n);
    cu_buf_json_key(b, "severity");
    cu_buf_byte(b, '{');
    for (int i = CU_SEVERITY_CRITICAL; i >= 0; i--)
        cu_buf_json_kv_u64(b, cu_severity_name((cu_severity)i), s->by_severity[i]);
    cu_buf_byte(b, '}');
    cu_buf_json_kv_bool(b, "stopped", s->stopped);
    cu_buf_byte(b, '}');
}

static cu_err begin(cu_report *r, cu_buf *out)
{
    (void)r;
    cu_buf_str(out, "{\"findings\":[");
    return cu_buf_err(out);
}

static cu_err finding(cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    cu_report_json_object(r, f, out);
    return cu_buf_err(out);
}

static cu_err end(cu_report *r, const cu_scan_summary *s, cu_buf *out)
{
    (void)r;
    cu_buf_str(out, "],\"summary\":");
    cu_report_json_summary(s, out);
    cu_buf_str(out, "}\n");
    return cu_buf_err(out);
}

static cu_err line(cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    cu_report_json_object(r, f, out);
    cu_buf_byte(out, '\n');
    return cu_buf_err(out);
}

const cu_report_writer cu_report_json = {.name = "json", .between = ",\n", .begin = begin,
                                         .finding = finding, .end = end};
const cu_report_writer cu_report_jsonl = {.name = "jsonl", .between = "", .finding = line};
