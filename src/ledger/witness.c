/* Both ends of C2SP tlog-witness: a request for a cosignature, and a witness that signs only what
 * provably continues what it signed before. */
#include "ledger/witness.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/file.h"
#include "base/sign.h"
#include "tiles.h"
#include "trust.h"

#define PROOF_LINES_MAX 63u
#define PRIVATE_HEAD "PRIVATE+KEY+"

/* --- asking --- */

cu_err cu_witness_request(cu_log *l, uint64_t old_size, const cu_checkpoint *cp, cu_bytes note, cu_buf *out, cu_fault *f)
{
    merkle_proof p = {.n = 0};
    if (old_size > cp->size)
        return cu_fail(f, CU_STATE, "the witness has signed %llu entries; the log has %llu", (unsigned long long)old_size,
                       (unsigned long long)cp->size);
    l->size = cp->size;
    cu_err e = old_size && old_size < cp->size ? merkle_consistency(tile_node, l, old_size, cp->size, &p) : CU_OK;
    if (e != CU_OK)
        return cu_fail(f, e, "the proof from %llu entries: %s", (unsigned long long)old_size, cu_err_text(e));
    cu_buf_fmt(out, "old %llu\n", (unsigned long long)old_size);
    for (size_t i = 0; i < p.n; i++) {
        cu_base64(out, cu_bytes_of(&p.v[i], sizeof p.v[i]));
        cu_buf_byte(out, '\n');
    }
    cu_buf_byte(out, '\n');
    cu_buf_add(out, note);
    return cu_buf_err(out);
}

/* --- answering --- */

struct cu_witness {
    int dirfd, lock;
    char name[CU_LOG_ORIGIN_MAX];
    uint8_t seed[32];
    const cu_trust *logs;
    cu_trust *self; /* a policy of this witness alone, to check what lies on disk */
};

typedef struct {
    uint64_t old_size;
    merkle_proof proof;
    cu_bytes note, text;
    cu_checkpoint cp;
} request;

static bool old_line(cu_bytes line, uint64_t *out)
{
    *out = 0;
    if (!cu_starts(line, CU_LIT("old ")) || line.n < 5 || line.n > 19 || (line.p[4] == '0' && line.n > 5))
        return false;
    for (size_t i = 4; i < line.n; i++) {
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
        *out = *out * 10 + (line.p[i] - '0');
    }
    return true;
}

static cu_err parse_request(cu_bytes in, request *r)
{
    bool first = true;
    cu_bytes lines;
    r->proof.n = 0;
    for (;; first = false) {
        size_t end = cu_find(in, CU_LIT("\n"), 0);
        if (end == (size_t)-1)
            return CU_SYNTAX;
        cu_bytes line = cu_slice(in, 0, end);
        in = cu_slice(in, end + 1, in.n);
        cu_buf h CU_CLEAN_BUF = CU_BUF(64);
        if (first && !old_line(line, &r->old_size))
            return CU_SYNTAX;
        if (first)
            continue;
        if (line.n == 0)
            break;
        if (r->proof.n == PROOF_LINES_MAX || cu_unbase64(&h, line) != CU_OK || h.n != sizeof r->proof.v[0])
            return CU_SYNTAX;
        memcpy(&r->proof.v[r->proof.n++], h.p, h.n);
    }
    r->note = in;
    CU_TRY(note_split(in, &r->text, &lines));
    return checkpoint_parse(r->text, &r->cp);
}

static void file_of(const char *origin, char out[65])
{
    cu_sha256 h;
    cu_sha256_of(cu_str(origin), &h);
    cu_hex(out, h.b, sizeof h);
}

/* What was cosigned last; size 0 when nothing was. What is not ours is refused: somebody wrote it. */
static cu_err last_of(const cu_witness *w, const char *origin, cu_checkpoint *out)
{
    char name[65];
    uint64_t time;
    cu_bytes text, lines;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    file_of(origin, name);
    *out = (cu_checkpoint){0};
    cu_err e = cu_file_read(w->dirfd, name, &note);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    CU_TRY(e);
    CU_TRY(cu_trust_cosigned(w->self, 0, cu_buf_view(&note), &time, NULL));
    CU_TRY(note_split(cu_buf_view(&note), &text, &lines));
    CU_TRY(checkpoint_parse(text, out));
    return strcmp(out->origin, origin) == 0 ? CU_OK : CU_CORRUPT;
}

/* The text and the log's own lines: others are not kept. */
static cu_err keep_known(cu_bytes note, const note_keys *k, cu_buf *out)
{
    cu_bytes text, lines;
    note_signature s;
    CU_TRY(note_split(note, &text, &lines));
    cu_buf_add(out, text);
    cu_buf_byte(out, '\n');
    while (lines.n) {
        const uint8_t *from = lines.p;
        bool known = false;
        CU_TRY(note_next(&lines, &s));
        for (size_t i = 0; i < k->n; i++)
            known |= note_is_by(&s, &k->v[i]);
        if (known)
            cu_buf_put(out, from, (size_t)(lines.p - from));
    }
    return cu_buf_err(out);
}

static unsigned sign(cu_witness *w, const request *r, const note_keys *k, uint64_t now, cu_buf *out)
{
    char name[65];
    cu_buf keep CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX), line CU_CLEAN_BUF = CU_BUF(1024);
    cu_err e = cosign(r->text, cu_str(w->name), w->seed, now, &line);
    if (e == CU_OK)
        e = keep_known(r->note, k, &keep);
    cu_buf_add(&keep, cu_buf_view(&line));
    if (e == CU_OK)
        e = cu_buf_err(&keep);
    file_of(r->cp.origin, name);
    if (e == CU_OK) /* before the signature leaves */
        e = cu_file_replace(w->dirfd, name, cu_buf_view(&keep), 0644);
    if (e != CU_OK) {
        cu_buf_fmt(out, "the checkpoint could not be kept, so it is not signed: %s\n", cu_err_text(e));
        return 500;
    }
    cu_buf_add(out, cu_buf_view(&line));
    return 200;
}

static unsigned conflict(uint64_t size, cu_buf *out)
{
    cu_buf_fmt(out, "%llu\n", (unsigned long long)size);
    return 409;
}

static unsigned refuse(unsigned status, const char *why, cu_buf *out)
{
    cu_buf_fmt(out, "%s\n", why);
    return status;
}

static bool proves(const request *r, const cu_checkpoint *last)
{
    cu_sha256 empty;
    if (r->old_size == 0) {
        cu_sha256_of(CU_NONE, &empty);
        return r->proof.n == 0 && (r->cp.size || memcmp(&r->cp.root, &empty, sizeof empty) == 0);
    }
    return merkle_consistency_holds(r->proof.v, r->proof.n, last->size, &last->root, r->cp.size, &r->cp.root);
}

unsigned cu_witness_add(cu_witness *w, cu_bytes in, uint64_t now, cu_buf *out)
{
    request r;
    cu_checkpoint last, cp;
    note_keys k = {.n = 0};
    if (in.n > CU_WITNESS_REQUEST_MAX || parse_request(in, &r) != CU_OK)
        return refuse(400, "this is no add-checkpoint request", out);
    for (size_t i = 0; i < w->logs->logs.n; i++)
        if (cu_eq_str(w->logs->logs.v[i].name, r.cp.origin))
            k.v[k.n++] = w->logs->logs.v[i];
    if (k.n == 0)
        return refuse(404, "this log is not known here", out);
    if (note_open(r.note, &k, &cp) != CU_OK)
        return refuse(403, "no signature by a key that is known for this log", out);
    if (r.old_size > cp.size)
        return refuse(400, "the old size is larger than the checkpoint's", out);
    if (last_of(w, cp.origin, &last) != CU_OK)
        return refuse(500, "what was signed last cannot be read, so nothing is signed", out);
    if (r.old_size != last.size || (last.size && last.size == cp.size && memcmp(&last.root, &cp.root, sizeof cp.root) != 0))
        return conflict(last.size, out);
    if (!proves(&r, &last))
        return refuse(422, "the proof does not show that this continues what was signed before", out);
    return sign(w, &r, &k, now, out);
}

unsigned cu_witness_last(const cu_witness *w, cu_bytes origin_hex, cu_buf *out)
{
    uint8_t raw[32];
    char name[65];
    if (!cu_unhex(raw, sizeof raw, origin_hex))
        return 404;
    cu_hex(name, raw, sizeof raw);
    return cu_file_read(w->dirfd, name, out) == CU_OK ? 200 : 404;
}

/* --- key --- */

cu_err cu_witness_key_new(const char *name, cu_buf *out)
{
    uint8_t key[33] = {NOTE_ED25519}, pk[32], id[4];
    char hex[9];
    cu_random(key + 1, 32);
    CU_TRY(cu_ed25519_public(key + 1, pk));
    note_key_id(cu_str(name), NOTE_ED25519, pk, id);
    cu_hex(hex, id, 4);
    cu_buf_fmt(out, PRIVATE_HEAD "%s+%s+", name, hex);
    cu_base64(out, cu_bytes_of(key, sizeof key));
    cu_buf_byte(out, '\n');
    cu_wipe(key, sizeof key);
    return cu_buf_err(out);
}

/* "PRIVATE+KEY+NAME+HEXID+BASE64(1 || seed)", as Go's sumdb/note writes it. */
static cu_err parse_key(cu_bytes key, cu_witness *w)
{
    cu_buf raw CU_CLEAN_BUF = CU_BUF(64);
    uint8_t id[4], want[4], pk[32];
    size_t end = cu_find(key, CU_LIT("\n"), 0);
    key = cu_slice(key, 0, end == (size_t)-1 ? key.n : end);
    if (!cu_starts(key, CU_LIT(PRIVATE_HEAD)))
        return CU_SYNTAX;
    key = cu_slice(key, sizeof PRIVATE_HEAD - 1, key.n);
    size_t a = cu_find(key, CU_LIT("+"), 0);
    if (a == (size_t)-1 || a == 0 || a >= sizeof w->name || key.n < a + 11 || key.p[a + 9] != '+' ||
        !cu_unhex(id, 4, cu_slice(key, a + 1, a + 9)) || cu_unbase64(&raw, cu_slice(key, a + 10, key.n)) != CU_OK || raw.n != 33 ||
        raw.p[0] != NOTE_ED25519)
        return CU_SYNTAX;
    memcpy(w->name, key.p, a);
    memcpy(w->seed, raw.p + 1, 32);
    CU_TRY(cu_ed25519_public(w->seed, pk));
    note_key_id(cu_str(w->name), NOTE_ED25519, pk, want);
    return memcmp(id, want, 4) == 0 ? CU_OK : CU_SYNTAX;
}

void cu_witness_vkey(const cu_witness *w, cu_buf *out)
{
    uint8_t pk[32];
    if (cu_ed25519_public(w->seed, pk) == CU_OK)
        note_key_text(cu_str(w->name), NOTE_COSIGNATURE, pk, out);
}

static cu_err know_self(cu_witness *w)
{
    cu_buf policy CU_CLEAN_BUF = CU_BUF(1024);
    cu_fault f;
    cu_buf_str(&policy, "witness self ");
    cu_witness_vkey(w, &policy);
    cu_buf_byte(&policy, '\n');
    return cu_trust_parse(cu_buf_view(&policy), false, &w->self, &f);
}

cu_err cu_witness_open(int state_dirfd, cu_bytes key, const cu_trust *logs, cu_witness **out, cu_fault *f)
{
    cu_witness *w = calloc(1, sizeof *w);
    if (!w)
        return CU_NOMEM;
    w->dirfd = state_dirfd;
    w->logs = logs;
    w->lock = -1;
    cu_err e = parse_key(key, w) == CU_OK && know_self(w) == CU_OK
                   ? CU_OK : cu_fail(f, CU_SYNTAX, "the witness's key is malformed (PRIVATE+KEY+NAME+HEXID+BASE64)");
    if (e == CU_OK && logs->logs.n == 0)
        e = cu_fail(f, CU_CONFIG, "the list of logs names none: add lines \"log VKEY\"");
    if (e == CU_OK && ((w->lock = openat(state_dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0 || flock(w->lock, LOCK_EX | LOCK_NB) != 0))
        e = cu_fail(f, CU_STATE, "another witness is at work with this state, or it cannot be written");
    if (e != CU_OK) {
        cu_witness_close(w);
        return e;
    }
    *out = w;
    return CU_OK;
}

void cu_witness_close(cu_witness *w)
{
    if (!w)
        return;
    cu_close_fd(&w->lock);
    cu_trust_free(w->self);
    cu_wipe(w->seed, sizeof w->seed);
    free(w);
}
