/* Backups are made by the operator's command, which can read the signer's folder; here stands what the log says of
 * them: that one was made, and that this folder was restored from one. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>
#include "app.h"
#include "base/file.h"

/* The body as this entry; what: for a message. */
static unsigned take_account(call *c, const char *type, const char *what)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    cu_fault f = {0};
    cu_buf_add(&body, c->body);
    if (body.err || cu_events_check(c->a->events, cu_str(type), cu_str(CU_TENANT_ORG), c->body, &f) != CU_OK)
        return problem(c, 400, "Malformed", "This is no account of a %s: %s", what, f.text);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record(c->a, type, CU_TENANT_ORG, c->actor, &body);
    pthread_mutex_unlock(&c->a->lock);
    if (e != CU_OK)
        return problem(c, 503, "It could not be recorded", "The %s: %s", what, cu_err_text(e));
    cu_buf_str(c->out, "{}");
    return 201;
}

unsigned answer_backup(call *c)
{
    return take_account(c, "backup.made", "backup");
}

unsigned answer_restore(call *c)
{
    return take_account(c, "restore.verified", "restore");
}

cu_err backup_restored(app *a, cu_fault *f)
{
    char path[4300];
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    snprintf(path, sizeof path, "%.4200s/restored.json", a->config->state_dir);
    cu_err e = cu_file_read(AT_FDCWD, path, &body);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e == CU_OK)
        e = record(a, "backup.restored", CU_TENANT_ORG, "daemon", &body);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    return unlink(path) == 0 ? CU_OK : cu_fail(f, CU_IO, "%.200s cannot be removed", path);
}
