/* Lines of code → digests that edits of form do not change. */
#include "inspect/print.h"

#define LEAST_BYTES 8u /* of a line's tokens: shorter ones stand everywhere */
#define LEAST_WORDS 2u

typedef struct {
    uint8_t exact[2 * CU_PRINT_LINE], shape[2 * CU_PRINT_LINE];
    size_t exact_n, shape_n;
    uint32_t words;
    bool after_word;
} tokens;

static bool is_word(uint8_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
}

/* Words that languages give a meaning to, which a rename does not touch. */
static bool is_keyword(cu_bytes w)
{
    static const char *const words[] = {"and",  "as",   "async", "await",  "break", "case",  "catch", "class",  "const", "continue", "def",  "default", "do",    "elif",   "else",
                                        "enum", "except", "export", "extends", "false", "False", "final", "finally", "fn",   "for",   "from", "func",    "function", "if", "import",
                                        "in",   "instanceof", "int", "is",  "lambda", "let",  "match", "mut",    "new",   "nil",      "None", "not",     "null",  "or",     "package",
                                        "private", "protected", "pub", "public", "raise", "return", "self", "static", "struct", "switch", "this", "throw", "true", "True", "try",
                                        "type", "typeof", "var", "void", "while", "with", "yield"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (cu_eq_str(w, words[i]))
            return true;
    return false;
}

static void put(uint8_t *to, size_t *n, cu_bytes text)
{
    if (text.n)
        memcpy(to + *n, text.p, text.n);
    *n += text.n;
}

static size_t word(tokens *t, cu_bytes line, size_t i)
{
    size_t end = i;
    while (end < line.n && is_word(line.p[end]))
        end++;
    cu_bytes w = cu_slice(line, i, end);
    bool number = w.p[0] >= '0' && w.p[0] <= '9';
    if (t->after_word) {
        put(t->exact, &t->exact_n, CU_LIT(" "));
        put(t->shape, &t->shape_n, CU_LIT(" "));
    }
    put(t->exact, &t->exact_n, w);
    put(t->shape, &t->shape_n, number ? CU_LIT("0") : is_keyword(w) ? w : CU_LIT("a"));
    t->words++;
    t->after_word = true;
    return end;
}

/* i at a quote. An apostrophe without its fellow is a mark like any other. */
static size_t quoted(tokens *t, cu_bytes line, size_t i)
{
    size_t end = i + 1;
    while (end < line.n && line.p[end] != line.p[i])
        end += line.p[end] == '\\' ? 2 : 1;
    t->after_word = false;
    put(t->exact, &t->exact_n, CU_LIT("\""));
    put(t->shape, &t->shape_n, CU_LIT("\""));
    if (end >= line.n)
        return i + 1;
    put(t->exact, &t->exact_n, cu_slice(line, i + 1, end));
    put(t->exact, &t->exact_n, CU_LIT("\""));
    t->words++;
    return end + 1;
}

static void read_tokens(tokens *t, cu_bytes line)
{
    size_t i = 0;
    while (i < line.n) {
        uint8_t c = line.p[i];
        if (is_word(c)) {
            i = word(t, line, i);
            continue;
        }
        if (c == '"' || c == '\'' || c == '`') {
            i = quoted(t, line, i);
            continue;
        }
        i++;
        if (c <= ' ' || c == ';')
            continue;
        t->after_word = false;
        put(t->exact, &t->exact_n, cu_bytes_of(&c, 1));
        put(t->shape, &t->shape_n, cu_bytes_of(&c, 1));
    }
    if (t->exact_n && t->exact[t->exact_n - 1] == ',') {
        t->exact_n--;
        t->shape_n--;
    }
}

void cu_print_line_of(cu_bytes line, cu_print_line *out)
{
    tokens t;
    cu_sha256 d;
    memset(out, 0, sizeof *out);
    t.exact_n = t.shape_n = 0;
    t.words = 0;
    t.after_word = false;
    if (line.n > CU_PRINT_LINE)
        return;
    read_tokens(&t, line);
    if (t.words >= LEAST_WORDS && t.exact_n >= LEAST_BYTES) {
        cu_sha256_of(cu_bytes_of(t.exact, t.exact_n), &d);
        memcpy(out->exact, d.b, sizeof out->exact);
        cu_sha256_of(cu_bytes_of(t.shape, t.shape_n), &d);
        memcpy(out->shape, d.b, sizeof out->shape);
        out->weight = t.words;
    }
    cu_wipe(t.exact, t.exact_n);
}

void cu_print_key(const uint8_t commit_key[32], cu_hmac_key *out)
{
    cu_sha256 k;
    cu_hmac_sha256(cu_bytes_of(commit_key, 32), CU_LIT("prints of generated code"), &k);
    cu_hmac_key_of(cu_bytes_of(k.b, sizeof k.b), out);
    cu_wipe(&k, sizeof k);
}

static uint64_t number(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

void cu_print_keyed(const cu_hmac_key *k, const cu_print_line *l, cu_print *out)
{
    cu_sha256 exact, shape;
    cu_hmac_keyed_3(k, CU_LIT("line"), cu_bytes_of(l->exact, sizeof l->exact), CU_NONE, &exact);
    cu_hmac_keyed_3(k, CU_LIT("shape"), cu_bytes_of(l->shape, sizeof l->shape), CU_NONE, &shape);
    *out = (cu_print){.exact = number(exact.b, 5), .shape = (uint32_t)number(shape.b, 3), .weight = l->weight};
}

void cu_print_put(const cu_print *p, uint8_t out[CU_PRINT_LEN])
{
    for (unsigned i = 0; i < 5; i++)
        out[i] = (uint8_t)(p->exact >> (8 * (4 - i)));
    for (unsigned i = 0; i < 3; i++)
        out[5 + i] = (uint8_t)(p->shape >> (8 * (2 - i)));
}

void cu_print_get(const uint8_t in[CU_PRINT_LEN], cu_print *out)
{
    *out = (cu_print){.exact = number(in, 5), .shape = (uint32_t)number(in + 5, 3), .weight = 1};
}

void cu_prints_begin(cu_prints *p, const cu_hmac_key *key)
{
    *p = (cu_prints){.key = key, .out = CU_BUF((size_t)CU_PRINTS_MAX * CU_PRINT_LEN)};
}

static void add_line(cu_prints *p, cu_bytes line)
{
    cu_print_line l;
    cu_print keyed;
    uint8_t bytes[CU_PRINT_LEN];
    cu_print_line_of(line, &l);
    if (!l.weight || (p->secret && p->secret(p->arg, line)))
        return;
    if (p->out.n == p->out.ceiling) {
        p->left_out++;
        return;
    }
    cu_print_keyed(p->key, &l, &keyed);
    cu_print_put(&keyed, bytes);
    cu_buf_put(&p->out, bytes, sizeof bytes);
}

void cu_prints_add(cu_prints *p, const cu_artefact *x)
{
    if (x->kind == CU_ARTEFACT_URL || x->hosts || (x->kind == CU_ARTEFACT_COMMAND && !memchr(x->text.p ? x->text.p : (const uint8_t *)"", '\n', x->text.n)))
        return;
    for (size_t at = 0; at < x->text.n;) {
        const uint8_t *nl = memchr(x->text.p + at, '\n', x->text.n - at);
        size_t end = nl ? (size_t)(nl - x->text.p) : x->text.n;
        add_line(p, cu_slice(x->text, at, end));
        at = end + 1;
    }
}

void cu_prints_end(cu_prints *p)
{
    cu_buf_free(&p->out);
    p->key = NULL;
}
