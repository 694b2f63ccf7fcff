/* RFC 3161 time stamps over bytes: asking, and checking an answer. docs/formats/timestamp.md. */
#ifndef CUSTOS_LEDGER_TIMESTAMP_H
#define CUSTOS_LEDGER_TIMESTAMP_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

#define CU_TIMESTAMP_MAX ((size_t)65536) /* bytes of an answer */
#define CU_TIMESTAMP_NONCE 8u

/* DER of a request: SHA-256 of data, a nonce, the signer's certificate is asked for. */
cu_err cu_timestamp_request(cu_bytes data, const uint8_t nonce[CU_TIMESTAMP_NONCE], cu_buf *out) CU_MUST;
/* Checks an answer (DER) over data: granted, the imprint, the nonce unless NULL, the signature, and the
 * certificate's chain to ca_file (PEM) at the time that the token states. *time: seconds since 1970.
 * CU_SYNTAX: no answer of that kind. CU_STATE: the authority refused. CU_SIGNATURE: it does not hold;
 * the fault says why. CU_CONFIG: ca_file cannot be read. */
cu_err cu_timestamp_check(cu_bytes answer, cu_bytes data, const uint8_t *nonce, const char *ca_file, uint64_t *time, cu_fault *f) CU_MUST;
/* The same with the certificates (PEM) in memory, and whatever nonce the answer holds. */
cu_err cu_timestamp_check_by(cu_bytes answer, cu_bytes data, cu_bytes ca_pem, uint64_t *time, cu_fault *f) CU_MUST;

#endif
