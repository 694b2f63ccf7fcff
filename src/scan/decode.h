/* Encodings: text that is not bytes of UTF-8 as they stand becomes so, and every place in it is led
 * back to the bytes of the file. No table of places: the decoder runs again from a known place. */
#ifndef CUSTOS_SCAN_DECODE_H
#define CUSTOS_SCAN_DECODE_H

#include "base/bytes.h"

typedef enum {
    CU_ENCODED_NOT,     /* UTF-8, Latin-1, anything: scanned as it stands */
    CU_ENCODED_UTF16LE,
    CU_ENCODED_UTF16BE,
    CU_ENCODED_JSON,    /* escapes of JSON strings (RFC 8259, section 7) */
    CU_ENCODED_BINARY,
} cu_encoding;

/* What the first bytes are; *skip: bytes of a byte order mark. */
cu_encoding cu_encoding_of(cu_bytes head, size_t *skip);

/* One character. */
typedef struct {
    size_t raw;      /* bytes taken; 0: more input is needed */
    uint8_t out[4];
    size_t n;        /* bytes of out */
    bool newline;    /* a line of the file ends here */
    unsigned column; /* bytes by which the column moves */
} cu_step;
cu_step cu_decode_step(cu_encoding e, cu_bytes raw, bool last);
/* Decodes what is whole; returns the bytes written to `to` (room: 3 bytes for each 2 of raw) and
 * sets *used. last: nothing follows, what is torn becomes U+FFFD. */
size_t cu_decode(cu_encoding e, cu_bytes raw, bool last, uint8_t *to, size_t *used);

#endif
