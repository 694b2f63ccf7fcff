#include "chain.h"
#include <stdio.h>
#include <stdlib.h>

cu_err chain_add(chain *c, const cu_leaf *leaf, cu_bytes bytes, const char *log, uint64_t at)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 1024;
        chain_link *v = realloc(c->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        c->v = v;
        c->cap = cap;
    }
    chain_link *k = &c->v[c->n++];
    *k = (chain_link){.prev = leaf->prev, .epoch = leaf->epoch, .seq = leaf->seq, .at = at};
    if (leaf->writer.n <= sizeof c->name && c->n > 1 && leaf->writer.n == c->name_n && memcmp(leaf->writer.p, c->name, c->name_n) == 0)
        k->writer = c->name_hash; /* most often the one before */
    else
        cu_sha256_of(leaf->writer, &k->writer);
    if (leaf->writer.n <= sizeof c->name) {
        memcpy(c->name, leaf->writer.p, leaf->writer.n);
        c->name_n = leaf->writer.n;
        c->name_hash = k->writer;
    }
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
    bool sorted = true; /* of one log with one writer it is */
    for (size_t i = 1; i < c->n && sorted; i++)
        sorted = by_place(&c->v[i - 1], &c->v[i]) <= 0;
    if (!sorted)
        qsort(c->v, c->n, sizeof *c->v, by_place);
    for (size_t i = 0; i < c->n; i++) {
        const chain_link *k = &c->v[i], *before = i ? &c->v[i - 1] : NULL;
        bool same = before && memcmp(&before->writer, &k->writer, sizeof k->writer) == 0 && before->epoch == k->epoch;
        const char *what = NULL;
        if (same && before->seq == k->seq)
            what = "it takes a place in its writer's chain that is taken";
        else if (same ? before->seq + 1 == k->seq : k->seq == 0)
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
