/* Recorded scans: taken from the command line at the admin socket, listed for the console. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "limited.h"
#include "store/recorded_scan.h"

#define PAGE_MAX 1000u

/* --- taking --- */

static const char *log_of(call *c)
{
    const char *t = c->query(c->query_arg, "tenant");
    return t && t[0] ? t : CU_TENANT_ORG;
}

static bool known_log(const call *c, const char *log)
{
    return strcmp(log, CU_TENANT_ORG) == 0 || knows_tenant(c->a, log);
}

/* One key a log and repository, made of the log's commit key, which stays in the keystore. */
static cu_err print_key(app *a, const char *log, cu_bytes repository, cu_sha256 *out, cu_fault *f)
{
    static const uint8_t nul = 0;
    uint8_t keys[TENANT_KEYS_LEN];
    pthread_mutex_lock(&a->lock); /* made on first use: by one */
    cu_err e = keystore_tenant(a, log, keys, f);
    pthread_mutex_unlock(&a->lock);
    if (e == CU_OK)
        cu_hmac_sha256_3(cu_bytes_of(keys + 32, 32), CU_LIT("prints of recorded scans"), cu_bytes_of(&nul, 1), repository, out);
    cu_wipe(keys, sizeof keys);
    return e;
}

unsigned answer_scan_key(call *c)
{
    const char *log = log_of(c), *repository = c->query(c->query_arg, "repository");
    cu_sha256 key;
    cu_fault f = {0};
    char hex[65];
    if (!known_log(c, log))
        return unknown_tenant(c, log);
    if (!repository || !cu_recorded_name(cu_str(repository)))
        return problem(c, 400, "Malformed", "repository is letters, digits and . _ - in parts joined by /, at most %u bytes.", CU_RECORDED_NAME);
    if (print_key(c->a, log, cu_str(repository), &key, &f) != CU_OK)
        return problem(c, 503, "There is no key", "%s", f.text);
    cu_hex(hex, key.b, sizeof key);
    cu_buf_fmt(c->out, "{\"key\":\"%s\"}", hex);
    cu_wipe(&key, sizeof key);
    cu_wipe(hex, sizeof hex);
    return 200;
}

static bool types_known(const cu_recorded_scan *s)
{
    for (size_t i = 0; i < s->types_n; i++)
        if (cu_type_by_name(s->types[i].name) == CU_TYPE_COUNT)
            return false;
    return true;
}

static unsigned refusal(call *c, const cu_recorded_scan *s, cu_err e, const cu_fault *f)
{
    if (e != CU_OK)
        return problem(c, e == CU_TOO_BIG ? 413 : 400, "Malformed", "%s", f->text);
    if (!types_known(s))
        return problem(c, 400, "Malformed", "A type of findings is not known here; is the program that scanned of another version?");
    if (!text_is_clean(c->a, s->repository))
        return problem(c, 422, "Refused", "The repository's name looks like a secret; give it another with --repository NAME.");
    return 0;
}

unsigned take_scan(call *c)
{
    const char *log = log_of(c);
    char id[CU_ID_LEN];
    cu_fault f = {0};
    if (!known_log(c, log))
        return unknown_tenant(c, log);
    cu_recorded_scan *s = calloc(1, sizeof *s);
    if (!s)
        return problem(c, 503, "Out of memory", "The scan was not recorded.");
    unsigned refused = refusal(c, s, cu_recorded_scan_parse(c->body, s, &f), &f);
    free(s);
    if (refused)
        return refused;
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record_as(c->a, "scan.completed", log, c->actor, c->body, id);
    pthread_mutex_unlock(&c->a->lock);
    if (e != CU_OK)
        return problem(c, 503, "The scan could not be recorded", "%s", cu_err_text(e));
    cu_buf_fmt(c->out, "{\"id\":\"%s\"}", id);
    return 201;
}

/* --- listing --- */

typedef struct {
    json_t *items;
    uint64_t last_row;
} listing;

/* Log names have a colon in the API, where a slash would be a path. */
static json_t *log_name(const char *log)
{
    return strncmp(log, "t/", 2) == 0 ? json_sprintf("t:%s", log + 2) : json_string(log);
}

static json_t *change_of(const cu_store_scan *x)
{
    if (!x->before)
        return json_null();
    return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:b,s:b}", "since", x->before, "since_at", x->before_at ? x->before_at : "", "since_index",
                     (json_int_t)x->before_index, "new", (json_int_t)x->fresh, "gone", (json_int_t)x->gone, "still", (json_int_t)x->still,
                     "estimated", x->estimated, "other_rules", x->other_rules);
}

static json_t *item_of(const cu_store_scan *x)
{
    json_t *item = json_loads(x->body, 0, NULL);
    if (!item)
        item = json_object();
    json_object_del(item, "prints");
    json_object_del(item, "scope");
    json_object_set_new(item, "id", json_string(x->id));
    json_object_set_new(item, "at", json_string(x->at));
    json_object_set_new(item, "log", log_name(x->log));
    json_object_set_new(item, "index", json_integer((json_int_t)x->index));
    json_object_set_new(item, "change", change_of(x));
    return item;
}

static void add_scan(void *arg, const cu_store_scan *x)
{
    listing *l = arg;
    json_array_append_new(l->items, item_of(x));
    l->last_row = x->row;
}

static void add_repository(void *arg, const cu_store_scan *x)
{
    listing *l = arg;
    json_array_append_new(l->items, json_pack("{s:s,s:o,s:s,s:I,s:s,s:o}", "repository", x->repository, "log", log_name(x->log), "mode", x->mode,
                                              "scans", (json_int_t)x->scans, "first_at", x->first_at ? x->first_at : "", "latest", item_of(x)));
    l->last_row = x->row;
}

static unsigned put_json(call *c, json_t *v)
{
    char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
    json_decref(v);
    if (!text)
        return problem(c, 500, "Out of memory", "The answer could not be made.");
    cu_buf_str(c->out, text);
    free(text);
    return 200;
}

static unsigned page_size(call *c)
{
    const char *limit = c->query(c->query_arg, "limit");
    unsigned long n = limit ? strtoul(limit, NULL, 10) : 100;
    return n < 1 || n > PAGE_MAX ? 100 : (unsigned)n;
}

static uint64_t cursor_of(call *c)
{
    const char *cursor = c->query(c->query_arg, "cursor");
    return cursor ? strtoull(cursor, NULL, 10) : 0;
}

static unsigned put_page(call *c, cu_err e, listing *l, unsigned asked, json_int_t total)
{
    if (e != CU_OK) {
        json_decref(l->items);
        return problem(c, 500, "The scans could not be read", "%s", cu_err_text(e));
    }
    json_t *next = json_array_size(l->items) == asked && l->last_row > 1 ? json_sprintf("%llu", (unsigned long long)l->last_row) : json_null();
    json_t *page = json_pack("{s:o,s:o}", "items", l->items, "next_cursor", next);
    if (total >= 0)
        json_object_set_new(page, "total", json_integer(total));
    return put_json(c, page);
}

/* The store's name of a log that the API names: "t:acme" is "t/acme". */
static const char *store_log(const char *log, char out[80])
{
    if (!log || !log[0])
        return NULL;
    snprintf(out, 80, "%s%.70s", strncmp(log, "t:", 2) == 0 ? "t/" : "", strncmp(log, "t:", 2) == 0 ? log + 2 : log);
    return out;
}

unsigned answer_scans(call *c)
{
    char log[80];
    unsigned n = page_size(c);
    listing l = {.items = json_array()};
    const cu_store_scan_filter want = {.log = store_log(c->query(c->query_arg, "log"), log), .mode = c->query(c->query_arg, "mode"),
                                       .repository = c->query(c->query_arg, "repository")};
    cu_err e = cu_store_scans(c->a->store, &want, cursor_of(c), n, add_scan, &l);
    return put_page(c, e, &l, n, (json_int_t)cu_store_scan_count(c->a->store, &want));
}

unsigned answer_scan(call *c)
{
    const char *id = c->args[0];
    listing l = {.items = json_array()};
    cu_err e = id[0] ? cu_store_scans(c->a->store, &(cu_store_scan_filter){.id = id}, 0, 1, add_scan, &l) : CU_OK;
    json_t *one = json_incref(json_array_get(l.items, 0));
    json_decref(l.items);
    const char *log = json_string_value(json_object_get(one, "log")), *at = json_string_value(json_object_get(one, "at"));
    if (one && (!log || !at || !limit_log(c, log) || !limit_time(c, at))) {
        json_decref(one);
        one = NULL;
    }
    if (e != CU_OK || !one)
        return problem(c, e == CU_OK ? 404 : 500, "Unknown scan", "%s", e == CU_OK ? "No scan of this id is sealed yet." : cu_err_text(e));
    return put_json(c, one);
}

unsigned answer_repositories(call *c)
{
    unsigned n = page_size(c);
    listing l = {.items = json_array()};
    cu_err e = cu_store_repositories(c->a->store, cursor_of(c), n, add_repository, &l);
    return put_page(c, e, &l, n, -1);
}
