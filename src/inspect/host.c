/* Hosts anywhere in a text, and every notation of an address as the usual one. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <strings.h>
#include "walk.h"

#define MAX_HOST 253u

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* One part as inet_aton(3) reads it: 0x is hexadecimal, a leading 0 octal. Too large: cut, as some do. */
static bool part_of(cu_bytes t, size_t *at, uint64_t *out)
{
    int base = 10;
    size_t i = *at, from;
    *out = 0;
    if (i < t.n && t.p[i] == '0') {
        base = 8;
        if (i + 1 < t.n && (t.p[i + 1] | 0x20) == 'x') {
            base = 16;
            i += 2;
        }
    }
    for (from = i; i < t.n && digit_of(t.p[i]) < base; i++)
        *out = (*out * (unsigned)base + (unsigned)digit_of(t.p[i])) & 0xffffffffffu;
    *at = i;
    return i > from;
}

static bool ipv4(cu_bytes t, uint32_t *out)
{
    uint64_t part[4];
    size_t n = 0, at = 0;
    while (n < 4 && part_of(t, &at, &part[n])) {
        n++;
        if (at == t.n || t.p[at] != '.')
            break;
        at++;
    }
    if (at != t.n || n == 0 || (n > 0 && t.p[t.n - 1] == '.' && n == 4))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i + 1 < n; i++)
        v |= (part[i] & 0xff) << (24 - 8 * i);
    *out = (uint32_t)(v | (part[n - 1] & (0xffffffffu >> (8 * (n - 1)))));
    return true;
}

static void say4(uint32_t v, char out[64])
{
    snprintf(out, 64, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

static bool ipv6(cu_bytes t, char out[64])
{
    struct in6_addr six;
    char text[64];
    if (t.n >= sizeof text || t.n < 2 || !memchr(t.p, ':', t.n))
        return false;
    memcpy(text, t.p, t.n);
    text[t.n] = 0;
    text[strcspn(text, "%")] = 0; /* a zone */
    if (inet_pton(AF_INET6, text, &six) != 1)
        return false;
    static const uint8_t forms[][12] = {{0}, {[10] = 0xff, [11] = 0xff}, {0, 0x64, 0xff, 0x9b}, {[8] = 0xff, [9] = 0xff}};
    uint32_t low = (uint32_t)six.s6_addr[12] << 24 | (uint32_t)six.s6_addr[13] << 16 | (uint32_t)six.s6_addr[14] << 8 | six.s6_addr[15];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (low > 0xffff && memcmp(six.s6_addr, forms[i], 12) == 0) {
            say4(low, out);
            return true;
        }
    if (six.s6_addr[0] == 0x20 && six.s6_addr[1] == 0x02) { /* 6to4 */
        say4((uint32_t)six.s6_addr[2] << 24 | (uint32_t)six.s6_addr[3] << 16 | (uint32_t)six.s6_addr[4] << 8 | six.s6_addr[5], out);
        return true;
    }
    return inet_ntop(AF_INET6, &six, out, 64) != NULL;
}

/* Names that resolve to the address they are written with: 169-254-169-254.nip.io. */
static bool embedded(cu_bytes t, char out[64])
{
    static const char *const zones[] = {"nip.io", "sslip.io", "xip.io", "traefik.me", "local.gd", "lvh.me", "localtest.me", "ip.addr.tools", "rbndr.us"};
    char name[MAX_HOST + 1];
    bool hit = false;
    if (t.n > MAX_HOST)
        return false;
    memcpy(name, t.p, t.n);
    name[t.n] = 0;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        size_t n = strlen(zones[i]);
        hit = hit || (t.n > n + 1 && strcasecmp(name + t.n - n, zones[i]) == 0);
    }
    for (size_t i = 0; hit && i < t.n; i++) {
        unsigned v[4], used = 0;
        if ((i && isalnum((unsigned char)name[i - 1])) || !isxdigit((unsigned char)name[i]))
            continue;
        if ((sscanf(name + i, "%3u.%3u.%3u.%3u", &v[0], &v[1], &v[2], &v[3]) == 4 || sscanf(name + i, "%3u-%3u-%3u-%3u", &v[0], &v[1], &v[2], &v[3]) == 4) && v[0] < 256 && v[1] < 256 && v[2] < 256 && v[3] < 256) {
            say4(v[0] << 24 | v[1] << 16 | v[2] << 8 | v[3], out);
            return true;
        }
        if (sscanf(name + i, "%8x%n", &v[0], (int *)&used) == 1 && used == 8 && name[i + 8] == '.') {
            say4(v[0], out);
            return true;
        }
    }
    return false;
}

bool host_address(cu_bytes t, char out[64])
{
    uint32_t v;
    if (t.n > 1 && t.p[0] == '[' && t.p[t.n - 1] == ']')
        t = cu_slice(t, 1, t.n - 1);
    if (t.n && t.p[t.n - 1] == '.')
        t.n--;
    if (ipv4(t, &v)) {
        say4(v, out);
        return true;
    }
    return ipv6(t, out) || embedded(t, out);
}

static bool name_byte(uint8_t c)
{
    return isalnum(c) || c == '-' || c == '.' || c == '_' || c == OPEN || c >= 0x80;
}

/* 5, 0.5: an address of "this network" (RFC 1122, 3.2.1.3), to which nothing is sent. 0 is this machine. */
static bool just_a_number(cu_bytes t, const char *address)
{
    size_t dots = 0;
    for (size_t i = 0; i < t.n; i++)
        dots += t.p[i] == '.';
    return dots < 3 && strncmp(address, "0.", 2) == 0 && strcmp(address, "0.0.0.0") != 0;
}

/* target_ip: it says what is to stand there. Rules were asked before; it may be a name after all. */
static bool placeholder(const walk *w, cu_bytes host)
{
    const cu_command_pack *pack = w->g->packs[CU_TIER_DEFAULT];
    return pack && !memchr(host.p, '.', host.n) && in_any(&pack->host_placeholders, host);
}

void host_add(walk *w, cu_bytes host)
{
    char address[64], plain[MAX_HOST + 1];
    if (host.n == 0 || host.n > MAX_HOST)
        return;
    if (host_address(host, address)) {
        if (just_a_number(host, address))
            return;
        host = cu_str(address);
    } else {
        for (size_t i = 0; i < host.n; i++)
            plain[i] = (char)tolower(host.p[i]);
        host = cu_bytes_of(plain, host.n - (host.p[host.n - 1] == '.'));
    }
    match_host(w, host);
    if (placeholder(w, host))
        return;
    for (size_t i = 0; i < w->hosts_n; i++)
        if (cu_eq(w->hosts[i], host))
            return;
    if (w->hosts_n < CU_INSPECT_MAX_HOSTS && !memchr(host.p, OPEN, host.n))
        w->hosts[w->hosts_n++] = cu_arena_dup(w->a, host);
}

/* The host at the beginning of t: [user[:password]@]host[:port][/path]. Undoes %2e. */
cu_bytes host_authority(walk *w, cu_bytes t, size_t *end)
{
    uint8_t *plain = cu_arena_raw(w->a, t.n + 1);
    size_t n = 0, stop = 0, at = 0;
    if (!plain)
        return CU_NONE;
    while (stop < t.n && !strchr("/?#\\\"'` \t\r\n<>|;,)}", t.p[stop] ? t.p[stop] : '/') && t.p[stop] != SPLIT)
        stop++;
    *end = stop;
    for (size_t i = 0; i < stop; i++) {
        if (t.p[i] == '@') {
            n = 0;
        } else if (t.p[i] == '%' && i + 2 < stop && digit_of(t.p[i + 1]) < 16 && digit_of(t.p[i + 2]) < 16) {
            plain[n++] = (uint8_t)(digit_of(t.p[i + 1]) << 4 | digit_of(t.p[i + 2]));
            i += 2;
        } else {
            plain[n++] = t.p[i];
        }
    }
    if (n && plain[0] == '[') {
        while (at < n && plain[at] != ']')
            at++;
        return at < n && plain[1] != '^' ? cu_bytes_of(plain, at + 1) : CU_NONE; /* [^/] of a pattern */
    }
    while (at < n && name_byte(plain[at]))
        at++;
    return at == n || plain[at] == ':' ? cu_bytes_of(plain, at) : CU_NONE;
}

static bool address_byte(uint8_t c)
{
    return isalnum(c) || c == '.' || c == ':' || c == '-' || c == '%';
}

static void scan_addresses(walk *w, cu_bytes t)
{
    for (size_t i = 0; i < t.n;) {
        size_t from = i, dots = 0, colons = 0;
        char address[64];
        while (i < t.n && address_byte(t.p[i])) {
            dots += t.p[i] == '.';
            colons += t.p[i++] == ':';
        }
        cu_bytes at = cu_slice(t, from, i);
        uint8_t *colon = dots == 3 && colons == 1 ? memchr(at.p, ':', at.n) : NULL;
        if (colon) { /* 10.1.2.3:80, /v:10.1.2.3 */
            bool front = memchr(at.p, '.', (size_t)(colon - at.p)) != NULL;
            at = front ? cu_slice(at, 0, (size_t)(colon - at.p)) : cu_slice(at, (size_t)(colon - at.p) + 1, at.n);
        }
        if (at.n >= 7 && (dots == 3 || colons >= 2) && at.n <= MAX_HOST && host_address(at, address) && !isalpha(at.p[0] < 'g' ? '0' : at.p[0]))
            host_add(w, at);
        i += i == from;
    }
}

/* A name of three labels or more is a host wherever it stands, unless it ends as files do. */
static bool full_name(cu_bytes t)
{
    static const char *const files[] = {"gz", "xz", "bz2", "zst", "zip", "txt", "conf", "json", "yaml", "yml", "xml", "html", "js", "py", "sh", "rb", "md", "log", "cfg", "ini", "jar", "deb", "rpm", "tar", "img", "iso", "key", "pem", "crt", "service", "min", "css", "ts", "java", "plist", "exe", "tf", "tfvars", "csv", "pdf", "png", "jpg", "so", "target", "timer", "socket", "bak", "old", "orig", "asc", "sig"};
    static const char *const first[] = {"com.", "org.", "net.", "io.", "system.", "user."};
    size_t labels = 1;
    if (t.n < 7 || t.n > MAX_HOST || !isalnum(t.p[0]))
        return false;
    for (size_t i = 0; i < t.n; i++) {
        labels += t.p[i] == '.';
        if (!(isalnum(t.p[i]) || t.p[i] == '-' || t.p[i] == '.') || (t.p[i] == '.' && (i + 1 == t.n || t.p[i + 1] == '.')))
            return false;
    }
    size_t dot = t.n;
    while (dot && t.p[dot - 1] != '.')
        dot--;
    for (size_t i = dot; i < t.n; i++)
        if (!isalpha(t.p[i]))
            return false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (cu_eq_str(cu_slice(t, dot, t.n), files[i]))
            return false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (cu_starts(t, cu_str(first[i])))
            return false;
    return labels > 2 && t.n - dot >= 2;
}

static void scan_names(walk *w, cu_bytes t)
{
    for (size_t i = 0; i < t.n;) {
        size_t from = i;
        while (i < t.n && (isalnum(t.p[i]) || t.p[i] == '-' || t.p[i] == '.' || t.p[i] == '%'))
            i++;
        bool in_path_of = from && t.p[from - 1] == '/' && !(from > 2 && t.p[from - 2] == '/');
        bool in_template = from > 1 && t.p[from - 1] == '{' && t.p[from - 2] == '{';
        cu_bytes name = cu_slice(t, from, i);
        while (name.n && (name.p[0] == '-' || name.p[0] == '+'))
            name = cu_slice(name, 1, name.n);
        if (!in_path_of && !in_template && full_name(name) && !(i < t.n && (t.p[i] == '_' || t.p[i] == '(' || t.p[i] == '/')))
            host_add(w, name);
        i += i == from;
    }
}

/* host=db in the text that a database is opened with (PostgreSQL 34.1.1, ODBC, ADO.NET). */
static void scan_settings(walk *w, cu_bytes t)
{
    static const char *const names[] = {"host=", "hostaddr=", "server=", "data source="};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t n = strlen(names[k]), used = 0;
        for (size_t i = 0; i + n < t.n; i++)
            if (strncasecmp((const char *)t.p + i, names[k], n) == 0 && (i == 0 || memchr(" ;?&,=\"'", t.p[i - 1], 8)) && isalnum(t.p[i + n])) {
                cu_bytes h = host_authority(w, cu_slice(t, i + n, t.n), &used);
                if (!cu_starts(cu_slice(t, i + n + h.n, t.n), CU_LIT("://"))) /* an address, which is found as such */
                    host_add(w, h);
            }
    }
}

/* Where a scheme ends: unknown parts and templates may be one. 's/://g' has none. */
static bool behind_scheme(cu_bytes t, size_t at)
{
    return at == 0 || isalnum(t.p[at - 1]) || memchr("+-.})*]\"'`", t.p[at - 1], 10) || t.p[at - 1] == OPEN || t.p[at - 1] == SPLIT;
}

/* What follows is no host but something of this machine. */
static bool of_this_machine(const walk *w, cu_bytes t, size_t at)
{
    const cu_command_pack *pack = w->g->packs[CU_TIER_DEFAULT];
    size_t from = at;
    while (from && (isalnum(t.p[from - 1]) || memchr("-.", t.p[from - 1], 2)))
        from--;
    return pack && in_list(&pack->local_schemes, cu_slice(t, from, at));
}

void host_scan(walk *w, cu_bytes t)
{
    if (!memchr(t.p ? t.p : (const uint8_t *)"", ' ', t.n))
        scan_names(w, t);
    if (t.n && memchr(t.p, '=', t.n))
        scan_settings(w, t);
    for (size_t at = 0; (at = cu_find(t, CU_LIT("://"), at)) != SIZE_MAX;) {
        size_t used = 0;
        at += 3;
        if (!behind_scheme(t, at - 3) || of_this_machine(w, t, at - 3))
            continue;
        host_add(w, host_authority(w, cu_slice(t, at, t.n), &used));
    }
    scan_addresses(w, t);
}
