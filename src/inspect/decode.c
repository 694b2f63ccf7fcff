/* What echo, printf, base64 -d and their like put out, so that what a shell is fed can be read. */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

static bool has_option(const call *c, const char *letters, const char *name)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (t.n > 2 && t.p[0] == '-' && t.p[1] == '-' && cu_starts(cu_str(name), cu_slice(t, 2, t.n)))
            return true;
        for (size_t k = 1; t.n > 1 && t.p[0] == '-' && t.p[1] != '-' && k < t.n; k++)
            if (strchr(letters, t.p[k] ? t.p[k] : 1))
                return true;
    }
    return false;
}

static void put_escaped(cu_buf *b, cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned v = 0;
        size_t n = 0;
        if (t.p[i] != '\\' || i + 1 == t.n) {
            cu_buf_byte(b, t.p[i]);
            continue;
        }
        uint8_t c = t.p[++i];
        if (c == 'x') {
            for (; n < 2 && i + 1 < t.n && isxdigit(t.p[i + 1]); n++)
                v = v * 16 + (unsigned)(isdigit(t.p[i + 1]) ? t.p[i + 1] - '0' : (t.p[i + 1] | 0x20) - 'a' + 10), i++;
            cu_buf_byte(b, (uint8_t)v);
        } else if (c >= '0' && c <= '7') {
            for (i--; n < 4 && i + 1 < t.n && t.p[i + 1] >= '0' && t.p[i + 1] <= '7'; n++)
                v = v * 8 + (unsigned)(t.p[i + 1] - '0'), i++;
            cu_buf_byte(b, (uint8_t)v);
        } else {
            cu_buf_byte(b, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
        }
    }
}

static void echo(const call *c, cu_buf *b)
{
    bool esc = false, first = true;
    size_t i = 1;
    for (; i < c->argv.n && c->argv.v[i].text.n > 1 && c->argv.v[i].text.p[0] == '-' && strspn((const char *)c->argv.v[i].text.p + 1, "neE") == c->argv.v[i].text.n - 1; i++)
        esc = esc || memchr(c->argv.v[i].text.p, 'e', c->argv.v[i].text.n);
    for (; i < c->argv.n; i++, first = false) {
        if (!first)
            cu_buf_byte(b, ' ');
        if (esc)
            put_escaped(b, c->argv.v[i].text);
        else
            cu_buf_add(b, c->argv.v[i].text);
    }
}

void decode_printed(const call *c, size_t at, cu_buf *b)
{
    size_t arg = at + 1;
    if (at >= c->argv.n)
        return;
    cu_bytes f = c->argv.v[at].text;
    do {
        size_t used = arg;
        for (size_t i = 0, from = 0; i <= f.n; i++) {
            if (i < f.n && f.p[i] != '%')
                continue;
            put_escaped(b, cu_slice(f, from, i));
            for (i++; i < f.n && !isalpha(f.p[i]) && f.p[i] != '%'; i++)
                ;
            from = i < f.n ? i + 1 : f.n;
            if (i < f.n && f.p[i] == '%')
                cu_buf_byte(b, '%');
            else if (i < f.n && arg < c->argv.n && f.p[i] == 'b')
                put_escaped(b, c->argv.v[arg++].text);
            else if (i < f.n && arg < c->argv.n)
                cu_buf_add(b, c->argv.v[arg++].text);
        }
        if (used == arg)
            break;
    } while (arg < c->argv.n);
}

static void base64(cu_bytes t, cu_buf *b)
{
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t v = 0, bits = 0;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t ch = t.p[i] == '-' ? '+' : t.p[i] == '_' ? '/' : t.p[i];
        const char *at = ch ? strchr(abc, ch) : NULL;
        if (!at)
            continue;
        v = v << 6 | (uint32_t)(at - abc);
        bits += 6;
        if (bits >= 8)
            cu_buf_byte(b, (uint8_t)(v >> (bits -= 8)));
    }
}

/* A literal that is base64 of printable text with a blank in it: a command or code that is not to be seen. */
bool decode_hidden(cu_bytes t, cu_buf *b)
{
    if (t.n < 8 || memchr(t.p, ' ', t.n) || memchr(t.p, '/', t.n > 4 ? 4 : t.n))
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (!isalnum(t.p[i]) && !memchr("+/-_=", t.p[i], 5))
            return false;
    base64(t, b);
    for (size_t i = 0; i < b->n; i++)
        if (b->p[i] >= 0x7f || (b->p[i] < ' ' && !isspace(b->p[i])))
            return false;
    return b->n && (memchr(b->p, ' ', b->n) || memchr(b->p, '(', b->n));
}

static void base32(cu_bytes t, cu_buf *b)
{
    uint32_t v = 0, bits = 0;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = t.p[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= '2' && c <= '7'))
            continue;
        v = v << 5 | (uint32_t)(c >= 'A' ? c - 'A' : c - '2' + 26);
        bits += 5;
        if (bits >= 8)
            cu_buf_byte(b, (uint8_t)(v >> (bits -= 8)));
    }
}

static void hex(cu_bytes t, cu_buf *b)
{
    unsigned v = 0, n = 0;
    for (size_t i = 0; i < t.n; i++)
        if (isxdigit(t.p[i])) {
            v = v * 16 + (unsigned)(isdigit(t.p[i]) ? t.p[i] - '0' : (t.p[i] | 0x20) - 'a' + 10);
            if (++n % 2 == 0)
                cu_buf_byte(b, (uint8_t)v);
        }
}

static void reverse(cu_bytes t, cu_buf *b)
{
    while (t.n && t.p[t.n - 1] == '\n')
        t.n--;
    for (size_t i = t.n; i-- > 0;)
        cu_buf_byte(b, t.p[i]);
}

static size_t tr_set(cu_bytes t, uint8_t out[256])
{
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned to = i + 2 < t.n && t.p[i + 1] == '-' ? t.p[i + 2] : t.p[i];
        for (unsigned ch = t.p[i]; ch <= to && n < 256; ch++)
            out[n++] = (uint8_t)ch;
        i += to != t.p[i] ? 2 : 0;
    }
    return n;
}

static bool translate(const call *c, cu_bytes t, cu_buf *b)
{
    uint8_t from[256], to[256];
    if (c->argv.n == 3 && (cu_eq_str(c->argv.v[1].text, "-d"))) {
        size_t n = tr_set(c->argv.v[2].text, from);
        for (size_t i = 0; i < t.n; i++)
            if (!memchr(from, t.p[i], n))
                cu_buf_byte(b, t.p[i]);
        return true;
    }
    if (c->argv.n != 3 || cu_starts(c->argv.v[1].text, CU_LIT("-")))
        return false;
    size_t n = tr_set(c->argv.v[1].text, from), m = tr_set(c->argv.v[2].text, to);
    for (size_t i = 0; i < t.n; i++) {
        const uint8_t *at = memchr(from, t.p[i], n);
        cu_buf_byte(b, at && m ? to[(size_t)(at - from) < m ? (size_t)(at - from) : m - 1] : t.p[i]);
    }
    return true;
}

static bool decoded(const call *c, cu_bytes name, cu_bytes t, cu_buf *b)
{
    bool openssl = cu_eq_str(name, "openssl") && c->argv.n > 1;
    if (cu_eq_str(name, "base64") || cu_eq_str(name, "gbase64") || cu_eq_str(name, "basenc") || openssl) {
        if (!has_option(c, "dD", "decode"))
            return false;
        base64(t, b);
    } else if (cu_eq_str(name, "base32")) {
        if (!has_option(c, "d", "decode"))
            return false;
        base32(t, b);
    } else if (cu_eq_str(name, "xxd")) {
        if (!has_option(c, "r", "revert"))
            return false;
        hex(t, b);
    } else if (cu_eq_str(name, "rev")) {
        reverse(t, b);
    } else if (cu_eq_str(name, "tr")) {
        return translate(c, t, b);
    } else {
        return false;
    }
    return true;
}

static flow text_out(walk *w, cu_buf *b, uint32_t tags)
{
    cu_bytes t = cu_arena_dup(w->a, cu_buf_view(b));
    return (flow){tags, !(t.n && memchr(t.p, OPEN, t.n)), t};
}

/* A file that is named and was written before, else what comes in. */
static flow input_of(walk *w, const call *c, const cu_program *p)
{
    size_t at[4], n = operands_of(c, p, at, 4);
    for (size_t i = 0; i < n; i++) {
        flow *f = var_get(w->files, c->argv.v[at[i]].text);
        if (f)
            return *f;
    }
    return c->in;
}

flow decode_out(walk *w, const call *c, const cu_program *p, cu_bytes name)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    uint32_t gives = p ? p->tags & (CU_COMMAND_download | CU_COMMAND_environ | CU_COMMAND_net | CU_COMMAND_shell | CU_COMMAND_archive) : 0;
    if (cu_eq_str(name, "env") && c->argv.n == 1)
        gives |= CU_COMMAND_environ;
    if (p && (p->tags & CU_COMMAND_decoder))
        gives |= CU_COMMAND_decoder;
    if (cu_eq_str(name, "echo")) {
        echo(c, &b);
        return text_out(w, &b, c->arg_tags);
    }
    if (cu_eq_str(name, "printf")) {
        decode_printed(c, c->argv.n > 1 && cu_eq_str(c->argv.v[1].text, "--") ? 2 : 1, &b);
        return text_out(w, &b, c->arg_tags);
    }
    if ((cu_eq_str(name, "find") || cu_eq_str(name, "gfind")) && c->argv.n > 1 && c->argv.v[1].text.n && c->argv.v[1].text.p[0] != '-' && !call_chooses(c, c->argv.n))
        return (flow){c->arg_tags, true, c->argv.v[1].text}; /* with all that is in it */
    flow in = input_of(w, c, p);
    if (cu_eq_str(name, "cat") || cu_eq_str(name, "tee"))
        return (flow){in.tags | gives, in.known, in.text};
    if (in.known && decoded(c, name, in.text, &b))
        return text_out(w, &b, in.tags);
    return (flow){in.tags | gives, false, CU_NONE};
}
