/* The span walker: validates one JSON value and lists its strings, without building a tree. The
 * state machine keeps two bits a level (object or array) and the key a level stands under. */
#include "wire/json.h"
#include "blocks.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define MAX_TOP_KEYS 256u

typedef struct {
    const uint8_t *p;
    size_t n, i;
    cu_arena *arena;
    cu_fault *f;
    cu_json_string *v;
    size_t count, cap;
    bool wide;                           /* cu_blocks_wide() */
    uint32_t depth;                      /* containers that are open */
    uint32_t top_keys[MAX_TOP_KEYS];
    size_t top_keys_n;
    bool is_object[CU_JSON_MAX_DEPTH + 1];
    uint32_t key[CU_JSON_MAX_DEPTH + 1]; /* key under which the open container stands */
    cu_json_places here, *most;          /* of the array of a top-level member that is open; of the largest so far */
    size_t array_at, most_n;             /* where that array begins; how long the largest is */
} walk;

static cu_err bad_at(walk *w, size_t at, cu_err e, const char *what)
{
    cu_fail(w->f, e, "invalid JSON at byte %zu: %s", at, what);
    if (w->f)
        w->f->offset = at;
    return e;
}

static cu_err bad(walk *w, cu_err e, const char *what)
{
    return bad_at(w, w->i, e, what);
}

static void skip_space(walk *w)
{
    while (w->i < w->n) {
        uint8_t c = w->p[w->i];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            return;
        w->i++;
    }
}

static cu_err push_string(walk *w, cu_json_string s)
{
    if (w->count >= CU_JSON_MAX_STRINGS)
        return bad(w, CU_TOO_BIG, "more strings than can be looked at");
    if (w->count == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : w->n < 8192 ? 32 : 256;
        cu_json_string *v = cu_arena_raw(w->arena, cap * sizeof *v);
        if (!v)
            return bad(w, CU_NOMEM, "out of memory");
        if (w->count)
            memcpy(v, w->v, w->count * sizeof *v);
        w->v = v;
        w->cap = cap;
    }
    w->v[w->count++] = s;
    return CU_OK;
}

/* First byte at or after i that needs a look: quote, backslash, control character, not ASCII. */
static size_t plain_run(const uint8_t *p, size_t i, size_t n)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (; i + 16 <= n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        /* signed compare: bytes of 0x80 and above are negative, so below the space as well */
        __m128i hit = _mm_or_si128(_mm_cmplt_epi8(x, space),
                                   _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
        int mask = _mm_movemask_epi8(hit);
        if (mask)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < n; i++)
        if (p[i] < 0x20 || p[i] >= 0x80 || p[i] == '"' || p[i] == '\\')
            break;
    return i;
}

static int hex4(const uint8_t *p)
{
    int v = 0;
    for (int k = 0; k < 4; k++) {
        int c = p[k];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* At a backslash. */
static cu_err escape(walk *w)
{
    if (w->i + 1 >= w->n)
        return bad(w, CU_SYNTAX, "the text ends inside an escape");
    uint8_t c = w->p[w->i + 1];
    switch (c) { /* code is full of \n: no call here */
    case 'n': case '"': case '\\': case 't': case '/': case 'r': case 'b': case 'f':
        w->i += 2;
        return CU_OK;
    case 'u':
        break;
    default:
        return bad(w, CU_SYNTAX, "unknown escape");
    }
    int v = w->i + 6 <= w->n ? hex4(w->p + w->i + 2) : -1;
    if (v < 0)
        return bad(w, CU_SYNTAX, "\\u needs four hex digits");
    if (v >= 0xdc00 && v <= 0xdfff)
        return bad(w, CU_SYNTAX, "a \\u low surrogate without a high one");
    if (v >= 0xd800 && v <= 0xdbff) {
        int low = w->i + 12 <= w->n && w->p[w->i + 6] == '\\' && w->p[w->i + 7] == 'u'
                      ? hex4(w->p + w->i + 8)
                      : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return bad(w, CU_SYNTAX, "a \\u high surrogate without a low one");
        w->i += 6;
    }
    w->i += 6;
    return CU_OK;
}

/* Bytes of 0x80 and above, up to the next ASCII byte. */
static cu_err not_ascii(walk *w)
{
    size_t from = w->i, at = 0;
    while (w->i < w->n && w->p[w->i] >= 0x80)
        w->i++;
    if (!cu_utf8_valid(cu_bytes_of(w->p + from, w->i - from), &at))
        return bad_at(w, from + at, CU_UTF8, "the text is not valid UTF-8");
    return CU_OK;
}

/* At the opening quote. */
static cu_err string(walk *w, uint32_t flags, uint32_t parent)
{
    size_t from = ++w->i;
    bool escaped = false;
    for (;;) {
        w->i = (w->wide ? cu_blocks_walk : cu_blocks_walk_narrow)(w->p, w->i, w->n, &escaped);
        w->i = plain_run(w->p, w->i, w->n);
        if (w->i >= w->n)
            return bad(w, CU_SYNTAX, "the text ends inside a string");
        uint8_t c = w->p[w->i];
        if (c == '"')
            break;
        if (c == '\\') {
            escaped = true;
            CU_TRY(escape(w));
        } else if (c >= 0x80) {
            CU_TRY(not_ascii(w));
        } else {
            return bad(w, CU_SYNTAX, "a control character inside a string must be escaped");
        }
    }
    CU_TRY(push_string(w, (cu_json_string){(uint32_t)from, (uint32_t)w->i, flags | (escaped ? CU_JSON_ESCAPED : 0), parent, w->depth}));
    w->i++;
    return CU_OK;
}

static bool digit(const walk *w)
{
    return w->i < w->n && w->p[w->i] >= '0' && w->p[w->i] <= '9';
}

static cu_err digits(walk *w)
{
    if (!digit(w))
        return bad(w, CU_SYNTAX, "a number needs a digit here");
    while (digit(w))
        w->i++;
    return CU_OK;
}

static cu_err number(walk *w)
{
    if (w->p[w->i] == '-')
        w->i++;
    if (w->i < w->n && w->p[w->i] == '0')
        w->i++;
    else
        CU_TRY(digits(w));
    if (w->i < w->n && w->p[w->i] == '.') {
        w->i++;
        CU_TRY(digits(w));
    }
    if (w->i < w->n && (w->p[w->i] | 0x20) == 'e') {
        w->i++;
        if (w->i < w->n && (w->p[w->i] == '+' || w->p[w->i] == '-'))
            w->i++;
        CU_TRY(digits(w));
    }
    return CU_OK;
}

static cu_err word(walk *w)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t k = 0; k < 3; k++)
        if (cu_starts(cu_bytes_of(w->p + w->i, w->n - w->i), cu_str(words[k]))) {
            w->i += strlen(words[k]);
            return CU_OK;
        }
    return bad(w, CU_SYNTAX, "a value is expected here");
}

static cu_err open_container(walk *w, uint32_t under)
{
    if (w->depth >= CU_JSON_MAX_DEPTH)
        return bad(w, CU_DEPTH, "nested deeper than 128 levels");
    w->depth++;
    w->is_object[w->depth] = w->p[w->i] == '{';
    w->key[w->depth] = under;
    if (w->depth == 2)
        w->array_at = w->i;
    w->i++;
    return CU_OK;
}

static cu_err same_key(const walk *w, cu_json_string a, cu_json_string b, bool *same)
{
    cu_bytes x = cu_bytes_of(w->p + a.start, a.end - a.start), y = cu_bytes_of(w->p + b.start, b.end - b.start);
    if (!((a.flags | b.flags) & CU_JSON_ESCAPED)) {
        *same = cu_eq(x, y);
        return CU_OK;
    }
    cu_buf mine CU_CLEAN_BUF = CU_BUF(64u << 20), other CU_CLEAN_BUF = CU_BUF(64u << 20);
    cu_json_unescape(x, &mine);
    cu_json_unescape(y, &other);
    *same = cu_eq(cu_buf_view(&mine), cu_buf_view(&other));
    return mine.err ? mine.err : other.err;
}

/* A member of the top-level object may be given once, however it is spelled: two readers must not
 * see two models. */
static cu_err check_top_key(walk *w, uint32_t at)
{
    cu_json_string s = w->v[at];
    bool same = false;
    for (size_t k = 0; k < w->top_keys_n; k++) {
        if (same_key(w, s, w->v[w->top_keys[k]], &same) != CU_OK)
            return bad_at(w, s.start, CU_NOMEM, "out of memory");
        if (same)
            return bad_at(w, s.start, CU_DUPLICATE, "a top-level member is given twice");
    }
    if (w->top_keys_n == MAX_TOP_KEYS)
        return bad_at(w, s.start, CU_TOO_BIG, "more than 256 top-level members");
    w->top_keys[w->top_keys_n++] = at;
    return CU_OK;
}

/* Key and colon of the next member; *under = its index. */
static cu_err member(walk *w, uint32_t *under)
{
    skip_space(w);
    if (w->i >= w->n || w->p[w->i] != '"')
        return bad(w, CU_SYNTAX, "a member name in quotes is expected here");
    *under = (uint32_t)w->count;
    CU_TRY(string(w, CU_JSON_KEY, w->key[w->depth]));
    if (w->depth == 1)
        CU_TRY(check_top_key(w, *under));
    skip_space(w);
    if (w->i >= w->n || w->p[w->i] != ':')
        return bad(w, CU_SYNTAX, "a colon is expected here");
    w->i++;
    return CU_OK;
}

/* An element of a top-level member's array has ended. */
static void note_place(walk *w)
{
    cu_json_places *p = &w->here;
    if (p->n == CU_JSON_PLACES)
        memmove(p->v, p->v + 1, --p->n * sizeof *p->v);
    p->v[p->n++] = (cu_json_place){(uint32_t)w->i, w->key[2], (uint32_t)w->count};
}

/* The array has ended; what it held is kept when it is the largest. */
static void end_places(walk *w)
{
    if (w->here.n && w->i - w->array_at >= w->most_n) {
        w->most_n = w->i - w->array_at;
        *w->most = w->here;
    }
    w->here.n = 0;
}

static void closed(walk *w)
{
    if (w->depth == 2 && w->is_object[1] && !w->is_object[2])
        note_place(w);
    else if (w->depth == 1 && w->is_object[1] && !w->is_object[2])
        end_places(w);
}

/* After a value: closes what ends here. *under = key of the next value; *done at the end. */
static cu_err after_value(walk *w, uint32_t *under, bool *done)
{
    while (w->depth > 0) {
        skip_space(w);
        if (w->i >= w->n)
            return bad(w, CU_SYNTAX, "the text ends before the value does");
        uint8_t c = w->p[w->i];
        bool object = w->is_object[w->depth];
        if (c == ',') {
            w->i++;
            *under = w->key[w->depth];
            return object ? member(w, under) : CU_OK;
        }
        if (c != (object ? '}' : ']'))
            return bad(w, CU_SYNTAX, object ? "a comma or } is expected here"
                                            : "a comma or ] is expected here");
        w->i++;
        w->depth--;
        if (w->most && w->depth <= 2)
            closed(w);
    }
    *done = true;
    return CU_OK;
}

/* One value up to the point where after_value() takes over. *opened: it was a container that has
 * a first value. */
static cu_err value(walk *w, uint32_t *under, bool *opened)
{
    skip_space(w);
    *opened = false;
    if (w->i >= w->n)
        return bad(w, CU_SYNTAX, "the text ends where a value is expected");
    uint8_t c = w->p[w->i];
    if (c == '"')
        return string(w, 0, *under);
    if (c == '-' || (c >= '0' && c <= '9'))
        return number(w);
    if (c != '{' && c != '[')
        return word(w);
    CU_TRY(open_container(w, *under));
    skip_space(w);
    if (w->i < w->n && w->p[w->i] == (c == '{' ? '}' : ']')) {
        w->i++;
        w->depth--;
        return CU_OK;
    }
    *opened = true;
    return c == '{' ? member(w, under) : CU_OK;
}

/* The walk as it was behind that element. */
static cu_err take_up(walk *w, const cu_json_place *from, const cu_json_string *before)
{
    w->cap = from->strings + 256;
    w->v = cu_arena_raw(w->arena, w->cap * sizeof *w->v);
    if (!w->v)
        return bad(w, CU_NOMEM, "out of memory");
    memcpy(w->v, before, from->strings * sizeof *w->v);
    w->count = from->strings;
    for (uint32_t i = 0; i < from->strings; i++)
        if (w->v[i].depth == 1 && w->v[i].flags & CU_JSON_KEY && w->top_keys_n < MAX_TOP_KEYS)
            w->top_keys[w->top_keys_n++] = i;
    w->i = from->at;
    w->depth = 2;
    w->is_object[1] = true;
    w->key[1] = UINT32_MAX;
    w->key[2] = from->key;
    w->array_at = w->v[from->key].end;
    if (w->most)
        note_place(w);
    return CU_OK;
}

static cu_err walk_all(walk *w, bool after)
{
    uint32_t under = UINT32_MAX;
    bool done = false, opened;
    if (after)
        CU_TRY(after_value(w, &under, &done));
    while (!done) {
        CU_TRY(value(w, &under, &opened));
        if (!opened)
            CU_TRY(after_value(w, &under, &done));
    }
    skip_space(w);
    return w->i == w->n ? CU_OK : bad(w, CU_SYNTAX, "there is more text after the value");
}

cu_err cu_json_walk_on(cu_bytes text, const cu_json_place *from, const cu_json_string *before, cu_arena *a, cu_json_strings *out,
                       cu_json_places *places, cu_fault *f)
{
    walk w = {.p = text.p, .n = text.n, .arena = a, .f = f, .most = places, .wide = cu_blocks_wide()};
    if (places)
        places->n = 0;
    if (text.n >= UINT32_MAX)
        return bad(&w, CU_TOO_BIG, "larger than 4 GiB");
    if (from)
        CU_TRY(take_up(&w, from, before));
    CU_TRY(walk_all(&w, from != NULL));
    *out = (cu_json_strings){w.v, w.count};
    return CU_OK;
}

cu_err cu_json_walk(cu_bytes text, cu_arena *a, cu_json_strings *out, cu_fault *f)
{
    return cu_json_walk_on(text, NULL, NULL, a, out, NULL, f);
}
