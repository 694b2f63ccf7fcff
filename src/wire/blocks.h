/* Text of JSON strings, 64 bytes at a time, where the processor can: code is full of escapes, and these do not
 * stop a look at 64 bytes of which each is in a mask. */
#ifndef CUSTOS_WIRE_BLOCKS_H
#define CUSTOS_WIRE_BLOCKS_H

#include "base/bytes.h"

/* Whether those below that are not narrow may be called. */
bool cu_blocks_wide(void);

/* From byte i of the text of a string on: the first byte that needs a look of its own (the closing quote, \u,
 * not ASCII, a mistake), or one of the last 64 bytes; never behind a backslash that belongs to it. *escaped is
 * set when an escape lies before. */
size_t cu_blocks_walk(const uint8_t *p, size_t i, size_t n, bool *escaped);
size_t cu_blocks_walk_narrow(const uint8_t *p, size_t i, size_t n, bool *escaped); /* on any processor */

/* Unescapes from byte i of the n of a string that was walked on, up to a \u or one of the last 64 bytes; returns
 * how far. *to is moved; up to 64 bytes are written behind it, but never more than n - i in all. */
size_t cu_blocks_unescape(const uint8_t *p, size_t i, size_t n, uint8_t **to);

#endif
