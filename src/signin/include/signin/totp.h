/* One-time codes: TOTP (RFC 6238) with HMAC-SHA-1, 6 digits, steps of 30 seconds, as every authenticator
 * app knows it; and recovery codes. */
#ifndef CUSTOS_SIGNIN_TOTP_H
#define CUSTOS_SIGNIN_TOTP_H

#include "base/buf.h"
#include "base/bytes.h"

#define CU_TOTP_SECRET 20u    /* bytes: RFC 4226 section 4 recommends 160 bits */
#define CU_TOTP_STEP_S 30u
#define CU_RECOVERY_CODE 13u  /* "abcde-fghijk": 55 bits; with NUL */

/* The code of a step (Unix seconds / CU_TOTP_STEP_S); digits: 6 to 8. */
uint32_t cu_totp_code(cu_bytes secret, uint64_t step, unsigned digits);
/* Whether text is the code of this step, the one before or the one after, and of a later one than `last`
 * (what was accepted before is not accepted again). Constant time over the three. *step: which. */
bool cu_totp_holds(cu_bytes secret, cu_bytes text, uint64_t now_s, uint64_t last, uint64_t *step);
/* RFC 4648 section 6, upper case, no padding. */
void cu_base32(cu_buf *out, cu_bytes data);
/* otpauth://totp/Custos:NAME?secret=…&issuer=Custos, names percent-encoded. */
void cu_totp_uri(cu_buf *out, const char *name, cu_bytes secret);
void cu_recovery_code(char out[CU_RECOVERY_CODE]);

#endif
