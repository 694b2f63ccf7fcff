/* Who may send which class of code to which vendor. Pure: the same tables and the same facts give
 * the same verdict, so that `custos policy explain` can work it out again from the record. */
#ifndef CUSTOS_POLICY_ACCESS_H
#define CUSTOS_POLICY_ACCESS_H

#include "base/buf.h"
#include "catalog/access.h"
#include "policy/decide.h"

/* The caller and the way out. Empty where it is not known. */
typedef struct {
    cu_bytes tenant, user, key;
    bool service;              /* user names a service */
    cu_bytes vendor, plan;
} cu_access_who;

/* Where a conversation takes place. */
typedef struct {
    const cu_access_repo *repo; /* NULL: one that nobody described */
    cu_bytes name;              /* as the table names it or, when its entry is a pattern, as it was given */
    cu_bytes cwd;               /* normalised, may be empty */
    cu_bytes root;              /* folder of the working copy, empty when it is not known */
    uint8_t class;              /* of what has no path of its own */
} cu_access_scene;

/* One file, or a scene as a whole. */
typedef struct {
    const cu_access_repo *repo;
    cu_bytes name;
    size_t path;                /* which entry of repo->paths gave the class; SIZE_MAX: the repository's own */
    uint8_t class;
} cu_access_place;

typedef struct {
    cu_access_act act;
    cu_bytes rule;              /* id; "builtin.restricted" and "builtin.allow" when none of the table fits */
} cu_access_verdict;

/* header: the name that the client gave (x-custos-repo), cwd: the folder that the conversation names;
 * both may be empty. When both lead to repositories the stricter class counts: a header is a claim. */
cu_err cu_access_scene_of(const cu_access *x, cu_bytes tenant, cu_bytes header, cu_bytes cwd, cu_arena *a,
                          cu_access_scene *out) CU_MUST;
/* path: as the conversation names it. pattern: it is a shell's pattern; every entry that could fit
 * does. room is reused. Of the entries that fit the strictest counts. */
cu_err cu_access_file(const cu_access *x, const cu_access_scene *s, cu_bytes tenant, cu_bytes path, bool pattern, cu_buf *room,
                      cu_access_place *out) CU_MUST;
cu_access_place cu_access_whole(const cu_access_scene *s);
/* file: the place is a file, else the conversation as a whole. Without a rule that fits, what is
 * restricted does not leave: a file is cut, a conversation refused. */
cu_access_verdict cu_access_decide(const cu_access *x, const cu_access_who *who, const cu_access_place *p, bool file);
/* The same, within what the caller's key may see: outside of it a file is cut and a conversation refused
 * ("builtin.key-scope"). A repository that nobody described has no name here: a rule or a scope that
 * names repositories does not fit it, whatever the client called it. */
cu_access_verdict cu_access_judge(const cu_access *x, const cu_scopes *scopes, const cu_access_who *who, const cu_access_place *p,
                                  bool file);
/* False: no file can be treated otherwise than its repository, so that none has to be looked for. */
bool cu_access_has_files(const cu_access *x);

/* The section of the bundle. */
void cu_access_encode(const cu_access *x, cu_buf *out);
/* Texts point into section, arrays live in the arena. */
cu_err cu_access_decode(cu_bytes section, cu_arena *a, cu_access *out) CU_MUST;

#endif
