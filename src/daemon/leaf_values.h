/* Private to daemon/: single members of a leaf's body. */
#ifndef CUSTOS_DAEMON_LEAF_VALUES_H
#define CUSTOS_DAEMON_LEAF_VALUES_H

#include "base/bytes.h"

cu_bytes leaf_value(cu_bytes body, const char *key); /* text or number; empty when there is none */
uint64_t leaf_number(cu_bytes body, const char *key);

#endif
