/* What is kept: looked for in clear in every file of a second Custos, asked for through every operation that reads, and
 * looked for again after it was destroyed. */
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "probe_talk.h"

#define FILE_MAX ((size_t)64 << 20)
#define SEALED_MS 15000u

/* --- looking for a text in files --- */

static struct {
    const char *text;
    char found[80]; /* name of the first file that holds it */
    unsigned files;
} hunt;

static int look(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    if (flag != FTW_F || !S_ISREG(st->st_mode) || cu_file_read(AT_FDCWD, path, &b) != CU_OK)
        return 0;
    hunt.files++;
    if (!hunt.found[0] && cu_find(cu_buf_view(&b), cu_str(hunt.text), 0) != (size_t)-1)
        snprintf(hunt.found, sizeof hunt.found, "%.79s", path + at->base);
    return 0;
}

/* The name of a file below dir that holds text, "" for none; what the probe itself wrote there (credential) is outside. */
static const char *find_in(const char *dir, const char *text)
{
    hunt.text = text;
    hunt.found[0] = 0;
    hunt.files = 0;
    nftw(dir, look, 16, FTW_PHYS);
    return hunt.found;
}

/* --- dat-no-plaintext-at-rest --- */

/* A text, and an e-mail address, of a request whose body is kept. --value takes the place of the text. */
static probe_verdict at_rest(probe *p)
{
    probe *in = probe_lab_inside(p);
    char key[64], id[64], marker[300], state[120];
    probe_answer a;
    snprintf(marker, sizeof marker, "%.256s", p->planted ? p->planted : "");
    if (!p->planted)
        probe_word(marker, 24);
    if (!probe_real_key(in, "probe-rest", NULL, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    bool ok = false;
    for (int i = 0; i < 50 && !ok; i++, usleep(100000)) { /* until the gateway knows the key */
        ok = probe_send(in, "sink", key, NULL, marker, &a) && a.status == 200;
        probe_answer_free(&a);
    }
    cu_wipe(key, sizeof key);
    if (!ok)
        return probe_say(p, PROBE_FAILED, "status %ld", a.status);
    if (p->foreign) { /* what a gateway without controls leaves behind is what it was sent: the lab's folder stands for it */
        snprintf(state, sizeof state, "%s/kept", probe_lab_dir(p));
        if (cu_file_replace(AT_FDCWD, state, cu_str(marker), 0600) != CU_OK)
            return probe_say(p, PROBE_FAILED, "nothing can be written");
    } else {
        json_t *e = probe_entry(in, "t:default", "content.captured", "exchange", a.exchange, SEALED_MS);
        json_decref(e);
        if (!e)
            return probe_say(p, PROBE_FAILED, "the second Custos did not keep the body");
    }
    snprintf(state, sizeof state, "%s%s", probe_lab_dir(p), p->foreign ? "" : "/state");
    const char *where = find_in(state, marker);
    return *where       ? probe_say(p, PROBE_BROKEN, "it stands in clear in %s", where)
           : hunt.files ? probe_say(p, PROBE_HELD, "its body is kept, and none of %u files holds it in clear", hunt.files)
                        : probe_say(p, PROBE_FAILED, "no file could be read");
}

const probe_attack probe_rest_attacks[] = {{"kept-body", "a text in a body that is kept, looked for in every file", at_rest, NULL}};
const size_t probe_rest_n = 1;

/* --- iam-upstream-key-not-readable --- */

static const char *const readable[] = {
    "/api/v1/status", "/api/v1/vendors", "/api/v1/vendors/keyed", "/api/v1/routes", "/api/v1/bundles", "/api/v1/keys", "/api/v1/policies", "/api/v1/probes", "/api/v1/records",
    "/api/v1/registers", "/api/v1/exchanges", "/api/v1/logs/org/entries?bodies=yes&limit=1000", "/api/v1/logs/t:probe-a/entries?bodies=yes&limit=1000", "/metrics",
};

/* A caller's request went to the vendor with it; now nothing that reads may give it back. */
static probe_verdict by_api(probe *p)
{
    probe *in = probe_lab_inside(p);
    const char *secret = probe_lab_credential(p);
    probe_answer a;
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway holds no credential of ours");
    bool ok = probe_send(in, "keyed", in->key_a, NULL, "hello", &a) && a.status == 200, given = cu_find(cu_buf_view(&a.body), cu_str(secret), 0) != (size_t)-1;
    probe_answer_free(&a);
    if (!ok)
        return probe_say(p, PROBE_FAILED, "the vendor could not be reached (%ld)", a.status);
    for (size_t i = 0; i < sizeof readable / sizeof *readable && !given; i++) {
        cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)32 << 20);
        long status;
        if (cu_admin_call(in->run_dir, "GET", readable[i], CU_NONE, &status, &out, NULL) != CU_OK || status >= 500)
            return probe_say(p, PROBE_FAILED, "%.60s could not be asked", readable[i]);
        given = cu_find(cu_buf_view(&out), cu_str(secret), 0) != (size_t)-1;
    }
    return given ? probe_say(p, PROBE_BROKEN, "it was given back") : probe_say(p, PROBE_HELD, "none of %zu answers holds it", sizeof readable / sizeof *readable);
}

static probe_verdict in_state(probe *p)
{
    char dir[120];
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway holds no credential of ours");
    snprintf(dir, sizeof dir, "%s/state", probe_lab_dir(p));
    const char *where = find_in(dir, probe_lab_credential(p));
    return *where ? probe_say(p, PROBE_BROKEN, "it stands in clear in %s", where) : probe_say(p, PROBE_HELD, "none of %u files of the state holds it in clear", hunt.files);
}

/* The bundle must hold it for the gateway; nobody else may read that. */
static probe_verdict bundle_mode(probe *p)
{
    char path[4200];
    struct stat st;
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway holds no credential of ours");
    snprintf(path, sizeof path, "%.4100s/bundle", probe_lab_inside(p)->run_dir);
    if (stat(path, &st) != 0)
        return probe_say(p, PROBE_FAILED, "the bundle is not there");
    return st.st_mode & 07 ? probe_say(p, PROBE_BROKEN, "the bundle has the mode %04o", st.st_mode & 07777) : probe_say(p, PROBE_HELD, "the bundle has the mode %04o", st.st_mode & 07777);
}

const probe_attack probe_credential_attacks[] = {
    {"asked-for", "a provider's credential, looked for in every answer that reads", by_api, NULL},
    {"in-files", "the same, looked for in every file of the state", in_state, NULL},
    {"bundle", "the file that gives it to the gateway, by its mode", bundle_mode, NULL},
};
const size_t probe_credential_n = sizeof probe_credential_attacks / sizeof *probe_credential_attacks;

/* --- prv-find-and-erase-subject, iam-shredded-tenant-unreadable --- */

static long held(probe *in, const char *user, json_int_t *exchanges, json_int_t *bodies)
{
    char path[120];
    json_t *out = NULL, *x;
    size_t i;
    snprintf(path, sizeof path, "/api/v1/held?user=%s", user);
    long status = probe_api(in, NULL, "GET", path, NULL, &out);
    *exchanges = *bodies = 0;
    json_array_foreach(json_object_get(out, "tenants"), i, x) {
        *exchanges += json_integer_value(json_object_get(x, "exchanges"));
        *bodies += json_integer_value(json_object_get(x, "bodies"));
    }
    json_decref(out);
    return status;
}

/* A person with a request whose body is kept. */
static bool plant_person(probe *p, char user[24])
{
    char key[64], id[64];
    json_int_t exchanges = 0, bodies = 0;
    probe *in = probe_lab_inside(p);
    probe_answer a;
    bool sent = false;
    snprintf(user, 24, "probe-");
    probe_word(user + 6, 10);
    if (!probe_real_key(in, user, NULL, key, id))
        return (probe_say(p, PROBE_FAILED, "a key could not be issued"), false);
    for (int i = 0; i < 50 && !sent; i++, usleep(100000)) {
        sent = probe_send(in, "sink", key, NULL, "hello", &a) && a.status == 200;
        probe_answer_free(&a);
    }
    cu_wipe(key, sizeof key);
    for (int i = 0; i < 150 && sent && !(exchanges && bodies); i++, usleep(100000))
        (void)held(in, user, &exchanges, &bodies);
    return (exchanges && bodies) || (probe_say(p, PROBE_BROKEN, "what is held of a person was not found (%lld exchanges, %lld bodies)", (long long)exchanges, (long long)bodies), false);
}

static bool verifies(const probe *in)
{
    char command[4300];
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    snprintf(command, sizeof command, "exec '%.4000s' verify --dir '%.200s/t/default' >/dev/null 2>&1", self, in->config->log_dir);
    return system(command) == 0;
}

/* Ordered by the operator and approved by a person with an account; the operator alone must not be able to. */
static probe_verdict erase_by_two(probe *p, const char *what, const char *value)
{
    probe *in = probe_lab_inside(p);
    probe_person approver;
    char body[300];
    json_t *out = NULL;
    if (!probe_join(in, "owner", &approver))
        return probe_say(p, PROBE_FAILED, "no person could join the second Custos");
    snprintf(body, sizeof body, "{\"%s\":\"%s\",\"basis\":\"custos probe\"}", what, value);
    long status = probe_api(in, NULL, "POST", "/api/v1/erasures", body, &out);
    const char *id = json_string_value(json_object_get(json_object_get(out, "order"), "id"));
    snprintf(body, sizeof body, "\"erasure\":\"%.60s\",\"reason\":\"custos probe\"", id ? id : "");
    json_decref(out);
    if (status != 202 || !id)
        return probe_say(p, PROBE_FAILED, "the erasure could not be ordered (%ld)", status);
    if (probe_step(in, NULL, "erasure.approved", body, NULL) / 100 != 4)
        return probe_say(p, PROBE_BROKEN, "who ordered the erasure could approve it");
    status = probe_step(in, &approver, "erasure.approved", body, NULL);
    return status / 100 == 2 ? PROBE_HELD : probe_say(p, PROBE_FAILED, "the erasure could not be approved (%ld)", status);
}

static probe_verdict erase(probe *p, const char *what, const char *value, const char *user)
{
    probe *in = probe_lab_inside(p);
    json_int_t exchanges = 0, bodies = 0;
    probe_verdict v = erase_by_two(p, what, value);
    if (v != PROBE_HELD)
        return v;
    long after = held(in, user, &exchanges, &bodies);
    for (int i = 0; i < 100 && after == 200 && (exchanges || bodies); i++, usleep(100000))
        after = held(in, user, &exchanges, &bodies);
    if (after == 200 && (exchanges || bodies))
        return probe_say(p, PROBE_BROKEN, "%lld exchanges and %lld bodies are still found under the name", (long long)exchanges, (long long)bodies);
    if (after != 404 && after != 200)
        return probe_say(p, PROBE_FAILED, "what is held could not be asked (%ld)", after);
    return verifies(in) ? probe_say(p, PROBE_HELD, "nothing is found any more, and the log still verifies") : probe_say(p, PROBE_BROKEN, "the log does not verify any more");
}

static probe_verdict subject(probe *p)
{
    char user[24];
    return p->foreign ? probe_say(p, PROBE_FAILED, "what stands at --gateway is not erased") : plant_person(p, user) ? erase(p, "subject", user, user) : p->foreign ? PROBE_FAILED : PROBE_BROKEN;
}

const probe_attack probe_subject_attacks[] = {{"find-and-erase", "a person is planted, found, erased, and looked for again", subject, NULL}};
const size_t probe_subject_n = 1;

/* Last of all: the tenant is gone afterwards. */
static probe_verdict tenant(probe *p)
{
    char user[24];
    return p->foreign ? probe_say(p, PROBE_FAILED, "what stands at --gateway is not erased") : plant_person(p, user) ? erase(p, "tenant", "default", user) : PROBE_BROKEN;
}

const probe_attack probe_shred_attacks[] = {{"erased-tenant", "what a tenant kept, after it was erased", tenant, NULL}};
const size_t probe_shred_n = 1;

/* --- ops-drift-detected --- */

static probe_verdict drift(probe *p)
{
    probe *in = probe_lab_inside(p);
    char path[120];
    json_t *before = NULL, *with = NULL, *after = NULL;
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway has no baseline of ours");
    snprintf(path, sizeof path, "%s/state/keystore/master", probe_lab_dir(p));
    (void)probe_api(in, NULL, "POST", "/api/v1/node-checks", "{}", &before);
    bool clean = json_is_true(json_object_get(before, "baseline"));
    bool opened = chmod(path, 0644) == 0;
    (void)probe_api(in, NULL, "POST", "/api/v1/node-checks", "{}", &with);
    bool noticed = json_is_false(json_object_get(with, "baseline"));
    bool closed = chmod(path, 0600) == 0;
    (void)probe_api(in, NULL, "POST", "/api/v1/node-checks", "{}", &after);
    bool mended = json_is_true(json_object_get(after, "baseline"));
    json_decref(before);
    json_decref(with);
    json_decref(after);
    return !opened || !closed || !clean || !mended ? probe_say(p, PROBE_FAILED, "the second Custos is not as its baseline says without a change")
           : noticed                               ? probe_say(p, PROBE_HELD, "that others could read the master key was noticed")
                                                   : probe_say(p, PROBE_BROKEN, "others could read the master key, and nothing was noticed");
}

const probe_attack probe_drift_attacks[] = {{"key-readable", "the master key's file, made readable for everybody", drift, NULL}};
const size_t probe_drift_n = 1;
