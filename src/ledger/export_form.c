#include "export_form.h"
#include <stdio.h>
#include <stdlib.h>

/* --- tar: POSIX ustar, regular files only, everything but name and size fixed --- */

bool export_header(const char *name, uint64_t size, uint8_t out[EXPORT_BLOCK])
{
    size_t n = strlen(name);
    unsigned sum = 0;
    char field[16];
    if (n == 0 || n > EXPORT_NAME_MAX || size >= 1ull << 33)
        return false;
    memset(out, 0, EXPORT_BLOCK);
    memcpy(out, name, n);
    memcpy(out + 100, "0000644", 7);
    memcpy(out + 108, "0000000", 7);
    memcpy(out + 116, "0000000", 7);
    snprintf(field, sizeof field, "%011llo", (unsigned long long)size);
    memcpy(out + 124, field, 11);
    memcpy(out + 136, "00000000000", 11);
    memset(out + 148, ' ', 8);
    out[156] = '0';
    memcpy(out + 257, "ustar", 6);
    memcpy(out + 263, "00", 2);
    for (size_t i = 0; i < EXPORT_BLOCK; i++)
        sum += out[i];
    snprintf(field, sizeof field, "%06o", sum);
    memcpy(out + 148, field, 7);
    return true;
}

/* Names that stay inside: parts of letters, digits and . _ - that do not begin with a dot. */
static bool name_inside(const char *name)
{
    bool begins = true;
    for (const char *s = name; *s; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '-';
        if (!plain && (begins || (*s != '.' && *s != '/')))
            return false;
        begins = *s == '/';
    }
    return !begins;
}

cu_err export_header_parse(const uint8_t in[EXPORT_BLOCK], char name[EXPORT_NAME_MAX + 1], uint64_t *size)
{
    uint8_t again[EXPORT_BLOCK];
    *size = 0;
    memcpy(name, in, EXPORT_NAME_MAX);
    name[EXPORT_NAME_MAX] = 0;
    for (size_t i = 124; i < 135; i++) {
        if (in[i] < '0' || in[i] > '7')
            return CU_SYNTAX;
        *size = *size * 8 + (uint64_t)(in[i] - '0');
    }
    return name_inside(name) && export_header(name, *size, again) && memcmp(in, again, EXPORT_BLOCK) == 0 ? CU_OK : CU_SYNTAX;
}

/* --- bundle.json --- */

static void put_words(const char *before, const cu_bytes *v, size_t n, cu_buf *out)
{
    cu_buf_str(out, before);
    for (size_t i = 0; i < n; i++) {
        cu_buf_str(out, i ? ",\"" : "\"");
        cu_buf_add(out, v[i]);
        cu_buf_byte(out, '"');
    }
}

void export_head_text(const export_head *h, cu_buf *out)
{
    put_words("{\"from\":", &h->from, 1, out);
    put_words(",\"logs\":[", h->logs, h->logs_n, out);
    put_words("],\"tenant\":", &h->tenant, 1, out);
    put_words(",\"to\":", &h->to, 1, out);
    cu_buf_str(out, ",\"v\":1}\n");
}

static bool word(cu_bytes *in, const char *before, cu_bytes *out)
{
    size_t n = 0;
    if (!cu_starts(*in, cu_str(before)))
        return false;
    *in = cu_slice(*in, strlen(before), in->n);
    while (n < in->n && ((in->p[n] >= 'a' && in->p[n] <= 'z') || (in->p[n] >= 'A' && in->p[n] <= 'Z') ||
                         (in->p[n] >= '0' && in->p[n] <= '9') || (in->p[n] && strchr("._-/:", in->p[n]))))
        n++;
    *out = cu_slice(*in, 0, n);
    if (n >= CU_LISTING_NAME || n == in->n || in->p[n] != '"')
        return false;
    *in = cu_slice(*in, n + 1, in->n);
    return true;
}

cu_err export_head_parse(cu_bytes text, export_head *out)
{
    cu_bytes in = text;
    cu_buf again CU_CLEAN_BUF = CU_BUF(65536);
    char time[CU_TIME_LEN];
    *out = (export_head){0};
    if (!word(&in, "{\"from\":\"", &out->from) || !cu_starts(in, CU_LIT(",\"logs\":[")))
        return CU_SYNTAX;
    in = cu_slice(in, strlen(",\"logs\":["), in.n);
    while (cu_starts(in, CU_LIT("\"")) || cu_starts(in, CU_LIT(",\""))) {
        if (out->logs_n == CU_LISTING_LOGS || !word(&in, out->logs_n ? ",\"" : "\"", &out->logs[out->logs_n]))
            return CU_SYNTAX;
        if (out->logs_n && cu_cmp(out->logs[out->logs_n - 1], out->logs[out->logs_n]) >= 0)
            return CU_SYNTAX;
        out->logs_n++;
    }
    bool ok = word(&in, "],\"tenant\":\"", &out->tenant) && word(&in, ",\"to\":\"", &out->to) && out->logs_n > 0 && out->from.n == CU_TIME_LEN - 1 &&
              out->to.n == CU_TIME_LEN - 1 && cu_listing_time(out->from, time) == CU_OK && cu_listing_time(out->to, time) == CU_OK;
    export_head_text(out, &again);
    return ok && again.err == CU_OK && cu_eq(cu_buf_view(&again), text) ? CU_OK : CU_SYNTAX;
}

void export_manifest_line(const char *name, uint64_t size, const cu_sha256 *digest, bool first, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hex(hex, digest->b, sizeof digest->b);
    cu_buf_fmt(out, "%s{\"bytes\":%llu,\"name\":\"%s\",\"sha256\":\"%s\"}\n", first ? "" : ",", (unsigned long long)size, name, hex);
}

/* --- counts.json --- */

static int cell_order(const export_cell *c, const char *day, cu_bytes type)
{
    int d = memcmp(c->day, day, 10);
    return d ? d : cu_cmp(cu_str(c->type), type);
}

static size_t cell_place(const export_tally *t, const char *day, cu_bytes type)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (cell_order(&t->v[mid], day, type) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

cu_err export_tally_add(export_tally *t, cu_bytes ts, cu_bytes type)
{
    char day[11];
    if (ts.n < 10 || type.n > 64)
        return CU_SYNTAX;
    memcpy(day, ts.p, 10);
    day[10] = 0;
    if (t->last < t->n && cell_order(&t->v[t->last], day, type) == 0) {
        t->v[t->last].n++;
        return CU_OK;
    }
    size_t at = cell_place(t, day, type);
    if (at == t->n || cell_order(&t->v[at], day, type) != 0) {
        if (t->n == EXPORT_TALLY_MAX)
            return CU_TOO_BIG;
        if (t->n == t->cap) {
            size_t cap = t->cap ? t->cap * 2 : 64;
            export_cell *v = realloc(t->v, cap * sizeof *v);
            if (!v)
                return CU_NOMEM;
            t->v = v;
            t->cap = cap;
        }
        memmove(&t->v[at + 1], &t->v[at], (t->n - at) * sizeof *t->v);
        t->v[at] = (export_cell){0};
        memcpy(t->v[at].day, day, 10);
        memcpy(t->v[at].type, type.p, type.n);
        t->n++;
    }
    t->v[at].n++;
    t->last = at;
    return CU_OK;
}

void export_tally_text(const export_tally *t, cu_buf *out)
{
    cu_buf_byte(out, '{');
    for (size_t i = 0; i < t->n; i++) {
        bool new_day = i == 0 || memcmp(t->v[i].day, t->v[i - 1].day, 10) != 0;
        if (new_day)
            cu_buf_fmt(out, "%s\n\"%s\":{", i ? "}," : "", t->v[i].day);
        cu_buf_fmt(out, "%s\"%s\":%llu", new_day ? "" : ",", t->v[i].type, (unsigned long long)t->v[i].n);
    }
    cu_buf_str(out, t->n ? "}\n}\n" : "}\n");
}

void export_tally_free(export_tally *t)
{
    free(t->v);
    *t = (export_tally){0};
}

void export_destroyed_line(const cu_leaf *leaf, cu_bytes log, uint64_t index, cu_buf *out)
{
    cu_buf_str(out, "{\"body\":");
    cu_buf_add(out, leaf->body);
    cu_buf_str(out, ",\"id\":\"");
    cu_buf_add(out, leaf->id);
    cu_buf_fmt(out, "\",\"index\":%llu,\"log\":\"", (unsigned long long)index);
    cu_buf_add(out, log);
    cu_buf_str(out, "\",\"ts\":\"");
    cu_buf_add(out, leaf->ts);
    cu_buf_str(out, "\"}\n");
}
