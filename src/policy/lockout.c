#include "policy/lockout.h"

/* splitmix64 over both halves. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static cu_lockout_entry *set_of(cu_lockout *t, const uint8_t address[16])
{
    uint64_t a, b;
    memcpy(&a, address, 8);
    memcpy(&b, address + 8, 8);
    return t->v[mix(mix(a ^ t->seed) ^ b) % CU_LOCKOUT_SETS];
}

static cu_lockout_entry *find(cu_lockout *t, const uint8_t address[16])
{
    cu_lockout_entry *set = set_of(t, address);
    for (unsigned i = 0; t->used && i < CU_LOCKOUT_WAYS; i++)
        if (set[i].seen_ns && memcmp(set[i].address, address, 16) == 0)
            return &set[i];
    return NULL;
}

/* A free entry, else the one that was not seen for longest; a locked one last of all. */
static cu_lockout_entry *make(cu_lockout *t, const uint8_t address[16], uint64_t now_ns)
{
    cu_lockout_entry *set = set_of(t, address), *to = NULL;
    for (unsigned i = 0; i < CU_LOCKOUT_WAYS; i++) {
        cu_lockout_entry *e = &set[i];
        if (!to || (e->until_ns > now_ns) < (to->until_ns > now_ns) ||
            ((e->until_ns > now_ns) == (to->until_ns > now_ns) && e->seen_ns < to->seen_ns))
            to = e;
    }
    t->used += to->seen_ns == 0;
    *to = (cu_lockout_entry){.since_ns = now_ns};
    memcpy(to->address, address, 16);
    return to;
}

static bool is_good(const cu_lockout_entry *e, uint64_t key)
{
    for (uint32_t i = 0; i < e->good_n && i < CU_LOCKOUT_GOOD; i++)
        if (e->good[i] == key)
            return true;
    return false;
}

uint64_t cu_lockout_wait(cu_lockout *t, const uint8_t address[16], uint64_t key, uint64_t now_ns)
{
    const cu_lockout_entry *e = find(t, address);
    return e && e->until_ns > now_ns && !is_good(e, key) ? e->until_ns - now_ns : 0;
}

bool cu_lockout_failed(cu_lockout *t, cu_lockout_rule rule, const uint8_t address[16], uint64_t now_ns)
{
    uint64_t span = rule.seconds * 1000000000ull;
    if (rule.failures == 0)
        return false;
    cu_lockout_entry *e = find(t, address);
    if (!e)
        e = make(t, address, now_ns);
    e->seen_ns = now_ns;
    if (now_ns < e->since_ns || now_ns - e->since_ns >= span) {
        e->since_ns = now_ns;
        e->failures = 0;
    }
    if (++e->failures < rule.failures)
        return false;
    e->until_ns = now_ns + span;
    e->since_ns = now_ns;
    e->failures = 0;
    return true;
}

void cu_lockout_good(cu_lockout *t, const uint8_t address[16], uint64_t key, uint64_t now_ns)
{
    cu_lockout_entry *e = find(t, address);
    if (!e)
        return;
    e->seen_ns = now_ns;
    if (!is_good(e, key))
        e->good[e->good_n++ % CU_LOCKOUT_GOOD] = key;
}
