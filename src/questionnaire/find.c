/* Which cells ask something, and where their answers go: by the words of a head row; without one, by the look of what stands in the
 * columns. Sections, heads and notes are passed over. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "container.h"

#define HEAD_ROWS 60u
#define LOW_MAX 200u

typedef enum { COLUMN_OTHER, COLUMN_QUESTION, COLUMN_ANSWER, COLUMN_NOTE, COLUMN_CHOICE, COLUMN_ID } column_kind;

typedef struct {
    uint32_t question, answer, choice, id;
    uint32_t head;   /* row; UINT32_MAX: none */
} layout;

/* Lower case, blanks single, at most LOW_MAX bytes. */
static size_t lowered(cu_bytes t, char out[LOW_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < t.n && n < LOW_MAX; i++) {
        char c = (char)tolower(t.p[i]);
        if (isspace((unsigned char)c)) {
            if (n && out[n - 1] != ' ')
                out[n++] = ' ';
        } else {
            out[n++] = c;
        }
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    return n;
}

static size_t words_of(cu_bytes t)
{
    size_t n = 0;
    bool in = false;
    for (size_t i = 0; i < t.n; i++) {
        bool w = isalnum(t.p[i]) || t.p[i] >= 0x80 || t.p[i] == '\'';
        n += w && !in;
        in = w;
    }
    return n;
}

static bool any_of(const char *t, const char *const *words)
{
    for (; *words; words++)
        if (strstr(t, *words))
            return true;
    return false;
}

static bool is_one_of(const char *t, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(t, *words) == 0)
            return true;
    return false;
}

static column_kind kind_of(cu_bytes text)
{
    static const char *const choice[] = {"yes/no", "yes / no", "y/n", "y / n", "yes or no", "yes, no", "yes|no", NULL};
    static const char *const id[] = {"id", "no", "no.", "nr", "nr.", "#", "number", "ref", "ref.", "reference", "q#", "q no", "q no.", "qid", "s.no", "s.no.",
                                     "sl no", "sr no", "sr. no.", "index", "key", NULL};
    static const char *const answer[] = {"answer", "response", "reply", NULL};
    static const char *const note[] = {"comment", "explanation", "remark", "detail", "notes", "narrative", "justification", NULL};
    static const char *const question[] = {"question", "requirement", "query", "inquiry", "enquiry", "control description", "description", "statement", "what we ask",
                                           "criteria", "control", "item", "ask", NULL};
    char t[LOW_MAX + 1];
    size_t n = lowered(text, t);
    if (!n || n > 80 || words_of(text) > 9 || t[n - 1] == '?')
        return n && n <= 40 && strstr(t, "yes") && strstr(t, "no") && words_of(text) < 6 && t[n - 1] == '?' ? COLUMN_CHOICE : COLUMN_OTHER;
    if (any_of(t, choice))
        return COLUMN_CHOICE;
    if (is_one_of(t, id) || (n > 3 && (strcmp(t + n - 3, " id") == 0 || strcmp(t + n - 3, " no") == 0 || strcmp(t + n - 2, " #") == 0)) ||
        (n > 7 && (strcmp(t + n - 7, " number") == 0 || strcmp(t + n - 4, " no.") == 0 || strcmp(t + n - 4, " ref") == 0)))
        return COLUMN_ID;
    if (any_of(t, answer) && strncmp(t, "question", 8) != 0)
        return COLUMN_ANSWER;
    if (any_of(t, note) && !strstr(t, "question"))
        return COLUMN_NOTE;
    return any_of(t, question) ? COLUMN_QUESTION : COLUMN_OTHER;
}

static bool asks(cu_bytes text)
{
    static const char *const first[] = {"do", "does", "did", "is", "are", "was", "were", "has", "have", "can", "could", "will", "would", "should", "may", "must", "how", "what", "which",
                                        "who", "whom", "whose", "when", "where", "why", "describe", "explain", "provide", "list", "please", "confirm", "state", "specify",
                                        "identify", "outline", "detail", "indicate", "name", "tell", "give", "share", "summarise", "summarize", "if", "attach", "show", NULL};
    char t[LOW_MAX + 1], word[16];
    size_t n = 0;
    if (words_of(text) < 3)
        return false;
    if (memchr(text.p, '?', text.n))
        return true;
    lowered(text, t);
    while (isalpha((unsigned char)t[n]) && n < sizeof word - 1) {
        word[n] = t[n];
        n++;
    }
    word[n] = 0;
    return is_one_of(word, first);
}

/* "3", "3.1", "A-12", "Q7.", "SEC-AC-01": short, without blanks, with a digit. */
static bool is_number(cu_bytes t)
{
    bool digit = false;
    for (size_t i = 0; i < t.n; i++) {
        if (!isalnum(t.p[i]) && !strchr(".-_()/#:", t.p[i]))
            return false;
        digit |= isdigit(t.p[i]) != 0;
    }
    return t.n && t.n <= 24 && (digit || t.n == 1);
}

/* The number in front of a question; what follows is the question. */
static cu_bytes split_number(cu_bytes *text)
{
    size_t n = 0;
    while (n < text->n && n < 24 && text->p[n] > ' ')
        n++;
    cu_bytes id = cu_slice(*text, 0, n), rest = trimmed(cu_slice(*text, n, text->n));
    if (!is_number(id) || !rest.n || (id.n > 1 && isalpha(id.p[0]) && isalpha(id.p[id.n - 1])) || (id.n == 1 && !isdigit(id.p[0])))
        return CU_NONE;
    while (id.n && strchr(".):", id.p[id.n - 1]))
        id.n--;
    *text = rest;
    return id;
}

static const cu_qcell *cell_in(const cu_qcell *row, size_t n, uint32_t col)
{
    for (size_t i = 0; i < n; i++)
        if (row[i].col == col)
            return &row[i];
    return NULL;
}

static size_t row_length(const cu_qtable *t, size_t at)
{
    size_t n = 1;
    while (at + n < t->n && t->cells[at + n].row == t->cells[at].row)
        n++;
    return n;
}

/* The columns that a row names; false when it is no head. */
static bool read_head(const cu_qcell *row, size_t n, layout *out)
{
    *out = (layout){CU_QNO_COL, CU_QNO_COL, CU_QNO_COL, CU_QNO_COL, row[0].row};
    uint32_t note = CU_QNO_COL;
    bool sure = false;
    for (size_t i = 0; i < n; i++) {
        column_kind k = kind_of(row[i].text);
        bool named = row[i].text.n >= 8 && strncasecmp((const char *)row[i].text.p, "question", 8) == 0;
        if (k == COLUMN_QUESTION && (out->question == CU_QNO_COL || (named && !sure))) {
            out->question = row[i].col;
            sure = named;
        } else if (k == COLUMN_ANSWER && out->answer == CU_QNO_COL) {
            out->answer = row[i].col;
        } else if (k == COLUMN_NOTE && note == CU_QNO_COL) {
            note = row[i].col;
        } else if (k == COLUMN_CHOICE && out->choice == CU_QNO_COL) {
            out->choice = row[i].col;
        } else if (k == COLUMN_ID && out->id == CU_QNO_COL) {
            out->id = row[i].col;
        }
    }
    bool is = out->question != CU_QNO_COL && (sure || out->answer != CU_QNO_COL || out->id != CU_QNO_COL || out->choice != CU_QNO_COL || note != CU_QNO_COL);
    if (is && out->answer == CU_QNO_COL)
        out->answer = note;
    for (size_t i = 0; is && i < n && out->answer == CU_QNO_COL; i++)
        if (row[i].col == out->question)
            out->answer = out->choice != CU_QNO_COL ? out->choice : row[i].col + row[i].cols;
    if (is && out->answer == out->choice)
        out->choice = CU_QNO_COL;
    return is;
}

/* Without a head: the column in which most cells ask; the one before it may number them. */
static bool guess(const cu_qtable *t, layout *out)
{
    uint32_t asked[256] = {0}, numbers[256] = {0}, best = 0, span = 1;
    for (size_t i = 0; i < t->n; i++) {
        const cu_qcell *c = &t->cells[i];
        if (c->col < 256) {
            asked[c->col] += asks(c->text);
            numbers[c->col] += is_number(c->text);
        }
    }
    for (uint32_t i = 1; i < 256; i++)
        if (asked[i] > asked[best])
            best = i;
    for (size_t i = 0; i < t->n; i++)
        if (t->cells[i].col == best && asks(t->cells[i].text)) {
            span = t->cells[i].cols;
            break;
        }
    *out = (layout){best, best + span, CU_QNO_COL, best && numbers[best - 1] * 2 >= asked[best] ? best - 1 : CU_QNO_COL, UINT32_MAX};
    return asked[best] > 0;
}

typedef struct {
    cu_arena *a;
    cu_qdocument *d;
    cu_fault *f;
    size_t cap;
    cu_bytes section;
} finder;

static cu_err add(finder *x, const cu_qasked *q)
{
    cu_qdocument *d = x->d;
    if (d->asked_n == CU_QASKED_MAX)
        return cu_fail(x->f, CU_TOO_BIG, "the file asks more than %u questions", CU_QASKED_MAX);
    if (d->asked_n == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 128;
        cu_qasked *v = cu_arena_raw(x->a, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (d->asked_n)
            memcpy(v, d->asked, d->asked_n * sizeof *v);
        d->asked = v;
        x->cap = cap;
    }
    cu_qasked *to = &d->asked[d->asked_n++];
    *to = *q;
    to->section = x->section;
    if (!to->id.n) {
        char *own = cu_arena_fmt(x->a, "Q%zu", d->asked_n);
        to->id = cu_str(own);
    }
    return to->id.p ? CU_OK : CU_NOMEM;
}

static bool is_question(const layout *l, const cu_qcell *c, bool has_id)
{
    if (asks(c->text))
        return true;
    if (l->head == UINT32_MAX || c->text.n < 3 || (c->cols > 1 && c->col + c->cols > l->answer && l->answer > c->col))
        return false;
    return has_id ? words_of(c->text) >= 2 : words_of(c->text) >= 6;
}

/* In a document's table the answer may go below instead of beside. */
static const cu_qcell *below(const cu_qtable *t, size_t at, uint32_t col)
{
    for (uint32_t row = t->cells[at].row; at < t->n && t->cells[at].row <= row + 1; at++)
        if (t->cells[at].row == row + 1 && t->cells[at].col == col)
            return t->cells[at].text.n == 0 ? &t->cells[at] : NULL;
    return NULL;
}

static cu_err take_row(finder *x, uint32_t table, const layout *l, size_t at, size_t n)
{
    const cu_qtable *t = &x->d->tables[table];
    const cu_qcell *row = &t->cells[at], *c = cell_in(row, n, l->question), *id = cell_in(row, n, l->id), *answer = cell_in(row, n, l->answer);
    bool has_id = id && id->text.n && id->text.n <= 60;
    if (!c || !c->text.n || !is_question(l, c, has_id)) {
        for (size_t i = 0; i < n; i++)
            if (row[i].text.n && row[i].text.n < 120) {
                x->section = row[i].text;
                break;
            }
        return CU_OK;
    }
    cu_qasked q = {.text = c->text, .table = table, .row = c->row, .col = c->col, .order = c->order, .answer_col = l->answer, .choice_col = l->choice, .has_answer_cell = true};
    q.id = has_id ? id->text : split_number(&q.text);
    if (x->d->form == CU_QFORM_DOCX && !answer)
        answer = below(t, at, l->question);
    q.has_answer_cell = x->d->form != CU_QFORM_DOCX || answer;
    q.answer_place = answer ? answer->place : 0;
    q.existing = answer ? answer->text : CU_NONE;
    return add(x, &q);
}

static cu_err take_table(finder *x, uint32_t table)
{
    const cu_qtable *t = &x->d->tables[table];
    layout l, next;
    bool found = false;
    x->section = x->d->form == CU_QFORM_XLSX ? t->name : CU_NONE;
    for (size_t i = 0; i < t->n && !found && t->cells[i].row < HEAD_ROWS; i += row_length(t, i))
        found = read_head(&t->cells[i], row_length(t, i), &l);
    if (!found && !guess(t, &l))
        return CU_OK;
    for (size_t i = 0; i < t->n; i += row_length(t, i)) {
        size_t n = row_length(t, i);
        if (l.head != UINT32_MAX && t->cells[i].row < l.head)
            continue;
        if (read_head(&t->cells[i], n, &next)) /* a section may begin with a head of its own */
            l = next;
        else
            CU_TRY(take_row(x, table, &l, i, n));
    }
    return CU_OK;
}

static bool announces_answer(cu_bytes t)
{
    char low[LOW_MAX + 1];
    lowered(t, low);
    return strncmp(low, "answer", 6) == 0 || strncmp(low, "response", 8) == 0;
}

static cu_err take_paragraphs(finder *x)
{
    const cu_qtable *t = &x->d->tables[0];
    for (size_t i = 0; i < t->n; i++) {
        cu_qasked q = {.text = t->cells[i].text, .row = t->cells[i].row, .order = t->cells[i].order, .choice_col = CU_QNO_COL, .answer_place = t->cells[i].place, .has_answer_cell = true};
        q.id = split_number(&q.text);
        if (!asks(q.text) || (!memchr(q.text.p, '?', q.text.n) && !q.id.n)) {
            if (q.text.n && q.text.n < 120)
                x->section = q.text;
            continue;
        }
        if (i + 1 < t->n && announces_answer(t->cells[i + 1].text)) {
            const uint8_t *colon = memchr(t->cells[i + 1].text.p, ':', t->cells[i + 1].text.n);
            q.answer_place = t->cells[i + 1].place;
            q.existing = colon ? trimmed(cu_slice(t->cells[i + 1].text, (size_t)(colon - t->cells[i + 1].text.p) + 1, t->cells[i + 1].text.n)) : CU_NONE;
        }
        CU_TRY(add(x, &q));
    }
    return CU_OK;
}

static int by_order(const void *a, const void *b)
{
    const cu_qasked *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

cu_err find_asked(cu_arena *a, cu_qdocument *d, cu_fault *f)
{
    finder x = {.a = a, .d = d, .f = f};
    for (uint32_t i = 0; i < d->tables_n; i++)
        CU_TRY(d->tables[i].flowing ? take_paragraphs(&x) : take_table(&x, i));
    if (d->form == CU_QFORM_DOCX && d->asked_n) /* tables and paragraphs were taken apart */
        qsort(d->asked, d->asked_n, sizeof *d->asked, by_order);
    return d->asked_n ? CU_OK : cu_fail(f, CU_NOT_FOUND, "no question was found: give the column a head (Question, Answer), or end questions with a question mark");
}
