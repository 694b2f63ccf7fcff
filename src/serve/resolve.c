/* A thread of its own, because getaddrinfo() may take as long as the resolver likes. */
#include "resolve.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "policy/address.h"

#define AGAIN_MS 3000u   /* while some name does not resolve */
#define ANEW_MS 60000u   /* when all do: addresses change */
#define STEP_MS 50u

static void add(cu_vendor_addresses *out, const struct sockaddr *a)
{
    const void *from = a->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
                                               : (const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    if (out->n < CU_VENDOR_ADDRESSES && inet_ntop(a->sa_family, from, out->text[out->n], sizeof out->text[0]))
        out->n++;
}

static void resolve(const cu_config_vendor *v, const cu_config_upstream *u, cu_vendor_addresses *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *all = NULL;
    *out = (cu_vendor_addresses){0};
    if (getaddrinfo(u->host, NULL, &hints, &all) != 0) {
        hints.ai_flags = 0; /* a machine without a network still has itself */
        if (getaddrinfo(u->host, NULL, &hints, &all) != 0)
            return;
    }
    for (const struct addrinfo *a = all; a; a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        if (cu_address_is_allowed(a->ai_addr, u->loopback, v->terms.allow_private))
            add(out, a->ai_addr);
        else
            out->refused = true;
    }
    freeaddrinfo(all);
}

static bool look_once(cu_names *n)
{
    bool all = true;
    for (size_t i = 0; i < n->config->vendors_n * CU_VENDOR_UPSTREAMS && !atomic_load(&n->stop); i++) {
        const cu_config_vendor *v = &n->config->vendors[i / CU_VENDOR_UPSTREAMS];
        size_t k = i % CU_VENDOR_UPSTREAMS;
        cu_vendor_addresses a;
        if (k >= v->upstreams_n)
            continue;
        resolve(v, &v->upstreams[k], &a);
        pthread_mutex_lock(&n->lock);
        n->answers[i] = a;
        pthread_mutex_unlock(&n->lock);
        all &= a.n > 0;
    }
    atomic_store(&n->looked, true);
    return all;
}

static void *look(void *arg)
{
    cu_names *n = arg;
    while (!atomic_load(&n->stop)) {
        unsigned wait = look_once(n) ? ANEW_MS : AGAIN_MS;
        for (unsigned t = 0; t < wait && !atomic_load(&n->stop); t += STEP_MS)
            usleep(STEP_MS * 1000);
    }
    return NULL;
}

void cu_names_get(cu_names *n, size_t i, cu_vendor_addresses *out)
{
    pthread_mutex_lock(&n->lock);
    memcpy(out, &n->answers[i * CU_VENDOR_UPSTREAMS], CU_VENDOR_UPSTREAMS * sizeof *out);
    pthread_mutex_unlock(&n->lock);
}

cu_err cu_names_start(cu_names *n, const cu_config *c, cu_fault *f)
{
    *n = (cu_names){.config = c, .lock = PTHREAD_MUTEX_INITIALIZER};
    n->answers = calloc((c->vendors_n + 1) * CU_VENDOR_UPSTREAMS, sizeof *n->answers);
    n->running = n->answers && pthread_create(&n->thread, NULL, look, n) == 0;
    if (n->running)
        return CU_OK;
    free(n->answers);
    return cu_fail(f, CU_NOMEM, "no memory to look up the vendors' names");
}

void cu_names_stop(cu_names *n)
{
    if (!n->running)
        return;
    atomic_store(&n->stop, true);
    n->running = false;
    /* A look-up that hangs must not hold up the end: the thread is left to the end of the process. */
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (pthread_timedjoin_np(n->thread, NULL, &until) == 0)
        free(n->answers);
}
