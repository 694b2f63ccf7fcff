/* What the machine and the installation must have: rules that find what they say, room for evidence. */
#include <sys/statvfs.h>
#include "catalog/rules.h"
#include "detect/detect.h"
#include "probe.h"

/* --- dat-canary-matrix --- */

static void keep_first(void *arg, const cu_rule *r, const cu_rule_example *x, const char *why)
{
    char *first = arg;
    if (!*first)
        snprintf(first, 100, "rule %.60s %.30s", r->id, why);
}

/* Every example and counter-example of the rules as they stand on disk, shipped and the customer's. */
static probe_verdict sweep(probe *p)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_rules rules;
    cu_engine *engine = NULL;
    cu_fault f = {0};
    char dir[4200], first[100] = "";
    size_t wrong = 0;
    const char *catalog = cu_catalog_dir();
    cu_arena_init(&a, (size_t)64 << 20);
    if (!catalog)
        return probe_say(p, PROBE_FAILED, "the catalogue is not beside the program");
    snprintf(dir, sizeof dir, "%s/rules", catalog);
    cu_err e = cu_rules_load_both(dir, p->config->rules, &a, &rules, &f);
    if (e == CU_OK)
        e = cu_engine_compile(&rules, &engine, &f);
    if (e == CU_OK)
        e = cu_rules_prove(&rules, engine, keep_first, first, &wrong);
    size_t n = e == CU_OK ? rules.n : 0;
    cu_engine_free(engine);
    return e == CU_NOMEM || e == CU_IO ? probe_say(p, PROBE_FAILED, "%.100s", f.text)
           : e != CU_OK                ? probe_say(p, PROBE_BROKEN, "%.110s", f.text)
           : wrong                     ? probe_say(p, PROBE_BROKEN, "%zu examples do not hold: %.80s", wrong, first)
                                       : probe_say(p, PROBE_HELD, "%zu rules find what they must, and nothing else", n);
}

const probe_attack probe_rules_attacks[] = {{"known-answers", "every rule against its own examples and counter-examples", sweep, NULL}};
const size_t probe_rules_n = 1;

/* --- avl-disk-threshold-alert --- */

static probe_verdict room(probe *p)
{
    struct statvfs s;
    if (statvfs(p->config->state_dir, &s) != 0)
        return probe_say(p, PROBE_FAILED, "the file system of state_dir cannot be asked");
    unsigned long long free_mib = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
    return free_mib < p->config->probes.min_free_mib
               ? probe_say(p, PROBE_BROKEN, "%llu MiB are free, %u must be", free_mib, p->config->probes.min_free_mib)
               : probe_say(p, PROBE_HELD, "%llu MiB are free, %u must be", free_mib, p->config->probes.min_free_mib);
}

static probe_verdict inodes(probe *p)
{
    struct statvfs s;
    if (statvfs(p->config->state_dir, &s) != 0)
        return probe_say(p, PROBE_FAILED, "the file system of state_dir cannot be asked");
    return s.f_files && s.f_favail < 10000 ? probe_say(p, PROBE_BROKEN, "%llu files can be made, 10000 must", (unsigned long long)s.f_favail)
                                           : probe_say(p, PROBE_HELD, s.f_files ? "%llu files can be made" : "the file system counts no files (%llu)",
                                                       (unsigned long long)s.f_favail);
}

const probe_attack probe_disk_attacks[] = {
    {"space", "the space that is left for evidence", room, NULL},
    {"files", "the number of files that can still be made", inodes, NULL},
};
const size_t probe_disk_n = sizeof probe_disk_attacks / sizeof *probe_disk_attacks;
