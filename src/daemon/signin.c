/* Signing in: by the one-time link, or by name, password and code. Whoever is wrong learns only that
 * something is wrong, after the same work. */
#include <jansson.h>
#include <stdio.h>
#include "accounts.h"
#include "base/log.h"
#include "paths.h"

/* One hashing at a time: it takes 64 MiB, and a code must not be used twice at the same moment. */
static pthread_mutex_t proving = PTHREAD_MUTEX_INITIALIZER;

/* What a person without a password is held against. */
static const char *stand_in(void)
{
    static char hash[CU_PASSWORD_HASH];
    uint8_t r[16];
    cu_random(r, sizeof r);
    if (!hash[0] && cu_password_hash(cu_bytes_of(r, sizeof r), hash) != CU_OK)
        hash[0] = 0;
    return hash;
}

bool signin_proves(app *a, account_keys *k, const char *password, const char *code)
{
    static const uint8_t nothing[CU_TOTP_SECRET];
    uint64_t step = 0;
    bool has = k && k->password[0] && k->has_totp;
    const char *dummy = stand_in();
    bool word = cu_password_holds(has ? k->password : dummy, cu_str(password));
    bool once = cu_totp_holds(cu_bytes_of(has ? k->totp : nothing, CU_TOTP_SECRET), cu_str(code), cu_now_ns() / 1000000000, has ? k->step : 0, &step);
    if (!has || !word)
        return false;
    if (once)
        k->step = step;
    return once || recovery_code_use(k, code);
}

unsigned signin_too_often(call *c, uint64_t wait_s)
{
    return problem(c, 429, "Too many attempts", "Try again in %llu minutes.", (unsigned long long)(wait_s + 59) / 60);
}

void signin_refused(call *c, const char *person, const char *reason, bool locked)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    pthread_mutex_lock(&c->a->lock);
    cu_buf_fmt(&body, "{\"locked\":%s,\"reason\":\"%s\",\"user\":\"%s\"}", locked ? "true" : "false", reason, person);
    if (record(c->a, "access.refused", CU_TENANT_ORG, "daemon", &body) != CU_OK)
        cu_say(CU_LOG_ERROR, "a refused sign-in could not be recorded");
    pthread_mutex_unlock(&c->a->lock);
}

static unsigned begun(call *c, const char *person, const char *how)
{
    char token[65];
    cu_err e = session_begin(c, person, how, token);
    if (e != CU_OK)
        return problem(c, 503, "Not recorded", "Nobody is signed in without an entry: %s", cu_err_text(e));
    if (c->role == ROLE_SOCKET)
        cu_buf_fmt(c->out, "{\"session\":\"%s\"}", token);
    cu_wipe(token, sizeof token);
    return c->role == ROLE_SOCKET ? 201 : 204;
}

static unsigned by_link(call *c, const char *token)
{
    uint64_t wait = attempts_wait(NULL, c->address);
    if (wait)
        return signin_too_often(c, wait);
    if (signin_token_use(c->a, token))
        return begun(c, "operator", "link");
    (void)attempts_failed(NULL, c->address);
    return problem(c, 401, "The link has ended", "It was used before, or is older than 15 minutes. Make a new one with: custos signin");
}

/* Who of this name may sign in; k: what she signs in with. Why not, for the log. */
static const char *look_up(app *a, const char *name, char person[CU_PSEUDONYM_LEN], account_keys *k)
{
    cu_store_account x;
    cu_fault f = {0};
    cu_err e = person_find(a, CU_TENANT_ORG, name, person, &f);
    if (e == CU_NOT_FOUND || (e == CU_OK && !account_get(a, person, &x))) {
        person[0] = 0;
        return "unknown";
    }
    if (e == CU_OK)
        e = account_keys_load(a, person, k, &f);
    if (e != CU_OK)
        return e == CU_NOT_FOUND ? "not_joined" : "unreadable";
    return account_good(&x) ? NULL : !x.joined[0] ? "not_joined" : "inactive";
}

static unsigned by_password(call *c, const char *name, const char *password, const char *code)
{
    char person[CU_PSEUDONYM_LEN] = "";
    account_keys k = {0};
    cu_fault f = {0};
    uint64_t wait = attempts_wait(name, c->address);
    if (wait)
        return signin_too_often(c, wait);
    pthread_mutex_lock(&proving);
    const char *why = look_up(c->a, name, person, &k);
    bool held = signin_proves(c->a, why ? NULL : &k, password, code);
    cu_err e = held ? account_keys_save(c->a, person, &k, &f) : CU_OK; /* the code is used up before it opens anything */
    pthread_mutex_unlock(&proving);
    cu_wipe(&k, sizeof k);
    if (held && e == CU_OK) {
        attempts_passed(name, c->address);
        return begun(c, person, "password");
    }
    if (held)
        return problem(c, 503, "Not possible now", "%s", f.text);
    bool locked = attempts_failed(name, c->address);
    if (person[0] || locked)
        signin_refused(c, person, why ? why : "password_or_code", locked);
    return problem(c, 401, "Not signed in", "Name, password or code is wrong. A code works once.");
}

unsigned begin_session(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(in, "token")), *name = json_string_value(json_object_get(in, "name"));
    const char *password = json_string_value(json_object_get(in, "password")), *code = json_string_value(json_object_get(in, "code"));
    unsigned status;
    if (token)
        status = by_link(c, token);
    else if (!name || !*name || strlen(name) >= PERSON_NAME || !password || !code || strlen(code) > 32)
        status = problem(c, 400, "Malformed", "token is needed (of a link), or name, password and code.");
    else if (c->a->sealed_ns == 0)
        status = problem(c, 503, "Not possible yet", "Custos is starting: what the log says of people is not read yet. Try again in a moment.");
    else
        status = by_password(c, name, password, code);
    json_decref(in);
    return status;
}

unsigned answer_session(call *c)
{
    char name[PERSON_NAME], until[CU_TIME_LEN];
    session s;
    bool have = session_find(c->a, c->token, false, &s);
    person_name(c->a, c->actor, name);
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "user", name);
    cu_buf_json_kv_str(c->out, "person", c->actor);
    cu_buf_json_kv_str(c->out, "role", role_name(c->role));
    put_list(c->out, "tenants", c->who.tenants);
    put_list(c->out, "controls", c->who.controls);
    cu_buf_json_kv_str(c->out, "from", c->who.from);
    cu_buf_json_kv_str(c->out, "to", c->who.to);
    if (have) {
        cu_time_text(s.until_ns, until);
        cu_buf_json_kv_str(c->out, "until", until);
    }
    cu_buf_byte(c->out, '}');
    return 200;
}
