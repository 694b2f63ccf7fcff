#include "drift.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "node.h"

#define CONFIG_MAX ((size_t)16 << 20)

static void hex_of(cu_bytes text, char hex[65])
{
    cu_sha256 d;
    cu_sha256_of(text, &d);
    cu_hex(hex, d.b, sizeof d.b);
}

/* Of custos.yaml as it lies on disk; of nothing when the defaults run. False: it is not there any more. */
static bool file_digest(const app *a, char hex[65])
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CONFIG_MAX);
    bool there = !a->config->file || cu_file_read(AT_FDCWD, a->config->file, &b) == CU_OK;
    hex_of(cu_buf_view(&b), hex);
    return there;
}

/* --- at start --- */

static cu_err tell_changed(app *a, const char *note, const char *text, const char *type, const cu_buf *body, cu_fault *f)
{
    bool changed = false;
    cu_err e = cu_store_note(a->store, note, text, &changed);
    if (e == CU_OK && changed)
        e = record(a, type, CU_TENANT_ORG, "configuration", body);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%s: %s", type, cu_err_text(e));
}

/* Keyed, with a key of this installation: equal ones can be told, and nothing be guessed. */
static cu_err credential(app *a, const uint8_t key[32], const char *vendor, const char *tenant, const char *value, cu_fault *f)
{
    cu_sha256 d;
    char print[17], name[200];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    if (!value || !*value || strcmp(value, "none") == 0)
        return CU_OK;
    cu_hmac_sha256_3(cu_bytes_of(key, 32), CU_LIT("credential"), cu_str(vendor), cu_str(value), &d);
    cu_hex(print, d.b, 8);
    snprintf(name, sizeof name, "credential-%.63s-%.63s", vendor, tenant);
    cu_buf_fmt(&b, "{\"print\":\"%s\",\"tenant\":\"%s\",\"vendor\":\"%s\"}", print, tenant, vendor);
    return tell_changed(a, name, print, "upstream_key.rotated", &b, f);
}

static cu_err credentials(app *a, cu_fault *f)
{
    uint8_t key[32];
    cu_err e = keystore_archive_key(a, key, f);
    for (size_t i = 0; e == CU_OK && i < a->config->vendors_n; i++) {
        const cu_config_vendor *v = &a->config->vendors[i];
        e = credential(a, key, v->name, "", v->credential, f);
        for (size_t k = 0; e == CU_OK && k < v->credentials_n; k++)
            e = credential(a, key, v->name, v->credentials[k].tenant, v->credentials[k].credential, f);
    }
    cu_wipe(key, sizeof key);
    return e;
}

static cu_err classes(app *a, cu_fault *f)
{
    for (size_t i = 0; i < a->config->access.repos_n; i++) {
        const cu_access_repo *r = &a->config->access.repos[i];
        const char *class = cu_data_class_name(r->class);
        char name[300], hex[65];
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        hex_of(r->name, hex);
        snprintf(name, sizeof name, "class-%.32s", hex);
        cu_buf_byte(&b, '{');
        cu_buf_json_kv_str(&b, "class", class);
        cu_buf_json_kv(&b, "name", r->name);
        cu_buf_byte(&b, '}');
        CU_TRY(tell_changed(a, name, class, "repo.classified", &b, f));
    }
    return CU_OK;
}

cu_err drift_begin(app *a, cu_fault *f)
{
    (void)file_digest(a, a->config_digest);
    CU_TRY(credentials(a, f));
    return classes(a, f);
}

/* --- by the clock --- */

/* Told once for each other content, and again after it was in order. */
static void compare(app *a, const char *what, const char *expected, const char *found)
{
    char name[40], text[65] = "";
    bool changed = false;
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    snprintf(name, sizeof name, "drift-%s", what);
    if (strcmp(expected, found) != 0)
        snprintf(text, sizeof text, "%s", *found ? found : "gone");
    if (cu_store_note(a->store, name, text, &changed) != CU_OK || !changed || !*text)
        return;
    cu_say(CU_LOG_WARN, "the %s on disk is not what is in force", what);
    cu_buf_fmt(&b, "{\"expected\":\"%s\",\"found\":\"%s\",\"what\":\"%s\"}", expected, found, what);
    (void)node_tell(a, "config.drift", &b);
}

static void look_at_files(app *a)
{
    char path[4300], found[65] = "", expected[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    bool there = file_digest(a, found);
    compare(a, "configuration", a->config_digest, there ? found : "");
    snprintf(path, sizeof path, "%s/bundle", a->run_dir);
    pthread_mutex_lock(&a->lock); /* nobody replaces it meanwhile */
    there = cu_file_read(AT_FDCWD, path, &b) == CU_OK;
    memcpy(expected, a->bundle_file, sizeof expected);
    pthread_mutex_unlock(&a->lock);
    hex_of(cu_buf_view(&b), found);
    if (expected[0])
        compare(a, "bundle", expected, there ? found : "");
}

/* One record for each pair of configuration and rules that came into force; the one before is replaced. */
static void look_at_record(app *a)
{
    char rules[65] = "";
    json_t *all = desk_list(a, "configuration", NULL, true), *x;
    size_t i;
    bool there = false;
    struct rules *r = rules_hold(a);
    cu_hex(rules, cu_engine_digest(rules_engine(r)), CU_SHA256_LEN);
    rules_release(a, r);
    json_array_foreach(all, i, x)
        there |= strcmp(desk_text(x, "digest"), a->config_digest) == 0 && strcmp(desk_text(x, "rules"), rules) == 0;
    json_array_foreach(all, i, x)
        if (!there)
            (void)desk_note(a, "config.replaced", json_pack("{s:O}", "configuration", json_object_get(x, "id")));
    json_decref(all);
    if (!there)
        (void)desk_note(a, "config.changed", json_pack("{s:s,s:s,s:s}", "digest", a->config_digest, "rules", rules, "version", CUSTOS_VERSION));
}

void drift_watch(app *a)
{
    look_at_files(a);
    look_at_record(a);
}

cu_err config_check_approval(desk_step *s, cu_fault *f)
{
    pthread_mutex_lock(&s->a->lock);
    json_object_set_new(s->fields, "bundle", json_string(s->a->bundle_digest));
    pthread_mutex_unlock(&s->a->lock);
    return CU_OK;
}
