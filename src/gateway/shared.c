/* Memory that all workers share, and what guards it. A worker that dies while it holds the lock
 * leaves counters that are off by one request, never a lock that nobody can take. */
#include "gateway.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "base/file.h"

#define MAGIC "CULIMIT1"
#define LOST UINT32_MAX

/* What a key or a tenant has used, and how many of its requests are under way in each process. */
typedef struct {
    uint64_t id;
    cu_usage usage;
    uint16_t running[GW_PROCESSES];
} slot;

/* In a file of the run directory, so that a restart does not begin the day anew. */
typedef struct {
    char magic[8];
    uint64_t size;
    uint32_t n;
    pthread_mutex_t lock;
    uint32_t index[2 * GW_LIMIT_SLOTS]; /* open addressing: 1 + number of the slot, 0 free */
    slot slots[GW_LIMIT_SLOTS];
} table;

static table *limits;

static bool lock(pthread_mutex_t *m)
{
    int rc = pthread_mutex_lock(m);
    if (rc == EOWNERDEAD)
        rc = pthread_mutex_consistent(m);
    return rc == 0;
}

static bool make_lock(pthread_mutex_t *m)
{
    pthread_mutexattr_t a;
    memset(m, 0, sizeof *m);
    return pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0 &&
           pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0 && pthread_mutex_init(m, &a) == 0;
}

/* --- slots --- */

static uint32_t find(uint64_t id, uint32_t *place)
{
    for (uint32_t i = 0; i < 2 * GW_LIMIT_SLOTS; i++) {
        *place = (uint32_t)((id + i) % (2 * GW_LIMIT_SLOTS));
        uint32_t at = limits->index[*place];
        if (at == 0 || at > limits->n)
            return LOST;
        if (limits->slots[at - 1].id == id)
            return at - 1;
    }
    return LOST;
}

static bool idle(const slot *s, uint64_t now_ns)
{
    for (unsigned i = 0; i < GW_PROCESSES; i++)
        if (s->running[i])
            return false;
    return now_ns > s->usage.at_ns && now_ns - s->usage.at_ns > 2 * 86400ull * 1000000000;
}

/* Lets go of who has not asked for two days. */
static void compact(uint64_t now_ns)
{
    uint32_t kept = 0, place;
    for (uint32_t i = 0; i < limits->n; i++)
        if (!idle(&limits->slots[i], now_ns))
            limits->slots[kept++] = limits->slots[i];
    memset(limits->index, 0, sizeof limits->index);
    limits->n = kept;
    for (uint32_t i = 0; i < kept; i++)
        if (find(limits->slots[i].id, &place) == LOST)
            limits->index[place] = i + 1;
}

static slot *slot_of(uint64_t id, bool make, uint64_t now_ns)
{
    uint32_t place, at = find(id, &place);
    if (at != LOST || !make)
        return at == LOST ? NULL : &limits->slots[at];
    if (limits->n == GW_LIMIT_SLOTS) {
        compact(now_ns);
        if (limits->n == GW_LIMIT_SLOTS || find(id, &place) != LOST)
            return NULL;
    }
    limits->slots[limits->n] = (slot){.id = id, .usage.at_ns = now_ns};
    limits->index[place] = ++limits->n;
    return &limits->slots[limits->n - 1];
}

/* --- set-up --- */

static bool fits(void)
{
    return memcmp(limits->magic, MAGIC, 8) == 0 && limits->size == sizeof *limits && limits->n <= GW_LIMIT_SLOTS;
}

/* In the master, once. */
static bool open_limits(int run_fd)
{
    int fd CU_CLEAN_FD = openat(run_fd, "limits", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *limits) != 0)
        return false;
    void *p = mmap(NULL, sizeof *limits, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return false;
    limits = p;
    if (!fits()) {
        memset(limits->magic, 0, 8);
        limits->n = 0;
        limits->size = sizeof *limits;
        memcpy(limits->magic, MAGIC, 8);
    }
    for (uint32_t i = 0; i < limits->n; i++)
        memset(limits->slots[i].running, 0, sizeof limits->slots[i].running);
    compact(cu_now_ns());
    return make_lock(&limits->lock);
}

ngx_int_t gw_shared_open(int run_fd)
{
    if (gw.shared)
        return NGX_OK; /* a reload keeps it */
    void *p = mmap(NULL, sizeof *gw.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NGX_ERROR;
    gw.shared = p;
    cu_random(&gw.shared->lockout.seed, sizeof gw.shared->lockout.seed);
    return make_lock(&gw.shared->lock) && make_lock(&gw.shared->joining) && open_limits(run_fd) ? NGX_OK : NGX_ERROR;
}

/* What a process before us, with our number, left behind. */
void gw_shared_worker(void)
{
    if (!lock(&limits->lock))
        return;
    for (uint32_t i = 0; i < limits->n; i++)
        limits->slots[i].running[ngx_process_slot % GW_PROCESSES] = 0;
    pthread_mutex_unlock(&limits->lock);
}

/* --- use --- */

static uint64_t running_of(const slot *s)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < GW_PROCESSES; i++)
        n += s->running[i];
    return n;
}

static bool take(gw_holder *h, size_t n, uint64_t now_ns, slot **s)
{
    for (size_t i = 0; i < n; i++) {
        s[i] = slot_of(h[i].id, true, now_ns);
        if (!s[i])
            return false;
    }
    return true;
}

bool gw_holders_begin(gw_holder *h, size_t n, uint64_t now_ns, gw_limit_hit *hit)
{
    slot *s[GW_HOLDERS];
    *hit = (gw_limit_hit){CU_LIMIT_NONE, 0, 0};
    if (!lock(&limits->lock))
        return false;
    bool ok = take(h, n, now_ns, s);
    for (size_t i = 0; ok && i < n && hit->kind == CU_LIMIT_NONE; i++) {
        hit->kind = cu_limit_request(h[i].limits, &s[i]->usage, running_of(s[i]), now_ns, &hit->wait_ns);
        hit->holder = i;
    }
    for (size_t i = 0; ok && i < n && hit->kind == CU_LIMIT_NONE; i++) {
        cu_usage_request(h[i].limits, &s[i]->usage, now_ns);
        s[i]->running[ngx_process_slot % GW_PROCESSES]++;
    }
    pthread_mutex_unlock(&limits->lock);
    return ok;
}

bool gw_holders_reserve(gw_holder *h, size_t n, uint64_t tokens, uint64_t spend, uint64_t now_ns, gw_limit_hit *hit)
{
    slot *s[GW_HOLDERS];
    *hit = (gw_limit_hit){CU_LIMIT_NONE, 0, 0};
    if (!lock(&limits->lock))
        return false;
    bool ok = take(h, n, now_ns, s);
    for (size_t i = 0; ok && i < n && hit->kind == CU_LIMIT_NONE; i++) {
        hit->kind = cu_limit_tokens(h[i].limits, &s[i]->usage, now_ns, &hit->wait_ns);
        hit->holder = i;
    }
    for (size_t i = 0; ok && i < n && hit->kind == CU_LIMIT_NONE; i++)
        cu_usage_tokens(h[i].limits, &s[i]->usage, tokens, spend, now_ns);
    pthread_mutex_unlock(&limits->lock);
    return ok;
}

void gw_holders_end(gw_holder *h, size_t n, const gw_reserved *was, uint64_t tokens, uint64_t spend, uint64_t now_ns)
{
    if (!lock(&limits->lock))
        return;
    for (size_t i = 0; i < n; i++) {
        slot *s = slot_of(h[i].id, false, now_ns);
        if (!s)
            continue;
        uint16_t *running = &s->running[ngx_process_slot % GW_PROCESSES];
        *running -= *running > 0;
        if (was->at_ns)
            cu_usage_give_back(h[i].limits, &s->usage, was->tokens, was->spend, was->at_ns, now_ns);
        if (tokens || spend)
            cu_usage_tokens(h[i].limits, &s->usage, tokens, spend, now_ns);
    }
    pthread_mutex_unlock(&limits->lock);
}

bool gw_joining_lock(void)
{
    return lock(&gw.shared->joining);
}

void gw_joining_unlock(void)
{
    pthread_mutex_unlock(&gw.shared->joining);
}

uint64_t gw_lockout_wait(const uint8_t address[16], uint64_t key)
{
    if (gw.shared->lockout.used == 0 || !lock(&gw.shared->lock))
        return 0;
    uint64_t wait = cu_lockout_wait(&gw.shared->lockout, address, key, cu_now_ns());
    pthread_mutex_unlock(&gw.shared->lock);
    return wait;
}

bool gw_lockout_note(const uint8_t address[16], uint64_t key, bool good, cu_lockout_rule rule)
{
    bool locked = false;
    if ((good && gw.shared->lockout.used == 0) || !lock(&gw.shared->lock))
        return false;
    if (good)
        cu_lockout_good(&gw.shared->lockout, address, key, cu_now_ns());
    else
        locked = cu_lockout_failed(&gw.shared->lockout, rule, address, cu_now_ns());
    pthread_mutex_unlock(&gw.shared->lock);
    return locked;
}
