/* Who wrote a file says so in its head: a name or a mail address on a line of copyright or authorship was
 * published by whom it names. Such findings are kept, but less sure than what a scan shows by default. */
#include "engine.h"

#define LINE 160u /* bytes before a finding that belong to its line */

static bool credits(cu_bytes line)
{
    static const char *const signs[] = {"opyright", "(C) ", "(c) ", "Author", "@author", "Maintainer", "Uploaders", "-by: ", "-By: ",
                                        "Contributed by", "Written by ", "riginally written by ", "atch by "};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (cu_find(line, cu_str(signs[k]), 0) != (size_t)-1)
            return true;
    return false;
}

void cu_weigh_credits(cu_bytes t, cu_findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        cu_finding *x = &f->v[i];
        size_t from = x->start;
        if ((x->type != CU_TYPE_PERSON && x->type != CU_TYPE_EMAIL_ADDRESS) || x->confidence <= CU_DETECT_CREDIT_MOST)
            continue;
        while (from > 0 && x->start - from < LINE && t.p[from - 1] != '\n' && t.p[from - 1] != CU_DETECT_SEPARATOR)
            from--;
        if (!credits(cu_slice(t, from, x->start)))
            continue;
        x->confidence = CU_DETECT_CREDIT_MOST;
        x->flags |= CU_FINDING_CREDIT;
    }
}
