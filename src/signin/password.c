#include "signin/password.h"
#include <argon2.h>
#include <strings.h>
#include "base/digest.h"

#define MEMORY_KIB 65536u
#define PASSES 3u
#define LANES 1u
#define SALT 16u
#define TAG 32u
#define KINDS_MIN 5u /* different bytes */

const char *cu_password_refused(cu_bytes password, const char *name)
{
    bool seen[256] = {0};
    unsigned kinds = 0;
    size_t len = strlen(name);
    if (password.n < CU_PASSWORD_MIN || password.n > CU_PASSWORD_MAX)
        return "A password has 12 to 128 characters.";
    if (!cu_utf8_valid(password, NULL) || memchr(password.p, 0, password.n))
        return "A password is text.";
    for (size_t i = 0; i < password.n; i++) {
        kinds += !seen[password.p[i]];
        seen[password.p[i]] = true;
        if (len >= 3 && i + len <= password.n && strncasecmp((const char *)password.p + i, name, len) == 0)
            return "A password must not hold the name of its person.";
    }
    return kinds < KINDS_MIN ? "A password has at least 5 different characters." : NULL;
}

cu_err cu_password_hash(cu_bytes password, char out[CU_PASSWORD_HASH])
{
    uint8_t salt[SALT];
    cu_random(salt, sizeof salt);
    int rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.n, salt, sizeof salt, TAG, out, CU_PASSWORD_HASH);
    return rc == ARGON2_OK ? CU_OK : CU_NOMEM;
}

bool cu_password_holds(const char *hash, cu_bytes password)
{
    return password.n <= CU_PASSWORD_MAX && argon2id_verify(hash, password.p, password.n) == ARGON2_OK;
}
