/* Calls of tools in an answer, held against the rules for commands before the client has them. */
#include "gateway.h"
#include "inspect/turn.h"

static cu_inspector *inspector, *in_thread; /* a parser each: of the event loop, of the thread (judge.c) */
static cu_code *code; /* compiled once; workers share its pages */

ngx_int_t gw_guard_open(ngx_cycle_t *cycle, const gw_main_conf *conf)
{
    cu_fault f = {0};
    cu_err e = gw_guard_shipped((const char *)conf->catalog.data, &f);
    if (e == CU_OK && !code)
        e = cu_code_open((const char *)conf->catalog.data, &code, &f);
    if (e == CU_OK)
        return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "custos: the rules for commands and code: %s", f.code ? f.text : cu_err_text(e));
    return NGX_ERROR;
}

cu_err gw_guard_start(void)
{
    CU_TRY(cu_inspector_new(NULL, &inspector));
    CU_TRY(cu_inspector_new(NULL, &in_thread));
    cu_inspector_limit(inspector, CU_JUDGE_MAX_TEXT, CU_JUDGE_MAX_TURNS);
    cu_inspector_limit(in_thread, CU_JUDGE_MAX_TEXT, CU_JUDGE_MAX_TURNS);
    return CU_OK;
}

void gw_guard_stop(void)
{
    cu_inspector_free(inspector);
    cu_inspector_free(in_thread);
    inspector = in_thread = NULL;
}

ngx_int_t gw_guard_begin(gw_exchange *x)
{
    cu_turn_with w = {.judge = {.inspector = inspector, .tools = &gw.tools, .code = code}, .api = x->api, .array = x->stream_array, .id = x->id};
    if (gw_prints_begin(x) != NGX_OK)
        return NGX_ERROR;
    w.judge.prints = x->prints;
    x->guard = gw_guard_of(x);
    if (!x->guard || gw_guard_modes(x, &w.judge.modes) != CU_OK || cu_turn_new(&w, &x->turn) != CU_OK)
        return NGX_ERROR;
    return NGX_OK;
}

void gw_guard_forget(gw_exchange *x)
{
    cu_turn_free(x->turn);
    x->turn = NULL;
    gw_prints_forget(x);
}

static void judge_here(gw_exchange *x, bool thread)
{
    cu_inspector *i = thread ? in_thread : inspector;
    cu_inspector_use(i, gw_guard_rules(x->guard));
    cu_turn_judge_with(x->turn, i);
}

cu_err gw_guard_stream(gw_exchange *x, cu_bytes restored, bool last, bool thread, cu_buf *out)
{
    judge_here(x, thread);
    CU_TRY(cu_turn_feed(x->turn, restored, out));
    return last ? cu_turn_end(x->turn, out) : CU_OK;
}

cu_err gw_guard_json(gw_exchange *x, cu_bytes restored, bool thread, cu_buf *room, cu_bytes *out)
{
    judge_here(x, thread);
    return cu_turn_json(x->turn, restored, room, out);
}

/* --- the record --- */

static void put_mark(cu_buf *b, const gw_exchange *x, const cu_mark *m)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 keyed;
    cu_hmac_sha256(cu_bytes_of(x->tenant->commit_key, 32), cu_bytes_of(m->digest.b, CU_SHA256_LEN), &keyed);
    cu_hex(hex, keyed.b, CU_SHA256_LEN);
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "action", cu_call_action_name(m->action));
    cu_buf_json_kv_str(b, "artefact", hex);
    cu_buf_json_kv_u64(b, "call", m->call);
    cu_buf_json_kv_str(b, "decision", cu_verdict_name(m->decision));
    cu_buf_json_kv_u64(b, "end", m->end);
    cu_buf_json_kv_str(b, "kind", cu_artefact_kind_name(m->kind));
    gw_put_word(b, "lang", cu_str(m->lang), sizeof m->lang);
    cu_buf_json_kv_str(b, "mode", cu_mode_name(m->mode));
    cu_buf_json_kv_str(b, "rule", m->rule);
    cu_buf_json_kv_u64(b, "start", m->start);
    cu_buf_json_kv_str(b, "tier", cu_tier_name((cu_tier)m->tier));
    gw_put_word(b, "tool", cu_str(m->tool), sizeof m->tool);
    cu_buf_byte(b, '}');
}

void gw_put_guard(cu_buf *b, const gw_exchange *x)
{
    const cu_marks *m = x->turn ? cu_turn_marks(x->turn) : NULL;
    char pack[2 * CU_SHA256_LEN + 1];
    if (!m || (!m->calls && !m->n))
        return;
    cu_buf_json_key(b, "guard");
    cu_buf_byte(b, '{');
    cu_buf_json_kv_u64(b, "blocked", m->blocked);
    cu_buf_json_kv_u64(b, "calls", m->calls);
    cu_hex(pack, cu_code_digest(code)->b, CU_SHA256_LEN);
    cu_buf_json_kv_str(b, "code_pack", pack);
    cu_buf_json_kv_u64(b, "held", m->held);
    cu_buf_json_kv_u64(b, "left_out", m->left_out);
    cu_buf_json_kv_u64(b, "noted", m->noted);
    gw_put_packs(b, x->guard);
    cu_buf_json_kv_u64(b, "us", m->ns / 1000);
    cu_buf_json_key(b, "verdicts");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < m->n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        put_mark(b, x, &m->v[i]);
    }
    cu_buf_str(b, "]}");
}
