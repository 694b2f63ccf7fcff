/* The kinds of sensitive data, in one list. Names follow Presidio where it has one; secrets are
 * SECRET with the rule's id. */
#ifndef CUSTOS_CATALOG_TYPES_H
#define CUSTOS_CATALOG_TYPES_H

#include "base/bytes.h"

#define CU_TYPES(X)                                                                                \
    X(EMAIL_ADDRESS, "MAIL", "e-mail address", PII) \
    X(PHONE_NUMBER, "PHON", "telephone number", PII) \
    X(CREDIT_CARD, "CARD", "payment card number", PII) \
    X(IBAN, "IBAN", "bank account number (IBAN)", PII) \
    X(US_SSN, "USSN", "US social security number", PII) \
    X(IP_ADDRESS, "IPAD", "public IP address", PII) \
    X(IP_ADDRESS_PRIVATE, "IPPR", "private IP address", NONE) \
    X(SECRET, "SECR", "secret", SECRET) \
    X(PRIVATE_KEY, "PKEY", "line of a private key", SECRET)

typedef enum {
#define X(name, code, text, cls) CU_TYPE_##name,
    CU_TYPES(X)
#undef X
        CU_TYPE_COUNT
} cu_type;

/* Data class of a finding. NONE: of interest, but neither personal data nor a secret. */
typedef enum { CU_CLASS_NONE, CU_CLASS_PII, CU_CLASS_SECRET } cu_class;

const char *cu_type_name(cu_type t);  /* "EMAIL_ADDRESS" */
const char *cu_type_code(cu_type t);  /* "MAIL": four letters inside a surrogate */
const char *cu_type_text(cu_type t);  /* "e-mail address" */
cu_class cu_type_class(cu_type t);
/* CU_TYPE_COUNT when there is no such type. */
cu_type cu_type_by_name(cu_bytes name);

#endif
