/* Where a word begins, several blocks at a time: a literal that counts only there is looked for only
 * there. part_begins() in context.c says the same of one place; what it accepts is never left out. */
#include "sweep.h"

CU_FOR_WIDTHS void cu_literal_begins(cu_masks *m, const uint64_t *begin, const uint64_t *any, size_t blocks)
{
    for (size_t b = 1; b <= blocks; b++) {
        uint64_t alnum = m->upper[b] | m->lower[b] | m->digit[b], before = m->upper[b - 1] | m->lower[b - 1] | m->digit[b - 1];
        uint64_t inside = alnum << 1 | before >> 63;
        uint64_t camel = m->upper[b] & (m->lower[b] << 1 | m->lower[b - 1] >> 63);
        uint64_t behind_digit = m->digit[b] << 1 | m->digit[b - 1] >> 63;
        uint64_t behind_escape = m->backslash[b] << 2 | m->backslash[b - 1] >> 62; /* \n, \t, \r written out */
        m->literal[b] = any[b] | (begin[b] & (~inside | camel | behind_digit | behind_escape));
    }
}
