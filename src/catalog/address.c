#include "address.h"
#include <arpa/inet.h>
#include <string.h>

bool address_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

static bool is_v4(const char *host)
{
    struct in_addr v4;
    return inet_pton(AF_INET, host, &v4) == 1;
}

static bool is_v6(const char *host)
{
    struct in6_addr v6;
    return inet_pton(AF_INET6, host, &v6) == 1;
}

static bool port_of(cu_bytes digits, uint16_t *port)
{
    unsigned long v = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || i == 5)
            return false;
        v = v * 10 + (digits.p[i] - '0');
    }
    *port = (uint16_t)v;
    return v > 0 && v <= 65535;
}

bool address_authority(cu_arena *a, cu_bytes text, char **host, uint16_t *port, bool *v6, bool *has_port)
{
    cu_bytes h = text;
    const uint8_t *close = memchr(text.p, ']', text.n), *colon;
    *v6 = text.n > 0 && text.p[0] == '[' && close;
    if (*v6)
        h.n = (size_t)(close - text.p) + 1;
    else if ((colon = memchr(text.p, ':', text.n)))
        h.n = (size_t)(colon - text.p);
    cu_bytes rest = cu_slice(text, h.n, text.n);
    *has_port = rest.n > 0;
    if (rest.n && (rest.p[0] != ':' || !port_of(cu_slice(rest, 1, rest.n), port)))
        return false;
    *host = cu_arena_str(a, *v6 ? cu_slice(h, 1, h.n - 1) : h);
    return *host && **host && (!*v6 || is_v6(*host));
}

bool address_literal(cu_arena *a, const char *text, char **host, uint16_t *port)
{
    bool v6, has_port;
    return address_authority(a, cu_str(text), host, port, &v6, &has_port) && has_port &&
           (v6 || is_v4(*host) || strcmp(*host, "localhost") == 0);
}

bool address_is_host_name(const char *host)
{
    const char *last = strrchr(host, '.');
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (host[n] || n > 253 || host[0] == '-' || host[0] == '.' || strstr(host, ".."))
        return false;
    last = last ? last + 1 : host;
    return is_v4(host) || last[strspn(last, "0123456789")] != 0;
}
