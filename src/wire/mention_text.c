#include "mention_text.h"

#define MAX_NESTED 3u    /* bash -c "sh -c '…'" */
#define MAX_INDENT 16u
#define WORD_MAX CU_MENTION_PATH_MAX

/* --- words of a shell --- */

typedef struct {
    const cu_path_sink *sink;
    bool all, folder_next;
    unsigned nested;
    cu_buf folder;
} shell;

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(uint8_t c)
{
    return blank(c) || memchr(";&|()<>`,", c, 9);
}

/* $NAME, ${…}, $1: whatever it is, it may be anything. */
static size_t skip_variable(cu_bytes t, size_t i)
{
    if (++i < t.n && t.p[i] == '{') {
        while (i < t.n && t.p[i] != '}')
            i++;
        return i < t.n ? i + 1 : i;
    }
    while (i < t.n && ((t.p[i] | 0x20) >= 'a' ? (t.p[i] | 0x20) <= 'z' : (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '_'))
        i++;
    return i;
}

/* {a,b} or [ab] up to its end; 0 when there is none. */
static size_t skip_choice(cu_bytes t, size_t i)
{
    uint8_t end = t.p[i] == '{' ? '}' : ']';
    for (size_t k = i + 1; k < t.n && k < i + 256 && !blank(t.p[k]); k++)
        if (t.p[k] == end)
            return k + 1;
    return 0;
}

typedef struct {
    cu_buf text;
    bool pattern, quoted, spaced;
} word;

static size_t quoted_part(cu_bytes t, size_t i, word *w)
{
    uint8_t quote = t.p[i++];
    w->quoted = true;
    for (; i < t.n && t.p[i] != quote; i++) {
        if (quote == '"' && t.p[i] == '\\' && i + 1 < t.n && memchr("\"\\$`", t.p[i + 1], 4))
            i++;
        w->spaced |= blank(t.p[i]);
        cu_buf_byte(&w->text, t.p[i]);
    }
    return i < t.n ? i + 1 : i;
}

/* One word from i; returns where it ends. */
static size_t read_word(cu_bytes t, size_t i, word *w)
{
    cu_buf_reset(&w->text);
    w->pattern = w->quoted = w->spaced = false;
    while (i < t.n && !ends_word(t.p[i])) {
        uint8_t c = t.p[i];
        size_t past = 0;
        if (c == '"' || c == '\'') {
            i = quoted_part(t, i, w);
        } else if (c == '\\' && i + 1 < t.n && !(((t.p[i + 1] | 0x20) >= 'a' && (t.p[i + 1] | 0x20) <= 'z') || t.p[i + 1] == '.')) {
            cu_buf_byte(&w->text, t.p[i + 1]);
            i += 2;
        } else if (c == '$' || ((c == '{' || c == '[') && (past = skip_choice(t, i)))) {
            cu_buf_byte(&w->text, '*');
            w->pattern = true;
            i = past ? past : skip_variable(t, i);
        } else {
            w->pattern |= c == '*' || c == '?';
            cu_buf_byte(&w->text, c);
            i++;
        }
    }
    return i;
}

static bool looks_like_path(const shell *s, cu_bytes w)
{
    if (w.n == 0 || w.n > WORD_MAX || w.p[0] == '-')
        return false;
    return s->all || memchr(w.p, '/', w.n) || memchr(w.p, '.', w.n) || memchr(w.p, '\\', w.n);
}

static cu_err emit(shell *s, cu_bytes w, bool pattern)
{
    if (!looks_like_path(s, w))
        return CU_OK;
    if (s->folder.n)
        CU_TRY(s->sink->emit(s->sink->arg, w, cu_buf_view(&s->folder), pattern, 0));
    return s->sink->emit(s->sink->arg, w, CU_NONE, pattern, 0);
}

/* A word and its parts: --file=X, @X, HEAD:X, X:12. */
static cu_err emit_parts(shell *s, cu_bytes w, bool pattern)
{
    CU_TRY(emit(s, w, pattern));
    if (w.n > 1 && w.p[0] == '@')
        CU_TRY(emit(s, cu_slice(w, 1, w.n), pattern));
    for (size_t i = 0, from = 0; i < w.n; i++) {
        if (w.p[i] != '=' && w.p[i] != ':')
            continue;
        if (i > from)
            CU_TRY(emit(s, cu_slice(w, from, i), pattern));
        from = i + 1;
        if (w.p[i] == '=' || !memchr(w.p + from, ':', w.n - from))
            CU_TRY(emit(s, cu_slice(w, from, w.n), pattern));
    }
    return CU_OK;
}

static void enter(shell *s, cu_bytes dir)
{
    bool absolute = dir.n && (dir.p[0] == '/' || dir.p[0] == '~');
    if (absolute || dir.n > WORD_MAX || s->folder.n + dir.n > WORD_MAX)
        cu_buf_reset(&s->folder);
    if (s->folder.n)
        cu_buf_byte(&s->folder, '/');
    if (dir.n <= WORD_MAX)
        cu_buf_add(&s->folder, dir);
}

static bool changes_folder(cu_bytes w)
{
    return cu_eq_str(w, "cd") || cu_eq_str(w, "pushd") || cu_eq_str(w, "-C") || cu_eq_str(w, "--directory") || cu_eq_str(w, "--git-dir");
}

static cu_err words(shell *s, cu_bytes t)
{
    word w = {.text = CU_BUF(t.n + 16)};
    cu_err e = CU_OK;
    for (size_t i = 0; i < t.n && e == CU_OK;) {
        if (ends_word(t.p[i])) {
            s->folder_next &= blank(t.p[i]) && t.p[i] != '\n';
            i++;
            continue;
        }
        i = read_word(t, i, &w);
        cu_bytes text = cu_buf_view(&w.text);
        e = w.text.err ? w.text.err : emit_parts(s, text, w.pattern);
        if (s->folder_next)
            enter(s, text);
        s->folder_next = changes_folder(text);
        if (e == CU_OK && w.quoted && w.spaced && s->nested < MAX_NESTED) {
            s->nested++;
            e = words(s, text);
            s->nested--;
        }
    }
    cu_buf_free(&w.text);
    return e;
}

cu_err cu_paths_in_command(cu_bytes text, cu_bytes folder, bool all, const cu_path_sink *sink)
{
    shell s = {.sink = sink, .all = all, .folder = CU_BUF(2 * WORD_MAX + 16)};
    if (folder.n)
        enter(&s, folder);
    cu_err e = words(&s, text);
    cu_buf_free(&s.folder);
    return e;
}

/* --- lines --- */

/* What the marker says the path is, or nothing. line: without its indent. */
static cu_bytes marked(const cu_marker *m, cu_bytes line)
{
    if (!cu_starts(line, m->before))
        return CU_NONE;
    cu_bytes rest = cu_slice(line, m->before.n, line.n);
    size_t end = m->after.n ? cu_find(rest, m->after, 0) : rest.n;
    if (end == (size_t)-1)
        return CU_NONE;
    if (!m->after.n) { /* a tab ends the name in a diff's head */
        const uint8_t *tab = memchr(rest.p, '\t', end);
        end = tab ? (size_t)(tab - rest.p) : end;
    }
    while (end && (rest.p[end - 1] == '\r' || rest.p[end - 1] == ' '))
        end--;
    return end <= WORD_MAX ? cu_slice(rest, 0, end) : CU_NONE;
}

/* What does not stand in the path of grep's output, and what makes a word look like a path. */
enum { STOPS = 1, LIKE_PATH = 2 };
static const uint8_t head_class[256] = {
    ['"'] = STOPS, ['\''] = STOPS, ['`'] = STOPS, ['<'] = STOPS, ['>'] = STOPS, ['|'] = STOPS, ['*'] = STOPS,
    ['?'] = STOPS, ['('] = STOPS, [')'] = STOPS, ['{'] = STOPS, ['}'] = STOPS, [';'] = STOPS, ['='] = STOPS, [','] = STOPS,
    ['/'] = LIKE_PATH, ['.'] = LIKE_PATH, ['\\'] = LIKE_PATH,
};

/* path:12: text */
static cu_bytes head(cu_bytes line)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < line.n && i < 1024; i++) {
        if (line.p[i] == ':' && i > 1)
            return seen & LIKE_PATH ? cu_slice(line, 0, i) : CU_NONE;
        seen |= head_class[line.p[i]];
        if (seen & STOPS || line.p[i] < 0x20)
            return CU_NONE;
    }
    return CU_NONE;
}

/* Blanks, and the dash of a list. */
static size_t indent_of(cu_bytes line)
{
    size_t i = 0;
    while (i < line.n && i < MAX_INDENT && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return i && i + 1 < line.n && line.p[i] == '-' && line.p[i + 1] == ' ' ? i + 2 : i;
}

static cu_err one_line(const cu_marker *m, size_t m_n, const bool begins[256], cu_bytes line, size_t at, bool heads, const cu_path_sink *sink)
{
    cu_bytes found = CU_NONE, l = cu_slice(line, indent_of(line), line.n);
    for (size_t i = 0; i < m_n && found.n == 0 && l.n && begins[l.p[0]]; i++)
        if (m[i].before.p[0] == l.p[0])
            found = marked(&m[i], l);
    if (found.n == 0 && heads)
        found = head(l);
    return found.n ? sink->emit(sink->arg, found, CU_NONE, false, at) : CU_OK;
}

cu_err cu_paths_in_lines(const cu_marker *m, size_t m_n, cu_bytes text, bool heads, const cu_path_sink *sink)
{
    bool begins[256] = {false};
    for (size_t i = 0; i < m_n; i++)
        begins[m[i].before.p[0]] = true;
    for (size_t i = 0, end; i < text.n; i = end + 1) {
        const uint8_t *nl = memchr(text.p + i, '\n', text.n - i);
        end = nl ? (size_t)(nl - text.p) : text.n;
        CU_TRY(one_line(m, m_n, begins, cu_slice(text, i, end), i, heads, sink));
    }
    return CU_OK;
}
