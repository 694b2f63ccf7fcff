/* `custos scan`: finds personal data and secrets in files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "catalog/rules.h"
#include "detect/detect.h"
#include "verb.h"
#include "verbs.h"
#include "walk.h"

#define CHUNK ((size_t)8 << 20)      /* bytes read at a time */
#define AHEAD ((size_t)128 << 10)    /* a finding that begins before this end lies whole in a chunk */
#define BEHIND ((size_t)72 << 10)    /* what a finding may need before it: a key's BEGIN line */

#define NAME_MAX_SHOWN ((size_t)512 << 10) /* bytes of an escaped path: 200 folders of 255 */

/* A place in the chunk whose line is known. */
typedef struct {
    size_t at;
    uint64_t line, line_start; /* 1-based; offset in the file */
} cursor;

typedef struct {
    const cu_run *run;
    cu_engine *engine;
    cu_scratch *scratch;
    cu_findings found;
    uint8_t *text;
    uint8_t key[32];            /* of the fingerprints: of this run only */
    bool only[CU_TYPE_COUNT];
    unsigned min_confidence;
    uint64_t files, bytes, findings, binary, ignored, unreadable;
    const char *path;
    uint64_t base, reported; /* offsets in the file: of the chunk, and up to where it is done */
    cursor start;            /* of the chunk */
    cu_buf out;
    bool output_lost; /* standard output took not all of the report */
} scan;

static void flush(scan *s)
{
    if (s->out.n && fwrite(s->out.p, 1, s->out.n, stdout) != s->out.n)
        s->output_lost = true;
    cu_buf_reset(&s->out);
}

static void json_finding(scan *s, const cu_finding *f, const uint64_t at[6], const char *print)
{
    cu_buf *b = &s->out;
    if (s->findings && s->run->json)
        cu_buf_byte(b, ',');
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "path", s->path);
    static const char *const names[] = {"line", "column", "end_line", "end_column", "start", "end"};
    for (int i = 0; i < 6; i++)
        cu_buf_json_kv_u64(b, names[i], at[i]);
    cu_buf_json_kv_str(b, "type", cu_type_name((cu_type)f->type));
    cu_buf_json_kv_str(b, "rule", cu_engine_rule_id(s->engine, f->rule));
    cu_buf_json_key(b, "confidence");
    cu_buf_fmt(b, "%u.%02u", f->confidence / 100, f->confidence % 100);
    cu_buf_json_kv_str(b, "fingerprint", print);
    cu_buf_str(b, s->run->json ? "}" : "}\n");
}

/* Escapes control characters, so that a file name cannot write to the terminal. */
static void text_finding(scan *s, const cu_finding *f, const uint64_t at[6])
{
    cu_buf name CU_CLEAN_BUF = CU_BUF(NAME_MAX_SHOWN);
    cu_buf_json_escape(&name, cu_str(s->path));
    cu_buf_fmt(&s->out, "%s:%llu:%llu: %s (%s), %llu bytes, confidence %u %%\n",
               cu_buf_cstr(&name), (unsigned long long)at[0], (unsigned long long)at[1],
               cu_type_text((cu_type)f->type), cu_engine_rule_id(s->engine, f->rule),
               (unsigned long long)(at[5] - at[4]), f->confidence);
}

static void advance(const scan *s, cursor *c, size_t to)
{
    while (c->at < to) {
        const uint8_t *nl = memchr(s->text + c->at, '\n', to - c->at);
        if (!nl)
            break;
        c->at = (size_t)(nl - s->text) + 1;
        c->line++;
        c->line_start = s->base + c->at;
    }
    c->at = to;
}

static void report(scan *s, const cu_finding *f, cursor *c)
{
    if (!s->only[f->type] || f->confidence < s->min_confidence || f->flags & CU_FINDING_REMAINDER)
        return;
    cu_sha256 mac;
    char print[33];
    uint64_t at[6];
    advance(s, c, f->start);
    at[0] = c->line, at[1] = s->base + f->start - c->line_start + 1, at[4] = s->base + f->start;
    advance(s, c, f->end);
    at[2] = c->line, at[3] = s->base + f->end - c->line_start + 1, at[5] = s->base + f->end;
    cu_hmac_sha256_3(cu_bytes_of(s->key, 32), cu_str(cu_engine_rule_id(s->engine, f->rule)),
                     cu_str(s->path), cu_bytes_of(s->text + f->start, f->end - f->start), &mac);
    cu_hex(print, mac.b, 16);
    if (strcmp(s->run->format, "text") == 0)
        text_finding(s, f, at);
    else
        json_finding(s, f, at, print);
    s->findings++;
    if (s->out.n > 65536)
        flush(s);
}

/* Reports what begins before `limit`; the rest comes again with the next chunk. */
static cu_err scan_chunk(scan *s, size_t n, size_t limit)
{
    cursor c = s->start;
    CU_TRY(cu_detect(s->engine, s->scratch, cu_bytes_of(s->text, n), &s->found));
    for (size_t i = 0; i < s->found.n && s->found.v[i].start < limit; i++)
        if (s->base + s->found.v[i].start >= s->reported) {
            report(s, &s->found.v[i], &c);
            s->reported = s->base + s->found.v[i].end;
        }
    return CU_OK;
}

static ssize_t fill(int fd, uint8_t *to, size_t want)
{
    size_t have = 0;
    while (have < want) {
        ssize_t n = read(fd, to + have, want - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static cu_err scan_stream(scan *s, int fd)
{
    size_t have = 0;
    s->base = s->reported = 0;
    s->start = (cursor){0, 1, 0};
    for (bool first = true;; first = false) {
        ssize_t n = fill(fd, s->text + have, CHUNK - have);
        if (n < 0)
            return cu_errno_err(errno);
        if (first && memchr(s->text, 0, (size_t)n < 8192 ? (size_t)n : 8192)) {
            s->binary++;
            return CU_OK;
        }
        s->bytes += (uint64_t)n;
        have += (size_t)n;
        bool last = have < CHUNK;
        CU_TRY(scan_chunk(s, have, last ? have : have - AHEAD));
        if (last)
            break;
        size_t next = have - AHEAD - BEHIND;
        advance(s, &s->start, next);
        s->start.at = 0;
        memmove(s->text, s->text + next, have - next);
        s->base += next;
        have -= next;
    }
    s->files++;
    return CU_OK;
}

static cu_err scan_file(void *arg, int fd, const char *path)
{
    scan *s = arg;
    s->path = path;
    if (fd < 0) {
        s->unreadable++;
        fprintf(stderr, "custos scan: %s: cannot be read: %s\n", path, strerror(errno));
        return CU_OK;
    }
    cu_err e = scan_stream(s, fd);
    if (e == CU_IO || e == CU_DENIED) {
        s->unreadable++;
        fprintf(stderr, "custos scan: %s: %s\n", path, cu_err_text(e));
        return CU_OK;
    }
    return e;
}

static int read_options(scan *s)
{
    const char *only = cu_run_option(s->run, "only"), *min = cu_run_option(s->run, "min-confidence");
    for (unsigned t = 0; t < CU_TYPE_COUNT; t++)
        s->only[t] = !only;
    for (const char *p = only; p && *p;) {
        const char *comma = strchr(p, ',');
        cu_bytes name = cu_bytes_of(p, comma ? (size_t)(comma - p) : strlen(p));
        cu_type t = cu_type_by_name(name);
        if (t == CU_TYPE_COUNT)
            return cu_run_fail(s->run, CU_CONFIG, "--only: \"%.*s\" is not a type", CU_FMT(name));
        s->only[t] = true;
        p += name.n + (comma != NULL);
    }
    char *end = NULL;
    s->min_confidence = min ? (unsigned)strtoul(min, &end, 10) : CU_DETECT_DEFAULT_MIN;
    if (min && (*end || end == min || s->min_confidence > 100))
        return cu_run_fail(s->run, CU_CONFIG, "--min-confidence is a percentage, 0 to 100");
    return CU_EXIT_FINE;
}

static cu_err prepare(scan *s, cu_fault *f)
{
    const char *extra = cu_run_option(s->run, "rules"), *catalog = cu_catalog_dir();
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the folder catalog/ was not found beside the program; set "
                                        "CUSTOS_CATALOG");
    CU_TRY(cu_engine_open(catalog, extra, cu_engine_cache_dir(), &s->engine, f));
    CU_TRY(cu_scratch_new(s->engine, &s->scratch));
    const cu_rules *rules = cu_engine_rules(s->engine);
    bool *wanted = calloc(rules->n, sizeof *wanted);
    if (!wanted)
        return CU_NOMEM;
    for (size_t i = 0; i < rules->n; i++)
        wanted[i] = s->only[rules->v[i].type];
    cu_scratch_only(s->scratch, wanted);
    free(wanted);
    s->text = malloc(CHUNK);
    cu_random(s->key, sizeof s->key);
    return s->text ? CU_OK : CU_NOMEM;
}

static void summary(scan *s)
{
    if (s->run->json) {
        cu_buf_str(&s->out, "],\"summary\":{");
        cu_buf_json_kv_u64(&s->out, "files", s->files);
        cu_buf_json_kv_u64(&s->out, "bytes", s->bytes);
        cu_buf_json_kv_u64(&s->out, "findings", s->findings);
        cu_buf_json_kv_u64(&s->out, "binary", s->binary);
        cu_buf_json_kv_u64(&s->out, "ignored", s->ignored);
        cu_buf_json_kv_u64(&s->out, "unreadable", s->unreadable);
        cu_buf_str(&s->out, "}}\n");
    } else if (strcmp(s->run->format, "text") == 0) {
        cu_buf_fmt(&s->out, "%llu findings in %llu files, %llu bytes (not scanned: %llu binary, %llu "
                            "ignored by .gitignore, %llu unreadable)\n",
                   (unsigned long long)s->findings, (unsigned long long)s->files,
                   (unsigned long long)s->bytes, (unsigned long long)s->binary,
                   (unsigned long long)s->ignored, (unsigned long long)s->unreadable);
    }
    flush(s);
}

static int outcome(scan *s, cu_err e, const cu_fault *f)
{
    if (e != CU_OK)
        return cu_run_fault(s->run, e, f);
    summary(s);
    if (fflush(stdout) != 0 || s->output_lost)
        return cu_run_fail(s->run, CU_IO, "the report could not be written to standard output");
    if (s->bytes == 0)
        return cu_run_fail(s->run, CU_NOT_FOUND, "nothing was scanned: no readable text in what was "
                                                 "named");
    if (s->unreadable)
        return CU_EXIT_FAILED;
    return s->findings ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static int run_scan(const cu_run *r)
{
    scan s = {.run = r, .out = CU_BUF((size_t)1 << 20)};
    cu_fault f = {0};
    if (r->args_n == 0)
        return cu_run_fail(r, CU_CONFIG, "name a file or folder, or - for standard input");
    int rc = read_options(&s);
    if (rc)
        return rc;
    cu_err e = prepare(&s, &f);
    if (e == CU_OK && r->json)
        cu_buf_str(&s.out, "{\"findings\":[");
    for (int i = 0; i < r->args_n && e == CU_OK; i++) {
        if (strcmp(r->args[i], "-") == 0)
            e = scan_file(&s, STDIN_FILENO, "-");
        else
            e = cu_walk(r->args[i], scan_file, &s, &s.ignored, &f);
    }
    rc = outcome(&s, e, &f);
    cu_buf_free(&s.out);
    cu_findings_free(&s.found);
    cu_scratch_free(s.scratch);
    cu_engine_free(s.engine);
    if (s.text)
        explicit_bzero(s.text, CHUNK);
    free(s.text);
    return rc;
}

const cu_verb cu_verb_scan = {
    .name = "scan", .group = "find", .operands = "PATH...", .run = run_scan,
    .summary = "Finds personal data and secrets in files and folders.",
    .details = "Honours .gitignore inside a git repository, skips binary files and counts them, and "
               "follows no symbolic link. A value is never printed. Exit status: 0 nothing found, 1 "
               "found, 2 something could not be scanned, or nothing was.",
    .formats = "text|json|jsonl",
    .options = {{"only", "TYPES", "Report only these types, separated by commas."},
                {"min-confidence", "N", "Report only findings of at least N percent."},
                {"rules", "DIR", "Rules of your own besides the shipped ones, in the folders secrets/ and pii/."}},
};
