/* custos-pdf DIGEST [MARK] < REPORT.json > REPORT.pdf: run by the daemon, which cannot be reached from here. What it may
 * take of the machine is limited, and a report that is too much for it is refused. */
#include <jansson.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "print/pdf.h"

#define MEMORY_MAX ((rlim_t)1 << 30)
#define OUT_MAX ((rlim_t)256 << 20)
#define SECONDS_MAX 60u

static void limit(int what, rlim_t most)
{
    struct rlimit r = {most, most};
    if (setrlimit(what, &r) != 0)
        _exit(2);
}

int main(int argc, char **argv)
{
    cu_fault f = {0};
    unsigned pages;
    json_error_t wrong;
#if !defined(__SANITIZE_ADDRESS__)
    limit(RLIMIT_AS, MEMORY_MAX);
#endif
    limit(RLIMIT_CPU, SECONDS_MAX);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, OUT_MAX);
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "custos-pdf: DIGEST [MARK] are expected, a report on standard input\n");
        return 2;
    }
    json_t *doc = json_loadf(stdin, JSON_REJECT_DUPLICATES, &wrong);
    if (!doc) {
        fprintf(stderr, "custos-pdf: line %d: %s\n", wrong.line, wrong.text);
        return 2;
    }
    cu_err e = cu_pdf_write(doc, argv[1], argc == 3 ? argv[2] : "", stdout, &pages, &f);
    json_decref(doc);
    if (e != CU_OK || fflush(stdout) != 0) {
        fprintf(stderr, "custos-pdf: %s\n", f.code ? f.text : cu_err_text(e));
        return 2;
    }
    return 0;
}
