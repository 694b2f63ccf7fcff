/* One form, written and read here: sorted keys, no white space, no escapes. A second way to write the
 * same would be a second thing to check. */
#include "store/recorded_scan.h"
#include <stdio.h>
#include "base/digest.h"

#define NUMBER_MAX ((uint64_t)1 << 53)
#define PRINT 8u

static const char *const severities[CU_RECORDED_SEVERITIES] = {"info", "low", "medium", "high", "critical"};
static const unsigned by_name[CU_RECORDED_SEVERITIES] = {4, 3, 0, 1, 2}; /* sorted: critical, high, info, … */

static bool plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool cu_recorded_name(cu_bytes n)
{
    bool begins = true;
    for (size_t i = 0; i < n.n; i++) {
        if (n.p[i] == '/' ? begins : !plain(n.p[i]) || (begins && n.p[i] == '.'))
            return false;
        begins = n.p[i] == '/';
    }
    return n.n > 0 && n.n <= CU_RECORDED_NAME && !begins;
}

static bool is_mode(cu_bytes m)
{
    return cu_eq_str(m, "tree") || cu_eq_str(m, "staged") || cu_eq_str(m, "diff") || cu_eq_str(m, "history");
}

static bool is_hex(cu_bytes h, size_t n)
{
    for (size_t i = 0; i < h.n; i++)
        if (!((h.p[i] >= '0' && h.p[i] <= '9') || (h.p[i] >= 'a' && h.p[i] <= 'f')))
            return false;
    return h.n == n;
}

static bool is_type(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!((t.p[i] >= 'A' && t.p[i] <= 'Z') || (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '_'))
            return false;
    return t.n > 0 && t.n <= 40;
}

/* --- writing --- */

static void put_prints(const cu_recorded_scan *s, cu_buf *out)
{
    cu_buf raw CU_CLEAN_BUF = CU_BUF(CU_RECORDED_PRINTS * PRINT);
    for (size_t i = 0; i < s->prints_n; i++)
        for (unsigned k = 0; k < PRINT; k++)
            cu_buf_byte(&raw, (uint8_t)(s->prints[i] >> (56 - 8 * k)));
    cu_buf_json_key(out, "prints");
    cu_buf_byte(out, '"');
    cu_base64(out, cu_buf_view(&raw));
    cu_buf_byte(out, '"');
}

static void put_counts(const cu_recorded_scan *s, cu_buf *out)
{
    cu_buf_json_key(out, "severity");
    cu_buf_byte(out, '{');
    for (size_t i = 0; i < CU_RECORDED_SEVERITIES; i++)
        cu_buf_json_kv_u64(out, severities[by_name[i]], s->severity[by_name[i]]);
    cu_buf_byte(out, '}');
    cu_buf_json_key(out, "types");
    cu_buf_byte(out, '{');
    for (size_t i = 0; i < s->types_n; i++)
        cu_buf_fmt(out, "%s\"%.*s\":%llu", i ? "," : "", CU_FMT(s->types[i].name), (unsigned long long)s->types[i].n);
    cu_buf_str(out, "}}");
}

cu_err cu_recorded_scan_encode(const cu_recorded_scan *s, cu_buf *out)
{
    cu_buf_byte(out, '{');
    cu_buf_json_kv_u64(out, "accepted", s->accepted);
    cu_buf_json_kv_u64(out, "below", s->below);
    cu_buf_json_kv_u64(out, "bytes", s->bytes);
    cu_buf_json_kv(out, "commit", s->commit);
    cu_buf_json_kv_u64(out, "distinct", s->distinct);
    cu_buf_json_kv_u64(out, "files", s->files);
    cu_buf_json_kv_u64(out, "findings", s->findings);
    cu_buf_json_kv(out, "mode", s->mode);
    cu_buf_json_key(out, "not_scanned");
    cu_buf_byte(out, '{');
    cu_buf_json_kv_u64(out, "binary", s->binary);
    cu_buf_json_kv_u64(out, "ignored", s->ignored);
    cu_buf_json_kv_u64(out, "unreadable", s->unreadable);
    cu_buf_byte(out, '}');
    put_prints(s, out);
    cu_buf_json_kv(out, "repository", s->repository);
    cu_buf_json_kv(out, "rules", s->rules);
    cu_buf_json_kv(out, "scope", s->scope);
    put_counts(s, out);
    return cu_buf_err(out);
}

/* --- reading --- */

typedef struct {
    cu_bytes all, rest;
    cu_fault *f;
} reader;

static cu_err refuse(const reader *r, const char *what)
{
    uint64_t at = r->all.n - r->rest.n;
    if (r->f)
        r->f->offset = at;
    return cu_fail(r->f, CU_SYNTAX, "at byte %llu of the recorded scan: %s", (unsigned long long)at, what);
}

static bool skip(reader *r, const char *text)
{
    if (!cu_starts(r->rest, cu_str(text)))
        return false;
    r->rest = cu_slice(r->rest, strlen(text), r->rest.n);
    return true;
}

static cu_err literal(reader *r, const char *text)
{
    char what[64];
    if (skip(r, text))
        return CU_OK;
    snprintf(what, sizeof what, "expected %s", text);
    return refuse(r, what);
}

/* `key` and then a string without escapes. */
static cu_err text(reader *r, const char *key, cu_bytes *out)
{
    size_t n = 0;
    CU_TRY(literal(r, key));
    CU_TRY(literal(r, "\""));
    while (n < r->rest.n && r->rest.p[n] != '"' && r->rest.p[n] != '\\' && r->rest.p[n] >= 0x20 && r->rest.p[n] < 0x7f)
        n++;
    *out = cu_slice(r->rest, 0, n);
    r->rest = cu_slice(r->rest, n, r->rest.n);
    return literal(r, "\"");
}

static cu_err number(reader *r, const char *key, uint64_t *out)
{
    size_t n = 0;
    CU_TRY(literal(r, key));
    for (*out = 0; n < r->rest.n && n < 17 && r->rest.p[n] >= '0' && r->rest.p[n] <= '9'; n++)
        *out = *out * 10 + (r->rest.p[n] - '0');
    if (n == 0 || (n > 1 && r->rest.p[0] == '0') || *out >= NUMBER_MAX)
        return refuse(r, "expected a whole number below 2^53");
    r->rest = cu_slice(r->rest, n, r->rest.n);
    return CU_OK;
}

static cu_err read_types(reader *r, cu_recorded_scan *s)
{
    CU_TRY(literal(r, ",\"types\":{"));
    for (s->types_n = 0; !skip(r, "}"); s->types_n++) {
        cu_recorded_type *t = &s->types[s->types_n];
        if (s->types_n == CU_RECORDED_TYPES)
            return refuse(r, "more types than there are");
        CU_TRY(text(r, s->types_n ? "," : "", &t->name));
        CU_TRY(number(r, ":", &t->n));
        if (!is_type(t->name) || t->n == 0 || (s->types_n && cu_cmp(t[-1].name, t->name) >= 0))
            return refuse(r, "types are words in order, each with a number above 0");
    }
    return CU_OK;
}

static cu_err read_severities(reader *r, cu_recorded_scan *s)
{
    char key[32];
    for (size_t i = 0; i < CU_RECORDED_SEVERITIES; i++) {
        snprintf(key, sizeof key, "%s\"%s\":", i ? "," : ",\"severity\":{", severities[by_name[i]]);
        CU_TRY(number(r, key, &s->severity[by_name[i]]));
    }
    return literal(r, "}");
}

static cu_err read_prints(reader *r, cu_recorded_scan *s)
{
    cu_buf raw CU_CLEAN_BUF = CU_BUF(CU_RECORDED_PRINTS * PRINT);
    cu_bytes coded;
    CU_TRY(text(r, ",\"prints\":", &coded));
    if (cu_unbase64(&raw, coded) != CU_OK || raw.n % PRINT)
        return refuse(r, "prints are base64 of at most 1,000 times 8 bytes");
    s->prints_n = raw.n / PRINT;
    for (size_t i = 0; i < s->prints_n; i++) {
        s->prints[i] = 0;
        for (unsigned k = 0; k < PRINT; k++)
            s->prints[i] = s->prints[i] << 8 | raw.p[i * PRINT + k];
        if (i && s->prints[i] <= s->prints[i - 1])
            return refuse(r, "prints are in order, each once");
    }
    return CU_OK;
}

static cu_err read_all(reader *r, cu_recorded_scan *s)
{
    CU_TRY(number(r, "{\"accepted\":", &s->accepted));
    CU_TRY(number(r, ",\"below\":", &s->below));
    CU_TRY(number(r, ",\"bytes\":", &s->bytes));
    CU_TRY(text(r, ",\"commit\":", &s->commit));
    CU_TRY(number(r, ",\"distinct\":", &s->distinct));
    CU_TRY(number(r, ",\"files\":", &s->files));
    CU_TRY(number(r, ",\"findings\":", &s->findings));
    CU_TRY(text(r, ",\"mode\":", &s->mode));
    CU_TRY(number(r, ",\"not_scanned\":{\"binary\":", &s->binary));
    CU_TRY(number(r, ",\"ignored\":", &s->ignored));
    CU_TRY(number(r, ",\"unreadable\":", &s->unreadable));
    CU_TRY(literal(r, "}"));
    CU_TRY(read_prints(r, s));
    CU_TRY(text(r, ",\"repository\":", &s->repository));
    CU_TRY(text(r, ",\"rules\":", &s->rules));
    CU_TRY(text(r, ",\"scope\":", &s->scope));
    CU_TRY(read_severities(r, s));
    CU_TRY(read_types(r, s));
    CU_TRY(literal(r, "}"));
    return r->rest.n ? refuse(r, "something stands behind the end") : CU_OK;
}

static bool sums_hold(const cu_recorded_scan *s)
{
    uint64_t severities_sum = 0, types_sum = 0; /* at most 256 numbers below 2^53 */
    for (size_t i = 0; i < CU_RECORDED_SEVERITIES; i++)
        severities_sum += s->severity[i];
    for (size_t i = 0; i < s->types_n; i++)
        types_sum += s->types[i].n;
    uint64_t kept = s->distinct < CU_RECORDED_PRINTS ? s->distinct : CU_RECORDED_PRINTS;
    return severities_sum == s->findings && types_sum == s->findings && s->distinct <= s->findings && s->prints_n == kept;
}

cu_err cu_recorded_scan_parse(cu_bytes body, cu_recorded_scan *s, cu_fault *f)
{
    reader r = {body, body, f};
    if (body.n > CU_RECORDED_MAX)
        return cu_fail(f, CU_TOO_BIG, "the recorded scan is larger than %u bytes", CU_RECORDED_MAX);
    CU_TRY(read_all(&r, s));
    if (!cu_recorded_name(s->repository))
        return refuse(&r, "the repository's name is letters, digits and . _ - in parts joined by /, at most 128 bytes");
    if (!is_mode(s->mode))
        return refuse(&r, "mode is tree, staged, diff or history");
    if (s->commit.n && !is_hex(s->commit, 40) && !is_hex(s->commit, 64))
        return refuse(&r, "commit is 40 or 64 hex digits, or empty");
    if (!is_hex(s->rules, 64) || !is_hex(s->scope, 16))
        return refuse(&r, "rules is 64 hex digits, scope 16");
    if (!sums_hold(s))
        return refuse(&r, "the numbers do not sum up");
    return CU_OK;
}

/* --- two of them --- */

/* Prints above the end of either sample say nothing. */
void cu_recorded_scan_compare(const cu_recorded_scan *before, const cu_recorded_scan *now, cu_scan_change *out)
{
    const cu_recorded_scan *both[] = {before, now};
    uint64_t top = UINT64_MAX;
    *out = (cu_scan_change){0};
    for (int i = 0; i < 2; i++)
        if (both[i]->distinct > both[i]->prints_n) {
            uint64_t last = both[i]->prints[both[i]->prints_n - 1];
            top = last < top ? last : top;
            out->estimated = true;
        }
    size_t a = 0, b = 0;
    for (;;) {
        bool more_a = a < before->prints_n && before->prints[a] <= top, more_b = b < now->prints_n && now->prints[b] <= top;
        if (!more_a && !more_b)
            break;
        if (more_a && more_b && before->prints[a] == now->prints[b]) {
            out->still++;
            a++;
            b++;
        } else if (more_a && (!more_b || before->prints[a] < now->prints[b])) {
            out->gone++;
            a++;
        } else {
            out->fresh++;
            b++;
        }
    }
    if (!out->estimated)
        return;
    double whole = 18446744073709551616.0 / ((double)top + 1);
    out->fresh = (uint64_t)((double)out->fresh * whole + 0.5);
    out->gone = (uint64_t)((double)out->gone * whole + 0.5);
    out->still = (uint64_t)((double)out->still * whole + 0.5);
}
