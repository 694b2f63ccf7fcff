/* make-report FORMAT N [history|hostile|accepted]: a report of N invented findings. */
#include <stdio.h>
#include <stdlib.h>
#include "scan/accept.h"
#include "scan/report.h"

static const char *const folders[] = {"src/server", "src/client/forms", "tests/fixtures", "deploy", "docs", "web/app",
                                      "packages/billing-service/lib", "scripts", "examples/java", ""};
static cu_rule rules[] = {
    {.id = "aws-access-key", .type = CU_TYPE_SECRET, .title = "AWS access key", .severity = CU_SEVERITY_CRITICAL, .confidence = 99, .source = "https://docs.example.org/keys"},
    {.id = "github-token", .type = CU_TYPE_SECRET, .title = "GitHub token", .severity = CU_SEVERITY_HIGH, .confidence = 95, .source = "https://docs.example.org/tokens"},
    {.id = "email-address", .type = CU_TYPE_EMAIL_ADDRESS, .title = "E-mail address", .severity = CU_SEVERITY_MEDIUM, .confidence = 90, .source = "RFC 5322"},
    {.id = "phone-number", .type = CU_TYPE_PHONE_NUMBER, .title = "Telephone number", .severity = CU_SEVERITY_MEDIUM, .confidence = 70, .source = "E.164"},
    {.id = "private-ip", .type = CU_TYPE_IP_ADDRESS_PRIVATE, .title = "Private IP address", .severity = CU_SEVERITY_LOW, .confidence = 60, .source = "RFC 1918"},
    {.id = "iban", .type = CU_TYPE_IBAN, .title = "Bank account number (IBAN)", .severity = CU_SEVERITY_HIGH, .confidence = 97, .source = "ISO 13616"},
};
#define RULES (sizeof rules / sizeof *rules)

static unsigned long seed = 1;
static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(seed >> 33) % n;
}

static void emit(cu_report *r, cu_buf *b, unsigned i, const char *how)
{
    static const char value[] = "V\xc3\xa4lue\xf0\x9f\x94\x91XYZZY", prefix[] = "caf\xc3\xa9 \xf0\x9f\x98\x80 key = \"";
    char path[300], commit[41], when[32], line[400];
    bool hostile = strcmp(how, "hostile") == 0, history = strcmp(how, "history") == 0;
    unsigned k = random_below(100), rule = k < 6 ? 0 : k < 18 ? 1 : k < 60 ? 2 : k < 80 ? 3 : k < 95 ? 4 : 5;
    const char *folder = folders[(random_below(10) * random_below(10)) / 9 % 10];
    snprintf(path, sizeof path, "%s%sfile-%u.%s", folder, *folder ? "/" : "", random_below(400), random_below(2) ? "js" : "yaml");
    if (hostile)
        snprintf(path, sizeof path, "=cmd|' /C calc'!A0/<script>alert(%u)</script>/%%41 b#c?d:\xff\xe2\x80\xae\r\n.js", i);
    snprintf(commit, sizeof commit, "%08x%08x%08x%08x%08x", i * 2654435761u, 1u, 2u, 3u, 4u);
    snprintf(when, sizeof when, "20%02u-%02u-11T10:00:00Z", 24 + random_below(3), 1 + random_below(12));
    snprintf(line, sizeof line, "%s%s\", // \"second OTHERSECRET <b>%s</b>", prefix, value, hostile ? "\xff\x01\xc3" : "tail");
    cu_scan_source s = {.path = path, .commit = history ? commit : NULL, .author_time = history ? when : NULL};
    size_t at = sizeof prefix - 1, n = sizeof value - 1;
    size_t other = (size_t)(strstr(line, "OTHERSECRET") - line);
    const cu_scan_span others[] = {{at, at + n}, {other, other + 11}};
    cu_scan_finding f = {.source = &s, .line = 1 + random_below(900), .column = at + 1, .start = 1000 + at, .end = 1000 + at + n,
        .end_column = at + n + 1, .type = rules[rule].type, .rule = (uint16_t)rule,
        .confidence = (uint8_t)rules[rule].confidence, .line_text = cu_str(line), .in_line = at, .in_line_end = at + n,
        .others = others, .others_n = 2, .value = cu_str(value)};
    f.end_line = f.line;
    if (strcmp(how, "accepted") == 0 && i % 3) {
        f.accepted = i % 3 == 1 ? CU_ACCEPT_BASELINE : CU_ACCEPT_INLINE;
        f.why = "invented for a test";
    }
    snprintf(f.fingerprint, sizeof f.fingerprint, "%032x", i);
    if (cu_report_finding(r, &f, b) != CU_OK)
        exit(2);
}

static void flush(cu_buf *b)
{
    if (b->err || fwrite(b->p, 1, b->n, stdout) != b->n)
        exit(2);
    cu_buf_reset(b);
}

int main(int argc, char **argv)
{
    const char *how = argc > 3 ? argv[3] : "";
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10;
    cu_rules all = {rules, RULES};
    cu_report *r = NULL;
    cu_report_options o = {.format = argc > 1 ? cu_report_format_by_name(argv[1]) : CU_REPORT_COUNT, .rules = &all,
                           .accepted = strcmp(how, "accepted") == 0};
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    if (cu_report_new(&o, &r) != CU_OK || cu_report_begin(r, &b) != CU_OK)
        return 2;
    for (unsigned i = 0; i < n; i++) {
        emit(r, &b, i, how);
        if (b.n > 65536)
            flush(&b);
    }
    cu_scan_summary s = {.files = 1234, .bytes = n ? 45678901 : 0, .findings = n, .binary = 3, .ignored = 12, .accepted = 2};
    if (cu_report_end(r, &s, &b) != CU_OK)
        return 2;
    flush(&b);
    cu_report_free(r);
    return 0;
}
