/* Private to catalog/: hosts, ports and addresses as custos.yaml has them. */
#ifndef CUSTOS_CATALOG_ADDRESS_H
#define CUSTOS_CATALOG_ADDRESS_H

#include "base/arena.h"

bool address_is_loopback(const char *host);
/* A name as DNS has them. One whose last label is digits is an address, or a mistake. */
bool address_is_host_name(const char *host);
/* "host", "host:port", "[v6]", "[v6]:port"; *port stays as it is when none is given. *host is of the arena. */
bool address_authority(cu_arena *a, cu_bytes text, char **host, uint16_t *port, bool *v6, bool *has_port);
/* An IP address or localhost, with its port: what can be listened on. */
bool address_literal(cu_arena *a, const char *text, char **host, uint16_t *port);

#endif
