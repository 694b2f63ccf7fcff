#include "note.h"
#include <stdio.h>
#include "base/sign.h"

#define DASH "\xe2\x80\x94 "

void checkpoint_text(const cu_checkpoint *cp, cu_buf *out)
{
    cu_buf_fmt(out, "%s\n%llu\n", cp->origin, (unsigned long long)cp->size);
    cu_base64(out, cu_bytes_of(&cp->root, sizeof cp->root));
    cu_buf_byte(out, '\n');
}

/* --- keys --- */

void note_key_id(cu_bytes name, uint8_t type, const uint8_t pk[32], uint8_t id[4])
{
    uint8_t tail[34] = {'\n', type};
    cu_sha256 h;
    memcpy(tail + 2, pk, 32);
    cu_sha256_of3(name, cu_bytes_of(tail, sizeof tail), CU_NONE, &h);
    memcpy(id, h.b, 4);
}

void note_key_text(cu_bytes name, uint8_t type, const uint8_t pk[32], cu_buf *out)
{
    uint8_t id[4], key[33] = {type};
    char hex[9];
    note_key_id(name, type, pk, id);
    cu_hex(hex, id, 4);
    memcpy(key + 1, pk, 32);
    cu_buf_add(out, name);
    cu_buf_fmt(out, "+%s+", hex);
    cu_base64(out, cu_bytes_of(key, sizeof key));
}

/* No blank, no plus, nothing that is not printed. */
static bool is_key_name(cu_bytes name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] == '+' || name.p[i] == 0x7f)
            return false;
    return name.n > 0 && name.n < CU_LOG_ORIGIN_MAX && cu_utf8_valid(name, NULL);
}

cu_err note_key_parse(cu_bytes vkey, uint8_t type, note_key *out)
{
    while (vkey.n && (vkey.p[vkey.n - 1] == '\n' || vkey.p[vkey.n - 1] == '\r'))
        vkey.n--;
    size_t a = cu_find(vkey, CU_LIT("+"), 0);
    if (a == (size_t)-1 || vkey.n < a + 11 || vkey.p[a + 9] != '+' || !is_key_name(cu_slice(vkey, 0, a)))
        return CU_SYNTAX;
    cu_buf key CU_CLEAN_BUF = CU_BUF(64);
    uint8_t id[4];
    for (size_t i = a + 1; i < a + 9; i++)
        if (vkey.p[i] >= 'A' && vkey.p[i] <= 'F') /* one spelling only */
            return CU_SYNTAX;
    if (cu_unbase64(&key, cu_slice(vkey, a + 10, vkey.n)) != CU_OK || key.n != 33 || key.p[0] != type ||
        !cu_unhex(out->id, 4, cu_slice(vkey, a + 1, a + 9)))
        return CU_SYNTAX;
    out->name = cu_slice(vkey, 0, a);
    out->type = type;
    memcpy(out->pk, key.p + 1, 32);
    out->from = 0;
    out->to = UINT64_MAX;
    note_key_id(out->name, type, out->pk, id);
    return memcmp(id, out->id, 4) == 0 ? CU_OK : CU_SYNTAX;
}

/* Decimal without leading zeroes, at most 15 digits. */
static bool to_size(cu_bytes b, uint64_t *out)
{
    if (b.n == 0 || b.n > 15 || (b.n > 1 && b.p[0] == '0'))
        return false;
    *out = 0;
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] < '0' || b.p[i] > '9')
            return false;
        *out = *out * 10 + (b.p[i] - '0');
    }
    return true;
}

static cu_err key_line(cu_bytes line, note_key *out)
{
    size_t a = cu_find(line, CU_LIT(" "), 0);
    if (a == (size_t)-1)
        return note_key_parse(line, NOTE_ED25519, out);
    size_t b = cu_find(line, CU_LIT(" "), a + 1);
    CU_TRY(note_key_parse(cu_slice(line, 0, a), NOTE_ED25519, out));
    if (b == (size_t)-1 || !to_size(cu_slice(line, a + 1, b), &out->from))
        return CU_SYNTAX;
    cu_bytes to = cu_slice(line, b + 1, line.n);
    if (cu_eq_str(to, "-"))
        return CU_OK;
    return to_size(to, &out->to) && out->to >= out->from ? CU_OK : CU_SYNTAX;
}

cu_err note_keys_parse(cu_bytes text, cu_bytes name, note_keys *out)
{
    out->n = 0;
    while (text.n) {
        size_t end = cu_find(text, CU_LIT("\n"), 0);
        cu_bytes line = cu_slice(text, 0, end == (size_t)-1 ? text.n : end);
        text = end == (size_t)-1 ? CU_NONE : cu_slice(text, end + 1, text.n);
        note_key k;
        if (line.n == 0)
            continue;
        CU_TRY(key_line(line, &k));
        if (name.n && !cu_eq(name, k.name))
            continue;
        if (out->n == NOTE_KEYS_MAX)
            return CU_TOO_BIG;
        out->v[out->n++] = k;
    }
    return CU_OK;
}

void note_keys_text(const note_keys *k, cu_buf *out)
{
    for (size_t i = 0; i < k->n; i++) {
        note_key_text(k->v[i].name, k->v[i].type, k->v[i].pk, out);
        cu_buf_fmt(out, " %llu ", (unsigned long long)k->v[i].from);
        if (k->v[i].to == UINT64_MAX)
            cu_buf_str(out, "-\n");
        else
            cu_buf_fmt(out, "%llu\n", (unsigned long long)k->v[i].to);
    }
}

/* --- notes --- */

cu_err note_sign_line(cu_bytes text, cu_bytes name, const uint8_t seed[32], cu_buf *out)
{
    uint8_t sig[4 + CU_ED25519_SIG], pk[32];
    CU_TRY(cu_ed25519_public(seed, pk));
    note_key_id(name, NOTE_ED25519, pk, sig);
    CU_TRY(cu_ed25519_sign(seed, text, sig + 4));
    cu_buf_str(out, DASH);
    cu_buf_add(out, name);
    cu_buf_byte(out, ' ');
    cu_base64(out, cu_bytes_of(sig, sizeof sig));
    cu_buf_byte(out, '\n');
    return cu_buf_err(out);
}

cu_err note_split(cu_bytes note, cu_bytes *text, cu_bytes *lines)
{
    size_t blank = note.n;
    if (note.n < 4 || note.n > CU_NOTE_MAX || note.p[note.n - 1] != '\n' || !cu_utf8_valid(note, NULL))
        return CU_SYNTAX;
    for (size_t i = 0; i < note.n; i++)
        if (note.p[i] < 0x20 && note.p[i] != '\n')
            return CU_SYNTAX;
    for (blank = note.n - 1; blank > 0; blank--)
        if (note.p[blank] == '\n' && note.p[blank - 1] == '\n')
            break;
    if (blank == 0 || blank + 1 == note.n)
        return CU_SYNTAX;
    *text = cu_slice(note, 0, blank);
    *lines = cu_slice(note, blank + 1, note.n);
    return CU_OK;
}

cu_err note_next(cu_bytes *lines, note_signature *out)
{
    size_t end = cu_find(*lines, CU_LIT("\n"), 0);
    if (end == (size_t)-1 || !cu_starts(*lines, CU_LIT(DASH)) || end < sizeof DASH - 1)
        return CU_SYNTAX;
    cu_bytes line = cu_slice(*lines, sizeof DASH - 1, end);
    *lines = cu_slice(*lines, end + 1, lines->n);
    size_t space = cu_find(line, CU_LIT(" "), 0);
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    if (space == (size_t)-1 || !is_key_name(cu_slice(line, 0, space)) ||
        cu_unbase64(&b, cu_slice(line, space + 1, line.n)) != CU_OK || b.n <= 4)
        return CU_SYNTAX;
    out->name = cu_slice(line, 0, space);
    memcpy(out->id, b.p, 4);
    out->n = b.n - 4 <= sizeof out->sig ? b.n - 4 : 0;
    memcpy(out->sig, b.p + 4, out->n);
    return CU_OK;
}

bool note_is_by(const note_signature *s, const note_key *k)
{
    return memcmp(s->id, k->id, 4) == 0 && cu_eq(s->name, k->name);
}

cu_err checkpoint_parse(cu_bytes text, cu_checkpoint *out)
{
    size_t a = cu_find(text, CU_LIT("\n"), 0);
    size_t b = a == (size_t)-1 ? a : cu_find(text, CU_LIT("\n"), a + 1);
    size_t c = b == (size_t)-1 ? b : cu_find(text, CU_LIT("\n"), b + 1);
    cu_buf root CU_CLEAN_BUF = CU_BUF(64);
    if (c == (size_t)-1 || a == 0 || a >= CU_LOG_ORIGIN_MAX || memchr(text.p, 0, a) || !to_size(cu_slice(text, a + 1, b), &out->size))
        return CU_SYNTAX;
    memcpy(out->origin, text.p, a);
    out->origin[a] = 0;
    if (cu_unbase64(&root, cu_slice(text, b + 1, c)) != CU_OK || root.n != sizeof out->root)
        return CU_SYNTAX;
    memcpy(&out->root, root.p, sizeof out->root);
    for (size_t i = c; i + 1 < text.n; i++)
        if (text.p[i] == '\n' && text.p[i + 1] == '\n')
            return CU_SYNTAX; /* extension lines are not empty */
    return CU_OK;
}

static cu_err check_one(cu_bytes text, const note_signature *s, const note_keys *k, const cu_checkpoint *cp, bool *good)
{
    for (size_t i = 0; i < k->n; i++) {
        if (!note_is_by(s, &k->v[i]))
            continue;
        if (s->n != CU_ED25519_SIG || !cu_eq_str(s->name, cp->origin))
            return CU_SIGNATURE;
        CU_TRY(cu_ed25519_verify(k->v[i].pk, text, s->sig));
        *good |= cp->size >= k->v[i].from && cp->size <= k->v[i].to;
    }
    return CU_OK;
}

cu_err note_open(cu_bytes note, const note_keys *k, cu_checkpoint *out)
{
    cu_bytes text, lines;
    note_signature s;
    bool good = false;
    CU_TRY(note_split(note, &text, &lines));
    CU_TRY(checkpoint_parse(text, out));
    for (unsigned n = 0; lines.n; n++) {
        if (n == NOTE_SIGNATURES_MAX)
            return CU_TOO_BIG;
        CU_TRY(note_next(&lines, &s));
        CU_TRY(check_one(text, &s, k, out, &good));
    }
    return good ? CU_OK : CU_SIGNATURE;
}

cu_err note_open_one(cu_bytes note, const note_key *k, cu_checkpoint *out)
{
    note_keys one = {.n = 1};
    one.v[0] = *k;
    return note_open(note, &one, out);
}
