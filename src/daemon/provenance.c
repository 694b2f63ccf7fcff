/* Which lines of a commit come from which exchange: digests of lines come in, are keyed with the tenant's key and
 * held against what answers held. The code itself does not come here. */
#include "provenance.h"
#include <stdio.h>
#include <stdlib.h>
#include "limited.h"
#include "store/prints.h"

#define ROUNDS 24u       /* exchanges of one file */
#define CANDIDATES 256u

typedef struct {
    char exchange[CU_ID_LEN];
    uint32_t words;
    size_t last;         /* line that counted last */
} candidate;

typedef struct {
    candidate v[CANDIDATES];
    size_t n;
    const prov_file *file;
    const uint8_t *of;
} counting;

static void count(void *arg, size_t line, const char *exchange)
{
    counting *c = arg;
    const prov_file *x = c->file;
    size_t i = 0;
    bool joined = line >= x->n;
    if (c->of[joined ? x->joins[line - x->n].first : line])
        return;
    uint32_t weight = joined ? x->joins[line - x->n].print.weight : x->lines[line].weight;
    while (i < c->n && strcmp(c->v[i].exchange, exchange) != 0)
        i++;
    if (i == CANDIDATES)
        return;
    if (i == c->n) {
        snprintf(c->v[c->n++].exchange, CU_ID_LEN, "%s", exchange);
        c->v[i].last = SIZE_MAX;
        c->v[i].words = 0;
    }
    if (c->v[i].last != line)
        c->v[i].words += weight < 12 ? weight : 12;
    c->v[i].last = line;
}

/* The exchange with most words in it, the earliest of equals. */
static candidate *best(counting *c)
{
    candidate *b = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].words && (!b || c->v[i].words > b->words || (c->v[i].words == b->words && strcmp(c->v[i].exchange, b->exchange) < 0)))
            b = &c->v[i];
    return b;
}

static uint16_t number_of(prov *p, const char *exchange)
{
    for (size_t i = 0; i < p->sources_n; i++)
        if (strcmp(p->sources[i].exchange, exchange) == 0)
            return (uint16_t)(i + 1);
    if (p->sources_n == PROV_SOURCES)
        return 0;
    snprintf(p->sources[p->sources_n++].exchange, CU_ID_LEN, "%s", exchange);
    return (uint16_t)p->sources_n;
}

/* Takes what lines of the file an exchange wrote. *n: how many. */
static cu_err hold_against(app *a, prov *p, prov_file *file, uint8_t *of, const char *exchange, size_t *n)
{
    cu_buf bytes CU_CLEAN_BUF = CU_BUF((size_t)CU_PRINTS_MAX * CU_PRINT_LEN);
    CU_TRY(cu_store_prints_of(a->store, exchange, &bytes));
    size_t m = bytes.n / CU_PRINT_LEN;
    cu_print *wrote = m ? malloc(m * sizeof *wrote) : NULL;
    uint8_t *was = malloc(file->n + 1);
    uint16_t number = number_of(p, exchange);
    cu_err e = wrote && was && number ? CU_OK : m && !number ? CU_TOO_BIG : m ? CU_NOMEM : CU_OK;
    for (size_t i = 0; wrote && i < m; i++)
        cu_print_get(bytes.p + i * CU_PRINT_LEN, &wrote[i]);
    if (was)
        memcpy(was, of, file->n);
    *n = 0;
    if (e == CU_OK && m)
        e = cu_prints_align_joined(file->lines, file->n, file->joins, file->joined_n, wrote, m, of, n);
    for (size_t i = 0; e == CU_OK && m && i < file->n; i++)
        if (of[i] && !was[i]) {
            file->source[i] = number;
            file->alike[i] = of[i] == CU_PRINT_ALIKE;
            p->sources[number - 1].lines++;
        }
    free(wrote);
    free(was);
    return e;
}

static cu_err trace_file(app *a, prov *p, const char *tenant, prov_file *file, uint8_t *of)
{
    counting *c = malloc(sizeof *c);
    uint64_t *keys = malloc((file->n + file->joined_n + 1) * sizeof *keys);
    cu_err e = c && keys ? CU_OK : CU_NOMEM;
    for (size_t i = 0; e == CU_OK && i < file->n; i++)
        keys[i] = file->lines[i].exact;
    for (size_t i = 0; e == CU_OK && i < file->joined_n; i++)
        keys[file->n + i] = file->joins[i].print.exact;
    if (e == CU_OK) {
        *c = (counting){.file = file, .of = of};
        e = cu_store_print_find(a->store, tenant, keys, file->n + file->joined_n, count, c);
    }
    for (unsigned r = 0; e == CU_OK && r < ROUNDS; r++) {
        size_t n;
        candidate *b = best(c);
        if (!b)
            break;
        e = hold_against(a, p, file, of, b->exchange, &n);
        b->words = 0;
    }
    free(c);
    free(keys);
    return e;
}

/* Lines of one file under a tenant's key; those that were taken under another's stay. */
cu_err prov_trace(app *a, prov *p, const char *tenant, prov_file *file, cu_fault *f)
{
    uint8_t keys[TENANT_KEYS_LEN], *of = calloc(1, file->n + 1);
    cu_hmac_key k;
    if (!of)
        return CU_NOMEM;
    pthread_mutex_lock(&a->lock); /* made on first use: by one */
    cu_err e = keystore_tenant(a, tenant, keys, f);
    pthread_mutex_unlock(&a->lock);
    if (e == CU_OK) {
        cu_print_key(keys + 32, &k);
        for (size_t i = 0; i < file->n; i++) {
            of[i] = file->source[i] != 0;
            cu_print_keyed(&k, &file->given[i], &file->lines[i]);
        }
        for (size_t i = 0; i < file->joined_n; i++)
            cu_print_keyed(&k, &file->joined[i].given, &file->joins[i].print);
        e = trace_file(a, p, tenant, file, of);
    }
    cu_wipe(keys, sizeof keys);
    cu_wipe(&k, sizeof k);
    free(of);
    return e;
}

/* The first place whose number is not below. */
static size_t place_of(const prov_file *x, uint32_t number)
{
    size_t from = 0, to = x->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (x->number[mid] < number)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Those of which no line has a print of its own show nothing, and fall out. */
void prov_file_join(prov_file *x)
{
    size_t kept = 0;
    for (size_t i = 0; i < x->joined_n; i++) {
        size_t first = place_of(x, x->joined[i].number), behind = place_of(x, x->joined[i].number + x->joined[i].lines);
        if (first >= behind)
            continue;
        x->joined[kept] = x->joined[i];
        x->joins[kept].first = (uint32_t)first;
        x->joins[kept++].last = (uint32_t)behind - 1;
    }
    x->joined_n = kept;
}

cu_err prov_file_room(prov_file *x, const char *path, size_t n, size_t joined)
{
    *x = (prov_file){.path = path, .n = n, .given = calloc(n + 1, sizeof *x->given), .number = calloc(n + 1, sizeof *x->number),
                     .lines = calloc(n + 1, sizeof *x->lines), .source = calloc(n + 1, sizeof *x->source), .alike = calloc(n + 1, 1),
                     .joined = calloc(joined + 1, sizeof *x->joined), .joins = calloc(joined + 1, sizeof *x->joins)};
    return x->given && x->number && x->lines && x->source && x->alike && x->joined && x->joins ? CU_OK : CU_NOMEM;
}

void prov_file_free(prov_file *x)
{
    free(x->given);
    free(x->number);
    free(x->lines);
    free(x->source);
    free(x->alike);
    free(x->joined);
    free(x->joins);
}
