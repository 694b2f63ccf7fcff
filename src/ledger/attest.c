#include "attest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "ledger/timestamp.h"
#include "ledger/witness.h"

#define NOTE_FILE_MAX ((size_t)2 * CU_NOTE_MAX)

typedef struct {
    cu_log *l;
    const char *dir, *ca_file;
    cu_trust *trust;
    attestations *out;
    cu_fault *f;
} loader;

static cu_err wrong(const loader *c, const char *kind, const char *name, const char *what)
{
    return cu_fail(c->f, CU_CORRUPT, "log anchor, %s/%.40s: %s", kind, name, what);
}

static cu_err add(attestations *a, attested what)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 64;
        attested *v = realloc(a->v, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        a->v = v;
        a->cap = cap;
    }
    a->v[a->n++] = what;
    return CU_OK;
}

/* The checkpoint in this file is one that this log had. */
static cu_err open_past(const loader *c, const char *kind, const char *name, cu_bytes note, cu_checkpoint *cp)
{
    cu_sha256 root;
    cu_err e = note_open(note, &c->l->keys, cp);
    if (e != CU_OK)
        return wrong(c, kind, name, e == CU_SIGNATURE ? "it is not signed by a key that is good for its size" : "it is malformed");
    if (strtoull(name, NULL, 10) != cp->size)
        return wrong(c, kind, name, "it is of another size than its name says");
    if (cp->size > c->l->size)
        return wrong(c, kind, name, "it is larger than the log: the log was set back");
    e = merkle_root(tile_node, c->l, cp->size, &root);
    if (e != CU_OK || memcmp(&root, &cp->root, sizeof root) != 0)
        return wrong(c, kind, name, "the log's history differs from what was attested");
    return CU_OK;
}

static cu_err one_cosigned(loader *c, const char *name, cu_bytes note)
{
    cu_checkpoint cp;
    bool enough;
    uint64_t oldest;
    CU_TRY(open_past(c, "cosigned", name, note, &cp));
    if (cu_trust_quorum(c->trust, note, &enough, &oldest) != CU_OK)
        return wrong(c, "cosigned", name, "a cosignature is false");
    if (!enough) {
        c->out->short_of++;
        return CU_OK;
    }
    c->out->cosigned++;
    return add(c->out, (attested){.size = cp.size, .time = oldest});
}

static cu_err one_token(loader *c, const char *name, cu_bytes note)
{
    char path[4600];
    cu_checkpoint cp;
    uint64_t at;
    cu_fault f = {0};
    cu_buf token CU_CLEAN_BUF = CU_BUF(CU_TIMESTAMP_MAX);
    CU_TRY(open_past(c, "timestamps", name, note, &cp));
    snprintf(path, sizeof path, "%.4000s/timestamps/%.100s.tsr", c->dir, name);
    cu_err e = cu_file_read(AT_FDCWD, path, &token);
    if (e == CU_NOT_FOUND) /* the daemon was interrupted between the two */
        return CU_OK;
    if (e == CU_OK)
        e = cu_timestamp_check(cu_buf_view(&token), note, NULL, c->ca_file, &at, &f);
    if (e == CU_CONFIG)
        return cu_fail(c->f, e, "%s", f.text);
    if (e != CU_OK)
        return wrong(c, "timestamps", name, f.code ? f.text : cu_err_text(e));
    c->out->tokens++;
    return add(c->out, (attested){.size = cp.size, .time = at, .token = true});
}

static bool is_size(const char *name)
{
    return strspn(name, "0123456789") == strlen(name) && strlen(name) >= 12 && strlen(name) <= 16;
}

static cu_err load_dir(loader *c, const char *kind, cu_err (*one)(loader *, const char *, cu_bytes))
{
    char path[4600];
    snprintf(path, sizeof path, "%.4000s/%s", c->dir, kind);
    DIR *d = opendir(path);
    cu_err e = d || errno == ENOENT ? CU_OK : cu_fail(c->f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        cu_buf note CU_CLEAN_BUF = CU_BUF(NOTE_FILE_MAX);
        if (!is_size(en->d_name))
            continue;
        snprintf(path, sizeof path, "%.4000s/%s/%.100s", c->dir, kind, en->d_name);
        e = cu_file_read(AT_FDCWD, path, &note);
        if (e == CU_NOT_FOUND) { /* a newer one took its place meanwhile */
            e = CU_OK;
            continue;
        }
        e = e == CU_OK ? one(c, en->d_name, cu_buf_view(&note)) : wrong(c, kind, en->d_name, cu_err_text(e));
    }
    if (d)
        closedir(d);
    return e;
}

static int by_size(const void *a, const void *b)
{
    const attested *x = a, *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

cu_err attest_load(cu_log *l, const char *anchor_dir, const char *policy, const char *ca_file, attestations *out, cu_fault *f)
{
    loader c = {.l = l, .dir = anchor_dir, .ca_file = ca_file, .out = out, .f = f};
    *out = (attestations){0};
    cu_err e = policy ? cu_trust_parse(cu_str(policy), true, &c.trust, f) : CU_OK;
    if (e == CU_OK && policy)
        e = load_dir(&c, "cosigned", one_cosigned);
    if (e == CU_OK && ca_file)
        e = load_dir(&c, "timestamps", one_token);
    cu_trust_free(c.trust);
    if (e == CU_OK && out->n)
        qsort(out->v, out->n, sizeof *out->v, by_size);
    if (e != CU_OK)
        attest_free(out);
    return e;
}

void attest_free(attestations *a)
{
    free(a->v);
    *a = (attestations){0};
}
