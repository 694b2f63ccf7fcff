/* Invitations: a link that works once, for a week, and lets a person choose her password and set up her
 * authenticator. Both are needed before she is in. */
#include <jansson.h>
#include <stdio.h>
#include "accounts.h"

#define INVITE_S (7ull * 86400)

static uint64_t now_s(void)
{
    return cu_now_ns() / 1000000000;
}

static void digest_of(const char *secret, cu_sha256 *out)
{
    cu_sha256_of3(CU_LIT("custos invitation\0"), cu_str(secret), CU_NONE, out);
}

cu_err invite(app *a, const char *actor, const char *person, char token[INVITE_TOKEN], uint64_t *until_s, cu_fault *f)
{
    uint8_t r[32];
    char until[CU_TIME_LEN];
    account_keys k = {0}; /* what she signed in with before is gone */
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    cu_random(r, sizeof r);
    cu_random(k.next_totp, sizeof k.next_totp);
    snprintf(token, INVITE_TOKEN, "%s", person + 2);
    cu_hex(token + 32, r, sizeof r);
    digest_of(token + 32, &k.invite);
    *until_s = k.invite_until = k.next_until = now_s() + INVITE_S;
    cu_time_text(*until_s * 1000000000, until);
    cu_buf_fmt(&body, "{\"person\":\"%s\",\"until\":\"%s\"}", person, until);
    cu_err e = account_record(a, "person.invited", actor, &body);
    if (e == CU_OK)
        e = account_keys_save(a, person, &k, f);
    cu_wipe(&k, sizeof k);
    sessions_end(a, person, NULL);
    return e == CU_OK || f->code ? e : cu_fail(f, e, "the invitation could not be recorded: %s", cu_err_text(e));
}

/* Whose invitation that is; false: nobody's, or not any more. */
static bool of_token(call *c, const char *token, cu_store_account *x, account_keys *k)
{
    char person[CU_PSEUDONYM_LEN];
    cu_sha256 h;
    cu_fault f = {0};
    if (!token || strlen(token) != INVITE_TOKEN - 1 || strspn(token, "0123456789abcdef") != INVITE_TOKEN - 1)
        return false;
    snprintf(person, sizeof person, "p_%.32s", token);
    digest_of(token + 32, &h);
    return account_get(c->a, person, x) && x->active && account_keys_load(c->a, person, k, &f) == CU_OK && k->invite_until > now_s() &&
           cu_equal_ct(&k->invite, &h, sizeof h);
}

static unsigned ended(call *c)
{
    return problem(c, 404, "The invitation has ended", "It was used before, is older than a week, or was replaced. Ask an owner for a new one.");
}

static unsigned show(call *c, const cu_store_account *x, const account_keys *k)
{
    char name[PERSON_NAME];
    cu_buf secret CU_CLEAN_BUF = CU_BUF(64), uri CU_CLEAN_BUF = CU_BUF(1024);
    person_name(c->a, x->person, name);
    cu_base32(&secret, cu_bytes_of(k->next_totp, CU_TOTP_SECRET));
    cu_totp_uri(&uri, name, cu_bytes_of(k->next_totp, CU_TOTP_SECRET));
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "name", name);
    cu_buf_json_kv_str(c->out, "role", x->role);
    cu_buf_json_kv(c->out, "secret", cu_buf_view(&secret));
    cu_buf_json_kv(c->out, "otpauth", cu_buf_view(&uri));
    cu_buf_byte(c->out, '}');
    return 200;
}

/* The keys first, then the entry: without it she is not in, and the link still works. */
static cu_err join(call *c, const char *person, account_keys *k, const char *password, uint64_t step, char codes[RECOVERY_CODES][CU_RECOVERY_CODE],
                   cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    account_keys fresh = {.step = step, .has_totp = true};
    CU_TRY(cu_password_hash(cu_str(password), fresh.password));
    memcpy(fresh.totp, k->next_totp, sizeof fresh.totp);
    recovery_codes_new(&fresh, codes);
    cu_buf_fmt(&body, "{\"how\":\"password\",\"person\":\"%s\"}", person);
    cu_err e = account_keys_save(c->a, person, &fresh, f);
    pthread_mutex_lock(&c->a->lock);
    if (e == CU_OK)
        e = account_record(c->a, "person.joined", person, &body);
    pthread_mutex_unlock(&c->a->lock);
    if (e != CU_OK)
        (void)!account_keys_save(c->a, person, k, f);
    cu_wipe(&fresh, sizeof fresh);
    return e;
}

void put_codes(cu_buf *b, char codes[RECOVERY_CODES][CU_RECOVERY_CODE])
{
    cu_buf_str(b, "{\"recovery\":[");
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        cu_buf_fmt(b, "%s\"%s\"", i ? "," : "", codes[i]);
    cu_buf_str(b, "]}");
}

static unsigned accept(call *c, const cu_store_account *x, account_keys *k, const char *password, const char *code)
{
    char name[PERSON_NAME], token[65], codes[RECOVERY_CODES][CU_RECOVERY_CODE];
    uint64_t step;
    cu_fault f = {0};
    person_name(c->a, x->person, name);
    const char *weak = cu_password_refused(cu_str(password), name);
    if (weak)
        return problem(c, 400, "Another password", "%s", weak);
    if (!cu_totp_holds(cu_bytes_of(k->next_totp, CU_TOTP_SECRET), cu_str(code), now_s(), 0, &step)) {
        bool locked = attempts_failed(x->person, c->address);
        signin_refused(c, x->person, "code", locked);
        return problem(c, 400, "Another code", "The code is not the one that your app should show now: are the clocks right?");
    }
    cu_err e = join(c, x->person, k, password, step, codes, &f);
    if (e == CU_OK)
        e = session_begin(c, x->person, "password", token);
    if (e == CU_OK)
        put_codes(c->out, codes);
    cu_wipe(codes, sizeof codes);
    cu_wipe(token, sizeof token);
    return e == CU_OK ? 200 : problem(c, 503, "Not possible now", "%s", f.code ? f.text : cu_err_text(e));
}

/* One at a time: a link works once. */
static pthread_mutex_t joining = PTHREAD_MUTEX_INITIALIZER;

static unsigned with_invitation(call *c, bool accepts)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(in, "token")), *password = json_string_value(json_object_get(in, "password"));
    const char *code = json_string_value(json_object_get(in, "code"));
    cu_store_account x;
    account_keys k = {0};
    unsigned status;
    pthread_mutex_lock(&joining);
    bool mine = of_token(c, token, &x, &k);
    uint64_t wait = attempts_wait(mine ? x.person : NULL, c->address);
    if (wait)
        status = signin_too_often(c, wait);
    else if (!mine) {
        (void)attempts_failed(NULL, c->address);
        status = ended(c);
    } else if (!accepts)
        status = show(c, &x, &k);
    else
        status = password && code ? accept(c, &x, &k, password, code) : problem(c, 400, "Malformed", "password and code are needed.");
    pthread_mutex_unlock(&joining);
    cu_wipe(&k, sizeof k);
    json_decref(in);
    return status;
}

unsigned answer_invitation(call *c)
{
    return with_invitation(c, false);
}

unsigned accept_invitation(call *c)
{
    return with_invitation(c, true);
}
