/* Values written with escapes: percent (RFC 3986 section 2.1), references of HTML, and quoted-printable
 * (RFC 2045 section 6.7) in texts that say they use it. The stretch around an escape is decoded and
 * looked through; each decoded byte knows where it stood, so that a finding is what stands in the text. */
#include "engine.h"

#define BEFORE 256u /* bytes of a stretch on each side of its first escape */
#define AFTER 2048u

typedef struct {
    uint8_t byte;
    size_t n; /* bytes of the escape; 0: none stands here */
} escape;

typedef struct {
    uint8_t plain[BEFORE + AFTER];
    uint32_t at[BEFORE + AFTER + 1]; /* where each byte stood */
    size_t n;
} stretch;

static int nibble(uint8_t c)
{
    return cu_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* %40, =40: two digits behind the sign. */
static escape two_digits(cu_bytes t, size_t i)
{
    int high = i + 2 < t.n ? nibble(t.p[i + 1]) : -1, low = high < 0 ? -1 : nibble(t.p[i + 2]);
    if (low < 0 || !(high | low))
        return (escape){0, 0};
    return (escape){(uint8_t)(high << 4 | low), 3};
}

/* &#64;, &#x40;, &quot; and the other four that XML knows. */
static escape reference(cu_bytes t, size_t i)
{
    static const struct { const char *name; uint8_t n, byte; } known[] = {
#define NAME(text, byte) {text, sizeof text - 1, byte}
        NAME("&quot;", '"'), NAME("&apos;", '\''), NAME("&amp;", '&'), NAME("&lt;", '<'), NAME("&gt;", '>'), NAME("&commat;", '@'),
        NAME("&period;", '.'), NAME("&colon;", ':'), NAME("&equals;", '='), NAME("&sol;", '/')};
#undef NAME
    uint8_t first = i + 1 < t.n ? t.p[i + 1] : 0;
    for (size_t k = 0; first != '#' && k < sizeof known / sizeof *known; k++)
        if ((uint8_t)known[k].name[1] == first && t.n - i >= known[k].n && memcmp(t.p + i, known[k].name, known[k].n) == 0)
            return (escape){known[k].byte, known[k].n};
    size_t k = i + 2, value = 0, digits = 0;
    if (k + 2 > t.n || first != '#')
        return (escape){0, 0};
    bool hex = (t.p[k] | 32) == 'x';
    for (k += hex; k < t.n && digits < 6 && nibble(t.p[k]) >= 0 && (hex || cu_digit(t.p[k])); k++, digits++)
        value = value * (hex ? 16 : 10) + (size_t)nibble(t.p[k]);
    bool good = digits && k < t.n && t.p[k] == ';' && value >= 0x20 && value < 0x7f;
    return good ? (escape){(uint8_t)value, k + 1 - i} : (escape){0, 0};
}

/* A line that ends in "=" goes on; n bytes stand for none. */
static size_t soft_break(cu_bytes t, size_t i)
{
    if (i + 1 < t.n && t.p[i + 1] == '\n')
        return 2;
    return i + 2 < t.n && t.p[i + 1] == '\r' && t.p[i + 2] == '\n' ? 3 : 0;
}

static escape escape_at(cu_bytes t, size_t i, uint8_t sign)
{
    return sign == '&' ? reference(t, i) : two_digits(t, i);
}

/* What is percent-encoded is one word; the others are prose. */
static bool ends_stretch(uint8_t c, uint8_t sign)
{
    return c == CU_DETECT_SEPARATOR || (sign == '%' ? c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`'
                                                    : sign == '&' && c == '\n');
}

/* Past the stretch around an escape at i, that begins at `from` or later. */
static size_t read_stretch(cu_bytes t, size_t from, size_t i, uint8_t sign, stretch *s)
{
    size_t a = i, end = i + AFTER < t.n ? i + AFTER : t.n;
    while (a > from && i - a < BEFORE && !ends_stretch(t.p[a - 1], sign))
        a--;
    s->n = 0;
    while (a < end && !ends_stretch(t.p[a], sign)) {
        size_t gone = sign == '=' && t.p[a] == '=' ? soft_break(t, a) : 0;
        escape e = t.p[a] == sign && !gone ? escape_at(t, a, sign) : (escape){0, 0};
        s->at[s->n] = (uint32_t)a;
        if (!gone)
            s->plain[s->n++] = e.n ? e.byte : t.p[a];
        a += gone ? gone : e.n ? e.n : 1;
    }
    s->at[s->n] = (uint32_t)a;
    return a;
}

static cu_err look_inside(cu_scratch *s, const stretch *x, cu_findings *out)
{
    cu_findings inside = {0};
    s->depth++;
    cu_err e = cu_detect(s->engine, s, cu_bytes_of(x->plain, x->n), &inside);
    s->depth--;
    for (size_t i = 0; i < inside.n && e == CU_OK; i++) {
        const cu_finding *f = &inside.v[i];
        uint32_t start = x->at[f->start], end = x->at[f->end];
        if (f->flags & (CU_FINDING_PLACEHOLDER | CU_FINDING_REMAINDER))
            continue;
        e = cu_found(s->engine, out, f->rule, start, end);
        if (e != CU_OK)
            break;
        cu_finding *g = &out->v[out->n - 1];
        g->confidence = f->confidence;
        g->flags = f->flags | (end - start != f->end - f->start ? CU_FINDING_DECODED : 0);
    }
    cu_findings_free(&inside);
    return e;
}

bool cu_escape_at(cu_bytes t, size_t i, uint8_t sign)
{
    return escape_at(t, i, sign).n > 0;
}

/* The next escape from i on, in a marked block; marks NULL: in any. t.n when there is none. */
static size_t next_escape(cu_bytes t, size_t i, uint8_t sign, const uint64_t *marks)
{
    size_t blocks = (t.n + CU_BLOCK - 1) / CU_BLOCK;
    while (i < t.n) {
        size_t b = marks ? cu_next_marked(marks, i / CU_BLOCK, blocks) : 0;
        size_t from = marks && b * CU_BLOCK > i ? b * CU_BLOCK : i, end = marks && (b + 1) * CU_BLOCK < t.n ? (b + 1) * CU_BLOCK : t.n;
        const uint8_t *p = from < end ? memchr(t.p + from, sign, end - from) : NULL;
        if (p && escape_at(t, (size_t)(p - t.p), sign).n)
            return (size_t)(p - t.p);
        i = p ? (size_t)(p - t.p) + 1 : end;
    }
    return t.n;
}

static cu_err find_signs(cu_scratch *s, cu_bytes t, uint8_t sign, const uint64_t *marks, cu_findings *out)
{
    stretch x;
    cu_err e = CU_OK;
    size_t past = 0, i = next_escape(t, 0, sign, marks);
    if (i == t.n)
        return CU_OK;
    while (i < t.n && e == CU_OK && s->looks < CU_DECODED_LOOKS) {
        past = read_stretch(t, past, i, sign, &x);
        past = past > i ? past : i + 1;
        s->looks++;
        e = look_inside(s, &x, out);
        i = next_escape(t, past, sign, marks);
    }
    cu_wipe(&x, sizeof x);
    return e;
}

cu_err cu_find_escaped(cu_scratch *s, cu_bytes t, cu_findings *out)
{
    CU_TRY(find_signs(s, t, '%', s->escapes[s->depth].percent, out));
    CU_TRY(find_signs(s, t, '&', s->escapes[s->depth].reference, out));
    return s->escapes[s->depth].quoted ? find_signs(s, t, '=', NULL, out) : CU_OK;
}
