/* SARIF 2.1.0 (OASIS), as GitHub code scanning reads it: results as they come, then the rules that
 * they name, then what had to be left out. Ceilings of code scanning ("SARIF support for code
 * scanning", docs.github.com): 25,000 results a run, 10 MB compressed. */
#include <inttypes.h>
#include <stdlib.h>
#include "report_form.h"

#define MAX_RESULTS 25000u
#define MAX_BYTES ((size_t)56 << 20) /* of results, uncompressed: measured at 1/12 when compressed */

typedef struct {
    cu_report_options o;
    uint32_t *index;       /* by rule: place in the rules table + 1, 0 while unused */
    uint16_t *used;        /* rules in the order of the table */
    uint32_t used_n;
    uint64_t results, left_out;
    size_t bytes;
    uint64_t left_by[CU_SEVERITY_CRITICAL + 1];
} sarif;

static void sarif_close(void *state)
{
    sarif *s = state;
    if (!s)
        return;
    free(s->index);
    free(s->used);
    free(s);
}

static cu_err sarif_open(const cu_report_options *o, void **state)
{
    sarif *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    s->o = *o;
    /* one more: for a finding whose rule is not in the table */
    size_t n = (o->rules ? o->rules->n : 0) + 1;
    s->index = calloc(n, sizeof *s->index);
    s->used = calloc(n, sizeof *s->used);
    if (!s->index || !s->used) {
        sarif_close(s);
        return CU_NOMEM;
    }
    *state = s;
    return CU_OK;
}

static cu_err sarif_begin(void *state, cu_buf *out)
{
    (void)state;
    cu_buf_str(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
                    "\"runs\":[{\"columnKind\":\"utf16CodeUnits\",\"results\":[");
    return cu_buf_err(out);
}

static const char *level_of(cu_severity s)
{
    return s >= CU_SEVERITY_HIGH ? "error" : s == CU_SEVERITY_MEDIUM ? "warning" : "note";
}

/* RFC 3986: what is not unreserved is encoded; invalid UTF-8 as U+FFFD. */
static void put_uri(cu_buf *b, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    cu_bytes t = cu_str(path);
    for (size_t i = 0; i < t.n;) {
        size_t n = cu_report_char(t, i);
        cu_bytes c = n ? cu_slice(t, i, i + n) : CU_LIT("\xef\xbf\xbd");
        bool plain = n == 1 && ((c.p[0] >= '0' && c.p[0] <= '9') || ((c.p[0] | 32) >= 'a' && (c.p[0] | 32) <= 'z') ||
                                memchr("-._~/!$&'()*+,;=@", c.p[0], 17));
        for (size_t k = 0; k < c.n; k++) {
            if (plain) {
                cu_buf_byte(b, c.p[k]);
                continue;
            }
            cu_buf_byte(b, '%');
            cu_buf_byte(b, (uint8_t)hex[c.p[k] >> 4]);
            cu_buf_byte(b, (uint8_t)hex[c.p[k] & 15]);
        }
        i += n ? n : 1;
    }
}

static void put_artifact(const sarif *s, const cu_scan_finding *f, cu_buf *b)
{
    const char *path = cu_report_path(&s->o, f);
    bool absolute = path[0] == '/';
    cu_buf_str(b, "\"artifactLocation\":{\"uri\":\"");
    if (absolute)
        cu_buf_str(b, "file://");
    put_uri(b, *path ? path : "unknown");
    cu_buf_str(b, absolute ? "\"}" : "\",\"uriBaseId\":\"%SRCROOT%\"}");
}

/* Byte columns to UTF-16 units. What stands before the window of line_text is taken for one unit a
 * byte: exact for ASCII, and for every line of at most 400 bytes. */
static void columns(const cu_scan_finding *f, uint64_t *start, uint64_t *end)
{
    size_t in = f->in_line < f->line_text.n ? f->in_line : f->line_text.n;
    uint64_t column = f->column ? f->column : 1, unseen = column - 1 > in ? column - 1 - in : 0;
    cu_bytes tail = f->value;
    *start = unseen + cu_report_utf16(cu_slice(f->line_text, 0, in)) + 1;
    if (f->end_line <= f->line) {
        *end = *start + (tail.n ? cu_report_utf16(tail) : f->end - f->start);
        return;
    }
    for (size_t i = tail.n; i > 0; i--)
        if (tail.p[i - 1] == '\n') {
            *end = cu_report_utf16(cu_slice(tail, i, tail.n)) + 1;
            return;
        }
    *end = f->end_column ? f->end_column : 1;
}

static void put_region(const cu_scan_finding *f, const char *masked, cu_buf *b)
{
    uint64_t start, end, line = f->line ? f->line : 1, last = f->end_line > line ? f->end_line : line;
    columns(f, &start, &end);
    cu_buf_str(b, "\"region\":{");
    cu_buf_json_kv_u64(b, "startLine", line);
    cu_buf_json_kv_u64(b, "startColumn", start);
    cu_buf_json_kv_u64(b, "endLine", last);
    cu_buf_json_kv_u64(b, "endColumn", end);
    cu_buf_json_kv_u64(b, "byteOffset", f->start);
    cu_buf_json_kv_u64(b, "byteLength", f->end - f->start);
    cu_buf_str(b, "},\"contextRegion\":{");
    cu_buf_json_kv_u64(b, "startLine", line);
    cu_buf_json_kv_u64(b, "endLine", last);
    cu_buf_str(b, ",\"snippet\":{");
    cu_buf_json_kv_str(b, "text", masked);
    cu_buf_str(b, "}}");
}

static void put_message(const cu_scan_finding *f, const cu_rule *r, cu_buf *b)
{
    cu_buf t CU_CLEAN_BUF = CU_BUF(8192), clean CU_CLEAN_BUF = CU_BUF(16384);
    if (r->message)
        cu_buf_fmt(&t, "%s: %s %s", r->title, f->note ? f->note : r->message, cu_report_advice(r));
    else
        cu_buf_fmt(&t, "%s (%s), confidence %u %%. The value is not shown. %s", r->title, cu_type_text(f->type), f->confidence,
                   cu_report_advice(r));
    if (f->source->commit)
        cu_buf_fmt(&t, " Found in commit %.64s.", f->source->commit);
    if (f->accepted == CU_ACCEPT_EXPIRED)
        cu_buf_fmt(&t, " It was accepted once: %.600s.", f->why ? f->why : "");
    cu_report_clean(cu_buf_view(&t), &clean);
    cu_buf_str(b, "\"message\":{");
    cu_buf_json_kv(b, "text", cu_buf_view(&clean));
    cu_buf_byte(b, '}');
}

static void put_suppressions(const cu_scan_finding *f, cu_buf *b)
{
    cu_buf_str(b, ",\"suppressions\":[");
    if (cu_report_suppressed(f)) {
        cu_buf_byte(b, '{');
        cu_buf_json_kv_str(b, "kind", f->accepted == CU_ACCEPT_INLINE ? "inSource" : "external");
        cu_buf_json_kv_str(b, "status", "accepted");
        if (f->why)
            cu_buf_json_kv_str(b, "justification", f->why);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
}

static void put_properties(const cu_scan_finding *f, cu_buf *b)
{
    cu_buf_str(b, ",\"properties\":{");
    cu_buf_fmt(b, "\"type\":\"%s\",\"confidence\":%u.%02u", cu_type_name(f->type), f->confidence / 100,
               f->confidence % 100);
    if (f->source->commit)
        cu_buf_json_kv_str(b, "commit", f->source->commit);
    if (f->source->author_time)
        cu_buf_json_kv_str(b, "commitTime", f->source->author_time);
    if (f->source->generated)
        cu_buf_json_kv_bool(b, "generated", true);
    cu_buf_byte(b, '}');
}

static uint32_t rule_index(sarif *s, const cu_scan_finding *f)
{
    size_t n = s->o.rules ? s->o.rules->n : 0, r = f->rule < n ? f->rule : n;
    if (s->index[r] == 0) {
        s->used[s->used_n++] = (uint16_t)r;
        s->index[r] = s->used_n;
    }
    return s->index[r] - 1;
}

static cu_err sarif_finding(void *state, const cu_scan_finding *f, cu_buf *out)
{
    sarif *s = state;
    const cu_rule *r = cu_report_rule(&s->o, f);
    cu_buf masked CU_CLEAN_BUF = CU_BUF(8192);
    if (cu_report_hidden(&s->o, f))
        return CU_OK;
    if (s->results >= MAX_RESULTS || s->bytes >= MAX_BYTES) {
        s->left_out++;
        s->left_by[r->severity]++;
        return CU_OK;
    }
    size_t before = out->n;
    cu_report_masked(f, &masked);
    cu_buf_fmt(out, "%s{\"ruleId\":\"%s\",\"ruleIndex\":%u,\"level\":\"%s\",", s->results ? ",\n" : "\n",
               r->id, rule_index(s, f), level_of(r->severity));
    put_message(f, r, out);
    cu_buf_str(out, ",\"locations\":[{\"physicalLocation\":{");
    put_artifact(s, f, out);
    cu_buf_byte(out, ',');
    put_region(f, cu_buf_cstr(&masked), out);
    cu_buf_fmt(out, "}}],\"partialFingerprints\":{\"custosFingerprint/v1\":\"%s\"}", f->fingerprint);
    if (s->o.accepted)
        put_suppressions(f, out);
    put_properties(f, out);
    cu_buf_byte(out, '}');
    s->results++;
    s->bytes += out->n - before;
    CU_TRY(cu_buf_err(&masked));
    return cu_buf_err(out);
}

/* "aws-access-key" as "AwsAccessKey": code scanning asks for a name that reads as an identifier. */
static void put_name(cu_buf *b, const char *id)
{
    bool upper = true;
    for (; *id; id++) {
        if (*id == '-') {
            upper = true;
            continue;
        }
        cu_buf_byte(b, (uint8_t)(upper && *id >= 'a' && *id <= 'z' ? *id - 32 : *id));
        upper = false;
    }
}

static void put_rule(const cu_rule *r, cu_buf *b)
{
    static const char *const score[] = {"0.1", "3.0", "5.5", "8.0", "9.5"};
    bool secret = cu_type_class(r->type) == CU_CLASS_SECRET;
    cu_buf help CU_CLEAN_BUF = CU_BUF(8192);
    cu_buf_fmt(b, "{\"id\":\"%s\",\"name\":\"", r->id);
    put_name(b, r->id);
    cu_buf_str(b, "\",\"shortDescription\":{");
    cu_buf_json_kv_str(b, "text", r->title);
    cu_buf_str(b, "},\"fullDescription\":{");
    if (r->message)
        cu_buf_fmt(&help, "%s: %s", r->title, r->message);
    else
        cu_buf_fmt(&help, "%s: %s that Custos recognised.", r->title, cu_type_text(r->type));
    cu_buf_json_kv(b, "text", cu_buf_view(&help));
    cu_buf_reset(&help);
    cu_buf_fmt(&help, "%s\nTo accept a finding: custos:allow %s REASON in a comment of its line, a line of "
                      ".custosignore, or the baseline.%s%.1000s", cu_report_advice(r), r->id,
               r->source && *r->source ? "\nThe format is described in: " : "", r->source ? r->source : "");
    cu_buf_str(b, "},\"help\":{");
    cu_buf_json_kv(b, "text", cu_buf_view(&help));
    cu_buf_fmt(b, "},\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{\"tags\":[\"security\",\"%s\"",
               level_of(r->severity), secret ? "secret" : r->message ? "code" : "personal-data");
    for (size_t i = 0; i < r->cwe_n; i++)
        cu_buf_fmt(b, ",\"external/cwe/cwe-%03u\"", r->cwe[i]);
    cu_buf_fmt(b, "],\"precision\":\"%s\",\"security-severity\":\"%s\"}}",
               r->confidence >= 95 ? "very-high" : r->confidence >= 80 ? "high" : r->confidence >= 60 ? "medium" : "low",
               score[r->severity]);
}

static void put_notes(const sarif *s, const cu_scan_summary *sum, cu_buf *b)
{
    cu_buf_fmt(b, "\"invocations\":[{\"executionSuccessful\":%s", sum->stopped ? "false" : "true");
    cu_buf_str(b, ",\"toolExecutionNotifications\":[");
    if (s->left_out) {
        int worst = CU_SEVERITY_CRITICAL;
        while (worst > 0 && s->left_by[worst] == 0)
            worst--;
        cu_buf_fmt(b, "{\"level\":\"%s\",\"message\":{\"text\":\"This report holds the first %" PRIu64
                      " findings, which is what code scanning takes. %" PRIu64 " more were left out; the most "
                      "severe of them: %" PRIu64 " of severity %s. Scan folder by folder, or use --format jsonl.\"}}",
                   level_of((cu_severity)worst), s->results, s->left_out, s->left_by[worst],
                   cu_severity_name((cu_severity)worst));
    }
    if (sum->stopped)
        cu_buf_fmt(b, "%s{\"level\":\"error\",\"message\":{\"text\":\"The scan was stopped: not everything was "
                      "scanned.\"}}", s->left_out ? "," : "");
    if (sum->unreadable)
        cu_buf_fmt(b, "%s{\"level\":\"warning\",\"message\":{\"text\":\"%" PRIu64 " files could not be read or judged.\"}}",
                   s->left_out || sum->stopped ? "," : "", sum->unreadable);
    cu_buf_str(b, "]}]");
}

static cu_err sarif_end(void *state, const cu_scan_summary *sum, cu_buf *out)
{
    sarif *s = state;
    cu_scan_finding any = {0};
    cu_buf_fmt(out, "\n],\"tool\":{\"driver\":{\"name\":\"Custos\",\"version\":\"%s\",\"semanticVersion\":\"%s\","
                    "\"rules\":[", CUSTOS_VERSION, CUSTOS_VERSION);
    for (uint32_t i = 0; i < s->used_n; i++) {
        any.rule = s->used[i];
        cu_buf_str(out, i ? ",\n" : "\n");
        put_rule(cu_report_rule(&s->o, &any), out);
    }
    cu_buf_str(out, "\n]}},");
    put_notes(s, sum, out);
    cu_buf_fmt(out, ",\"properties\":{\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"findings\":%" PRIu64 "}}]}\n",
               sum->files, sum->bytes, sum->findings);
    return cu_buf_err(out);
}

const cu_report_form cu_report_sarif = {
    .serial = true, .between = "", .open = sarif_open, .close = sarif_close, .begin = sarif_begin,
    .finding = sarif_finding, .end = sarif_end,
};
