/* The reader of backups: any bytes at all, and members of the right form with any names and content. Nothing may
 * be left outside of the folder, nor of a backup that is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backup/backup.h"
#include "base/file.h"
#include "export_form.h"

static const char head[] = "{\"entries\":1,\"made\":\"2026-11-26T00:00:00.000Z\",\"salt\":\"00000000000000000000000000000000\",\"secrets\":false,\"v\":1}\n";

static void member(cu_buf *tar, cu_buf *list, const char *name, cu_bytes content, bool first)
{
    uint8_t block[EXPORT_BLOCK];
    static const uint8_t zeros[EXPORT_BLOCK];
    cu_sha256 digest;
    if (!export_header(name, content.n, block))
        return;
    cu_sha256_of(content, &digest);
    cu_buf_put(tar, block, sizeof block);
    cu_buf_add(tar, content);
    cu_buf_put(tar, zeros, (EXPORT_BLOCK - content.n % EXPORT_BLOCK) % EXPORT_BLOCK);
    if (list)
        export_manifest_line(name, content.n, &digest, first, list);
}

/* Lines: a name, a blank and content. */
static void build(cu_bytes in, cu_buf *tar)
{
    static const uint8_t zeros[2 * EXPORT_BLOCK];
    cu_buf list CU_CLEAN_BUF = CU_BUF(1u << 20);
    cu_buf_str(&list, EXPORT_MANIFEST_HEAD);
    member(tar, &list, "backup.json", cu_str(head), true);
    while (in.n) {
        char name[EXPORT_NAME_MAX + 1];
        size_t end = cu_find(in, CU_LIT("\n"), 0);
        cu_bytes line = cu_slice(in, 0, end == (size_t)-1 ? in.n : end);
        in = cu_slice(in, end == (size_t)-1 ? in.n : end + 1, in.n);
        size_t blank = cu_find(line, CU_LIT(" "), 0), n = blank == (size_t)-1 ? line.n : blank;
        if (n == 0 || n > EXPORT_NAME_MAX || memchr(line.p, 0, n))
            continue;
        memcpy(name, line.p, n);
        name[n] = 0;
        member(tar, &list, name, cu_slice(line, n == line.n ? n : n + 1, line.n), false);
    }
    cu_buf_str(&list, EXPORT_MANIFEST_FOOT);
    member(tar, NULL, "manifest.json", cu_buf_view(&list), false);
    cu_buf_put(tar, zeros, sizeof zeros);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char base[64], to[96], partial[128];
    cu_backup_report r;
    cu_fault f = {0};
    cu_buf tar CU_CLEAN_BUF = CU_BUF(8u << 20);
    const cu_restore_with with = {.without_secrets = true};
    struct stat st;
    if (!base[0]) {
        snprintf(base, sizeof base, "/tmp/fuzz-backup.XXXXXX");
        CU_ASSERT(mkdtemp(base));
        snprintf(to, sizeof to, "%s/to", base);
        snprintf(partial, sizeof partial, "%s.partial", to);
    }
    if (n && data[0] == 'm')
        build(cu_bytes_of(data + 1, n - 1), &tar);
    else
        cu_buf_put(&tar, data, n);
    int fd CU_CLEAN_FD = memfd_create("backup", MFD_CLOEXEC);
    if (fd < 0 || cu_write_all(fd, cu_buf_view(&tar)) != CU_OK || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    cu_err e = cu_backup_restore(fd, to, &with, &r, &f);
    CU_ASSERT(stat(partial, &st) != 0);
    CU_ASSERT((stat(to, &st) == 0) == (e == CU_OK));
    CU_ASSERT(e == CU_OK || f.code != CU_OK);
    if (e == CU_OK) {
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", to);
        CU_ASSERT(system(command) == 0);
    }
    return 0;
}
