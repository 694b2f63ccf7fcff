/* Private to daemon/: what a person owes before a key of hers works: policies that are read, training that is valid. */
#ifndef CUSTOS_DAEMON_HOLDERS_H
#define CUSTOS_DAEMON_HOLDERS_H

#include "desk.h"

typedef struct {
    bool asked;         /* there is something to acknowledge */
    bool done;
    char missing[80];   /* the first policy that she has not read */
} holder_reading;
/* The versions in force of policies that everybody acknowledges, and whether she did. a->lock not held. */
holder_reading holder_has_read(app *a, const char *name);

/* Trainings as they are, by person; NULL unless custos.yaml suspends for them. To be released. */
json_t *holders_trained(app *a);
/* Whether a key waits for a training; trained as above. a->lock held. */
bool holder_waits(app *a, const json_t *trained, const cu_store_key *k);
/* Once a minute, and after a training: keys that are suspended, and that are not any more. */
void holders_watch(app *a);

#endif
