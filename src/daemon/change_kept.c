/* STATE/changes/COMMIT and COMMIT.PART: sealed, not in backups (whoever has the repository sends them again). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "change_diff.h"
#include "desk.h"
#include "sealed_file.h"

#define FOLDER "changes"
#define NAME 100u
#define DAY_S 86400

static bool name_of(const char *change, const char *part, char out[NAME])
{
    size_t n = strlen(change);
    if (n != 40 || strspn(change, "0123456789abcdef") != n || strlen(part) > 32)
        return false;
    snprintf(out, NAME, "%s%s%s", change, *part ? "." : "", part);
    return true;
}

cu_err change_keep(app *a, const char *change, const char *part, cu_bytes what, cu_fault *f)
{
    char name[NAME], known[NAME + 16];
    if (!name_of(change, part, name))
        return cu_fail(f, CU_UNSUPPORTED, "only commits with SHA-1 names can be shown");
    snprintf(known, sizeof known, "change %s", name);
    return what.n > CHANGE_KEPT_BYTES ? CU_TOO_BIG : sealed_keep(a, FOLDER, name, known, what, f);
}

cu_err change_find(app *a, const char *change, const char *part, cu_buf *out, cu_fault *f)
{
    char name[NAME], known[NAME + 16];
    if (!name_of(change, part, name))
        return cu_fail(f, CU_NOT_FOUND, "only commits with SHA-1 names can be shown");
    snprintf(known, sizeof known, "change %s", name);
    cu_err e = sealed_find(a, FOLDER, name, known, CHANGE_KEPT_BYTES, out, f);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the change is not kept here: %s", cu_err_text(e));
}

/* --- every file of a change, or of all --- */

typedef bool (*kept_fn)(void *arg, const char *name, int64_t changed_s); /* true: it is removed */

static void each_kept(const app *a, kept_fn each, void *arg)
{
    int fd CU_CLEAN_FD = -1;
    struct stat st;
    DIR *d = sealed_folder(a, FOLDER, &fd) == CU_OK ? fdopendir(dup(fd)) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (strspn(e->d_name, "0123456789abcdef") == 40 && fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && each(arg, e->d_name, st.st_mtim.tv_sec))
            unlinkat(fd, e->d_name, 0);
    if (d)
        closedir(d);
}

static bool is_of(void *arg, const char *name, int64_t changed_s)
{
    (void)changed_s;
    return strncmp(name, arg, 40) == 0;
}

void change_forget(app *a, const char *change)
{
    char id[65];
    snprintf(id, sizeof id, "%.64s", change);
    if (strlen(id) == 40)
        each_kept(a, is_of, id);
}

static bool is_over(void *arg, const char *name, int64_t changed_s)
{
    char id[41];
    snprintf(id, sizeof id, "%.40s", name);
    json_t *change = desk_raw(arg, "change", id);
    const char *state = json_string_value(json_object_get(change, "state"));
    bool over = !state || strcmp(state, "registered") != 0 || changed_s + (int64_t)CHANGE_KEPT_DAYS * DAY_S < (int64_t)(cu_now_ns() / 1000000000u);
    json_decref(change);
    return over;
}

void changes_forget_old(app *a)
{
    each_kept(a, is_over, a);
}

typedef struct {
    const char *change;
    change_part_fn each;
    void *arg;
} naming;

static bool name_part(void *arg, const char *name, int64_t changed_s)
{
    const naming *n = arg;
    (void)changed_s;
    if (strncmp(name, n->change, 40) == 0 && name[40] == '.' && !strstr(name, ".tmp"))
        n->each(n->arg, name + 41);
    return false;
}

void change_parts(app *a, const char *change, change_part_fn each, void *arg)
{
    naming n = {change, each, arg};
    if (strlen(change) == 40)
        each_kept(a, name_part, &n);
}
