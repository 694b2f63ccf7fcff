/* What a judgement of program text costs: bench-code CATALOG LANG FILE... Each file is judged many times;
 * prints CPU time: of texts without an anchor (the prefilter alone), and of the others per 100 lines. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/buf.h"
#include "base/file.h"
#include "inspect/code.h"

#define ROUNDS 7

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void say(const char *what, double *v, size_t n)
{
    qsort(v, n, sizeof *v, ascending);
    if (n)
        printf("%s: %zu texts, median %.1f us, p99 %.1f us, max %.1f us\n", what, n, v[n / 2], v[n - 1 - n / 100], v[n - 1]);
}

static double best_of(const cu_code *c, cu_code_lang l, cu_bytes text, bool *searched)
{
    double best = 1e12;
    for (int i = 0; i < ROUNDS; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_code_verdict v;
        cu_arena_init(&a, 4u << 20);
        double t = cpu_us();
        cu_err e = cu_code_judge(c, l, CU_NONE, text, &a, &v);
        t = cpu_us() - t;
        if (e == CU_OK && t < best)
            best = t;
        *searched = v.searched;
    }
    return best;
}

int main(int argc, char **argv)
{
    cu_fault f = {0};
    cu_code *c;
    double *plain = calloc((size_t)argc, sizeof *plain), *deep = calloc((size_t)argc, sizeof *deep);
    size_t plain_n = 0, deep_n = 0;
    if (argc < 4 || !plain || !deep || cu_code_open_lazy(argv[1], &c, &f) != CU_OK) {
        fprintf(stderr, "bench-code CATALOG LANG FILE... %s\n", f.text);
        return 2;
    }
    cu_code_lang l = cu_code_lang_of(cu_str(argv[2]), CU_NONE, CU_NONE);
    double began = cpu_us();
    if (cu_code_need(c, l, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        return 2;
    }
    printf("open %s: %.1f ms\n", argv[2], (cpu_us() - began) / 1e3);
    for (int i = 3; i < argc; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_CODE_MAX_TEXT);
        bool searched = false;
        size_t lines = 1;
        if (cu_file_read(AT_FDCWD, argv[i], &b) != CU_OK || !b.n)
            continue;
        for (size_t k = 0; k < b.n; k++)
            lines += b.p[k] == '\n';
        double t = best_of(c, l, cu_buf_view(&b), &searched);
        if (searched)
            deep[deep_n++] = t * 100 / (double)(lines < 100 ? 100 : lines);
        else
            plain[plain_n++] = t;
    }
    say("prefilter alone", plain, plain_n);
    say("judged, per 100 lines (a shorter text counts as one of 100)", deep, deep_n);
    cu_code_close(c);
    free(plain);
    free(deep);
    return 0;
}
