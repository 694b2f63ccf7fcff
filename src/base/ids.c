#include "base/ids.h"
#include "base/clock.h"
#include "base/digest.h"
#include <pthread.h>
#include <stdio.h>

#define AHEAD 1024u

/* Random bytes are fetched ahead: a system call for each identifier is a good part of what a leaf costs.
 * A child of fork() begins anew, so that two processes never draw the same. */
static _Thread_local struct {
    uint8_t v[AHEAD];
    size_t left;
    unsigned generation;
} ahead;
static volatile unsigned generation = 1;

static void after_fork(void)
{
    generation++;
}

__attribute__((constructor)) static void watch_forks(void)
{
    CU_ASSERT(pthread_atfork(NULL, NULL, after_fork) == 0);
}

static void draw(uint8_t *to, size_t n)
{
    if (ahead.generation != generation || ahead.left < n) {
        cu_random(ahead.v, sizeof ahead.v);
        ahead.left = sizeof ahead.v;
        ahead.generation = generation;
    }
    ahead.left -= n;
    memcpy(to, ahead.v + ahead.left, n);
}

void cu_id_at(uint64_t ns, char out[CU_ID_LEN])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t ms = ns / 1000000ULL;
    uint8_t r[16];
    draw(r, sizeof r);
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = alphabet[ms & 31];
    for (int i = 0; i < 16; i++)
        out[10 + i] = alphabet[r[i] & 31];
    out[26] = 0;
}

void cu_id_new(char out[CU_ID_LEN])
{
    cu_id_at(cu_now_ns(), out);
}

void cu_uuid_new(char out[CU_UUID_LEN])
{
    uint8_t b[16];
    char hex[33];
    cu_random(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    cu_hex(hex, b, sizeof b);
    snprintf(out, CU_UUID_LEN, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}
