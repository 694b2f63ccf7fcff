#include "signer_keys.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/sign.h"

#define HEAD "custos-signer 1\n"
#define FILE_MAX ((size_t)4 << 20)

static cu_err save(const signer_keys *k)
{
    char hex[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    cu_buf_str(&b, HEAD);
    for (size_t i = 0; i < k->n; i++) {
        cu_hex(hex, k->v[i].signs ? k->v[i].seed : k->v[i].pk, 32);
        if (k->v[i].signs)
            cu_buf_fmt(&b, "key %s %llu\n", hex, (unsigned long long)k->v[i].until);
        else
            cu_buf_fmt(&b, "gone %s\n", hex);
    }
    cu_wipe(hex, sizeof hex);
    for (cu_bytes rest = cu_buf_view(&k->origins); rest.n;) {
        size_t end = cu_find(rest, CU_LIT("\n"), 0);
        cu_buf_fmt(&b, "origin %.*s\n", (int)end, (const char *)rest.p);
        rest = cu_slice(rest, end + 1, rest.n);
    }
    CU_TRY(cu_buf_err(&b));
    return cu_file_replace(k->dirfd, "keys", cu_buf_view(&b), 0600);
}

static cu_err parse_line(signer_keys *k, const char *line)
{
    char hex[65], origin[CU_LOG_ORIGIN_MAX];
    unsigned long long until;
    signer_key *to = k->n < NOTE_KEYS_MAX ? &k->v[k->n] : NULL;
    if (sscanf(line, "origin %199s", origin) == 1) {
        cu_buf_fmt(&k->origins, "%s\n", origin);
        return cu_buf_err(&k->origins);
    }
    if (!to)
        return CU_TOO_BIG;
    *to = (signer_key){0};
    if (sscanf(line, "key %64[0-9a-f] %llu", hex, &until) == 2 && cu_unhex(to->seed, 32, cu_str(hex))) {
        to->signs = true;
        to->until = until;
        CU_TRY(cu_ed25519_public(to->seed, to->pk));
    } else if (sscanf(line, "gone %64[0-9a-f]", hex) != 1 || !cu_unhex(to->pk, 32, cu_str(hex))) {
        return CU_CORRUPT;
    }
    cu_wipe(hex, sizeof hex);
    k->n++;
    return CU_OK;
}

static cu_err parse(signer_keys *k, cu_bytes text)
{
    char line[512];
    if (!cu_starts(text, CU_LIT(HEAD)))
        return CU_CORRUPT;
    text = cu_slice(text, sizeof HEAD - 1, text.n);
    while (text.n) {
        size_t end = cu_find(text, CU_LIT("\n"), 0);
        if (end == (size_t)-1 || end >= sizeof line)
            return CU_CORRUPT;
        memcpy(line, text.p, end);
        line[end] = 0;
        text = cu_slice(text, end + 1, text.n);
        CU_TRY(parse_line(k, line));
    }
    cu_wipe(line, sizeof line);
    return k->n && k->v[k->n - 1].signs ? CU_OK : CU_CORRUPT;
}

static cu_err add_key(signer_keys *k, const uint8_t *seed)
{
    if (k->n == NOTE_KEYS_MAX)
        return CU_TOO_BIG;
    signer_key *to = &k->v[k->n];
    *to = (signer_key){.signs = true};
    if (seed)
        memcpy(to->seed, seed, 32);
    else
        cu_random(to->seed, 32);
    CU_TRY(cu_ed25519_public(to->seed, to->pk));
    k->n++;
    return CU_OK;
}

/* The first key; or the one file of 32 bytes that there was before keys could be replaced. */
static cu_err begin(signer_keys *k)
{
    cu_buf old CU_CLEAN_BUF = CU_BUF(64);
    cu_err e = cu_file_read(k->dirfd, "key", &old);
    if (e != CU_OK && e != CU_NOT_FOUND)
        return e;
    if (e == CU_OK && old.n != 32)
        return CU_CORRUPT;
    CU_TRY(add_key(k, e == CU_OK ? old.p : NULL));
    CU_TRY(save(k));
    if (e == CU_OK && unlinkat(k->dirfd, "key", 0) != 0)
        return cu_errno_err(errno);
    return CU_OK;
}

static cu_err check_mode(const signer_keys *k, cu_fault *f)
{
    struct stat st;
    if (fstatat(k->dirfd, "keys", &st, AT_SYMLINK_NOFOLLOW) != 0)
        return CU_OK; /* not made yet; other errors show when it is read */
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return cu_fail(f, CU_DENIED, "the signing keys (signer/keys) do not belong to the signer: chown them to uid %u, or restore them "
                       "from a backup", (unsigned)geteuid());
    if (st.st_mode & 077)
        return cu_fail(f, CU_DENIED, "the signing keys (signer/keys) are open to others (mode %03o): they may be known to them. Close the "
                       "file (chmod 600) and replace the key (custos log key rotate)", (unsigned)st.st_mode & 0777);
    return CU_OK;
}

cu_err signer_keys_load(signer_keys *k, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    CU_TRY(check_mode(k, f));
    cu_err e = cu_file_sync_name(k->dirfd, "keys"); /* who wrote them may have been killed before that */
    if (e == CU_OK)
        e = cu_file_read(k->dirfd, "keys", &b);
    if (e == CU_OK)
        e = parse(k, cu_buf_view(&b));
    else if (e == CU_NOT_FOUND)
        e = begin(k);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the signing keys cannot be read or made: %s", cu_err_text(e));
}

void signer_keys_wipe(signer_keys *k)
{
    cu_wipe(k->v, sizeof k->v);
    k->n = 0;
    cu_buf_free(&k->origins);
}

cu_err signer_keys_settle(signer_keys *k)
{
    bool any = false;
    for (size_t i = 0; i < k->n; i++)
        if (k->v[i].signs && k->v[i].until && k->v[i].until <= (uint64_t)time(NULL)) {
            k->v[i].signs = false;
            cu_wipe(k->v[i].seed, sizeof k->v[i].seed);
            any = true;
        }
    return any ? save(k) : CU_OK;
}

cu_err signer_keys_rotate(signer_keys *k, uint64_t overlap_s)
{
    CU_TRY(signer_keys_settle(k));
    signer_key *old = &k->v[k->n - 1];
    if (k->n > 1 && k->v[k->n - 2].signs)
        return CU_STATE;
    CU_TRY(add_key(k, NULL));
    old->until = (uint64_t)time(NULL) + overlap_s;
    cu_err e = save(k);
    if (e != CU_OK) { /* it was not replaced */
        k->n--;
        old->until = 0;
        return e;
    }
    return signer_keys_settle(k);
}

bool signer_keys_knows(const signer_keys *k, const char *origin)
{
    size_t n = strlen(origin);
    for (cu_bytes rest = cu_buf_view(&k->origins); rest.n;) {
        size_t end = cu_find(rest, CU_LIT("\n"), 0);
        if (end == n && memcmp(rest.p, origin, n) == 0)
            return true;
        rest = cu_slice(rest, end + 1, rest.n);
    }
    return false;
}

cu_err signer_keys_learn(signer_keys *k, const char *origin)
{
    if (signer_keys_knows(k, origin))
        return CU_OK;
    cu_buf_fmt(&k->origins, "%s\n", origin);
    CU_TRY(cu_buf_err(&k->origins));
    return save(k);
}
