#include "base/program.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cu_program_file(const char *const *names, char *out, size_t n)
{
    char self[PATH_MAX], path[2 * PATH_MAX], resolved[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return false;
    self[len] = 0;
    *strrchr(self, '/') = 0;
    for (; *names; names++) {
        snprintf(path, sizeof path, "%s/%s", self, *names);
        if (realpath(path, resolved) && strlen(resolved) < n) {
            memcpy(out, resolved, strlen(resolved) + 1);
            return true;
        }
    }
    return false;
}

bool cu_program_web(char *out, size_t n)
{
    static const char *const names[] = {"../../web", "../share/custos/web", NULL};
    return cu_program_file(names, out, n);
}

bool cu_program_module(char *out, size_t n)
{
    static const char *const names[] = {"../gateway/ngx_http_custos_module.so", "../lib/x86_64-linux-gnu/custos/ngx_http_custos_module.so",
                                        "../lib/custos/ngx_http_custos_module.so", NULL};
    return cu_program_file(names, out, n);
}
