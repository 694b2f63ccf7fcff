/* C2SP tlog-policy: lines of words. Every name is defined before it is used, and counts once. */
#include "trust.h"
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX (TRUST_MEMBERS + 3)
#define NAME_MAX_BYTES 128u

typedef struct {
    cu_trust *t;
    cu_fault *f;
    uint32_t line;
    char *word[WORDS_MAX];
    size_t n;
    bool used[CU_TRUST_WITNESSES + CU_TRUST_GROUPS]; /* listed as a member */
} reader;

static cu_err wrong(const reader *r, const char *what)
{
    if (r->f)
        r->f->line = r->line;
    cu_err e = cu_fail(r->f, CU_SYNTAX, "line %u of the witness policy: %s", (unsigned)r->line, what);
    if (r->f)
        r->f->line = r->line;
    return e;
}

static unsigned find(const cu_trust *t, const char *name)
{
    for (size_t i = 0; i < t->witnesses_n; i++)
        if (cu_eq_str(t->witnesses[i].name, name))
            return (unsigned)i;
    for (size_t i = 0; i < t->groups_n; i++)
        if (cu_eq_str(t->groups[i].name, name))
            return CU_TRUST_WITNESSES + (unsigned)i;
    return TRUST_NONE;
}

static bool is_new_name(const reader *r, const char *name)
{
    return strcmp(name, "none") != 0 && strlen(name) <= NAME_MAX_BYTES && find(r->t, name) == TRUST_NONE;
}

static cu_err read_log(reader *r)
{
    note_key k;
    if (r->n < 2 || r->n > 3)
        return wrong(r, "a log is: log VKEY [URL]");
    if (note_key_parse(cu_str(r->word[1]), NOTE_ED25519, &k) != CU_OK)
        return wrong(r, "the log's verifier key is malformed (NAME+HEXID+BASE64, Ed25519)");
    for (size_t i = 0; i < r->t->logs.n; i++)
        if (memcmp(r->t->logs.v[i].pk, k.pk, 32) == 0 && cu_eq(r->t->logs.v[i].name, k.name))
            return wrong(r, "this log is given twice");
    if (r->t->logs.n == CU_TRUST_LOGS)
        return wrong(r, "there are more than 32 logs");
    r->t->logs.v[r->t->logs.n++] = k;
    return CU_OK;
}

static cu_err read_witness(reader *r)
{
    trust_witness w = {.url = CU_LIT("")};
    if (r->n < 3 || r->n > 4)
        return wrong(r, "a witness is: witness NAME VKEY [URL]");
    if (!is_new_name(r, r->word[1]))
        return wrong(r, "the name is taken, too long, or \"none\"");
    if (note_key_parse(cu_str(r->word[2]), NOTE_COSIGNATURE, &w.key) != CU_OK)
        return wrong(r, "the witness's verifier key is malformed (NAME+HEXID+BASE64, of type 4: cosignature/v1)");
    for (size_t i = 0; i < r->t->witnesses_n; i++)
        if (memcmp(r->t->witnesses[i].key.pk, w.key.pk, 32) == 0)
            return wrong(r, "another witness has the same key");
    if (r->n == 4 && strncmp(r->word[3], "https://", 8) != 0 && strncmp(r->word[3], "http://", 7) != 0)
        return wrong(r, "a URL begins with https:// or http://");
    if (r->t->witnesses_n == CU_TRUST_WITNESSES)
        return wrong(r, "there are more than 32 witnesses");
    w.name = cu_str(r->word[1]);
    if (r->n == 4)
        w.url = cu_str(r->word[3]);
    r->t->witnesses[r->t->witnesses_n++] = w;
    return CU_OK;
}

static bool threshold(const char *word, size_t n, unsigned *k)
{
    if (strcmp(word, "any") == 0)
        *k = 1;
    else if (strcmp(word, "all") == 0)
        *k = (unsigned)n;
    else if (strspn(word, "0123456789") == strlen(word) && strlen(word) <= 2 && word[0] != '0')
        *k = (unsigned)atoi(word);
    else
        return false;
    return *k >= 1 && *k <= n;
}

static cu_err read_group(reader *r)
{
    trust_group g = {.n = 0};
    if (r->n < 4)
        return wrong(r, "a group is: group NAME all|any|K MEMBER...");
    if (!is_new_name(r, r->word[1]))
        return wrong(r, "the name is taken, too long, or \"none\"");
    if (!threshold(r->word[2], r->n - 3, &g.k))
        return wrong(r, "of the members all, any, or a number from 1 to as many as there are must sign");
    for (size_t i = 3; i < r->n; i++) {
        unsigned m = find(r->t, r->word[i]);
        if (m == TRUST_NONE)
            return wrong(r, "a member is not defined on a line before");
        if (r->used[m])
            return wrong(r, "a member is in a group already: each counts once");
        r->used[m] = true;
        g.members[g.n++] = m;
    }
    if (r->t->groups_n == CU_TRUST_GROUPS)
        return wrong(r, "there are more than 32 groups");
    g.name = cu_str(r->word[1]);
    r->t->groups[r->t->groups_n++] = g;
    return CU_OK;
}

static cu_err read_quorum(reader *r)
{
    if (r->n != 2 || r->t->has_quorum)
        return wrong(r, "there is one line: quorum NAME");
    r->t->quorum = find(r->t, r->word[1]);
    if (r->t->quorum == TRUST_NONE && strcmp(r->word[1], "none") != 0)
        return wrong(r, "the quorum names neither a witness nor a group of a line before, nor none");
    r->t->has_quorum = true;
    return CU_OK;
}

static cu_err read_line(reader *r, char *line)
{
    char *at = NULL;
    r->n = 0;
    for (char *w = strtok_r(line, " \t", &at); w; w = strtok_r(NULL, " \t", &at)) {
        if (r->n == WORDS_MAX)
            return wrong(r, "it has too many words");
        r->word[r->n++] = w;
    }
    if (r->n == 0 || r->word[0][0] == '#')
        return CU_OK;
    if (strcmp(r->word[0], "log") == 0)
        return read_log(r);
    if (strcmp(r->word[0], "witness") == 0)
        return read_witness(r);
    if (strcmp(r->word[0], "group") == 0)
        return read_group(r);
    if (strcmp(r->word[0], "quorum") == 0)
        return read_quorum(r);
    return wrong(r, "it begins with none of log, witness, group, quorum, #");
}

static cu_err read_all(reader *r, bool quorum)
{
    for (char *line = r->t->text; *line;) {
        char *end = strchr(line, '\n');
        r->line++;
        if (end)
            *end = 0;
        for (const char *c = line; *c; c++)
            if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
                return wrong(r, "it holds a control character");
        char *next = end ? end + 1 : line + strlen(line);
        if (*line == '#' || line[strspn(line, " \t")] == '#') /* a comment may be long */
            line = next;
        else {
            CU_TRY(read_line(r, line));
            line = next;
        }
    }
    return quorum && !r->t->has_quorum ? wrong(r, "there is no line \"quorum NAME\"") : CU_OK;
}

cu_err cu_trust_parse(cu_bytes text, bool quorum, cu_trust **out, cu_fault *f)
{
    reader r = {.f = f};
    if (text.n > CU_TRUST_MAX || (text.n && memchr(text.p, 0, text.n)))
        return cu_fail(f, CU_SYNTAX, "the witness policy is larger than %zu bytes or holds a NUL", CU_TRUST_MAX);
    r.t = calloc(1, sizeof *r.t);
    if (!r.t)
        return CU_NOMEM;
    r.t->quorum = TRUST_NONE;
    r.t->text = strndup(text.n ? (const char *)text.p : "", text.n);
    cu_err e = r.t->text ? read_all(&r, quorum) : CU_NOMEM;
    if (e != CU_OK) {
        cu_trust_free(r.t);
        return e;
    }
    *out = r.t;
    return CU_OK;
}

void cu_trust_free(cu_trust *t)
{
    if (t)
        free(t->text);
    free(t);
}

size_t cu_trust_witnesses(const cu_trust *t)
{
    return t->witnesses_n;
}

const char *cu_trust_name(const cu_trust *t, size_t witness)
{
    return (const char *)t->witnesses[witness].name.p;
}

const char *cu_trust_url(const cu_trust *t, size_t witness)
{
    return (const char *)t->witnesses[witness].url.p;
}

/* Groups name only what stands before them, so this ends. */
static bool holds(const cu_trust *t, unsigned member, const bool *cosigned)
{
    if (member == TRUST_NONE)
        return true;
    if (member < CU_TRUST_WITNESSES)
        return cosigned[member];
    const trust_group *g = &t->groups[member - CU_TRUST_WITNESSES];
    unsigned n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += holds(t, g->members[i], cosigned);
    return n >= g->k;
}

bool cu_trust_holds(const cu_trust *t, const bool cosigned[CU_TRUST_WITNESSES])
{
    return holds(t, t->quorum, cosigned);
}

void cu_trust_describe(const cu_trust *t, cu_buf *out)
{
    if (t->quorum == TRUST_NONE) {
        cu_buf_str(out, "none");
    } else if (t->quorum < CU_TRUST_WITNESSES) {
        cu_buf_add(out, t->witnesses[t->quorum].name);
    } else {
        const trust_group *g = &t->groups[t->quorum - CU_TRUST_WITNESSES];
        cu_buf_fmt(out, "%u of ", g->k);
        for (size_t i = 0; i < g->n; i++) {
            cu_buf_str(out, i ? ", " : "");
            cu_buf_add(out, g->members[i] < CU_TRUST_WITNESSES ? t->witnesses[g->members[i]].name
                                                               : t->groups[g->members[i] - CU_TRUST_WITNESSES].name);
        }
    }
}
