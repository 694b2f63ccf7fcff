/* Who has an account: added, changed, invited and put out by an owner. The last owner stays. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "comply/status.h"
#include "key_form.h"
#include "paths.h"

void put_list(cu_buf *b, const char *key, const char *names)
{
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '[');
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, ",");
        cu_buf_json_string(b, cu_bytes_of(p, n));
        p += n;
        if (*p && *++p)
            cu_buf_byte(b, ',');
    }
    cu_buf_byte(b, ']');
}

static const char *state_of(const cu_store_account *x)
{
    return !x->active ? "ended" : x->expires && x->expires <= cu_now_ns() / 1000000000 ? "expired" : !x->joined[0] ? "invited" : "active";
}

void put_account(app *a, cu_buf *b, const cu_store_account *x)
{
    char name[PERSON_NAME], until[CU_TIME_LEN] = "";
    person_name(a, x->person, name);
    if (x->expires)
        cu_time_text(x->expires * 1000000000, until);
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "person", x->person);
    cu_buf_json_kv_str(b, "name", name);
    cu_buf_json_kv_str(b, "role", x->role);
    cu_buf_json_kv_str(b, "state", state_of(x));
    put_list(b, "tenants", x->tenants);
    put_list(b, "controls", x->controls);
    cu_buf_json_kv_str(b, "from", x->from);
    cu_buf_json_kv_str(b, "to", x->to);
    cu_buf_json_kv_str(b, "expires", until);
    cu_buf_json_kv_str(b, "added", x->added);
    cu_buf_json_kv_str(b, "joined", x->joined);
    cu_buf_json_kv_str(b, "last", x->last);
    cu_buf_json_kv_str(b, "how", x->how);
    cu_buf_byte(b, '}');
}

unsigned answer_people(call *c)
{
    size_t n;
    cu_store_account *v = accounts_all(c->a, &n);
    cu_buf_str(c->out, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(c->out, ',');
        put_account(c->a, c->out, &v[i]);
    }
    cu_buf_str(c->out, "]}");
    free(v);
    return 200;
}

/* --- what a form says --- */

static unsigned names_of(call *c, const json_t *list, const char *what, bool (*known)(const app *a, const char *name), char out[CU_ACCOUNT_LIST])
{
    const json_t *v;
    size_t i, at = 0;
    if (!list)
        return 0;
    if (!json_is_array(list))
        return problem(c, 400, "Malformed", "%s is a list of names.", what);
    out[0] = 0;
    json_array_foreach(list, i, v) {
        const char *s = json_string_value(v);
        if (!s || !known(c->a, s) || at + strlen(s) + 2 >= CU_ACCOUNT_LIST)
            return problem(c, 400, "Unknown", "%s: there is none of the name %.60s.", what, s ? s : "given");
        at += (size_t)snprintf(out + at, CU_ACCOUNT_LIST - at, "%s%s", at ? "," : "", s);
    }
    return 0;
}

static bool known_tenant(const app *a, const char *name)
{
    return strcmp(name, CU_TENANT_ORG) == 0 || knows_tenant(a, name);
}

static bool known_control(const app *a, const char *name)
{
    return cu_control_find(a->catalogue, cu_str(name)) != NULL;
}

/* A date or moment; a date as an end means its whole day. */
static unsigned moment_of(call *c, const json_t *in, const char *name, bool end, char out[CU_TIME_LEN])
{
    const char *s = json_string_value(json_object_get(in, name));
    uint64_t ns = 0, ms = 0;
    if (!json_object_get(in, name))
        return 0;
    out[0] = 0;
    if (s && !*s)
        return 0;
    const char *wrong = end ? form_expires(json_object_get(in, name), &ns) : s && cu_status_time(cu_str(s), &ms) ? NULL : "from is a date or a moment in UTC.";
    if (wrong)
        return problem(c, 400, "Malformed", "%s: %s", name, wrong);
    cu_time_text(end ? ns : ms * 1000000, out);
    return 0;
}

static unsigned read_limits(call *c, const json_t *in, cu_store_account *x)
{
    uint64_t ns = 0;
    unsigned status = names_of(c, json_object_get(in, "tenants"), "tenants", known_tenant, x->tenants);
    if (!status)
        status = names_of(c, json_object_get(in, "controls"), "controls", known_control, x->controls);
    if (!status)
        status = moment_of(c, in, "from", false, x->from);
    if (!status)
        status = moment_of(c, in, "to", true, x->to);
    const char *wrong = status ? NULL : form_expires(json_object_get(in, "expires"), &ns);
    if (wrong)
        return problem(c, 400, "Malformed", "%s", wrong);
    if (json_object_get(in, "expires"))
        x->expires = ns / 1000000000;
    return status;
}

static unsigned read_account(call *c, const json_t *in, cu_store_account *x)
{
    const char *role = json_string_value(json_object_get(in, "role"));
    if (role)
        snprintf(x->role, sizeof x->role, "%.15s", role);
    if (json_object_get(in, "role") && !(role_of(x->role) & (ROLE_SOCKET - 1)))
        return problem(c, 400, "Malformed", "role is owner, compliance, security, developer, approver or auditor.");
    if (json_object_get(in, "active"))
        x->active = json_is_true(json_object_get(in, "active"));
    unsigned status = read_limits(c, in, x);
    if (status)
        return status;
    bool auditor = strcmp(x->role, "auditor") == 0;
    if (auditor && x->active && (!x->from[0] || !x->to[0] || !x->expires || strcmp(x->from, x->to) >= 0))
        return problem(c, 400, "Malformed", "An auditor has a window (from before to) and a day on which the seat ends (expires).");
    if (!auditor && (x->from[0] || x->to[0] || x->controls[0]))
        return problem(c, 400, "Malformed", "from, to and controls are for auditors.");
    if (strcmp(x->role, "owner") == 0 && x->tenants[0])
        return problem(c, 400, "Malformed", "An owner is not limited to tenants.");
    return 0;
}

static void put_event(cu_buf *b, const cu_store_account *x)
{
    cu_buf_byte(b, '{');
    cu_buf_json_kv_bool(b, "active", x->active);
    put_list(b, "controls", x->controls);
    cu_buf_json_kv_u64(b, "expires", x->expires);
    cu_buf_json_kv_str(b, "from", x->from);
    cu_buf_json_kv_str(b, "person", x->person);
    cu_buf_json_kv_str(b, "role", x->role);
    put_list(b, "tenants", x->tenants);
    cu_buf_json_kv_str(b, "to", x->to);
    cu_buf_byte(b, '}');
}

cu_err account_set(app *a, const char *type, const char *actor, const cu_store_account *x)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    put_event(&body, x);
    return account_record(a, type, actor, &body);
}

/* --- acts --- */

static unsigned invited(call *c, unsigned status, const char *person)
{
    char token[INVITE_TOKEN], until[CU_TIME_LEN];
    uint64_t until_s;
    cu_store_account x;
    cu_fault f = {0};
    pthread_mutex_lock(&c->a->lock);
    cu_err e = invite(c->a, c->actor, person, token, &until_s, &f);
    pthread_mutex_unlock(&c->a->lock);
    if (e != CU_OK)
        return problem(c, 503, "Not invited", "%s", f.text);
    if (!account_get(c->a, person, &x))
        return problem(c, 404, "Unknown person", "There is no account of this id.");
    cu_time_text(until_s * 1000000000, until);
    cu_buf_str(c->out, "{\"account\":");
    put_account(c->a, c->out, &x);
    cu_buf_json_kv_str(c->out, "invitation", token);
    cu_buf_json_kv_str(c->out, "until", until);
    cu_buf_byte(c->out, '}');
    cu_wipe(token, sizeof token);
    return status;
}

static unsigned add(call *c, const json_t *in)
{
    const char *name = json_string_value(json_object_get(in, "name"));
    cu_store_account x = {.active = true}, there;
    cu_fault f = {0};
    size_t n = name ? strlen(name) : 0;
    for (size_t i = 0; i < n; i++)
        n = (uint8_t)name[i] < 0x20 || name[i] == 0x7f ? PERSON_NAME : n;
    if (!n || n >= PERSON_NAME || !json_object_get(in, "role") || strcmp(name, "operator") == 0 || strcmp(name, "erased") == 0)
        return problem(c, 400, "Malformed", "name (1 to 128 characters, not operator or erased) and role are needed.");
    unsigned status = read_account(c, in, &x);
    if (status)
        return status;
    pthread_mutex_lock(&c->a->lock);
    cu_err e = person_of(c->a, CU_TENANT_ORG, name, x.person, &f);
    bool twice = e == CU_OK && account_get(c->a, x.person, &there);
    if (e == CU_OK && !twice)
        e = account_set(c->a, "person.added", c->actor, &x);
    pthread_mutex_unlock(&c->a->lock);
    if (twice)
        return problem(c, 409, "There already", "This person has an account: change it, or invite her again.");
    return e == CU_OK ? invited(c, 201, x.person) : problem(c, 503, "Not added", "%s", f.code ? f.text : cu_err_text(e));
}

static bool leaves_no_owner(call *c, const cu_store_account *was, bool stays)
{
    return strcmp(was->role, "owner") == 0 && account_good(was) && !stays && owners_beside(c->a, was->person) == 0;
}

static unsigned no_owner(call *c)
{
    return problem(c, 409, "The last owner", "Nobody else is an owner with an account that works: make another one first.");
}

static unsigned change(call *c, const json_t *in)
{
    cu_store_account was, x;
    pthread_mutex_lock(&c->a->lock); /* two owners must not put each other out */
    bool known = account_get(c->a, c->args[0], &was);
    x = was;
    unsigned status = known ? read_account(c, in, &x) : problem(c, 404, "Unknown person", "There is no account of this id.");
    bool last = !status && leaves_no_owner(c, &was, x.active && strcmp(x.role, "owner") == 0 && !x.expires);
    cu_err e = !status && !last ? account_set(c->a, "person.changed", c->actor, &x) : CU_OK;
    pthread_mutex_unlock(&c->a->lock);
    if (status)
        return status;
    if (last)
        return no_owner(c);
    if (e != CU_OK)
        return problem(c, 503, "Not changed", "%s", cu_err_text(e));
    sessions_end(c->a, x.person, NULL);
    put_account(c->a, c->out, &x);
    return 200;
}

static unsigned with_body(call *c, unsigned (*act)(call *c, const json_t *in))
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    unsigned status = json_is_object(in) ? act(c, in) : problem(c, 400, "Malformed", "A JSON object is expected.");
    json_decref(in);
    return status;
}

unsigned add_person(call *c)
{
    return with_body(c, add);
}

unsigned change_person(call *c)
{
    return with_body(c, change);
}

unsigned invite_person(call *c)
{
    cu_store_account x;
    if (!account_get(c->a, c->args[0], &x))
        return problem(c, 404, "Unknown person", "There is no account of this id.");
    if (!x.active)
        return problem(c, 409, "The account has ended", "Make it active again first.");
    if (c->role != ROLE_SOCKET && leaves_no_owner(c, &x, false))
        return no_owner(c);
    return invited(c, 200, x.person);
}

unsigned answer_person_sessions(call *c)
{
    cu_store_account x;
    if (!account_get(c->a, c->args[0], &x))
        return problem(c, 404, "Unknown person", "There is no account of this id.");
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "person", x.person);
    put_sessions(c, x.person);
    cu_buf_byte(c->out, '}');
    return 200;
}

unsigned end_person_sessions(call *c)
{
    cu_store_account x;
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    if (!account_get(c->a, c->args[0], &x))
        return problem(c, 404, "Unknown person", "There is no account of this id.");
    size_t n = sessions_end(c->a, x.person, NULL);
    cu_buf_fmt(&body, "{\"count\":%zu,\"user\":\"%s\"}", n, x.person);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record(c->a, "access.ended", CU_TENANT_ORG, c->actor, &body);
    pthread_mutex_unlock(&c->a->lock);
    return e == CU_OK ? 204 : problem(c, 503, "Not recorded", "The sessions are ended; the entry could not be written: %s", cu_err_text(e));
}
