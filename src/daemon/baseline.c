/* The node against its baseline: who may reach what lies on disk, what the daemon may do, what the console says. */
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "node.h"

#define ITEMS_MAX 20u
#define PATH_MAX_HERE 4400u

typedef struct {
    app *a;
    json_t *items;
    unsigned checks, not_possible;
} comparison;

static void differs(comparison *c, const char *what, const char *expected, const char *found)
{
    cu_say(CU_LOG_ERROR, "baseline: %s: %s expected, %s found", what, expected, found);
    if (json_array_size(c->items) < ITEMS_MAX)
        json_array_append_new(c->items, json_pack("{s:s,s:s,s:s}", "expected", expected, "found", found, "what", what));
}

/* --- modes and owners --- */

static const char *meaning(unsigned forbidden)
{
    return forbidden == 0077 ? "nobody but its owner" : forbidden == 0022 ? "nobody else may write" : "nothing for others";
}

/* A file that is not there is no difference: not everybody has each. signer: another process's own. */
static void mode_at(comparison *c, const char *path, const char *what, unsigned forbidden, bool signer)
{
    struct stat st;
    char found[60];
    if (lstat(path, &st) != 0) {
        c->not_possible += errno != ENOENT;
        return;
    }
    c->checks++;
    snprintf(found, sizeof found, "mode 0%o, owner %u", (unsigned)(st.st_mode & 07777), st.st_uid);
    bool stranger = st.st_uid != 0 && st.st_uid != geteuid() && !signer;
    if ((st.st_mode & forbidden && !S_ISLNK(st.st_mode)) || stranger)
        differs(c, what, stranger ? "owned by whom Custos runs as" : meaning(forbidden), found);
}

static void modes(comparison *c)
{
    static const struct {
        const char *name;
        unsigned forbidden;
        bool in_run, signer;
    } all[] = {{"keystore", 0077, false, false}, {"signer", 0077, false, true}, {"spool", 0007, false, false}, {"vault.db", 0077, false, false},
               {"body-keys.db", 0077, false, false}, {"store.db", 0022, false, false}, {"log", 0022, false, false}, {"bodies", 0007, false, false},
               {"admin.sock", 0077, true, false}, {"api.sock", 0007, true, false}, {"bundle", 0007, true, false}};
    char path[PATH_MAX_HERE];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(path, sizeof path, "%.4200s/%s", all[i].in_run ? c->a->run_dir : c->a->config->state_dir, all[i].name);
        mode_at(c, path, all[i].name, all[i].forbidden, all[i].signer);
    }
    if (c->a->config->file)
        mode_at(c, c->a->config->file, "custos.yaml", 0022, false);
}

/* Names of files are ours; what is sealed is for its owner alone, public keys may be read. */
static void keystore_modes(comparison *c)
{
    char path[PATH_MAX_HERE], what[200];
    int fd = openat(c->a->keystore_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *en; d && (en = readdir(d));) {
        size_t n = strlen(en->d_name);
        if (en->d_name[0] == '.' || n > 120)
            continue;
        snprintf(path, sizeof path, "%.4000s/keystore/%.120s", c->a->config->state_dir, en->d_name);
        snprintf(what, sizeof what, "keystore/%.120s", en->d_name);
        mode_at(c, path, what, n > 4 && strcmp(en->d_name + n - 4, ".pub") == 0 ? 0022 : 0077, false);
    }
    if (d)
        closedir(d);
    else
        cu_close_fd(&fd);
}

/* --- the process --- */

static void process(comparison *c)
{
    char line[200], caps[40] = "";
    struct rlimit core = {1, 1};
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "CapEff:", 7) == 0)
            snprintf(caps, sizeof caps, "%.16s", line + 7 + strspn(line + 7, " \t"));
    if (file)
        (void)fclose(file);
    c->not_possible += !caps[0];
    c->checks += caps[0] != 0;
    if (caps[0] && strspn(caps, "0") != strlen(caps))
        differs(c, "capabilities", "none", caps);
    c->checks++;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0)
        differs(c, "core-dumps", "no core is written", "the limit is not 0");
}

/* --- what the network sees --- */

static void listeners(comparison *c)
{
    for (size_t i = 0; i < c->a->config->listen_n; i++) {
        const cu_config_listen *l = &c->a->config->listen[i];
        c->checks++;
        if (!l->loopback && !l->tls_cert)
            differs(c, "listen", "TLS wherever others reach it", l->text);
    }
}

typedef struct {
    bool seen[3];
} said;

static const char *const wanted[] = {"content-security-policy:", "x-content-type-options: nosniff", "referrer-policy:"};

static size_t one_header(char *p, size_t size, size_t n, void *to)
{
    said *s = to;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        s->seen[i] |= size * n >= strlen(wanted[i]) && strncasecmp(p, wanted[i], strlen(wanted[i])) == 0;
    return size * n;
}

static size_t forget(char *p, size_t size, size_t n, void *to)
{
    return size * n;
}

static void headers(comparison *c)
{
    said s = {0};
    char url[600];
    CURL *h = c->a->config->listen_n ? curl_easy_init() : NULL;
    if (!h)
        return;
    snprintf(url, sizeof url, "%.500s/", c->a->config->listen[0].url);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, one_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &s);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, forget);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 3000L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L); /* ourselves, under a certificate for another name */
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    CURLcode rc = curl_easy_perform(h);
    long status = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(h);
    if (rc != CURLE_OK || status != 200) { /* it starts, has no console, or is for client certificates only */
        c->not_possible++;
        return;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        c->checks++;
        if (!s.seen[i])
            differs(c, "console-headers", wanted[i], "not sent");
    }
}

bool baseline_check(app *a, json_t *out)
{
    comparison c = {.a = a, .items = json_array()};
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    modes(&c);
    keystore_modes(&c);
    process(&c);
    listeners(&c);
    headers(&c);
    bool good = json_array_size(c.items) == 0;
    char *items = json_dumps(c.items, JSON_COMPACT | JSON_SORT_KEYS);
    if (good)
        cu_buf_fmt(&b, "{\"checks\":%u,\"not_possible\":%u}", c.checks, c.not_possible);
    else
        cu_buf_fmt(&b, "{\"checks\":%u,\"items\":%s}", c.checks, items ? items : "[]");
    if (out)
        json_array_extend(out, c.items);
    bool told = node_tell(a, good ? "baseline.checked" : "baseline.drift", &b);
    free(items);
    json_decref(c.items);
    return told && good;
}
