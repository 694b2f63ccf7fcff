/* The bundle in use: read when its file changes, checked, swapped for new requests. One that is
 * forged, torn or older than what any worker uses is refused, and the one before stays. */
#include "gateway.h"
#include <sys/stat.h>
#include "base/file.h"

#define OVERTAKEN_MAX 3 /* how often a newer file is read at once */

static struct stat seen;

void gw_bundle_release(gw_bundle *b)
{
    if (!b || --b->refs > 0)
        return;
    gw_guard_release(b);
    cu_arena_free(&b->arena);
    cu_wipe(b->file, b->file_n);
    free(b->file);
    free(b);
}

static cu_err open_known(gw_bundle *b)
{
    b->known = cu_arena_alloc(&b->arena, b->b.tenants_n * sizeof *b->known + 1);
    if (!b->known)
        return CU_NOMEM;
    for (size_t i = 0; i < b->b.tenants_n; i++) {
        const cu_bundle_tenant *t = &b->b.tenants[i];
        uint8_t key[32];
        if (!t->known.n)
            continue;
        cu_known_key(t->surrogate_key, key);
        b->known[i].list = cu_known_open(key, t->known, &b->arena);
        cu_wipe(key, sizeof key);
        cu_sha256_of(t->known, &b->known[i].digest);
        if (!b->known[i].list)
            return CU_NOMEM;
    }
    return CU_OK;
}

static cu_err make_keys(gw_bundle *b)
{
    b->keys = cu_arena_alloc(&b->arena, b->b.tenants_n * sizeof *b->keys + 1);
    for (size_t i = 0; b->keys && i < b->b.tenants_n; i++) {
        cu_hmac_key_of(cu_bytes_of(b->b.tenants[i].surrogate_key, 32), &b->keys[i].surrogates);
        cu_hmac_key_of(cu_bytes_of(b->b.tenants[i].commit_key, 32), &b->keys[i].commits);
        cu_print_key(b->b.tenants[i].commit_key, &b->keys[i].prints);
    }
    return b->keys ? CU_OK : CU_NOMEM;
}

/* digest: of the sections, whatever is wrong with them; "" when the file cannot be read. */
static cu_err load(gw_bundle **out, char digest[2 * CU_SHA256_LEN + 1], cu_fault *f)
{
    cu_sha256 sections;
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    digest[0] = 0;
    CU_TRY(cu_file_read(gw.run_fd, "bundle", &file));
    cu_bundle_digest(cu_buf_view(&file), &sections);
    cu_hex(digest, sections.b, sizeof sections.b);
    gw_bundle *b = calloc(1, sizeof *b);
    if (!b)
        return CU_NOMEM;
    cu_arena_init(&b->arena, CU_BUNDLE_MAX);
    b->refs = 1;
    b->file = file.p;
    b->file_n = file.n;
    file = CU_BUF(0); /* b owns the bytes now */
    cu_err e = cu_bundle_decode(cu_bytes_of(b->file, b->file_n), gw.bundle_key, &b->arena, &b->b, f);
    if (e == CU_OK)
        e = open_known(b);
    if (e == CU_OK)
        e = make_keys(b);
    if (e == CU_OK && (e = gw_guard_take(b, f)) != CU_OK && e != CU_NOMEM)
        e = CU_CORRUPT;
    if (e != CU_OK) {
        gw_bundle_release(b);
        return e;
    }
    cu_hex(b->digest, b->b.digest.b, sizeof b->b.digest);
    *out = b;
    return CU_OK;
}

/* Takes the bundle's version unless a newer one is in use, here or in another worker: an old bundle
 * would bring revoked keys back. */
static cu_err advance(const gw_bundle *b, cu_fault *f)
{
    uint64_t newest = atomic_load(&gw.shared->bundle_version);
    bool other = gw.bundle && b->b.version == gw.bundle->b.version && strcmp(b->digest, gw.bundle->digest) != 0;
    while (b->b.version > newest && !atomic_compare_exchange_weak(&gw.shared->bundle_version, &newest, b->b.version))
        ;
    if (b->b.version < newest || other)
        return cu_fail(f, CU_STATE, "the policy bundle has version %llu, and %llu is in use", (unsigned long long)b->b.version,
                       (unsigned long long)newest);
    return CU_OK;
}

static void refuse(cu_err e, const char *digest, const cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    const char *why = f->code ? f->text : cu_err_text(e);
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "custos: %s; the one before stays", why);
    cu_buf_byte(&body, '{');
    if (digest[0])
        cu_buf_json_kv_str(&body, "bundle", digest);
    cu_buf_json_kv_str(&body, "error", cu_err_name(e));
    cu_buf_json_kv_str(&body, "reason", why);
    cu_buf_json_kv_u64(&body, "version", gw.bundle ? gw.bundle->b.version : 0);
    cu_buf_byte(&body, '}');
    gw_record_own("policy.bundle_refused", &body);
}

static void record_loaded(void)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    cu_buf_fmt(&body, "{\"bundle\":\"%s\",\"version\":%llu}", gw.bundle->digest, (unsigned long long)gw.bundle->b.version);
    gw_record_own("policy.bundle_loaded", &body);
}

/* Between reading a file and asking for its version, another worker may have taken the next one. */
static bool overtaken(const struct stat *was)
{
    struct stat now;
    return fstatat(gw.run_fd, "bundle", &now, 0) == 0 && !gw_same_file(&now, was);
}

static cu_err take_file(gw_bundle **b, struct stat *st, char digest[2 * CU_SHA256_LEN + 1], cu_fault *f)
{
    cu_err e;
    for (unsigned turn = 0;; turn++) {
        e = load(b, digest, f);
        if (e == CU_OK)
            e = advance(*b, f);
        if (e != CU_STATE || turn == OVERTAKEN_MAX || !overtaken(st))
            return e;
        gw_bundle_release(*b);
        *b = NULL;
        *f = (cu_fault){0};
        if (fstatat(gw.run_fd, "bundle", st, 0) != 0)
            return CU_IO;
    }
}

void gw_bundle_refresh(void)
{
    struct stat st;
    char digest[2 * CU_SHA256_LEN + 1];
    gw_bundle *b = NULL;
    cu_fault f = {0};
    if (fstatat(gw.run_fd, "bundle", &st, 0) != 0 || gw_same_file(&st, &seen))
        return;
    cu_err e = take_file(&b, &st, digest, &f);
    if (e == CU_OK || e == CU_CORRUPT || e == CU_SIGNATURE || e == CU_STATE || e == CU_TOO_BIG)
        seen = st; /* a refused file is looked at again when it changes; one that could not be read, at once */
    if (e != CU_OK) {
        gw_bundle_release(b);
        refuse(e, digest, &f);
        return;
    }
    gw_bundle_release(gw.bundle);
    gw.bundle = b;
    record_loaded();
}
