/* Whether what is stored is sealed as it has to be: every kept body has its form and its key, every tenant's key opens. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "capture.h"
#include "node.h"
#include "store/body_keys.h"

#define DAY_NS (86400ull * 1000000000)

typedef struct {
    uint64_t objects, bad_objects, keys, bad_keys, entries, bad_entries;
    uint32_t oldest;          /* day of the oldest data key; 0: there is none */
} checked;

/* As far as its header: kind, class and the id of the key that it is sealed to. */
static bool good_body(int folder, const char *name, const cu_body_key *k)
{
    uint8_t head[CU_BODY_EXTRA + 1], id[CU_BODY_KEY];
    cu_body_about about;
    int fd CU_CLEAN_FD = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;
    if (n <= 0 || !cu_unhex(id, sizeof id, cu_str(k->id)))
        return false;
    return cu_body_read(cu_bytes_of(head, (size_t)n), &about) == CU_OK && about.class == k->class && memcmp(about.key, id, sizeof id) == 0;
}

static void look_at_folder(const app *a, const cu_body_key *k, checked *c)
{
    int fd = openat(a->bodies_fd, k->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *en; d && (en = readdir(d));) {
        if (en->d_name[0] == '.')
            continue; /* itself, and what a worker is just writing */
        c->objects++;
        c->bad_objects += !good_body(fd, en->d_name, k);
    }
    if (d)
        closedir(d);
    else
        cu_close_fd(&fd);
}

static void look_at_bodies(app *a, checked *c)
{
    cu_body_key *k = NULL;
    size_t n = 0;
    if (cu_body_keys_list(a->body_keys, NULL, &k, &n) != CU_OK)
        c->bad_keys++;
    for (size_t i = 0; i < n; i++) {
        look_at_folder(a, &k[i], c);
        if (!k[i].destroyed && (!c->oldest || k[i].day < c->oldest))
            c->oldest = k[i].day;
    }
    free(k);
}

/* A folder that belongs to no key was put there by somebody else. */
static void look_for_strangers(app *a, checked *c)
{
    cu_body_key k;
    int fd = openat(a->bodies_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *en; d && (en = readdir(d));)
        c->bad_objects += en->d_name[0] != '.' && cu_body_keys_get(a->body_keys, en->d_name, &k) == CU_NOT_FOUND;
    if (d)
        closedir(d);
    else
        cu_close_fd(&fd);
}

static void look_at_keys(app *a, checked *c)
{
    uint8_t keys[TENANT_KEYS_LEN];
    cu_fault f = {0};
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->config->tenants_n; i++) {
        bool good = keystore_tenant(a, a->config->tenants[i].name, keys, &f) == CU_OK;
        c->keys += good;
        c->bad_keys += !good;
    }
    pthread_mutex_unlock(&a->lock);
    cu_wipe(keys, sizeof keys);
}

static bool add_size(void *arg, const char *log, uint64_t size)
{
    ((checked *)arg)->entries += size;
    return true;
}

/* The registry of events has no place for texts that were sent: an entry that fits it holds none. New misfits count once. */
static void look_at_entries(app *a, checked *c)
{
    char last[400], text[32];
    bool changed = false;
    uint64_t misfits = cu_store_misfits(a->store, last);
    snprintf(text, sizeof text, "%llu", (unsigned long long)misfits);
    if (cu_store_reaches(a->store, add_size, c) != CU_OK || cu_store_note(a->store, "store-misfits", text, &changed) != CU_OK)
        c->bad_entries++;
    c->bad_entries += changed ? misfits : 0;
}

bool store_check(app *a)
{
    checked c = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    look_at_bodies(a, &c);
    look_for_strangers(a, &c);
    look_at_keys(a, &c);
    look_at_entries(a, &c);
    bool good = !c.bad_objects && !c.bad_keys && !c.bad_entries;
    if (good)
        cu_buf_fmt(&b, "{\"entries\":%llu,\"keys\":%llu,\"objects\":%llu,\"oldest_days\":%llu}", (unsigned long long)c.entries, (unsigned long long)c.keys,
                   (unsigned long long)c.objects, (unsigned long long)(c.oldest ? cu_now_ns() / DAY_NS - c.oldest : 0));
    else
        cu_buf_fmt(&b, "{\"bad_entries\":%llu,\"bad_keys\":%llu,\"bad_objects\":%llu}", (unsigned long long)c.bad_entries, (unsigned long long)c.bad_keys,
                   (unsigned long long)c.bad_objects);
    if (!good)
        cu_say(CU_LOG_ERROR, "the store is not in order: %llu bodies, %llu keys, %llu entries", (unsigned long long)c.bad_objects, (unsigned long long)c.bad_keys,
               (unsigned long long)c.bad_entries);
    return node_tell(a, good ? "store.verified" : "store.failed", &b) && good;
}
