/* Sessions: a random token in a cookie, of which the daemon keeps the digest, in memory alone: a restart
 * signs everybody out. A session ends when it was not used for a while, at the latest after its time, and
 * at once when its person loses her account or her role. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "base/log.h"

#define SIGNIN_NS (15ull * 60 * 1000000000)
#define SESSIONS_MAX 1024u
#define SESSIONS_OF_ONE 16u

struct sessions {
    pthread_mutex_t lock;
    session v[SESSIONS_MAX];
};

cu_err sessions_open(app *a)
{
    a->sessions = calloc(1, sizeof *a->sessions);
    if (!a->sessions)
        return CU_NOMEM;
    pthread_mutex_init(&a->sessions->lock, NULL);
    return CU_OK;
}

void sessions_close(app *a)
{
    if (!a->sessions)
        return;
    pthread_mutex_destroy(&a->sessions->lock);
    free(a->sessions);
    a->sessions = NULL;
}

static void digest_of(const char *token, uint8_t out[32])
{
    cu_sha256 h;
    cu_sha256_of(cu_str(token), &h);
    memcpy(out, h.b, 32);
}

static bool over(const app *a, const session *s, uint64_t now)
{
    return s->until_ns <= now || s->seen_ns + a->config->signin.idle_s * 1000000000ull <= now;
}

/* Lock held. */
static session *by_token(app *a, const char *token)
{
    uint8_t hash[32];
    session *hit = NULL;
    if (!token || strlen(token) != 64)
        return NULL;
    digest_of(token, hash);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        session *s = &a->sessions->v[i];
        if (s->until_ns && cu_equal_ct(s->hash, hash, sizeof hash))
            hit = s;
    }
    return hit;
}

bool session_find(app *a, const char *token, bool touch, session *out)
{
    uint64_t now = cu_now_ns();
    pthread_mutex_lock(&a->sessions->lock);
    session *s = by_token(a, token);
    bool ok = s && !over(a, s, now);
    if (ok && touch)
        s->seen_ns = now;
    if (ok)
        *out = *s;
    else if (s)
        *s = (session){0};
    pthread_mutex_unlock(&a->sessions->lock);
    return ok;
}

size_t sessions_of(app *a, const char *person, session *out, size_t most)
{
    uint64_t now = cu_now_ns();
    size_t n = 0;
    pthread_mutex_lock(&a->sessions->lock);
    for (size_t i = 0; i < SESSIONS_MAX && n < most; i++) {
        const session *s = &a->sessions->v[i];
        if (s->until_ns && !over(a, s, now) && strcmp(s->person, person) == 0)
            out[n++] = *s;
    }
    pthread_mutex_unlock(&a->sessions->lock);
    return n;
}

size_t sessions_end(app *a, const char *person, const char *keep)
{
    size_t n = 0;
    pthread_mutex_lock(&a->sessions->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        session *s = &a->sessions->v[i];
        if (s->until_ns && strcmp(s->person, person) == 0 && !(keep && strcmp(s->id, keep) == 0)) {
            *s = (session){0};
            n++;
        }
    }
    pthread_mutex_unlock(&a->sessions->lock);
    return n;
}

bool session_end_one(app *a, const char *person, const char *id)
{
    bool found = false;
    pthread_mutex_lock(&a->sessions->lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        session *s = &a->sessions->v[i];
        if (s->until_ns && strcmp(s->person, person) == 0 && strcmp(s->id, id) == 0) {
            *s = (session){0};
            found = true;
        }
    }
    pthread_mutex_unlock(&a->sessions->lock);
    return found;
}

/* A free place, one that is over, or the oldest: of her own when she has many, else of all. Lock held. */
static session *place(app *a, const char *person, uint64_t now)
{
    session *free_one = NULL, *oldest = NULL, *own = NULL;
    size_t mine = 0;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        session *s = &a->sessions->v[i];
        if (!s->until_ns || over(a, s, now)) {
            free_one = s;
            continue;
        }
        if (!oldest || s->seen_ns < oldest->seen_ns)
            oldest = s;
        if (strcmp(s->person, person) == 0) {
            mine++;
            if (!own || s->seen_ns < own->seen_ns)
                own = s;
        }
    }
    return mine >= SESSIONS_OF_ONE ? own : free_one ? free_one : oldest;
}

static void set_cookie(call *c, const char *token, bool set)
{
    snprintf(c->cookie, sizeof c->cookie, "custos_session=%s; HttpOnly; SameSite=Strict; Path=/%s%s", token, c->secure ? "; Secure" : "",
             set ? "" : "; Max-Age=0");
}

cu_err session_begin(call *c, const char *person, const char *how, char token[65])
{
    app *a = c->a;
    uint8_t r[32];
    uint64_t now = cu_now_ns();
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    cu_random(r, sizeof r);
    cu_hex(token, r, sizeof r);
    cu_wipe(r, sizeof r);
    cu_buf_fmt(&body, "{\"how\":\"%s\",\"user\":\"%s\"}", how, person);
    pthread_mutex_lock(&a->lock);
    cu_err e = account_record(a, "access.signed_in", person, &body);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        return e;
    pthread_mutex_lock(&a->sessions->lock);
    session *old = by_token(a, c->token), *s;
    if (old)
        *old = (session){0};
    s = place(a, person, now);
    *s = (session){.began_ns = now, .seen_ns = now, .until_ns = now + a->config->signin.session_s * 1000000000ull};
    digest_of(token, s->hash);
    cu_id_new(s->id);
    snprintf(s->person, sizeof s->person, "%s", person);
    snprintf(s->how, sizeof s->how, "%s", how);
    snprintf(s->address, sizeof s->address, "%s", c->address);
    pthread_mutex_unlock(&a->sessions->lock);
    set_cookie(c, token, true);
    return CU_OK;
}

unsigned end_session(call *c)
{
    session s;
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    if (session_find(c->a, c->token, false, &s)) {
        session_end_one(c->a, s.person, s.id);
        cu_buf_fmt(&body, "{\"user\":\"%s\"}", s.person);
        pthread_mutex_lock(&c->a->lock);
        if (record(c->a, "access.signed_out", CU_TENANT_ORG, s.person, &body) != CU_OK)
            cu_say(CU_LOG_ERROR, "a sign-out could not be recorded");
        pthread_mutex_unlock(&c->a->lock);
    }
    set_cookie(c, "", false);
    return 204;
}

/* --- the one-time link --- */

static secret_until *find(secret_until *v, const char *token)
{
    size_t n = token ? strlen(token) : 0;
    for (size_t i = 0; n == 32 && i < SIGNINS; i++)
        if (v[i].until_ns > cu_now_ns() && cu_equal_ct(v[i].token, token, n))
            return &v[i];
    return NULL;
}

bool signin_token_use(app *a, const char *token)
{
    pthread_mutex_lock(&a->lock);
    secret_until *t = find(a->signins, token);
    if (t)
        t->until_ns = 0; /* good for one time */
    pthread_mutex_unlock(&a->lock);
    return t != NULL;
}

unsigned answer_signin(call *c)
{
    char token[TOKEN_MAX], until[CU_TIME_LEN];
    uint8_t r[16];
    uint64_t end = cu_now_ns() + SIGNIN_NS;
    cu_random(r, sizeof r);
    cu_hex(token, r, sizeof r);
    pthread_mutex_lock(&c->a->lock);
    size_t at = 0; /* over one that has ended, or the oldest */
    for (size_t i = 0; i < SIGNINS; i++)
        if (c->a->signins[i].until_ns < c->a->signins[at].until_ns)
            at = i;
    snprintf(c->a->signins[at].token, TOKEN_MAX, "%s", token);
    c->a->signins[at].until_ns = end;
    pthread_mutex_unlock(&c->a->lock);
    cu_time_text(end, until);
    cu_buf_fmt(c->out, "{\"token\":\"%s\",\"expires\":\"%s\"}", token, until);
    return 201;
}
