/* What a person does to her own account: password, authenticator, sessions. Each change asks for the
 * password and a code again, ends her other sessions, and is an entry. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "paths.h"

#define OFFER_S 600u
#define SHOWN_MAX 16u

void put_session(cu_buf *b, const session *s, bool this_one)
{
    char at[CU_TIME_LEN];
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "id", s->id);
    cu_time_text(s->began_ns, at);
    cu_buf_json_kv_str(b, "began", at);
    cu_time_text(s->seen_ns, at);
    cu_buf_json_kv_str(b, "seen", at);
    cu_time_text(s->until_ns, at);
    cu_buf_json_kv_str(b, "until", at);
    cu_buf_json_kv_str(b, "how", s->how);
    cu_buf_json_kv_str(b, "address", s->address);
    cu_buf_json_kv_bool(b, "this", this_one);
    cu_buf_byte(b, '}');
}

void put_sessions(call *c, const char *person)
{
    session mine, *v = calloc(SHOWN_MAX, sizeof *v);
    bool have = session_find(c->a, c->token, false, &mine);
    size_t n = v ? sessions_of(c->a, person, v, SHOWN_MAX) : 0;
    cu_buf_json_key(c->out, "sessions");
    cu_buf_byte(c->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(c->out, ',');
        put_session(c->out, &v[i], have && strcmp(v[i].id, mine.id) == 0);
    }
    cu_buf_byte(c->out, ']');
    free(v);
}

unsigned answer_account(call *c)
{
    account_keys k = {0};
    cu_fault f = {0};
    bool person = is_pseudonym(c->actor);
    if (person && account_keys_load(c->a, c->actor, &k, &f) != CU_OK)
        k = (account_keys){0};
    cu_buf_byte(c->out, '{');
    cu_buf_json_key(c->out, "account");
    if (person)
        put_account(c->a, c->out, &c->who);
    else
        cu_buf_str(c->out, "null");
    cu_buf_json_kv_bool(c->out, "password", k.password[0] != 0);
    cu_buf_json_kv_u64(c->out, "recovery_codes", k.recovery_n);
    put_sessions(c, c->actor);
    cu_buf_byte(c->out, '}');
    cu_wipe(&k, sizeof k);
    return 200;
}

unsigned end_own_session(call *c)
{
    return session_end_one(c->a, c->actor, c->args[0]) ? 204 : problem(c, 404, "Unknown session", "You have no session of this id; it may have ended.");
}

/* One at a time: a code must not be used twice at the same moment. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

/* Password and code of whoever asks: 0, and her keys, with the code used up. Else a problem. */
static unsigned prove(call *c, const json_t *in, account_keys *k)
{
    const char *password = json_string_value(json_object_get(in, "password")), *code = json_string_value(json_object_get(in, "code"));
    cu_fault f = {0};
    uint64_t wait = attempts_wait(c->actor, c->address);
    if (wait)
        return signin_too_often(c, wait);
    if (!is_pseudonym(c->actor))
        return problem(c, 409, "No account", "The one-time link belongs to nobody: add an account with custos person add.");
    if (!password || !code || strlen(code) > 32)
        return problem(c, 400, "Malformed", "password and code are needed.");
    if (account_keys_load(c->a, c->actor, k, &f) != CU_OK || !k->password[0])
        return problem(c, 409, "No password", "You sign in through your organisation's provider: there is nothing to change here.");
    if (!signin_proves(c->a, k, password, code)) {
        bool locked = attempts_failed(c->actor, c->address);
        signin_refused(c, c->actor, "password_or_code", locked);
        return problem(c, 403, "Not you", "Password or code is wrong. A code works once.");
    }
    return account_keys_save(c->a, c->actor, k, &f) == CU_OK ? 0 : problem(c, 503, "Not possible now", "%s", f.text);
}

/* The entry first, then the keys. */
static unsigned keep(call *c, const account_keys *k, const char *what)
{
    session mine;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    cu_buf_fmt(&body, "{\"person\":\"%s\",\"what\":\"%s\"}", c->actor, what);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record(c->a, "person.credential_changed", CU_TENANT_ORG, c->actor, &body);
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_OK)
        e = account_keys_save(c->a, c->actor, k, &f);
    if (e != CU_OK)
        return problem(c, 503, "Not possible now", "%s", f.code ? f.text : cu_err_text(e));
    sessions_end(c->a, c->actor, session_find(c->a, c->token, true, &mine) ? mine.id : NULL);
    return 0;
}

static unsigned new_password(call *c, const json_t *in, account_keys *k)
{
    char name[PERSON_NAME];
    const char *fresh = json_string_value(json_object_get(in, "new"));
    person_name(c->a, c->actor, name);
    const char *weak = fresh ? cu_password_refused(cu_str(fresh), name) : "new is needed: the new password.";
    unsigned status = weak ? problem(c, 400, "Another password", "%s", weak) : prove(c, in, k);
    if (status)
        return status;
    if (cu_password_hash(cu_str(fresh), k->password) != CU_OK)
        return problem(c, 503, "Not possible now", "There is not enough memory.");
    status = keep(c, k, "password");
    return status ? status : 204;
}

static unsigned new_codes(call *c, const json_t *in, account_keys *k)
{
    char name[PERSON_NAME];
    cu_fault f = {0};
    cu_buf secret CU_CLEAN_BUF = CU_BUF(64), uri CU_CLEAN_BUF = CU_BUF(1024);
    unsigned status = prove(c, in, k);
    if (status)
        return status;
    cu_random(k->next_totp, sizeof k->next_totp);
    k->next_until = cu_now_ns() / 1000000000 + OFFER_S;
    if (account_keys_save(c->a, c->actor, k, &f) != CU_OK)
        return problem(c, 503, "Not possible now", "%s", f.text);
    person_name(c->a, c->actor, name);
    cu_base32(&secret, cu_bytes_of(k->next_totp, CU_TOTP_SECRET));
    cu_totp_uri(&uri, name, cu_bytes_of(k->next_totp, CU_TOTP_SECRET));
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv(c->out, "secret", cu_buf_view(&secret));
    cu_buf_json_kv(c->out, "otpauth", cu_buf_view(&uri));
    cu_buf_byte(c->out, '}');
    return 200;
}

static unsigned confirmed(call *c, const json_t *in, account_keys *k)
{
    const char *code = json_string_value(json_object_get(in, "code"));
    char codes[RECOVERY_CODES][CU_RECOVERY_CODE];
    uint64_t step, now = cu_now_ns() / 1000000000, wait = attempts_wait(c->actor, c->address);
    cu_fault f = {0};
    if (wait)
        return signin_too_often(c, wait);
    if (!is_pseudonym(c->actor) || account_keys_load(c->a, c->actor, k, &f) != CU_OK || k->next_until < now)
        return problem(c, 409, "Nothing to confirm", "Ask for a new secret first; it is good for ten minutes.");
    if (!code || !cu_totp_holds(cu_bytes_of(k->next_totp, CU_TOTP_SECRET), cu_str(code), now, 0, &step)) {
        (void)attempts_failed(c->actor, c->address);
        return problem(c, 400, "Another code", "The code is not the one that your app should show now: are the clocks right?");
    }
    memcpy(k->totp, k->next_totp, sizeof k->totp);
    k->has_totp = true;
    k->step = step;
    k->next_until = 0;
    recovery_codes_new(k, codes);
    unsigned status = keep(c, k, "codes");
    if (!status)
        put_codes(c->out, codes);
    cu_wipe(codes, sizeof codes);
    return status ? status : 200;
}

static unsigned with_body(call *c, unsigned (*act)(call *c, const json_t *in, account_keys *k))
{
    account_keys k = {0};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    pthread_mutex_lock(&changing);
    unsigned status = json_is_object(in) ? act(c, in, &k) : problem(c, 400, "Malformed", "A JSON object is expected.");
    pthread_mutex_unlock(&changing);
    cu_wipe(&k, sizeof k);
    json_decref(in);
    return status;
}

unsigned change_password(call *c)
{
    return with_body(c, new_password);
}

unsigned offer_codes(call *c)
{
    return with_body(c, new_codes);
}

unsigned confirm_codes(call *c)
{
    return with_body(c, confirmed);
}
