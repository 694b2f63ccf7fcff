/* Hardware addresses, and telephone numbers as they are written inside a country. */
#include <strings.h>
#include "engine.h"
#include "names.h"

#define MAX_GROUPS 8

static bool hex(uint8_t c)
{
    return cu_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* IEEE 802: six pairs, one separator throughout. i is the first separator. */
cu_err cu_find_mac(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    size_t start = i - 2, end = i + 15;
    unsigned zero = 0, ones = 0;
    if (i < 2 || t.n - i < 15 || t.p[i + 3] != t.p[i] || !cu_starts_token(t, start) ||
        (start && (t.p[start - 1] == t.p[i])))
        return CU_OK;
    for (size_t k = start; k < end; k++) {
        if ((k - start) % 3 == 2 ? t.p[k] != t.p[i] : !hex(t.p[k]))
            return CU_OK;
        zero += t.p[k] == '0';
        ones += (t.p[k] | 32) == 'f';
    }
    if (end < t.n && (cu_alnum(t.p[end]) || t.p[end] == '_' || t.p[end] == t.p[i]))
        return CU_OK;
    if (zero == 12 || ones == 12) /* nobody's address, and everybody's */
        return CU_OK;
    *past = end;
    return cu_found(e, out, e->finder[CU_FIND_MAC], start, end);
}

static bool letter(uint8_t c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* A word that announces a number begins at k; it ends there too, or is long enough to be one inside
 * another ("Telefonnummer"). */
static bool announces(cu_bytes t, size_t k, size_t end)
{
    static const char *const words[] = {"phone", "telefon", "telephone", "tel", "mobile", "mobil", "cell",
        "call", "fax", "sms", "whatsapp", "handy", "telefono", "cellulare", "movil", "reach"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        size_t n = 0;
        while (words[w][n] && k + n < end && (t.p[k + n] | 32) == words[w][n])
            n++;
        if (!words[w][n] && (n > 4 || k + n == end || !letter(t.p[k + n])))
            return true;
    }
    return false;
}

#define NEAR 40u /* bytes before a number in which a word may announce it */

static bool word_near(cu_bytes t, size_t i)
{
    static const bool begins[32] = {['p' - 96] = true, ['t' - 96] = true, ['m' - 96] = true, ['c' - 96] = true, ['f' - 96] = true,
        ['s' - 96] = true, ['w' - 96] = true, ['h' - 96] = true, ['r' - 96] = true};
    size_t k = i > NEAR ? i - NEAR : 0;
    unsigned letters = 0;
    for (size_t n = k; n < i; n++)
        letters += (uint8_t)((t.p[n] | 32) - 'a') < 26;
    if (letters < 3) /* a table of numbers */
        return false;
    for (size_t n = i; n > k; n--)
        if (t.p[n - 1] == CU_DETECT_SEPARATOR || t.p[n - 1] == '\n')
            k = n;
    for (; k + 3 <= i; k++) {
        uint8_t c = t.p[k] | 32;
        if (!letter(c) || !begins[c - 96])
            continue;
        bool inside = k > 0 && (letter(t.p[k - 1]) || cu_digit(t.p[k - 1])); /* _Z8call */
        if (inside ? c == 'p' && i - k >= 5 && strncasecmp((const char *)t.p + k, "phone", 5) == 0 : announces(t, k, i))
            return true;
    }
    return false;
}

typedef struct {
    size_t start, end, digits, groups, size[MAX_GROUPS];
    uint8_t joint[MAX_GROUPS]; /* the separator before each group */
    uint8_t first[MAX_GROUPS];
} run;

static bool read_run(cu_bytes t, size_t i, run *r)
{
    static const bool joins[8] = {['(' - '('] = true, [')' - '('] = true, ['-' - '('] = true, ['.' - '('] = true, ['/' - '('] = true};
    size_t at = i;
    *r = (run){.start = i && t.p[i - 1] == '(' ? i - 1 : i, .end = i};
    while (at < t.n && r->digits <= 15) {
        uint8_t c = t.p[at];
        if (cu_digit(c)) {
            if (at > r->end || r->groups == 0) {
                if (r->groups == MAX_GROUPS)
                    return false;
                r->first[r->groups] = c;
                r->joint[r->groups] = at > i ? t.p[at - 1] : 0;
                r->groups++;
            }
            r->size[r->groups - 1]++;
            r->digits++;
            r->end = ++at;
        } else if ((c == ' ' || (c >= '(' && c <= '/' && joins[c - '('])) && at - r->end < 2) {
            at++;
        } else {
            break;
        }
    }
    return r->digits <= 15 && !(r->end < t.n && (cu_alnum(t.p[r->end]) || t.p[r->end] == '_' ||
                                                 t.p[r->end] == ':' || t.p[r->end] == '%'));
}

static bool like_date(const run *r)
{
    return r->groups == 3 && r->joint[1] != ' ' && r->joint[1] == r->joint[2] &&
           ((r->size[0] == 4 && r->size[1] <= 2 && r->size[2] <= 2) ||
            (r->size[0] <= 2 && r->size[1] <= 2 && (r->size[2] == 4 || r->size[2] == 2)));
}

/* Two hex digits and a blank beside it: a row of a dump. */
static bool in_dump(const run *r, cu_bytes t)
{
    size_t s = r->start, e = r->end;
    if (s > 2 && t.p[s - 1] == ' ' && hex(t.p[s - 2]) && hex(t.p[s - 3]) && (s == 3 || !cu_alnum(t.p[s - 4])))
        return true;
    while (e < t.n && t.p[e] == ' ' && e - r->end < 4)
        e++;
    return e > r->end && e + 1 < t.n && hex(t.p[e]) && hex(t.p[e + 1]) && (e + 2 == t.n || !cu_alnum(t.p[e + 2]));
}

/* Forms that nothing else has: (ddd) ddd-dddd of North America, 0d dd dd dd dd of France. */
static bool sure_form(const run *r, cu_bytes t)
{
    if (r->groups == 3 && r->size[0] == 3 && r->size[1] == 3 && r->size[2] == 4)
        return t.p[r->start] == '(' && r->first[0] > '1' && r->first[1] > '1' && r->joint[2] == '-';
    if (r->groups != 5 || r->size[0] != 2 || r->first[0] != '0')
        return false;
    for (int k = 1; k < 5; k++)
        if (r->size[k] != 2 || r->joint[k] != r->joint[1])
            return false;
    return (r->joint[1] == ' ' || r->joint[1] == '.') && t.p[r->start + 1] != '0' && !in_dump(r, t);
}

/* A trunk zero and two to four groups, in a text and not in a table of numbers. */
static bool trunk_form(const run *r, cu_bytes t)
{
    bool open = t.p[r->start] == '(';
    if (r->first[0] != '0' || r->groups < 2 || r->groups > 4 || r->digits < 10 || r->digits > 12 ||
        r->size[0] < 3 || r->size[0] > 5 || r->size[1] < 3 || t.p[r->start + open + 1] == '0')
        return false;
    for (size_t k = 1; k < r->groups; k++)
        if (r->size[k] < 3 || (r->joint[k] != ' ' && r->joint[k] != '/' && r->joint[k] != '-'))
            return false;
    return cu_prose_around(t, r->start);
}

cu_err cu_find_national(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    run r;
    if (!read_run(t, i, &r) || r.digits < 6 || like_date(&r) || (i && strchr(".-+", t.p[i - 1]) && t.p[i - 1]))
        return CU_OK;
    if (!sure_form(&r, t) && !trunk_form(&r, t) &&
        !((r.groups > 2 || r.digits > 6) && !(r.groups == 2 && r.joint[1] == '.') && r.size[r.groups - 1] > 1 && word_near(t, r.start)))
        return CU_OK;
    *past = r.end;
    return cu_found(e, out, e->finder[CU_FIND_PHONE], r.start, r.end);
}
