/* Ignore file, baseline and inline marks of any content: read or refused with a line, never more. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "scan/accept.h"

static void use(const cu_accept *a, cu_bytes text)
{
    cu_scan_source s = {.path = "src/a b.c"};
    cu_scan_finding f = {.source = &s, .line = 1, .line_text = text, .line_before = text, .in_line_end = text.n,
                         .value = CU_LIT("value")};
    char why[64];
    cu_accept_how how = cu_accept_explain(a, &f, "rule-a", why, sizeof why);
    CU_ASSERT(how == CU_ACCEPT_NO || how == CU_ACCEPT_FILE || how == CU_ACCEPT_EXPIRED || how == CU_ACCEPT_BASELINE ||
              how == CU_ACCEPT_INLINE);
    CU_ASSERT(strlen(why) < sizeof why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64], again[80];
    cu_bytes text = cu_bytes_of(data, n);
    if (!path[0]) {
        snprintf(path, sizeof path, "/tmp/custos-fuzz-ignore-%ld", (long)getpid());
        snprintf(again, sizeof again, "%s.again", path);
    }
    FILE *to = fopen(path, "w");
    if (!to || fwrite(data, 1, n, to) != n || fclose(to) != 0)
        abort();
    for (int baseline = 0; baseline < 2; baseline++) {
        cu_accept *a = NULL;
        cu_fault f = {0};
        cu_err e = cu_accept_load(baseline ? path : NULL, baseline ? NULL : path, 1, &a, &f);
        CU_ASSERT((e == CU_OK) == (a != NULL) && (e == CU_OK || f.text[0]));
        if (!a)
            continue;
        use(a, text);
        if (baseline) { /* what was read is written as something that reads */
            cu_accept *b = NULL;
            for (size_t i = 0; i < cu_accept_count(a); i++)
                CU_ASSERT(cu_accept_review(a, i, NULL, NULL, NULL) == CU_OK);
            CU_ASSERT(cu_accept_own_file(text));
            CU_ASSERT(cu_accept_write(a, again, &f) == CU_OK && cu_accept_load(again, NULL, 1, &b, &f) == CU_OK);
            CU_ASSERT(cu_accept_count(a) == cu_accept_count(b));
            cu_accept_free(b);
        }
        cu_accept_free(a);
    }
    (void)cu_accept_own_file(text);
    if (n < 2000) {
        char *glob = strndup((const char *)data, n);
        if (glob)
            (void)cu_accept_glob(glob, "src/a b.c/src/a b.c/src/a b.c");
        free(glob);
    }
    return 0;
}
