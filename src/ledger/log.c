/* Reading one log: checkpoint, entries, proofs. */
#include "ledger/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include "base/file.h"
#include "tiles.h"

#define PROOF_HEAD "c2sp.org/tlog-proof@v1\n"
#define PROOF_MAX 65536u

cu_err log_read_keys(cu_log *l)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(32768);
    cu_err e = cu_file_read(l->dirfd, "vkeys", &text);
    if (e == CU_NOT_FOUND)
        e = cu_file_read(l->dirfd, "vkey", &text);
    CU_TRY(e);
    free(l->keys_text);
    l->keys_text = strdup(cu_buf_cstr(&text));
    if (!l->keys_text)
        return CU_NOMEM;
    if (strlen(l->keys_text) != text.n) /* a zero byte hides what is behind it */
        return CU_SYNTAX;
    CU_TRY(note_keys_parse(cu_str(l->keys_text), CU_NONE, &l->keys));
    return l->keys.n ? CU_OK : CU_SYNTAX;
}

cu_err cu_log_open(const char *dir, cu_log **out, cu_fault *f)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", dir, strerror(errno));
    cu_err e = log_open_at(fd, out);
    if (e != CU_OK)
        return e;
    e = log_read_keys(*out);
    if (e == CU_OK)
        return CU_OK;
    cu_log_close(*out);
    *out = NULL;
    return cu_fail(f, e, "%.200s/vkey: %s", dir, cu_err_text(e));
}

void cu_log_close(cu_log *l)
{
    if (!l)
        return;
    cu_close_fd(&l->dirfd);
    for (size_t i = 0; i < TILE_SLOTS; i++)
        cu_buf_free(&l->cached[i].bytes);
    free(l->keys_text);
    free(l);
}

cu_err cu_log_checkpoint(cu_log *l, cu_checkpoint *out, cu_buf *note, cu_fault *f)
{
    cu_buf mine CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_buf *b = note ? note : &mine;
    size_t before = b->n;
    cu_err e = cu_file_read(l->dirfd, "checkpoint", b);
    if (e == CU_OK)
        e = note_open(cu_bytes_of(b->p + before, b->n - before), &l->keys, out);
    if (e == CU_SIGNATURE && !l->trusted && log_read_keys(l) == CU_OK) /* a key was replaced since the log was opened */
        e = note_open(cu_bytes_of(b->p + before, b->n - before), &l->keys, out);
    if (e != CU_OK)
        return cu_fail(f, e, "checkpoint: %s", cu_err_text(e));
    l->size = out->size;
    return CU_OK;
}

cu_err cu_log_root(cu_log *l, uint64_t size, cu_sha256 *out)
{
    return size <= l->size ? merkle_root(tile_node, l, size, out) : CU_NOT_FOUND;
}

cu_err cu_log_entry(cu_log *l, uint64_t index, cu_buf *out, cu_fault *f)
{
    cu_checkpoint cp;
    cu_bytes bundle, leaf = CU_NONE;
    CU_TRY(cu_log_checkpoint(l, &cp, NULL, f));
    if (index >= cp.size)
        return cu_fail(f, CU_NOT_FOUND, "entry %llu: the log has %llu", (unsigned long long)index,
                       (unsigned long long)cp.size);
    CU_TRY(tile_load(l, TILE_ENTRIES, index / TILE_WIDTH, cp.size, &bundle));
    for (uint64_t i = 0; i <= index % TILE_WIDTH; i++)
        if (!bundle_next(&bundle, &leaf))
            return cu_fail(f, CU_CORRUPT, "the bundle of entry %llu is malformed", (unsigned long long)index);
    cu_buf_add(out, leaf);
    return cu_buf_err(out);
}

cu_err cu_log_proof_in(cu_log *l, uint64_t index, const cu_checkpoint *cp, cu_bytes note, cu_buf *out, cu_fault *f)
{
    merkle_proof p;
    l->size = cp->size;
    cu_err e = merkle_inclusion(tile_node, l, index, cp->size, &p);
    if (e != CU_OK)
        return cu_fail(f, e, "entry %llu of %llu: %s", (unsigned long long)index,
                       (unsigned long long)cp->size, cu_err_text(e));
    cu_buf_fmt(out, PROOF_HEAD "index %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < p.n; i++) {
        cu_base64(out, cu_bytes_of(&p.v[i], sizeof p.v[i]));
        cu_buf_byte(out, '\n');
    }
    cu_buf_byte(out, '\n');
    cu_buf_add(out, note);
    return cu_buf_err(out);
}

cu_err cu_log_proof(cu_log *l, uint64_t index, cu_buf *out, cu_fault *f)
{
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    CU_TRY(cu_log_checkpoint(l, &cp, &note, f));
    return cu_log_proof_in(l, index, &cp, cu_buf_view(&note), out, f);
}

static bool take_line(cu_bytes *text, cu_bytes *line)
{
    size_t end = cu_find(*text, CU_LIT("\n"), 0);
    if (end == (size_t)-1)
        return false;
    *line = cu_slice(*text, 0, end);
    *text = cu_slice(*text, end + 1, text->n);
    return true;
}

static bool parse_index(cu_bytes line, uint64_t *index)
{
    *index = 0;
    if (!cu_starts(line, CU_LIT("index ")) || line.n < 7 || line.n > 22)
        return false;
    for (size_t i = 6; i < line.n; i++) {
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
        *index = *index * 10 + (line.p[i] - '0');
    }
    return true;
}

/* Everything before the checkpoint. */
static cu_err parse_proof(cu_bytes *text, uint64_t *index, merkle_proof *p)
{
    cu_bytes line;
    p->n = 0;
    if (text->n > PROOF_MAX || !cu_starts(*text, CU_LIT(PROOF_HEAD)))
        return CU_SYNTAX;
    *text = cu_slice(*text, sizeof PROOF_HEAD - 1, text->n);
    if (!take_line(text, &line))
        return CU_SYNTAX;
    if (cu_starts(line, CU_LIT("extra ")) && !take_line(text, &line))
        return CU_SYNTAX;
    if (!parse_index(line, index))
        return CU_SYNTAX;
    while (take_line(text, &line)) {
        cu_buf h CU_CLEAN_BUF = CU_BUF(64);
        if (line.n == 0)
            return CU_OK;
        if (p->n == MERKLE_PROOF_MAX || cu_unbase64(&h, line) != CU_OK || h.n != sizeof p->v[0])
            return CU_SYNTAX;
        memcpy(&p->v[p->n++], h.p, h.n);
    }
    return CU_SYNTAX;
}

cu_err cu_log_proof_verify(cu_bytes proof, cu_bytes leaf, cu_bytes vkeys, cu_fault *f)
{
    note_keys k;
    merkle_proof p;
    cu_checkpoint cp;
    cu_sha256 h;
    uint64_t index;
    if (note_keys_parse(vkeys, CU_NONE, &k) != CU_OK || k.n == 0)
        return cu_fail(f, CU_SYNTAX, "the verifier key is malformed");
    if (parse_proof(&proof, &index, &p) != CU_OK)
        return cu_fail(f, CU_SYNTAX, "the proof is malformed");
    cu_err e = note_open(proof, &k, &cp);
    if (e != CU_OK)
        return cu_fail(f, e, "the checkpoint inside the proof: %s", cu_err_text(e));
    merkle_leaf(leaf, &h);
    if (!merkle_inclusion_holds(&p, &h, index, cp.size, &cp.root))
        return cu_fail(f, CU_CORRUPT, "the entry is not the one at index %llu of this log",
                       (unsigned long long)index);
    return CU_OK;
}
