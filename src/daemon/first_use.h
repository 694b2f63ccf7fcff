/* Private to daemon/: models, clients and vendors that traffic holds for the first time. */
#ifndef CUSTOS_DAEMON_FIRST_USE_H
#define CUSTOS_DAEMON_FIRST_USE_H

#include "app.h"

void first_use_watch(app *a);

#endif
