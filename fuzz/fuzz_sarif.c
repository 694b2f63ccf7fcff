/* Findings of any shape through the SARIF writer: what comes out is JSON, and holds no value. */
#include <jansson.h>
#include <stdlib.h>
#include "scan/accept.h"
#include "scan/report.h"
#include "wire/json.h"

#define VALUE "vAlUe-ThAt-MuSt-NoT-ShOw"

typedef struct {
    const uint8_t *p;
    size_t n;
} input;

static uint8_t byte(input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++;
}

/* At most max bytes without a NUL, with one behind. */
static size_t some(input *in, char *to, size_t max)
{
    size_t n = byte(in), i = 0;
    for (n = n < max ? n : max; i < n && in->n; i++) {
        to[i] = (char)byte(in);
        if (!to[i])
            to[i] = ' ';
    }
    to[i] = 0;
    return i;
}

static void one(input *in, cu_report *r, cu_buf *out, bool hostile_places)
{
    char path[256], before[256], after[256], why[256], line[1024];
    cu_scan_source s = {.path = path, .generated = byte(in) & 1};
    some(in, path, 255);
    size_t b = some(in, before, 200);
    some(in, after, 200);
    some(in, why, 255);
    snprintf(line, sizeof line, "%s" VALUE "%s", before, after);
    cu_scan_finding f = {.source = &s, .line = byte(in), .column = b + 1, .end_line = byte(in), .end_column = byte(in),
        .start = byte(in), .type = (cu_type)(byte(in) % CU_TYPE_COUNT), .rule = byte(in), .confidence = byte(in) % 101,
        .line_text = cu_str(line), .in_line = b, .in_line_end = b + sizeof VALUE - 1, .accepted = byte(in) % 5, .why = why,
        .value = cu_str(VALUE), .fingerprint = "00"};
    cu_scan_span others[2] = {{byte(in), 0}, {byte(in), 0}};
    for (int i = 0; i < 2; i++)
        others[i].end = others[i].start + byte(in);
    f.end = f.start + byte(in);
    if (byte(in) & 1)
        f.others = others, f.others_n = hostile_places ? 2 : 0;
    if (cu_report_finding(r, &f, out) != CU_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_rule rule = {.id = "rule-a", .type = CU_TYPE_SECRET, .title = "A \"rule\"", .severity = CU_SEVERITY_HIGH};
    const cu_rules rules = {&rule, 1};
    input in = {data, n};
    if (cu_find(cu_bytes_of(data, n), CU_LIT(VALUE), 0) != (size_t)-1)
        return 0; /* it knows the value, and may write it into a path */
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    cu_report *r = NULL;
    cu_report_options o = {.format = CU_REPORT_SARIF, .rules = &rules, .accepted = byte(&in) & 1};
    cu_scan_summary s = {.stopped = byte(&in) & 1, .unreadable = byte(&in)};
    if (cu_report_new(&o, &r) != CU_OK || cu_report_begin(r, &out) != CU_OK)
        abort();
    while (in.n)
        one(&in, r, &out, byte(&in) & 1);
    if (cu_report_end(r, &s, &out) != CU_OK)
        abort();
    cu_report_free(r);
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings strings;
    cu_fault f = {0};
    cu_arena_init(&a, (size_t)256 << 20);
    CU_ASSERT(cu_json_walk(cu_buf_view(&out), &a, &strings, &f) == CU_OK);
    json_t *doc = json_loadb((const char *)out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT(doc);
    json_decref(doc);
    CU_ASSERT(cu_find(cu_buf_view(&out), CU_LIT(VALUE), 0) == (size_t)-1);
    return 0;
}
