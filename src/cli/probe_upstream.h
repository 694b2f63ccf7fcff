/* Servers on loopback that stand where a provider would: one with a good certificate, and those that a
 * gateway must not talk to. */
#ifndef CUSTOS_CLI_PROBE_UPSTREAM_H
#define CUSTOS_CLI_PROBE_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    UPSTREAM_PLAIN, UPSTREAM_REDIRECT /* to UPSTREAM_PLAIN */, UPSTREAM_HOOK /* for webhooks */, UPSTREAM_SLOW /* begins a stream and does not end it */, UPSTREAM_GOOD, UPSTREAM_OLD_TLS, UPSTREAM_SELF_SIGNED, UPSTREAM_WRONG_NAME,
    UPSTREAM_EXPIRED, UPSTREAM_KINDS
} upstream_kind;

typedef struct upstreams upstreams;

/* Starts all of them; ca_file gets the certificate that signed the good one. NULL when it cannot. */
upstreams *upstreams_start(const char *ca_file);
void upstreams_stop(upstreams *u);
uint16_t upstreams_port(const upstreams *u, upstream_kind kind);
/* How many requests it has received so far. */
unsigned upstreams_asked(const upstreams *u, upstream_kind kind);

#endif
