/* `custos:allow RULE reason` in the line of the finding, or alone in the line before. */
#include "accept_in.h"

#define MARK CU_LIT("custos:allow")

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The text behind the mark, to the end of the comment or line. */
static cu_bytes behind(cu_bytes line, size_t at)
{
    cu_bytes rest = cu_slice(line, at + MARK.n, line.n);
    static const char *const closers[] = {"*/", "-->", "#}", "--}}", "%>"};
    for (size_t i = 0; i < sizeof closers / sizeof *closers; i++) {
        size_t end = cu_find(rest, cu_str(closers[i]), 0);
        if (end != (size_t)-1)
            rest.n = end;
    }
    while (rest.n && blank(rest.p[rest.n - 1]))
        rest.n--;
    return rest;
}

static cu_bytes first_word(cu_bytes *rest)
{
    size_t i = 0, from;
    while (i < rest->n && blank(rest->p[i]))
        i++;
    for (from = i; i < rest->n && !blank(rest->p[i]);)
        i++;
    cu_bytes w = cu_slice(*rest, from, i);
    while (i < rest->n && blank(rest->p[i]))
        i++;
    *rest = cu_slice(*rest, i, rest->n);
    return w;
}

/* A reason is words: at least three letters, or any character beyond ASCII. */
static bool says_something(cu_bytes reason)
{
    size_t letters = 0;
    for (size_t i = 0; i < reason.n; i++)
        letters += (reason.p[i] | 32) >= 'a' && (reason.p[i] | 32) <= 'z' ? 1 : reason.p[i] >= 0x80 ? 1 : 0;
    return letters >= 3;
}

/* value_at: where the value begins in this line, SIZE_MAX when it does not stand there. */
static mark one_mark(cu_bytes line, size_t at, size_t value_at, const char *rule_id)
{
    mark m = {0};
    cu_bytes rest = behind(line, at);
    size_t end = (size_t)(rest.p - line.p) + rest.n;
    cu_bytes rule = first_word(&rest);
    if (value_at != SIZE_MAX && value_at >= at && value_at < end)
        m.warning = "custos:allow does not count: the value stands inside the mark";
    else if (!cu_eq_str(rule, "*") && !cu_eq_str(rule, rule_id))
        m.warning = "custos:allow does not count: it names another rule than the one that found this";
    else if (!says_something(rest))
        m.warning = "custos:allow does not count: a reason is needed behind the rule";
    else {
        m.accepted = true;
        m.reason = cu_slice(rest, 0, rest.n > REASON_MAX ? REASON_MAX : rest.n);
    }
    return m;
}

static mark marks_of(cu_bytes line, size_t value_at, const char *rule_id)
{
    mark m = {0};
    for (size_t at = 0; (at = cu_find(line, MARK, at)) != (size_t)-1; at += MARK.n) {
        bool word = at + MARK.n == line.n || blank(line.p[at + MARK.n]);
        if (!word)
            continue;
        mark next = one_mark(line, at, value_at, rule_id);
        if (next.accepted)
            return next;
        m = next;
    }
    return m;
}

/* A mark at the end of a line of code is meant for that line alone. */
static bool only_comment(cu_bytes line)
{
    size_t at = cu_find(line, MARK, 0);
    for (size_t i = 0; at != (size_t)-1 && i < at; i++)
        if (!blank(line.p[i]) && !memchr("/*#-;%<!{('\"", line.p[i], 12))
            return false;
    return at != (size_t)-1;
}

mark cu_accept_inline(const cu_scan_finding *f, const char *rule_id)
{
    mark here = {0}, before = {0};
    if (f->line_text.n)
        here = marks_of(f->line_text, f->in_line, rule_id);
    if (here.accepted || f->line_before.n == 0 || !only_comment(f->line_before))
        return here;
    before = marks_of(f->line_before, SIZE_MAX, rule_id);
    return before.accepted || !here.warning ? before : here;
}
