/* How many processors this process may really use. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include "scan/run.h"

#define DEFAULT_MAX 16u

/* cgroup v2 (kernel.org, admin-guide/cgroup-v2): "max 100000" or "QUOTA PERIOD". */
static unsigned quota_of(const char *path)
{
    unsigned long long quota, period;
    char line[64];
    FILE *f = fopen(path, "re");
    if (!f)
        return DEFAULT_MAX;
    bool ok = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    if (!ok || sscanf(line, "%llu %llu", &quota, &period) != 2 || period == 0)
        return DEFAULT_MAX;
    unsigned long long n = (quota + period - 1) / period;
    return n == 0 ? 1 : n > DEFAULT_MAX ? DEFAULT_MAX : (unsigned)n;
}

/* The quota of every group from this process's own up to the root holds. */
static unsigned by_groups(void)
{
    char line[4096], path[4200];
    unsigned least = quota_of("/sys/fs/cgroup/cpu.max");
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (!f)
        return least;
    while (fgets(line, sizeof line, f)) {
        char *group = line + 3;
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        group[strcspn(group, "\n")] = 0;
        for (char *end; (end = strrchr(group, '/')) && group[1]; *end = 0) {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
            unsigned n = quota_of(path);
            least = n < least ? n : least;
        }
    }
    fclose(f);
    return least;
}

unsigned cu_scan_default_jobs(void)
{
    cpu_set_t set;
    unsigned n = DEFAULT_MAX, groups = by_groups();
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = (unsigned)CPU_COUNT(&set);
    n = n < groups ? n : groups;
    return n == 0 ? 1 : n > DEFAULT_MAX ? DEFAULT_MAX : n;
}
