/* Sign-in by a one-time token, then a cookie. Kept in memory: a restart signs everybody out. */
#include <jansson.h>
#include <stdio.h>
#include "app.h"

#define SIGNIN_NS (15ull * 60 * 1000000000)
#define SESSION_NS (12ull * 3600 * 1000000000)

static void new_token(char out[TOKEN_MAX])
{
    uint8_t r[16];
    cu_random(r, sizeof r);
    cu_hex(out, r, sizeof r);
}

/* Puts a token into the table, over an ended or the oldest one. */
static void keep(secret_until *table, const char *token, uint64_t until)
{
    size_t at = 0;
    for (size_t i = 0; i < SESSIONS; i++)
        if (table[i].until_ns < table[at].until_ns)
            at = i;
    snprintf(table[at].token, TOKEN_MAX, "%s", token);
    table[at].until_ns = until;
}

static secret_until *find(secret_until *table, const char *token)
{
    size_t n = token ? strlen(token) : 0;
    for (size_t i = 0; n == 32 && i < SESSIONS; i++)
        if (table[i].until_ns > cu_now_ns() && cu_equal_ct(table[i].token, token, n))
            return &table[i];
    return NULL;
}

bool session_holds(app *a, const char *token)
{
    pthread_mutex_lock(&a->lock);
    bool ok = find(a->sessions, token) != NULL;
    pthread_mutex_unlock(&a->lock);
    return ok;
}

unsigned begin_session(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(in, "token"));
    char mine[TOKEN_MAX];
    pthread_mutex_lock(&c->a->lock);
    secret_until *t = find(c->a->signins, token);
    if (t) {
        t->until_ns = 0; /* good for one time */
        new_token(mine);
        keep(c->a->sessions, mine, cu_now_ns() + SESSION_NS);
        cu_buf body CU_CLEAN_BUF = CU_BUF(256);
        cu_buf_str(&body, "{\"user\":\"operator\"}");
        if (record(c->a, "access.signed_in", CU_TENANT_ORG, "operator", &body) != CU_OK)
            t = NULL;
    }
    pthread_mutex_unlock(&c->a->lock);
    json_decref(in);
    if (!t)
        return problem(c, 401, "The link has ended", "It was used before, or is older than 15 minutes. Make a new one with: custos signin");
    snprintf(c->cookie, sizeof c->cookie, "custos_session=%s; HttpOnly; SameSite=Strict; Path=/", mine);
    return 204;
}

unsigned end_session(call *c)
{
    pthread_mutex_lock(&c->a->lock);
    secret_until *t = find(c->a->sessions, c->token);
    if (t)
        t->until_ns = 0;
    pthread_mutex_unlock(&c->a->lock);
    snprintf(c->cookie, sizeof c->cookie, "custos_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    return 204;
}

unsigned answer_session(call *c)
{
    cu_buf_fmt(c->out, "{\"user\":\"%s\"}", c->actor);
    return 200;
}

unsigned answer_signin(call *c)
{
    char token[TOKEN_MAX], until[CU_TIME_LEN];
    uint64_t end = cu_now_ns() + SIGNIN_NS;
    new_token(token);
    pthread_mutex_lock(&c->a->lock);
    keep(c->a->signins, token, end);
    pthread_mutex_unlock(&c->a->lock);
    cu_time_text(end, until);
    cu_buf_fmt(c->out, "{\"token\":\"%s\",\"expires\":\"%s\"}", token, until);
    return 201;
}
