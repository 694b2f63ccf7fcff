/* Reading a body: it is asked for with a purpose, from class confidential on a second person approves, and
 * each step is an entry before it has its effect. Who may do neither sees what the log says of the body, and
 * no more. With a session the person is whose session it is. Who uses the admin socket names a person; as soon
 * as persons have accounts, the second person is one with a session. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "accounts.h"
#include "app.h"
#include "capture.h"
#include "limited.h"
#include "paths.h"
#include "store/content.h"

#define PURPOSE_MAX 200u
#define SEEN_MS 15000u /* rounds are a fifth of a second apart, and more where the disk is busy */
#define MINUTE_NS (60ull * 1000000000)

static void copy_text(char *to, size_t n, const char *from)
{
    snprintf(to, n, "%s", from ? from : "");
}

/* --- what there is --- */

static json_t *place_of(const char *log, uint64_t index)
{
    json_t *name = strncmp(log, "t/", 2) == 0 ? json_sprintf("t:%s", log + 2) : json_string(log);
    return json_pack("{s:o,s:I}", "log", name, "index", (json_int_t)index);
}

typedef struct {
    app *a;
    const call *c; /* whose limits count; NULL: nobody's */
    json_t *list;
    uint64_t row;
    size_t found;  /* with those that are not hers to see */
} listing;

/* Of the tenants of who is limited, and when her controls are those that readings evidence. */
static bool of_hers(const call *c, const char *tenant)
{
    char control[32];
    const cu_event *e = cu_event_find(c->a->events, CU_LIT("content.read_requested"));
    bool any = !c->who.controls[0];
    for (size_t i = 0; e && i < e->controls_n && !any; i++) {
        snprintf(control, sizeof control, "%.*s", CU_FMT(e->controls[i]));
        any = limit_control(c, control);
    }
    return any && limit_tenant(c, tenant);
}

static void add_body(void *arg, const cu_store_body *b)
{
    listing *l = arg;
    bool kept = !*b->missing;
    json_t *one = json_pack("{s:s,s:s,s:s,s:b,s:o}", "part", b->part, "class", b->class, "at", b->at, "captured", kept, "entry", place_of(b->log, b->index));
    if (kept) {
        json_object_set_new(one, "key", json_string(b->key));
        json_object_set_new(one, "digest", json_string(b->digest));
        json_object_set_new(one, "commitment", json_string(b->commitment));
        json_object_set_new(one, "bytes", json_integer((json_int_t)b->bytes));
        json_object_set_new(one, "whole", json_boolean(b->whole));
        json_object_set_new(one, "key_there", json_boolean(capture_holds(l->a, b->key)));
    } else {
        json_object_set_new(one, "reason", json_string(b->missing));
    }
    json_array_append_new(l->list, one);
}

static json_t *person_json(app *a, const char *pseudonym)
{
    char name[PERSON_NAME];
    person_name(a, pseudonym, name);
    return json_pack("{s:s,s:s}", "name", name, "person", pseudonym);
}

static void add_reading(void *arg, const cu_store_reading *r)
{
    listing *l = arg;
    uint8_t class;
    l->row = r->row;
    l->found++;
    if (l->c && (!of_hers(l->c, r->tenant) || !limit_time(l->c, r->at)))
        return;
    /* what came after her window is not in it */
    bool decided = *r->decision && (!l->c || limit_time(l->c, r->decided)), counted = !*r->last || !l->c || limit_time(l->c, r->last);
    bool second = cu_data_class_of(cu_str(r->class), &class) && class >= CU_CAPTURE_APPROVED;
    json_t *one = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o}", "id", r->id, "exchange", r->exchange, "tenant", r->tenant, "class", r->class, "purpose",
                            r->purpose, "at", r->at, "second_person", second, "entry", place_of(r->log, r->index));
    json_object_set_new(one, "state", json_string(decided ? r->decision : second ? "waiting" : "open"));
    if (counted)
        json_object_set_new(one, "reads", json_integer((json_int_t)r->reads));
    json_object_set_new(one, "by", person_json(l->a, r->by));
    if (decided) {
        json_object_set_new(one, "decided", json_string(r->decided));
        json_object_set_new(one, "decided_by", person_json(l->a, r->decided_by));
    }
    if (*r->last && counted)
        json_object_set_new(one, "last_read", json_string(r->last));
    json_array_append_new(l->list, one);
}

void put_bodies(call *c, const char *exchange, json_t *to)
{
    listing bodies = {.a = c->a, .list = json_array()}, readings = {.a = c->a, .c = c, .list = json_array()};
    if (cu_store_bodies(c->a->store, exchange, add_body, &bodies) == CU_OK)
        json_object_set(to, "bodies", bodies.list);
    if (cu_store_readings(c->a->store, NULL, exchange, 0, 100, add_reading, &readings) == CU_OK)
        json_object_set(to, "readings", readings.list);
    json_decref(bodies.list);
    json_decref(readings.list);
}

unsigned answer_readings(call *c)
{
    page_asked p;
    listing l = {.a = c->a, .c = c};
    if (!read_page(c, 1000, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 1000, cursor the next_cursor of an answer.");
    l.list = json_array();
    if (cu_store_readings(c->a->store, NULL, c->query(c->query_arg, "exchange"), p.before, p.limit, add_reading, &l) != CU_OK) {
        json_decref(l.list);
        return problem(c, 500, "The readings could not be read", "The store does not answer.");
    }
    json_t *next = l.found == p.limit && l.row > 1 ? json_sprintf("%llu", (unsigned long long)l.row) : json_null();
    return answer_json(c, json_pack("{s:o,s:o}", "items", l.list, "next_cursor", next));
}

/* --- one exchange and one reading, as they are needed here --- */

typedef struct {
    char key[CU_BODY_PARTS][40], digest[CU_BODY_PARTS][65], commitment[CU_BODY_PARTS][65], class[16], tenant[64];
    bool kept[CU_BODY_PARTS], any;
} kept_bodies;

static void take_body(void *arg, const cu_store_body *b)
{
    kept_bodies *k = arg;
    unsigned part = strcmp(b->part, "answer") == 0;
    if (*b->missing)
        return;
    copy_text(k->key[part], sizeof k->key[part], b->key);
    copy_text(k->digest[part], sizeof k->digest[part], b->digest);
    copy_text(k->commitment[part], sizeof k->commitment[part], b->commitment);
    copy_text(k->class, sizeof k->class, b->class);
    copy_text(k->tenant, sizeof k->tenant, b->tenant);
    k->kept[part] = k->any = true;
}

typedef struct {
    char id[CU_ID_LEN], exchange[CU_ID_LEN], tenant[64], class[16], by[CU_PSEUDONYM_LEN], decision[16], at[CU_TIME_LEN], decided[CU_TIME_LEN];
    bool found;
} reading_found;

static void take_reading(void *arg, const cu_store_reading *r)
{
    reading_found *x = arg;
    copy_text(x->id, sizeof x->id, r->id);
    copy_text(x->exchange, sizeof x->exchange, r->exchange);
    copy_text(x->tenant, sizeof x->tenant, r->tenant);
    copy_text(x->class, sizeof x->class, r->class);
    copy_text(x->by, sizeof x->by, r->by);
    copy_text(x->decision, sizeof x->decision, r->decision);
    copy_text(x->at, sizeof x->at, r->at);
    copy_text(x->decided, sizeof x->decided, r->decided);
    x->found = true;
}

static bool needs_second(const char *class)
{
    uint8_t c;
    return !cu_data_class_of(cu_str(class), &c) || c >= CU_CAPTURE_APPROVED;
}

/* --- who --- */

typedef struct {
    json_t *in;
    const char *user;
    char name[PERSON_NAME];
    char person[CU_PSEUDONYM_LEN];
} asker;

static unsigned not_listed(call *c, const char *tenant, const char *what, const char *list)
{
    return problem(c, 403, "Not allowed", "This person may not %s bodies of %.63s: custos.yaml does not name them under capture.tenants.%.63s.%s. What the log "
                   "says of the body is shown with the exchange.", what, tenant, tenant, list);
}

/* Names the person only after the list does, so that nobody new comes to be known here. */
static unsigned identify(call *c, asker *w, const char *tenant, bool approver)
{
    const cu_config_kept *k = cu_capture_of(&c->a->config->capture, tenant);
    cu_fault f = {0};
    if (!w->user || !*w->user || strlen(w->user) >= PERSON_NAME)
        return c->role == ROLE_SOCKET ? problem(c, 400, "Malformed", "user is needed: the name of the person who does this.")
                                      : problem(c, 403, "Nobody by name", "Sign in with an account of your own: the entry says who it was.");
    if (!k || !cu_capture_names(approver ? k->approvers : k->readers, w->user))
        return not_listed(c, tenant, approver ? "approve readings of" : "read", approver ? "approvers" : "readers");
    pthread_mutex_lock(&c->a->lock);
    cu_err e = person_of(c->a, tenant, w->user, w->person, &f);
    pthread_mutex_unlock(&c->a->lock);
    return e == CU_OK ? 0 : problem(c, 503, "Not recorded", "%s", f.code ? f.text : cu_err_text(e));
}

static cu_err put_entry(app *a, const char *type, const char *tenant, const cu_buf *body, char id[CU_ID_LEN])
{
    CU_TRY(cu_buf_err(body));
    pthread_mutex_lock(&a->lock);
    cu_err e = record_as(a, type, tenant, "operator", cu_buf_view(body), id);
    pthread_mutex_unlock(&a->lock);
    return e;
}

static void is_decided(void *arg, const cu_store_reading *r)
{
    *(bool *)arg = *r->decision != 0;
}

/* As it is when the entry is sealed and projected; decided: as it is after a decision. */
static json_t *sealed_reading(app *a, const char *id, bool decided)
{
    for (unsigned ms = 0; ms < SEEN_MS; ms += 20) {
        bool was = false;
        listing l = {.a = a, .list = json_array()};
        cu_err e = cu_store_readings(a->store, id, NULL, 0, 1, is_decided, &was);
        if (e == CU_OK && was >= decided)
            e = cu_store_readings(a->store, id, NULL, 0, 1, add_reading, &l);
        json_t *one = json_incref(json_array_get(l.list, 0));
        json_decref(l.list);
        if (one || e != CU_OK)
            return one;
        usleep(20000);
    }
    return NULL;
}

static unsigned answer_reading(call *c, const char *id, bool after_decision, unsigned status)
{
    json_t *one = sealed_reading(c->a, id, after_decision);
    if (!one)
        return problem(c, 503, "Not sealed yet", "It is recorded under %s, and not sealed yet.", id);
    (void)answer_json(c, one);
    return status;
}

/* Who is limited acts within her limits, while they last; what is beyond them is not there for her. */
static bool may_act(const call *c, const char *tenant)
{
    return of_hers(c, tenant) && limit_now(c);
}

/* --- asking --- */

static bool plain(const char *s, size_t max)
{
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return n > 0 && n <= max;
}

static unsigned ask(call *c, asker *w)
{
    const char *exchange = json_string_value(json_object_get(w->in, "exchange")), *purpose = json_string_value(json_object_get(w->in, "purpose"));
    kept_bodies k = {0};
    char id[CU_ID_LEN];
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    if (!exchange || strlen(exchange) != CU_ID_LEN - 1 || !plain(purpose, PURPOSE_MAX))
        return problem(c, 400, "Malformed", "exchange (an id) and purpose (at most %u characters: what it is read for) are needed.", PURPOSE_MAX);
    if (cu_store_bodies(c->a->store, exchange, take_body, &k) != CU_OK || !k.any || !may_act(c, k.tenant))
        return problem(c, 404, "No body", "No body of an exchange of this id is kept.");
    unsigned status = identify(c, w, k.tenant, false);
    if (status)
        return status;
    if (strstr(purpose, w->user))
        return problem(c, 400, "Malformed", "purpose must not name a person: it stays in the log.");
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "by", w->person);
    cu_buf_json_kv_str(&b, "class", k.class);
    cu_buf_json_kv_str(&b, "exchange", exchange);
    cu_buf_json_kv_str(&b, "purpose", purpose);
    cu_buf_byte(&b, '}');
    cu_err e = put_entry(c->a, "content.read_requested", k.tenant, &b, id);
    return e == CU_OK ? answer_reading(c, id, false, 201) : problem(c, 503, "Not recorded", "%s", cu_err_text(e));
}

/* --- deciding --- */

static unsigned decide(call *c, asker *w, const reading_found *r)
{
    const char *word = json_string_value(json_object_get(w->in, "decision"));
    bool yes = word && strcmp(word, "approve") == 0;
    cu_fault f = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    char id[CU_ID_LEN];
    if (!word || (!yes && strcmp(word, "refuse") != 0))
        return problem(c, 400, "Malformed", "decision is approve or refuse.");
    unsigned status = identify(c, w, r->tenant, true);
    if (status)
        return status;
    if (second_person(c->a, w->person, c->role, r->by, &f) != CU_OK)
        return problem(c, 403, "A second person is needed", "%s.", f.text);
    if (r->decision[0])
        return problem(c, 409, "Decided already", "This reading was %s.", r->decision);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "by", w->person);
    cu_buf_json_kv_str(&b, "exchange", r->exchange);
    cu_buf_json_kv_str(&b, "reading", r->id);
    cu_buf_byte(&b, '}');
    cu_err e = put_entry(c->a, yes ? "content.read_approved" : "content.read_refused", r->tenant, &b, id);
    return e == CU_OK ? answer_reading(c, r->id, true, 200) : problem(c, 503, "Not recorded", "%s", cu_err_text(e));
}

/* --- reading --- */

static unsigned may_read(call *c, const asker *w, const reading_found *r)
{
    char since[CU_TIME_LEN];
    bool second = needs_second(r->class);
    if (strcmp(w->person, r->by) != 0)
        return problem(c, 403, "Another person", "Only who asked for a reading reads; ask for one of your own.");
    if (strcmp(r->decision, "refused") == 0)
        return problem(c, 403, "Refused", "This reading was refused.");
    if (second && strcmp(r->decision, "approved") != 0)
        return problem(c, 403, "Not approved", "Bodies of class %s are read after a second person has approved: custos body approve %s", r->class, r->id);
    cu_time_text(cu_now_ns() - c->a->config->capture.read_within_minutes * MINUTE_NS, since);
    if (strcmp(*r->decided ? r->decided : r->at, since) < 0)
        return problem(c, 403, "Too late", "It could be read within %u minutes; ask again.", c->a->config->capture.read_within_minutes);
    return 0;
}

static bool user_of(json_t *exchange, char out[PERSON_NAME])
{
    const char *user = json_string_value(json_object_get(exchange, "user"));
    copy_text(out, PERSON_NAME, user);
    return user != NULL;
}

static void take_request(void *arg, const cu_store_exchange *x)
{
    *(json_t **)arg = x->request ? json_loads(x->request, 0, NULL) : NULL;
}

typedef struct {
    cu_buf text[CU_BODY_PARTS];
    const char *state[CU_BODY_PARTS]; /* kept, absent, gone, corrupt */
    cu_err err;
} opened;

static cu_err open_parts(app *a, const reading_found *r, const kept_bodies *k, opened *o)
{
    json_t *request = NULL;
    char user[PERSON_NAME];
    CU_TRY(cu_store_exchanges(a->store, r->exchange, NULL, 0, 1, take_request, &request));
    bool known = user_of(request, user);
    json_decref(request);
    for (unsigned part = 0; part < CU_BODY_PARTS; part++) {
        const capture_wanted w = {.tenant = r->tenant, .exchange = r->exchange, .key = k->key[part], .digest = k->digest[part],
                                  .commitment = k->commitment[part], .person = user, .part = (cu_body_part)part};
        cu_err e = !k->kept[part] ? CU_OK : known ? capture_open_body(a, &w, &o->text[part]) : CU_NOT_FOUND;
        o->state[part] = !k->kept[part] ? "absent" : e == CU_OK ? "kept" : e == CU_NOT_FOUND ? "gone" : "corrupt";
        if (e != CU_OK && e != CU_NOT_FOUND && e != CU_CORRUPT)
            return e;
    }
    return CU_OK;
}

static cu_err note_read(call *c, const asker *w, const reading_found *r, const opened *o)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    char id[CU_ID_LEN];
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "answer", o->state[CU_BODY_ANSWER]);
    cu_buf_json_kv_str(&b, "by", w->person);
    cu_buf_json_kv_str(&b, "exchange", r->exchange);
    cu_buf_json_kv_str(&b, "reading", r->id);
    cu_buf_json_kv_str(&b, "request", o->state[CU_BODY_REQUEST]);
    cu_buf_byte(&b, '}');
    return put_entry(c->a, "content.read", r->tenant, &b, id);
}

static void put_parts(call *c, const reading_found *r, const opened *o)
{
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "reading", r->id);
    cu_buf_json_kv_str(c->out, "exchange", r->exchange);
    for (unsigned part = 0; part < CU_BODY_PARTS; part++) {
        cu_bytes t = cu_buf_view(&o->text[part]);
        size_t bad;
        bool utf8 = cu_utf8_valid(t, &bad);
        cu_buf_json_key(c->out, cu_body_part_name(part));
        cu_buf_byte(c->out, '{');
        cu_buf_json_kv_str(c->out, "state", o->state[part]);
        if (strcmp(o->state[part], "kept") == 0 && utf8)
            cu_buf_json_kv(c->out, "text", t);
        else if (strcmp(o->state[part], "kept") == 0) {
            cu_buf_json_key(c->out, "base64");
            cu_buf_byte(c->out, '"');
            cu_base64(c->out, t);
            cu_buf_byte(c->out, '"');
        }
        cu_buf_byte(c->out, '}');
    }
    cu_buf_byte(c->out, '}');
}

/* It is opened first, so that the entry says what was read; and given out after the entry is durable. */
static unsigned read_body(call *c, asker *w, const reading_found *r)
{
    kept_bodies k = {0};
    opened o = {.text = {CU_BUF(CU_BODY_MAX), CU_BUF(CU_BODY_MAX)}};
    unsigned status = identify(c, w, r->tenant, false);
    if (!status)
        status = may_read(c, w, r);
    if (status)
        return status;
    cu_err e = cu_store_bodies(c->a->store, r->exchange, take_body, &k);
    if (e == CU_OK)
        e = open_parts(c->a, r, &k, &o);
    if (e == CU_OK)
        e = note_read(c, w, r, &o);
    if (e == CU_OK)
        put_parts(c, r, &o);
    for (unsigned part = 0; part < CU_BODY_PARTS; part++)
        cu_buf_free(&o.text[part]);
    return e == CU_OK ? 200 : problem(c, 503, "It could not be read", "%s", cu_err_text(e));
}

/* --- operations --- */

static unsigned with_asker(call *c, unsigned (*step)(call *c, asker *w))
{
    asker w = {.in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL)};
    if (c->role == ROLE_SOCKET) {
        w.user = json_string_value(json_object_get(w.in, "user"));
    } else if (is_pseudonym(c->actor)) {
        person_name(c->a, c->actor, w.name);
        w.user = w.name;
    }
    unsigned status = step(c, &w);
    json_decref(w.in);
    return status;
}

static unsigned with_reading(call *c, asker *w, unsigned (*step)(call *c, asker *w, const reading_found *r))
{
    reading_found r = {0};
    if (cu_store_readings(c->a->store, c->args[0], NULL, 0, 1, take_reading, &r) != CU_OK || !r.found || !may_act(c, r.tenant))
        return problem(c, 404, "Unknown reading", "No reading of this id was asked for.");
    return step(c, w, &r);
}

static unsigned decide_found(call *c, asker *w)
{
    return with_reading(c, w, decide);
}

static unsigned read_found(call *c, asker *w)
{
    return with_reading(c, w, read_body);
}

unsigned ask_reading(call *c)
{
    return with_asker(c, ask);
}

unsigned decide_reading(call *c)
{
    return with_asker(c, decide_found);
}

unsigned read_bodies(call *c)
{
    return with_asker(c, read_found);
}
