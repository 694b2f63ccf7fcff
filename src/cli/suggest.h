/* What somebody may have meant who typed a verb that does not exist. */
#ifndef CUSTOS_CLI_SUGGEST_H
#define CUSTOS_CLI_SUGGEST_H

#include <stdio.h>

/* Prints that `word` is not a verb, and after it the verbs that begin with it, or the one that is
 * one or two slips of the finger away, or where the list is. */
void cu_suggest_verb(FILE *to, const char *word);

#endif
