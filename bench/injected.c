/* How often the rules for planted instructions mark ordinary texts, and how fast: bench-injected CATALOG < LIST, a name of a file
 * a line. Each file is one text, as a tool would give it back. Prints each mark, and CPU time over all. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "inspect/injected.h"

#define ROUNDS 5
#define MAX_TEXT (32u << 20)

typedef struct {
    cu_injected *rules;
    cu_injected_scratch *scratch;
    uint32_t *hits, *all;
    size_t texts, marked, bytes;
    double seconds;
} count;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void one(count *c, const char *path, cu_bytes text)
{
    size_t found = 0, n = cu_injected_rules_of(c->rules)->n;
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        memset(c->hits, 0, n * sizeof *c->hits);
        double t = cpu_s();
        if (cu_injected_find(c->rules, c->scratch, text, c->hits, &found) != CU_OK)
            return;
        t = cpu_s() - t;
        best = t < best ? t : best;
    }
    c->seconds += best;
    c->texts++;
    c->bytes += text.n;
    c->marked += found != 0;
    for (size_t i = 0; i < n; i++) {
        c->all[i] += c->hits[i] != 0;
        if (c->hits[i])
            printf("%s: %s\n", path, cu_injected_rules_of(c->rules)->v[i].id);
    }
}

int main(int argc, char **argv)
{
    cu_fault f = {0};
    count c = {0};
    char path[4096];
    size_t bad;
    double began = cpu_s();
    if (argc != 2 || cu_injected_open(argv[1], NULL, &c.rules, &f) != CU_OK || cu_injected_scratch_new(c.rules, &c.scratch) != CU_OK) {
        fprintf(stderr, "bench-injected CATALOG < LIST %s\n", f.text);
        return 2;
    }
    printf("open: %.0f ms\n", (cpu_s() - began) * 1e3);
    size_t n = cu_injected_rules_of(c.rules)->n;
    c.hits = calloc(n, sizeof *c.hits);
    c.all = calloc(n, sizeof *c.all);
    if (!c.hits || !c.all)
        return 2;
    while (fgets(path, sizeof path, stdin)) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(MAX_TEXT);
        path[strcspn(path, "\n")] = 0;
        if (cu_file_read(AT_FDCWD, path, &b) == CU_OK && b.n && cu_utf8_valid(cu_buf_view(&b), &bad))
            one(&c, path, cu_buf_view(&b));
    }
    for (size_t i = 0; i < n; i++)
        if (c.all[i])
            printf("%-24s %u\n", cu_injected_rules_of(c.rules)->v[i].id, c.all[i]);
    printf("%zu texts, %.1f MB, %zu marked; %.0f MB/s\n", c.texts, (double)c.bytes / 1e6, c.marked, (double)c.bytes / 1e6 / c.seconds);
    return 0;
}
