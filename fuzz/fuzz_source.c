/* What a file may be, on any bytes: archives in archives, UTF-16, notebooks, text. Read whole and in
 * small pieces it gives the same report. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "detect/detect.h"
#include "rules_dir.h"
#include "scan.h"

static cu_rules rules;
static cu_engine *engine;
static cu_accept *accepted;
static int report_fd;

static void make_engine(void)
{
    static cu_arena a;
    cu_fault f = {0};
    cu_arena_init(&a, (size_t)64 << 20);
    report_fd = memfd_create("report", MFD_CLOEXEC);
    if (report_fd < 0 || cu_rules_load(rules_dir((const uint8_t *)some_rules, sizeof some_rules - 1), &a, &rules, &f) != CU_OK ||
        cu_engine_compile(&rules, &engine, &f) != CU_OK || cu_accept_load(NULL, NULL, 0, &accepted, &f) != CU_OK)
        abort();
}

typedef struct {
    cu_job job;
    const char *path;
    cu_bytes left;
    size_t most; /* bytes of one read */
} source;

static ssize_t give(void *arg, uint8_t *to, size_t n)
{
    source *s = arg;
    n = n < s->most ? n : s->most;
    n = n < s->left.n ? n : s->left.n;
    if (n)
        memcpy(to, s->left.p, n);
    s->left = cu_slice(s->left, n, s->left.n);
    return (ssize_t)n;
}

static cu_err run(cu_worker *w, cu_job *j)
{
    cu_reader r = {give, j, -1, NULL};
    cu_scan_source src = {.path = ((source *)j)->path};
    cu_err e = cu_scan_source_read(w, &r, &src, NULL, 0);
    CU_ASSERT(e == CU_OK || e == CU_IO);
    return CU_OK;
}

static void drop(cu_job *j)
{
    (void)j;
}

/* One scan that never ends: its report is taken after each source. */
static cu_scan *make_scan(void)
{
    cu_scan_options o = {.rules = &rules, .engine = engine, .accept = accepted, .jobs = 1, .archives = true,
                         .out = report_fd, .min_confidence = 1};
    cu_report_options ro = {.format = CU_REPORT_JSONL, .rules = &rules};
    cu_scan *s = NULL;
    cu_fault f = {0};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        o.only[t] = true;
    if (cu_report_new(&ro, &o.report) != CU_OK || cu_scan_new(&o, &s, &f) != CU_OK)
        abort();
    return s;
}

typedef struct {
    uint64_t findings, files, bytes, binary, archives, unreadable;
} counts;

static counts now(const cu_scan *s)
{
    return (counts){s->count.findings, s->count.files, s->count.bytes, s->count.binary, s->count.archives, s->count.unreadable};
}

static void scan(cu_bytes in, const char *path, size_t most, counts *got, cu_buf *out)
{
    static cu_scan *s;
    source j = {.job = {.run = run, .drop = drop}, .path = path, .left = in, .most = most};
    if (!s)
        s = make_scan();
    counts before = now(s);
    CU_ASSERT(cu_queue_add(s->queue, &j.job) == CU_OK && cu_scan_write_out(s) == CU_OK);
    counts after = now(s);
    *got = (counts){after.findings - before.findings, after.files - before.files, after.bytes - before.bytes,
                    after.binary - before.binary, after.archives - before.archives, after.unreadable - before.unreadable};
    off_t n = lseek(report_fd, 0, SEEK_END);
    uint8_t *p = n > 0 ? mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, report_fd, 0) : MAP_FAILED;
    if (p != MAP_FAILED) {
        cu_buf_put(out, p, (size_t)n);
        munmap(p, (size_t)n);
    }
    if (ftruncate(report_fd, 0) != 0 || lseek(report_fd, 0, SEEK_SET) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"a.txt", "a.ipynb", "a.txt.gz", "dir/a.zip"};
    cu_buf whole CU_CLEAN_BUF = CU_BUF((size_t)256 << 20), pieces CU_CLEAN_BUF = CU_BUF((size_t)256 << 20);
    counts a, b;
    if (n == 0)
        return 0;
    if (!engine)
        make_engine();
    cu_bytes in = cu_bytes_of(data + 1, n - 1);
    const char *name = names[data[0] & 3];
    scan(in, name, in.n + 1, &a, &whole);
    scan(in, name, (data[0] >> 2) + 1u, &b, &pieces);
    CU_ASSERT(memcmp(&a, &b, sizeof a) == 0);
    CU_ASSERT(cu_eq(cu_buf_view(&whole), cu_buf_view(&pieces)));
    return 0;
}
