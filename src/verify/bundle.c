#include "bundle.h"
#include <stdio.h>
#include <stdlib.h>
#include "trust.h"

cu_err bundle_wrong(bundle *b, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return cu_fail(b->f, CU_CORRUPT, "%s", text);
}

bool bundle_at(const bundle *b, const char *name)
{
    return !b->ended && strcmp(b->name, name) == 0;
}

bool bundle_under(const bundle *b, const char *prefix)
{
    return !b->ended && strncmp(b->name, prefix, strlen(prefix)) == 0;
}

static cu_err advance(bundle *b)
{
    cu_err e = stream_next(b->in, b->name, &b->size, b->f);
    b->ended = e == CU_NOT_FOUND;
    return b->ended ? CU_OK : e;
}

cu_err bundle_take(bundle *b, cu_buf *out)
{
    CU_TRY(stream_member(b->in, out, NULL, b->f));
    return advance(b);
}

cu_err bundle_take_named(bundle *b, const char *name, cu_buf *out)
{
    if (!bundle_at(b, name))
        return bundle_wrong(b, "%.99s is missing; in its place stands %.99s", name, b->ended ? "the end" : b->name);
    return bundle_take(b, out);
}

cu_err bundle_pass(bundle *b, cu_sha256 *digest)
{
    CU_TRY(stream_skip(b->in, digest, b->f));
    return advance(b);
}

/* Of the log lines of the policy that was given. */
static void policy_keys(const bundle *b, cu_bytes name, note_keys *out)
{
    for (size_t i = 0; i < b->witnesses->logs.n; i++)
        if (cu_eq(b->witnesses->logs.v[i].name, name))
            out->v[out->n++] = b->witnesses->logs.v[i];
}

/* Those of the trusted keys that are for the log of this name. Without --vkey, and without log lines in the
 * policy, nobody is trusted yet; with them, a log that they do not name still hangs on the anchor log. */
static cu_err trusted_keys(bundle *b, const char *dir, const note_keys *theirs, note_keys *out, bool *own)
{
    cu_bytes name = theirs->v[0].name;
    *own = false;
    if (b->with.vkeys) {
        if (note_keys_parse(cu_str(b->with.vkeys), name, out) != CU_OK)
            return cu_fail(b->f, CU_CONFIG, "a trusted verifier key is malformed: one a line, VKEY or VKEY FROM TO");
        return out->n ? CU_OK : bundle_wrong(b, "%s: none of the trusted keys is for this log", dir);
    }
    out->n = 0;
    if (b->with.policy)
        policy_keys(b, name, out);
    *own = out->n == 0;
    if (*own)
        *out = *theirs;
    return CU_OK;
}

cu_err bundle_take_keys(bundle *b, const char *dir, note_keys *out, cu_bytes *text, bool *own)
{
    char name[EXPORT_NAME_MAX + 30];
    cu_buf one CU_CLEAN_BUF = CU_BUF(1024), many CU_CLEAN_BUF = CU_BUF(65536), again CU_CLEAN_BUF = CU_BUF(65536);
    note_key newest;
    note_keys all, chosen;
    bool in = false, same = true;
    snprintf(name, sizeof name, "%s/vkey", dir);
    CU_TRY(bundle_take_named(b, name, &one));
    if (note_key_parse(cu_buf_view(&one), NOTE_ED25519, &newest) != CU_OK)
        return bundle_wrong(b, "%s: its verifier key is malformed", dir);
    snprintf(name, sizeof name, "%s/vkeys", dir);
    CU_TRY(bundle_take_named(b, name, &many));
    if (note_keys_parse(cu_buf_view(&many), CU_NONE, &all) != CU_OK)
        return bundle_wrong(b, "%s is malformed", name);
    for (size_t i = 0; i < all.n; i++) {
        same &= cu_eq(all.v[i].name, newest.name);
        in |= memcmp(all.v[i].pk, newest.pk, sizeof newest.pk) == 0;
    }
    note_keys_text(&all, &again);
    if (!same || !in || !cu_eq(cu_buf_view(&again), cu_buf_view(&many)))
        return bundle_wrong(b, "%s does not belong to the key beside it", name);
    CU_TRY(trusted_keys(b, dir, &all, &chosen, own));
    cu_buf_reset(&again);
    note_keys_text(&chosen, &again);
    *text = cu_arena_dup(&b->arena, cu_buf_view(&again));
    return text->p ? note_keys_parse(*text, CU_NONE, out) : CU_NOMEM; /* views of what lives on */
}

/* --- the first and the last members --- */

static cu_err read_head(bundle *b)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(65536), readme CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault quiet = {0};
    cu_err e = stream_next(b->in, b->name, &b->size, &quiet);
    if (e == CU_IO || e == CU_NOMEM || e == CU_DENIED)
        return cu_fail(b->f, e, "the file cannot be read: %s", cu_err_text(e));
    if (e != CU_OK || !bundle_at(b, "bundle.json"))
        return cu_fail(b->f, CU_UNSUPPORTED, "this is no bundle of Custos, or cut short at its beginning: bundle.json cannot be read");
    CU_TRY(bundle_take(b, &text));
    cu_bytes kept = cu_arena_dup(&b->arena, cu_buf_view(&text));
    if (!kept.p)
        return CU_NOMEM;
    if (export_head_parse(kept, &b->head) != CU_OK)
        return cu_fail(b->f, CU_UNSUPPORTED, "bundle.json is not of a form that this program knows");
    b->begun = true;
    for (size_t i = 0; i < b->head.logs_n; i++)
        b->logs[i].name = b->head.logs[i];
    return bundle_take_named(b, "README.txt", &readme);
}

static cu_err read_tail(bundle *b)
{
    cu_buf want CU_CLEAN_BUF = CU_BUF((size_t)64 << 20), have CU_CLEAN_BUF = CU_BUF((size_t)256 << 20);
    cu_bytes manifest;
    export_tally_text(&b->tally, &want);
    CU_TRY(cu_buf_err(&want));
    CU_TRY(bundle_take_named(b, "counts.json", &have));
    if (!cu_eq(cu_buf_view(&have), cu_buf_view(&want)))
        return bundle_wrong(b, "counts.json: the entries of the period do not add up to it");
    cu_buf_reset(&have);
    CU_TRY(bundle_take_named(b, "keys-destroyed.jsonl", &have));
    if (!cu_eq(cu_buf_view(&have), cu_buf_view(&b->destroyed)))
        return bundle_wrong(b, "keys-destroyed.jsonl is not what the entries of the period say");
    cu_buf_reset(&have);
    CU_TRY(stream_manifest(b->in, &manifest));
    cu_buf copy CU_CLEAN_BUF = CU_BUF(EXPORT_MANIFEST_MAX);
    cu_buf_add(&copy, manifest); /* reading goes on in what it is a view of */
    CU_TRY(cu_buf_err(&copy));
    CU_TRY(bundle_take_named(b, "manifest.json", &have));
    if (!cu_eq(cu_buf_view(&have), cu_buf_view(&copy)))
        return bundle_wrong(b, "manifest.json is not what the bundle holds");
    return b->ended ? CU_OK : bundle_wrong(b, "%.99s stands behind the manifest", b->name);
}

static cu_err run(bundle *b)
{
    CU_TRY(read_head(b));
    CU_TRY(documents_read(b));
    CU_TRY(anchor_read(b));
    CU_TRY(attested_settle(b));
    CU_TRY(logs_read(b));
    CU_TRY(documents_settle(b));
    return read_tail(b);
}

/* --- the report --- */

static unsigned long long ull(uint64_t n)
{
    return (unsigned long long)n;
}

static void report_logs(const bundle *b, cu_buf *t)
{
    for (size_t i = 0; i < b->head.logs_n; i++) {
        const known_log *l = &b->logs[i];
        char hex[65];
        cu_hex(hex, l->cp.root.b, sizeof l->cp.root.b);
        cu_buf_fmt(t, "  log %.*s: signed checkpoint of %llu entries, root %.16s…; all of its hashes give this root\n", CU_FMT(l->name), ull(l->cp.size),
                   hex);
        if (l->shown)
            cu_buf_fmt(t, "    entries %llu to %llu are here and are the ones that were sealed\n", ull(l->first), ull(l->first + l->shown - 1));
        if (l->anchored)
            cu_buf_fmt(t, "    the anchor log states the same history up to entry %llu\n", ull(l->anchored));
    }
}

static void report_keys(const bundle *b, cu_buf *t)
{
    size_t own = b->anchor_own_key;
    for (size_t i = 0; i < b->head.logs_n; i++)
        own += b->logs[i].own_key;
    if (b->anchor_own_key)
        cu_buf_str(t, "  whose keys these are: they were taken from the bundle; pass --vkey FILE with keys from another source\n");
    else if (own)
        cu_buf_fmt(t, "  whose keys those of %zu logs are: taken from the bundle; the anchor log, whose key is trusted, states their history\n", own);
}

static void report_text(const bundle *b, cu_buf *t)
{
    cu_buf_fmt(t, "Bundle for %.*s, %.*s to %.*s.\n\nChecked, and it holds:\n", CU_FMT(b->head.tenant.n ? b->head.tenant : CU_LIT("all tenants")),
               CU_FMT(b->head.from), CU_FMT(b->head.to));
    report_logs(b, t);
    cu_buf_fmt(t, "  entries of the period: %llu; counts by day and type, and destroyed keys, follow from them\n", ull(b->in_period));
    cu_buf_fmt(t, "  what each writer wrote: %llu entries continue the one before them\n", ull(b->chained));
    cu_buf_fmt(t, "  anchor log: %llu checkpoints, each a continuation of the one before it\n", ull(b->views));
    attested_report(b, true, t);
    cu_buf_fmt(t, "  populations: %llu, each asked for again over the entries here with the same result\n", ull(b->populations_n));
    cu_buf_fmt(t, "  samples: %llu, each drawn again from its seed; %llu proofs of single entries\n", ull(b->samples_n), ull(b->proofs));
    cu_buf_fmt(t, "  manifest: %llu files of the stated size and SHA-256\n\nNot checked:\n", ull(stream_members(b->in)));
    report_keys(b, t);
    for (size_t i = 0; i < b->head.logs_n; i++) {
        const known_log *l = &b->logs[i];
        if (l->shown < l->cp.size)
            cu_buf_fmt(t, "  log %.*s: what stands in the %llu entries outside the period, of which only hashes are here\n", CU_FMT(l->name),
                       ull(l->cp.size - l->shown));
        if (l->anchored < l->cp.size)
            cu_buf_fmt(t, "  log %.*s: entries from %llu on were not in the anchor log yet\n", CU_FMT(l->name), ull(l->anchored));
    }
    attested_report(b, false, t);
    if (b->writers_full)
        cu_buf_str(t, "  writers: there are too many of them, some were not followed\n");
    cu_buf_str(t, "  whether all that happened was recorded: no log can prove that about itself\n");
}

static void report_json(const bundle *b, cu_err e, cu_buf *j)
{
    cu_buf_str(j, "{\"logs\":[");
    for (size_t i = 0; i < b->head.logs_n && e == CU_OK; i++) {
        const known_log *l = &b->logs[i];
        char hex[65];
        cu_hex(hex, l->cp.root.b, sizeof l->cp.root.b);
        cu_buf_fmt(j, "%s{\"anchored\":%llu,\"first\":%llu,\"log\":\"%.*s\",\"root\":\"%s\",\"shown\":%llu,\"size\":%llu}", i ? "," : "", ull(l->anchored),
                   ull(l->first), CU_FMT(l->name), hex, ull(l->shown), ull(l->cp.size));
    }
    cu_buf_fmt(j, "],\"anchor_checkpoints\":%llu,\"chained\":%llu,\"entries\":%llu,\"intact\":%s,\"keys_trusted\":%s,"
               "\"period_entries\":%llu,\"populations\":%zu,\"proofs\":%llu,\"samples\":%zu",
               ull(b->views), ull(b->chained), ull(b->entries), e == CU_OK ? "true" : "false", b->anchor_own_key ? "false" : "true",
               ull(b->in_period), b->populations_n, ull(b->proofs), b->samples_n);
    attested_json(b, j);
    if (e != CU_OK)
        cu_buf_json_kv_str(j, "reason", b->f->text);
    cu_buf_str(j, "}\n");
}

static void forget(bundle *b)
{
    for (size_t i = 0; i < b->head.logs_n; i++) {
        free(b->logs[i].said);
        free(b->logs[i].moments);
    }
    for (size_t i = 0; i < b->populations_n; i++)
        cu_hasher_drop(b->populations[i].digest);
    attested_end(b);
    free(b->writers);
    export_tally_free(&b->tally);
    cu_buf_free(&b->destroyed);
    cu_buf_free(&b->rows);
    cu_arena_free(&b->arena);
    stream_close(b->in);
    free(b);
}

cu_err bundle_verify(int fd, cu_bytes memory, const bundle_trust *with, cu_buf *text, cu_buf *json, cu_fault *f)
{
    bundle *b = calloc(1, sizeof *b);
    if (!b)
        return CU_NOMEM;
    *f = (cu_fault){0};
    b->with = *with;
    b->anchor_own_key = true;
    b->f = f;
    b->destroyed = CU_BUF((size_t)256 << 20);
    b->rows = CU_BUF(CU_LISTING_ROW_MAX);
    cu_arena_init(&b->arena, (size_t)1 << 30);
    b->writers = calloc(BUNDLE_WRITERS, sizeof *b->writers);
    cu_err e = b->writers ? attested_begin(b) : CU_NOMEM;
    if (e == CU_OK)
        e = stream_open(fd, memory, &b->in);
    if (e == CU_OK)
        e = run(b);
    if (e != CU_OK && !f->code)
        (void)cu_fail(f, e, "%s", cu_err_text(e));
    if (e == CU_NOT_FOUND) /* of a part, which is broken; only opening the file has no verdict */
        e = CU_CORRUPT;
    if (text && e == CU_OK)
        report_text(b, text);
    if (json)
        report_json(b, e, json);
    forget(b);
    return e;
}
