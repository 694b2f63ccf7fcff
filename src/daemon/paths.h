/* Private to daemon/: which operations the API has, and who may call them. One table; what is not in it
 * does not exist, and who is not named in it is refused. docs/openapi.yaml says the same as x-roles, and
 * tests/web holds the two against each other and against the running daemon. */
#ifndef CUSTOS_DAEMON_PATHS_H
#define CUSTOS_DAEMON_PATHS_H

#include "app.h"

enum {
    ROLE_OWNER = 1,
    ROLE_COMPLIANCE = 2,
    ROLE_SECURITY = 4,
    ROLE_DEVELOPER = 8,
    ROLE_APPROVER = 16,
    ROLE_AUDITOR = 32, /* reads, within a window and a scope */
    ROLE_SOCKET = 64,  /* admin.sock: the file's mode is the key; may call everything */
    ROLE_NOBODY = 128, /* without a session: the operation is public */
    ROLE_VISITOR = 256, /* without a session, as long as nobody has joined: what a first visitor may look at */
};

/* The answer to a call: its operation is looked up, who asks is found out and held against the table, and
 * only then its function runs. Sets actor, role and args. */
unsigned answer(call *c);
const char *role_name(unsigned role); /* one bit */
unsigned role_of(const char *name);   /* 0: there is none */

#endif
