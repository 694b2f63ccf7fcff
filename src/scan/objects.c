#include "scan.h"
#include "odb.h"
#include "base/digest.h"

void cu_object_close(cu_worker *w)
{
    git_odb_free(w->odb);
    git_repository_free(w->git);
    w->odb = NULL;
    w->git = NULL;
    w->git_of = NULL;
}

static bool open_odb(cu_worker *w, const char *git_dir)
{
    if (w->git_of == git_dir)
        return true;
    cu_object_close(w);
    if (!cu_repository_open(git_dir, false, &w->git, &w->odb))
        return false;
    w->git_of = git_dir;
    return true;
}

static void complain(cu_worker *w, const cu_scan_source *src, const uint8_t id[20], const char *what)
{
    char hex[41];
    const git_error *g = git_error_last();
    cu_hex(hex, id, 20);
    cu_worker_complain(w, src->path, "object %s %s%s%.160s", hex, what, g ? ": " : "", g ? g->message : "");
}

static cu_err scan_object(cu_worker *w, git_odb_object *o, const cu_scan_source *src,
                          const cu_lines *only, size_t only_n, bool *clean)
{
    size_t said = w->said.n;
    cu_memory_reader m = {cu_bytes_of(git_odb_object_data(o), git_odb_object_size(o))};
    cu_reader r = {cu_memory_read, &m, -1, NULL};
    cu_err e = cu_scan_source_read(w, &r, src, only, only_n);
    *clean = e == CU_OK && w->raw_findings == 0 && !w->passed_by && w->said.n == said &&
             !cu_scan_stopped(w->scan);
    return e == CU_IO ? CU_OK : e;
}

cu_err cu_object_scan(cu_worker *w, const char *git_dir, const uint8_t id[20], const cu_scan_source *src,
                      const cu_lines *only, size_t only_n, bool *clean)
{
    git_oid oid;
    size_t size = 0;
    git_object_t type;
    git_odb_object *o = NULL;
    cu_err e = CU_OK;
    *clean = false;
    git_error_clear();
    git_oid_fromraw(&oid, id);
    if (!open_odb(w, git_dir) || git_odb_read_header(&size, &type, w->odb, &oid) != 0) {
        complain(w, src, id, "cannot be read");
        return CU_OK;
    }
    if (type != GIT_OBJECT_BLOB || size > CU_SCAN_MAX_BLOB) {
        complain(w, src, id, type != GIT_OBJECT_BLOB ? "is no file" : "is larger than 64 MiB, and was not scanned");
        return CU_OK;
    }
    bool large = size > CU_SCAN_CHUNK; /* in memory as a whole: one at a time */
    if (large)
        pthread_mutex_lock(&w->scan->big);
    if (git_odb_read(&o, w->odb, &oid) != 0)
        complain(w, src, id, "cannot be read");
    else
        e = scan_object(w, o, src, only, only_n, clean);
    git_odb_object_free(o);
    if (large)
        pthread_mutex_unlock(&w->scan->big);
    return e;
}
