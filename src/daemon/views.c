/* What an auditor looked at, and who of ours looked at what her seat shows: which operation, of what, how often. The views of a minute are one entry; what was
 * not written yet is written when the daemon stops, or when there is no more room. A crash loses a minute. */
#include <stdio.h>
#include "accounts.h"
#include "base/log.h"
#include "limited.h"
#include "paths.h"

#define VIEWS_MAX 64u
#define MINUTE_NS (60ull * 1000000000)

typedef struct {
    char person[CU_PSEUDONYM_LEN], seat[CU_PSEUDONYM_LEN], operation[80], subject[3 * PATH_ARG];
    uint64_t first_ns, last_ns, count; /* count 0: free */
} view;

static struct {
    pthread_mutex_t lock;
    view v[VIEWS_MAX];
} views = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Lock held. */
static void write_one(app *a, view *v)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    cu_time_text(v->first_ns, from);
    cu_time_text(v->last_ns, to);
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_u64(&body, "count", v->count);
    cu_buf_json_kv_str(&body, "first", from);
    cu_buf_json_kv_str(&body, "last", to);
    cu_buf_json_kv_str(&body, "operation", v->operation);
    if (v->seat[0])
        cu_buf_json_kv_str(&body, "seat", v->seat);
    cu_buf_json_kv_str(&body, "subject", v->subject);
    cu_buf_json_kv_str(&body, "user", v->person);
    cu_buf_byte(&body, '}');
    pthread_mutex_lock(&a->lock);
    cu_err e = record(a, v->seat[0] ? "auditor.previewed" : "auditor.viewed", CU_TENANT_ORG, v->person, &body);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "what an auditor looked at could not be recorded: %s", cu_err_text(e));
    *v = (view){0};
}

void views_write(app *a, bool all)
{
    uint64_t now = cu_now_ns();
    pthread_mutex_lock(&views.lock);
    for (size_t i = 0; i < VIEWS_MAX; i++)
        if (views.v[i].count && (all || now - views.v[i].first_ns >= MINUTE_NS))
            write_one(a, &views.v[i]);
    pthread_mutex_unlock(&views.lock);
}

static view *place(app *a, const view *want)
{
    view *free_one = NULL, *oldest = &views.v[0];
    for (size_t i = 0; i < VIEWS_MAX; i++) {
        view *v = &views.v[i];
        if (v->count && strcmp(v->person, want->person) == 0 && strcmp(v->seat, want->seat) == 0 && strcmp(v->operation, want->operation) == 0 && strcmp(v->subject, want->subject) == 0)
            return v;
        if (!v->count)
            free_one = v;
        else if (v->first_ns < oldest->first_ns)
            oldest = v;
    }
    if (!free_one)
        write_one(a, free_one = oldest);
    *free_one = *want;
    return free_one;
}

void view_note(call *c, const char *operation)
{
    view want = {.first_ns = cu_now_ns()};
    snprintf(want.person, sizeof want.person, "%.*s", CU_PSEUDONYM_LEN - 1, c->actor);
    if (c->preview)
        snprintf(want.seat, sizeof want.seat, "%.*s", CU_PSEUDONYM_LEN - 1, c->who.person);
    snprintf(want.operation, sizeof want.operation, "%s", operation);
    for (size_t i = 0; i < 3 && c->args[i][0]; i++)
        snprintf(want.subject + strlen(want.subject), sizeof want.subject - strlen(want.subject), "%s%s", i ? " " : "", c->args[i]);
    pthread_mutex_lock(&views.lock);
    view *v = place(c->a, &want);
    v->last_ns = want.first_ns;
    v->count++;
    pthread_mutex_unlock(&views.lock);
}
