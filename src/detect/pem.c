/* Private keys in PEM (RFC 7468), line by line: a tool that numbers lines puts a number inside each
 * line of the key, and one surrogate for the whole would write the numbers into a file. The BEGIN
 * and END lines stay. Lines may end in a real or a written-out newline (\n in a string). */
#include "engine.h"

#define KEY_MAX 65536u
#define LINE_MIN 8u

static bool body_char(uint8_t c)
{
    return cu_alnum(c) || c == '+' || c == '/' || c == '=';
}

/* The longest run of key text before the line ends; false when the line is END or no key at all. */
static bool key_line(cu_bytes t, size_t *i, size_t limit, size_t *start, size_t *end)
{
    size_t best = 0, p = *i;
    while (p < limit && t.p[p] != '\n' && !(t.p[p] == '\\' && p + 1 < limit && t.p[p + 1] == 'n')) {
        size_t run = p;
        while (run < limit && body_char(t.p[run]))
            run++;
        if (run - p > best) {
            best = run - p;
            *start = p;
            *end = run;
        }
        if (run == p && t.p[p] == '-' && limit - p > 8 && memcmp(t.p + p, "-----END", 8) == 0)
            return false;
        p = run > p ? run : p + 1;
    }
    *i = p < limit && t.p[p] == '\\' ? p + 2 : p + 1;
    if (best < LINE_MIN)
        *start = *end = 0;
    return true;
}

cu_err cu_find_pem(const cu_engine *e, cu_bytes t, uint16_t rule, size_t dash, size_t *past, cu_findings *out)
{
    size_t limit = dash + KEY_MAX < t.n ? dash + KEY_MAX : t.n;
    const uint8_t *stop = memchr(t.p + dash, CU_DETECT_SEPARATOR, limit - dash);
    if (stop)
        limit = (size_t)(stop - t.p);
    cu_bytes head = cu_slice(t, dash, dash + 60 < limit ? dash + 60 : limit);
    size_t name = cu_find(head, CU_LIT("PRIVATE KEY"), 10);
    size_t close = name == (size_t)-1 ? name : cu_find(head, CU_LIT("-----"), name);
    if (close == (size_t)-1)
        return CU_OK;
    size_t i = dash + close + 5, start = 0, end = 0;
    unsigned blank = 0;
    while (i < limit && blank < 4 && key_line(t, &i, limit, &start, &end)) {
        /* Headers such as "Proc-Type: 4,ENCRYPTED" have short runs; four lines without key text
         * mean that the key was cut off. */
        blank = end ? 0 : blank + 1;
        if (end)
            CU_TRY(cu_found(e, out, rule, start, end));
        start = end = 0;
    }
    *past = i;
    return CU_OK;
}
