/* Populations, samples and bundles for auditors: state_dir/evidence/{populations,samples,exports}. What is
 * kept there can be made again from the log, which holds an entry about each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "limited.h"
#include "audit/export.h"
#include "audit/population.h"
#include "base/file.h"

#define SEAL_MS 5000u   /* how long an export waits for what was written before it */
#define LISTED_MAX 1000

static unsigned failed(call *c, cu_err e, const cu_fault *f, const char *what)
{
    unsigned status = e == CU_NOT_FOUND ? 404 : e == CU_SYNTAX || e == CU_TOO_BIG ? 400 : e == CU_NOSPC ? 507 : 500;
    return problem(c, status, what, "%s", f->code ? f->text : cu_err_text(e));
}

static const char *text_of(const json_t *in, const char *key)
{
    const char *s = json_string_value(json_object_get(in, key));
    return s ? s : "";
}

static bool is_id(const char *s)
{
    return strlen(s) == CU_ID_LEN - 1 && strspn(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == CU_ID_LEN - 1;
}

static void folder(const app *a, const char *kind, char out[4300])
{
    snprintf(out, 4300, "%s/evidence/%s", a->config->state_dir, kind);
}

static cu_err path_of(const app *a, const char *kind, const char *id, const char *end, char out[4400])
{
    char dir[4300];
    folder(a, kind, dir);
    snprintf(out, 4400, "%s/%s%s", dir, id, end);
    return cu_mkdirs(dir, 0700);
}

/* --- which logs --- */

typedef struct {
    char names[CU_LISTING_LOGS][CU_LISTING_NAME];
    const char *v[CU_LISTING_LOGS];
    size_t n;
} log_names;

static int by_name(const void *x, const void *y)
{
    return strcmp(x, y);
}

static bool is_sealed(const app *a, const char *name)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s/checkpoint", a->config->log_dir, name);
    return access(path, R_OK) == 0;
}

/* One tenant's, the organisation's ("org"), or all; only logs that something was sealed in. */
static cu_err logs_for(const app *a, const char *tenant, log_names *out)
{
    out->n = 0;
    bool all = tenant[0] == 0;
    for (size_t i = 0; i <= a->config->tenants_n; i++) {
        const char *name = i ? a->config->tenants[i - 1].name : "org";
        char full[CU_LISTING_NAME];
        snprintf(full, sizeof full, i ? "t/%.69s" : "%.71s", name);
        if ((!all && strcmp(tenant, name) != 0) || !is_sealed(a, full))
            continue;
        if (out->n == CU_LISTING_LOGS)
            return CU_TOO_BIG;
        memcpy(out->names[out->n++], full, sizeof full);
    }
    qsort(out->names, out->n, sizeof out->names[0], by_name);
    for (size_t i = 0; i < out->n; i++)
        out->v[i] = out->names[i];
    return out->n ? CU_OK : CU_NOT_FOUND;
}

/* Period and tenant of a question; 0 when they are fine. */
static unsigned read_scope(call *c, const json_t *in, char from[CU_TIME_LEN], char to[CU_TIME_LEN], log_names *logs)
{
    const char *tenant = text_of(in, "tenant");
    if (cu_listing_time(cu_str(text_of(in, "from")), from) != CU_OK || cu_listing_time(cu_str(text_of(in, "to")), to) != CU_OK || strcmp(from, to) >= 0)
        return problem(c, 400, "Malformed", "from and to must be dates or times like 2026-10-01 or 2026-10-01T00:00:00Z, from before to.");
    if (tenant[0] && strcmp(tenant, CU_TENANT_ORG) != 0 && !knows_tenant(c->a, tenant))
        return unknown_tenant(c, tenant);
    if (!limit_listing(c, tenant, from, to) || !limit_control(c, text_of(in, "control")))
        return problem(c, 403, "Not within your limits", "Your account sees %s%s%s%s%s.", c->who.tenants[0] ? c->who.tenants : "all tenants", c->who.from[0] ? " from " : "",
                       c->who.from, c->who.to[0] ? " to " : "", c->who.to);
    cu_err e = logs_for(c->a, tenant, logs);
    if (e == CU_TOO_BIG)
        return problem(c, 400, "Too many logs", "There are more than %u logs; ask tenant by tenant.", CU_LISTING_LOGS);
    return e == CU_OK ? 0 : problem(c, 404, "Nothing is sealed yet", "There is no entry in the logs asked for.");
}

/* What is written now stands in the log after the next round. */
static void wait_sealed(app *a)
{
    uint64_t now = cu_now_ns();
    a->awaited = true;
    for (unsigned ms = 0; a->sealed_ns < now + 1000000 && ms < SEAL_MS; ms += 20)
        usleep(20000);
    now = a->sealed_ns; /* one more: that round may have begun before */
    a->awaited = true;
    for (unsigned ms = 0; a->sealed_ns == now && ms < SEAL_MS; ms += 20)
        usleep(20000);
}

/* Files first, then the entry: what the log speaks of is there. */
static cu_err keep(app *a, const char *actor, const char *kind, const char *id, const char *type, const char *tenant, const cu_buf *body)
{
    char path[4400];
    CU_TRY(path_of(a, kind, id, ".json", path));
    CU_TRY(cu_file_replace(AT_FDCWD, path, cu_buf_view(body), 0600));
    pthread_mutex_lock(&a->lock);
    cu_err e = record_under(a, type, tenant[0] ? tenant : CU_TENANT_ORG, actor, cu_buf_view(body), id);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        unlink(path);
    return e;
}

static cu_err load(const app *a, const char *kind, const char *id, cu_buf *out)
{
    char path[4400];
    if (!is_id(id))
        return CU_NOT_FOUND;
    CU_TRY(path_of(a, kind, id, ".json", path));
    return cu_file_read(AT_FDCWD, path, out);
}

/* {"id":…,"document":{…}} */
static void put_document(cu_buf *out, const char *id, const cu_buf *body)
{
    cu_buf_fmt(out, "{\"id\":\"%s\",\"document\":", id);
    cu_buf_add(out, cu_buf_view(body));
    cu_buf_byte(out, '}');
}

/* Whether the caller may see a document: its tenant, its time and its control; of a sample, those of its population. */
static bool within(call *c, const cu_buf *body)
{
    cu_buf whole CU_CLEAN_BUF = CU_BUF(65536);
    if (!limited(c))
        return true;
    json_t *o = json_loadb((const char *)body->p, body->n, 0, NULL);
    const char *population = text_of(o, "population"), *control = text_of(o, "control");
    bool ok = population[0] ? load(c->a, "populations", population, &whole) == CU_OK && within(c, &whole)
                            : limit_listing(c, text_of(o, "tenant"), text_of(o, "from"), text_of(o, "to")) && (!control[0] || limit_control(c, control));
    json_decref(o);
    return ok;
}

/* The same as load, of what the caller may see. */
static cu_err load_seen(call *c, const char *kind, const char *id, cu_buf *out)
{
    CU_TRY(load(c->a, kind, id, out));
    return within(c, out) ? CU_OK : CU_NOT_FOUND;
}

static int newest_first(const void *x, const void *y)
{
    return strcmp(*(char *const *)y, *(char *const *)x);
}

static unsigned list(call *c, const char *kind)
{
    char dir[4300];
    char *ids[LISTED_MAX];
    size_t n = 0;
    folder(c->a, kind, dir);
    DIR *d = opendir(dir);
    for (struct dirent *e; d && n < LISTED_MAX && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len == CU_ID_LEN - 1 + 5 && strcmp(e->d_name + len - 5, ".json") == 0 && (ids[n] = strndup(e->d_name, CU_ID_LEN - 1)))
            n++;
    }
    if (d)
        closedir(d);
    qsort(ids, n, sizeof *ids, newest_first);
    cu_buf_str(c->out, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        cu_buf body CU_CLEAN_BUF = CU_BUF(65536);
        if (load_seen(c, kind, ids[i], &body) == CU_OK) {
            cu_buf_str(c->out, c->out->p[c->out->n - 1] == '[' ? "" : ",");
            put_document(c->out, ids[i], &body);
        }
        free(ids[i]);
    }
    cu_buf_str(c->out, "]}");
    return 200;
}

static unsigned send_file(call *c, const char *kind, const char *id, const char *end, const char *type)
{
    char path[4400];
    cu_buf body CU_CLEAN_BUF = CU_BUF(65536);
    if (!is_id(id) || load_seen(c, kind, id, &body) != CU_OK || path_of(c->a, kind, id, end, path) != CU_OK || (c->file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return problem(c, 404, "Not found", "There is no file of this id; what the log holds can be made again.");
    c->type = type;
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"%.8s-%s%s\"", kind, id, end);
    return 200;
}

/* --- populations --- */

static cu_err freeze_into(app *a, const char *actor, cu_population *p, const char *id, cu_buf *body, cu_fault *f)
{
    char path[4400];
    CU_TRY(path_of(a, "populations", id, ".jsonl", path));
    int fd CU_CLEAN_FD = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    cu_err e = cu_population_run(a->config->log_dir, p, fd, f);
    if (e == CU_OK && fsync(fd) != 0)
        e = cu_errno_err(errno);
    if (e == CU_OK)
        e = cu_population_encode(p, body);
    if (e == CU_OK)
        e = keep(a, actor, "populations", id, "population.frozen", p->tenant.n ? (const char *)p->tenant.p : "", body);
    if (e != CU_OK)
        unlink(path);
    return e;
}

static unsigned freeze(call *c, const json_t *in)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN], id[CU_ID_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_fault f = {0};
    log_names logs;
    cu_population *p = calloc(1, sizeof *p);
    unsigned status = p ? read_scope(c, in, from, to, &logs) : problem(c, 503, "Out of memory", "The listing was not made.");
    if (status == 0 && cu_control_listing(c->a->listings, text_of(in, "control"), p) != CU_OK)
        status = problem(c, 404, "Unknown control", "No control of this id has entries to list; catalog/controls.yaml names them.");
    if (status == 0) {
        cu_id_new(id);
        wait_sealed(c->a);
        p->from = cu_str(from);
        p->to = cu_str(to);
        p->tenant = cu_str(text_of(in, "tenant"));
        for (size_t i = 0; i < logs.n; i++)
            p->logs[p->logs_n++].name = cu_str(logs.v[i]);
        cu_err e = freeze_into(c->a, c->actor, p, id, &body, &f);
        if (e != CU_OK)
            status = failed(c, e, &f, "The listing could not be made");
    }
    free(p);
    if (status)
        return status;
    put_document(c->out, id, &body);
    return 201;
}

/* The same question again, over the log as it was then. */
unsigned check_population(call *c)
{
    const char *id = c->args[0];
    cu_buf body CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    cu_err e = load_seen(c, "populations", id, &body);
    cu_population *p = malloc(2 * sizeof *p);
    if (e == CU_OK)
        e = p ? cu_population_parse(cu_buf_view(&body), &p[0]) : CU_NOMEM;
    if (e == CU_OK) {
        p[1] = p[0];
        e = cu_population_run(c->a->config->log_dir, &p[1], -1, &f);
    }
    bool same = e == CU_OK && p[0].count == p[1].count && memcmp(&p[0].digest, &p[1].digest, sizeof p->digest) == 0;
    free(p);
    if (e != CU_OK)
        return failed(c, e, &f, "The question could not be asked again");
    cu_buf_fmt(c->out, "{\"id\":\"%s\",\"same\":%s}", id, same ? "true" : "false");
    return 200;
}

static unsigned one(call *c, const char *kind, const char *id)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(65536);
    if (load_seen(c, kind, id, &body) != CU_OK)
        return problem(c, 404, "Not found", "There is none of this id in %s.", kind);
    put_document(c->out, id, &body);
    return 200;
}

static unsigned with_body(call *c, unsigned (*make)(call *c, const json_t *in))
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    unsigned status = json_is_object(in) ? make(c, in) : problem(c, 400, "Malformed", "A JSON object is expected.");
    json_decref(in);
    return status;
}

unsigned answer_populations(call *c)
{
    return list(c, "populations");
}

unsigned freeze_population(call *c)
{
    return with_body(c, freeze);
}

unsigned answer_population(call *c)
{
    return one(c, "populations", c->args[0]);
}

unsigned answer_listing(call *c)
{
    return send_file(c, "populations", c->args[0], ".jsonl", "application/jsonl");
}

/* --- samples --- */

/* "auto", or a number. */
static cu_err size_of(const app *a, const json_t *in, const cu_population *p, uint64_t *n, char why[CU_SAMPLE_WHY], cu_fault *f)
{
    const json_t *size = json_object_get(in, "size");
    if (json_is_string(size) && strcmp(json_string_value(size), "auto") == 0)
        return cu_control_sample_size(a->listings, p->control, p->count, n, why);
    if (!json_is_integer(size) || json_integer_value(size) < 1 || json_integer_value(size) > CU_SAMPLE_MAX)
        return cu_fail(f, CU_SYNTAX, "size must be auto or 1 to %u", CU_SAMPLE_MAX);
    *n = (uint64_t)json_integer_value(size);
    snprintf(why, CU_SAMPLE_WHY, "asked for %llu%s", (unsigned long long)*n, *n >= p->count ? "; there are no more than that, so all are taken" : "");
    return CU_OK;
}

static cu_err draw_into(call *c, const json_t *in, cu_sample *s, const char *id, cu_buf *body, cu_fault *f)
{
    char why[CU_SAMPLE_WHY];
    const char *population = text_of(in, "population");
    uint64_t n = 0;
    cu_buf document CU_CLEAN_BUF = CU_BUF(65536);
    cu_population *p = malloc(sizeof *p);
    cu_err e = p ? load_seen(c, "populations", population, &document) : CU_NOMEM;
    if (e == CU_NOT_FOUND)
        (void)cu_fail(f, e, "there is no population of this id");
    if (e == CU_OK)
        e = cu_population_parse(cu_buf_view(&document), p);
    if (e == CU_OK)
        e = size_of(c->a, in, p, &n, why, f);
    if (e == CU_OK) {
        *s = (cu_sample){.population = cu_str(population), .digest = p->digest, .count = p->count, .seed = cu_str(text_of(in, "seed")), .why = cu_str(why)};
        e = cu_sample_draw(s, n);
    }
    if (e == CU_OK && (e = cu_sample_encode(s, body)) != CU_OK)
        (void)cu_fail(f, e, "the seed must be 1 to %u visible characters without quotes", CU_SAMPLE_SEED);
    char tenant[72] = "";
    if (e == CU_OK)
        snprintf(tenant, sizeof tenant, "%.*s", CU_FMT(p->tenant));
    free(p);
    return e == CU_OK ? keep(c->a, c->actor, "samples", id, "sample.drawn", tenant, body) : e;
}

static unsigned draw(call *c, const json_t *in)
{
    char id[CU_ID_LEN];
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sample *s = malloc(sizeof *s);
    cu_id_new(id);
    cu_err e = s ? draw_into(c, in, s, id, &body, &f) : CU_NOMEM;
    free(s);
    if (e != CU_OK)
        return failed(c, e, &f, "The sample could not be drawn");
    put_document(c->out, id, &body);
    return 201;
}

static cu_err put_item(void *arg, uint64_t row, cu_bytes line)
{
    call *c = arg;
    char dir[4400];
    cu_bytes log;
    cu_log *l;
    uint64_t index;
    cu_fault f = {0};
    cu_buf entry CU_CLEAN_BUF = CU_BUF(65536), proof CU_CLEAN_BUF = CU_BUF(65536);
    CU_TRY(cu_listing_row_parse(line, &log, &index));
    snprintf(dir, sizeof dir, "%s/%.*s", c->a->config->log_dir, CU_FMT(log));
    CU_TRY(cu_log_open(dir, &l, &f));
    cu_err e = cu_log_entry(l, index, &entry, &f);
    if (e == CU_OK)
        e = cu_log_proof(l, index, &proof, &f);
    cu_log_close(l);
    if (e != CU_OK)
        return e;
    cu_buf_fmt(c->out, "%s{\"row\":%llu,\"log\":\"%.*s\",\"index\":%llu", c->out->p[c->out->n - 1] == '[' ? "" : ",", (unsigned long long)row, CU_FMT(log),
               (unsigned long long)index);
    cu_buf_json_kv(c->out, "entry", cu_buf_view(&entry));
    cu_buf_json_kv(c->out, "proof", cu_buf_view(&proof));
    cu_buf_byte(c->out, '}');
    return cu_buf_err(c->out);
}

/* Each drawn entry with its proof in the newest checkpoint. */
unsigned answer_sample_items(call *c)
{
    const char *id = c->args[0];
    char path[4400], population[CU_ID_LEN];
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(65536);
    cu_sample *s = malloc(sizeof *s);
    cu_err e = s ? load_seen(c, "samples", id, &body) : CU_NOMEM;
    if (e == CU_OK)
        e = cu_sample_parse(cu_buf_view(&body), s);
    if (e == CU_OK) {
        snprintf(population, sizeof population, "%.*s", s->population.n < sizeof population ? (int)s->population.n : 0, (const char *)s->population.p);
        e = path_of(c->a, "populations", population, ".jsonl", path);
    }
    int fd CU_CLEAN_FD = e == CU_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    cu_buf_str(c->out, "{\"items\":[");
    if (e == CU_OK)
        e = fd >= 0 ? cu_listing_rows(fd, s->rows, s->rows_n, put_item, c, &f) : CU_NOT_FOUND;
    cu_buf_str(c->out, "]}");
    free(s);
    return e == CU_OK ? 200 : failed(c, e, &f, "The items could not be read");
}

unsigned answer_samples(call *c)
{
    return list(c, "samples");
}

unsigned draw_sample(call *c)
{
    return with_body(c, draw);
}

unsigned answer_sample(call *c)
{
    return one(c, "samples", c->args[0]);
}

/* --- bundles --- */

static cu_err write_bundle(app *a, const char *actor, const cu_export_with *with, const char *id, cu_export_result *r, cu_buf *body, cu_fault *f)
{
    char path[4400], hex[65];
    CU_TRY(path_of(a, "exports", id, ".tar.zst", path));
    int fd CU_CLEAN_FD = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    cu_err e = cu_export_write(with, fd, r, f);
    if (e == CU_OK && fsync(fd) != 0)
        e = cu_errno_err(errno);
    if (e == CU_OK) {
        cu_hex(hex, r->manifest.b, sizeof r->manifest.b);
        cu_buf_fmt(body, "{\"bytes\":%llu,\"entries\":%llu,\"from\":\"%s\",\"manifest\":\"%s\",\"tenant\":\"%s\",\"to\":\"%s\"}", (unsigned long long)r->bytes,
                   (unsigned long long)r->entries, with->from, hex, with->tenant, with->to);
        e = keep(a, actor, "exports", id, "export.made", with->tenant, body);
    }
    if (e != CU_OK)
        unlink(path);
    return e;
}

static unsigned make_export(call *c, const json_t *in)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN], id[CU_ID_LEN], dir[4300];
    cu_fault f = {0};
    log_names logs;
    cu_export_result r;
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    unsigned status = read_scope(c, in, from, to, &logs);
    if (status)
        return status;
    cu_id_new(id);
    snprintf(dir, sizeof dir, "%.4200s/evidence", c->a->config->state_dir);
    const cu_export_with with = {.log_dir = c->a->config->log_dir, .evidence_dir = dir, .tenant = text_of(in, "tenant"), .logs = logs.v, .logs_n = logs.n,
                                 .from = from, .to = to, .extras = {c->a->config->attest.policy, c->a->config->attest.tsa_ca}, .keep_free = 2 * cu_spool_reserve(c->a->spool_fd), .wait_ms = SEAL_MS};
    wait_sealed(c->a);
    cu_err e = write_bundle(c->a, c->actor, &with, id, &r, &body, &f);
    if (e != CU_OK)
        return failed(c, e, &f, "The bundle could not be made");
    put_document(c->out, id, &body);
    return 201;
}

unsigned answer_exports(call *c)
{
    return list(c, "exports");
}

unsigned make_bundle(call *c)
{
    return with_body(c, make_export);
}

unsigned answer_export(call *c)
{
    return one(c, "exports", c->args[0]);
}

unsigned answer_bundle_file(call *c)
{
    return send_file(c, "exports", c->args[0], ".tar.zst", "application/zstd");
}
