/* The trust page: what is in force, proofs of what it says, and reports under an agreement. */
#include "trust.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "comply/agreement.h"
#include "report_desk.h"

#define HOUR_NS (3600ull * 1000000000)
#define TOKEN_MAC 32u /* hex digits */

static bool offers_all(const app *a, const json_t *reports, cu_fault *f)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)reports, i, x)
        if (!cu_report_find(a->reports, cu_str(json_string_value(x)))) {
            (void)!cu_fail(f, CU_SYNTAX, "there is no report %.40s; custos report list shows them", json_string_value(x));
            return false;
        }
    return true;
}

cu_err trust_check_proposal(desk_step *s, cu_fault *f)
{
    return offers_all(s->a, json_object_get(s->fields, "reports"), f) ? CU_OK : CU_SYNTAX;
}

static json_t *published(app *a)
{
    return desk_list(a, "trustpage", "published", false);
}

json_t *trust_in_force(app *a)
{
    json_t *all = published(a), *x, *newest = NULL;
    size_t i;
    json_array_foreach(all, i, x)
        if (!newest || strcmp(json_string_value(json_object_get(x, "at")), json_string_value(json_object_get(newest, "at"))) > 0)
            newest = x;
    json_incref(newest);
    json_decref(all);
    return newest;
}

void trust_published(app *a)
{
    json_t *all = published(a), *newest = trust_in_force(a), *x;
    size_t i;
    json_array_foreach(all, i, x) {
        if (newest && strcmp(json_string_value(json_object_get(x, "id")), json_string_value(json_object_get(newest, "id"))) == 0)
            continue;
        desk_note(a, "trustpage.replaced", json_pack("{s:O}", "trustpage", json_object_get(x, "id"))); /* failed: the newest is in force all the same */
    }
    json_decref(all);
    json_decref(newest);
    trust_watch(a);
}

bool trust_offers(const json_t *page, const char *report)
{
    json_t *x, *reports = json_object_get(json_object_get(page, "fields"), "reports");
    size_t i;
    json_array_foreach(reports, i, x)
        if (strcmp(json_string_value(x), report) == 0)
            return true;
    return false;
}

/* --- proofs --- */

static void add_entries(json_t *out, json_t *records, const char *state)
{
    json_t *x;
    size_t i;
    json_array_foreach(records, i, x)
        if (!state || strcmp(json_string_value(json_object_get(x, "state")), state) == 0)
            json_array_append(out, json_object_get(json_object_get(x, "entry"), "index"));
    json_decref(records);
}

json_t *trust_cited(app *a, const json_t *page)
{
    json_t *out = json_array();
    json_array_append(out, json_object_get(json_object_get(page, "entry"), "index"));
    add_entries(out, desk_list(a, "vendor", "registered", false), NULL);
    add_entries(out, desk_list(a, "vendor_fact", "confirmed", false), NULL);
    uint64_t index;
    json_t *stated = trust_stated(a, json_string_value(json_object_get(page, "id")), &index);
    if (stated)
        json_array_append_new(out, json_integer((json_int_t)index));
    json_decref(stated);
    return out;
}

static unsigned not_published(call *c)
{
    trust_message(c, "Not here", "No trust page is published.");
    return 404;
}

/* Only what the page speaks of: another entry is as if it were not there. */
static unsigned cited(call *c, uint64_t *index)
{
    bool hit = false;
    json_t *page = trust_in_force(c->a), *x;
    size_t i;
    if (!page)
        return not_published(c);
    json_t *all = trust_cited(c->a, page);
    bool number = read_index(c->query(c->query_arg, "index"), index);
    json_array_foreach(all, i, x)
        hit |= number && (uint64_t)json_integer_value(x) == *index;
    json_decref(all);
    json_decref(page);
    return hit ? 0 : problem(c, 404, "Not here", "The trust page speaks of no such entry.");
}

static unsigned from_log(call *c, cu_err (*read)(cu_log *l, uint64_t index, cu_buf *out, cu_fault *f), const char *type)
{
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    uint64_t index = 0;
    unsigned status = cited(c, &index);
    if (status)
        return status;
    snprintf(dir, sizeof dir, "%s/org", c->a->config->log_dir);
    cu_err e = cu_log_open(dir, &l, &f);
    if (e == CU_OK) {
        e = read(l, index, c->out, &f);
        cu_log_close(l);
    }
    c->type = type;
    return e == CU_OK ? 200 : problem(c, 500, "Not read", "%s", f.code ? f.text : cu_err_text(e));
}

unsigned answer_trust_leaf(call *c)
{
    return from_log(c, cu_log_entry, "application/json");
}

unsigned answer_trust_proof(call *c)
{
    return from_log(c, cu_log_proof, "text/plain; charset=utf-8");
}

static unsigned org_file(call *c, const char *name)
{
    char path[4400];
    json_t *page = trust_in_force(c->a);
    json_decref(page);
    if (!page)
        return not_published(c);
    snprintf(path, sizeof path, "%s/org/%s", c->a->config->log_dir, name);
    cu_err e = cu_file_read(AT_FDCWD, path, c->out);
    c->type = "text/plain; charset=utf-8";
    return e == CU_OK ? 200 : problem(c, 500, "Not read", "%s", cu_err_text(e));
}

unsigned answer_trust_vkey(call *c)
{
    return org_file(c, "vkey");
}

unsigned answer_trust_checkpoint(call *c)
{
    return org_file(c, "checkpoint");
}

unsigned answer_trust(call *c)
{
    json_t *page = trust_in_force(c->a);
    if (!page)
        return not_published(c);
    trust_page(c, page);
    json_decref(page);
    return 200;
}

/* --- reports under an agreement --- */

/* REPORT.PERSON.UNTIL and a keyed hash: nothing has to be kept. */
static cu_err mac_of(app *a, const char *text, char out[TOKEN_MAC + 1], cu_fault *f)
{
    uint8_t key[32];
    cu_sha256 d;
    CU_TRY(keystore_archive_key(a, key, f));
    cu_hmac_sha256_3(cu_bytes_of(key, sizeof key), CU_LIT("custos trust page link\n"), cu_str(text), CU_NONE, &d);
    cu_wipe(key, sizeof key);
    cu_hex(out, d.b, TOKEN_MAC / 2);
    return CU_OK;
}

typedef struct {
    char report[65], person[CU_PSEUDONYM_LEN];
    uint64_t until_s;
} link_claim;

static bool read_link(app *a, const char *token, link_claim *out)
{
    char text[160], mac[TOKEN_MAC + 1], until[16];
    cu_fault f = {0};
    const char *last = token ? strrchr(token, '.') : NULL;
    if (!last || (size_t)(last - token) >= sizeof text || strlen(last + 1) != TOKEN_MAC)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)(last - token), token);
    if (mac_of(a, text, mac, &f) != CU_OK || !cu_equal_ct(mac, last + 1, TOKEN_MAC))
        return false;
    if (sscanf(text, "%64[a-z0-9-].%34[a-z0-9_].%15[0-9]", out->report, out->person, until) != 3)
        return false;
    out->until_s = strtoull(until, NULL, 10);
    return true;
}

/* A visitor costs an entry: all together so many an hour. */
static bool too_many(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t hour;
    static unsigned n;
    pthread_mutex_lock(&lock);
    uint64_t now = cu_now_ns() / HOUR_NS;
    n = now == hour ? n + 1 : 1;
    hour = now;
    bool over = n > TRUST_AGREEMENTS_PER_HOUR;
    pthread_mutex_unlock(&lock);
    return over;
}

static cu_err agreed(call *c, const json_t *page, const cu_agreement *v, char link[220], cu_fault *f)
{
    char name[PERSON_NAME], person[CU_PSEUDONYM_LEN], text[160], mac[TOKEN_MAC + 1], hex[2 * CU_SHA256_LEN + 1], until[CU_TIME_LEN];
    cu_sha256 terms;
    uint64_t until_s = cu_now_ns() / 1000000000 + TRUST_LINK_HOURS * 3600;
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    if (snprintf(name, sizeof name, "%s <%s>", v->name, v->mail) >= (int)sizeof name)
        return cu_fail(f, CU_TOO_BIG, "name and mail have at most %zu bytes together", sizeof name - 4);
    cu_sha256_of(cu_str(desk_text(page, "agreement")), &terms);
    cu_hex(hex, terms.b, sizeof terms.b);
    cu_time_text(until_s * 1000000000, until);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = person_of(c->a, CU_TENANT_ORG, name, person, f);
    cu_buf_fmt(&body, "{\"kind\":\"%s\",\"person\":\"%s\",\"purpose\":\"%s\",\"terms\":\"%s\",\"trustpage\":\"%s\",\"until\":\"%s\"}", v->report, person, v->purpose, hex,
               json_string_value(json_object_get(page, "id")), until);
    if (e == CU_OK)
        e = record(c->a, "trustpage.agreed", CU_TENANT_ORG, person, &body);
    pthread_mutex_unlock(&c->a->lock);
    CU_TRY(e);
    snprintf(text, sizeof text, "%s.%s.%llu", v->report, person, (unsigned long long)until_s);
    CU_TRY(mac_of(c->a, text, mac, f));
    snprintf(link, 220, "/trust/report?t=%s.%s", text, mac);
    return CU_OK;
}

unsigned take_agreement(call *c)
{
    cu_agreement v;
    char link[220];
    cu_fault f = {0};
    json_t *page = trust_in_force(c->a);
    unsigned status = 201;
    if (!page)
        return not_published(c);
    cu_err e = cu_agreement_parse(c->body, &v, &f);
    if (e == CU_OK && !trust_offers(page, v.report))
        e = cu_fail(&f, CU_NOT_FOUND, "this report is not offered");
    if (e != CU_OK) {
        trust_message(c, "Not taken", f.text);
        status = e == CU_NOT_FOUND ? 404 : 400;
    } else if (too_many()) {
        trust_message(c, "Later", "Too many agreements were made in this hour. Please come back in the next one.");
        status = 429;
    } else if ((e = agreed(c, page, &v, link, &f)) != CU_OK) {
        trust_message(c, "Not recorded", f.code ? f.text : cu_err_text(e));
        status = e == CU_TOO_BIG ? 400 : 503;
    } else {
        trust_thanks(c, v.report, link);
    }
    json_decref(page);
    return status;
}

static unsigned give(call *c, const json_t *page, const link_claim *l)
{
    const char *as = c->query(c->query_arg, "as");
    bool pdf = as && strcmp(as, "pdf") == 0;
    char name[PERSON_NAME], mark[300], until[CU_TIME_LEN], digest[2 * CU_SHA256_LEN + 1];
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    person_name(c->a, l->person, name);
    cu_time_text(l->until_s * 1000000000, until);
    snprintf(mark, sizeof mark, "For %.128s under the terms of %.24s; link good until %.16s. Not to be passed on.", name, json_string_value(json_object_get(page, "at")), until);
    cu_err e = report_public(c->a, l->report, desk_text(page, "title"), mark, pdf, c->out, digest, &f);
    if (e != CU_OK)
        return problem(c, 500, "Not made", "%s", f.code ? f.text : cu_err_text(e));
    cu_buf_fmt(&body, "{\"digest\":\"%s\",\"kind\":\"%s\",\"person\":\"%s\",\"trustpage\":\"%s\"}", digest, l->report, l->person, json_string_value(json_object_get(page, "id")));
    pthread_mutex_lock(&c->a->lock);
    e = record(c->a, "trustpage.downloaded", CU_TENANT_ORG, l->person, &body);
    pthread_mutex_unlock(&c->a->lock);
    c->type = pdf ? "application/pdf" : "text/html; charset=utf-8";
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"%.64s.%s\"", l->report, pdf ? "pdf" : "html");
    return e == CU_OK ? 200 : problem(c, 503, "Not recorded", "%s", cu_err_text(e));
}

/* A link ends with its day, with the page, and when the report is no longer offered. */
unsigned answer_trust_report(call *c)
{
    link_claim l;
    json_t *page = trust_in_force(c->a);
    unsigned status;
    if (!page)
        return not_published(c);
    if (!read_link(c->a, c->query(c->query_arg, "t"), &l) || l.until_s < cu_now_ns() / 1000000000 || !trust_offers(page, l.report)) {
        trust_message(c, "This link has ended", "Ask for the report again on the trust page.");
        status = 404;
    } else {
        status = give(c, page, &l);
    }
    json_decref(page);
    return status;
}
