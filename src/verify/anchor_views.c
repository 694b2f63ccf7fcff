/* Checkpoints of the anchor log, and what their entries say about the logs of the bundle. */
#include <stdio.h>
#include <stdlib.h>
#include "bundle.h"
#include "ledger/log.h"

typedef struct {
    char dir[40];          /* "anchor/SIZE/" */
    cu_buf note;
    cu_checkpoint cp;
} view;

static cu_err open_note(bundle *b, cu_bytes note, cu_checkpoint *cp, const char *dir, const char *file)
{
    if (note_open(note, &b->anchor_keys, cp) != CU_OK)
        return bundle_wrong(b, "%s%s: no checkpoint that a key of the anchor log signed", dir, file);
    return CU_OK;
}

/* The same checkpoint once more, with what others said about it; empty when it is not there. */
static cu_err same_again(bundle *b, const view *v, const char *file, cu_buf *note)
{
    char name[80];
    cu_checkpoint cp;
    snprintf(name, sizeof name, "%s%s", v->dir, file);
    if (!bundle_at(b, name))
        return CU_OK;
    CU_TRY(bundle_take(b, note));
    CU_TRY(open_note(b, cu_buf_view(note), &cp, v->dir, file));
    if (cp.size != v->cp.size || memcmp(&cp.root, &v->cp.root, sizeof cp.root) != 0)
        return bundle_wrong(b, "%s is another checkpoint than the one beside it", name);
    return CU_OK;
}

/* What outsiders say about it; times of 0: nothing that counts. */
static cu_err read_attested(bundle *b, const view *v, uint64_t times[2])
{
    char name[80];
    cu_buf cosigned CU_CLEAN_BUF = CU_BUF(65536), stamped CU_CLEAN_BUF = CU_BUF(65536), token CU_CLEAN_BUF = CU_BUF(65536);
    CU_TRY(same_again(b, v, "cosigned", &cosigned));
    snprintf(name, sizeof name, "%scosigned", v->dir);
    if (cosigned.n)
        CU_TRY(attested_cosigned(b, name, cu_buf_view(&cosigned), &times[0]));
    CU_TRY(same_again(b, v, "stamped", &stamped));
    snprintf(name, sizeof name, "%sstamped.tsr", v->dir);
    if (!stamped.n || !bundle_at(b, name))
        return CU_OK;
    CU_TRY(bundle_take(b, &token));
    return attested_token(b, name, cu_buf_view(&token), cu_buf_view(&stamped), &times[1]);
}

static cu_err read_consistency(bundle *b, const view *v, const cu_checkpoint *before)
{
    char name[80];
    cu_sha256 proof[MERKLE_PROOF_MAX];
    size_t n = 0;
    cu_buf text CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(name, sizeof name, "%sconsistency", v->dir);
    CU_TRY(bundle_take_named(b, name, &text));
    for (cu_bytes rest = cu_buf_view(&text); rest.n;) {
        cu_buf hash CU_CLEAN_BUF = CU_BUF(64);
        size_t end = cu_find(rest, CU_LIT("\n"), 0);
        if (end == (size_t)-1 || n == MERKLE_PROOF_MAX || cu_unbase64(&hash, cu_slice(rest, 0, end)) != CU_OK || hash.n != sizeof *proof)
            return bundle_wrong(b, "%s is malformed", name);
        memcpy(&proof[n++], hash.p, hash.n);
        rest = cu_slice(rest, end + 1, rest.n);
    }
    return merkle_consistency_holds(proof, n, before->size, &before->root, v->cp.size, &v->cp.root)
               ? CU_OK
               : bundle_wrong(b, "%s: this checkpoint of the anchor log does not continue the one before it", v->dir);
}

static cu_err read_about(bundle *b, const view *v, known_log *l)
{
    char name[EXPORT_NAME_MAX + 40];
    cu_buf entry CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), proof CU_CLEAN_BUF = CU_BUF(65536);
    cu_leaf leaf;
    cu_bytes about, number, hex;
    cu_sha256 root;
    cu_fault f = {0};
    snprintf(name, sizeof name, "%s%.*s.json", v->dir, CU_FMT(l->name));
    if (!bundle_at(b, name))
        return CU_OK;
    CU_TRY(bundle_take(b, &entry));
    snprintf(name, sizeof name, "%s%.*s.tlog-proof", v->dir, CU_FMT(l->name));
    CU_TRY(bundle_take_named(b, name, &proof));
    cu_bytes text = cu_buf_view(&proof);
    size_t blank = cu_find(text, CU_LIT("\n\n"), 0);
    if (blank == (size_t)-1 || !cu_eq(cu_slice(text, blank + 2, text.n), cu_buf_view(&v->note)))
        return bundle_wrong(b, "%s is not for the checkpoint beside it", name);
    if (cu_log_proof_verify(text, cu_buf_view(&entry), b->anchor_key_text, &f) != CU_OK)
        return bundle_wrong(b, "%s: %s", name, f.text);
    if (cu_leaf_parse(cu_buf_view(&entry), &leaf) != CU_OK || !cu_eq_str(leaf.type, "log.checkpoint") ||
        !cu_body_member(leaf.body, CU_LIT("log"), &about) || !cu_eq(about, l->name) || !cu_body_member(leaf.body, CU_LIT("size"), &number) ||
        number.n > 15 || !cu_body_member(leaf.body, CU_LIT("root"), &hex) || !cu_unhex(root.b, sizeof root.b, hex))
        return bundle_wrong(b, "%s proves no entry about log %.*s", name, CU_FMT(l->name));
    uint64_t size = 0;
    for (size_t i = 0; i < number.n; i++) {
        if (number.p[i] < '0' || number.p[i] > '9')
            return bundle_wrong(b, "%s states no size", name);
        size = size * 10 + (uint64_t)(number.p[i] - '0');
    }
    if (size < l->anchored)
        return bundle_wrong(b, "%s: the anchor log set this log back", name);
    l->anchored = size;
    b->proofs++;
    return logs_state(b, l->name, size, &root);
}

static cu_err read_view(bundle *b, const char *dir, cu_checkpoint *before)
{
    char name[80];
    uint64_t times[2] = {0, 0};
    view v = {.note = CU_BUF(CU_NOTE_MAX)};
    snprintf(v.dir, sizeof v.dir, "%s", dir);
    snprintf(name, sizeof name, "%scheckpoint", v.dir);
    cu_err e = bundle_take_named(b, name, &v.note);
    if (e == CU_OK)
        e = open_note(b, cu_buf_view(&v.note), &v.cp, v.dir, "checkpoint");
    snprintf(name, sizeof name, "anchor/%llu/", (unsigned long long)v.cp.size);
    if (e == CU_OK && (strcmp(name, v.dir) != 0 || v.cp.size <= before->size))
        e = bundle_wrong(b, "%s: its checkpoint is of another size, or out of order", v.dir);
    if (e == CU_OK)
        e = read_attested(b, &v, times);
    if (e == CU_OK && before->size)
        e = read_consistency(b, &v, before);
    for (size_t i = 0; i < b->head.logs_n && e == CU_OK; i++)
        e = read_about(b, &v, &b->logs[i]);
    for (size_t i = 0; i < 2 && e == CU_OK; i++)
        e = attested_at(b, times[i]);
    *before = v.cp;
    cu_buf_free(&v.note);
    b->views++;
    return e;
}

cu_err anchor_read(bundle *b)
{
    cu_checkpoint before = {.size = 0};
    CU_TRY(bundle_take_keys(b, "anchor", &b->anchor_keys, &b->anchor_key_text, &b->anchor_own_key));
    CU_TRY(attested_members(b));
    while (bundle_under(b, "anchor/")) {
        char dir[40];
        const char *slash = strchr(b->name + 7, '/');
        if (!slash || slash - b->name > 30)
            return bundle_wrong(b, "%.99s does not belong here", b->name);
        snprintf(dir, sizeof dir, "%.*s", (int)(slash + 1 - b->name), b->name);
        CU_TRY(read_view(b, dir, &before));
    }
    return b->views ? CU_OK : bundle_wrong(b, "the anchor log's checkpoint is missing");
}
