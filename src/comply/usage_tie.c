#include <string.h>
#include "comply/usage.h"

static bool differ(uint64_t a, uint64_t b, cu_billed_tolerance may)
{
    uint64_t larger = a > b ? a : b, by = larger - (a > b ? b : a);
    return by > may.tokens && by > larger / 1000 * may.permille + larger % 1000 * may.permille / 1000;
}

static void put_row(const cu_billed *form, const char *model, const uint64_t ours[CU_BILLED_CLASSES], const uint64_t theirs[CU_BILLED_CLASSES],
                    cu_billed_tolerance may, cu_buf *rows, cu_billed_tie *out)
{
    for (size_t c = 0; c < CU_BILLED_CLASSES; c++) {
        if (!(form->classes >> c & 1) || (ours[c] == 0 && theirs[c] == 0))
            continue;
        out->ours += ours[c];
        out->theirs += theirs[c];
        out->gap |= differ(ours[c], theirs[c], may);
        cu_buf_str(rows, rows->n > 1 ? ",{" : "{");
        cu_buf_json_kv_str(rows, "class", cu_billed_class_names[c]);
        cu_buf_json_kv_str(rows, "model", model);
        cu_buf_json_kv_u64(rows, "ours", ours[c]);
        cu_buf_json_kv_u64(rows, "theirs", theirs[c]);
        cu_buf_byte(rows, '}');
    }
}

static void sum(const cu_billed_row *v, size_t n, uint64_t out[CU_BILLED_CLASSES])
{
    memset(out, 0, CU_BILLED_CLASSES * sizeof *out);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < CU_BILLED_CLASSES; c++)
            out[c] += v[i].n[c];
}

/* How many different models; both ascend. */
static size_t together(const cu_billed_row *a, size_t n, const cu_billed_row *b, size_t m)
{
    size_t all = 0;
    for (size_t i = 0, k = 0; i < n || k < m; all++) {
        int c = i == n ? 1 : k == m ? -1 : strcmp(a[i].model, b[k].model);
        i += c <= 0;
        k += c >= 0;
    }
    return all;
}

void cu_billed_compare(const cu_billed *form, const cu_billed_row *theirs, size_t theirs_n, const cu_billed_row *ours, size_t ours_n,
                      cu_billed_tolerance may, cu_buf *rows, cu_billed_tie *out)
{
    static const uint64_t none[CU_BILLED_CLASSES];
    uint64_t a[CU_BILLED_CLASSES], b[CU_BILLED_CLASSES];
    bool unnamed = false;
    *out = (cu_billed_tie){0};
    cu_buf_byte(rows, '[');
    for (size_t i = 0; i < theirs_n; i++)
        unnamed |= theirs[i].model[0] == 0;
    unnamed |= together(theirs, theirs_n, ours, ours_n) > CU_BILLED_MODELS;
    if (unnamed) {
        sum(ours, ours_n, a);
        sum(theirs, theirs_n, b);
        put_row(form, "", a, b, may, rows, out);
    }
    for (size_t i = 0, k = 0; !unnamed && (i < ours_n || k < theirs_n);) { /* both ascend */
        int c = i == ours_n ? 1 : k == theirs_n ? -1 : strcmp(ours[i].model, theirs[k].model);
        put_row(form, c <= 0 ? ours[i].model : theirs[k].model, c <= 0 ? ours[i].n : none, c >= 0 ? theirs[k].n : none, may, rows, out);
        i += c <= 0;
        k += c >= 0;
    }
    cu_buf_byte(rows, ']');
}
