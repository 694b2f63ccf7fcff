#include "state.h"
#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"

#define MAGIC "custos-scan-state 1\n"
#define MAGIC_LEN 20u
#define KEY 32u
#define ENTRY 16u
#define HEAD (MAGIC_LEN + CU_SHA256_LEN + KEY) /* then the entries, then the seal */
#define MAX_STATE ((size_t)1 << 30)

struct cu_state {
    uint8_t key[KEY];
    cu_sha256 rules;     /* of what the verdicts depend on */
    cu_buf file;         /* as it was read; entries in order */
    const uint8_t *v;
    size_t n;
    pthread_mutex_t lock;
    uint8_t *added;
    size_t added_n, added_cap;
};

static void add_text(cu_hasher *h, const char *s)
{
    cu_hasher_add(h, cu_bytes_of(s ? s : "", (s ? strlen(s) : 0) + 1));
}

static void add_rule(cu_hasher *h, const cu_rule *r)
{
    const uint32_t numbers[] = {(uint32_t)r->type, r->reach, r->confidence, (uint32_t)r->anchors_n,
                                (uint32_t)r->words_n, r->by_context};
    add_text(h, r->id);
    add_text(h, r->pattern);
    add_text(h, r->finder);
    add_text(h, r->value);
    add_text(h, r->validator);
    cu_hasher_add(h, cu_bytes_of(numbers, sizeof numbers));
    for (size_t i = 0; i < r->anchors_n; i++)
        add_text(h, r->anchors[i]);
    for (size_t i = 0; i < r->words_n; i++)
        add_text(h, r->words[i]);
}

/* The program itself belongs to it: another build may decode or detect differently. */
static cu_err add_program(cu_hasher *h)
{
    int fd CU_CLEAN_FD = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    uint8_t block[65536];
    ssize_t n = -1;
    while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0)
        cu_hasher_add(h, cu_bytes_of(block, (size_t)n));
    return n == 0 ? CU_OK : CU_IO;
}

static cu_err digest(const cu_scan *s, cu_sha256 *out)
{
    cu_hasher *h = cu_hasher_new((cu_bytes){NULL, 0});
    if (!h)
        return CU_NOMEM;
    add_text(h, CUSTOS_VERSION);
    add_text(h, s->o.archives ? "archives" : "no archives");
    for (size_t i = 0; i < s->o.rules->n; i++)
        add_rule(h, &s->o.rules->v[i]);
    cu_err e = add_program(h);
    cu_hasher_end(h, out);
    return e;
}

static void entry_of(const cu_state *s, const uint8_t id[20], uint8_t out[ENTRY])
{
    cu_sha256 mac;
    cu_hmac_sha256(cu_bytes_of(s->key, KEY), cu_bytes_of(id, 20), &mac);
    memcpy(out, mac.b, ENTRY);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, ENTRY);
}

static const char *check(cu_state *s)
{
    cu_bytes b = cu_buf_view(&s->file);
    cu_sha256 seal;
    if (b.n < HEAD + CU_SHA256_LEN || (b.n - HEAD - CU_SHA256_LEN) % ENTRY ||
        memcmp(b.p, MAGIC, MAGIC_LEN) != 0)
        return "is no state of a scan, or a damaged one";
    cu_bytes key = cu_slice(b, MAGIC_LEN + CU_SHA256_LEN, HEAD);
    cu_hmac_sha256(key, cu_slice(b, 0, b.n - CU_SHA256_LEN), &seal);
    if (!cu_equal_ct(seal.b, b.p + b.n - CU_SHA256_LEN, CU_SHA256_LEN))
        return "is damaged";
    if (memcmp(b.p + MAGIC_LEN, s->rules.b, CU_SHA256_LEN) != 0)
        return "was made with other rules or another version";
    memcpy(s->key, key.p, KEY);
    s->v = b.p + HEAD;
    s->n = (b.n - HEAD - CU_SHA256_LEN) / ENTRY;
    return NULL;
}

/* Without an error, but not in silence. */
static void say(const cu_scan *s, const char *path, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "%s; everything is scanned again", what);
    if (s->o.complain)
        s->o.complain(s->o.complain_arg, path, text);
}

cu_err cu_state_load(cu_scan *scan, const char *path, cu_state **out, cu_fault *f)
{
    cu_state *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    cu_random(s->key, KEY);
    s->file = CU_BUF(MAX_STATE);
    *out = s;
    cu_err e = digest(scan, &s->rules);
    if (e != CU_OK)
        return e;
    e = cu_file_read(AT_FDCWD, path, &s->file);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e != CU_OK && e != CU_TOO_BIG)
        return cu_fail(f, e, "%.200s: cannot be read: %s", path, cu_err_text(e));
    const char *wrong = e == CU_TOO_BIG ? "is too large" : check(s);
    if (wrong)
        say(scan, path, wrong);
    return CU_OK;
}

void cu_state_free(cu_state *s)
{
    if (!s)
        return;
    cu_buf_free(&s->file);
    free(s->added);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

bool cu_state_knows(const cu_state *s, const uint8_t id[20])
{
    uint8_t e[ENTRY];
    if (s->n == 0)
        return false;
    entry_of(s, id, e);
    return bsearch(e, s->v, s->n, ENTRY, by_bytes) != NULL;
}

cu_err cu_state_add(cu_state *s, const uint8_t id[20])
{
    uint8_t e[ENTRY];
    cu_err err = CU_OK;
    entry_of(s, id, e);
    pthread_mutex_lock(&s->lock);
    if (s->added_n == s->added_cap) {
        size_t cap = s->added_cap ? s->added_cap * 2 : 1024;
        uint8_t *v = realloc(s->added, cap * ENTRY);
        if (v) {
            s->added = v;
            s->added_cap = cap;
        } else {
            err = CU_NOMEM;
        }
    }
    if (err == CU_OK)
        memcpy(s->added + s->added_n++ * ENTRY, e, ENTRY);
    pthread_mutex_unlock(&s->lock);
    return err;
}

cu_err cu_state_save(cu_state *s, const char *path, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(MAX_STATE);
    cu_sha256 seal;
    if (s->added_n)
        qsort(s->added, s->added_n, ENTRY, by_bytes);
    else if (s->n)
        return CU_OK;
    cu_buf_str(&b, MAGIC);
    cu_buf_put(&b, s->rules.b, CU_SHA256_LEN);
    cu_buf_put(&b, s->key, KEY);
    for (size_t i = 0, k = 0; i < s->n || k < s->added_n;) {
        bool old = k == s->added_n || (i < s->n && memcmp(s->v + i * ENTRY, s->added + k * ENTRY, ENTRY) < 0);
        cu_buf_put(&b, old ? s->v + i++ * ENTRY : s->added + k++ * ENTRY, ENTRY);
    }
    cu_hmac_sha256(cu_bytes_of(s->key, KEY), cu_buf_view(&b), &seal);
    cu_buf_put(&b, seal.b, CU_SHA256_LEN);
    cu_err e = cu_buf_err(&b);
    if (e == CU_OK)
        e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0600);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: the state could not be written: %s", path,
                                        cu_err_text(e));
}
