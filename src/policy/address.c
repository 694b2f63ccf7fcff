#include "policy/address.h"
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

typedef struct {
    uint8_t a[16];
    unsigned bits;
} range;

static const range special_v4[] = {
    {{0}, 8},            {{10}, 8},           {{100, 64}, 10},      {{127}, 8},        {{169, 254}, 16},   {{172, 16}, 12},
    {{192, 0, 0}, 24},   {{192, 0, 2}, 24},   {{192, 88, 99}, 24},  {{192, 168}, 16},  {{198, 18}, 15},    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24}, {{224}, 4},          {{240}, 4},
};

/* Public is 2000::/3 alone, without these. */
static const range global_v6 = {{0x20}, 3};
static const range special_v6[] = {
    {{0x20, 0x01, 0x00}, 23}, /* 2001::/23: Teredo, ORCHID and the like */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},
    {{0x3f, 0xff, 0x00}, 20},
};
static const range mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
static const range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const range six_to_four = {{0x20, 0x02}, 16};

static bool within(const uint8_t *a, const range *r)
{
    unsigned whole = r->bits / 8, rest = r->bits % 8;
    if (memcmp(a, r->a, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ r->a[whole]) >> (8 - rest)) == 0;
}

bool cu_address_is_public_v4(const uint8_t a[4])
{
    for (size_t i = 0; i < sizeof special_v4 / sizeof *special_v4; i++)
        if (within(a, &special_v4[i]))
            return false;
    return true;
}

bool cu_address_is_public_v6(const uint8_t a[16])
{
    if (within(a, &mapped) || within(a, &nat64))
        return cu_address_is_public_v4(a + 12);
    if (within(a, &six_to_four))
        return cu_address_is_public_v4(a + 2);
    for (size_t i = 0; i < sizeof special_v6 / sizeof *special_v6; i++)
        if (within(a, &special_v6[i]))
            return false;
    return within(a, &global_v6);
}

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

bool cu_address_is_allowed(const struct sockaddr *a, bool loopback, bool allow_private)
{
    if (a->sa_family != AF_INET && a->sa_family != AF_INET6)
        return false;
    if (allow_private)
        return true;
    if (loopback)
        return is_loopback(a);
    return a->sa_family == AF_INET ? cu_address_is_public_v4((const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr)
                                   : cu_address_is_public_v6((const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}
