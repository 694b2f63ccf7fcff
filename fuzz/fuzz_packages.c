/* A list of packages of any content: refused with a line, or each of its names is found and nothing else. */
#include "base/arena.h"
#include "catalog/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const files[] = {"pypi.packages", "npm.packages", "cargo.packages"};
    if (n < 1)
        return 0;
    cu_bytes text = cu_bytes_of(data + 1, n - 1);
    const cu_pack_file file = {cu_str(files[data[0] % 3]), text};
    cu_arena a CU_CLEAN_ARENA;
    cu_command_pack p;
    cu_fault f = {0};
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_command_pack_read("folder", &file, 1, &a, &p, &f);
    CU_ASSERT((e == CU_OK) == (f.text[0] == 0));
    if (e != CU_OK)
        return 0;
    CU_ASSERT(p.packages_n == 1);
    for (size_t at = 0; at < text.n;) {
        size_t end = at;
        while (end < text.n && text.p[end] != '\n')
            end++;
        cu_bytes name = cu_slice(text, at, end);
        CU_ASSERT(cu_package_listed(&p.packages[0], name));
        if (name.n > 1) {
            cu_bytes shorter = cu_slice(name, 0, name.n - 1);
            bool other = false;
            for (size_t k = 0; k + shorter.n <= text.n; k++)
                other |= (k == 0 || text.p[k - 1] == '\n') && memcmp(text.p + k, shorter.p, shorter.n) == 0 && (k + shorter.n == text.n || text.p[k + shorter.n] == '\n');
            CU_ASSERT(cu_package_listed(&p.packages[0], shorter) == other);
        }
        at = end + 1;
    }
    return 0;
}
