#include "wire/frame.h"

/* End of the first event in b, or 0. Looks at each byte once. */
static size_t line_end(cu_bytes b, size_t *seen)
{
    size_t i = *seen;
    const uint8_t *nl;
    while (i < b.n && (nl = memchr(b.p + i, '\n', b.n - i)) != NULL) {
        size_t at = (size_t)(nl - b.p), next = at + 1;
        if (next < b.n && b.p[next] == '\r')
            next++;
        if (next >= b.n) {
            *seen = at;
            return 0;
        }
        if (b.p[next] == '\n')
            return next + 1;
        i = at + 1;
    }
    *seen = b.n;
    return 0;
}

/* The end of the first element, with what stands before it. */
static size_t element_end(cu_frame_at *f, cu_bytes b)
{
    for (; f->seen < b.n; f->seen++) {
        uint8_t c = b.p[f->seen];
        if (f->in_string) {
            f->in_string = f->after_slash || c != '"';
            f->after_slash = !f->after_slash && c == '\\';
        } else if (c == '"') {
            f->in_string = true;
        } else if (c == '{' || (c == '[' && f->depth)) {
            f->depth++;
        } else if ((c == '}' || c == ']') && f->depth && --f->depth == 0) {
            return f->seen + 1;
        }
    }
    return 0;
}

size_t cu_frame_end(cu_frame_at *at, cu_bytes b)
{
    return at->array ? element_end(at, b) : line_end(b, &at->seen);
}

cu_err cu_frames_feed(cu_frames *f, cu_bytes in, cu_err (*each)(void *arg, cu_bytes event), void *arg)
{
    cu_bytes rest = in;
    size_t end;
    bool waiting = f->rest.n > 0;
    f->rest.ceiling = CU_FRAME_MAX;
    if (waiting) {
        cu_buf_add(&f->rest, in);
        CU_TRY(cu_buf_err(&f->rest));
        rest = cu_buf_view(&f->rest);
    }
    while ((end = cu_frame_end(&f->at, rest)) != 0) {
        CU_TRY(each(arg, cu_slice(rest, 0, end)));
        rest = cu_slice(rest, end, rest.n);
        f->at.seen = 0;
    }
    if (!waiting) {
        cu_buf_add(&f->rest, rest);
        return cu_buf_err(&f->rest);
    }
    if (rest.n)
        memmove(f->rest.p, rest.p, rest.n);
    f->rest.n = rest.n;
    return CU_OK;
}

void cu_frames_free(cu_frames *f)
{
    cu_buf_free(&f->rest);
}

static cu_bytes next_line(cu_bytes event, size_t *at)
{
    size_t from = *at;
    const uint8_t *nl = memchr(event.p + from, '\n', event.n - from);
    size_t end = nl ? (size_t)(nl - event.p) : event.n;
    *at = end + 1;
    return cu_slice(event, from, end > from && event.p[end - 1] == '\r' ? end - 1 : end);
}

static bool is_data(cu_bytes line, size_t *from)
{
    if (!cu_starts(line, CU_LIT("data:")))
        return false;
    *from = 5;
    while (*from < line.n && line.p[*from] == ' ')
        ++*from;
    return true;
}

cu_frame_data cu_frame_read(bool array, cu_bytes event)
{
    cu_frame_data d = {0};
    size_t from;
    if (array) {
        const uint8_t *brace = memchr(event.p, '{', event.n);
        if (brace) {
            d.from = (size_t)(brace - event.p);
            d.json = cu_slice(event, d.from, event.n);
            d.lines = 1;
        }
        return d;
    }
    for (size_t at = 0; at < event.n;) {
        size_t begin = at;
        cu_bytes line = next_line(event, &at);
        if (!is_data(line, &from))
            continue;
        d.from = begin + from;
        d.json = ++d.lines == 1 ? cu_slice(line, from, line.n) : CU_NONE;
    }
    return d;
}

void cu_frame_join(cu_bytes event, cu_buf *out)
{
    bool any = false;
    size_t from;
    for (size_t at = 0; at < event.n;) {
        cu_bytes line = next_line(event, &at);
        if (line.n && !is_data(line, &from)) {
            cu_buf_add(out, line);
            cu_buf_byte(out, '\n');
        }
    }
    for (size_t at = 0; at < event.n;) {
        cu_bytes line = next_line(event, &at);
        if (!is_data(line, &from))
            continue;
        cu_buf_str(out, any ? " " : "data: ");
        cu_buf_add(out, cu_slice(line, from, line.n));
        any = true;
    }
    cu_buf_str(out, "\n\n");
}
