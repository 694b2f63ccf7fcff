/* How often the leak detector is wrong and right on real code: bench-leak TENANT_A_DIR TENANT_B_DIR.
 * Every file of A is sent by tenant a; then every file of B is an answer to tenant b (an alarm is a false
 * one, unless B holds A's code), and excerpts of 30 lines of A's files are answers to b (no alarm is a
 * miss). Prints one JSON object. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/file.h"
#include "redact/leak.h"

static cu_leaks *leaks;
static uint32_t a, b;
static bool learning, show;
static unsigned learnt, answers, alarms, excerpts, found;
static uint64_t bytes, learn_ns, watch_ns;

static bool answer(cu_bytes text)
{
    cu_leak_watch w;
    uint32_t owner, count;
    uint64_t from = cu_mono_ns();
    cu_leak_watch_begin(&w, leaks, b);
    cu_leak_watch_text(&w, text);
    watch_ns += cu_mono_ns() - from;
    return cu_leak_watch_alarm(&w, &owner, &count);
}

/* 30 lines from the middle. */
static void excerpt(cu_bytes text)
{
    size_t from = text.n / 3, end, lines = 0;
    while (from < text.n && text.p[from] != '\n')
        from++;
    for (end = from; end < text.n && lines < 30; end++)
        lines += text.p[end] == '\n';
    if (lines < 30)
        return;
    excerpts++;
    found += answer(cu_slice(text, from, end));
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    cu_buf f CU_CLEAN_BUF = CU_BUF(1 << 20);
    if (type != FTW_F || st->st_size < 200 || cu_file_read(AT_FDCWD, path, &f) != CU_OK || memchr(f.p, 0, f.n))
        return 0;
    if (learning) {
        uint64_t from = cu_mono_ns();
        cu_leaks_learn(leaks, a, cu_buf_view(&f));
        learn_ns += cu_mono_ns() - from;
        learnt++;
        bytes += f.n;
    } else if (a) {
        answers++;
        bool alarm = answer(cu_buf_view(&f));
        alarms += alarm;
        if (alarm && show)
            fprintf(stderr, "%s\n", path);
    } else {
        excerpt(cu_buf_view(&f));
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t n = 32u << 20;
    if (argc < 3)
        return 2;
    leaks = cu_leaks_init(calloc(1, n), n);
    a = cu_leak_owner(leaks, CU_LIT("a"));
    b = cu_leak_owner(leaks, CU_LIT("b"));
    show = argc > 3;
    learning = true;
    nftw(argv[1], visit, 16, FTW_PHYS);
    learning = false;
    nftw(argv[2], visit, 16, FTW_PHYS);
    uint64_t watched = watch_ns;
    a = 0;
    nftw(argv[1], visit, 16, FTW_PHYS);
    printf("{\"files_of_a\":%u,\"bytes_of_a\":%llu,\"answers\":%u,\"false_alarms\":%u,\"excerpts\":%u,\"noticed\":%u,\"learn_mb_s\":%llu,\"answers_ms\":%llu}\n", learnt,
           (unsigned long long)bytes, answers, alarms, excerpts, found, (unsigned long long)(bytes * 1000 / (learn_ns + 1)), (unsigned long long)(watched / 1000000));
    return 0;
}
