/* Which addresses a provider may have. A name that resolves to an address of this machine, of the
 * local network or of a cloud's metadata service would make the gateway a way in. */
#ifndef CUSTOS_POLICY_ADDRESS_H
#define CUSTOS_POLICY_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* False for what the registries of special-purpose addresses (RFC 6890, IANA) keep off the public
 * internet: loopback, private, shared, link-local, multicast, documentation, reserved; in IPv6 also those
 * with such an IPv4 address inside (mapped, 6to4, NAT64). */
bool cu_address_is_public_v4(const uint8_t a[4]);
bool cu_address_is_public_v6(const uint8_t a[16]);

struct sockaddr;
/* Whether a vendor may have this address: one on this machine (loopback) has addresses of this machine, any
 * other has public ones; allow_private: any. */
bool cu_address_is_allowed(const struct sockaddr *a, bool loopback, bool allow_private);

#endif
