/* make-bundle DIR OUT FROM TO TENANT [MIB]: the bundle of what make-log made in DIR; TENANT - takes all logs; MIB must
 * stay free. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "audit/export.h"
#include "base/file.h"

int main(int argc, char **argv)
{
    static const char *const everything[] = {"org", "t/acme"};
    char log[512], evidence[512], tenant[72], hex[65];
    const char *one[] = {tenant};
    cu_export_result r;
    cu_fault f = {0};
    if (argc < 6)
        return 2;
    bool all = strcmp(argv[5], "-") == 0;
    snprintf(log, sizeof log, "%s/log", argv[1]);
    snprintf(evidence, sizeof evidence, "%s/evidence", argv[1]);
    snprintf(tenant, sizeof tenant, strcmp(argv[5], "org") == 0 ? "%.60s" : "t/%.60s", argv[5]);
    const cu_export_with with = {.log_dir = log, .evidence_dir = evidence, .tenant = all ? "" : argv[5], .logs = all ? everything : one,
                                 .logs_n = all ? 2 : 1, .from = argv[3], .to = argv[4], .keep_free = argc > 6 ? strtoull(argv[6], NULL, 10) << 20 : 0};
    int fd CU_CLEAN_FD = open(argv[2], O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (fd < 0 || cu_export_write(&with, fd, &r, &f) != CU_OK) {
        fprintf(stderr, "make-bundle: %s\n", f.text);
        return 1;
    }
    cu_hex(hex, r.manifest.b, sizeof r.manifest.b);
    printf("{\"bytes\":%llu,\"entries\":%llu,\"files\":%llu,\"manifest\":\"%s\",\"populations\":%u,\"samples\":%u}\n", (unsigned long long)r.bytes,
           (unsigned long long)r.entries, (unsigned long long)r.files, hex, r.populations, r.samples);
    return 0;
}
