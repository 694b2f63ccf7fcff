/* custos.yaml, "hooks": what a code host's webhooks are proven with, and who its users are here. */
#ifndef CUSTOS_CATALOG_HOOKS_H
#define CUSTOS_CATALOG_HOOKS_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_HOOK_PEOPLE 2000u

typedef enum { CU_HOOK_GITHUB, CU_HOOK_GITLAB, CU_HOOK_GITEA, CU_HOOK_KINDS } cu_hook_kind;
const char *cu_hook_kind_name(unsigned kind); /* "github" */

typedef struct {
    char *secrets[CU_HOOK_KINDS]; /* resolved, secret; NULL: none is taken from there, or it was not to be resolved */
    bool given[CU_HOOK_KINDS];
    struct {
        char *user, *name;        /* as the host calls her, as she is called here */
    } *people;
    size_t people_n;
} cu_config_hooks;

/* resolve: fetch the secret that env: or file: names. */
cu_err cu_hooks_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_hooks *out, cu_fault *f) CU_MUST;
const char *cu_hook_person(const cu_config_hooks *h, const char *user); /* user itself when nobody is named for it */

#endif
