/* The rules in force: those that are shipped and, by `rules` in custos.yaml, the customer's. /try holds
 * a set while it scans with it; the gateway's workers are handed an image (beside nginx there is none,
 * and compiling takes many seconds). The log says which rules
 * are in force before they are. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "app.h"
#include "base/file.h"
#include "base/log.h"

struct rules {
    cu_engine *engine;
    unsigned users; /* the app itself is one; under the app's lock */
};

static void cache_dir(const app *a, char out[4300])
{
    snprintf(out, 4300, "%s/rules", a->config->state_dir);
}

static void image_path(const app *a, char out[4300])
{
    snprintf(out, 4300, "%s/rules.image", a->run_dir);
}

static cu_err open_engine(const app *a, cu_engine **out, cu_fault *f)
{
    char cache[4300];
    const char *catalog = cu_catalog_dir();
    cache_dir(a, cache);
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    return cu_engine_open(catalog, a->config->rules, a->config->rules ? cache : NULL, out, f);
}

static struct rules *new_rules(cu_engine *e)
{
    struct rules *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct rules){e, 1};
    return r;
}

const cu_engine *rules_engine(const struct rules *r)
{
    return r->engine;
}

struct rules *rules_hold(app *a)
{
    pthread_mutex_lock(&a->lock);
    struct rules *r = a->rules;
    r->users++;
    pthread_mutex_unlock(&a->lock);
    return r;
}

void rules_release(app *a, struct rules *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&a->lock);
    bool last = --r->users == 0;
    pthread_mutex_unlock(&a->lock);
    if (!last)
        return;
    cu_engine_free(r->engine);
    free(r);
}

/* Other images than the one in force are of rules that were. */
static void forget_old_images(const app *a, const cu_engine *e)
{
    char dir[4300], hex[17], keep[64];
    cache_dir(a, dir);
    cu_hex(hex, cu_engine_digest(e), 8);
    snprintf(keep, sizeof keep, "rules-%s.image", hex);
    DIR *d = opendir(dir);
    for (struct dirent *en; d && (en = readdir(d));)
        if (strncmp(en->d_name, "rules-", 6) == 0 && strcmp(en->d_name, keep) != 0)
            unlinkat(dirfd(d), en->d_name, 0);
    if (d)
        closedir(d);
}

static cu_err tell(app *a, const cu_engine *e, cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    char hex[65];
    bool changed;
    cu_hex(hex, cu_engine_digest(e), 32);
    cu_buf_fmt(&body, "{\"digest\":\"%s\",\"own\":%s,\"rules\":%zu}", hex, a->config->rules ? "true" : "false", cu_engine_rules(e)->n);
    cu_err err = cu_store_note(a->store, "rules", hex, &changed);
    if (err == CU_OK && changed)
        err = record(a, "rules.loaded", CU_TENANT_ORG, "daemon", &body);
    return err == CU_OK ? CU_OK : cu_fail(f, err, "rules.loaded: %s", cu_err_text(err));
}

static cu_err hand_over(const app *a, const cu_engine *e, cu_fault *f)
{
    char path[4300];
    image_path(a, path);
    cu_err err = cu_engine_write_image(e, path);
    return err == CU_OK ? CU_OK : cu_fail(f, err, "%.200s: %s", path, cu_err_text(err));
}

cu_err rules_open(app *a, cu_fault *f)
{
    cu_engine *e = NULL;
    char path[4300];
    image_path(a, path);
    cu_err err = open_engine(a, &e, f);
    /* A daemon that is started again while somebody edits: what was in force stays in force. */
    if (err != CU_OK && a->config->rules && cu_engine_read_image(AT_FDCWD, path, &e, NULL) == CU_OK) {
        cu_say(CU_LOG_ERROR, "%s; the rules before stay in force", f->text);
        *f = (cu_fault){0};
        err = CU_OK;
    }
    CU_TRY(err);
    a->rules = new_rules(e);
    if (a->rules)
        return CU_OK;
    cu_engine_free(e);
    return CU_NOMEM;
}

cu_err rules_publish(app *a, cu_fault *f)
{
    CU_TRY(tell(a, a->rules->engine, f));
    forget_old_images(a, a->rules->engine);
    return hand_over(a, a->rules->engine, f);
}

/* Lock held. First the evidence, then the rules. */
static cu_err put_in_force(app *a, struct rules *fresh, struct rules **old, cu_fault *f)
{
    CU_TRY(tell(a, fresh->engine, f));
    CU_TRY(hand_over(a, fresh->engine, f));
    *old = a->rules;
    a->rules = fresh;
    return CU_OK;
}

static void put_rules(cu_buf *out, const cu_engine *e, const char *more)
{
    char hex[65];
    cu_hex(hex, cu_engine_digest(e), 32);
    cu_buf_fmt(out, "{\"digest\":\"%s\",\"rules\":%zu%s}", hex, cu_engine_rules(e)->n, more);
}

void rules_status(app *a, cu_buf *out)
{
    struct rules *r = rules_hold(a);
    cu_buf_json_key(out, "rules");
    put_rules(out, r->engine, "");
    rules_release(a, r);
}

static unsigned reload(call *c)
{
    app *a = c->a;
    cu_fault f = {0};
    cu_engine *e = NULL;
    struct rules *old = NULL, *fresh = NULL;
    cu_err err = open_engine(a, &e, &f); /* may take seconds: without the lock */
    if (err != CU_OK)
        return problem(c, 422, "The rules were refused", "%s; the rules before stay in force", f.code ? f.text : cu_err_text(err));
    fresh = new_rules(e);
    if (!fresh) {
        cu_engine_free(e);
        return problem(c, 503, "Out of memory", "The rules before stay in force.");
    }
    pthread_mutex_lock(&a->lock);
    bool changed = memcmp(cu_engine_digest(e), cu_engine_digest(a->rules->engine), CU_SHA256_LEN) != 0;
    err = changed ? put_in_force(a, fresh, &old, &f) : CU_OK;
    pthread_mutex_unlock(&a->lock);
    if (err == CU_OK)
        put_rules(c->out, e, changed ? ",\"changed\":true" : ",\"changed\":false");
    if (err == CU_OK && changed)
        forget_old_images(a, e);
    rules_release(a, err == CU_OK && changed ? old : fresh);
    malloc_trim(0); /* compiling takes tens of MB that nothing needs until the next time */
    return err == CU_OK ? 200 : problem(c, 503, "The rules could not be put in force", "%s", f.code ? f.text : cu_err_text(err));
}

unsigned answer_rules(call *c)
{
    if (!c->a->config->rules)
        return problem(c, 409, "No rules of your own", "custos.yaml names no folder: set rules: DIR and start Custos again.");
    pthread_mutex_lock(&c->a->reloading); /* one at a time: they end in the order in which they began */
    unsigned status = reload(c);
    pthread_mutex_unlock(&c->a->reloading);
    return status;
}

bool text_is_clean(app *a, cu_bytes text)
{
    struct rules *rules = rules_hold(a);
    cu_scratch *scratch = NULL;
    cu_findings found = {0};
    bool clean = cu_scratch_new(rules_engine(rules), &scratch) == CU_OK && cu_detect(rules_engine(rules), scratch, text, &found) == CU_OK;
    for (size_t i = 0; i < found.n; i++)
        clean &= cu_type_class((cu_type)found.v[i].type) != CU_CLASS_SECRET;
    cu_findings_free(&found);
    cu_scratch_free(scratch);
    rules_release(a, rules);
    return clean;
}
