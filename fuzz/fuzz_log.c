/* The readers of the log on any bytes: leaf, checkpoint, verifier key, proof, bundle of entries, stage. */
#include "ledger/log.h"
#include "note.h"
#include "stage.h"
#include "tiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_bytes in = n ? cu_bytes_of(data + 1, n - 1) : CU_NONE, rest = in, leaf;
    cu_leaf l;
    note_key k;
    note_keys keys = {.v = {{.name = CU_LIT("a"), .type = NOTE_ED25519, .to = UINT64_MAX, .pk = {1}}}, .n = 1};
    cu_checkpoint cp;
    cu_fault f = {0};
    stage st = {0};
    cursors c = {0};
    switch (n ? data[0] % 6 : 0) {
    case 0:
        if (cu_leaf_parse(in, &l) == CU_OK)
            CU_ASSERT(l.body.n >= 2 && l.body.p >= in.p && l.body.p + l.body.n <= in.p + in.n);
        break;
    case 1:
        (void)!note_open(in, &keys, &cp);
        break;
    case 2:
        (void)!note_key_parse(in, NOTE_COSIGNATURE, &k);
        if (note_keys_parse(in, CU_NONE, &keys) == CU_OK && keys.n) {
            cu_buf again CU_CLEAN_BUF = CU_BUF(1 << 20);
            note_keys_text(&keys, &again);
            CU_ASSERT(note_keys_parse(cu_buf_view(&again), CU_NONE, &keys) == CU_OK);
        }
        break;
    case 3:
        CU_ASSERT(cu_log_proof_verify(in, CU_LIT("{}"), CU_LIT("no key"), &f) != CU_OK);
        break;
    case 4:
        while (bundle_next(&rest, &leaf))
            CU_ASSERT(leaf.n <= in.n);
        break;
    default:
        (void)!stage_decode(in, &st, &c);
        stage_free(&st);
        cursors_free(&c);
    }
    return 0;
}
