/* Where a ready engine comes from: an image beside the program, an image in the cache, or the rules. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "engine.h"

#define IMAGE_MAX ((size_t)256 << 20)

const char *cu_engine_cache_dir(void)
{
    static char dir[PATH_MAX];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        snprintf(dir, sizeof dir, "%s/custos", cache);
    else if (home && home[0] == '/')
        snprintf(dir, sizeof dir, "%s/.cache/custos", home);
    else
        return NULL;
    return dir;
}

/* Only an image of these rules. */
static cu_err read_image(const char *path, bool own, const cu_sha256 *digest, cu_engine **out)
{
    CU_TRY(cu_image_open(AT_FDCWD, path, own, out, NULL));
    if (memcmp((*out)->digest.b, digest->b, sizeof digest->b) == 0)
        return CU_OK;
    cu_engine_free(*out);
    *out = NULL;
    return CU_NOT_FOUND;
}

static void keep_image(const cu_engine *e, const char *dir, const char *path)
{
    cu_buf image CU_CLEAN_BUF = CU_BUF(IMAGE_MAX);
    int fd CU_CLEAN_FD = -1;
    if (cu_image_encode(e, &image) != CU_OK || cu_mkdirs(dir, 0700) != CU_OK)
        return;
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Without the image the next start is slower, and that is all. */
    if (fd >= 0 && cu_file_replace(fd, strrchr(path, '/') + 1, cu_buf_view(&image), 0600) != CU_OK)
        fprintf(stderr, "custos: the compiled rules could not be kept in %s\n", dir);
}

typedef struct {
    cu_fault *f;
    bool told;
} proof;

static void first_wrong(void *arg, const cu_rule *r, const cu_rule_example *x, const char *why)
{
    (void)x;
    proof *p = arg;
    if (!p->told)
        cu_fail(p->f, CU_CONFIG, "%s:%u: rule %s %s; `custos rules check` shows it", r->file, r->line, r->id, why);
    p->told = true;
}

/* The rules live in the engine's own arena. */
static cu_err compile(const char *catalog_dir, const char *extra, const cu_sha256 *digest, cu_engine **out,
                      cu_fault *f)
{
    char dir[PATH_MAX];
    cu_arena a;
    cu_rules rules;
    size_t wrong = 0;
    proof p = {.f = f};
    cu_arena_init(&a, IMAGE_MAX);
    snprintf(dir, sizeof dir, "%s/rules", catalog_dir);
    cu_err err = cu_rules_load_both(dir, extra, &a, &rules, f);
    if (err == CU_OK)
        err = cu_engine_compile(&rules, out, f);
    if (err != CU_OK) {
        cu_arena_free(&a);
        return err;
    }
    (*out)->arena = a;
    (*out)->digest = *digest;
    err = cu_rules_prove(&rules, *out, first_wrong, &p, &wrong);
    if (err == CU_OK && wrong)
        err = CU_CONFIG;
    return err == CU_OK ? cu_known_make(*out, f) : err;
}

/* An image whose known answers are not found may have been made by another build of this program, whose
 * tokenizers differ: it is passed over. Rules that were compiled just now have no such excuse. */
static bool from_image(const char *path, bool own, const cu_sha256 *digest, cu_engine **out)
{
    if (!path[0] || read_image(path, own, digest, out) != CU_OK)
        return false;
    (*out)->from_image = own;
    if (cu_known_check(*out, NULL) == CU_OK)
        return true;
    cu_engine_free(*out);
    *out = NULL;
    return false;
}

cu_err cu_engine_open(const char *catalog_dir, const char *extra, const char *cache, cu_engine **out, cu_fault *f)
{
    char beside[PATH_MAX], kept[PATH_MAX] = "", hex[17];
    cu_sha256 digest;
    *out = NULL;
    CU_TRY(cu_check_library(f));
    CU_TRY(cu_rules_digest(catalog_dir, extra, &digest, f));
    cu_hex(hex, digest.b, 8);
    snprintf(beside, sizeof beside, "%s", cu_rules_image_path());
    if (cache)
        snprintf(kept, sizeof kept, "%s/rules-%s.image", cache, hex);
    if (from_image(beside, true, &digest, out) || from_image(kept, false, &digest, out))
        return CU_OK;
    cu_err err = compile(catalog_dir, extra, &digest, out, f);
    if (err == CU_OK)
        err = cu_known_check(*out, f);
    if (err == CU_OK && cache)
        keep_image(*out, cache, kept);
    if (err != CU_OK) {
        cu_engine_free(*out);
        *out = NULL;
    }
    return err;
}

bool cu_engine_from_image(const cu_engine *e)
{
    return e->from_image;
}

cu_err cu_engine_write_image(const cu_engine *e, const char *path)
{
    cu_buf image CU_CLEAN_BUF = CU_BUF(IMAGE_MAX);
    CU_TRY(cu_image_encode(e, &image));
    return cu_file_replace(AT_FDCWD, path, cu_buf_view(&image), 0644);
}
