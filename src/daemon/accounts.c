#include "accounts.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "paths.h"

#define ACCOUNTS_MAX 10000u

typedef struct {
    cu_store_account x;
    char last_id[CU_ID_LEN]; /* of the newest entry that was applied before it was sealed */
} kept;

struct accounts {
    pthread_mutex_t lock;
    kept *v;
    size_t n, cap;
};

static kept *find(struct accounts *s, const char *person)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].x.person, person) == 0)
            return &s->v[i];
    return NULL;
}

static kept *place(struct accounts *s, const char *person)
{
    kept *k = find(s, person);
    if (k)
        return k;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        kept *v = cap <= ACCOUNTS_MAX ? realloc(s->v, cap * sizeof *v) : NULL;
        if (!v)
            return NULL;
        s->v = v;
        s->cap = cap;
    }
    k = &s->v[s->n++];
    *k = (kept){0};
    snprintf(k->x.person, sizeof k->x.person, "%s", person);
    return k;
}

static void load(void *arg, const cu_store_account *x)
{
    kept *k = place(arg, x->person);
    if (k)
        k->x = *x;
}

cu_err accounts_open(app *a, cu_fault *f)
{
    a->accounts = calloc(1, sizeof *a->accounts);
    if (!a->accounts)
        return CU_NOMEM;
    pthread_mutex_init(&a->accounts->lock, NULL);
    cu_err e = cu_store_accounts(a->store, load, a->accounts);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the accounts could not be read: %s", cu_err_text(e));
}

void accounts_close(app *a)
{
    if (!a->accounts)
        return;
    free(a->accounts->v);
    pthread_mutex_destroy(&a->accounts->lock);
    free(a->accounts);
    a->accounts = NULL;
}

/* An entry of ours comes twice: when it is written, and when it is sealed. An older one that is sealed
 * after a newer one was written must not bring back what was. */
static void apply(struct accounts *s, const cu_leaf *l, bool sealed)
{
    char person[36], id[CU_ID_LEN];
    if (!cu_store_account_of(l, person))
        return;
    snprintf(id, sizeof id, "%.*s", l->id.n < sizeof id ? (int)l->id.n : 0, (const char *)l->id.p);
    pthread_mutex_lock(&s->lock);
    kept *k = cu_eq_str(l->type, "person.added") ? place(s, person) : find(s, person);
    if (k && !(sealed && strcmp(id, k->last_id) <= 0)) {
        cu_store_account_apply(&k->x, l);
        if (!sealed)
            memcpy(k->last_id, id, sizeof id);
    }
    pthread_mutex_unlock(&s->lock);
}

void accounts_take(app *a, const cu_leaf *l)
{
    apply(a->accounts, l, true);
}

cu_err account_record(app *a, const char *type, const char *actor, const cu_buf *body)
{
    char id[CU_ID_LEN], at[CU_TIME_LEN];
    CU_TRY(cu_buf_err(body));
    cu_id_new(id);
    cu_time_text(cu_now_ns(), at);
    CU_TRY(record_under(a, type, CU_TENANT_ORG, actor, cu_buf_view(body), id));
    const cu_leaf l = {.type = cu_str(type), .id = cu_str(id), .tenant = cu_str(CU_TENANT_ORG), .ts = cu_str(at), .body = cu_buf_view(body)};
    apply(a->accounts, &l, false);
    return CU_OK;
}

void account_erased(app *a, const char *person)
{
    pthread_mutex_lock(&a->accounts->lock);
    kept *k = find(a->accounts, person);
    if (k)
        k->x.active = false;
    pthread_mutex_unlock(&a->accounts->lock);
    sessions_end(a, person, NULL);
}

bool account_get(app *a, const char *person, cu_store_account *out)
{
    pthread_mutex_lock(&a->accounts->lock);
    kept *k = find(a->accounts, person);
    if (k)
        *out = k->x;
    pthread_mutex_unlock(&a->accounts->lock);
    return k != NULL;
}

bool account_good(const cu_store_account *x)
{
    return x->active && x->joined[0] && (!x->expires || x->expires > cu_now_ns() / 1000000000);
}

cu_store_account *accounts_all(app *a, size_t *n)
{
    struct accounts *s = a->accounts;
    pthread_mutex_lock(&s->lock);
    cu_store_account *v = s->n ? calloc(s->n, sizeof *v) : NULL;
    *n = v ? s->n : 0;
    for (size_t i = 0; i < *n; i++)
        v[i] = s->v[i].x;
    pthread_mutex_unlock(&s->lock);
    return v;
}

bool accounts_any(app *a)
{
    struct accounts *s = a->accounts;
    bool any = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        any |= s->v[i].x.joined[0] != 0;
    pthread_mutex_unlock(&s->lock);
    return any;
}

unsigned owners_beside(app *a, const char *person)
{
    struct accounts *s = a->accounts;
    unsigned n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        n += account_good(&s->v[i].x) && strcmp(s->v[i].x.role, "owner") == 0 && strcmp(s->v[i].x.person, person) != 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

cu_err second_person(app *a, const char *person, unsigned role, const char *first, cu_fault *f)
{
    if (!is_pseudonym(person) || (role & ROLE_SOCKET && accounts_any(a)))
        return cu_fail(f, CU_DENIED, "a second person is needed: sign in with an account (in the console, or by custos person signin), because whoever holds the machine is nobody in particular");
    if (strcmp(person, first) == 0)
        return cu_fail(f, CU_DENIED, "a second person is needed: whoever did the first step does not do this one");
    return CU_OK;
}
