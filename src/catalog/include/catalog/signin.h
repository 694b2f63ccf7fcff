/* custos.yaml, "signin": how long a session holds, and the OpenID provider that people come from. */
#ifndef CUSTOS_CATALOG_SIGNIN_H
#define CUSTOS_CATALOG_SIGNIN_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_OIDC_ROLES 64u

typedef struct {
    uint64_t idle_s, session_s;  /* seconds without use, seconds altogether */
    struct {
        char *name;              /* on the button; NULL: there is no provider */
        char *issuer;            /* https://…; http only for this machine */
        char *client_id;
        char *client_secret;     /* resolved, secret; NULL when it was not to be resolved */
        char *name_claim;        /* which claim is the person's name here */
        char *role_claim;        /* which claim (a text or a list of texts) says the role */
        char *redirect;          /* origin of the console as browsers see it, NULL: of the first listen address */
        struct {
            char *value, *role;
        } roles[CU_OIDC_ROLES];  /* the first that fits counts */
        size_t roles_n;
    } oidc;
} cu_config_signin;

/* resolve: fetch the secret that env: or file: names. */
cu_err cu_signin_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_signin *out, cu_fault *f) CU_MUST;

#endif
