#include "capture.h"
#include "node.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "store/body_keys.h"

#define DAY_NS (86400ull * 1000000000)

static uint32_t today(void)
{
    return (uint32_t)(cu_now_ns() / DAY_NS);
}

cu_err capture_open(app *a, cu_fault *f)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/bodies", a->config->state_dir);
    cu_err e = cu_mkdirs(path, 0750);
    a->bodies_fd = e == CU_OK ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (a->bodies_fd < 0)
        return cu_fail(f, e == CU_OK ? cu_errno_err(errno) : e, "%.200s: %s", path, e == CU_OK ? strerror(errno) : cu_err_text(e));
    snprintf(path, sizeof path, "%s/body-keys.db", a->config->state_dir);
    mode_t was = umask(0077);
    e = cu_body_keys_open(path, &a->body_keys, f);
    umask(was);
    return e;
}

void capture_close(app *a)
{
    cu_body_keys_close(a->body_keys);
    cu_close_fd(&a->bodies_fd);
}

/* --- folders: one a data key --- */

/* Workers put files into it, and cannot list it. */
static cu_err make_folder(const app *a, const char *id)
{
    struct passwd *www = getuid() == 0 ? getpwnam("www-data") : NULL;
    if (mkdirat(a->bodies_fd, id, 0700) != 0 && errno != EEXIST)
        return cu_errno_err(errno);
    if (www && (fchownat(a->bodies_fd, id, (uid_t)-1, www->pw_gid, AT_SYMLINK_NOFOLLOW) != 0 || fchmodat(a->bodies_fd, id, 02730, 0) != 0))
        return cu_errno_err(errno);
    return CU_OK;
}

/* The person of a file; of one that was not finished (a worker was killed) as well. False: no such file. */
static bool person_of_file(const char *name, cu_bytes *person)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    *person = cu_body_name_person(name + (name[0] == '.'));
    return true;
}

typedef struct {
    const char *person; /* NULL: whoever's */
    bool remove;
    uint64_t n;
} sweeping;

static cu_err sweep_folder(const app *a, const char *id, sweeping *w)
{
    int fd = openat(a->bodies_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    cu_err e = CU_OK;
    if (!d) {
        e = errno == ENOENT ? CU_OK : cu_errno_err(errno);
        cu_close_fd(&fd);
        return e;
    }
    for (struct dirent *en; e == CU_OK && (en = readdir(d));) {
        cu_bytes person;
        if (!person_of_file(en->d_name, &person) || (w->person && !cu_eq_str(person, w->person)))
            continue;
        w->n += person.n > 0 && en->d_name[0] != '.';
        if (w->remove && unlinkat(fd, en->d_name, 0) != 0 && errno != ENOENT)
            e = cu_errno_err(errno);
    }
    if (e == CU_OK && w->remove && fsync(fd) != 0)
        e = CU_IO;
    closedir(d);
    return e;
}

/* Every folder of the tenant's data keys. */
static cu_err sweep(app *a, const char *tenant, sweeping *w)
{
    cu_body_key *k;
    size_t n;
    cu_err e = cu_body_keys_list(a->body_keys, tenant, &k, &n);
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = sweep_folder(a, k[i].id, w);
    free(k);
    return e;
}

uint64_t capture_count(app *a, const char *tenant, const char *person)
{
    sweeping w = {.person = person[0] ? person : NULL};
    return sweep(a, tenant, &w) == CU_OK ? w.n : 0;
}

/* --- keys --- */

static void known_of(const cu_body_key *k, char out[160])
{
    snprintf(out, 160, "body key %s %s %u %u", k->id, k->tenant, k->class, k->day);
}

static cu_err tell_made(app *a, const cu_body_key *k)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    char day[CU_TIME_LEN];
    cu_time_text(k->day * DAY_NS, day);
    cu_buf_fmt(&b, "{\"class\":\"%s\",\"day\":\"%s\",\"keep_days\":%u,\"key\":\"%s\"}", cu_data_class_name(k->class), day, k->keep_days, k->id);
    return record(a, "datakey.rotated", k->tenant, "daemon", &b);
}

static cu_err make_key(app *a, const char *tenant, unsigned class, uint32_t day, uint32_t keep_days, cu_body_key *out, cu_fault *f)
{
    uint8_t id[CU_BODY_KEY], secret[CU_X25519_KEY], kek[CU_SEAL_KEY];
    char known[160];
    cu_buf box CU_CLEAN_BUF = CU_BUF(sizeof out->sealed);
    *out = (cu_body_key){.class = (uint8_t)class, .day = day, .keep_days = keep_days};
    CU_TRY(keystore_kek(a, tenant, kek, f));
    cu_random(id, sizeof id);
    cu_hex(out->id, id, sizeof id);
    snprintf(out->tenant, sizeof out->tenant, "%s", tenant);
    cu_random(secret, sizeof secret);
    known_of(out, known);
    cu_err e = cu_x25519_public(secret, out->pk);
    if (e == CU_OK)
        e = cu_seal(kek, cu_str(known), cu_bytes_of(secret, sizeof secret), &box);
    cu_wipe(secret, sizeof secret);
    cu_wipe(kek, sizeof kek);
    if (e != CU_OK)
        return e;
    memcpy(out->sealed, box.p, sizeof out->sealed);
    CU_TRY(tell_made(a, out));
    CU_TRY(make_folder(a, out->id)); /* a key that is known has its folder */
    return cu_body_keys_add(a->body_keys, out);
}

static cu_err key_secret(app *a, const cu_body_key *k, uint8_t secret[CU_X25519_KEY])
{
    uint8_t kek[CU_SEAL_KEY];
    char known[160];
    cu_fault f = {0};
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_X25519_KEY + 1);
    if (k->destroyed)
        return CU_NOT_FOUND;
    CU_TRY(keystore_kek(a, k->tenant, kek, &f));
    known_of(k, known);
    cu_err e = cu_unseal(kek, cu_str(known), cu_bytes_of(k->sealed, sizeof k->sealed), &text);
    cu_wipe(kek, sizeof kek);
    if (e == CU_OK && text.n != CU_X25519_KEY)
        e = CU_CORRUPT;
    if (e == CU_OK)
        memcpy(secret, text.p, CU_X25519_KEY);
    return e;
}

bool capture_holds(app *a, const char *key)
{
    cu_body_key k;
    return cu_body_keys_get(a->body_keys, key, &k) == CU_OK && !k.destroyed;
}

/* --- the bundle --- */

static cu_err put_key(app *a, cu_bundle *b, uint32_t tenant, const cu_config_kept *kept, unsigned class, uint32_t day, cu_fault *f)
{
    cu_body_key k;
    cu_bundle_body_key *to = &b->body_keys[b->body_keys_n];
    cu_err e = cu_body_keys_find(a->body_keys, kept->tenant, class, day, &k);
    if (e == CU_NOT_FOUND)
        e = make_key(a, kept->tenant, class, day, kept->days[class], &k, f);
    if (e != CU_OK || k.destroyed)
        return e;
    *to = (cu_bundle_body_key){.tenant = tenant, .day = day, .class = (uint8_t)class, .refuse = kept->refuse};
    memcpy(to->pk, k.pk, sizeof to->pk);
    if (!cu_unhex(to->id, sizeof to->id, cu_str(k.id)))
        return CU_CORRUPT;
    b->body_keys_n++;
    return make_folder(a, k.id);
}

static int by_user(const void *x, const void *y)
{
    return cu_cmp(((const cu_bundle_body_person *)x)->user, ((const cu_bundle_body_person *)y)->user);
}

/* Of each person with a key of this tenant. */
static cu_err put_persons(app *a, cu_bundle *b, uint32_t tenant)
{
    for (size_t i = 0; i < b->keys_n; i++) {
        char person[CU_PSEUDONYM_LEN];
        uint8_t secret[CU_X25519_KEY];
        const cu_bundle_key *k = &b->keys[i];
        if (k->tenant != tenant || k->service || k->user.n != CU_PSEUDONYM_LEN - 1)
            continue;
        snprintf(person, sizeof person, "%.*s", CU_FMT(k->user));
        cu_err e = person_body_secret(a, person, secret);
        if (e == CU_NOT_FOUND)
            continue; /* erased */
        cu_bundle_body_person *to = &b->body_persons[b->body_persons_n++];
        to->user = k->user;
        if (e == CU_OK)
            e = cu_x25519_public(secret, to->pk);
        cu_wipe(secret, sizeof secret);
        CU_TRY(e);
    }
    return CU_OK;
}

static void sort_persons(cu_bundle *b)
{
    size_t n = 0;
    if (b->body_persons_n)
        qsort(b->body_persons, b->body_persons_n, sizeof *b->body_persons, by_user);
    for (size_t i = 0; i < b->body_persons_n; i++)
        if (n == 0 || !cu_eq(b->body_persons[n - 1].user, b->body_persons[i].user))
            b->body_persons[n++] = b->body_persons[i];
    b->body_persons_n = n;
}

cu_err capture_publish(app *a, cu_bundle *b, cu_arena *arena, cu_fault *f)
{
    const cu_config_capture *c = &a->config->capture;
    uint32_t day = today();
    b->body_keys = cu_arena_alloc(arena, (c->tenants_n * CU_DATA_CLASSES * 2 + 1) * sizeof *b->body_keys);
    b->body_persons = cu_arena_alloc(arena, (b->keys_n + 1) * sizeof *b->body_persons);
    if (!b->body_keys || !b->body_persons)
        return CU_NOMEM;
    for (size_t i = 0; i < c->tenants_n; i++) {
        uint32_t tenant = 0;
        while (tenant < b->tenants_n && !cu_eq_str(b->tenants[tenant].name, c->tenants[i].tenant))
            tenant++;
        for (unsigned class = 0; class < CU_DATA_CLASSES; class++)
            for (uint32_t d = 0; d < 2 && c->tenants[i].days[class]; d++)
                CU_TRY(put_key(a, b, tenant, &c->tenants[i], class, day + d, f));
        CU_TRY(put_persons(a, b, tenant));
    }
    sort_persons(b);
    a->capture_day = day;
    return CU_OK;
}

/* --- the end of a key --- */

static cu_err tell_destroyed(app *a, const cu_body_key *k, uint64_t bodies)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    char day[CU_TIME_LEN];
    cu_time_text(k->day * DAY_NS, day);
    cu_buf_fmt(&b, "{\"approver\":\"configuration\",\"basis\":\"retention of %u days\",\"bodies\":%llu,\"class\":\"%s\",\"day\":\"%s\",\"key\":\"%s\","
                   "\"persons\":0,\"revoked\":0,\"subject\":\"data-key\"}", k->keep_days, (unsigned long long)bodies, cu_data_class_name(k->class), day, k->id);
    return record(a, "key.destroyed", k->tenant, "daemon", &b);
}

/* The key first: from then on nothing opens what is left. The row goes when the entry is durable, so that
 * an interruption tells it twice rather than never. */
static cu_err end_key(app *a, const cu_body_key *k, bool tell)
{
    sweeping w = {.remove = true};
    if (!k->destroyed)
        CU_TRY(cu_body_keys_destroy(a->body_keys, k->id));
    CU_TRY(sweep_folder(a, k->id, &w));
    if (unlinkat(a->bodies_fd, k->id, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return cu_errno_err(errno);
    if (fsync(a->bodies_fd) != 0)
        return CU_IO;
    if (tell)
        CU_TRY(tell_destroyed(a, k, w.n));
    return cu_body_keys_drop(a->body_keys, k->id);
}

/* A shorter time that is configured now counts at once; a longer one for new keys only. */
static bool is_due(const app *a, const cu_body_key *k, uint32_t day)
{
    const cu_config_kept *c = cu_capture_of(&a->config->capture, k->tenant);
    uint32_t days = k->keep_days, now = c ? c->days[k->class] : 0;
    if (now && now < days)
        days = now;
    return k->destroyed || day > k->day + days;
}

typedef struct {
    uint64_t due, erased, kept;
} retention;

/* One that cannot be destroyed does not keep the others. */
static cu_err end_due(app *a, retention *r)
{
    cu_body_key *k = NULL;
    size_t n = 0;
    pthread_mutex_lock(&a->lock);
    cu_err e = cu_body_keys_list(a->body_keys, NULL, &k, &n);
    for (size_t i = 0; i < n; i++) {
        bool due = is_due(a, &k[i], today());
        cu_err one = due ? end_key(a, &k[i], true) : CU_OK;
        r->kept += !due;
        r->due += due;
        r->erased += due && one == CU_OK;
        e = e == CU_OK ? one : e;
    }
    pthread_mutex_unlock(&a->lock);
    free(k);
    return e;
}

/* Once a day, and when something was due; a failure once an hour while it lasts. */
static void tell_run(app *a, const retention *r, cu_err e)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(256);
    if (e != CU_OK) {
        cu_buf_fmt(&b, "{\"due\":%llu,\"failed\":%llu}", (unsigned long long)r->due, (unsigned long long)(r->due - r->erased));
        if (older_than(a, "retention.failed", 3600))
            (void)node_tell(a, "retention.failed", &b);
        return;
    }
    cu_buf_fmt(&b, "{\"due\":%llu,\"erased\":%llu,\"kept\":%llu}", (unsigned long long)r->due, (unsigned long long)r->erased, (unsigned long long)r->kept);
    if (r->due || older_than(a, "retention.run", 86400) || told_after(a, "retention.failed", "retention.run"))
        (void)node_tell(a, "retention.run", &b);
}

/* What a request that was under way left after its caller was erased. */
static cu_err drop_strays(app *a)
{
    cu_body_key *k;
    size_t n;
    cu_err e = cu_body_keys_list(a->body_keys, NULL, &k, &n);
    for (size_t i = 0; i < n && e == CU_OK; i++) {
        int fd = openat(a->bodies_fd, k[i].id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        for (struct dirent *en; d && (en = readdir(d));) {
            char person[CU_PSEUDONYM_LEN];
            cu_vault_person p;
            cu_bytes of;
            if (!person_of_file(en->d_name, &of))
                continue;
            snprintf(person, sizeof person, "%.*s", of.n < sizeof person ? (int)of.n : 0, of.p ? (const char *)of.p : "");
            if (is_pseudonym(person) && cu_vault_person_get(a->vault, person, &p) == CU_NOT_FOUND)
                (void)unlinkat(fd, en->d_name, 0);
        }
        if (d)
            closedir(d);
        else
            cu_close_fd(&fd);
    }
    free(k);
    return e;
}

void capture_tick(app *a, bool strays)
{
    cu_fault f = {0};
    retention r = {0};
    cu_err e = end_due(a, &r);
    tell_run(a, &r, e);
    if (e == CU_OK && strays)
        e = drop_strays(a);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "bodies whose time is over could not be destroyed: %s; tried again in a minute", cu_err_text(e));
    if (!a->config->capture.tenants_n || a->capture_day == today())
        return;
    pthread_mutex_lock(&a->lock);
    e = publish_bundle(a, &f);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "no bundle with the day's keys: %s", f.text);
}

cu_err capture_erase(app *a, const char *tenant, const char *person, cu_fault *f)
{
    sweeping w = {.person = person, .remove = true};
    cu_body_key *k;
    size_t n;
    if (person[0]) {
        cu_err e = sweep(a, tenant, &w);
        return e == CU_OK ? CU_OK : cu_fail(f, e, "bodies could not be removed: %s", cu_err_text(e));
    }
    cu_err e = cu_body_keys_list(a->body_keys, tenant, &k, &n);
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = end_key(a, &k[i], false); /* one entry says it of all of them */
    free(k);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "data keys could not be destroyed: %s", cu_err_text(e));
}

/* --- opening --- */

static cu_err read_file(const app *a, const capture_wanted *w, cu_buf *file)
{
    char name[CU_BODY_NAME], path[CU_BODY_NAME + CU_BODY_KEY_HEX + 1];
    cu_sha256 digest;
    char hex[65];
    cu_body_name(w->exchange, w->part, cu_str(w->person), name);
    snprintf(path, sizeof path, "%s/%s", w->key, name);
    CU_TRY(cu_file_read(a->bodies_fd, path, file));
    cu_sha256_of(cu_buf_view(file), &digest);
    cu_hex(hex, digest.b, sizeof digest.b);
    return strcmp(hex, w->digest) == 0 ? CU_OK : CU_CORRUPT;
}

static cu_err open_file(app *a, const capture_wanted *w, const cu_body_key *k, cu_bytes file, cu_buf *text)
{
    cu_body_about about;
    cu_sha256 commitment;
    uint8_t secret[CU_X25519_KEY], person[CU_X25519_KEY];
    char hex[65];
    CU_TRY(cu_body_read(file, &about));
    if (strcmp(about.exchange, w->exchange) != 0 || about.part != w->part || about.class != k->class)
        return CU_CORRUPT;
    if (about.personal)
        CU_TRY(person_body_secret(a, w->person, person));
    cu_err e = key_secret(a, k, secret);
    if (e == CU_OK)
        e = cu_body_open(file, secret, about.personal ? person : NULL, text, &commitment);
    cu_wipe(secret, sizeof secret);
    cu_wipe(person, sizeof person);
    if (e != CU_OK)
        return e;
    cu_hex(hex, commitment.b, sizeof commitment.b);
    return strcmp(hex, w->commitment) == 0 ? CU_OK : CU_CORRUPT;
}

cu_err capture_open_body(app *a, const capture_wanted *w, cu_buf *text)
{
    cu_body_key k;
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BODY_MAX + CU_BODY_EXTRA);
    CU_TRY(cu_body_keys_get(a->body_keys, w->key, &k));
    if (strcmp(k.tenant, w->tenant) != 0)
        return CU_CORRUPT;
    CU_TRY(read_file(a, w, &file));
    return open_file(a, w, &k, cu_buf_view(&file), text);
}
