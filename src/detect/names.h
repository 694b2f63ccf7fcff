/* Lists of given and family names, titles and words, compiled into one table (name_table.c). */
#ifndef CUSTOS_DETECT_NAMES_H
#define CUSTOS_DETECT_NAMES_H

#include "base/bytes.h"
#include "name_fold.h"

extern const uint32_t cu_name_slot[];
extern const uint8_t cu_name_pool[], cu_name_first[];

/* CU_NAME_* of the word; 0 when no list holds it. */
unsigned cu_name_flags(cu_bytes word);
/* The end of the capitalised word that begins at i, or i: letters, with ' and - inside. */
size_t cu_name_word(cu_bytes t, size_t i);
/* A text in which no word of word.txt stands and a person's name may be. */
bool cu_name_plausible(cu_bytes value);
bool cu_name_listed(cu_bytes value); /* some first word of a list, in any case */
bool cu_name_known(cu_bytes value);  /* the same, though the word is an ordinary one too */
/* No code around this place: few of the signs that programs are made of. */
bool cu_prose_around(cu_bytes t, size_t i);

/* Top-level domains, lower case, sorted. */
extern const char *const cu_tld[];
extern const size_t cu_tld_count;

#endif
