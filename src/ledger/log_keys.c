#include "log_keys.h"
#include <stdlib.h>
#include "base/file.h"
#include "ledger/signer.h"

#define KEYS_TEXT ((size_t)32768)

static const note_key *find(const note_keys *k, const note_key *which)
{
    for (size_t i = 0; i < k->n; i++)
        if (memcmp(k->v[i].pk, which->pk, sizeof which->pk) == 0)
            return &k->v[i];
    return NULL;
}

/* Which of the keys signed, as one bit each, and how many lines are by none of them. */
static cu_err signers_of(cu_bytes note, const note_keys *k, uint64_t *bits, unsigned *others)
{
    cu_bytes text, lines;
    note_signature s;
    *bits = 0;
    *others = 0;
    CU_TRY(note_split(note, &text, &lines));
    while (lines.n) {
        bool ours = false;
        CU_TRY(note_next(&lines, &s));
        for (size_t i = 0; i < k->n; i++)
            if (note_is_by(&s, &k->v[i])) {
                *bits |= 1ull << i;
                ours = true;
            }
        *others += !ours;
    }
    return CU_OK;
}

static cu_err write_name(cu_log *l, const note_key *k)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(512);
    if (memcmp(l->named, k->id, sizeof l->named) == 0)
        return CU_OK;
    note_key_text(k->name, k->type, k->pk, &text);
    cu_buf_byte(&text, '\n');
    CU_TRY(cu_buf_err(&text));
    CU_TRY(cu_file_replace(l->dirfd, "vkey", cu_buf_view(&text), 0644));
    memcpy(l->named, k->id, sizeof l->named);
    return CU_OK;
}

static cu_err write_keys(cu_log *l, const note_keys *k)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(KEYS_TEXT);
    note_keys_text(k, &text);
    CU_TRY(cu_buf_err(&text));
    CU_TRY(cu_file_replace(l->dirfd, "vkeys", cu_buf_view(&text), 0644));
    return log_read_keys(l);
}

cu_err log_keys_settle(cu_log *l, int signer_fd, const char *name, const char *origin, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(KEYS_TEXT);
    note_keys signer;
    cu_err e = log_read_keys(l);
    bool fresh = e == CU_NOT_FOUND;
    if (e != CU_OK && !fresh)
        return cu_fail(f, e, "log %s: vkeys: %s", name, cu_err_text(e));
    CU_TRY(cu_signer_keys(signer_fd, origin, !fresh, &text, f));
    e = note_keys_parse(cu_buf_view(&text), CU_NONE, &signer);
    for (size_t i = 0; e == CU_OK && !fresh && i < l->keys.n; i++)
        if (!find(&signer, &l->keys.v[i]))
            return cu_fail(f, CU_CORRUPT, "log %s was signed with another key than the signer holds", name);
    if (e == CU_OK && fresh)
        e = write_keys(l, &signer);
    if (e == CU_OK && fresh)
        e = write_name(l, &l->keys.v[l->keys.n - 1]);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "log %s: its keys: %s", name, cu_err_text(e));
}

cu_err log_keys_take(cu_log *l, int signer_fd, const char *origin, cu_bytes note, uint64_t old_size, uint64_t size, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(KEYS_TEXT);
    note_keys signer, next = l->keys;
    uint64_t bits, known;
    unsigned others;
    bool changed = false;
    CU_TRY(signers_of(note, &l->keys, &known, &others));
    for (size_t i = 0; i < next.n; i++)
        if (next.v[i].to == UINT64_MAX && !(known >> i & 1)) {
            next.v[i].to = old_size > next.v[i].from ? old_size : next.v[i].from;
            changed = true;
        }
    if (!changed && !others)
        return CU_OK;
    CU_TRY(cu_signer_keys(signer_fd, origin, true, &text, f));
    CU_TRY(note_keys_parse(cu_buf_view(&text), CU_NONE, &signer));
    CU_TRY(signers_of(note, &signer, &bits, &others));
    for (size_t i = 0; i < signer.n; i++)
        if ((bits >> i & 1) && !find(&l->keys, &signer.v[i])) {
            if (next.n == NOTE_KEYS_MAX)
                return cu_fail(f, CU_TOO_BIG, "the log had %u keys", NOTE_KEYS_MAX);
            next.v[next.n] = signer.v[i];
            next.v[next.n++].from = size;
            changed = true;
        }
    return changed ? write_keys(l, &next) : CU_OK;
}

cu_err log_keys_name(cu_log *l, cu_bytes note)
{
    uint64_t bits;
    unsigned others;
    CU_TRY(signers_of(note, &l->keys, &bits, &others));
    return bits ? write_name(l, &l->keys.v[63 - __builtin_clzll(bits)]) : CU_SIGNATURE;
}
