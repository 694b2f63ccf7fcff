/* What comes from witnesses and time stamp authorities, and to a witness: policy, cosigned note, add-checkpoint,
 * RFC 3161 answer. */
#include <fcntl.h>
#include <stdlib.h>
#include "base/sign.h"
#include "ledger/timestamp.h"
#include "trust.h"

static cu_witness *witness(void)
{
    static cu_witness *w;
    static cu_trust *logs;
    char dir[] = "/tmp/custos-fuzz-XXXXXX";
    cu_buf key CU_CLEAN_BUF = CU_BUF(512), policy CU_CLEAN_BUF = CU_BUF(512);
    cu_fault f = {0};
    const uint8_t seed[32] = {9};
    uint8_t pk[32];
    if (w)
        return w;
    CU_ASSERT(cu_ed25519_public(seed, pk) == CU_OK);
    cu_buf_str(&policy, "log ");
    note_key_text(CU_LIT("example.org/log"), NOTE_ED25519, pk, &policy);
    cu_buf_byte(&policy, '\n');
    CU_ASSERT(mkdtemp(dir));
    CU_ASSERT(cu_witness_key_new("w", &key) == CU_OK && cu_trust_parse(cu_buf_view(&policy), false, &logs, &f) == CU_OK);
    CU_ASSERT(cu_witness_open(open(dir, O_RDONLY | O_DIRECTORY), cu_buf_view(&key), logs, &w, &f) == CU_OK);
    return w;
}

static void policy(cu_bytes in)
{
    cu_trust *t;
    cu_fault f = {0};
    bool all[CU_TRUST_WITNESSES], none[CU_TRUST_WITNESSES] = {false};
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
    memset(all, true, sizeof all);
    if (cu_trust_parse(in, true, &t, &f) != CU_OK)
        return;
    CU_ASSERT(cu_trust_holds(t, all)); /* k is never more than there are */
    CU_ASSERT(!cu_trust_holds(t, none) || t->quorum == TRUST_NONE);
    cu_trust_describe(t, &text);
    cu_trust_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_trust one = {.witnesses_n = 1, .witnesses = {{.name = CU_LIT("w"), .key = {.name = CU_LIT("w"), .type = NOTE_COSIGNATURE, .to = UINT64_MAX}}}};
    cu_bytes in = n ? cu_bytes_of(data + 1, n - 1) : CU_NONE;
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    uint64_t time;
    switch (n ? data[0] % 4 : 0) {
    case 0:
        policy(in);
        break;
    case 1:
        (void)!cu_trust_cosigned(&one, 0, in, &time, &out);
        break;
    case 2: {
        unsigned status = cu_witness_add(witness(), in, 1, &out);
        CU_ASSERT(status == 400 || status == 403 || status == 404);
        break;
    }
    default:
        CU_ASSERT(cu_timestamp_check(in, CU_LIT("data"), NULL, "/dev/null", &time, &f) != CU_OK);
    }
    return 0;
}
