/* Populations and samples: what their entries say is asked for again over the entries of the bundle. */
#include <stdio.h>
#include <stdlib.h>
#include "bundle.h"
#include "ledger/log.h"

/* "populations/01ABC….json": the id, or false. */
static bool id_of(const bundle *b, const char *folder, char id[CU_ID_LEN])
{
    size_t n = strlen(folder);
    if (!bundle_under(b, folder) || strlen(b->name) != n + CU_ID_LEN - 1 + 5 || strcmp(b->name + n + CU_ID_LEN - 1, ".json") != 0)
        return false;
    memcpy(id, b->name + n, CU_ID_LEN - 1);
    id[CU_ID_LEN - 1] = 0;
    return strchr(id, '/') == NULL;
}

/* NAME.json and NAME.tlog-proof, which must follow each other. */
static cu_err take_proven(bundle *b, cu_bytes *leaf, cu_bytes *proof)
{
    char name[EXPORT_NAME_MAX + 12];
    cu_buf entry CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), text CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(name, sizeof name, "%.*s.tlog-proof", (int)(strlen(b->name) - 5), b->name);
    CU_TRY(bundle_take(b, &entry));
    CU_TRY(bundle_take_named(b, name, &text));
    *leaf = cu_arena_dup(&b->arena, cu_buf_view(&entry));
    *proof = cu_arena_dup(&b->arena, cu_buf_view(&text));
    return leaf->p && proof->p ? CU_OK : CU_NOMEM;
}

static int by_row(const void *x, const void *y)
{
    const sampled *a = x, *b = y;
    return (a->row > b->row) - (a->row < b->row);
}

static cu_err open_sample(bundle *b, document *d, cu_bytes body)
{
    d->s = cu_arena_alloc(&b->arena, sizeof *d->s);
    if (!d->s)
        return CU_NOMEM;
    if (cu_sample_parse(body, d->s) != CU_OK)
        return bundle_wrong(b, "sample %s: its entry is malformed, or its rows are not those that the seed draws", d->id);
    while (d->of < b->populations_n && !cu_eq_str(d->s->population, b->populations[d->of].id))
        d->of++;
    const cu_population *p = d->of < b->populations_n ? b->populations[d->of].p : NULL;
    if (!p || p->count != d->s->count || memcmp(&p->digest, &d->s->digest, sizeof p->digest) != 0)
        return bundle_wrong(b, "sample %s: the population it was drawn from is not here", d->id);
    d->rows = cu_arena_alloc(&b->arena, (d->s->rows_n + 1) * sizeof *d->rows);
    if (!d->rows)
        return CU_NOMEM;
    for (size_t i = 0; i < d->s->rows_n; i++)
        d->rows[i].row = d->s->rows[i];
    if (d->s->rows_n)
        qsort(d->rows, d->s->rows_n, sizeof *d->rows, by_row);
    return CU_OK;
}

static cu_err open_population(bundle *b, document *d, cu_bytes body)
{
    d->p = cu_arena_alloc(&b->arena, sizeof *d->p);
    d->digest = cu_hasher_new(CU_NONE);
    if (!d->p || !d->digest)
        return CU_NOMEM;
    if (cu_population_parse(body, d->p) != CU_OK)
        return bundle_wrong(b, "population %s: its entry is malformed", d->id);
    if (cu_cmp(d->p->from, b->head.from) < 0 || cu_cmp(d->p->to, b->head.to) > 0)
        return bundle_wrong(b, "population %s goes beyond the period of the bundle", d->id);
    d->again = *d->p;
    d->again.count = 0;
    for (size_t i = 0; i < d->p->logs_n; i++) {
        d->again.logs[i].count = d->again.logs[i].first = d->again.logs[i].last = 0;
        CU_TRY(logs_state(b, d->p->logs[i].name, d->p->logs[i].size, &d->p->logs[i].root));
    }
    return CU_OK;
}

static cu_err open_document(bundle *b, document *d, const char *type)
{
    cu_leaf leaf;
    if (cu_leaf_parse(d->leaf, &leaf) != CU_OK || !cu_eq_str(leaf.type, type) || !cu_eq_str(leaf.id, d->id))
        return bundle_wrong(b, "%s %s: its file holds no entry of this id and type", type, d->id);
    return strcmp(type, "sample.drawn") == 0 ? open_sample(b, d, leaf.body) : open_population(b, d, leaf.body);
}

static cu_err read_folder(bundle *b, const char *folder, const char *type, document **list, size_t *n)
{
    char id[CU_ID_LEN];
    *list = cu_arena_alloc(&b->arena, BUNDLE_DOCUMENTS * sizeof **list);
    if (!*list)
        return CU_NOMEM;
    while (id_of(b, folder, id)) {
        if (*n == BUNDLE_DOCUMENTS)
            return bundle_wrong(b, "there are more than %u %s", BUNDLE_DOCUMENTS, folder);
        document *d = &(*list)[(*n)++];
        memcpy(d->id, id, sizeof id);
        for (size_t i = 0; i + 1 < *n; i++)
            if (strcmp((*list)[i].id, id) == 0)
                return bundle_wrong(b, "%s%s is there twice", folder, id);
        CU_TRY(take_proven(b, &d->leaf, &d->proof));
        CU_TRY(open_document(b, d, type));
    }
    return CU_OK;
}

cu_err documents_read(bundle *b)
{
    CU_TRY(read_folder(b, "populations/", "population.frozen", &b->populations, &b->populations_n));
    return read_folder(b, "samples/", "sample.drawn", &b->samples, &b->samples_n);
}

/* --- while the logs are read --- */

static void meet(bundle *b, size_t population, uint64_t row, size_t log, uint64_t index, const cu_sha256 *hash)
{
    for (size_t i = 0; i < b->samples_n; i++) {
        document *s = &b->samples[i];
        if (s->of == population && s->seen < s->s->rows_n && s->rows[s->seen].row == row) {
            s->rows[s->seen].index = index;
            s->rows[s->seen].log = log;
            s->rows[s->seen++].hash = *hash;
        }
    }
}

cu_err documents_entry(bundle *b, size_t log, uint64_t index, const cu_leaf *leaf, const cu_sha256 *hash)
{
    for (size_t i = 0; i < b->populations_n; i++) {
        document *d = &b->populations[i];
        cu_listing_log *l = NULL;
        for (size_t k = 0; k < d->p->logs_n && !l; k++)
            if (cu_eq(d->p->logs[k].name, b->logs[log].name) && index < d->p->logs[k].size)
                l = &d->again.logs[k];
        if (!l || !cu_population_wants(d->p, leaf))
            continue;
        cu_buf_reset(&b->rows);
        cu_listing_row(leaf, b->logs[log].name, index, hash, &b->rows);
        CU_TRY(cu_buf_err(&b->rows));
        cu_hasher_add(d->digest, cu_buf_view(&b->rows));
        d->bytes += b->rows.n;
        l->first = l->count ? l->first : index;
        l->last = index;
        l->count++;
        meet(b, i, d->again.count++, log, index, hash);
    }
    return CU_OK;
}

/* --- and after --- */

/* The proof's checkpoint must be the one of the bundle: what it proves is then in the tree that was read. */
static cu_err proven(bundle *b, const char *what, cu_bytes leaf, cu_bytes proof, const known_log *l)
{
    cu_checkpoint cp;
    cu_fault f = {0};
    size_t blank = cu_find(proof, CU_LIT("\n\n"), 0);
    if (blank == (size_t)-1 || note_open(cu_slice(proof, blank + 2, proof.n), &l->keys, &cp) != CU_OK || cp.size != l->cp.size ||
        memcmp(&cp.root, &l->cp.root, sizeof cp.root) != 0)
        return bundle_wrong(b, "%s: its proof is not for the checkpoint of log %.*s", what, CU_FMT(l->name));
    if (cu_log_proof_verify(proof, leaf, l->key_text, &f) != CU_OK)
        return bundle_wrong(b, "%s: %s", what, f.text);
    b->proofs++;
    return CU_OK;
}

/* The log that a document's own entry stands in. */
static cu_err home(bundle *b, const document *d, const char *kind)
{
    char what[80];
    cu_leaf leaf;
    snprintf(what, sizeof what, "%s %s", kind, d->id);
    if (cu_leaf_parse(d->leaf, &leaf) != CU_OK)
        return CU_CORRUPT;
    for (size_t i = 0; i < b->head.logs_n; i++) {
        cu_bytes name = b->logs[i].name;
        if (cu_eq(name, leaf.tenant) || (cu_starts(name, CU_LIT("t/")) && cu_eq(cu_slice(name, 2, name.n), leaf.tenant)))
            return proven(b, what, d->leaf, d->proof, &b->logs[i]);
    }
    return bundle_wrong(b, "%s: the log of its entry is not here", what);
}

static cu_err settle_population(bundle *b, document *d)
{
    cu_sha256 file, own;
    char name[80];
    CU_TRY(home(b, d, "population"));
    cu_hasher_end(d->digest, &own);
    d->digest = NULL;
    if (d->again.count != d->p->count || memcmp(&own, &d->p->digest, sizeof own) != 0 ||
        memcmp(d->again.logs, d->p->logs, d->p->logs_n * sizeof *d->p->logs) != 0)
        return bundle_wrong(b, "population %s: asked again over the entries here, its listing is another", d->id);
    snprintf(name, sizeof name, "populations/%s.jsonl", d->id);
    if (!bundle_at(b, name) || b->size != d->bytes)
        return bundle_wrong(b, "%s is missing or has another size", name);
    CU_TRY(bundle_pass(b, &file));
    return memcmp(&file, &own, sizeof own) == 0 ? CU_OK : bundle_wrong(b, "%s is not the listing that was frozen", name);
}

static cu_err settle_sample(bundle *b, const document *d)
{
    CU_TRY(home(b, d, "sample"));
    if (d->seen != d->s->rows_n)
        return bundle_wrong(b, "sample %s: a row that it draws is beyond the listing", d->id);
    for (size_t i = 0; i < d->s->rows_n; i++) {
        char name[EXPORT_NAME_MAX + 1];
        cu_bytes leaf, proof;
        cu_sha256 hash;
        snprintf(name, sizeof name, "samples/%s/%llu.json", d->id, (unsigned long long)d->rows[i].row);
        if (!bundle_at(b, name))
            return bundle_wrong(b, "%s is missing; in its place stands %.99s", name, b->ended ? "the end" : b->name);
        CU_TRY(take_proven(b, &leaf, &proof));
        merkle_leaf(leaf, &hash);
        if (memcmp(&hash, &d->rows[i].hash, sizeof hash) != 0)
            return bundle_wrong(b, "%s is not the entry of that row", name);
        CU_TRY(proven(b, name, leaf, proof, &b->logs[d->rows[i].log]));
    }
    return CU_OK;
}

cu_err documents_settle(bundle *b)
{
    for (size_t i = 0; i < b->populations_n; i++) {
        CU_TRY(settle_population(b, &b->populations[i]));
        for (size_t k = 0; k < b->samples_n; k++)
            if (b->samples[k].of == i)
                CU_TRY(settle_sample(b, &b->samples[k]));
    }
    return CU_OK;
}
