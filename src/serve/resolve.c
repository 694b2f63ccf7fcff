/* A thread of its own, because getaddrinfo() may take as long as the resolver likes. */
#include "resolve.h"
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_MS 3000u  /* while some name does not resolve */
#define STEP_MS 50u

static bool resolves(const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *a = NULL;
    if (getaddrinfo(host, NULL, &hints, &a) != 0)
        return false;
    freeaddrinfo(a);
    return true;
}

static void *look(void *arg)
{
    cu_names *n = arg;
    unsigned waited = AGAIN_MS;
    while (!atomic_load(&n->stop)) {
        bool all = true;
        for (size_t i = 0; waited >= AGAIN_MS && i < n->config->vendors_n && !atomic_load(&n->stop); i++) {
            atomic_store(&n->resolved[i], resolves(n->config->vendors[i].host));
            all &= atomic_load(&n->resolved[i]);
        }
        if (waited >= AGAIN_MS) {
            atomic_store(&n->looked, true);
            if (all)
                break; /* nginx keeps what it resolved; a restart asks again */
            waited = 0;
        }
        usleep(STEP_MS * 1000);
        waited += STEP_MS;
    }
    return NULL;
}

static void drop(cu_names *n)
{
    free(n->memory);
    n->resolved = n->memory = NULL;
}

cu_err cu_names_start(cu_names *n, const cu_config *c, cu_fault *f)
{
    *n = (cu_names){.config = c};
    n->resolved = n->memory = calloc(c->vendors_n + 1, sizeof *n->resolved);
    if (!n->resolved || pthread_create(&n->thread, NULL, look, n) != 0) {
        drop(n);
        return cu_fail(f, CU_NOMEM, "no memory to look up the vendors' names");
    }
    return CU_OK;
}

void cu_names_stop(cu_names *n)
{
    if (!n->resolved)
        return;
    atomic_store(&n->stop, true);
    /* A look-up that hangs must not hold up the end: the thread is left to the end of the process. */
    if (atomic_load(&n->looked) && pthread_join(n->thread, NULL) == 0)
        drop(n);
    n->resolved = NULL;
}
