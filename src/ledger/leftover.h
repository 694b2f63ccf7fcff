/* Partial tiles beside the newest: those of earlier sizes may stay, and then are what the log had at that size;
 * wider ones are of a longer log. */
#ifndef CUSTOS_LEDGER_LEFTOVER_H
#define CUSTOS_LEDGER_LEFTOVER_H

#include "tiles.h"

/* l->size: the log as it was verified. growing: size that a staged round brings it to; l->size without one. CU_TORN:
 * a tile that does not belong to this log. */
cu_err leftover_check(cu_log *l, uint64_t growing) CU_MUST;

#endif
