/* Private to daemon/: who is told of what, by mail and webhooks (custos.yaml, notify). Each delivery is an entry. */
#ifndef CUSTOS_DAEMON_NOTIFY_H
#define CUSTOS_DAEMON_NOTIFY_H

#include "desk.h"

/* What is sent: the label of an entry and its plain fields; never a text that somebody typed, a name or a value. */
typedef struct {
    char key[90];        /* which event it is: with the channel's name, the id of the alert */
    char kind[16], type[64], label[120], link[160], at[CU_TIME_LEN];
    json_t *fields;      /* borrowed; plain values only */
} notify_message;

/* deliver.c: sends once. false: why says what went wrong, without an address or a secret. */
bool notify_deliver(app *a, const cu_notify_channel *c, const notify_message *m, char why[200]);

/* notify.c: every few seconds, in a thread of its own: what is new, what ends soon, the day's digest. */
void *notify_thread(void *arg);

#endif
