/* The list of verbs. One line each; the order is the order in help. */
#ifndef CUSTOS_CLI_VERBS_H
#define CUSTOS_CLI_VERBS_H

#include "verb.h"

#define CU_VERBS(X)                                                                                \
    X(scan)                                                                                        \
    X(verify)                                                                                      \
    X(help)                                                                                        \
    X(version)

#define X(name) extern const cu_verb cu_verb_##name;
CU_VERBS(X)
#undef X

extern const cu_verb *const cu_verbs[]; /* ends with NULL */

#endif
