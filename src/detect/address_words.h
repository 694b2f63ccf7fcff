/* Words of postal addresses, by what they stand beside: catalog/names/address.txt, compiled by
 * address_table.c. */
#ifndef CUSTOS_DETECT_ADDRESS_WORDS_H
#define CUSTOS_DETECT_ADDRESS_WORDS_H

#include <stdint.h>

/* The kinds, as the list names them; an ending and a box are looked for by their last byte, all others by their first. */
#define CU_ADDRESS_KINDS(X) \
    X(STREET, "street") X(LEAD, "lead") X(LEAD_BEFORE, "lead-before") X(BEHIND, "behind") \
    X(BEHIND_GENITIVE, "behind-genitive") X(ENDING, "ending") X(UNIT, "unit") X(UNIT_SMALL, "unit-small") X(BOX, "box") \
    X(COUNTRY, "country")

enum {
#define X(id, text) CU_ADDRESS_##id,
    CU_ADDRESS_KINDS(X)
#undef X
    CU_ADDRESS_COUNT
};

typedef struct {
    const char *text;
    uint8_t n;
} cu_address_word;

extern const cu_address_word cu_address_words[];
/* Of a kind, those that are looked for by byte b: from [b] to [b + 1]. */
extern const uint16_t cu_address_from[CU_ADDRESS_COUNT][257];

#endif
