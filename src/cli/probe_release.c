/* chg-altered-binary-detected: program files of a second Custos that are altered, gone, or put in another's place. It runs
 * from a folder of its own that is laid out as an installation: a copy of the server, links to the rest. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/program.h"
#include "catalog/rules.h"
#include "probe_talk.h"

#define PROGRAM_MAX ((size_t)512 << 20)

/* --- a private installation --- */

static bool link_to(const char *dir, const char *name, const char *target)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return symlink(target, path) == 0;
}

static bool link_beside(const char *dir, const char *name, const char *first, const char *second)
{
    char target[PATH_MAX];
    return !cu_program_file((const char *const[]){first, second, NULL}, target, sizeof target) || link_to(dir, name, target);
}

/* more: a byte behind, so that it is another file and still runs. */
static bool copy_program(const char *from, const char *to, bool more)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(PROGRAM_MAX);
    cu_err e = cu_file_read(AT_FDCWD, from, &b);
    if (more)
        cu_buf_byte(&b, 0);
    int fd CU_CLEAN_FD = e == CU_OK && b.err == CU_OK ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755) : -1;
    return fd >= 0 && cu_write_all(fd, cu_buf_view(&b)) == CU_OK;
}

static bool make_folders(const char *dir)
{
    static const char *const folders[] = {"", "/bin", "/lib", "/lib/custos", "/share", "/share/custos"};
    char path[PATH_MAX];
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", dir, folders[i]);
        ok = mkdir(path, 0755) == 0;
    }
    return ok;
}

bool probe_install(const char *dir, char *program, size_t n)
{
    char path[PATH_MAX], catalog[PATH_MAX];
    snprintf(program, n, "%s/bin/custos-server", dir);
    bool ok = make_folders(dir) && copy_program("/proc/self/exe", program, false);
    ok = ok && link_beside(dir, "bin/custos", "custos", NULL) && link_beside(dir, "bin/custos-pdf", "custos-pdf", NULL) &&
         link_beside(dir, "bin/custos-verify", "custos-verify", "../verify/custos-verify");
    ok = ok && cu_program_module(path, sizeof path) && link_to(dir, "lib/custos/ngx_http_custos_module.so", path);
    ok = ok && (!cu_program_web(path, sizeof path) || link_to(dir, "share/custos/web", path));
    ok = ok && (!realpath(cu_rules_image_path(), path) || link_to(dir, "share/custos/rules.image", path));
    ok = ok && (!realpath(cu_injected_image_path(), path) || link_to(dir, "share/custos/injected.image", path));
    return ok && cu_catalog_dir() && realpath(cu_catalog_dir(), catalog) && link_to(dir, "share/custos/catalog", catalog);
}

/* --- the attacks --- */

/* What the second Custos says of its program files now; false: it says nothing. */
static bool judged(probe *p, bool *good, char *parts, size_t n)
{
    json_t *v = NULL, *x;
    size_t i, at = 0;
    long status = probe_api(probe_lab_inside(p), NULL, "POST", "/api/v1/node-checks", "{}", &v);
    *good = json_is_true(json_object_get(v, "release"));
    parts[0] = 0;
    json_array_foreach(json_object_get(v, "altered"), i, x)
        if (at < n)
            at += (size_t)snprintf(parts + at, n - at, "%s%s", at ? " " : "", json_string_value(x));
    bool ok = status == 201 && json_is_boolean(json_object_get(v, "release"));
    json_decref(v);
    return ok;
}

static bool names(const char *parts, const char *part)
{
    const char *at = strstr(parts, part);
    size_t n = strlen(part);
    return at && (at == parts || at[-1] == ' ') && (!at[n] || at[n] == ' ');
}

/* What is named in `with`, "part path", is put aside; in its place comes an altered copy or, for another part than those
 * that run, nothing. It must be found, and not be found any more when the file is back. */
static probe_verdict altered(probe *p)
{
    char part[20], name[80], path[PATH_MAX], aside[PATH_MAX + 8], before_parts[120], parts[120], after_parts[120];
    bool before = false, with = true, after = false;
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway has no program files of ours");
    if (sscanf(p->with, "%19s %79s", part, name) != 2)
        return PROBE_FAILED;
    snprintf(path, sizeof path, "%s/program/%s", probe_lab_dir(p), name);
    snprintf(aside, sizeof aside, "%s.aside", path);
    bool asked = judged(p, &before, before_parts, sizeof before_parts);
    bool done = asked && rename(path, aside) == 0 && (strcmp(part, "verifier") == 0 || copy_program(aside, path, true));
    asked = asked && judged(p, &with, parts, sizeof parts);
    bool back = done && rename(aside, path) == 0;
    asked = asked && judged(p, &after, after_parts, sizeof after_parts);
    return !asked || !done || !back   ? probe_say(p, PROBE_FAILED, "the file could not be put aside, or the second Custos did not answer")
           : !before || !after        ? probe_say(p, PROBE_FAILED, "the files differ without a change: %.60s", before ? after_parts : before_parts)
           : with                     ? probe_say(p, PROBE_BROKEN, "the %s is another one, and was found in order", part)
           : !names(parts, part)      ? probe_say(p, PROBE_BROKEN, "the %s is another one, and this was said to differ: %.60s", part, parts)
                                      : probe_say(p, PROBE_HELD, "that the %s is another one was found", part);
}

/* What a check found must be on record as well: of the run's own. */
static probe_verdict recorded(probe *p)
{
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway keeps no record of ours");
    json_t *bad = probe_entry(probe_lab_inside(p), "org", "release.mismatch", NULL, NULL, 15000), *found = probe_entry(probe_lab_inside(p), "org", "release.found", NULL, NULL, 15000);
    bool both = bad && found;
    json_decref(bad);
    json_decref(found);
    return both ? probe_say(p, PROBE_HELD, "release.mismatch and release.found are in the log") : probe_say(p, PROBE_BROKEN, "the log does not say that files were altered");
}

const probe_attack probe_altered_attacks[] = {
    {"server", "a server program with one byte more", altered, "program bin/custos-server"},
    {"module", "a module for nginx with one byte more", altered, "module lib/custos/ngx_http_custos_module.so"},
    {"verifier", "a verifier that is gone", altered, "verifier bin/custos-verify"},
    {"on-record", "altered files that nobody would be told of", recorded, NULL},
};
const size_t probe_altered_n = sizeof probe_altered_attacks / sizeof *probe_altered_attacks;
