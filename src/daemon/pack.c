/* Packs what was sealed, a little at a time: the disk and the processors are the gateway's first. */
#include "watch.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "ledger/pack.h"

#define AT_ONCE 8u     /* bundles, and then a pause: about 8,000 entries a second */
#define BETWEEN_MS 250
#define LOOK_S 10      /* when nothing was left to pack */

static void rest(const app *a, unsigned ms)
{
    for (unsigned t = 0; t < ms && !*a->stop; t += 20)
        usleep(20000);
}

void *pack_thread(void *arg)
{
    app *a = arg;
    cu_packer *p = NULL;
    char said[320] = "";
    while (!*a->stop) {
        cu_fault f = {0};
        unsigned packed = 0;
        cu_err e = p ? CU_OK : cu_packer_open(a->config->log_dir, &p, &f);
        if (e == CU_OK)
            e = cu_packer_step(p, AT_ONCE, &packed, &f);
        if (e != CU_OK && strcmp(said, f.text) != 0) /* once, not at every turn */
            cu_say(e == CU_CORRUPT ? CU_LOG_ERROR : CU_LOG_WARN, "%s", f.text);
        snprintf(said, sizeof said, "%s", e == CU_OK ? "" : f.text);
        rest(a, packed == AT_ONCE || e == CU_CORRUPT ? BETWEEN_MS : LOOK_S * 1000);
    }
    cu_packer_close(p);
    return NULL;
}
