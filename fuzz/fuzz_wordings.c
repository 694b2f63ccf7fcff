/* Any file as an OSCAL catalog: refused with a reason, or some text is taken, the same again, within its ceiling. */
#include "base/digest.h"
#include "comply/wordings.h"

static const cu_catalogue *catalogue(void)
{
    static cu_arena forever;
    static cu_catalogue *c;
    cu_events *events;
    cu_fault f = {0};
    if (c)
        return c;
    cu_arena_init(&forever, (size_t)64 << 20);
    CU_ASSERT(cu_events_load(CATALOG, &forever, &events, &f) == CU_OK && cu_catalogue_load(CATALOG, events, &forever, &c, &f) == CU_OK);
    return c;
}

static cu_err take(cu_bytes file, cu_buf *texts, size_t *taken, cu_sha256 *all)
{
    cu_fault f = {0};
    size_t unknown;
    for (size_t i = 0; i < CU_CRITERIA_MAX; i++)
        texts[i] = CU_BUF(CU_OFFICIAL_MAX + 1);
    cu_err e = cu_wordings_of_oscal(catalogue(), file, texts, taken, &unknown, &f);
    CU_ASSERT((e == CU_OK) == (f.text[0] == 0) && (e != CU_OK || *taken > 0));
    cu_sha256_of(CU_NONE, all);
    for (size_t i = 0; i < CU_CRITERIA_MAX; i++) {
        CU_ASSERT(texts[i].n <= CU_OFFICIAL_MAX + 1 && (i < catalogue()->criteria_n || texts[i].n == 0));
        cu_sha256_of3(cu_bytes_of(all->b, sizeof all->b), cu_buf_view(&texts[i]), CU_NONE, all);
        cu_buf_free(&texts[i]);
    }
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_buf texts[CU_CRITERIA_MAX];
    size_t taken[2];
    cu_sha256 all[2];
    cu_err e = take(cu_bytes_of(data, n), texts, &taken[0], &all[0]);
    CU_ASSERT(take(cu_bytes_of(data, n), texts, &taken[1], &all[1]) == e);
    CU_ASSERT(taken[0] == taken[1] && memcmp(&all[0], &all[1], sizeof all[0]) == 0);
    return 0;
}
