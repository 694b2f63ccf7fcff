/* How often somebody may be wrong: five times with one name from one address, twenty with one name, thirty
 * from one address, each within a quarter of an hour; then a quarter of an hour's rest. A name that nobody
 * has counts like any other, so that a lockout tells nothing. In memory, and bounded: who floods it pushes
 * out the oldest counts that lock nobody. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"

#define SLOTS 8192u
#define WINDOW_NS (15ull * 60 * 1000000000)
#define PAIR_MAX 5u
#define NAME_MAX_FAILURES 20u
#define ADDRESS_MAX 30u

typedef struct {
    uint64_t key, since_ns, until_ns;
    unsigned n;
} slot;

static struct {
    pthread_mutex_t lock;
    bool ready;
    uint8_t secret[32];
    slot v[SLOTS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct {
    uint64_t key;
    unsigned max;
} counted;

/* Of IPv6 the network counts, not the host. */
static void network_of(const char *address, char out[46])
{
    struct in6_addr v6;
    snprintf(out, 46, "%s", address);
    if (strchr(address, ':') && inet_pton(AF_INET6, address, &v6) == 1) {
        memset(v6.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &v6, out, 46);
    }
}

static uint64_t key_of(const char *kind, const char *name, const char *address)
{
    cu_sha256 mac;
    uint64_t key;
    if (!table.ready) {
        cu_random(table.secret, sizeof table.secret);
        table.ready = true;
    }
    cu_hmac_sha256_3(cu_bytes_of(table.secret, sizeof table.secret), cu_str(kind), cu_bytes_of(name, strlen(name) + 1), cu_str(address), &mac);
    memcpy(&key, mac.b, sizeof key);
    return key | 1; /* 0: free */
}

static size_t counts_of(const char *name, const char *address, counted out[3])
{
    char network[46] = "";
    size_t n = 0;
    if (address)
        network_of(address, network);
    if (name && address)
        out[n++] = (counted){key_of("pair", name, network), PAIR_MAX};
    if (name)
        out[n++] = (counted){key_of("name", name, ""), NAME_MAX_FAILURES};
    if (address)
        out[n++] = (counted){key_of("address", "", network), ADDRESS_MAX};
    return n;
}

/* Eight places a key may be in; with_room: the one to write over when it is in none. */
static slot *look(uint64_t key, uint64_t now, bool with_room)
{
    slot *oldest = NULL;
    for (size_t i = 0; i < 8; i++) {
        slot *s = &table.v[(key + i) % SLOTS];
        if (s->key == key)
            return s;
        if (s->until_ns <= now && (!oldest || s->since_ns < oldest->since_ns))
            oldest = s;
    }
    if (!with_room)
        return NULL;
    return oldest ? oldest : &table.v[key % SLOTS];
}

uint64_t attempts_wait(const char *name, const char *address)
{
    counted c[3];
    uint64_t now = cu_now_ns(), wait = 0;
    pthread_mutex_lock(&table.lock);
    size_t n = counts_of(name, address, c);
    for (size_t i = 0; i < n; i++) {
        const slot *s = look(c[i].key, now, false);
        if (s && s->until_ns > now && (s->until_ns - now) / 1000000000 + 1 > wait)
            wait = (s->until_ns - now) / 1000000000 + 1;
    }
    pthread_mutex_unlock(&table.lock);
    return wait;
}

bool attempts_failed(const char *name, const char *address)
{
    counted c[3];
    uint64_t now = cu_now_ns();
    bool locked = false;
    pthread_mutex_lock(&table.lock);
    size_t n = counts_of(name, address, c);
    for (size_t i = 0; i < n; i++) {
        slot *s = look(c[i].key, now, true);
        if (s->key != c[i].key || now - s->since_ns > WINDOW_NS)
            *s = (slot){.key = c[i].key, .since_ns = now};
        if (++s->n >= c[i].max) {
            *s = (slot){.key = c[i].key, .since_ns = now, .until_ns = now + WINDOW_NS};
            locked = true;
        }
    }
    pthread_mutex_unlock(&table.lock);
    return locked;
}

void attempts_passed(const char *name, const char *address)
{
    counted c[3];
    uint64_t now = cu_now_ns();
    pthread_mutex_lock(&table.lock);
    size_t n = counts_of(name, address, c);
    for (size_t i = 0; i < n && i < 2; i++) { /* what others got wrong from this address stays */
        slot *s = look(c[i].key, now, false);
        if (s)
            *s = (slot){0};
    }
    pthread_mutex_unlock(&table.lock);
}
