/* What `custos inspect` shares with its --replay, which asks the running Custos: only the program of all verbs
 * can do it. */
#ifndef CUSTOS_CLI_REPLAY_H
#define CUSTOS_CLI_REPLAY_H

#include "verb.h"

#define STDIN_MAX (64u << 20)
/* NULL in the program of the verbs that find. */
extern int (*const cu_replay)(const cu_run *r, const char *id);

#endif
