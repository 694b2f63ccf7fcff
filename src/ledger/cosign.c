/* cosignature/v1 of C2SP tlog-cosignature. */
#include <stdio.h>
#include "base/sign.h"
#include "trust.h"

#define SIG_LEN (8 + CU_ED25519_SIG)

static void message(cu_bytes text, uint64_t time, cu_buf *out)
{
    cu_buf_fmt(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    cu_buf_add(out, text);
}

cu_err cosign(cu_bytes text, cu_bytes name, const uint8_t seed[32], uint64_t time, cu_buf *out)
{
    uint8_t sig[4 + SIG_LEN], pk[32];
    cu_buf signed_text CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX + 64);
    CU_TRY(cu_ed25519_public(seed, pk));
    note_key_id(name, NOTE_COSIGNATURE, pk, sig);
    for (int i = 0; i < 8; i++)
        sig[4 + i] = (uint8_t)(time >> (56 - 8 * i));
    message(text, time, &signed_text);
    CU_TRY(cu_buf_err(&signed_text));
    CU_TRY(cu_ed25519_sign(seed, cu_buf_view(&signed_text), sig + 12));
    cu_buf_str(out, "\xe2\x80\x94 ");
    cu_buf_add(out, name);
    cu_buf_byte(out, ' ');
    cu_base64(out, cu_bytes_of(sig, sizeof sig));
    cu_buf_byte(out, '\n');
    return cu_buf_err(out);
}

static cu_err check(cu_bytes text, const note_signature *s, const note_key *k, uint64_t *time)
{
    cu_buf signed_text CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX + 64);
    if (s->n != SIG_LEN)
        return CU_SIGNATURE;
    *time = 0;
    for (int i = 0; i < 8; i++)
        *time = *time << 8 | s->sig[i];
    if (*time > INT64_MAX)
        return CU_SIGNATURE;
    message(text, *time, &signed_text);
    CU_TRY(cu_buf_err(&signed_text));
    return cu_ed25519_verify(k->pk, cu_buf_view(&signed_text), s->sig + 8);
}

cu_err cu_trust_cosigned(const cu_trust *t, size_t witness, cu_bytes note, uint64_t *time, cu_buf *line)
{
    cu_bytes text, lines;
    note_signature s;
    CU_TRY(note_split(note, &text, &lines));
    while (lines.n) {
        const uint8_t *from = lines.p;
        CU_TRY(note_next(&lines, &s));
        if (!note_is_by(&s, &t->witnesses[witness].key))
            continue;
        CU_TRY(check(text, &s, &t->witnesses[witness].key, time));
        if (line)
            cu_buf_put(line, from, (size_t)(lines.p - from));
        return line ? cu_buf_err(line) : CU_OK;
    }
    return CU_NOT_FOUND;
}

cu_err cu_trust_quorum(const cu_trust *t, cu_bytes note, bool *enough, uint64_t *oldest)
{
    bool have[CU_TRUST_WITNESSES] = {false};
    uint64_t at;
    *oldest = 0;
    for (size_t i = 0; i < t->witnesses_n; i++) {
        cu_err e = cu_trust_cosigned(t, i, note, &at, NULL);
        if (e != CU_OK && e != CU_NOT_FOUND)
            return e;
        have[i] = e == CU_OK;
        if (have[i] && (*oldest == 0 || at < *oldest))
            *oldest = at;
    }
    *enough = cu_trust_holds(t, have);
    return CU_OK;
}
