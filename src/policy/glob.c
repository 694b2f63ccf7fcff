/* Matching with one place to go back to for `*` and one for `**`: of each only the last matters. */
#include "policy/glob.h"
#include "base/error.h"

#define NOWHERE ((size_t)-1)
#define MEET_MAX 512u /* bytes of a shell's pattern; longer ones are taken to fit */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Without slashes at either end and without a last "**". */
static cu_bytes core(cu_bytes g)
{
    while (g.n && g.p[0] == '/')
        g = cu_slice(g, 1, g.n);
    for (;;) {
        if (g.n > 1 && g.p[g.n - 1] == '/')
            g.n--;
        else if (g.n > 3 && memcmp(g.p + g.n - 3, "/**", 3) == 0)
            g.n -= 3;
        else
            return g;
    }
}

/* Without a slash but at its end a pattern fits at any depth. */
static bool anywhere(cu_bytes glob)
{
    return glob.n && !memchr(glob.p, '/', glob.n - (glob.p[glob.n - 1] == '/'));
}

static bool two_stars(cu_bytes g, size_t i)
{
    return i + 1 < g.n && g.p[i] == '*' && g.p[i + 1] == '*';
}

/* Behind "**" and a slash, if any. */
static size_t behind_stars(cu_bytes g, size_t i)
{
    while (i < g.n && g.p[i] == '*')
        i++;
    return i < g.n && g.p[i] == '/' ? i + 1 : i;
}

/* The next start of a part after i, or NOWHERE. */
static size_t next_part(cu_bytes t, size_t i)
{
    const uint8_t *slash = i < t.n ? memchr(t.p + i, '/', t.n - i) : NULL;
    return slash ? (size_t)(slash - t.p) + 1 : NOWHERE;
}

/* below: what lies in a folder that fits, fits. */
static bool fits(cu_bytes g, cu_bytes t, bool below)
{
    size_t i = 0, j = 0, star = NOWHERE, star_at = 0, span = NOWHERE, span_at = 0;
    for (;;) {
        if (i < g.n && two_stars(g, i) && (j == 0 || t.p[j - 1] == '/')) {
            span = i = behind_stars(g, i);
            span_at = j;
            star = NOWHERE;
            if (i == g.n)
                return true;
            continue;
        }
        if (i == g.n && (j == t.n || (below && t.p[j] == '/')))
            return true;
        if (i < g.n && g.p[i] == '*') {
            star = ++i;
            star_at = j;
            continue;
        }
        if (i < g.n && j < t.n && (lower(g.p[i]) == lower(t.p[j]) || (g.p[i] == '?' && t.p[j] != '/'))) {
            i++;
            j++;
            continue;
        }
        if (star != NOWHERE && star_at < t.n && t.p[star_at] != '/') {
            i = star;
            j = ++star_at;
            continue;
        }
        if (span == NOWHERE || (span_at = next_part(t, span_at)) == NOWHERE)
            return false;
        i = span;
        j = span_at;
        star = NOWHERE;
    }
}

bool cu_glob_path(cu_bytes glob, cu_bytes path)
{
    cu_bytes g = core(glob);
    if (g.n == 0 || g.n > CU_PATH_MAX || path.n > CU_PATH_MAX)
        return path.n > CU_PATH_MAX; /* too long to look at: as if it fitted */
    if (fits(g, path, true))
        return true;
    if (!anywhere(glob))
        return false;
    for (size_t at = 0; (at = next_part(path, at)) != NOWHERE;)
        if (fits(g, cu_slice(path, at, path.n), true))
            return true;
    return false;
}

bool cu_glob_name(cu_bytes glob, cu_bytes name)
{
    return name.n && name.n <= CU_PATH_MAX && glob.n && fits(glob, name, false);
}

/* --- two patterns --- */

typedef struct {
    cu_bytes a, b;
    bool below;                      /* a may end where b goes on below */
    uint8_t seen[MEET_MAX + 1][(MEET_MAX + 8) / 8];
} meeting;

/* Whether what is left of a from i and of b from j can be one text. Each pair is tried once. */
static bool meet(meeting *m, size_t i, size_t j)
{
    for (;;) {
        if (m->seen[i][j / 8] & 1u << j % 8)
            return false;
        m->seen[i][j / 8] |= (uint8_t)(1u << j % 8);
        bool a_end = i == m->a.n, b_end = j == m->b.n;
        if (a_end) {
            if (two_stars(m->b, j))
                return true;
            j += !b_end && m->b.p[j] == '*';
            return j == m->b.n || (m->below && m->b.p[j] == '/');
        }
        if (two_stars(m->a, i)) {
            if (meet(m, behind_stars(m->a, i), j))
                return true;
            if (b_end)
                return false;
            j++;
            continue;
        }
        if (m->a.p[i] == '*') {
            if (meet(m, i + 1, j))
                return true;
            if (b_end || m->b.p[j] == '/')
                return false;
            j++;
            continue;
        }
        if (b_end)
            return false;
        if (m->b.p[j] == '*') {
            if (meet(m, i, j + 1))
                return true;
            if (m->a.p[i] == '/' && !two_stars(m->b, j))
                return false;
            i++;
            continue;
        }
        bool joker = (m->a.p[i] == '?' && m->b.p[j] != '/') || (m->b.p[j] == '?' && m->a.p[i] != '/');
        if (!joker && lower(m->a.p[i]) != lower(m->b.p[j]))
            return false;
        i++;
        j++;
    }
}

bool cu_glob_meets(cu_bytes glob, cu_bytes words)
{
    cu_bytes g = core(glob);
    if (g.n == 0)
        return false;
    if (g.n > MEET_MAX || words.n > MEET_MAX)
        return true;
    for (size_t at = 0; at != NOWHERE; at = anywhere(glob) ? next_part(words, at) : NOWHERE) {
        /* "*.pem" names files: a folder of such a name would make it meet nearly every pattern */
        meeting m = {.a = g, .b = cu_slice(words, at, words.n), .below = !anywhere(glob) || !memchr(g.p, '*', g.n)};
        if (meet(&m, 0, 0))
            return true;
    }
    return false;
}
