/* The map's file: 32 bytes of head (mark and a random id), then records of length, check of the length,
 * nonce, sealed entries, tag. Each record is sealed together with the id, its number and its length:
 * none can be moved, left out in the middle, or carried to another map. The length has a check of its
 * own, so that a record that was cut short by a crash is told from a damaged one: only the first is
 * dropped. */
#include "redact/map.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"
#include "base/seal.h"

#define MARK "CUSTOSMAP1"
#define HEAD 32u
#define LEAD 12u   /* of a record: length, check */
#define MAX_RECORD ((uint32_t)64 << 20) /* bytes, sealed */

typedef struct {
    size_t at;  /* of the surrogate in values; 0 is free */
    size_t n;   /* bytes of the value behind it */
} slot;

struct cu_map {
    int fd;
    bool write;
    uint8_t key[32], lengths[32], head[HEAD]; /* lengths: the key of their checks */
    uint64_t end, records; /* what was read or written: bytes of the file, records */
    cu_buf values;         /* surrogate and value, one behind the other */
    size_t pending;        /* where in values the entries begin that are not in the file yet */
    slot *index;
    size_t index_n, n;
};

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static slot *lookup(const cu_map *m, const uint8_t *surrogate)
{
    uint64_t h;
    memcpy(&h, surrogate + 13, sizeof h); /* characters of the HMAC: evenly spread */
    for (size_t i = (size_t)(h * 0x9e3779b97f4a7c15ull >> 20) & (m->index_n - 1);; i = (i + 1) & (m->index_n - 1))
        if (m->index[i].at == 0 || memcmp(m->values.p + m->index[i].at, surrogate, CU_SURROGATE_LEN) == 0)
            return &m->index[i];
}

static cu_err grow(cu_map *m)
{
    slot *old = m->index;
    size_t old_n = m->index_n;
    slot *index = calloc(old_n ? old_n * 2 : 256, sizeof *index);
    if (!index)
        return CU_NOMEM;
    m->index = index;
    m->index_n = old_n ? old_n * 2 : 256;
    for (size_t i = 0; i < old_n; i++)
        if (old[i].at)
            *lookup(m, m->values.p + old[i].at) = old[i];
    free(old);
    return CU_OK;
}

bool cu_map_find(const cu_map *m, const uint8_t *surrogate36, cu_bytes *value)
{
    if (m->n == 0)
        return false;
    const slot *s = lookup(m, surrogate36);
    if (s->at)
        *value = cu_bytes_of(m->values.p + s->at + CU_SURROGATE_LEN + 4, s->n);
    return s->at != 0;
}

cu_err cu_map_add(cu_map *m, const char *surrogate36, cu_bytes value)
{
    cu_bytes known;
    uint8_t length[4];
    if (cu_map_find(m, (const uint8_t *)surrogate36, &known))
        return cu_eq(known, value) ? CU_OK : CU_INTERNAL;
    if (m->n >= CU_MAP_MAX_VALUES || value.n > MAX_RECORD / 2)
        return CU_TOO_BIG;
    if (m->n * 2 >= m->index_n)
        CU_TRY(grow(m));
    size_t at = m->values.n;
    put32(length, (uint32_t)value.n);
    cu_buf_put(&m->values, surrogate36, CU_SURROGATE_LEN);
    cu_buf_put(&m->values, length, 4);
    cu_buf_add(&m->values, value);
    CU_TRY(cu_buf_err(&m->values));
    *lookup(m, m->values.p + at) = (slot){at, value.n};
    m->n++;
    return CU_OK;
}

static void known_part(const cu_map *m, uint32_t n, uint8_t out[HEAD + 12])
{
    memcpy(out, m->head, HEAD);
    put32(out + HEAD, (uint32_t)m->records);
    put32(out + HEAD + 4, (uint32_t)(m->records >> 32));
    put32(out + HEAD + 8, n);
}

static void put_lead(const cu_map *m, uint32_t n, uint8_t out[LEAD])
{
    uint8_t known[HEAD + 12];
    cu_sha256 mac;
    known_part(m, n, known);
    cu_hmac_sha256(cu_bytes_of(m->lengths, 32), cu_bytes_of(known, sizeof known), &mac);
    put32(out, n);
    memcpy(out + 4, mac.b, LEAD - 4);
}

static cu_err take_entries(cu_map *m, cu_bytes t)
{
    while (t.n) {
        if (t.n < CU_SURROGATE_LEN + 4)
            return CU_CORRUPT;
        uint32_t n = get32(t.p + CU_SURROGATE_LEN);
        if (n > t.n - CU_SURROGATE_LEN - 4)
            return CU_CORRUPT;
        CU_TRY(cu_map_add(m, (const char *)t.p, cu_slice(t, CU_SURROGATE_LEN + 4, CU_SURROGATE_LEN + 4 + n)));
        t = cu_slice(t, CU_SURROGATE_LEN + 4 + n, t.n);
    }
    m->pending = m->values.n;
    return CU_OK;
}

/* CU_OK with *got false: not there, or not whole yet. */
static cu_err read_at(int fd, uint64_t at, cu_buf *b, size_t n, bool *got)
{
    uint8_t *to = cu_buf_room(b, n);
    size_t have = 0;
    *got = false;
    if (!to)
        return cu_buf_err(b);
    while (have < n) {
        ssize_t r = pread(fd, to + have, n - have, (off_t)(at + have));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return cu_errno_err(errno);
        if (r == 0)
            return CU_OK;
        have += (size_t)r;
    }
    b->n += n;
    *got = true;
    return CU_OK;
}

static cu_err read_record(cu_map *m, bool *got)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)MAX_RECORD + LEAD), text CU_CLEAN_BUF = CU_BUF((size_t)MAX_RECORD);
    uint8_t known[HEAD + 12], lead[LEAD];
    CU_TRY(read_at(m->fd, m->end, &b, LEAD, got));
    if (!*got)
        return CU_OK;
    uint32_t n = get32(b.p);
    put_lead(m, n, lead);
    if (!cu_equal_ct(lead, b.p, LEAD) || n > MAX_RECORD)
        return CU_CORRUPT;
    CU_TRY(read_at(m->fd, m->end + LEAD, &b, n, got));
    if (!*got)
        return CU_OK;
    known_part(m, n, known);
    CU_TRY(cu_unseal(m->key, cu_bytes_of(known, sizeof known), cu_slice(cu_buf_view(&b), LEAD, b.n), &text));
    CU_TRY(take_entries(m, cu_buf_view(&text)));
    m->end += LEAD + n;
    m->records++;
    return CU_OK;
}

cu_err cu_map_refresh(cu_map *m, cu_fault *f)
{
    for (bool got = true; got;) {
        cu_err e = read_record(m, &got);
        if (e == CU_CORRUPT)
            return cu_fail(f, e, "the redaction map is damaged, or sealed with another key (byte %llu)",
                           (unsigned long long)m->end);
        if (e != CU_OK)
            return cu_fail(f, e, "the redaction map: %s", cu_err_text(e));
    }
    return CU_OK;
}

static cu_err read_head(cu_map *m, const uint8_t *key, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(HEAD);
    cu_sha256 mac;
    bool got;
    struct stat st;
    if (m->write && fstat(m->fd, &st) == 0 && st.st_size < HEAD) { /* new, or its maker stopped here */
        memcpy(m->head, MARK, 10);
        cu_random(m->head + 10, HEAD - 10);
        if (ftruncate(m->fd, 0) != 0 || cu_write_all(m->fd, cu_bytes_of(m->head, HEAD)) != CU_OK)
            return cu_fail(f, CU_IO, "the redaction map cannot be written");
    } else {
        cu_err e = read_at(m->fd, 0, &b, HEAD, &got);
        if (e != CU_OK || !got || memcmp(b.p, MARK, 10) != 0)
            return cu_fail(f, CU_CORRUPT, "this is no redaction map");
        memcpy(m->head, b.p, HEAD);
    }
    m->end = HEAD;
    cu_hmac_sha256_3(cu_bytes_of(key, CU_MAP_KEY), CU_LIT("custos redaction map v1"), CU_NONE,
                     cu_bytes_of(m->head, HEAD), &mac);
    memcpy(m->key, mac.b, 32);
    cu_hmac_sha256_3(cu_bytes_of(key, CU_MAP_KEY), CU_LIT("custos redaction map v1 lengths"), CU_NONE,
                     cu_bytes_of(m->head, HEAD), &mac);
    memcpy(m->lengths, mac.b, 32);
    cu_wipe(&mac, sizeof mac);
    return CU_OK;
}

static cu_err fill(cu_map *m, const char *path, const uint8_t *key, cu_fault *f)
{
    m->fd = open(path, (m->write ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (m->fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%s: %s", path, strerror(errno));
    if (m->write && flock(m->fd, LOCK_EX) != 0)
        return cu_fail(f, CU_IO, "%s: cannot be locked", path);
    cu_err e = read_head(m, key, f);
    if (m->write)
        flock(m->fd, LOCK_UN);
    CU_TRY(e);
    cu_buf_byte(&m->values, 0); /* no entry stands at 0 */
    m->pending = 1;
    return cu_map_refresh(m, f);
}

cu_err cu_map_open(const char *path, const uint8_t key[CU_MAP_KEY], bool write, cu_map **out, cu_fault *f)
{
    cu_map *m = calloc(1, sizeof *m);
    if (!m)
        return CU_NOMEM;
    m->fd = -1;
    m->write = write;
    m->values = CU_BUF(CU_MAP_MAX_BYTES);
    cu_err e = fill(m, path, key, f);
    if (e != CU_OK) {
        cu_map_free(m);
        return e;
    }
    *out = m;
    return CU_OK;
}

void cu_map_free(cu_map *m)
{
    if (!m)
        return;
    cu_close_fd(&m->fd);
    cu_buf_free(&m->values);
    cu_wipe(m->key, sizeof m->key);
    cu_wipe(m->lengths, sizeof m->lengths);
    free(m->index);
    free(m);
}

/* The lock is held: what others wrote is read first, and bytes behind the last whole record are of
 * nobody who still writes. */
static cu_err append(cu_map *m, cu_bytes text, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)MAX_RECORD + LEAD);
    uint8_t known[HEAD + 12], lead[LEAD];
    uint32_t n = (uint32_t)(text.n + CU_SEAL_EXTRA);
    CU_TRY(cu_map_refresh(m, f));
    if (ftruncate(m->fd, (off_t)m->end) != 0 || lseek(m->fd, (off_t)m->end, SEEK_SET) < 0)
        return cu_fail(f, cu_errno_err(errno), "the redaction map: %s", strerror(errno));
    put_lead(m, n, lead);
    known_part(m, n, known);
    cu_buf_put(&b, lead, LEAD);
    cu_err e = cu_seal(m->key, cu_bytes_of(known, sizeof known), text, &b);
    if (e == CU_OK)
        e = cu_write_all(m->fd, cu_buf_view(&b));
    if (e == CU_OK && fdatasync(m->fd) != 0)
        e = cu_errno_err(errno);
    if (e != CU_OK)
        return cu_fail(f, e, "the redaction map cannot be written: %s", cu_err_text(e));
    m->end += b.n;
    m->records++;
    return CU_OK;
}

cu_err cu_map_commit(cu_map *m, cu_fault *f)
{
    cu_bytes added = cu_slice(cu_buf_view(&m->values), m->pending, m->values.n);
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)MAX_RECORD);
    if (added.n == 0)
        return CU_OK;
    if (added.n + CU_SEAL_EXTRA > MAX_RECORD || m->end + added.n > CU_MAP_MAX_BYTES)
        return cu_fail(f, CU_TOO_BIG, "the redaction map is full; begin a new one with --map");
    cu_buf_add(&text, added); /* values moves when others' records come in */
    CU_TRY(cu_buf_err(&text));
    if (flock(m->fd, LOCK_EX) != 0)
        return cu_fail(f, CU_IO, "the redaction map cannot be locked");
    cu_err e = append(m, cu_buf_view(&text), f);
    flock(m->fd, LOCK_UN);
    if (e == CU_OK)
        m->pending = m->values.n;
    return e;
}
