/* Values in base64 (RFC 4648 sections 4 and 5) or hexadecimal: what decodes to plain text is looked
 * through as well, and the encoded form is the finding. Random keys decode to bytes that no text has, so
 * that nearly all are left after 18 bytes. A text inside may hold encoded values itself, to a depth of
 * CU_DECODED_DEPTH; each is shorter than what it stands in. */
#include "engine.h"

#define SHORTEST 24u  /* encoded bytes */
#define LONGEST 8192u
#define TRIED 18u     /* decoded bytes that decide */

static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (cu_digit(c))
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static int nibble(uint8_t c)
{
    return cu_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static bool plain_text(uint8_t c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

/* Decodes until something is no text; the count, 0 then. */
static size_t from_base64(cu_bytes x, uint8_t *out, size_t most)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < x.n && n < most; i++) {
        bits = bits << 6 | (uint32_t)sextet(x.p[i]);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        out[n] = (uint8_t)(bits >> have);
        if (!plain_text(out[n++]))
            return 0;
    }
    return n;
}

static size_t from_hex(cu_bytes x, uint8_t *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < x.n && n < most; i += 2) {
        int high = nibble(x.p[i]), low = nibble(x.p[i + 1]);
        if (high < 0 || low < 0 || !plain_text(out[n] = (uint8_t)(high << 4 | low)))
            return 0;
        n++;
    }
    return x.n % 2 ? 0 : n;
}

static size_t decode(cu_bytes x, uint8_t *out, size_t most)
{
    size_t n = from_hex(x, out, most);
    return n ? n : x.n % 4 == 1 ? 0 : from_base64(x, out, most);
}

void cu_note_encoded(cu_scratch *s, cu_bytes t, size_t from, size_t to)
{
    uint8_t start[TRIED];
    cu_bytes row = cu_slice(t, from, to);
    if (s->depth >= CU_DECODED_DEPTH || row.n < SHORTEST || row.n > LONGEST || s->encoded_n == CU_DECODED_MAX || !decode(row, start, TRIED))
        return;
    s->encoded[s->encoded_n].start = (uint32_t)from;
    s->encoded[s->encoded_n++].end = (uint32_t)to;
}

/* Of what stands inside: secrets before personal data before the rest, then the surest; NULL: nothing. */
static const cu_finding *heaviest(const cu_findings *f)
{
    const cu_finding *best = NULL;
    for (size_t i = 0; i < f->n; i++) {
        const cu_finding *x = &f->v[i];
        int class = cu_type_class((cu_type)x->type), before = best ? (int)cu_type_class((cu_type)best->type) : -1;
        if (x->flags & (CU_FINDING_PLACEHOLDER | CU_FINDING_REMAINDER))
            continue;
        if (class > before || (class == before && x->confidence > best->confidence))
            best = x;
    }
    return best;
}

static cu_err look_inside(cu_scratch *s, cu_bytes t, size_t k, cu_findings *out)
{
    uint8_t plain[LONGEST];
    cu_findings inside = {0};
    cu_bytes row = cu_slice(t, s->encoded[k].start, s->encoded[k].end);
    size_t n = decode(row, plain, sizeof plain);
    cu_err e = n ? cu_detect(s->engine, s, cu_bytes_of(plain, n), &inside) : CU_OK;
    const cu_finding *best = e == CU_OK ? heaviest(&inside) : NULL;
    if (best) {
        size_t end = s->encoded[k].end;
        while (end < t.n && end < s->encoded[k].end + 2u && t.p[end] == '=')
            end++;
        e = cu_found(s->engine, out, best->rule, s->encoded[k].start, end);
        if (e == CU_OK) {
            out->v[out->n - 1].confidence = best->confidence;
            out->v[out->n - 1].flags |= (best->flags & CU_FINDING_CHECKED) | CU_FINDING_DECODED;
        }
    }
    cu_findings_free(&inside);
    cu_wipe(plain, sizeof plain);
    return e;
}

cu_err cu_find_decoded(cu_scratch *s, cu_bytes t, size_t first, cu_findings *out)
{
    cu_err e = CU_OK;
    size_t last = s->encoded_n; /* behind these stand those of the texts inside */
    s->depth++;
    for (size_t k = first; k < last && e == CU_OK && s->looks++ < CU_DECODED_LOOKS; k++)
        e = look_inside(s, t, k, out);
    s->depth--;
    s->encoded_n = first;
    return e;
}
