#include "folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "catalog/yaml.h"

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

static cu_err one_file(const char *dir, const char *name, folder_file_fn each, void *arg, cu_hasher *h, cu_fault *f)
{
    char path[PATH_MAX];
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_YAML_MAX_BYTES);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return cu_fail(f, CU_TOO_BIG, "%s: the path is too long", dir);
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", path, cu_err_text(e));
    cu_hasher_add(h, cu_str(strrchr(path, '/')));
    cu_hasher_add(h, cu_buf_view(&b));
    return each(arg, path, cu_buf_view(&b), f);
}

cu_err folder_each_yaml(const char *dir, unsigned most, folder_file_fn each, void *arg, cu_sha256 *digest, cu_fault *f)
{
    struct dirent **v = NULL;
    int n = scandir(dir, &v, is_yaml, alphasort);
    if (n < 0)
        return cu_fail(f, cu_errno_err(errno), "%s: %s", dir, strerror(errno));
    cu_hasher *h = cu_hasher_new(CU_NONE);
    cu_err e = !h ? CU_NOMEM : n == 0 || (unsigned)n > most ? cu_fail(f, CU_NOT_FOUND, "%s holds %d files *.yaml; 1 to %u are read", dir, n, most) : CU_OK;
    for (int i = 0; i < n && e == CU_OK; i++)
        e = one_file(dir, v[i]->d_name, each, arg, h, f);
    for (int i = 0; i < n; i++)
        free(v[i]);
    free(v);
    if (h && e == CU_OK)
        cu_hasher_end(h, digest);
    else if (h)
        cu_hasher_drop(h);
    return e;
}
