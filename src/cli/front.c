/* custos: the verbs that find run here, all others in custos-server beside it. A commit's hook starts this
 * program: with the libraries of every verb the dynamic linker alone would take half of its time. */
#include "record.h"
#include "verbs.h"
#include "replay.h"

const cu_verb *const cu_verbs[] = {
    &cu_verb_scan, &cu_verb_redact, &cu_verb_restore, &cu_verb_inspect, &cu_verb_hook_install, &cu_verb_hook_remove, NULL,
};
const char *const cu_verbs_elsewhere = "custos-server";
const cu_recorder *const cu_record = NULL;
int (*const cu_replay)(const cu_run *r, const char *id) = NULL;
