#include "catalog/signin.h"
#include <string.h>
#include "reading.h"

#define ROLES "owner compliance security developer approver"

static bool on_this_machine(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; strncmp(url, "http://", 7) == 0 && i < 3; i++) {
        size_t n = strlen(hosts[i]);
        if (strncmp(url + 7, hosts[i], n) == 0 && (url[7 + n] == 0 || url[7 + n] == ':' || url[7 + n] == '/'))
            return true;
    }
    return false;
}

/* The form of an address that browsers and libcurl agree about. */
static cu_err read_url(const reading *r, const cu_yaml *n, const char *name, char **out)
{
    CU_TRY(reading_text(r, n, name, out));
    size_t len = strlen(*out);
    bool good = len <= 300 && (strncmp(*out, "https://", 8) == 0 || on_this_machine(*out));
    for (size_t i = 0; good && i < len; i++)
        good = (*out)[i] > ' ' && (*out)[i] < 0x7f && !strchr("@?#\"\\<>", (*out)[i]);
    return good ? CU_OK : reading_wrong(r, n, "%s begins with https:// (http:// only for this machine) and has no user, query or fragment", name);
}

/* roles: {custos-owners: owner, staff: developer} */
static cu_err read_roles(const reading *r, const cu_yaml *n, cu_config_signin *out)
{
    if (n->kind != CU_YAML_MAP || !n->first)
        return reading_wrong(r, n, "roles is a map from values of the claim to roles: {custos-owners: owner}");
    for (const cu_yaml *k = n->first; k; k = k->next) {
        unsigned which;
        if (out->oidc.roles_n == CU_OIDC_ROLES)
            return reading_wrong(r, k, "roles has at most %u lines", CU_OIDC_ROLES);
        CU_TRY(reading_word(r, k, "the role", ROLES, &which)); /* an auditor has a window: that is not the provider's to say */
        out->oidc.roles[out->oidc.roles_n].value = cu_arena_str(r->a, k->key);
        out->oidc.roles[out->oidc.roles_n].role = cu_arena_str(r->a, k->text);
        if (!out->oidc.roles[out->oidc.roles_n].value || !out->oidc.roles[out->oidc.roles_n].role)
            return CU_NOMEM;
        out->oidc.roles_n++;
    }
    return CU_OK;
}

static cu_err read_oidc(const reading *r, const cu_yaml *n, bool resolve, cu_config_signin *out)
{
    const cu_yaml *k, *issuer, *id, *secret, *roles;
    CU_TRY(reading_only(r, n, "signin.oidc", "name issuer client_id client_secret name_claim role_claim roles redirect"));
    if (!(issuer = cu_yaml_get(n, "issuer")) || !(id = cu_yaml_get(n, "client_id")) || !(secret = cu_yaml_get(n, "client_secret")) ||
        !(roles = cu_yaml_get(n, "roles")))
        return reading_wrong(r, n, "signin.oidc needs issuer, client_id, client_secret and roles");
    CU_TRY(read_url(r, issuer, "issuer", &out->oidc.issuer));
    CU_TRY(reading_text(r, id, "client_id", &out->oidc.client_id));
    CU_TRY(reading_secret(r, secret, "client_secret", resolve, &out->oidc.client_secret));
    CU_TRY(read_roles(r, roles, out));
    if ((k = cu_yaml_get(n, "redirect")))
        CU_TRY(read_url(r, k, "redirect", &out->oidc.redirect));
    out->oidc.name_claim = cu_arena_str(r->a, cu_yaml_text(n, "name_claim", CU_LIT("email")));
    out->oidc.role_claim = cu_arena_str(r->a, cu_yaml_text(n, "role_claim", CU_LIT("groups")));
    out->oidc.name = cu_arena_str(r->a, cu_yaml_text(n, "name", CU_LIT("your organisation")));
    return out->oidc.name && out->oidc.role_claim && out->oidc.name_claim ? CU_OK : CU_NOMEM;
}

cu_err cu_signin_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_signin *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = cu_yaml_get(root, "signin"), *k;
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "signin", "idle_seconds session_seconds oidc"));
    if ((k = cu_yaml_get(n, "idle_seconds")))
        CU_TRY(reading_number(&r, k, "idle_seconds", 1, 86400, &out->idle_s));
    if ((k = cu_yaml_get(n, "session_seconds")))
        CU_TRY(reading_number(&r, k, "session_seconds", 1, 604800, &out->session_s));
    return (k = cu_yaml_get(n, "oidc")) ? read_oidc(&r, k, resolve, out) : CU_OK;
}
