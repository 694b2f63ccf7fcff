/* Single sign-on: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636), state and nonce. The
 * browser is sent to the provider and comes back with a code, which is exchanged here for an ID token. State,
 * nonce and verifier wait in memory for ten minutes, bound to the browser by a cookie; each is good for one time.
 * What the provider's discovery document and keys say is kept for ten minutes, and asked for anew when a token
 * names a key that is not there. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "base/log.h"
#include "oidc_http.h"
#include "paths.h"
#include "signin/jwt.h"

#define WAITING_MAX 256u
#define WAIT_NS (600ull * 1000000000)
#define KEEP_NS (600ull * 1000000000)

typedef struct {
    char state[65], browser[65], nonce[65], verifier[65];
    uint64_t until_ns;
} waiting;

static struct {
    pthread_mutex_t lock;    /* of waiting */
    waiting v[WAITING_MAX];
    pthread_mutex_t asking;  /* of what follows; held while the provider is asked, at most some 30 seconds */
    uint64_t read_ns;
    char authorize[600], token[600], keys_at[600];
    cu_buf jwks;
} oidc = {.lock = PTHREAD_MUTEX_INITIALIZER, .asking = PTHREAD_MUTEX_INITIALIZER, .jwks = {.ceiling = CU_JWKS_MAX}};

static void draw(char out[65])
{
    uint8_t r[32];
    cu_random(r, sizeof r);
    cu_hex(out, r, sizeof r);
    cu_wipe(r, sizeof r);
}

static const cu_config_signin *config(const call *c)
{
    return &c->a->config->signin;
}

unsigned answer_oidc(call *c)
{
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "name", config(c)->oidc.name ? config(c)->oidc.name : "");
    cu_buf_byte(c->out, '}');
    return 200;
}

/* --- what the provider says of itself --- */

static bool address_of(const json_t *o, const char *name, char out[600])
{
    const char *s = json_string_value(json_object_get(o, name));
    return s && oidc_http_may(s) && snprintf(out, 600, "%s", s) < 600;
}

/* Lock of asking held. */
static cu_err discover(app *a, cu_fault *f)
{
    const char *issuer = a->config->signin.oidc.issuer;
    char url[700];
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_JWKS_MAX);
    size_t n = strlen(issuer);
    snprintf(url, sizeof url, "%.*s/.well-known/openid-configuration", (int)(n - (n && issuer[n - 1] == '/')), issuer);
    CU_TRY(oidc_http(a, url, NULL, &text, f));
    json_t *o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *says = json_string_value(json_object_get(o, "issuer"));
    bool good = says && strcmp(says, issuer) == 0 && address_of(o, "authorization_endpoint", oidc.authorize) &&
                address_of(o, "token_endpoint", oidc.token) && address_of(o, "jwks_uri", oidc.keys_at);
    json_decref(o);
    if (!good)
        return cu_fail(f, CU_DENIED, "the provider's discovery document names another issuer, or no addresses that begin with https://");
    return CU_OK;
}

static cu_err read_keys(app *a, cu_fault *f)
{
    cu_buf_reset(&oidc.jwks);
    return oidc_http(a, oidc.keys_at, NULL, &oidc.jwks, f);
}

static cu_err ready(app *a, bool anew, cu_fault *f)
{
    if (!anew && oidc.read_ns && cu_now_ns() - oidc.read_ns < KEEP_NS)
        return CU_OK;
    oidc.read_ns = 0;
    CU_TRY(discover(a, f));
    CU_TRY(read_keys(a, f));
    oidc.read_ns = cu_now_ns();
    return CU_OK;
}

/* --- there --- */

static void redirect_of(const call *c, char out[400])
{
    const char *own = config(c)->oidc.redirect ? config(c)->oidc.redirect : c->a->config->listen[0].url;
    size_t n = strlen(own);
    snprintf(out, 400, "%.*s/api/v1/oidc/callback", (int)(n - (n && own[n - 1] == '/')), own);
}

static void keep(const waiting *w)
{
    pthread_mutex_lock(&oidc.lock);
    size_t at = 0; /* over one that has ended, or the oldest */
    for (size_t i = 0; i < WAITING_MAX; i++)
        if (oidc.v[i].until_ns < oidc.v[at].until_ns)
            at = i;
    oidc.v[at] = *w;
    pthread_mutex_unlock(&oidc.lock);
}

static unsigned not_set_up(call *c)
{
    return problem(c, 404, "No provider", "custos.yaml names no OpenID provider (signin.oidc).");
}

static void put_authorize(call *c, const waiting *w)
{
    char back[400];
    cu_sha256 h;
    cu_buf challenge CU_CLEAN_BUF = CU_BUF(64), to CU_CLEAN_BUF = CU_BUF(4096);
    cu_sha256_of(cu_str(w->verifier), &h);
    cu_base64url(&challenge, cu_bytes_of(&h, sizeof h));
    redirect_of(c, back);
    cu_buf_fmt(&to, "%s%sresponse_type=code&scope=openid%%20email%%20profile&code_challenge_method=S256", oidc.authorize, strchr(oidc.authorize, '?') ? "&" : "?");
    oidc_put_pair(&to, "code_challenge", cu_buf_cstr(&challenge));
    oidc_put_pair(&to, "client_id", config(c)->oidc.client_id);
    oidc_put_pair(&to, "redirect_uri", back);
    oidc_put_pair(&to, "state", w->state);
    oidc_put_pair(&to, "nonce", w->nonce);
    snprintf(c->location, sizeof c->location, "%s", cu_buf_err(&to) == CU_OK ? cu_buf_cstr(&to) : "/account");
}

/* One at a time, and nobody waits: a provider that does not answer must not hold up the API. */
static unsigned busy(call *c)
{
    return problem(c, 503, "One moment", "Somebody else is signing in through the provider: try again in a moment.");
}

unsigned begin_oidc(call *c)
{
    waiting w = {.until_ns = cu_now_ns() + WAIT_NS};
    cu_fault f = {0};
    if (!config(c)->oidc.name)
        return not_set_up(c);
    uint64_t wait = attempts_wait(NULL, c->address);
    if (wait)
        return signin_too_often(c, wait);
    draw(w.state);
    draw(w.browser);
    draw(w.nonce);
    draw(w.verifier);
    if (pthread_mutex_trylock(&oidc.asking) != 0)
        return busy(c);
    cu_err e = ready(c->a, false, &f);
    if (e == CU_OK)
        put_authorize(c, &w);
    pthread_mutex_unlock(&oidc.asking);
    if (e != CU_OK)
        return problem(c, 502, "The provider does not answer", "%s", f.text);
    keep(&w);
    snprintf(c->cookie, sizeof c->cookie, "custos_oidc=%s; HttpOnly; SameSite=Lax; Path=/api/v1/oidc; Max-Age=600%s", w.browser, c->secure ? "; Secure" : "");
    return 303;
}

/* --- and back --- */

static bool take(const char *state, const char *browser, waiting *out)
{
    bool found = false;
    if (!state || !browser || strlen(state) != 64 || strlen(browser) != 64)
        return false;
    pthread_mutex_lock(&oidc.lock);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        waiting *w = &oidc.v[i];
        if (w->until_ns > cu_now_ns() && cu_equal_ct(w->state, state, 64) && cu_equal_ct(w->browser, browser, 64)) {
            found = true;
            *out = *w;
            *w = (waiting){0}; /* good for one time */
        }
    }
    pthread_mutex_unlock(&oidc.lock);
    return found;
}

/* The claims of the ID token that the code stands for. Lock of asking held. */
static cu_err exchange(call *c, const waiting *w, const char *code, cu_buf *claims, cu_fault *f)
{
    char back[400];
    cu_buf form CU_CLEAN_BUF = CU_BUF(16384), text CU_CLEAN_BUF = CU_BUF(CU_JWKS_MAX);
    redirect_of(c, back);
    cu_buf_str(&form, "grant_type=authorization_code");
    oidc_put_pair(&form, "code", code);
    oidc_put_pair(&form, "redirect_uri", back);
    oidc_put_pair(&form, "code_verifier", w->verifier);
    CU_TRY(cu_buf_err(&form));
    CU_TRY(ready(c->a, false, f));
    CU_TRY(oidc_http(c->a, oidc.token, &form, &text, f));
    json_t *o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(o, "id_token"));
    const cu_jwt_want want = {.issuer = config(c)->oidc.issuer, .audience = config(c)->oidc.client_id, .nonce = w->nonce, .now_s = cu_now_ns() / 1000000000};
    cu_err e = token ? cu_jwt_check(cu_str(token), cu_buf_view(&oidc.jwks), &want, claims, f) : cu_fail(f, CU_SYNTAX, "the provider gave no ID token");
    if (e == CU_SIGNATURE && ready(c->a, true, f) == CU_OK) /* its keys may have been exchanged */
        e = cu_jwt_check(cu_str(token), cu_buf_view(&oidc.jwks), &want, claims, f);
    json_decref(o);
    return e;
}

static bool claims_value(const json_t *claim, const char *value)
{
    const json_t *v;
    size_t i;
    if (json_is_string(claim))
        return strcmp(json_string_value(claim), value) == 0;
    json_array_foreach(claim, i, v)
        if (json_is_string(v) && strcmp(json_string_value(v), value) == 0)
            return true;
    return false;
}

static const char *role_of_claims(const call *c, const json_t *claims)
{
    const cu_config_signin *s = config(c);
    const json_t *claim = json_object_get(claims, s->oidc.role_claim);
    for (size_t i = 0; i < s->oidc.roles_n; i++)
        if (claims_value(claim, s->oidc.roles[i].value))
            return s->oidc.roles[i].role;
    return NULL;
}

/* Whose account that is: found or opened, with the role that the claims give. CU_DENIED: why, in f. a->lock held. */
static cu_err account_of(call *c, const char *name, const char *subject, const char *role, char person[CU_PSEUDONYM_LEN], cu_fault *f)
{
    app *a = c->a;
    cu_store_account x = {.active = true};
    account_keys k = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    CU_TRY(person_of(a, CU_TENANT_ORG, name, person, f));
    bool known = account_get(a, person, &x);
    cu_err e = account_keys_load(a, person, &k, f);
    if (e != CU_OK && e != CU_NOT_FOUND)
        return e;
    bool bound = k.subject[0] != 0;
    if (bound && (strcmp(k.issuer, config(c)->oidc.issuer) != 0 || strcmp(k.subject, subject) != 0))
        return cu_fail(f, CU_DENIED, "somebody else came from the provider under this name before: an owner must end that account first");
    if (known && !bound)
        return cu_fail(f, CU_DENIED, "this name has an account with a password: the provider cannot take it over");
    if (known && !x.active)
        return cu_fail(f, CU_DENIED, "the account has ended");
    bool changed = known && strcmp(x.role, role) != 0;
    if (changed && strcmp(x.role, "owner") == 0 && owners_beside(a, person) == 0)
        return cu_fail(f, CU_DENIED, "the provider takes the last owner's role away: make another owner first");
    snprintf(x.person, sizeof x.person, "%s", person);
    snprintf(x.role, sizeof x.role, "%s", role);
    if (strcmp(role, "owner") == 0)
        x.tenants[0] = 0;
    snprintf(k.issuer, sizeof k.issuer, "%s", config(c)->oidc.issuer);
    snprintf(k.subject, sizeof k.subject, "%s", subject);
    if (!bound)
        CU_TRY(account_keys_save(a, person, &k, f));
    if (!known || changed)
        CU_TRY(account_set(a, known ? "person.changed" : "person.added", "oidc", &x));
    if (changed)
        sessions_end(a, person, NULL);
    if (known && x.joined[0])
        return CU_OK;
    cu_buf_fmt(&body, "{\"how\":\"oidc\",\"person\":\"%s\"}", person);
    return account_record(a, "person.joined", person, &body);
}

static cu_err person_of_claims(call *c, const cu_buf *text, char person[CU_PSEUDONYM_LEN], cu_fault *f)
{
    json_t *claims = json_loadb((const char *)text->p, text->n, 0, NULL);
    const char *claim = config(c)->oidc.name_claim, *name = json_string_value(json_object_get(claims, claim));
    const char *subject = json_string_value(json_object_get(claims, "sub")), *role = role_of_claims(c, claims);
    const json_t *verified = json_object_get(claims, "email_verified");
    cu_err e;
    if (!name || !*name || strlen(name) >= PERSON_NAME || strcmp(name, "operator") == 0)
        e = cu_fail(f, CU_DENIED, "the provider gives no name: claim %.60s", claim);
    else if (strcmp(claim, "email") == 0 && !json_is_true(verified))
        e = cu_fail(f, CU_DENIED, "the provider has not verified the address");
    else if (!role)
        e = cu_fail(f, CU_DENIED, "no role is mapped to what the claim %.60s says", config(c)->oidc.role_claim);
    else {
        pthread_mutex_lock(&c->a->lock);
        e = account_of(c, name, subject, role, person, f);
        pthread_mutex_unlock(&c->a->lock);
    }
    json_decref(claims);
    return e;
}

static unsigned turned_away(call *c, const char *person, const char *why)
{
    bool locked = attempts_failed(NULL, c->address);
    cu_say(CU_LOG_WARN, "a sign-in through the provider was refused: %s", why);
    signin_refused(c, person, "oidc", locked);
    return problem(c, 403, "Not signed in", "%s.", why);
}

unsigned finish_oidc(call *c)
{
    waiting w = {0};
    char person[CU_PSEUDONYM_LEN] = "", token[65];
    cu_fault f = {0};
    cu_buf claims CU_CLEAN_BUF = CU_BUF(CU_JWT_MAX);
    const char *code = c->query(c->query_arg, "code"), *state = c->query(c->query_arg, "state");
    if (!config(c)->oidc.name)
        return not_set_up(c);
    uint64_t wait = attempts_wait(NULL, c->address);
    if (wait)
        return signin_too_often(c, wait);
    if (!take(state, c->oidc_cookie, &w))
        return turned_away(c, "", "this sign-in was not begun in this browser, or longer than ten minutes ago");
    if (!code || strlen(code) > 4096)
        return turned_away(c, "", "the provider refused");
    if (c->a->sealed_ns == 0)
        return problem(c, 503, "Not possible yet", "Custos is starting: try again in a moment.");
    if (pthread_mutex_trylock(&oidc.asking) != 0)
        return busy(c);
    cu_err e = exchange(c, &w, code, &claims, &f);
    pthread_mutex_unlock(&oidc.asking);
    cu_wipe(&w, sizeof w);
    if (e == CU_OK)
        e = person_of_claims(c, &claims, person, &f);
    if (e != CU_OK)
        return turned_away(c, person, f.code ? f.text : cu_err_text(e));
    e = session_begin(c, person, "oidc", token);
    cu_wipe(token, sizeof token);
    if (e != CU_OK)
        return problem(c, 503, "Not recorded", "Nobody is signed in without an entry: %s", cu_err_text(e));
    snprintf(c->location, sizeof c->location, "/");
    return 303;
}
