/* Every bundle that was in force, by its digest: sealed, because it holds secrets, so that a verdict
 * can be worked out again. The newest ARCHIVE_MAX stay. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sealed_file.h"
#include "base/file.h"

#define ARCHIVE_MAX 2000u
#define FOLDER "bundles"
#define NAME_LEN 64u /* the digest in hex */

typedef struct {
    char name[NAME_LEN + 1];
    struct timespec at;
} kept;

static int by_age(const void *a, const void *b)
{
    const kept *x = a, *y = b;
    if (x->at.tv_sec != y->at.tv_sec)
        return x->at.tv_sec < y->at.tv_sec ? -1 : 1;
    return x->at.tv_nsec < y->at.tv_nsec ? -1 : x->at.tv_nsec > y->at.tv_nsec;
}

static size_t list(DIR *d, kept **out)
{
    size_t n = 0, cap = 0;
    struct stat st;
    for (struct dirent *e; (e = readdir(d));) {
        if (strlen(e->d_name) != NAME_LEN || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (n == cap) {
            kept *v = realloc(*out, (cap = cap ? 2 * cap : 256) * sizeof *v);
            if (!v)
                return n;
            *out = v;
        }
        (*out)[n].at = st.st_mtim;
        memcpy((*out)[n++].name, e->d_name, NAME_LEN + 1);
    }
    return n;
}

static void prune(int fd)
{
    kept *v = NULL;
    DIR *d = fdopendir(dup(fd));
    if (!d)
        return;
    size_t n = list(d, &v);
    if (n > ARCHIVE_MAX) {
        qsort(v, n, sizeof *v, by_age);
        for (size_t i = 0; i + ARCHIVE_MAX < n; i++)
            unlinkat(fd, v[i].name, 0);
    }
    free(v);
    closedir(d);
}

cu_err archive_keep(app *a, const char *digest, cu_bytes bundle, cu_fault *f)
{
    int fd CU_CLEAN_FD = -1;
    CU_TRY(sealed_keep(a, FOLDER, digest, digest, bundle, f));
    if (sealed_folder(a, FOLDER, &fd) == CU_OK)
        prune(fd);
    return CU_OK;
}

cu_err archive_find(app *a, const char *digest, cu_buf *out, cu_fault *f)
{
    if (strlen(digest) != NAME_LEN || strspn(digest, "0123456789abcdef") != NAME_LEN)
        return cu_fail(f, CU_NOT_FOUND, "the record names no bundle");
    cu_err e = sealed_find(a, FOLDER, digest, digest, CU_BUNDLE_MAX, out, f);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the bundle %.16s… of that time is not kept here: %s", digest, cu_err_text(e));
}

cu_err archive_open(app *a, const char *digest, cu_buf *file, cu_arena *arena, cu_bundle *out, cu_fault *f)
{
    uint8_t seed[CU_ED25519_KEY], pk[CU_ED25519_KEY];
    CU_TRY(archive_find(a, digest, file, f));
    CU_TRY(keystore_bundle_key(a, seed, f));
    cu_err e = cu_ed25519_public(seed, pk);
    cu_wipe(seed, sizeof seed);
    CU_TRY(e);
    return cu_bundle_decode(cu_buf_view(file), pk, arena, out, f);
}
