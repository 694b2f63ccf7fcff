#include "record.h"
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "admin.h"
#include "base/clock.h"
#include "base/digest.h"
#include "scan/repository.h"
#include "store/recorded_scan.h"

#define HELD 8192u      /* prints before they are sorted and cut */
#define SEALED_MS 10000 /* how long the sealing is waited for */

struct record {
    const cu_run *run;
    cu_arena arena;
    cu_config config;
    char run_dir[4096];
    const char *tenant;                 /* "": the organisation's log */
    cu_scan_repository place;
    uint8_t key[CU_SHA256_LEN];
    pthread_mutex_t lock;               /* for what follows: threads find at the same time */
    uint64_t by_type[CU_TYPE_COUNT], findings;
    uint64_t prints[HELD], limit;       /* prints from limit on are not kept */
    size_t prints_n;
    bool cut;                           /* something was not kept */
};

/* --- the prints --- */

static uint64_t print_of(const record *rec, cu_bytes what, cu_bytes value)
{
    static const uint8_t nul = 0;
    cu_sha256 mac;
    uint64_t print = 0;
    cu_hmac_sha256_3(cu_bytes_of(rec->key, sizeof rec->key), what, cu_bytes_of(&nul, 1), value, &mac);
    for (int i = 0; i < 8; i++)
        print = print << 8 | mac.b[i];
    return print;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorted, each once, and only the lowest. */
static void settle(record *rec)
{
    size_t n = 0;
    qsort(rec->prints, rec->prints_n, sizeof *rec->prints, by_value);
    for (size_t i = 0; i < rec->prints_n; i++)
        if (n == 0 || rec->prints[n - 1] != rec->prints[i])
            rec->prints[n++] = rec->prints[i];
    rec->prints_n = n;
    if (n <= CU_RECORDED_PRINTS)
        return;
    rec->prints_n = CU_RECORDED_PRINTS;
    rec->limit = rec->prints[CU_RECORDED_PRINTS - 1];
    rec->cut = true;
}

static void record_found(void *arg, const cu_scan_finding *f)
{
    record *rec = arg;
    /* By type, not by rule: another rule that knows the same value better makes no new finding of it. */
    uint64_t print = print_of(rec, cu_str(cu_type_name(f->type)), f->value);
    pthread_mutex_lock(&rec->lock);
    rec->by_type[f->type]++;
    rec->findings++;
    if (print < rec->limit || !rec->cut) {
        rec->prints[rec->prints_n++] = print;
        if (rec->prints_n == HELD)
            settle(rec);
    }
    pthread_mutex_unlock(&rec->lock);
}

/* --- before the scan --- */

static const char *mode_of(const cu_run *r)
{
    return cu_run_option(r, "history") ? "history" : cu_run_option(r, "staged") ? "staged" : cu_run_option(r, "diff") ? "diff" : "tree";
}

static int name_place(record *rec)
{
    const cu_run *r = rec->run;
    const char *given = cu_run_option(r, "repository");
    cu_scan_repository_of(r->args_n ? r->args[0] : ".", &rec->place);
    if (given && !cu_recorded_name(cu_str(given)))
        return cu_run_fail(r, CU_CONFIG, "--repository is letters, digits and . _ - in parts joined by /, like acme/shop; at most %u bytes",
                           CU_RECORDED_NAME);
    if (given)
        snprintf(rec->place.name, sizeof rec->place.name, "%s", given);
    if (!rec->place.name[0])
        return cu_run_fail(r, CU_CONFIG, "--record: what is scanned has no name; give one with --repository NAME");
    return CU_EXIT_FINE;
}

static int check_tenant(record *rec)
{
    const char *t = cu_run_option(rec->run, "tenant");
    rec->tenant = t ? t : "";
    for (size_t i = 0; t && i < rec->config.tenants_n; i++)
        if (strcmp(rec->config.tenants[i].name, t) == 0)
            return CU_EXIT_FINE;
    return t ? cu_run_fail(rec->run, CU_NOT_FOUND, "there is no tenant %.63s in the configuration", t) : CU_EXIT_FINE;
}

/* The daemon keeps the key it is made from; this one is good for this repository. */
static int ask_key(record *rec)
{
    char path[400];
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    long status;
    snprintf(path, sizeof path, "/api/v1/scan-key?tenant=%s&repository=%s", rec->tenant, rec->place.name);
    cu_err e = cu_admin_call(rec->run_dir, "GET", path, CU_NONE, &status, &out, &f);
    if (e != CU_OK)
        return cu_run_fault(rec->run, e, &f);
    if (status != 200)
        return cu_admin_problem(rec->run, status, &out);
    json_t *o = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *hex = json_string_value(json_object_get(o, "key"));
    bool good = hex && cu_unhex(rec->key, sizeof rec->key, cu_str(hex));
    json_decref(o);
    return good ? CU_EXIT_FINE : cu_run_fail(rec->run, CU_STATE, "the daemon gave no key; is it of this version?");
}

static void record_free(record *rec)
{
    cu_arena_free(&rec->arena);
    pthread_mutex_destroy(&rec->lock);
    cu_wipe(rec, sizeof *rec);
    free(rec);
}

static int record_begin(const cu_run *r, record **out)
{
    static const char *const with[] = {"tenant", "repository", "config"};
    *out = NULL;
    if (!cu_run_option(r, "record")) {
        for (size_t i = 0; i < sizeof with / sizeof *with; i++)
            if (cu_run_option(r, with[i]))
                return cu_run_fail(r, CU_CONFIG, "--%s belongs to --record", with[i]);
        return CU_EXIT_FINE;
    }
    record *rec = calloc(1, sizeof *rec);
    if (!rec)
        return cu_run_fail(r, CU_NOMEM, "out of memory");
    rec->run = r;
    pthread_mutex_init(&rec->lock, NULL);
    int rc = cu_open_config(r, &rec->arena, &rec->config, rec->run_dir);
    if (rc == CU_EXIT_FINE)
        rc = name_place(rec);
    if (rc == CU_EXIT_FINE)
        rc = check_tenant(rec);
    if (rc == CU_EXIT_FINE)
        rc = ask_key(rec);
    if (rc != CU_EXIT_FINE) {
        record_free(rec);
        return rc;
    }
    *out = rec;
    return CU_EXIT_FINE;
}

/* --- after it --- */

/* What was asked for, without which two results cannot be compared. Hashed: paths are nobody's business. */
static uint64_t scope_of(const record *rec, const cu_scan_options *o)
{
    static const char *const with[] = {"only", "range", "no-archives"};
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)32 << 20);
    char full[PATH_MAX];
    size_t n = strlen(rec->place.root);
    cu_buf_fmt(&b, "%s %u", mode_of(rec->run), o->min_confidence);
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        cu_buf_fmt(&b, "%c%s", 0, cu_run_option(rec->run, with[i]) ? cu_run_option(rec->run, with[i]) : "-");
    for (int i = 0; i < rec->run->args_n; i++) {
        const char *path = realpath(rec->run->args[i], full) ? full : rec->run->args[i];
        bool inside = n && strncmp(path, rec->place.root, n) == 0 && (path[n] == '/' || path[n] == 0);
        cu_buf_fmt(&b, "%c%s", 0, !inside ? path : path[n] ? path + n : "/");
    }
    if (rec->run->args_n == 0)
        cu_buf_fmt(&b, "%c/", 0);
    return print_of(rec, CU_LIT("scope"), cu_buf_view(&b));
}

static int by_name(const void *a, const void *b)
{
    return cu_cmp(((const cu_recorded_type *)a)->name, ((const cu_recorded_type *)b)->name);
}

static void count_types(const record *rec, cu_recorded_scan *s)
{
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        if (rec->by_type[t])
            s->types[s->types_n++] = (cu_recorded_type){cu_str(cu_type_name((cu_type)t)), rec->by_type[t]};
    qsort(s->types, s->types_n, sizeof *s->types, by_name);
}

/* Of more values than are kept the number follows from how close the lowest lie together. */
static uint64_t distinct(const record *rec)
{
    if (!rec->cut)
        return rec->prints_n;
    double n = (CU_RECORDED_PRINTS - 1) * (18446744073709551616.0 / (double)rec->prints[CU_RECORDED_PRINTS - 1]);
    if (n <= CU_RECORDED_PRINTS)
        return CU_RECORDED_PRINTS + 1;
    return n < (double)rec->findings ? (uint64_t)n : rec->findings;
}

static cu_err encode(record *rec, const cu_scan_summary *sum, const cu_engine *e, const cu_scan_options *o, cu_buf *out)
{
    char rules[65], scope[17];
    bool history = strcmp(mode_of(rec->run), "history") == 0;
    cu_recorded_scan *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    settle(rec);
    cu_hex(rules, cu_engine_digest(e), 32);
    snprintf(scope, sizeof scope, "%016llx", (unsigned long long)scope_of(rec, o));
    *s = (cu_recorded_scan){.repository = cu_str(rec->place.name), .mode = cu_str(mode_of(rec->run)), .commit = cu_str(rec->place.commit),
                            .rules = cu_str(rules), .scope = cu_str(scope), .files = history ? sum->blobs : sum->files, .bytes = sum->bytes,
                            .binary = sum->binary, .ignored = sum->ignored, .unreadable = sum->unreadable, .findings = sum->findings,
                            .accepted = sum->accepted, .below = sum->below, .distinct = distinct(rec), .prints_n = rec->prints_n};
    for (int i = 0; i <= CU_SEVERITY_CRITICAL; i++)
        s->severity[i] = sum->by_severity[i];
    memcpy(s->prints, rec->prints, rec->prints_n * sizeof *s->prints);
    count_types(rec, s);
    cu_err err = cu_recorded_scan_encode(s, out);
    free(s);
    return err;
}

static void say_time(const json_t *o, const char *key, char out[32])
{
    const char *t = json_string_value(json_object_get(o, key));
    if (t && strlen(t) >= 16)
        snprintf(out, 32, "%.10s %.5s UTC", t, t + 11);
    else
        snprintf(out, 32, "an unknown time");
}

static long long number(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static void say_change(const record *rec, const json_t *scan)
{
    const json_t *c = json_object_get(scan, "change");
    char since[32];
    if (cu_run_option(rec->run, "staged") || cu_run_option(rec->run, "diff"))
        return; /* an addition has no state before */
    if (!json_is_object(c)) {
        fprintf(stderr, "Nothing to compare with: no earlier scan of this kind, with these paths and options, is recorded.\n");
        return;
    }
    say_time(c, "since_at", since);
    fprintf(stderr, "Since %s: %s%lld new, %lld gone, %lld still there.%s\n", since, json_is_true(json_object_get(c, "estimated")) ? "about " : "",
            number(c, "new"), number(c, "gone"), number(c, "still"),
            json_is_true(json_object_get(c, "other_rules")) ? " The rules have changed since, which may be why." : "");
}

static void say_sealed(const record *rec, const json_t *scan)
{
    fprintf(stderr, "Recorded for %s: %lld findings of %lld different values; entry %lld of log %s.\n", rec->place.name, number(scan, "findings"),
            number(scan, "distinct"), number(scan, "index"), json_string_value(json_object_get(scan, "log")));
    say_change(rec, scan);
}

/* The change is computed where the sealed entry is taken from the log. */
static int wait_sealed(const record *rec, const char *id)
{
    char path[200];
    cu_fault f = {0};
    long status = 0;
    snprintf(path, sizeof path, "/api/v1/scans/%.60s", id);
    for (int ms = 0; ms < SEALED_MS && status != 200; ms += 100) {
        cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
        usleep(100000);
        if (cu_admin_call(rec->run_dir, "GET", path, CU_NONE, &status, &out, &f) != CU_OK || status != 200)
            continue;
        json_t *scan = json_loadb((const char *)out.p, out.n, 0, NULL);
        say_sealed(rec, scan);
        json_decref(scan);
    }
    if (status != 200)
        fprintf(stderr, "Recorded for %s, and durable; it is not sealed yet. custos status says why.\n", rec->place.name);
    return CU_EXIT_FINE;
}

static int record_send(record *rec, const cu_scan_summary *sum, const cu_engine *e, const cu_scan_options *o)
{
    char path[200];
    cu_buf body CU_CLEAN_BUF = CU_BUF((size_t)64 << 10), out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    long status;
    cu_err err = encode(rec, sum, e, o, &body);
    snprintf(path, sizeof path, "/api/v1/scans?tenant=%s", rec->tenant);
    if (err == CU_OK)
        err = cu_admin_call(rec->run_dir, "POST", path, cu_buf_view(&body), &status, &out, &f);
    if (err != CU_OK)
        return cu_run_fault(rec->run, err, &f);
    if (status != 201)
        return cu_admin_problem(rec->run, status, &out);
    json_t *answer = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *id = json_string_value(json_object_get(answer, "id"));
    int rc = id ? wait_sealed(rec, id) : cu_run_fail(rec->run, CU_STATE, "the daemon's answer has no id; is it of this version?");
    json_decref(answer);
    return rc;
}

static const cu_recorder recorder = {record_begin, record_found, record_send, record_free};
const cu_recorder *const cu_record = &recorder;
