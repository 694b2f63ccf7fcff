#include "diff.h"
#include <ctype.h>
#include <stdlib.h>
#include "base/buf.h"

#define MAX_NUMBER ((uint64_t)1 << 40)
#define MAX_PATH ((size_t)32 << 10)

typedef enum {
    OUTSIDE,  /* before, between and behind files */
    OLD_NAME, /* "--- " was read: "+++ " may follow */
    NAMED,    /* "+++ " was read: a hunk follows */
    BEHIND,   /* a hunk is complete */
    IN_HUNK,
} state;

typedef enum { LINE_BEGIN, LINE_CONTEXT, LINE_ADDED, LINE_DROPPED } line_kind;

struct cu_diff {
    cu_diff_take take;
    void *arg;
    state state;
    bool any;            /* something of a diff was seen */
    bool input;          /* any byte was */
    bool git;
    cu_buf header;       /* a line outside hunks */
    cu_buf old_path, path;
    bool has_new;        /* the new side is a file, not /dev/null */
    uint64_t lines;      /* of the input */
    uint64_t offset;     /* in the input */
    uint64_t old_left, new_left, line, last_line;
    line_kind kind;
    bool line_open;      /* a hunk's line was begun and has not ended */
    cu_buf text;
    cu_diff_run *runs;
    size_t runs_n, runs_cap;
    bool added;          /* the piece holds an added line */
};

static cu_err bad(const cu_diff *d, cu_fault *f, cu_err code, const char *what)
{
    if (f)
        f->line = (uint32_t)(d->lines + 1);
    return cu_fail(f, code, "line %llu of the diff: %s", (unsigned long long)d->lines + 1, what);
}

static cu_err emit(cu_diff *d)
{
    cu_err e = cu_buf_err(&d->text);
    if (e == CU_OK && d->added) {
        cu_diff_piece p = {cu_buf_cstr(&d->path), cu_buf_view(&d->text), d->runs, d->runs_n};
        e = d->take(d->arg, &p);
    }
    cu_buf_reset(&d->text);
    d->runs_n = 0;
    d->added = false;
    return e;
}

static cu_err begin_run(cu_diff *d, bool added, uint64_t line, uint64_t column)
{
    if (d->runs_n == d->runs_cap) {
        size_t cap = d->runs_cap ? d->runs_cap * 2 : 16;
        cu_diff_run *v = realloc(d->runs, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        d->runs = v;
        d->runs_cap = cap;
    }
    d->runs[d->runs_n++] = (cu_diff_run){d->text.n, line, column, d->offset, added};
    return CU_OK;
}

/* A line of the new side begins; d->offset stands on its first byte. It joins the run before it when
 * nothing but its mark stood between them. */
static cu_err begin_line(cu_diff *d, bool added, bool joins)
{
    const cu_diff_run *last = d->runs_n ? &d->runs[d->runs_n - 1] : NULL;
    d->kind = added ? LINE_ADDED : LINE_CONTEXT;
    if (!d->has_new)
        return CU_OK;
    d->added |= added;
    if (last && joins && last->added == added)
        return CU_OK;
    return begin_run(d, added, d->line, 0);
}

/* Text of the current line, without its end or with it. */
static cu_err add_text(cu_diff *d, cu_bytes s, bool ends)
{
    if (d->kind == LINE_DROPPED || !d->has_new)
        return CU_OK;
    bool added = d->kind == LINE_ADDED;
    while (s.n) {
        size_t room = CU_DIFF_PIECE - d->text.n, n = s.n < room ? s.n : room;
        cu_buf_put(&d->text, s.p, n);
        s = cu_slice(s, n, s.n);
        d->offset += n;
        if (d->text.n < CU_DIFF_PIECE)
            continue;
        if (s.n == 0 && ends) /* between two lines; the next begins a run */
            return emit(d);
        const cu_diff_run *last = &d->runs[d->runs_n - 1];
        const uint8_t *nl = memrchr(d->text.p + last->text, '\n', d->text.n - last->text);
        uint64_t column = nl ? (uint64_t)(d->text.p + d->text.n - nl - 1)
                             : last->column + d->text.n - last->text;
        uint64_t line = d->line;
        CU_TRY(emit(d));
        CU_TRY(begin_run(d, added, line, column));
        d->added = added;
    }
    return CU_OK;
}

static cu_err hunk_ends(cu_diff *d)
{
    d->state = BEHIND;
    d->last_line = d->line;
    if (d->text.n && d->has_new)
        cu_buf_byte(&d->text, 0); /* what is not seen lies between */
    return cu_buf_err(&d->text);
}

static cu_err begin_hunk_line(cu_diff *d, cu_bytes *s, cu_fault *f)
{
    uint8_t c = s->p[0];
    bool joins = d->runs_n && d->kind != LINE_DROPPED && d->kind != LINE_BEGIN;
    bool marked = c == ' ' || c == '+' || c == '-' || c == '\\';
    if (!marked && c != '\n' && c != '\r')
        return bad(d, f, CU_SYNTAX, "the hunk ends before it holds the lines that it announces");
    if (c == '\\') {
        d->kind = LINE_DROPPED;
        return CU_OK;
    }
    if ((c != '+' && d->old_left == 0) || (c != '-' && d->new_left == 0))
        return bad(d, f, CU_SYNTAX, "the hunk holds other lines than it announces");
    d->old_left -= c != '+';
    d->new_left -= c != '-';
    if (marked) {
        *s = cu_slice(*s, 1, s->n);
        d->offset++;
    }
    if (c == '-') {
        d->kind = LINE_DROPPED;
        return CU_OK;
    }
    return begin_line(d, c == '+', joins && marked);
}

/* As much of one line as there is. */
static cu_err hunk_part(cu_diff *d, cu_bytes *data, bool *at_begin, cu_fault *f)
{
    cu_bytes s = *data;
    if (*at_begin) {
        bool counted = s.p[0] != '\\';
        CU_TRY(begin_hunk_line(d, &s, f));
        *at_begin = false;
        if (counted && d->kind != LINE_DROPPED)
            d->last_line = d->line;
    }
    const uint8_t *nl = s.n ? memchr(s.p, '\n', s.n) : NULL;
    size_t n = nl ? (size_t)(nl - s.p) + 1 : s.n;
    uint64_t offset = d->offset;
    CU_TRY(add_text(d, cu_slice(s, 0, n), nl != NULL));
    d->offset = offset + n;
    *data = cu_slice(s, n, s.n);
    if (!nl)
        return CU_OK;
    *at_begin = true;
    d->lines++;
    d->line += d->kind != LINE_DROPPED;
    return d->old_left || d->new_left ? CU_OK : hunk_ends(d);
}

static bool number(cu_bytes *s, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
        *out = *out * 10 + (s->p[i] - '0');
        if (*out > MAX_NUMBER)
            return false;
    }
    *s = cu_slice(*s, i, s->n);
    return i > 0;
}

static bool take(cu_bytes *s, const char *text)
{
    size_t n = strlen(text);
    if (!cu_starts(*s, cu_str(text)))
        return false;
    *s = cu_slice(*s, n, s->n);
    return true;
}

static bool range(cu_bytes *s, uint64_t *start, uint64_t *count)
{
    *count = 1;
    return number(s, start) && (!take(s, ",") || number(s, count));
}

/* "@@ -1,2 +3,4 @@ anything" */
static cu_err begin_hunk(cu_diff *d, cu_bytes s, cu_fault *f)
{
    uint64_t old_start, start;
    if (cu_starts(s, CU_LIT("@@@")))
        return bad(d, f, CU_UNSUPPORTED, "this is a combined diff (of a merge); give one against a single "
                                         "parent, such as git diff A B");
    if (d->state != NAMED && d->state != BEHIND)
        return bad(d, f, CU_SYNTAX, "a hunk without the name of its file");
    if (!take(&s, "@@ -") || !range(&s, &old_start, &d->old_left) || !take(&s, " +") ||
        !range(&s, &start, &d->new_left) || !take(&s, " @@"))
        return bad(d, f, CU_SYNTAX, "the head of the hunk is malformed");
    if (d->new_left == 0)
        start++; /* then it names the line before */
    if (d->state == BEHIND && start < d->last_line)
        return bad(d, f, CU_SYNTAX, "the hunks are out of order");
    if (!d->has_new && d->new_left)
        return bad(d, f, CU_SYNTAX, "lines of a file that is deleted");
    d->line = d->last_line = start;
    d->kind = LINE_BEGIN;
    d->state = d->old_left || d->new_left ? IN_HUNK : BEHIND;
    return CU_OK;
}

static int octal(const uint8_t *p)
{
    if (p[0] < '0' || p[0] > '3' || p[1] < '0' || p[1] > '7' || p[2] < '0' || p[2] > '7')
        return -1;
    return (p[0] - '0') << 6 | (p[1] - '0') << 3 | (p[2] - '0');
}

/* A name in quotes, with C's escapes, as git writes it. */
static bool unquote(cu_bytes s, cu_buf *out)
{
    static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1 == s.n || s.p[i + 1] == '\t';
        if (s.p[i] != '\\') {
            cu_buf_byte(out, s.p[i]);
            continue;
        }
        if (++i >= s.n)
            return false;
        const char *k = s.p[i] ? strchr(from, s.p[i]) : NULL;
        int v = k ? to[k - from] : i + 3 <= s.n ? octal(s.p + i) : -1;
        if (v <= 0)
            return false;
        cu_buf_byte(out, (uint8_t)v);
        i += k ? 0 : 2;
    }
    return false;
}

/* Behind "--- " or "+++ ": a name, and for some a tab and a date. */
static bool read_path(cu_bytes s, cu_buf *out)
{
    cu_buf_reset(out);
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    if (s.n && s.p[0] == '"') {
        if (!unquote(s, out))
            return false;
    } else {
        const uint8_t *tab = s.n ? memchr(s.p, '\t', s.n) : NULL;
        cu_buf_add(out, cu_slice(s, 0, tab ? (size_t)(tab - s.p) : s.n));
    }
    return out->err == CU_OK && out->n > 0 && !memchr(out->p, 0, out->n);
}

static uint8_t prefix(const cu_buf *b)
{
    return b->n > 2 && b->p[1] == '/' && strchr("abciwo12", b->p[0]) ? b->p[0] : 0;
}

static cu_err new_name(cu_diff *d, cu_bytes s, cu_fault *f)
{
    if (!read_path(s, &d->path))
        return bad(d, f, CU_SYNTAX, "the file's name is malformed");
    uint8_t a = prefix(&d->old_path), b = prefix(&d->path);
    d->has_new = !cu_eq_str(cu_buf_view(&d->path), "/dev/null");
    bool no_old = cu_eq_str(cu_buf_view(&d->old_path), "/dev/null");
    if (b && (no_old ? d->git : a && a != b)) { /* a/ and b/, or what diff.mnemonicPrefix makes */
        memmove(d->path.p, d->path.p + 2, d->path.n - 2);
        d->path.n -= 2;
    }
    d->state = NAMED;
    d->any = true;
    return CU_OK;
}

static cu_err begin_file(cu_diff *d)
{
    d->state = OUTSIDE;
    d->last_line = 0;
    return emit(d);
}

/* A line outside hunks, without its end. */
static cu_err header_line(cu_diff *d, cu_bytes s, cu_fault *f)
{
    if (cu_starts(s, CU_LIT("diff --cc ")) || cu_starts(s, CU_LIT("diff --combined ")))
        return begin_hunk(d, CU_LIT("@@@"), f);
    if (cu_starts(s, CU_LIT("diff --git "))) {
        d->git = d->any = true;
        return begin_file(d);
    }
    if (d->state == OLD_NAME) {
        if (cu_starts(s, CU_LIT("+++ ")))
            return new_name(d, cu_slice(s, 4, s.n), f);
        d->state = OUTSIDE; /* a line of a message that happened to begin so */
    }
    if (cu_starts(s, CU_LIT("--- ")) && d->state != NAMED) {
        CU_TRY(begin_file(d));
        if (read_path(cu_slice(s, 4, s.n), &d->old_path))
            d->state = OLD_NAME;
        return CU_OK;
    }
    if (cu_starts(s, CU_LIT("@@")) && (d->any || cu_starts(s, CU_LIT("@@ -"))))
        return begin_hunk(d, s, f);
    if (d->state == NAMED)
        return bad(d, f, CU_SYNTAX, "a hunk must follow the names of a file");
    bool like_hunk = s.n && (s.p[0] == '+' || s.p[0] == ' ' ||
                             (s.p[0] == '-' && !cu_starts(s, CU_LIT("-- "))));
    if (d->state == BEHIND && like_hunk)
        return bad(d, f, CU_SYNTAX, "the hunk holds more lines than it announces");
    if (d->state == BEHIND && !(s.n && s.p[0] == '\\'))
        d->state = OUTSIDE;
    return CU_OK;
}

static cu_err header_part(cu_diff *d, cu_bytes *data, cu_fault *f)
{
    const uint8_t *nl = memchr(data->p, '\n', data->n);
    size_t n = nl ? (size_t)(nl - data->p) : data->n, room = CU_DIFF_HEADER - d->header.n;
    cu_buf_put(&d->header, data->p, n < room ? n : room);
    CU_TRY(cu_buf_err(&d->header));
    *data = cu_slice(*data, n + (nl != NULL), data->n);
    d->offset += n + (nl != NULL);
    if (!nl)
        return CU_OK;
    cu_err e = header_line(d, cu_buf_view(&d->header), f);
    d->lines++;
    cu_buf_reset(&d->header);
    return e;
}

cu_err cu_diff_feed(cu_diff *d, cu_bytes data, cu_fault *f)
{
    bool at_begin;
    d->input |= data.n > 0;
    while (data.n) {
        if (d->state != IN_HUNK) {
            CU_TRY(header_part(d, &data, f));
            d->line_open = false;
            continue;
        }
        at_begin = !d->line_open;
        CU_TRY(hunk_part(d, &data, &at_begin, f));
        d->line_open = !at_begin;
    }
    return CU_OK;
}

cu_err cu_diff_end(cu_diff *d, cu_fault *f)
{
    if (d->state == IN_HUNK && d->line_open && d->old_left == 0 && d->new_left == 0)
        d->state = BEHIND; /* the last line has no end */
    else if (d->state == IN_HUNK)
        CU_TRY(emit(d));
    if (d->state == IN_HUNK)
        return bad(d, f, CU_SYNTAX, "the diff ends inside a hunk");
    if (d->header.n)
        CU_TRY(header_line(d, cu_buf_view(&d->header), f));
    if (d->state == NAMED || d->state == IN_HUNK)
        return bad(d, f, CU_SYNTAX, "the diff ends before a hunk");
    CU_TRY(emit(d));
    if (d->input && !d->any)
        return cu_fail(f, CU_SYNTAX, "this is no unified diff");
    return CU_OK;
}

cu_err cu_diff_new(cu_diff_take take_piece, void *arg, cu_diff **out)
{
    cu_diff *d = calloc(1, sizeof *d);
    if (!d)
        return CU_NOMEM;
    d->take = take_piece;
    d->arg = arg;
    d->header = CU_BUF(CU_DIFF_HEADER);
    d->old_path = CU_BUF(MAX_PATH);
    d->path = CU_BUF(MAX_PATH);
    d->text = CU_BUF(CU_DIFF_PIECE + 16);
    *out = d;
    return CU_OK;
}

void cu_diff_free(cu_diff *d)
{
    if (!d)
        return;
    cu_buf_free(&d->header);
    cu_buf_free(&d->old_path);
    cu_buf_free(&d->path);
    cu_buf_free(&d->text);
    free(d->runs);
    free(d);
}
