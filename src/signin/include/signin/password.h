/* Passwords: argon2id (RFC 9106) through libargon2, its reference implementation: it does this one thing,
 * and stores its parameters in the hash, so that they can grow. 64 MiB, 3 passes, 1 lane: one hashing at a
 * time is the caller's to see to. */
#ifndef CUSTOS_SIGNIN_PASSWORD_H
#define CUSTOS_SIGNIN_PASSWORD_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_PASSWORD_HASH 128u   /* bytes of the encoded form, with NUL */
#define CU_PASSWORD_MIN 12u     /* bytes */
#define CU_PASSWORD_MAX 128u

/* Why it may not be one: a sentence; NULL when it may. It must not hold the name (3 letters and more). */
const char *cu_password_refused(cu_bytes password, const char *name);
/* "$argon2id$v=19$m=65536,t=3,p=1$…"; CU_NOMEM. */
cu_err cu_password_hash(cu_bytes password, char out[CU_PASSWORD_HASH]) CU_MUST;
/* Constant time in the password. False also for a hash that is none. */
bool cu_password_holds(const char *hash, cu_bytes password);

#endif
