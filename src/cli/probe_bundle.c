/* chg-unsigned-bundle-refused: forged policy bundles, laid in the place of the one in force in a second Custos. What
 * a gateway takes it says in the log by digest; what it refuses, too. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/sign.h"
#include "policy/bundle.h"
#include "probe_lab.h"

#define MAGIC_LEN 8u
#define HEAD (MAGIC_LEN + CU_ED25519_SIG)
#define VERSION_AT (HEAD + 4u + 8u) /* tag and length of GNRL, which comes first */
#define SAID_MS 15000u              /* a worker looks five times a second, and its entry must be sealed */

static struct {
    uint64_t forged;   /* so many; each is newer than the one before */
} lab;

static cu_err read_bundle(const probe *in, cu_buf *out)
{
    char path[4200];
    snprintf(path, sizeof path, "%.4100s/bundle", in->run_dir);
    return cu_file_read(AT_FDCWD, path, out);
}

/* As the daemon does: beside it, with its owner and mode, then in its place. */
static bool lay(const probe *in, cu_bytes content)
{
    char path[4200], part[4220];
    struct stat st;
    snprintf(path, sizeof path, "%.4100s/bundle", in->run_dir);
    snprintf(part, sizeof part, "%s.probe", path);
    int fd CU_CLEAN_FD = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || stat(path, &st) != 0 || write(fd, content.p, content.n) != (ssize_t)content.n)
        return false;
    return fchmod(fd, st.st_mode & 0777) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0 && rename(part, path) == 0;
}

/* Entries of this type in the log org of the second Custos, newest first; owned. */
static json_t *entries(const probe *in, const char *type)
{
    char path[160];
    long status = 0;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    snprintf(path, sizeof path, "/api/v1/logs/org/entries?type=%s&bodies=yes&limit=200", type);
    if (cu_admin_call(in->run_dir, "GET", path, CU_NONE, &status, &out, NULL) != CU_OK || status != 200)
        return NULL;
    return json_loadb((const char *)out.p, out.n, 0, NULL);
}

/* Whether an entry of this type names the bundle: what another one led to, and came late, is not taken for it. */
static bool said_of(const probe *in, const char *type, const char *digest)
{
    json_t *all = entries(in, type), *item;
    size_t i;
    bool found = false;
    json_array_foreach(json_object_get(all, "items"), i, item) {
        const char *its = json_string_value(json_object_get(json_object_get(item, "body"), "bundle"));
        found |= its && strcmp(its, digest) == 0;
    }
    json_decref(all);
    return found;
}

static bool taken(const probe *in, const char *digest)
{
    return said_of(in, "policy.bundle_loaded", digest);
}

static bool refused(const probe *in, const char *digest)
{
    return said_of(in, "policy.bundle_refused", digest);
}

static void digest_of(cu_bytes file, char hex[65])
{
    cu_sha256 d;
    cu_bundle_digest(file, &d);
    cu_hex(hex, d.b, sizeof d.b);
}

static bool still_serves(probe *in)
{
    probe_answer a;
    bool ok = probe_ask(in, in->key_a, "still there", &a) && a.status == 200;
    probe_answer_free(&a);
    return ok;
}

/* Lays it, waits for what the gateway says of it, and puts the true one back. */
static probe_verdict offer(probe *p, cu_bytes forged)
{
    probe *in = probe_lab_inside(p);
    char hex[65];
    cu_buf genuine CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    bool was_taken = false, was_refused = false;
    digest_of(forged, hex);
    if (read_bundle(in, &genuine) != CU_OK || taken(in, hex) || !lay(in, forged))
        return probe_say(p, PROBE_FAILED, "the second Custos' bundle cannot be replaced");
    for (uint64_t began = cu_mono_ns(); !was_taken && !was_refused && (cu_mono_ns() - began) / 1000000 < SAID_MS; usleep(100000)) {
        was_taken = taken(in, hex);
        was_refused = refused(in, hex);
    }
    bool back = lay(in, cu_buf_view(&genuine));
    if (was_taken)
        return probe_say(p, PROBE_BROKEN, "the gateway took it");
    if (!was_refused || !back)
        return probe_say(p, PROBE_FAILED, "the gateway said nothing of it in %u s", SAID_MS / 1000);
    return still_serves(in) ? probe_say(p, PROBE_HELD, "refused, and the one before stayed in force") : probe_say(p, PROBE_BROKEN, "refused, and nothing is answered any more");
}

/* The bundle in force with a version to come, which is all that the gateway needs to take it; signed by `how`. */
static probe_verdict forged(probe *p)
{
    uint8_t text[MAGIC_LEN + CU_SHA256_LEN], seed[32];
    cu_sha256 d;
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    if (read_bundle(probe_lab_inside(p), &b) != CU_OK || b.n < VERSION_AT + 8 || memcmp(b.p + HEAD, "GNRL", 4) != 0)
        return probe_say(p, PROBE_FAILED, "the second Custos' bundle cannot be read");
    b.p[VERSION_AT + 2] += (uint8_t)++lab.forged; /* 65,536 versions at a time */
    if (strcmp(p->with, "zeros") == 0)
        memset(b.p + MAGIC_LEN, 0, CU_ED25519_SIG);
    if (strcmp(p->with, "stranger") == 0) {
        memcpy(text, b.p, MAGIC_LEN);
        cu_sha256_of(cu_slice(cu_buf_view(&b), HEAD, b.n), &d);
        memcpy(text + MAGIC_LEN, d.b, sizeof d.b);
        cu_random(seed, sizeof seed);
        if (cu_ed25519_sign(seed, cu_bytes_of(text, sizeof text), b.p + MAGIC_LEN) != CU_OK)
            return probe_say(p, PROBE_FAILED, "nothing can be signed");
    }
    return offer(p, cu_buf_view(&b));
}

/* A genuine one from before: it would bring revoked keys back. */
static probe_verdict older(probe *p)
{
    probe *in = probe_lab_inside(p);
    char key[64], id[64];
    cu_buf kept CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX), now CU_CLEAN_BUF = CU_BUF(CU_BUNDLE_MAX);
    cu_err e = read_bundle(in, &kept);
    if (e != CU_OK || !probe_new_key(in, "probe-a", 3600, 0, key, id))
        return probe_say(p, PROBE_FAILED, "the second Custos gave no key");
    for (uint64_t began = cu_mono_ns(); (cu_mono_ns() - began) / 1000000 < SAID_MS; usleep(100000)) {
        char hex[65];
        cu_buf_reset(&now);
        if (read_bundle(in, &now) != CU_OK || cu_eq(cu_buf_view(&now), cu_buf_view(&kept)))
            continue;
        digest_of(cu_buf_view(&now), hex);
        if (!taken(in, hex))
            continue;
        /* that it was taken once is on record already: what counts is that it is refused now */
        if (!lay(in, cu_buf_view(&kept)))
            break;
        digest_of(cu_buf_view(&kept), hex);
        bool was_refused = false;
        for (uint64_t since = cu_mono_ns(); !was_refused && (cu_mono_ns() - since) / 1000000 < SAID_MS; usleep(100000))
            was_refused = refused(in, hex);
        bool back = lay(in, cu_buf_view(&now));
        cu_wipe(key, sizeof key);
        return !back         ? probe_say(p, PROBE_FAILED, "the second Custos' bundle cannot be replaced")
               : was_refused ? probe_say(p, PROBE_HELD, "refused, and the one before stayed in force")
                             : probe_say(p, PROBE_BROKEN, "the gateway did not refuse it in %u s", SAID_MS / 1000);
    }
    return probe_say(p, PROBE_FAILED, "the second Custos did not take a new bundle");
}

bool probe_bundle_setup(probe *p)
{
    lab.forged = 0;
    if (p->foreign)
        return (void)probe_say(p, PROBE_FAILED, "what stands at --gateway takes no bundle from here"), false;
    return probe_lab_setup(p);
}

const probe_attack probe_bundle_attacks[] = {
    {"older", "the genuine bundle from before the last change", older, NULL}, /* first: what follows has versions to come */
    {"changed", "the bundle in force, changed, with the signature that it had", forged, "kept"},
    {"no-signature", "the same with no signature", forged, "zeros"},
    {"other-key", "the same, well signed with another key", forged, "stranger"},
};
const size_t probe_bundle_n = sizeof probe_bundle_attacks / sizeof *probe_bundle_attacks;
