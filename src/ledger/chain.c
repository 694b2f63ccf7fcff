#include "chain.h"
#include <stdio.h>
#include <stdlib.h>

#define LOOKED_BACK 16u /* chains that are open at a time in one log: a gateway's workers, and the daemon */

static void hash_writer(chain *c, cu_bytes name, cu_sha256 *out)
{
    if (c->name_n && cu_eq(name, cu_bytes_of(c->name, c->name_n))) { /* most often the one before */
        *out = c->name_hash;
        return;
    }
    cu_sha256_of(name, out);
    c->name_n = name.n <= sizeof c->name ? name.n : 0;
    if (c->name_n)
        memcpy(c->name, name.p, name.n);
    c->name_hash = *out;
}

/* True when the leaf continues what stands before it. */
static bool continues(const chain_link *k, const cu_sha256 *writer, const cu_leaf *leaf, const char *log)
{
    return k->epoch == leaf->epoch && k->last + 1 == leaf->seq && memcmp(&k->writer, writer, sizeof *writer) == 0 &&
           memcmp(&k->own, &leaf->prev, sizeof k->own) == 0 && strncmp(k->log, log, sizeof k->log - 1) == 0;
}

cu_err chain_add(chain *c, const cu_leaf *leaf, cu_bytes bytes, const char *log, uint64_t at)
{
    cu_sha256 writer;
    hash_writer(c, leaf->writer, &writer);
    for (size_t i = c->n; i > 0 && c->n - i < LOOKED_BACK; i--)
        if (continues(&c->v[i - 1], &writer, leaf, log)) {
            c->v[i - 1].last = leaf->seq;
            cu_sha256_of(bytes, &c->v[i - 1].own);
            return CU_OK;
        }
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 1024;
        chain_link *v = realloc(c->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        c->v = v;
        c->cap = cap;
    }
    chain_link *k = &c->v[c->n++];
    *k = (chain_link){.writer = writer, .prev = leaf->prev, .epoch = leaf->epoch, .seq = leaf->seq, .last = leaf->seq, .at = at};
    cu_sha256_of(bytes, &k->own);
    snprintf(k->log, sizeof k->log, "%.23s", log);
    return CU_OK;
}

static int by_place(const void *x, const void *y)
{
    const chain_link *a = x, *b = y;
    int w = memcmp(&a->writer, &b->writer, sizeof a->writer);
    if (w)
        return w;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

cu_err chain_check(chain *c, bool all_logs, bool *broken, cu_fault *f)
{
    static const cu_sha256 zeros;
    if (c->n)
        qsort(c->v, c->n, sizeof *c->v, by_place);
    for (size_t i = 0; i < c->n; i++) {
        const chain_link *k = &c->v[i], *before = i ? &c->v[i - 1] : NULL;
        bool same = before && memcmp(&before->writer, &k->writer, sizeof k->writer) == 0 && before->epoch == k->epoch;
        const char *what = NULL;
        if (same && before->last >= k->seq)
            what = "it takes a place in its writer's chain that is taken";
        else if (same ? before->last + 1 == k->seq : k->seq == 0)
            what = memcmp(same ? &before->own : &zeros, &k->prev, sizeof k->prev) == 0
                       ? NULL : "it does not continue what its writer wrote before";
        else if (all_logs)
            what = "what its writer wrote before is missing";
        if (!what)
            continue;
        *broken = true;
        cu_fail(f, CU_CORRUPT, "log %s, entry %llu: %s", k->log, (unsigned long long)k->at, what);
        return CU_OK;
    }
    return CU_OK;
}

void chain_free(chain *c)
{
    free(c->v);
    *c = (chain){0};
}
