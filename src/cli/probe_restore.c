/* avl-restore-verifies: a backup of what runs, restored into a folder of its own and verified. Everything of it is
 * removed at the end; nothing of it is ever served. */
#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "backup/backup.h"
#include "base/file.h"
#include "ledger/log.h"
#include "probe.h"

#define SCRATCH "probe-restore."
#define AT_ONCE 3u   /* the backup, the folder restored from it, and the altered backup */

static struct {
    char dir[4200], phrase[65];
    cu_backup_report made, restored;
    uint64_t live;                  /* entries of the log org before the backup began */
    cu_checkpoint org;              /* of the restored log */
    bool signer, is_made, is_restored, is_whole;
} lab;

/* The log org of that folder, open, with its checkpoint. */
static cu_log *org_of(const char *log_dir, cu_checkpoint *cp)
{
    char path[4300];
    cu_log *l;
    cu_fault f = {0};
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    snprintf(path, sizeof path, "%.4200s/org", log_dir);
    if (cu_log_open(path, &l, &f) != CU_OK)
        return NULL;
    if (cu_log_checkpoint(l, cp, &note, &f) == CU_OK)
        return l;
    cu_log_close(l);
    return NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

/* Folders are named after the process that made them. One whose process is gone would only take room from evidence. */
void probe_restore_sweep(const char *state_dir)
{
    DIR *d = opendir(state_dir);
    for (struct dirent *en; d && (en = readdir(d));) {
        char path[4500];
        struct stat st;
        snprintf(path, sizeof path, "%.4100s/%.255s", state_dir, en->d_name);
        if (strncmp(en->d_name, SCRATCH, strlen(SCRATCH)) != 0 || lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        long pid = strtol(en->d_name + strlen(SCRATCH), NULL, 10);
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (d)
        closedir(d);
}

static uint64_t counted;
static int count_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    counted += kind == FTW_F ? (uint64_t)st->st_blocks * 512 : 0;
    return 0;
}

/* Evidence comes first: the probe never takes the room below which requests are refused. */
static bool has_room(probe *p)
{
    struct statvfs s;
    counted = 0;
    if (statvfs(p->config->state_dir, &s) != 0 || nftw(p->config->state_dir, count_one, 16, FTW_PHYS) != 0)
        return (void)probe_say(p, PROBE_FAILED, "the file system of state_dir cannot be asked"), false;
    uint64_t need = AT_ONCE * counted + ((uint64_t)p->config->probes.min_free_mib << 20), have = (uint64_t)s.f_bavail * s.f_frsize;
    if (have >= need)
        return true;
    return (void)probe_say(p, PROBE_FAILED, "%llu MiB are free, and a backup and a restore beside it need %llu", (unsigned long long)have >> 20,
                           (unsigned long long)need >> 20), false;
}

bool probe_restore_setup(probe *p)
{
    char path[4300];
    uint8_t r[32];
    cu_checkpoint now;
    memset(&lab, 0, sizeof lab);
    cu_random(r, sizeof r);
    cu_hex(lab.phrase, r, sizeof r);
    cu_wipe(r, sizeof r);
    probe_restore_sweep(p->config->state_dir);
    if (!has_room(p))
        return false;
    snprintf(path, sizeof path, "%.4100s/signer", p->config->state_dir);
    lab.signer = access(path, R_OK | X_OK) == 0;
    cu_log *l = org_of(p->config->log_dir, &now);
    if (!l)
        return (void)probe_say(p, PROBE_FAILED, "the log org cannot be read"), false;
    cu_log_close(l);
    lab.live = now.size;
    snprintf(lab.dir, sizeof lab.dir, "%.4100s/" SCRATCH "%ld.XXXXXX", p->config->state_dir, (long)getpid());
    if (mkdtemp(lab.dir))
        return true;
    lab.dir[0] = 0;
    return (void)probe_say(p, PROBE_FAILED, "no folder for it can be made in state_dir"), false;
}

void probe_restore_end(probe *p)
{
    if (lab.dir[0])
        nftw(lab.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    cu_wipe(&lab, sizeof lab);
}

static probe_verdict make(probe *p)
{
    char path[4300];
    cu_fault f = {0};
    snprintf(path, sizeof path, "%s/backup", lab.dir);
    int fd CU_CLEAN_FD = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const cu_backup_with with = {.state_dir = p->config->state_dir, .log_dir = p->config->log_dir, .passphrase = cu_str(lab.phrase), .no_signer = !lab.signer};
    cu_err e = fd >= 0 ? cu_backup_make(&with, fd, &lab.made, &f) : cu_fail(&f, CU_IO, "no file can be made");
    lab.is_made = e == CU_OK;
    return e == CU_OK ? probe_say(p, PROBE_HELD, "%llu entries, %llu members%s", (unsigned long long)lab.made.entries, (unsigned long long)lab.made.members,
                                  lab.signer ? "" : "; without the signer's keys, which may not be read here")
                      : probe_say(p, PROBE_BROKEN, "%.110s", f.text);
}

static cu_err restore(const char *file, const char *to, const char *phrase, cu_backup_report *out, cu_fault *f)
{
    char path[4300], dir[4300];
    snprintf(path, sizeof path, "%s/%s", lab.dir, file);
    snprintf(dir, sizeof dir, "%s/%s", lab.dir, to);
    int fd CU_CLEAN_FD = open(path, O_RDONLY | O_CLOEXEC);
    const cu_restore_with with = {.passphrase = cu_str(phrase)};
    return fd >= 0 ? cu_backup_restore(fd, dir, &with, out, f) : cu_fail(f, CU_IO, "the backup cannot be read");
}

static probe_verdict put_back(probe *p)
{
    cu_fault f = {0};
    if (!lab.is_made)
        return probe_say(p, PROBE_FAILED, "there is no backup");
    cu_err e = restore("backup", "to", lab.phrase, &lab.restored, &f);
    lab.is_restored = e == CU_OK;
    return e == CU_OK ? probe_say(p, PROBE_HELD, "%llu members, secrets open", (unsigned long long)lab.restored.members) : probe_say(p, PROBE_BROKEN, "%.110s", f.text);
}

static probe_verdict verify(probe *p)
{
    char dir[4300];
    cu_fault f = {0};
    if (!lab.is_restored)
        return probe_say(p, PROBE_FAILED, "nothing was restored");
    snprintf(dir, sizeof dir, "%s/to", lab.dir);
    cu_err e = cu_backup_check(dir, &lab.restored, &f);
    lab.is_whole = e == CU_OK;
    return e == CU_OK ? probe_say(p, PROBE_HELD, "%llu entries verify, and the projections are made of them", (unsigned long long)lab.restored.entries)
                      : probe_say(p, PROBE_BROKEN, "%.110s", f.text);
}

/* The restored log is the beginning of the one that runs: the root that this one had at that size. */
static probe_verdict as_far(probe *p)
{
    char dir[4300];
    cu_checkpoint now;
    cu_sha256 root;
    if (!lab.is_restored)
        return probe_say(p, PROBE_FAILED, "nothing was restored");
    snprintf(dir, sizeof dir, "%s/to/log", lab.dir);
    cu_log *l = org_of(dir, &lab.org);
    if (!l)
        return probe_say(p, PROBE_BROKEN, "the restored log org cannot be read");
    cu_log_close(l);
    if (lab.org.size < lab.live)
        return probe_say(p, PROBE_BROKEN, "%llu entries of org, %llu were sealed before", (unsigned long long)lab.org.size, (unsigned long long)lab.live);
    l = org_of(p->config->log_dir, &now);
    cu_err e = l ? cu_log_root(l, lab.org.size, &root) : CU_IO;
    cu_log_close(l);
    if (e != CU_OK && e != CU_NOT_FOUND)
        return probe_say(p, PROBE_FAILED, "the log org cannot be read");
    lab.is_whole = lab.is_whole && e == CU_OK && memcmp(&root, &lab.org.root, sizeof root) == 0;
    return e == CU_OK && memcmp(&root, &lab.org.root, sizeof root) == 0
               ? probe_say(p, PROBE_HELD, "%llu entries of org, with the root that the running log had then", (unsigned long long)lab.org.size)
               : probe_say(p, PROBE_BROKEN, "what was restored is not the beginning of the running log");
}

/* A restore that was verified is an entry of its own, which AVL-03 asks for. */
static probe_verdict recorded(probe *p)
{
    long status = 0;
    cu_fault f;
    char manifest[65], root[65];
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096), out CU_CLEAN_BUF = CU_BUF(65536);
    if (!lab.is_whole)
        return probe_say(p, PROBE_FAILED, "no restore was verified");
    cu_hex(manifest, lab.restored.manifest.b, sizeof lab.restored.manifest.b);
    cu_hex(root, lab.org.root.b, sizeof lab.org.root.b);
    cu_buf_fmt(&body, "{\"entries\":%llu,\"made\":\"%s\",\"manifest\":\"%s\",\"root\":\"%s\",\"secrets\":%s,\"signer\":%s,\"size\":%llu}",
               (unsigned long long)lab.restored.entries, lab.restored.made, manifest, root, lab.restored.secrets ? "true" : "false", lab.signer ? "true" : "false",
               (unsigned long long)lab.org.size);
    if (cu_admin_call(p->run_dir, "POST", "/api/v1/restores", cu_buf_view(&body), &status, &out, &f) != CU_OK || status != 201)
        return probe_say(p, PROBE_FAILED, "it could not be recorded (%ld)", status);
    return probe_say(p, PROBE_HELD, "restore.verified in the log org");
}

/* One byte in the middle. */
static bool spoil(void)
{
    char from[4300], to[4300];
    struct stat st;
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)1 << 31);
    snprintf(from, sizeof from, "%s/backup", lab.dir);
    snprintf(to, sizeof to, "%s/spoilt", lab.dir);
    if (stat(from, &st) != 0 || cu_file_read(AT_FDCWD, from, &b) != CU_OK || b.n == 0)
        return false;
    b.p[b.n / 2] ^= 1;
    return cu_file_replace(AT_FDCWD, to, cu_buf_view(&b), 0600) == CU_OK;
}

static probe_verdict altered(probe *p)
{
    cu_backup_report r;
    cu_fault f = {0};
    if (!lab.is_made || !spoil())
        return probe_say(p, PROBE_FAILED, "there is no backup to alter");
    return restore("spoilt", "spoilt-to", lab.phrase, &r, &f) == CU_OK ? probe_say(p, PROBE_BROKEN, "an altered backup was restored")
                                                                      : probe_say(p, PROBE_HELD, "refused");
}

static probe_verdict wrong_phrase(probe *p)
{
    cu_backup_report r;
    cu_fault f = {0};
    if (!lab.is_made)
        return probe_say(p, PROBE_FAILED, "there is no backup");
    return restore("backup", "wrong-to", "not the phrase of it", &r, &f) == CU_OK ? probe_say(p, PROBE_BROKEN, "it opens with any passphrase")
                                                                                 : probe_say(p, PROBE_HELD, "refused");
}

const probe_attack probe_restore_attacks[] = {
    {"backup-made", "a backup while requests go on", make, NULL},
    {"backup-restored", "the backup, into a folder of its own", put_back, NULL},
    {"restored-verifies", "every entry, root and chain of what was restored", verify, NULL},
    {"restored-complete", "whatever was sealed before the backup is in it, with the root of the running log", as_far, NULL},
    {"restored-recorded", "the record of a restore that was verified", recorded, NULL},
    {"altered-refused", "the backup with one bit changed", altered, NULL},
    {"passphrase-needed", "the backup with another passphrase", wrong_phrase, NULL},
};
const size_t probe_restore_n = sizeof probe_restore_attacks / sizeof *probe_restore_attacks;
