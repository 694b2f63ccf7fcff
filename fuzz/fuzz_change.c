/* Any bytes as what a change consists of. The first byte says which commit is asked for: one that the bytes hold (made
 * of the rest of them, so that a name fits), or none. Files and lines of what is accepted are within their ceilings. */
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/digest.h"
#include "scan/change.h"

static cu_err line(void *arg, char kind, uint32_t before, uint32_t after, cu_bytes text)
{
    size_t *n = arg;
    CU_ASSERT((kind == '@' || kind == ' ' || kind == '+' || kind == '-') && (kind == '@' || before || after));
    CU_ASSERT(!text.n || text.p);
    return ++*n > 100000 ? CU_TOO_BIG : CU_OK;
}

/* The name of the first commit among the objects, as a sender would give it. */
static bool first_commit(cu_bytes in, char hex[41])
{
    const size_t head = 16 + 20;
    for (size_t at = head; at + 5 <= in.n;) {
        size_t n = (size_t)in.p[at + 1] << 24 | (size_t)in.p[at + 2] << 16 | (size_t)in.p[at + 3] << 8 | in.p[at + 4];
        if (n > in.n - at - 5)
            return false;
        if (in.p[at] == 'c') {
            git_oid id;
            if (git_odb_hash(&id, in.p + at + 5, n, GIT_OBJECT_COMMIT) != 0)
                return false;
            cu_hex(hex, id.id, sizeof id.id);
            return true;
        }
        at += 5 + n;
    }
    return false;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return git_libgit2_init() > 0 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_change x;
    char commit[41] = "0123456789abcdef0123456789abcdef01234567";
    size_t lines = 0;
    cu_arena_init(&a, 64u << 20);
    if (n < 1)
        return 0;
    cu_bytes in = cu_bytes_of(data + 1, n - 1);
    if (data[0] & 1)
        (void)first_commit(in, commit);
    cu_err e = cu_change_read(in, commit, &a, &x, &f);
    CU_ASSERT(e == CU_OK || f.code != CU_OK || e == CU_NOMEM);
    for (size_t i = 0; e == CU_OK && i < x.n; i++) {
        CU_ASSERT(x.n <= CU_CHANGE_FILES && x.files[i].path);
        cu_err t = cu_change_lines(&x.files[i], line, &lines);
        CU_ASSERT(t == CU_OK || t == CU_TOO_BIG || t == CU_NOMEM);
    }
    return 0;
}
