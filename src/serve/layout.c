/* Directories and their owners. As root the workers are www-data and the signer has a uid of its
 * own; nobody but their owner reads the signer's and the daemon's folders. */
#include "layout.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/file.h"

static cu_err make(const char *base, const char *name, mode_t mode, uid_t uid, gid_t gid, cu_fault *f)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s%s", base, name[0] ? "/" : "", name);
    cu_err e = cu_mkdirs(path, 0755);
    if (e == CU_OK && getuid() == 0 && chown(path, uid, gid) != 0)
        e = cu_errno_err(errno);
    if (e == CU_OK && chmod(path, mode) != 0)
        e = cu_errno_err(errno);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s cannot be made: %s", path, cu_err_text(e));
}

cu_err layout_prepare(const cu_config *c, const char *run_dir, cu_fault *f)
{
    uid_t me = getuid(), web = me;
    gid_t group = getgid(), web_group = group;
    struct passwd *www = me == 0 ? getpwnam("www-data") : NULL;
    if (me == 0 && !www)
        return cu_fail(f, CU_NOT_FOUND, "there is no user www-data for nginx's workers (Debian package base-passwd)");
    if (www) {
        web = www->pw_uid;
        web_group = www->pw_gid;
    }
    uid_t signer = me == 0 ? CU_SIGNER_UID : me;
    gid_t signer_group = me == 0 ? CU_SIGNER_UID : group;
    CU_TRY(make(c->state_dir, "", 0755, me, group, f));
    CU_TRY(make(c->state_dir, "spool", me == 0 ? 02770 : 0700, me, web_group, f));
    CU_TRY(make(c->state_dir, "bodies", me == 0 ? 0710 : 0700, me, web_group, f)); /* workers reach the folders in it by name */
    CU_TRY(make(c->state_dir, "signer", 0700, signer, signer_group, f));
    CU_TRY(make(c->state_dir, "keystore", 0700, me, group, f));
    CU_TRY(make(c->log_dir, "", 0755, me, group, f));
    CU_TRY(make(run_dir, "", 0755, me, group, f));
    CU_TRY(make(run_dir, "signer", 0755, signer, signer_group, f));
    return make(run_dir, "tmp", 0700, web, web_group, f);
}

static cu_err copy_file(const char *from, const char *to)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    CU_TRY(cu_file_read(AT_FDCWD, from, &b));
    return cu_file_replace(AT_FDCWD, to, cu_buf_view(&b), 0644);
}

/* The folder above the console's files may be closed to nginx's workers. */
cu_err layout_copy_web(const char *web, const char *run_dir, cu_fault *f)
{
    char from[4200], to[4200], old[4200], fresh[4200];
    snprintf(from, sizeof from, "%.4000s/index.html", web);
    snprintf(to, sizeof to, "%.4000s/web/assets", run_dir);
    cu_err e = cu_mkdirs(to, 0755);
    snprintf(to, sizeof to, "%.4000s/web/index.html", run_dir);
    if (e == CU_OK)
        e = copy_file(from, to);
    snprintf(from, sizeof from, "%.4000s/assets", web);
    DIR *d = opendir(from);
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (en->d_name[0] == '.')
            continue;
        snprintf(old, sizeof old, "%.3900s/assets/%.200s", web, en->d_name);
        snprintf(fresh, sizeof fresh, "%.3900s/web/assets/%.200s", run_dir, en->d_name);
        e = copy_file(old, fresh);
    }
    if (d)
        closedir(d);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the console's files cannot be copied to %.200s: %s", run_dir, cu_err_text(e));
}

cu_err cu_listen_unix(const char *path, mode_t mode, int *fd, cu_fault *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        return cu_fail(f, CU_TOO_BIG, "the socket path %.120s is too long", path);
    memcpy(a.sun_path, path, strlen(path) + 1);
    unlink(path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, (void *)&a, sizeof a) != 0 || chmod(path, mode) != 0 || listen(*fd, 64) != 0)
        return cu_fail(f, cu_errno_err(errno), "%.120s: %s", path, strerror(errno));
    return CU_OK;
}
