/* Witnesses and time stamps: by whom the reader trusts when that was given, else by what the bundle itself
 * holds, which the report keeps apart. */
#include <stdio.h>
#include <stdlib.h>
#include "bundle.h"
#include "ledger/timestamp.h"

cu_err attested_begin(bundle *b)
{
    cu_fault f = {0};
    note_keys any;
    if (b->with.vkeys && note_keys_parse(cu_str(b->with.vkeys), CU_NONE, &any) == CU_SYNTAX)
        return cu_fail(b->f, CU_CONFIG, "a trusted verifier key is malformed: one a line, VKEY or VKEY FROM TO");
    b->tsa_ca = b->with.tsa_ca;
    if (!b->with.policy)
        return CU_OK;
    cu_err e = cu_trust_parse(cu_str(b->with.policy), true, &b->witnesses, &f);
    return e == CU_SYNTAX ? cu_fail(b->f, CU_CONFIG, "%s", f.text) : e;
}

cu_err attested_members(bundle *b)
{
    cu_fault f = {0};
    cu_buf policy CU_CLEAN_BUF = CU_BUF(1u << 20), ca CU_CLEAN_BUF = CU_BUF(1u << 20);
    if (bundle_at(b, "anchor/witness-policy")) {
        CU_TRY(bundle_take(b, &policy));
        if (!b->witnesses && cu_trust_parse(cu_buf_view(&policy), true, &b->witnesses, &f) != CU_OK)
            return bundle_wrong(b, "anchor/witness-policy: %s", f.text);
    }
    if (bundle_at(b, "anchor/tsa-ca.pem")) {
        CU_TRY(bundle_take(b, &ca));
        if (!b->tsa_ca.n) {
            b->tsa_ca = cu_arena_dup(&b->arena, cu_buf_view(&ca));
            if (!b->tsa_ca.p)
                return CU_NOMEM;
        }
    }
    return CU_OK;
}

cu_err attested_cosigned(bundle *b, const char *name, cu_bytes note, uint64_t *time)
{
    bool enough;
    uint64_t oldest;
    b->cosigned++;
    if (!b->witnesses)
        return CU_OK;
    if (cu_trust_quorum(b->witnesses, note, &enough, &oldest) != CU_OK)
        return bundle_wrong(b, "%s: a cosignature is false", name);
    b->quorum += enough;
    b->short_of += !enough;
    if (enough)
        *time = oldest;
    return CU_OK;
}

cu_err attested_token(bundle *b, const char *name, cu_bytes token, cu_bytes stamped, uint64_t *time)
{
    cu_fault f = {0};
    b->stamped++;
    if (!b->tsa_ca.n)
        return CU_OK;
    cu_err e = cu_timestamp_check_by(token, stamped, b->tsa_ca, time, &f);
    if (e == CU_CONFIG && b->with.tsa_ca.n)
        return cu_fail(b->f, e, "%s", f.text);
    if (e != CU_OK) {
        *time = 0;
        return bundle_wrong(b, "%s: %s", name, f.code ? f.text : cu_err_text(e));
    }
    b->tokens++;
    return CU_OK;
}

cu_err attested_at(bundle *b, uint64_t time)
{
    if (time > b->newest)
        b->newest = time;
    for (size_t i = 0; i < b->head.logs_n && time; i++) {
        known_log *l = &b->logs[i];
        if (l->moments_n == l->moments_cap) {
            size_t cap = l->moments_cap ? 2 * l->moments_cap : 16;
            moment *v = realloc(l->moments, cap * sizeof *v);
            if (!v)
                return CU_NOMEM;
            l->moments = v;
            l->moments_cap = cap;
        }
        l->moments[l->moments_n++] = (moment){.size = l->anchored, .time = time};
    }
    return CU_OK;
}

/* Sizes ascend already: the checkpoints do, and what they state about a log never becomes less. */
void attested_order(known_log *l)
{
    uint64_t latest = 0, earliest = UINT64_MAX;
    for (size_t i = 0; i < l->moments_n; i++) {
        latest = l->moments[i].time > latest ? l->moments[i].time : latest;
        l->moments[i].latest = latest;
    }
    for (size_t i = l->moments_n; i-- > 0;) {
        earliest = l->moments[i].time < earliest ? l->moments[i].time : earliest;
        l->moments[i].earliest = earliest;
    }
}

cu_err attested_settle(bundle *b)
{
    if (b->with.policy && b->quorum == 0)
        return bundle_wrong(b, "no checkpoint of the anchor log has the cosignatures that the policy asks for");
    if (b->with.tsa_ca.n && b->tokens == 0)
        return bundle_wrong(b, "there is no time stamp");
    return CU_OK;
}

/* --- the report --- */

static void report_witnesses(const bundle *b, bool checked, cu_buf *t)
{
    cu_buf needs CU_CLEAN_BUF = CU_BUF(8192);
    if (b->witnesses)
        cu_trust_describe(b->witnesses, &needs);
    if (checked && b->quorum)
        cu_buf_fmt(t, "  witnesses: %llu checkpoints of the anchor log are cosigned by %s, as the policy %s asks\n", (unsigned long long)b->quorum,
                   cu_buf_cstr(&needs), b->with.policy ? "that you gave" : "in the bundle");
    if (checked)
        return;
    if (b->quorum && !b->with.policy)
        cu_buf_str(t, "  who these witnesses are: their keys stand in the bundle; pass --policy FILE with keys from another source\n");
    if (b->short_of)
        cu_buf_fmt(t, "  cosignatures on %llu more checkpoints: they hold, but are fewer than the policy asks for\n", (unsigned long long)b->short_of);
    if (b->cosigned && !b->witnesses)
        cu_buf_fmt(t, "  cosignatures of witnesses on %llu checkpoints: no policy is here; pass --policy FILE\n", (unsigned long long)b->cosigned);
    if (!b->cosigned)
        cu_buf_str(t, "  whether somebody else was shown another history: no witness cosigned what is here\n");
}

static void report_stamps(const bundle *b, bool checked, cu_buf *t)
{
    if (checked && b->tokens)
        cu_buf_fmt(t, "  time stamps: %llu checkpoints of the anchor log are stamped, by the certificates %s\n", (unsigned long long)b->tokens,
                   b->with.tsa_ca.n ? "that you gave" : "in the bundle");
    if (checked)
        return;
    if (b->tokens && !b->with.tsa_ca.n)
        cu_buf_str(t, "  whose time stamps these are: the certificates stand in the bundle; pass --tsa-ca FILE from another source\n");
    if (b->stamped && !b->tsa_ca.n)
        cu_buf_fmt(t, "  time stamps on %llu checkpoints: no certificates are here; pass --tsa-ca FILE\n", (unsigned long long)b->stamped);
    if (!b->newest)
        cu_buf_str(t, "  when entries were made: nobody else says so, the times are those that this system wrote\n");
}

void attested_report(const bundle *b, bool checked, cu_buf *t)
{
    char newest[CU_TIME_LEN];
    report_witnesses(b, checked, t);
    report_stamps(b, checked, t);
    if (!checked || !b->newest)
        return;
    cu_time_text(b->newest * 1000000000ull, newest);
    cu_buf_fmt(t, "  times: the entries' own lie between the attested ones around them, give or take %u seconds; the newest attested is %s\n",
               CU_VERIFY_SLACK, newest);
}

void attested_json(const bundle *b, cu_buf *j)
{
    char newest[CU_TIME_LEN] = "";
    cu_buf needs CU_CLEAN_BUF = CU_BUF(8192);
    if (b->newest)
        cu_time_text(b->newest * 1000000000ull, newest);
    if (b->witnesses)
        cu_trust_describe(b->witnesses, &needs);
    cu_buf_fmt(j, ",\"attested\":\"%s\",\"time_stamps\":{\"authority\":\"%s\",\"hold\":%llu,\"stamped\":%llu}", newest,
               b->with.tsa_ca.n ? "given" : b->tsa_ca.n ? "bundle" : "none", (unsigned long long)b->tokens, (unsigned long long)b->stamped);
    cu_buf_fmt(j, ",\"witnesses\":{\"cosigned\":%llu,\"policy\":\"%s\",\"quorum\":%llu,\"short\":%llu", (unsigned long long)b->cosigned,
               b->with.policy ? "given" : b->witnesses ? "bundle" : "none", (unsigned long long)b->quorum, (unsigned long long)b->short_of);
    if (b->witnesses)
        cu_buf_json_kv_str(j, "needs", cu_buf_cstr(&needs));
    cu_buf_byte(j, '}');
}

void attested_end(bundle *b)
{
    cu_trust_free(b->witnesses);
}
